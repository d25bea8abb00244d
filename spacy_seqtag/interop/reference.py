"""What transformers itself says of each word: what a conversion is compared with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers.modeling_utils import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from ..arrays import Floats

TOLERANCE = 1e-4
"""How far the probability of a label may be off, in float32."""

# Words of several wordpieces, of several scripts, apostrophes and numbers.
SAMPLE = (
    *("Anna", "Müller-Lüdenscheid", "did", "n't", "visit", "the", "headquarters", "of", "Nestlé"),
    *(
        "in",
        "北京",
        "on",
        "12",
        "May",
        "2024",
        ",",
        "she",
        "'s",
        "incomprehensibly",
        "re-elected",
        ".",
    ),
)


def reads_words(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Say whether a tokenizer takes words that are separated already (`is_split_into_words`).

    That of RoBERTa does with `add_prefix_space` alone.
    """
    try:
        tokenizer([["a", "b"]], is_split_into_words=True)
    except (AssertionError, ValueError):
        return False
    return True


def word_probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    words: Sequence[str],
    *,
    split: bool,
) -> Floats:
    """Compute the probabilities of labels by the first wordpiece of each word.

    model (PreTrainedModel): For token classification.
    tokenizer (PreTrainedTokenizerBase): Its tokenizer, a fast one.
    words (Sequence[str]): The words of a sentence that is not longer than the model can read.
    split (bool): Cut each word into wordpieces by itself, with `is_split_into_words`; else all of
        them as a text with a space between two words.
    RETURNS (float32, (words, labels)): NaN for a word that has no wordpiece.
    """
    settings: dict[str, Any] = {"return_tensors": "pt"}
    if split:
        encoding = tokenizer(list(words), is_split_into_words=True, **settings)
        owners = encoding.word_ids(0)
    else:
        encoding = tokenizer(" ".join(words), return_offsets_mapping=True, **settings)
        owners = _owners(words, encoding.pop("offset_mapping")[0].tolist())
    with torch.inference_mode():
        probs: Floats = model.eval()(**encoding).logits[0].float().softmax(-1).numpy()
    result = np.full((len(words), probs.shape[1]), np.nan, dtype="f")
    for row, word in reversed(list(enumerate(owners))):
        if word is not None:
            result[word] = probs[row]
    return result


def _owners(words: Sequence[str], offsets: Sequence[Sequence[int]]) -> list[int | None]:
    """Find the word of each wordpiece by its characters; special tokens have none.

    A wordpiece belongs to the first word that it has a character of.
    """
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    starts = ends - [len(word) for word in words]
    owners: list[int | None] = []
    for start, end in offsets:
        word = int(np.searchsorted(ends, start, side="right"))
        found = word < len(words) and end > max(start, int(starts[word]))
        owners.append(word if found else None)
    return owners


def far_apart(found: Floats, expected: Floats) -> float:
    """Return how far probabilities are apart at most, of the words that have wordpieces.

    found, expected (float32, (words, labels)): From the pipeline, and from transformers.
    """
    read = ~np.isnan(expected[:, 0])
    return float(np.abs(found[read] - expected[read]).max(initial=0.0))
