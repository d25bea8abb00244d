"""Training that goes on after a kill: `python -m spacy seqtag train`.

The loop is spaCy's own, `spacy.training.loop.train`, which keeps its place in local variables: the
step, the schedules, the order of the corpus, the scores so far. Instead of writing another loop,
a run that is resumed goes through the same loop from its beginning, with empty batches and the
scores that were recorded, which takes moments. At the step that was saved the weights, the
optimizer and the random generators get their saved state, and training goes on.

`start.py` is a run as a whole, `loop.py` plugs the above into spaCy's loop; `snapshot.py` knows
what a pipeline and an optimizer hold; `states.py` is the files; `record.py` the settings that a run
began with; `randomness.py` the random generators.
"""

from .start import describe_rest, train_resumable

__all__ = ["describe_rest", "train_resumable"]
