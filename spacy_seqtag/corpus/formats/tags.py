"""Entity tags as files write them, and how they become IOB2.

Schemes: IOB1 and IOB2 (https://aclanthology.org/E99-1023), BIOES or BILOU, BMES and BMEWO; with
the prefix before or after the label, as in `B-PER`, `b_PER` and `PER-B`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import FormatError, quoted
from .remarks import BEGUN_UNKNOWN, CUT, UNCLOSED, Remarks

PREFIXES = {"iob1": "BI", "iob2": "BI", "bioes": "BIESLU", "bmes": "BMESW"}
"""The schemes and the prefixes that are legal in them, besides `O`."""

MISSING_TAGS = frozenset(("", "_", "-", "?"))
"""Placeholders for a tag that is not known, which is not the same as `O`."""

_ALL_PREFIXES = frozenset("".join(PREFIXES.values()))
_CONTINUES = frozenset("IELM")
_OPEN = frozenset("BIM")
_ENDS = frozenset("ELSUW")


def split_tag(tag: str, *, prefix_last: bool = False) -> tuple[str, str] | None:
    """Split a tag of any scheme.

    prefix_last (bool): Whether it is written `PER-B`.
    RETURNS (tuple[str, str] | None): The prefix, in upper case, and the label; None for a string
        that is no tag with a label.
    """
    if prefix_last:
        label, separator, prefix = tag[:-2], tag[-2:-1], tag[-1:]
    else:
        prefix, separator, label = tag[:1], tag[1:2], tag[2:]
    prefix = prefix.upper()
    if prefix not in _ALL_PREFIXES or separator not in ("-", "_") or not label.strip():
        return None
    return prefix, label.strip()


def is_tag(value: str) -> bool:
    """Tell whether this is `O` or a tag of any scheme, written in any way; "" is not."""
    return (
        value in ("O", "o")
        or split_tag(value) is not None
        or split_tag(value, prefix_last=True) is not None
    )


def is_entity_column(name: str) -> bool:
    """Tell whether a column, or a key of CoNLL-U's MISC, holds entity tags: NER, NE:BIO, name."""
    return name.rpartition(":")[2].upper() in ("NER", "NE", "NAME", "BIO", "IOB", "IOB2")


def has_prefix_last(tags: Iterable[str]) -> bool:
    """Tell whether tags are rather written `PER-B` than `B-PER`."""
    first = last = 0
    for tag in tags:
        first += split_tag(tag) is not None
        last += split_tag(tag, prefix_last=True) is not None
    return last > first


class TagReader:
    """Reads the tags of a file, which are all written in the same way.

    path (Path): The file, for error messages.
    scheme (str): A key of `PREFIXES`, or "auto" for the prefixes of all of them.
    prefix_last (bool): Whether tags are written `PER-B`.
    """

    def __init__(self, path: Path, scheme: str = "auto", *, prefix_last: bool = False) -> None:
        self.path = path
        self.scheme = scheme
        self.prefix_last = prefix_last
        self._prefixes = "BIESLUMW" if scheme == "auto" else PREFIXES[scheme]
        self._known = dict.fromkeys(MISSING_TAGS, "") | {"O": "O", "o": "O"}

    def read(self, tag: str, line: int) -> str:
        """Read a tag.

        RETURNS (str): `<prefix>-<label>` or `O`; "" where it is missing.
        RAISES: FormatError: Another string, a prefix of another scheme, the label `O`.
        """
        known = self._known.get(tag)
        if known is None:
            # There are few labels, so this table stays small.
            known = self._known[tag] = self._parse(tag, line)
        return known

    def _parse(self, tag: str, line: int) -> str:
        parts = split_tag(tag, prefix_last=self.prefix_last)
        if parts is None or parts[0] not in self._prefixes:
            raise self._unknown(tag, line)
        prefix, label = parts
        if label.upper() == "O":
            raise FormatError(
                self.path,
                line,
                f"the label of the tag {quoted(tag)} is O, which stands for no entity",
                "Write O for a word outside of all entities, or another label",
            )
        return f"{prefix}-{label}"

    def _unknown(self, tag: str, line: int) -> FormatError:
        legal = ", ".join(f"{prefix}-" for prefix in self._prefixes)
        what = f"tag {quoted(tag)}"
        if tag[1:2] == "-" and not self.prefix_last:
            what = f"prefix {quoted(tag[:2])} of tag {quoted(tag)}"
            if tag[:1] in self._prefixes:
                what = f"tag {quoted(tag)}, which has no label"
        if self.prefix_last:
            legal = ", ".join(f"-{prefix}" for prefix in self._prefixes) + " after"
        scheme = "" if self.scheme == "auto" else f" (scheme {self.scheme})"
        return FormatError(
            self.path,
            line,
            f"unknown {what}, expected {legal} and a label, or O{scheme}",
            "Correct the tag, or write `_` where the annotation is missing",
        )


def find_scheme(sentences: Iterable[Sequence[str]]) -> str:
    """Tell the scheme of a file from the tags of all its sentences.

    IOB1 has `B-` only between two entities of the same label that touch. So a `B-` anywhere else
    shows IOB2; without one, entities that begin with `I-` show IOB1.

    sentences (Iterable[Sequence[str]]): Tags as `TagReader` reads them.
    RETURNS (str): A key of `PREFIXES`.
    """
    begins_inside = begins_freely = False
    prefixes: set[str] = set()
    for tags in sentences:
        label: str | None = None
        for tag in tags:
            prefix = tag[:1]
            if prefix in ("", "O"):
                label = None
                continue
            follows = tag[2:] == label
            begins_freely = begins_freely or (prefix == "B" and not follows)
            begins_inside = begins_inside or (prefix == "I" and not follows)
            prefixes.add(prefix)
            label = tag[2:]
    if prefixes & {"M", "W"}:
        return "bmes"
    if prefixes & _ENDS:
        return "bioes"
    return "iob1" if begins_inside and not begins_freely else "iob2"


def entities_of_tags(
    tags: Sequence[str],
    words: Sequence[str],
    lines: Sequence[int],
    remarks: Remarks,
    *,
    strict: bool,
) -> list[str]:
    """Convert the tags of a sentence to IOB2, with remarks on what had to be repaired.

    tags (Sequence[str]): As `TagReader` reads them, in the scheme of `remarks`.
    words, lines (Sequence): The word of each tag, and its line.
    strict (bool): Whether tags that continue no entity, or end none, are errors.
    RETURNS (list[str]): The IOB2 tags; entities neither begin nor end in words of white space.
    RAISES: FormatError: With `strict`, an illegal sequence.
    """
    path, scheme = remarks.path, remarks.scheme
    entities, repaired = to_iob2(tags, scheme)
    for line, tag, entity in zip(lines, tags, entities, strict=True):
        if tag and not entity:
            remarks.count(BEGUN_UNKNOWN, line)
    for i in repaired:
        tag, entity = tags[i], entities[i]
        if strict:
            raise FormatError(
                path,
                lines[i],
                f"{tag} continues no entity: expected a {tag[2:]} entity before it",
                f"Write {entity}, or leave out --strict to have it read as {entity}",
            )
        remarks.repair(lines[i], tag, entity)
    for i in unclosed(tags, scheme):
        if strict:
            raise FormatError(
                path,
                lines[i],
                f"{tags[i]} is not the last word of an entity, but none goes on after it",
                "Mark the entity's last word, or leave out --strict to have it end here",
            )
        remarks.count(UNCLOSED, lines[i])
    n_cut = cut_at_blanks(words, entities)
    if n_cut:
        remarks.count(CUT, lines[0], n=n_cut)
    return entities


def to_iob2(tags: Sequence[str], scheme: str) -> tuple[list[str], list[int]]:
    """Convert the tags of a sentence to IOB2.

    tags (Sequence[str]): Legal in the scheme; an empty string is a missing tag.
    scheme (str): A key of `PREFIXES`.
    RETURNS (tuple[list[str], list[int]]): The IOB2 tags, missing also for words that continue an
        entity which a missing tag may have begun, as a `B-` would say more than is known; and the
        positions of tags that say they continue an entity where there is none of their label, and
        that now begin one. In IOB1 that is how entities begin, so the list is empty.
    """
    result = []
    repaired = []
    label: str | None = None  # of the entity that the next word may continue
    missing = False  # whether that entity may have begun at a missing tag
    for i, tag in enumerate(tags):
        prefix = tag[:1]
        if prefix in ("", "O"):
            result.append(tag)
            label = None
            missing = not prefix
            continue
        if missing and prefix in _CONTINUES and scheme != "iob1" and label in (None, tag[2:]):
            result.append("")
            missing = prefix not in _ENDS
            label = tag[2:] if missing else None
            continue
        missing = False
        goes_on = prefix in _CONTINUES and tag[2:] == label
        if prefix in _CONTINUES and not goes_on and scheme != "iob1":
            repaired.append(i)
        result.append(("I-" if goes_on else "B-") + tag[2:])
        label = None if prefix in _ENDS else tag[2:]
    return result, repaired


def unclosed(tags: Sequence[str], scheme: str) -> list[int]:
    """Find the tags after which an entity has to go on and does not.

    In BIOES and BMES `B-`, `I-` and `M-` are not an entity's last word; IOB does not say.

    RETURNS (list[int]): Their positions.
    """
    if scheme not in ("bioes", "bmes"):
        return []
    # A missing tag may or may not continue the entity.
    return [
        i
        for i, (tag, after) in enumerate(zip(tags, [*tags[1:], "O"], strict=True))
        if tag[:1] in _OPEN and after and (after[:1] not in _CONTINUES or after[2:] != tag[2:])
    ]


def cut_at_blanks(words: Sequence[str], tags: list[str]) -> int:
    """Cut, in place, the words of white space at the ends of entities in IOB2 tags.

    spaCy's training treats an entity that begins or ends in white space as faulty data.

    RETURNS (int): The number of entities cut, those of white space alone among them.
    """
    if not any(word.isspace() for word in words):
        return 0
    n_cut = 0
    start = 0
    while start < len(tags):
        end = start + 1
        if tags[start].startswith("B-"):
            while end < len(tags) and tags[end].startswith("I-"):
                end += 1
            solid = [i for i in range(start, end) if not words[i].isspace()]
            if len(solid) < end - start and (
                not solid or solid[0] != start or solid[-1] != end - 1
            ):
                n_cut += 1
                label = tags[start][2:]
                tags[start:end] = ["O"] * (end - start)
                if solid:
                    tags[solid[0] : solid[-1] + 1] = [f"I-{label}"] * (solid[-1] + 1 - solid[0])
                    tags[solid[0]] = f"B-{label}"
        start = end
    return n_cut
