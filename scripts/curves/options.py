"""Options of the command whose values are lists, or depend on each other."""

import shlex
from pathlib import Path
from typing import TypeVar

from curves.plan import RECIPES
from spacy_seqtag.corpus.subset import FRACTION

T = TypeVar("T")


def read_shares(text: str) -> tuple[float, ...]:
    """Read shares such as "0.01,0.1,1".

    RAISES: ValueError: There is none, one twice, or one that is no share.
    """
    shares = []
    for part in _parts(text, "--shares", "0.01,0.1,1"):
        try:
            share = float(part)
        except ValueError:
            share = 0.0
        if share not in FRACTION:
            raise ValueError(f"--shares {text}: {part} is no share. Give {FRACTION}")
        shares.append(share)
    return tuple(_once(shares, "--shares", text))


def read_seeds(text: str) -> tuple[int, ...]:
    """Read seeds such as "0,1,2".

    RAISES: ValueError: There is none, one twice, or one that is no whole number.
    """
    parts = _parts(text, "--seeds", "0,1,2")
    wrong = next((part for part in parts if not part.isdecimal()), None)
    if wrong is not None:
        raise ValueError(f"--seeds {text}: {wrong} is no seed. Give whole numbers of at least 0")
    return tuple(_once([int(part) for part in parts], "--seeds", text))


def read_recipes(text: str) -> tuple[str, ...]:
    """Read recipes such as "plain,full".

    RAISES: ValueError: There is none, one twice, or one that does not exist.
    """
    parts = _parts(text, "--recipes", ",".join(RECIPES))
    wrong = next((part for part in parts if part not in RECIPES), None)
    if wrong is not None:
        raise ValueError(f"--recipes {text}: {wrong} is no recipe. Give {' or '.join(RECIPES)}")
    return tuple(_once(parts, "--recipes", text))


def read_arguments(text: str, option: str) -> tuple[str, ...]:
    """Read settings such as "training.dropout=0.2 training.patience=100" as arguments.

    What begins with two hyphens is read as `spacy train` reads it: "--training.dropout 0.2".

    RAISES: ValueError: A quotation does not end, or there is something else.
    """
    try:
        words = shlex.split(text)
    except ValueError as err:
        raise ValueError(f"{option} {text}: {err}. Write it as in a shell") from None
    if words and words[0].startswith("--"):
        return tuple(words)
    wrong = next((word for word in words if not word.partition("=")[1]), None)
    if wrong is not None:
        raise ValueError(f"{option} {text}: {wrong} is no setting. Give for instance a.b=1")
    return tuple(f"--{word}" for word in words)


def check_split(split: str, test: Path | None) -> None:
    """Check whose scores are to be shown.

    RAISES: ValueError: There will be none.
    """
    if split not in ("dev", "test") or (split == "test" and test is None):
        raise ValueError(f"--split {split}: give dev, or test together with --test FILE")


def _parts(text: str, option: str, example: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError(f"{option} {text!r}: there is nothing in it. Give for instance {example}")
    return parts


def _once(values: list[T], option: str, text: str) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError(f"{option} {text}: the same value stands there twice. Give each once")
    return values
