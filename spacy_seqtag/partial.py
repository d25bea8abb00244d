"""Entities that are annotated in part: what is known of the words outside of them.

Somebody who marked only persons says nothing about places; somebody who marked some entities says
nothing about the other words. Such words are missing annotation (`Token.ent_iob` 0). What is known
of them all the same is a span group, `doc.spans["no_entity"]`: no word of a span in it belongs to
an entity of the span's label.

The group only ever adds knowledge. Where it gets lost on the way, or a program does not know it,
its words are missing, and nothing is taken for wrong that nobody has looked at. Span groups are
stored with every Doc, so that Docs from sources that looked for different labels can be mixed.
"""

import warnings
from collections.abc import Collection, Sequence

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup
from spacy.util import dict_to_dot
from thinc.api import Config

from .arrays import Bools
from .errors import printable

NO_ENTITY = "no_entity"
"""The span group: no word of a span belongs to an entity of its label."""

NO_LABELS = "-"
"""What a user writes for an empty set of labels."""

ALL_LABELS = "*"
"""What a user writes where entities of all labels were looked for."""

# spaCy's values of `token.ent_iob`.
_MISSING = 0
_OUTSIDE = 2


def parse_labels(text: str) -> tuple[str, ...]:
    """Read a set of labels as a user writes it: `PER,LOC`, or `-` for none.

    text (str): Labels with commas between them; blanks around them are left out.
    RETURNS (tuple[str, ...]): Each label once.
    RAISES: ValueError: An empty label.
    """
    if text.strip() == NO_LABELS:
        return ()
    labels = [label.strip() for label in text.split(",")]
    if "" in labels:
        raise ValueError(
            f"{text!r} has an empty label, expected labels with commas between them, such as "
            f"PER,LOC, or {NO_LABELS} for none"
        )
    return tuple(dict.fromkeys(labels))


def looked_for(config: Config, corpus: str, given: str | None) -> list[str] | None:
    """Say of which labels entities were looked for in a corpus that a pipeline is measured with.

    Where nobody says, it is what the pipeline's config says of its own corpus: scores are then
    those of training, and a word that nobody looked at does not count as one without an entity. A
    warning tells of it.

    config (Config): The pipeline's, interpolated.
    corpus (str): Which of its corpora is alike: `dev_corpus` or `train_corpus`.
    given (str | None): What the user says, as in `parse_labels`, or `*` for all.
    RETURNS (list[str] | None): As `entity_labels` of `spacy_seqtag.Corpus.v1`; None for all labels.
    RAISES: ValueError: An empty label.
    """
    if given is not None and given.strip() == ALL_LABELS:
        return None
    if given is not None:
        try:
            return list(parse_labels(given))
        except ValueError as error:
            raise ValueError(f"--entity-labels {error}, or {ALL_LABELS} for all") from None
    settings = dict_to_dot(config)
    name = settings.get(f"training.{corpus}")
    labels = settings.get(f"{name}.entity_labels")
    if not isinstance(labels, list):
        return None
    shown = ", ".join(map(printable, labels)) or "none"
    warnings.warn(
        f"of the corpus only entities of these labels count as looked for: {shown}, as [{name}] "
        "entity_labels of the pipeline's config says. Where that is not so, give --entity-labels, "
        f"such as '{ALL_LABELS}' for all",
        stacklevel=3,
    )
    return labels


def annotated_for(doc: Doc, labels: Collection[str]) -> int:
    """Say, in place, that only entities of some labels were looked for in a Doc.

    Entities stay, those of other labels as well. A word outside of entities becomes missing; all
    that is known of it is that it belongs to no entity of these labels. Words that are missing
    already stay so.

    doc (Doc): With gold entities, or without.
    labels (Collection[str]): None of them: entities are entities, and the rest is unknown.
    RETURNS (int): How many words became missing.
    """
    outside = doc.to_array("ENT_IOB") == _OUTSIDE
    if not outside.any():
        return 0
    # A span does not cross a boundary of sentences, where a Doc may be cut.
    cut = doc.to_array("SENT_START") == 1
    before = np.append(False, outside[:-1])
    after = np.append(outside[1:] & ~cut[1:], False)
    starts = np.flatnonzero(outside & (~before | cut)).tolist()
    ends = (np.flatnonzero(outside & ~after) + 1).tolist()
    runs = list(zip(starts, ends, strict=True))
    doc.set_ents([], missing=[doc[start:end] for start, end in runs], default="unmodified")
    if labels:
        old = list(doc.spans[NO_ENTITY]) if NO_ENTITY in doc.spans else []
        new = [Span(doc, start, end, label=label) for start, end in runs for label in labels]
        doc.spans[NO_ENTITY] = SpanGroup(doc, name=NO_ENTITY, spans=[*old, *new])
    return int(outside.sum())


def excluded_labels(doc: Doc) -> set[str]:
    """Return the labels of which it is known that some words have no entity of them.

    doc (Doc): With the group `no_entity`, or without.
    """
    return {span.label_ for span in doc.spans[NO_ENTITY]} if NO_ENTITY in doc.spans else set()


def excluded(doc: Doc, labels: Sequence[str]) -> Bools | None:
    """Mark the labels that no entity can have which a word belongs to.

    doc (Doc): With the group `no_entity`, or without.
    labels (Sequence[str]): The labels of interest; others in the group are passed over.
    RETURNS (bool, (tokens, labels) | None): None where the Doc does not have the group.
    """
    if NO_ENTITY not in doc.spans:
        return None
    number = {label: i for i, label in enumerate(labels)}
    result = np.zeros((len(doc), len(labels)), dtype=bool)
    for span in doc.spans[NO_ENTITY]:
        if span.label_ in number:
            result[span.start : span.end, number[span.label_]] = True
    return result


def unknown_tokens(doc: Doc) -> Bools:
    """Mark the tokens of which is not known whether they belong to an entity.

    doc (Doc): With gold entities, or without; white space counts as known.
    RETURNS (bool, (tokens,)): True for those that are known in part as well.
    """
    columns = doc.to_array(["ENT_IOB", "IS_SPACE"]).reshape(-1, 2)
    result: Bools = (columns[:, 0] == _MISSING) & (columns[:, 1] == 0)
    return result
