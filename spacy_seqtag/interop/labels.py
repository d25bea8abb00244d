"""What the outputs of a token classifier mean, and which classes of a component they are.

The labels of a model on Hugging Face's hub are strings in a configuration, `id2label`. Whether they
are parts of speech or entities, and in which scheme, only their names tell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..corpus.formats.tags import has_prefix_last, split_tag
from ..errors import printable
from ..schemes.bio import bio_tags
from ..schemes.upos import UPOS_TAGS

TASKS = ("ner", "pos", "tag")
"""What a classifier may become: entities, universal parts of speech, other tags."""

SCHEMES = ("auto", "iob1", "iob2")
"""How entity tags may be read."""

_UNNAMED = re.compile(r"LABEL_\d+")
_OUTSIDE = ("O", "o")
_BARE = ""


@dataclass(frozen=True)
class Head:
    """What a classifier becomes.

    task (str): One of `TASKS`.
    labels (tuple[str, ...]): Those of the component, in its order.
    rows (tuple[int | None, ...]): The output of the classifier that each class of the component
        is; None for a class that the classifier does not have.
    iob1 (bool): Whether entity tags are read as IOB1, where `I-X` begins entities, too.
    """

    task: str
    labels: tuple[str, ...]
    rows: tuple[int | None, ...]
    iob1: bool = False


def read_head(names: Sequence[str], task: str | None = None, scheme: str = "auto") -> Head:
    """Find out what a classifier becomes.

    names (Sequence[str]): The names of its outputs, in order.
    task (str | None): One of `TASKS`; None tells by the names.
    scheme (str): One of `SCHEMES`; "auto" tells by the names.
    RETURNS (Head): What it becomes.
    RAISES: ValueError: The names are missing, or do not fit the task.
    """
    if any(_UNNAMED.fullmatch(name) for name in names):
        raise ValueError(
            f"its labels have no names, only {_listed(names)}. Name all {len(names)}, in their "
            "order, with --labels O,B-PER,I-PER,…"
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"it has the label {printable(twice[0])} twice. Rename one with --labels")
    if "" in names:
        raise ValueError("one of its labels is an empty string. Name all with --labels")
    task = task or _guess_task(names)
    if task == "ner":
        return _entities(names, scheme)
    if task == "pos" and (others := [name for name in names if name not in UPOS_TAGS]):
        raise ValueError(
            f"{_listed(others)} {'is' if len(others) == 1 else 'are'} no universal POS tags, and "
            "token.pos_ takes no others. Take --task tag, which writes token.tag_"
        )
    return Head(task, tuple(names), tuple(range(len(names))))


def _guess_task(names: Sequence[str]) -> str:
    """Tell the task by the names of the labels: entities have prefixes, or at least an `O`."""
    if all(name in UPOS_TAGS for name in names):
        return "pos"
    prefix_last = has_prefix_last(names)
    tags = [split_tag(name, prefix_last=prefix_last) for name in names]
    others = [name for name, tag in zip(names, tags) if tag is None]
    outside = [name for name in others if name in _OUTSIDE]
    return "ner" if outside or not others else "tag"


def _entities(names: Sequence[str], scheme: str) -> Head:
    """Read entity tags: IOB1, IOB2, or labels without a prefix."""
    elsewhere = "Take --task tag, which writes each word's label to token.tag_, or --labels"
    outside = [i for i, name in enumerate(names) if name in _OUTSIDE]
    if len(outside) > 1:
        raise ValueError(f"more than one of its labels is O. {elsewhere} to name them otherwise")
    if not outside:
        raise ValueError(
            f"none of its labels ({_listed(names)}) is O, which says that a word is in no entity. "
            f"{elsewhere} to name them otherwise"
        )
    inner = [name for name in names if name not in _OUTSIDE]
    prefix_last = has_prefix_last(inner)
    found: dict[str, dict[str, int]] = {}
    for i, name in enumerate(names):
        if i != outside[0]:
            prefix, label = split_tag(name, prefix_last=prefix_last) or (_BARE, name)
            if prefix not in ("", "B", "I"):
                raise ValueError(
                    f"its labels are in a scheme such as BIOES ({printable(name)}), of which the "
                    "probabilities of BIO tags are sums, and no linear layer gives these. Train a "
                    "head on its encoder, or take --task tag, which writes each word's label to "
                    "token.tag_"
                )
            found.setdefault(label, {})[prefix] = i
    if not found:
        raise ValueError(f"its only label is O. {elsewhere} to name them otherwise")
    return _in_order(names, found, outside[0], scheme, elsewhere)


def _in_order(
    names: Sequence[str],
    found: dict[str, dict[str, int]],
    outside: int,
    scheme: str,
    elsewhere: str,
) -> Head:
    """Put the outputs in the order of the classes.

    found (dict[str, dict[str, int]]): For each label the outputs by prefix; "" for none.
    outside (int): The output that is `O`.
    """
    bare = [label for label, own in found.items() if _BARE in own]
    if bare and len(bare) < len(found):
        raise ValueError(
            f"some of its labels have a prefix such as B-, but not {_listed(bare)}, so they are no "
            f"BIO tags. {elsewhere} to name them otherwise"
        )
    without_begin = [label for label, own in found.items() if "B" not in own]
    iob1 = scheme == "iob1" or (scheme == "auto" and bool(without_begin))
    if without_begin and not iob1:
        raise ValueError(
            f"it has no B- tag of {_listed(without_begin)}, so its tags are not IOB2. Take "
            "--scheme iob1"
        )
    rows: dict[str, int] = {"O": outside}
    for label, own in found.items():
        for prefix, i in own.items():
            rows[f"{prefix or 'I'}-{label}"] = i
    labels = tuple(found)
    return Head("ner", labels, tuple(rows.get(tag) for tag in bio_tags(labels)), iob1)


def _listed(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(map(printable, names[:most]))
    return shown if len(names) <= most else f"{shown}, …"
