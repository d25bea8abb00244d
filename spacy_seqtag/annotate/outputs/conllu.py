r"""CoNLL-U: UPOS and XPOS in their columns, entities and roles in MISC.

Keys of MISC, each only where its layer was asked for:

- `NER=B-PER`: the entity tag of each word in IOB2, `O` outside; `NERConfidence=0.97` at the first
  word of an entity.
- `Confidence=0.98`: that of the tag.
- `Roleset=give.01`: the word is a predicate; `PredicateConfidence` and `RolesetConfidence` with it.
- `Roles=2:B-ARG0,5:I-ARG1`: what the word is to which predicates, each named by its ID, as IOB2
  tags of the roles; `C-V` continues the predicate itself. `RolesConfidence=2:0.87` where arguments
  begin.
- `SpaceAfter=No`, `SpacesAfter=\n`, `SpacesBefore=\n`: white space, as UD writes it.

Tokens of white space are no words here. Source: https://universaldependencies.org/format.html
"""

import json
import re
from collections.abc import Sequence
from functools import partial

from spacy.tokens import Doc, Token

from ...compression import compressor
from ...confidence import tag_confidences
from ...corpus.cut import sentence_bounds
from ...records import Plan, entity_records, frame_records
from ...schemes.propositions import PREDICATE_PART
from ...schemes.upos import UPOS_TAGS
from ..items import Item
from .format import Annotated, Encode, OutputFormat
from .lines import opened

_BLANKS = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")
_UNSAFE = re.compile(r"[|,:\s]")
_ESCAPES = {" ": r"\s", "\t": r"\t", "\r": r"\r", "\n": r"\n", "|": r"\p", "\\": r"\\"}
_UPOS = frozenset(UPOS_TAGS)

Misc = list[tuple[str, str]]


def make_encoder(plan: Plan, compression: str = "") -> Encode:
    """Make the function that writes the sentences of Docs.

    plan (Plan): What is in the columns and in MISC.
    compression (str): ".gz", ".zst" or "".
    """
    compress = compressor(compression)

    def encode(annotated: Annotated) -> bytes:
        blocks = "".join(_doc(doc, item, plan) for doc, item in annotated)
        return compress(blocks.encode()) if blocks else b""

    return encode


def _doc(doc: Doc, item: Item, plan: Plan) -> str:
    """Write a Doc. One without words is a comment alone, as CoNLL-U has no empty sentences."""
    words = [not token.is_space for token in doc]
    numbers = [0] * len(doc)  # the ID of each word in its sentence
    bounds = [(start, end) for start, end in sentence_bounds(doc) if any(words[start:end])]
    for start, end in bounds:
        number = 0
        for i in range(start, end):
            number += words[i]
            numbers[i] = number if words[i] else 0
    misc = _spacing(doc, words)
    if "tokens" in plan.layers and plan.confidences:
        for of_token, value in zip(misc, tag_confidences(doc)):
            _add(of_token, "Confidence", plan.rounded(value))
    if "entities" in plan.layers:
        _add_entities(doc, plan, words, misc)
    if "frames" in plan.layers:
        _add_frames(doc, plan, numbers, misc)
    lines = []
    for number, (start, end) in enumerate(bounds, start=1):
        if number == 1:
            lines.append(f"# newdoc id = {_one_line(item.source)}")
            if item.meta:
                lines.append(f"# meta = {json.dumps(item.meta, ensure_ascii=False)}")
        lines.append(f"# sent_id = {_one_line(item.source)}-{number}")
        lines.append(f"# text = {_one_line(doc[start:end].text.strip())}")
        for i in range(start, end):
            if words[i]:
                lines.append(_row(doc[i], numbers[i], misc[i], plan))
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def _row(token: Token, number: int, misc: Misc, plan: Plan) -> str:
    tags = ["_", "_", "_"]
    if "tokens" in plan.layers:
        values = {"lemma": token.lemma_, "pos": token.pos_, "tag": token.tag_}
        values["pos"] = values["pos"] if values["pos"] in _UPOS else ""
        tags = [
            (_one_line(value) or "_") if name in plan.token_fields else "_"
            for name, value in values.items()
        ]
    cells = "|".join(f"{key}={value}" for key, value in misc) or "_"
    lemma, upos, xpos = tags
    form = _one_line(token.text)
    return f"{number}\t{form}\t{lemma}\t{upos}\t{xpos}\t_\t_\t_\t_\t{cells}"


def _spacing(doc: Doc, words: Sequence[bool]) -> list[Misc]:
    """Say what white space there is, where it is not one blank after a word."""
    misc: list[Misc] = [[] for _ in doc]
    places = [i for i, is_word in enumerate(words) if is_word]
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


def _add_entities(doc: Doc, plan: Plan, words: Sequence[bool], misc: Sequence[Misc]) -> None:
    tags = ["O" if token.ent_iob else "" for token in doc]
    confidences: dict[int, float | None] = {}
    for ent in entity_records(doc, plan):
        places = [i for i in range(ent["start"], ent["end"]) if words[i]]
        for i in places:
            tags[i] = f"{'B' if i == places[0] else 'I'}-{_safe(ent['label'])}"
        if places:
            confidences[places[0]] = ent["confidence"]
    for i, tag in enumerate(tags):
        if tag:
            misc[i].append(("NER", tag))
            _add(misc[i], "NERConfidence", confidences.get(i))


def _add_frames(doc: Doc, plan: Plan, numbers: Sequence[int], misc: Sequence[Misc]) -> None:
    roles: list[list[str]] = [[] for _ in doc]
    confidences: list[list[str]] = [[] for _ in doc]
    for frame in frame_records(doc, plan):
        predicate = frame["predicate"]
        number = numbers[predicate["start"]]
        of_predicate = misc[predicate["start"]]
        of_predicate.append(("Roleset", _safe(frame["roleset"])))
        _add(of_predicate, "PredicateConfidence", predicate["confidence"])
        _add(of_predicate, "RolesetConfidence", frame["roleset_confidence"])
        spans = [(argument["role"], argument) for argument in frame["arguments"]]
        spans += [(PREDICATE_PART, part) for part in frame["parts"]]  # type: ignore[misc]
        for role, span in spans:
            places = [i for i in range(span["start"], span["end"]) if numbers[i]]
            for i in places:
                roles[i].append(f"{number}:{'B' if i == places[0] else 'I'}-{_safe(role)}")
            if places and span["confidence"] is not None:
                confidences[places[0]].append(f"{number}:{span['confidence']}")
    for of_token, found, sure in zip(misc, roles, confidences):
        if found:
            of_token.append(("Roles", ",".join(found)))
        if sure:
            of_token.append(("RolesConfidence", ",".join(sure)))


def _add(misc: Misc, key: str, value: float | None) -> None:
    if value is not None:
        misc.append((key, str(value)))


def _safe(label: str) -> str:
    """Write a label so that it cannot be taken for what separates labels."""
    return _UNSAFE.sub("_", label) or "_"


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text)


def _escaped(blanks: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in blanks)


FORMATS = tuple(
    OutputFormat(f"conllu{end}", partial(make_encoder, compression=end), opened)
    for end in ("", ".gz", ".zst")
)
