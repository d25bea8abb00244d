"""How to train on a corpus of some size: the figures that every config starts from.

One place for what was measured. With a tenth of the English Web Treebank (1,254 sentences) six
epochs are 310 steps, and end at an entity F1 of 45 and a role F1 of 15. 1,000 steps end at 95.6 /
68.6 / 60.7 (UPOS, entity F1, role F1 end to end), and 2,000 at 95.8 / 69.5 / 64.1: steps teach
output layers that start from nothing, not epochs, and those of roles take the most. That training
on little data gains by being long agrees with Mosbach et al. 2021
(https://arxiv.org/abs/2006.04884).

To begin with random weights in the top layer adds 1 to 3 points of entity F1 with 3 and 10 percent
of that treebank, and with more of it changes nothing that chance does not change as much; so does
Zhang et al. 2021 (https://arxiv.org/abs/2006.05987). docs/few-labels.md has the figures, and what
else was tried.
"""

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Recipe:
    """The settings of training that depend on the tasks and on the size of the corpus.

    epochs (int): How often the corpus is read, if that comes to `min_steps`.
    min_steps (int): The fewest steps; a small corpus is read more often.
    batch_words (int): Words in a batch.
    initial_rate (float): The highest learning rate, that of the encoder.
    head_factor (float): How many times faster output layers learn.
    reinit_layers (int): How many top layers of the encoder begin with random weights.
    """

    epochs: int = 5
    min_steps: int = 1_000
    batch_words: int = 400
    initial_rate: float = 1e-4
    head_factor: float = 10.0
    reinit_layers: int = 1

    def batches(self, words: int) -> int:
        """Return about how many batches an epoch has, of so many words."""
        return max(1, ceil(words / self.batch_words))

    def steps(self, words: int) -> int:
        """Return about how many steps a run takes, of so many words."""
        return max(self.epochs * self.batches(words), self.min_steps)


_WITH_ROLES = Recipe(epochs=6, min_steps=2_000, initial_rate=1.5e-4, head_factor=7.0)


def recipe_for(tasks: Collection[str]) -> Recipe:
    """Choose the recipe for a pipeline.

    tasks (Collection[str]): Some of "pos", "ner", "srl".
    RETURNS (Recipe): Its settings; `min_steps` fits them to the size of the corpus.
    """
    return _WITH_ROLES if "srl" in tasks else Recipe()
