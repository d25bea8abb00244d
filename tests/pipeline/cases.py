"""The table of the components that `test_components` tests.

A new component is tested by adding a line to `CASES`, and a new task by adding a `Task`.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from spacy.tokens import Doc, Span

from spacy_seqtag.frames import annotated_tokens, problems, set_propositions
from spacy_seqtag.models.role_pairs import RoleScores
from spacy_seqtag.schemes.bio import bio_tags
from spacy_seqtag.schemes.propositions import Argument, Proposition


class Task(NamedTuple):
    """What a test has to know of a task.

    read: what was written into a Doc, as plain data. labels: those of a gold Doc. confidences: of
    what was written. has_layer: whether all words of a Doc are annotated. mark: gives the first
    word of a Doc a label. fill: gives one to all words that can have one. classes: names of the
    classes of labels. scores: names of the scores, of which the first is 1.0 if all is right.
    spare: a label that is in no training data.
    """

    read: Callable[[Doc], list]
    labels: Callable[[Doc], set[str]]
    confidences: Callable[[Doc], list[float]]
    has_layer: Callable[[Doc], bool]
    mark: Callable[[Doc, str], None]
    fill: Callable[[Doc, str], None]
    classes: Callable[[Sequence[str]], Sequence[str]]
    scores: tuple[str, ...]
    spare: str


def tags(layer: str, spare: str) -> Task:
    def read(doc):
        return [getattr(token, f"{layer}_") for token in doc]

    def fill(doc, label):
        for token in doc:
            setattr(token, f"{layer}_", label)

    return Task(
        read,
        labels=lambda doc: set(read(doc)),
        confidences=lambda doc: [token._.tag_confidence for token in doc],
        has_layer=lambda doc: all(read(doc)),
        mark=lambda doc, label: setattr(doc[0], f"{layer}_", label),
        fill=fill,
        classes=list,
        scores=(f"{layer}_acc", f"{layer}_per_type"),
        spare=spare,
    )


ENTITIES = Task(
    read=lambda doc: [(ent.start, ent.end, ent.label_) for ent in doc.ents],
    labels=lambda doc: {ent.label_ for ent in doc.ents},
    confidences=lambda doc: [ent._.confidence for ent in doc.ents],
    has_layer=lambda doc: all(token.ent_iob_ for token in doc),
    mark=lambda doc, label: doc.set_ents([Span(doc, 0, 1, label=label)]),
    fill=lambda doc, label: doc.set_ents(
        [Span(doc, token.i, token.i + 1, label=label) for token in doc if not token.is_space]
    ),
    classes=bio_tags,
    scores=("ents_f", "ents_p", "ents_r", "ents_per_type"),
    spare="GPE",
)


def mark_role(doc, label):
    arguments = [Argument(0, 1, label)] if len(doc) > 1 else []
    prop = Proposition(len(arguments), "sing.01", arguments, [])
    set_propositions(doc, [prop], annotated=[(0, len(doc))])


ROLES = Task(
    read=lambda doc: [
        (frame.roleset, [(label, span.start, span.end) for label, span in frame.pieces])
        for frame in doc._.frames
    ],
    labels=lambda doc: {label for f in doc._.frames for label, _ in f.pieces} - {"V"},
    confidences=lambda doc: [
        p
        for frame in doc._.frames
        for p in (frame.confidence, frame.roleset_confidence, *frame.argument_confidences)
    ],
    has_layer=lambda doc: annotated_tokens(doc).all() and not list(problems(doc)),
    mark=mark_role,
    fill=mark_role,
    classes=bio_tags,
    scores=(
        *("srl_f", "srl_p", "srl_r", "srl_per_type"),
        *("predicates_f", "predicates_p", "predicates_r", "roleset_acc"),
        *(
            f"{name}_{figure}"
            for name in ("srl_sense", "srl_core", "srl_context", "predicates_sense")
            for figure in "prf"
        ),
    ),
    spare="ARGM-NEW",
)


class Case(NamedTuple):
    """A component to test. encoder: the fixture that makes one."""

    factory: str
    task: Task
    settings: Mapping[str, Any] = MappingProxyType({})
    encoder: str = "tiny_bert"


# What is compared must not depend on what else is in a batch.
EXACT = {"model": {"precision": "float32"}}

CASES = {
    "pos": Case("seqtag_pos", tags("pos", "INTJ")),
    "tag": Case("seqtag_pos", tags("tag", "NEW"), {"layer": "tag"}),
    "ner": Case("seqtag_ner", ENTITIES),
    "ner_greedy": Case("seqtag_ner", ENTITIES, {"decoding": "greedy"}),
    "srl": Case("seqtag_srl", ROLES, EXACT),
    "pos_roberta": Case("seqtag_pos", tags("pos", "INTJ"), encoder="tiny_roberta"),
    "ner_roberta": Case("seqtag_ner", ENTITIES, encoder="tiny_roberta"),
    "srl_roberta": Case("seqtag_srl", ROLES, EXACT, encoder="tiny_roberta"),
}

# Words of which an encoder may make no wordpiece.
ZWJ, BELL = "\u200d", "\x07"
ODD = {
    "no Doc": [],
    "an empty Doc": [[]],
    "empty Docs only": [[], [], []],
    "an empty Doc among others": [["a", "b"], [], ["c"]],
    "an empty Doc first and last": [[], ["a"], []],
    "no wordpiece": [[ZWJ]],
    "no wordpiece in two Docs": [[BELL, ZWJ], [ZWJ]],
    "no wordpiece in one Doc of two": [["Anna", "sang"], [BELL]],
    "a word without wordpiece first, last, between": [[ZWJ, "Anna"], ["Anna", BELL, "sang", ZWJ]],
    "whitespace only": [[" ", "\n\n", "\t"]],
    "emoji": [["👍🏽", "Anna", "👩\u200d👩\u200d👧", "🇳🇴"], ["🙂"]],
    "control characters": [["\0", "Anna", "\x1b[31m", "sang", "\x85", "\u202e"]],
    "a very long word": [
        ["Anna", "x" * 20_000, "sang", "."],
        ["antidisestablishmentarianism" * 800],
    ],
    "a long Doc": [["Anna", "sang", "and", "gave", "it", "up", "."] * 75],
    "all of it": [[], [ZWJ], ["Anna"], ["\n"], [BELL, "a"], []],
}


def blank_copy(doc):
    return Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])


def annotate(nlp, docs, **kwargs):
    return list(nlp.pipe(map(blank_copy, docs), **kwargs))


def written(task, docs):
    return [(task.read(doc), task.confidences(doc)) for doc in docs]


def arrays_of(scores):
    """The arrays of what `predict` returns."""
    if isinstance(scores, RoleScores):
        return [scores.predicates, scores.rolesets, scores.roles]
    return scores


def assert_same(scores, expected):
    for array, other in zip(arrays_of(scores), arrays_of(expected), strict=True):
        np.testing.assert_array_equal(array, other)
