"""Frames and entities as lines of text for a terminal.

Nothing in a Doc can steer the terminal or run over many lines: words and labels are quoted by
`errors.printable`, and white space is one blank.
"""

from spacy.tokens import Doc, Span

from ..confidence import confidence_of
from ..errors import printable
from ..frames import Frame
from ..schemes.propositions import PREDICATE


def render_text(frame: Frame) -> str:
    """Write the sentence of a frame in one line, with its pieces in brackets.

    For example `Then [ARG0 she] [V gave] [ARG2 him] [ARG1 the book] .`; words outside the pieces
    stay in their places.
    """
    doc, (position, end) = frame.predicate.doc, shown_bounds(frame)
    shown = []
    for label, span in frame.pieces:
        if position < span.start:
            shown.append(_printable(doc[position : span.start]))
        shown.append(f"[{printable(label)} {_printable(span).strip()}]")
        position = max(position, span.end)
    shown.append(_printable(doc[position:end]))
    return " ".join(" ".join(shown).split())


def render_title(frame: Frame) -> str:
    """Write the sense of a frame's predicate in one line, with confidences where there are any.

    For example `give.01, predicate 1.00, roleset 0.98`. Where the sense is not known, the
    predicate's word stands in its place. What an inventory of frames says of it is in brackets.
    """
    known = frame.roleset != PREDICATE
    parts = [printable(frame.roleset) if known else " ".join(_printable(frame.predicate).split())]
    if frame.roleset_definition:
        parts[0] += f" ({printable(frame.roleset_definition)})"
    if frame.confidence is not None:
        parts.append(f"predicate {frame.confidence:.2f}")
    if known and frame.roleset_confidence is not None:
        kind = "roleset" if frame.roleset_known else "guessed roleset"
        parts.append(f"{kind} {frame.roleset_confidence:.2f}")
    return ", ".join(parts)


def render_roles(frame: Frame) -> str:
    """Write what the roles of a frame are in one line: `ARG0: giver, ARG1: thing given`.

    Empty where no inventory of frames says it.
    """
    described = zip(frame.arguments, frame.argument_descriptions)
    roles = {argument.label_: text for argument, text in described if text}
    return ", ".join(f"{printable(role)}: {printable(text)}" for role, text in roles.items())


def entity_rows(doc: Doc) -> list[tuple[str, str, str]]:
    """Return text, label and confidence of each entity; "" where there is no confidence."""
    rows = []
    for ent in doc.ents:
        confidence = confidence_of(ent)
        text = " ".join(_printable(ent).split())
        shown = "" if confidence is None else f"{confidence:.2f}"
        rows.append((text, printable(ent.label_), shown))
    return rows


def shown_bounds(frame: Frame) -> tuple[int, int]:
    """Return the tokens, from start to end, of the sentence that a frame is shown in.

    That is the predicate's sentence, or the Doc where there are no sentences. It is widened to any
    piece outside, which is unsound, but has to be seen.
    """
    doc = frame.predicate.doc
    whole = frame.predicate.sent if doc.has_annotation("SENT_START") else doc[:]
    spans = [span for _, span in frame.pieces]
    return min(whole.start, spans[0].start), max(whole.end, *(span.end for span in spans))


def _printable(span: Span) -> str:
    return "".join(
        " " if token.text.isspace() else printable(" ".join(token.text.split())) + token.whitespace_
        for token in span
    )
