"""What is wrong with the semantic roles of a Doc."""

from collections.abc import Iterator

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..errors import printable
from .annotated import annotated_tokens
from .groups import ANNOTATED, ARGUMENTS, PARTS, PREDICATES
from .retokenised import current_groups
from .ties import predicate_of, read_tie


def problems(doc: Doc) -> Iterator[str]:
    """Say what is wrong with a Doc's semantic roles, one line each; nothing for a sound Doc.

    These are problems: a predicate of several tokens; a span of no token; two predicates on one
    token; a tie that is no signed number, points outside the Doc, or leads to no predicate; an
    argument outside the sentence of its predicate, over its own predicate, or overlapping another
    argument of it; predicates outside the annotated stretches; whatever `span_groups` leaves out.

    doc (Doc): It is left as it is.
    """
    predicates: set[int] = set()
    covered = annotated_tokens(doc)
    groups, lost = current_groups(doc)
    yield from lost
    for span in groups.get(PREDICATES, ()):
        if len(span) != 1:
            yield f"{_where(span, PREDICATES)}: a predicate is one token, this has {len(span)}"
        if len(span) == 0:  # it may stand behind the last token
            continue
        if span.start in predicates:
            yield f"{_where(span, PREDICATES)}: there is another predicate on the same token"
        if not covered[span.start]:
            yield f"{_where(span, PREDICATES)}: outside every span of doc.spans['{ANNOTATED}']"
        predicates.add(span.start)
    sentence = np.cumsum(doc.to_array("SENT_START") == 1).tolist()
    taken: dict[tuple[int, int], Span] = {}
    for name in (ARGUMENTS, PARTS):
        for span in groups.get(name, ()):
            for problem in _argument_problems(span, predicates, sentence, taken):
                yield f"{_where(span, name)}: {problem}"


def _argument_problems(
    span: Span, predicates: set[int], sentence: list[int], taken: dict[tuple[int, int], Span]
) -> Iterator[str]:
    """Say what is wrong with an argument (or part).

    predicates: their tokens. sentence: number of the sentence of each token. taken: the argument
    over each pair of predicate and token; this argument is added.
    """
    doc = span.doc
    if len(span) == 0:
        yield "has no token"
        return
    target = predicate_of(span)
    tie = f"id_ {span.id_!r}" if read_tie(doc, span) is None else f"kb_id_ {span.kb_id_!r}"
    if target is None:
        yield f"{tie} points to {_aim(span)}"
        return
    if target not in predicates:
        yield f"{tie} points to {_quoted(doc[target])}, no predicate"
        return
    if any(number != sentence[target] for number in sentence[span.start : span.end]):
        yield f"outside the sentence of its predicate {_quoted(doc[target])}"
    if span.start <= target < span.end:
        yield f"covers its own predicate {_quoted(doc[target])}"
    for token in range(span.start, span.end):
        other = taken.setdefault((target, token), span)
        if other is not span:
            yield f"overlaps {_quoted(other)} of the same predicate"
            break


def _aim(span: Span) -> str:
    """Say where a tie leads that leads to no token."""
    tie = read_tie(span.doc, span)
    if tie is not None:
        return f"character {span.start_char + tie}, where no token is"
    try:
        return f"token {span.start + int(span.id_)}, outside the Doc of {len(span.doc)}"
    except ValueError:
        return "no token (expected a signed distance such as '+2')"


def _where(span: Span, group: str) -> str:
    label = f" ({printable(span.label_)})" if span.label_ else ""
    return f"doc.spans[{group!r}] [{span.start}:{span.end}] {_quoted(span)}{label}"


def _quoted(words: Span | Token) -> str:
    return f"'{printable(words.text)}'"
