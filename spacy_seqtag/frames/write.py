"""Write semantic roles into a Doc."""

from collections.abc import Callable, Iterable, Sequence

from spacy.attrs import IDX
from spacy.tokens import Doc, Span

from ..confidence import ROLESET, ROLESET_KNOWN, SpanConfidence
from ..schemes.propositions import PREDICATE_PART, Proposition
from .following import RoleGroup, span_groups
from .groups import ANNOTATED, ARGUMENTS, PARTS, PREDICATES, Attributes
from .ties import make_tie


def set_propositions(
    doc: Doc,
    props: Iterable[Proposition],
    *,
    annotated: Iterable[tuple[int, int]],
    scores: Sequence[float] | None = None,
    roleset_scores: Sequence[float] | None = None,
    roleset_known: Sequence[bool] | None = None,
    argument_scores: Sequence[Sequence[float]] | None = None,
    confidence: SpanConfidence | None = None,
    definitions: Sequence[str | None] | None = None,
    descriptions: Sequence[Sequence[str | None]] | None = None,
) -> None:
    """Write the span groups of a Doc; those that it has are replaced.

    doc (Doc): Without semantic roles or with others.
    props (Iterable[Proposition]): In token positions of the Doc.
    annotated (Iterable[tuple[int, int]], token positions): Start and end of the stretches, usually
        sentences, that carry the layer, whether they have predicates or not.
    scores (Sequence[float] | None, 0 to 1): Probability of each predicate.
    roleset_scores (Sequence[float] | None, 0 to 1): Probability of the roleset of each.
    roleset_known (Sequence[bool] | None): Whether the roleset of each is no guess.
    argument_scores (Sequence[Sequence[float]] | None, 0 to 1): Probability of each argument of
        each proposition.
    confidence (SpanConfidence | None): The extension that gets the probabilities, too.
    definitions (Sequence[str | None] | None): What the roleset of each means.
    descriptions (Sequence[Sequence[str | None]] | None): What each argument of each proposition is.
    """
    props = list(props)
    starts = doc.to_array(IDX)
    predicates = [Span(doc, p.predicate, p.predicate + 1, label=p.roleset) for p in props]
    arguments, parts = _tied_spans(doc, props, starts.tolist())
    stretches = [Span(doc, start, end) for start, end in annotated]
    predicate_attrs: Attributes = {}
    argument_attrs: Attributes = {}
    if scores is not None:
        predicate_attrs["scores"] = [float(score) for score in scores]
    if roleset_scores is not None:
        predicate_attrs["roleset_scores"] = [float(score) for score in roleset_scores]
    if roleset_known is not None:
        predicate_attrs["roleset_known"] = [bool(known) for known in roleset_known]
    if argument_scores is not None:
        argument_attrs["scores"] = [float(score) for row in argument_scores for score in row]
    if definitions is not None:
        predicate_attrs["definitions"] = list(definitions)
    if descriptions is not None:
        argument_attrs["descriptions"] = [text for row in descriptions for text in row]
    groups: dict[str, tuple[list[Span], Attributes]] = {
        PREDICATES: (predicates, predicate_attrs),
        ARGUMENTS: (arguments, argument_attrs),
        PARTS: (parts, {}),
        ANNOTATED: (stretches, {}),
    }
    if confidence is not None:
        _replace_confidences(doc, confidence, groups)
    for name, (spans, attrs) in groups.items():
        group = RoleGroup(doc, name=name, spans=spans, attrs=attrs)
        group.tokens = starts.tobytes()
        doc.spans[name] = group


def rename_roles(doc: Doc, name: Callable[[str], str]) -> None:
    """Give the roles of a Doc other names.

    doc (Doc): With semantic roles or without.
    name (Callable[[str], str]): Gives the name of a role, such as `propbank_role`.
    """
    group = span_groups(doc).get(ARGUMENTS)
    if group is None:
        return
    spans = [
        Span(doc, s.start, s.end, label=name(s.label_), kb_id=s.kb_id, span_id=s.id) for s in group
    ]
    renamed = RoleGroup(doc, name=ARGUMENTS, spans=spans, attrs=dict(group.attrs))
    renamed.tokens = doc.to_array(IDX).tobytes()
    doc.spans[ARGUMENTS] = renamed


def _tied_spans(
    doc: Doc, props: Sequence[Proposition], starts: Sequence[int]
) -> tuple[list[Span], list[Span]]:
    """Make spans of arguments and parts. starts: the first character of each token."""

    def tied(start: int, end: int, label: str, predicate: int) -> Span:
        return Span(
            doc,
            start,
            end,
            label=label,
            kb_id=make_tie(starts[predicate] - starts[start]),
            span_id=make_tie(predicate - start),
        )

    arguments = [tied(*argument, p.predicate) for p in props for argument in p.arguments]
    parts = [tied(*part, PREDICATE_PART, p.predicate) for p in props for part in p.parts]
    return arguments, parts


def _replace_confidences(
    doc: Doc, confidence: SpanConfidence, groups: dict[str, tuple[list[Span], Attributes]]
) -> None:
    """Give the spans of new groups their probabilities, and take those of the old groups away."""
    before = span_groups(doc)
    for name in (PREDICATES, ARGUMENTS):
        for span in before.get(name, ()):
            for what in (None, ROLESET, ROLESET_KNOWN):
                confidence.set(span, None, what)
    predicates, attrs = groups[PREDICATES]
    confidence.add(predicates, attrs.get("scores", ()))
    confidence.add(predicates, attrs.get("roleset_scores", ()), ROLESET)
    if "roleset_known" in attrs:
        guesses = [span for span, known in zip(predicates, attrs["roleset_known"]) if not known]
        confidence.add(guesses, [0.0] * len(guesses), ROLESET_KNOWN)
    arguments, attrs = groups[ARGUMENTS]
    confidence.add(arguments, attrs.get("scores", ()))
