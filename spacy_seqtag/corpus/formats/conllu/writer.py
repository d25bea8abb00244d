r"""Writing CoNLL-U: UPOS and XPOS in their columns, entities and roles in MISC.

Keys of MISC, each only where its layer is written:

- `NER=B-PER`: the entity tag of each word in IOB2, `O` outside, none where it is not known;
  `NERConfidence=0.97` at the first word of an entity.
- `Confidence=0.98`: that of the tag.
- `Roleset`, `Roles`: see `roles`; `PredicateConfidence` and `RolesetConfidence` with the roleset,
  and `RolesConfidence=2:0.87` where arguments begin.
- `SpaceAfter=No`, `SpacesAfter=\n`, `SpacesBefore=\n`: white space, as UD writes it.

Tokens of white space are no words here. Source: https://universaldependencies.org/format.html
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import IO, Protocol

from spacy.tokens import Doc

from ....confidence import confidence_of, tag_confidences
from ....frames import Frame, annotated_tokens, get_frames, has_frames
from ....records import Plan
from ....schemes.propositions import PREDICATE, PREDICATE_PART, Argument, Proposition, ordered_spans
from ....schemes.upos import UPOS_TAGS
from ...cut import sentence_bounds
from ...docs import doc_id_of, sent_ids_of
from ..comments import BOUNDS, PREDICATES, UNKNOWN
from ..doc_words import (
    NO_OTHER_PREDICATE,
    SPACE_PREDICATES,
    SPACE_ROLES,
    Place,
    find_rows,
    forms_of,
    one_line,
    tags_of,
)
from ..format import ExportCounts, Writer
from .roles import ROLES, ROLESET, role_tag, written_label

_UNSAFE = re.compile(r"[|\s]")
_ESCAPES = {" ": r"\s", "\t": r"\t", "\r": r"\r", "\n": r"\n", "|": r"\p", "\\": r"\\"}
_UPOS = frozenset(UPOS_TAGS)
_PARTLY = (
    "<predicate|predicates> in sentences that are annotated with semantic roles in part, which "
    "count as not annotated"
)
_OTHER_UPOS = "<tag|tags> that Universal Dependencies does not have"
_WORDLESS = "<document|documents> without words"
_NAMELESS = "_"
_WITHOUT_NAME = f"<role|roles> without a name, which <is|are> `{_NAMELESS}` now"

Misc = list[tuple[str, str]]

Comments = Callable[[int, int], list[str]]
"""Gives the comments of a sentence by its number among those with words, and by that in the Doc."""


def doc_text(
    doc: Doc,
    plan: Plan,
    comments: Comments,
    counts: ExportCounts | None = None,
    further: Sequence[str] | None = None,
) -> str:
    """Write the sentences of a Doc; nothing for one without words.

    doc (Doc): With any annotation.
    plan (Plan): What is in the columns and in MISC.
    comments (Comments): The comments before those on its text and annotation.
    counts (ExportCounts | None): Counts what is written and what is left out.
    further (Sequence[str] | None): For each token what follows its row, with the tab before it.
    RAISES: ValueError: Semantic roles that do not hold together: two predicates on a word, or two
        roles of a word to one predicate.
    """
    counts = ExportCounts() if counts is None else counts
    numbers, sentences = find_rows(doc)
    if not sentences:
        return ""
    misc = _spacing(doc, numbers)
    if "tokens" in plan.layers and plan.confidences:
        for of_token, value in zip(misc, tag_confidences(doc)):
            _add(of_token, "Confidence", plan.rounded(value))
    if "entities" in plan.layers:
        _add_entities(doc, plan, numbers, misc, counts)
    without: set[int] = set()
    if "frames" in plan.layers:
        without = _add_frames(doc, plan, sentences, numbers, misc, counts)
    columns = _columns(doc, plan, numbers, counts)
    unknown = (doc.to_array("SENT_START") == 0).tolist()
    lines = []
    for place, (number, start, end) in enumerate(sentences):
        lines += comments(place, number)
        if any(unknown[start + 1 : end]):
            lines.append(f"# {BOUNDS} = {UNKNOWN}")
        if number in without:
            lines.append(f"# {PREDICATES} = 0")
        lines.append(f"# text = {one_line(doc[start:end].text.strip())}")
        for i in range(start, end):
            if numbers[i]:
                cells = "|".join([f"{key}={value}" for key, value in misc[i]]) or "_"
                more = further[i] if further else ""
                lines.append(f"{numbers[i]}\t{columns[i]}\t_\t_\t_\t_\t{cells}{more}")
        lines.append("")
    counts.documents += 1
    counts.sentences += len(sentences)
    counts.words += sum(number > 0 for number in numbers)
    return "".join([f"{line}\n" for line in lines])


def _columns(doc: Doc, plan: Plan, numbers: Sequence[int], counts: ExportCounts) -> list[str]:
    """Write FORM, LEMMA, UPOS and XPOS of each token."""
    fields = plan.token_fields if "tokens" in plan.layers else ()
    empty = ["_"] * len(doc)
    lemmas, upos, xpos = empty, empty, empty
    if "lemma" in fields:
        lemmas = [one_line(token.lemma_) or "_" for token in doc]
    if "pos" in fields:
        tags = [token.pos_ if number else "" for token, number in zip(doc, numbers, strict=True)]
        upos = [tag if tag in _UPOS else "_" for tag in tags]
        counts.left_out[_OTHER_UPOS] += sum(bool(tag) and tag not in _UPOS for tag in tags)
    if "tag" in fields:
        xpos = [one_line(token.tag_) or "_" for token in doc]
    forms = forms_of(doc, numbers, counts)
    return ["\t".join(cells) for cells in zip(forms, lemmas, upos, xpos, strict=True)]


def _spacing(doc: Doc, numbers: Sequence[int]) -> list[Misc]:
    """Say what white space there is, where it is not one blank after a word."""
    misc: list[Misc] = [[] for _ in doc]
    places = [i for i, number in enumerate(numbers) if number]
    text = doc.text
    for i, following in zip(places, [*places[1:], None]):
        end = doc[i].idx + len(doc[i])
        until = len(text) if following is None else doc[following].idx
        between = text[end:until]
        if not between and following is not None:
            misc[i].append(("SpaceAfter", "No"))
        elif between not in ("", " "):
            misc[i].append(("SpacesAfter", _escaped(between)))
    if places and doc[places[0]].idx:
        misc[places[0]].append(("SpacesBefore", _escaped(text[: doc[places[0]].idx])))
    return misc


def _add_entities(
    doc: Doc,
    plan: Plan,
    numbers: Sequence[int],
    misc: Sequence[Misc],
    counts: ExportCounts,
) -> None:
    tags = tags_of(doc, numbers, _UNSAFE, counts)
    confidences: dict[int, float | None] = {}
    if plan.confidences:
        for ent in doc.ents:
            first = next((i for i in range(ent.start, ent.end) if numbers[i]), -1)
            confidences[first] = plan.rounded(confidence_of(ent))
    for i, tag in enumerate(tags):
        if tag:
            misc[i].append(("NER", tag))
            _add(misc[i], "NERConfidence", confidences.get(i))


def _add_frames(
    doc: Doc,
    plan: Plan,
    sentences: Sequence[Place],
    numbers: Sequence[int],
    misc: Sequence[Misc],
    counts: ExportCounts,
) -> set[int]:
    """Add predicates and roles, and find the sentences that are annotated without predicates."""
    without = set()
    for (number, start, end), frames in frames_within(doc, sentences, numbers, counts):
        if frames is None:
            continue
        if not frames:
            without.add(number)
            continue
        roles: dict[int, list[str]] = {}
        sure: dict[int, list[str]] = {}
        for frame in frames:
            _add_frame(frame, plan, (start, end), numbers, misc, roles, sure, counts)
        for i in range(start, end):
            if i in roles:
                misc[i].append((ROLES, ",".join(roles[i])))
            if i in sure:
                misc[i].append((f"{ROLES}Confidence", ",".join(sure[i])))
    return without


def frames_within(
    doc: Doc, sentences: Sequence[Place], numbers: Sequence[int], counts: ExportCounts
) -> Iterator[tuple[Place, list[Frame] | None]]:
    """Yield each sentence of a Doc with the frames that are written.

    sentences (Sequence[Place]), numbers (Sequence[int]): As `find_rows` gives them.
    counts (ExportCounts): Counts them, and those that are left out.
    RETURNS (Iterator[tuple[Place, list[Frame] | None]]): None where a sentence is not annotated.
    RAISES: ValueError: Two predicates on a word.
    """
    if not has_frames(doc):
        yield from ((place, None) for place in sentences)
        return
    covered = annotated_tokens(doc)
    frames: dict[int, Frame] = {}
    for frame in get_frames(doc):
        if frames.setdefault(frame.predicate.start, frame) is not frame:
            raise ValueError(f"two predicates on the word {frame.predicate.text!r}")
    counts.left_out[SPACE_PREDICATES] += sum(not numbers[i] for i in frames)
    for place in sentences:
        _, start, end = place
        own = [frames[i] for i in range(start, end) if i in frames and numbers[i]]
        if not covered[start:end].all():
            counts.left_out[_PARTLY] += len(own)
            yield place, None
        elif not own and any(i in frames for i in range(start, end)):
            counts.left_out[NO_OTHER_PREDICATE] += 1
            yield place, None
        else:
            counts.predicates += len(own)
            yield place, own


def spans_within(frame: Frame, start: int, end: int, counts: ExportCounts) -> list[Argument]:
    """Find what a frame has in its sentence besides the predicate, in the order of the words.

    start, end (int): The tokens of the sentence.
    counts (ExportCounts): Counts the spans that leave it, and are cut, and roles without a name.
    RAISES: ValueError: Spans that overlap.
    """
    at, roleset, arguments, parts = frame.proposition()
    cut, inside = 0, []
    for low, high, role in [*arguments, *(Argument(*part, PREDICATE_PART) for part in parts)]:
        cut += low < start or high > end
        if low < end and high > start:
            inside.append(Argument(max(low, start), min(high, end), role or _NAMELESS))
            counts.left_out[_WITHOUT_NAME] += not role
    counts.cut += cut
    spans = ordered_spans(Proposition.of_spans(at, roleset, inside), end)
    return [span for span in spans if span.start != at]


def _add_frame(
    frame: Frame,
    plan: Plan,
    bounds: tuple[int, int],
    numbers: Sequence[int],
    misc: Sequence[Misc],
    roles: dict[int, list[str]],
    sure: dict[int, list[str]],
    counts: ExportCounts,
) -> None:
    """Add a predicate to MISC, and its roles to those of their words."""
    at = frame.predicate.start
    misc[at].append((ROLESET, written_label(frame.roleset or PREDICATE)))
    _add(misc[at], "PredicateConfidence", plan.rounded(frame.confidence))
    _add(misc[at], f"{ROLESET}Confidence", plan.rounded(frame.roleset_confidence))
    confidences = dict(
        zip(
            [(span.start, span.end) for span in frame.arguments],
            frame.argument_confidences or [None] * len(frame.arguments),
        )
    )
    for start, end, role in spans_within(frame, *bounds, counts):
        places = [i for i in range(start, end) if numbers[i]]
        for i in places:
            tag = role_tag(numbers[at], role, begins=i == places[0])
            roles.setdefault(i, []).append(tag)
        counts.left_out[SPACE_ROLES] += not places
        value = plan.rounded(confidences.get((start, end)))
        if places and value is not None:
            sure.setdefault(places[0], []).append(f"{numbers[at]}:{value}")


def _add(misc: Misc, key: str, value: float | None) -> None:
    if value is not None:
        misc.append((key, str(value)))


def _escaped(blanks: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in blanks)


# Export

_EVERYTHING = Plan(("tokens", "entities", "frames"), confidences=False)


def write_conllu(
    docs: Iterable[Doc], file: IO[bytes], like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write Docs as `read_conllu` reads them, with the ids of documents and sentences.

    docs (Iterable[Doc]): With any annotation. file (IO[bytes]): What is written to.
    like (None): Not used here.
    RAISES: ValueError: No word in any Doc; semantic roles that do not hold together.
    """
    return write_docs(docs, file, partial(doc_text, plan=_EVERYTHING))


class WriteDoc(Protocol):
    """Writes the sentences of a Doc; nothing for one without words."""

    def __call__(self, doc: Doc, *, comments: Comments, counts: ExportCounts) -> str:
        """Write it, as `doc_text` does."""


def write_docs(docs: Iterable[Doc], file: IO[bytes], text_of: WriteDoc) -> ExportCounts:
    """Write Docs with their ids.

    Docs that follow each other and have the same id are one document.

    docs (Iterable[Doc]): With any annotation. file (IO[bytes]): What is written to.
    text_of (WriteDoc): Writes one of them.
    RAISES: ValueError: No word in any Doc; what `text_of` raises, with the Doc.
    """
    counts = ExportCounts()
    last_id: str | None = None
    for number, doc in enumerate(docs, start=1):
        doc_id = doc_id_of(doc)
        ids = sent_ids_of(doc, len(sentence_bounds(doc)))
        new = doc_id is None or doc_id != last_id
        try:
            text = text_of(doc, comments=id_comments(doc_id, ids, new=new), counts=counts)
        except ValueError as error:
            raise ValueError(f"document {number} ({doc_id}): {error}") from None
        file.write(text.encode())
        last_id = doc_id if text else last_id
        counts.left_out[_WORDLESS] += not text
    if not counts.words:
        raise ValueError("there are no words in it")
    return counts


def id_comments(doc_id: str | None, ids: Sequence[str | None], *, new: bool) -> Comments:
    """Make the function that gives the comments of the sentences of a Doc: its ids.

    doc_id (str | None), ids (Sequence[str | None]): Those of the Doc and of its sentences.
    new (bool): Whether a document begins with the Doc.
    """

    def comments(place: int, number: int) -> list[str]:
        lines = []
        if new and place == 0:
            lines.append("# newdoc" + (f" id = {one_line(doc_id)}" if doc_id else ""))
        if sent_id := ids[number]:
            lines.append(f"# sent_id = {one_line(sent_id)}")
        return lines

    return comments


WRITER = Writer(
    "conllu",
    "CoNLL-U, with entities and semantic roles in MISC",
    write_conllu,
    ("white space", "overlapping spans", "other spans"),
)
