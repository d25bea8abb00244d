"""The ways that a Doc travels, against all that this package writes: one table.

`STORED` names for each way of storing and copying what does not arrive; `RETOKENISED` for each way
of merging and splitting tokens what is something else then. All else has to arrive as it was. Each
of the second is tried alone and before each of the first.
"""

import multiprocessing
import pickle
import warnings

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_seqtag.confidence import SpanConfidence
from spacy_seqtag.frames import annotated_tokens, problems, set_propositions
from spacy_seqtag.schemes.bio import bio_tags
from spacy_seqtag.schemes.propositions import Argument, Proposition

WORDS = ["Maria", "Lopez", "gave", "it", "all", "up", ".", "Why", "?", "He", "left", "early", "."]
STARTS = [0, 7, 9]
ANNOTATED = [(0, 7), (9, 13)]
POS = [
    *("PROPN", "PROPN", "VERB", "PRON", "PRON", "ADP", "PUNCT"),
    *("ADV", "PUNCT"),
    *("PRON", "VERB", "ADV", "PUNCT"),
]
# The entity and an argument are over the same words.
PROPS = [
    Proposition(2, "give_up.08", [Argument(0, 2, "ARG0"), Argument(3, 5, "ARG1")], [(5, 6)]),
    Proposition(10, "leave.01", [Argument(9, 10, "ARG0"), Argument(11, 12, "ARGM-TMP")], []),
]
SCORES = {
    "scores": [0.95, 0.9],
    "roleset_scores": [0.85, 0.8],
    "argument_scores": [[0.75, 0.7], [0.65, 0.6]],
    "roleset_known": [False, True],
}


@pytest.fixture(scope="module")
def annotate():
    """Function (doc) to the Doc with all that the components write, for known probabilities."""
    nlp = spacy.blank("en")
    tagger, recognizer = nlp.add_pipe("seqtag_pos"), nlp.add_pipe("seqtag_ner")
    for tag in sorted(set(POS)):
        tagger.add_label(tag)
    for label in ("LOC", "PER"):
        recognizer.add_label(label)
    tags = np.zeros((len(WORDS), len(tagger.labels)), dtype="f")
    for i, tag in enumerate(POS):
        tags[i, tagger.labels.index(tag)] = 0.5 + i / 64
    entities = np.zeros((len(WORDS), 5), dtype="f")
    entities[:, 0] = 1
    entities[0, bio_tags(recognizer.labels).index("B-PER")] = 3
    entities[1, bio_tags(recognizer.labels).index("I-PER")] = 3
    entities /= entities.sum(axis=1, keepdims=True)

    def run(doc):
        for token in doc:
            token.is_sent_start = token.i in STARTS
        tagger.set_annotations([doc], [tags])
        recognizer.set_annotations([doc], [entities])
        confidence = SpanConfidence("confidence")
        set_propositions(doc, PROPS, annotated=ANNOTATED, **SCORES, confidence=confidence)
        return doc

    return run


@pytest.fixture
def doc(annotate):
    # With known spaces: `DocBin` puts blanks into the text of a Doc without them when it is split.
    return annotate(Doc(Vocab(), words=WORDS, spaces=[True] * len(WORDS)))


def read(doc, skip=0):
    """All that the package writes, as words and numbers. skip: tokens of another Doc before."""
    covered = annotated_tokens(doc)
    frames = doc._.frames
    return {
        "tags": [(t.text, t.pos_) for t in list(doc)[skip:]],
        "tag confidences": [t._.tag_confidence for t in list(doc)[skip:]],
        "entities": [(ent.text, ent.label_) for ent in doc.ents],
        "entity confidences": [ent._.confidence for ent in doc.ents],
        "annotated": [t.text for t in list(doc)[skip:] if covered[t.i]],
        "frames": [(frame.roleset, str(frame)) for frame in frames],
        "frame confidences": [
            (f.confidence, f.roleset_confidence, *f.argument_confidences) for f in frames
        ],
        "known rolesets": [frame.roleset_known for frame in frames],
        "span confidences": [
            [span._.confidence for span in (f.predicate, *f.arguments)] for f in frames
        ],
        "dicts": [
            [
                (piece.get("role", "V"), piece["text"], doc[piece["start"] : piece["end"]].text)
                for piece in (frame["predicate"], *frame["arguments"], *frame["parts"])
            ]
            for frame in (f.to_dict() for f in frames)
        ],
    }


WRITTEN = {
    "tags": list(zip(WORDS, POS)),
    "tag confidences": [0.5 + i / 64 for i in range(len(WORDS))],
    "entities": [("Maria Lopez", "PER")],
    "entity confidences": [pytest.approx(0.75**2)],
    "annotated": [w for start, end in ANNOTATED for w in WORDS[start:end]],
    "frames": [
        ("give_up.08", "[ARG0 Maria Lopez] [V gave] [ARG1 it all] [C-V up]"),
        ("leave.01", "[ARG0 He] [V left] [ARGM-TMP early]"),
    ],
    "frame confidences": [(0.95, 0.85, 0.75, 0.7), (0.9, 0.8, 0.65, 0.6)],
    "known rolesets": [False, True],
    "span confidences": [[0.95, 0.75, 0.7], [0.9, 0.65, 0.6]],
    "dicts": [
        [
            ("V", "gave", "gave"),
            ("ARG0", "Maria Lopez", "Maria Lopez"),
            ("ARG1", "it all", "it all"),
            ("V", "up", "up"),
        ],
        [("V", "left", "left"), ("ARG0", "He", "He"), ("ARGM-TMP", "early", "early")],
    ],
}


def test_all_is_written(doc):
    assert read(doc) == WRITTEN
    assert list(problems(doc)) == []


# Storing and copying


def through_docbin(store_user_data):
    def through(doc):
        data = DocBin(docs=[doc], store_user_data=store_user_data).to_bytes()
        # A vocabulary that knows no string of the Doc's.
        return next(DocBin().from_bytes(data).get_docs(Vocab()))

    return through


def through_json(*underscore):
    return lambda doc: Doc(Vocab()).from_json(doc.to_json(underscore=list(underscore)))


def after_another(doc):
    return Doc.from_docs([Doc(doc.vocab, words=["Another", "one"]), doc])


def without(values):
    """None in the place of each probability."""
    return [
        type(value)([None] * len(value)) if isinstance(value, list | tuple) else None
        for value in values
    ]


def nothing(values):
    return []


def no_guess(values):
    """It is lost that a roleset was a guess."""
    return [True for _ in values]


USER_DATA_LOST = {
    "tag confidences": without,
    "entity confidences": without,
    "span confidences": without,
}
ROLES_LOST = dict.fromkeys(
    ("annotated", "frames", "known rolesets", "frame confidences", "span confidences", "dicts"),
    nothing,
)

# What does not arrive, with what makes of the right value that which arrives instead.
STORED = {
    "bytes": (lambda doc: Doc(Vocab()).from_bytes(doc.to_bytes()), {}),
    "DocBin with user data": (through_docbin(True), {}),
    "DocBin": (through_docbin(False), USER_DATA_LOST),
    "pickle": (lambda doc: pickle.loads(pickle.dumps(doc)), {}),
    "copy": (Doc.copy, {}),
    "JSON with confidences": (through_json("confidence", "tag_confidence"), {}),
    "JSON": (
        through_json(),
        {**USER_DATA_LOST, "frame confidences": without, "known rolesets": no_guess},
    ),
    "from_docs": (after_another, {}),
    "as_doc": (
        lambda doc: doc[:].as_doc(),
        {**USER_DATA_LOST, **ROLES_LOST},
    ),
    "as_doc with user data": (lambda doc: doc[:].as_doc(copy_user_data=True), ROLES_LOST),
    "_.as_doc": (lambda doc: doc[:]._.as_doc(), USER_DATA_LOST),
    "_.as_doc with user data": (lambda doc: doc[:]._.as_doc(copy_user_data=True), {}),
}


def arrives(expected, lost):
    return {name: lost.get(name, list)(value) for name, value in expected.items()}


@pytest.mark.parametrize("way", STORED)
def test_stored(doc, way):
    go, lost = STORED[way]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = go(doc)
    assert read(found, len(found) - len(doc)) == arrives(WRITTEN, lost)
    # What is there is sound, and the Doc that travelled is as it was.
    assert list(problems(found)) == []
    assert read(doc) == WRITTEN


# Merging and splitting


def merge(start, end):
    def run(doc):
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[start:end])

    return run


def split(i, *parts):
    def run(doc):
        # spaCy gives the parts the tags of the tokens in whose places they come to stand.
        attrs = {"POS": [doc[i].pos_] * len(parts)}
        with doc.retokenize() as retokenizer:
            retokenizer.split(doc[i], list(parts), [(doc[i], 0)] * len(parts), attrs=attrs)

    return run


def merge_and_split(doc):
    """As many tokens as before."""
    merge(0, 2)(doc)
    split(1, "ga", "ve")(doc)


def tokens(*changed):
    """What is else with tags where tokens were replaced: (start, end, new words, their tag)."""
    tags, sure, inside = list(WRITTEN["tags"]), list(WRITTEN["tag confidences"]), []
    for start, end, words, tag in sorted(changed, reverse=True):
        tags[start:end] = [(word, tag) for word in words]
        sure[start:end] = [None] * len(words)
    covered = [(i, i + 1, [word]) for i, word in enumerate(WORDS)]
    for start, end, words, _ in changed:
        covered = [row for row in covered if not start <= row[0] < end]
        covered.append((start, end, words))
    for start, end, words in sorted(covered):
        if all(any(s <= i < e for s, e in ANNOTATED) for i in range(start, end)):
            inside += words
    return {"tags": tags, "tag confidences": sure, "annotated": inside}


def first_frame(text, pieces, frame, spans):
    return {
        "frames": [("give_up.08", text), WRITTEN["frames"][1]],
        "dicts": [pieces, WRITTEN["dicts"][1]],
        "frame confidences": [frame, WRITTEN["frame confidences"][1]],
        "span confidences": [spans, WRITTEN["span confidences"][1]],
    }


ENTITY = (0, 2, ["Maria Lopez"], "PROPN")
GAVE = ("V", "gave", "gave")
MARIA = ("ARG0", "Maria Lopez", "Maria Lopez")
UP = ("V", "up", "up")

# What is changed, with the values then, and what is said of it.
RETOKENISED = {
    "merge of an entity": (merge(0, 2), tokens(ENTITY), None),
    "merge within an argument": (merge(3, 5), tokens((3, 5, ["it all"], "PRON")), None),
    "merge outside frames, before one": (merge(7, 9), tokens((7, 9, ["Why ?"], "ADV")), None),
    "merge of a predicate and its part": (
        merge(2, 6),
        {
            **tokens((2, 6, ["gave it all up"], "VERB")),
            **first_frame(
                "[ARG0 Maria Lopez] [V gave it all up]",
                [("V", "gave it all up", "gave it all up"), MARIA],
                (None, None, 0.75),
                [None, 0.75],
            ),
        },
        "'it all' (ARG1) of the predicate 'gave' (give_up.08) is left out",
    ),
    "merge across a predicate's edge": (
        merge(2, 4),
        {
            **tokens((2, 4, ["gave it"], "VERB")),
            **first_frame(
                "[ARG0 Maria Lopez] [V gave it] [C-V up]",
                [("V", "gave it", "gave it"), MARIA, UP],
                (None, None, 0.75),
                [None, 0.75],
            ),
        },
        "'it all' (ARG1) of the predicate 'gave' (give_up.08) is left out",
    ),
    "merge across an argument's edge, at the end": (
        merge(11, 13),
        {
            **tokens((11, 13, ["early ."], "ADV")),
            "frames": [WRITTEN["frames"][0], ("leave.01", "[ARG0 He] [V left] [ARGM-TMP early .]")],
            "dicts": [
                WRITTEN["dicts"][0],
                [("V", "left", "left"), ("ARG0", "He", "He"), ("ARGM-TMP",) + ("early .",) * 2],
            ],
            "frame confidences": [WRITTEN["frame confidences"][0], (0.9, 0.8, 0.65, None)],
            "span confidences": [WRITTEN["span confidences"][0], [0.9, 0.65, None]],
        },
        None,
    ),
    "merge across annotated sentences": (merge(6, 8), tokens((6, 8, [". Why"], "PUNCT")), None),
    "split within an argument": (
        split(1, "Lo", "pez"),
        tokens((1, 2, ["Lo", "pez"], "PROPN")),
        None,
    ),
    "split of a predicate": (split(2, "ga", "ve"), tokens((2, 3, ["ga", "ve"], "VERB")), None),
    "merge and split": (merge_and_split, tokens(ENTITY, (2, 3, ["ga", "ve"], "VERB")), None),
}


@pytest.mark.parametrize("way", RETOKENISED)
def test_retokenised(doc, way):
    change, changed, message = RETOKENISED[way]
    change(doc)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert read(doc) == {**WRITTEN, **changed}
    assert [message in str(warning.message) for warning in said] == ([True] if message else [])


# A predicate that was extended has only the attributes of its group, which these ways drop.
LOST_TOGETHER = {
    (way, stored): {"known rolesets": no_guess}
    for way in ("merge of a predicate and its part", "merge across a predicate's edge")
    for stored in ("JSON with confidences", "from_docs")
}


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("way", RETOKENISED)
@pytest.mark.filterwarnings("ignore:.*is left out")
def test_retokenised_and_stored(doc, way, stored):
    change, changed, _ = RETOKENISED[way]
    change(doc)
    go, lost = STORED[stored]
    lost = {**lost, **LOST_TOGETHER.get((way, stored), {})}
    found = go(doc)
    assert read(found, len(found) - len(doc)) == arrives({**WRITTEN, **changed}, lost)


@pytest.mark.parametrize("way", RETOKENISED)
@pytest.mark.filterwarnings("ignore:.*is left out")
def test_stored_and_retokenised(doc, way):
    change, changed, _ = RETOKENISED[way]
    found = through_docbin(True)(doc)
    change(found)
    assert read(found) == {**WRITTEN, **changed}


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="needs os.fork")
def test_forked_processes(annotate):
    @Language.component("annotate_for_travel")
    def component(doc):
        return annotate(doc)

    nlp = spacy.blank("en")
    nlp.add_pipe("annotate_for_travel")
    nlp.add_pipe("merge_entities")
    texts = [" ".join(WORDS)] * 3
    with_two = list(nlp.pipe(texts, n_process=2, batch_size=2))
    assert [read(doc) for doc in with_two] == [{**WRITTEN, **tokens(ENTITY)}] * 3
