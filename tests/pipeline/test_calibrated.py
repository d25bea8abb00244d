"""Temperatures of components: confidences change with them, annotation never does."""

import json

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import ConfigValidationError

from spacy_seqtag.frames import get_frames
from spacy_seqtag.pipeline.loss import MISSING
from spacy_seqtag.pipeline.srl.reliability import labelled_pairs
from spacy_seqtag.schemes import bio
from spacy_seqtag.schemes.calibration import STRAIGHT, Curve, bend, temper

from .cases import CASES, annotate, assert_same
from .pos_and_ner import spare_label
from .srl.made import make_pipe, pairs_of, scores_of, sents
from .srl.made import written as written_roles

EXTREMES = (0.05, 0.5, 3.0, 20.0)
BENT = Curve(0.3, 1.4, -0.5)


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture
def nlp(case, request, make_nlp, mini_examples, train):
    """A pipeline that learned a little: unsure enough for temperatures to show."""
    nlp = make_nlp(request.getfixturevalue(case.encoder), {case.factory: dict(case.settings)})
    examples = mini_examples(nlp, n=10)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 25)
    return nlp


def hot(pipe, temperature):
    pipe.set_temperatures(dict.fromkeys(pipe.heads, temperature))


def test_annotation_does_not_depend_on_temperatures(case, nlp, mini_docs):
    docs = mini_docs(nlp.vocab, "dev", 20)
    pipe = nlp.get_pipe(case.factory)
    before = annotate(nlp, docs)
    expected = [case.task.read(doc) for doc in before]
    sure = [case.task.confidences(doc) for doc in before]
    for temperature in EXTREMES:
        hot(pipe, temperature)
        found = annotate(nlp, docs)
        assert [case.task.read(doc) for doc in found] == expected
        confidences = [case.task.confidences(doc) for doc in found]
        flat = np.concatenate(confidences)
        assert np.all((flat >= 0) & (flat <= 1))
        if any(0 < p < 1 for own in sure for p in own):
            assert confidences != sure
    hot(pipe, 1.0)
    assert [case.task.confidences(doc) for doc in annotate(nlp, docs)] == sure


def test_annotation_does_not_depend_on_the_curve(case, nlp, mini_docs):
    docs = mini_docs(nlp.vocab, "dev", 20)
    pipe = nlp.get_pipe(case.factory)
    if not pipe.curved:
        with pytest.raises(ConfigValidationError, match="the component has no spans"):
            pipe.set_curve(BENT)
        return
    before = annotate(nlp, docs)
    pipe.set_curve(BENT)
    found = annotate(nlp, docs)
    assert [case.task.read(doc) for doc in found] == [case.task.read(doc) for doc in before]
    sure, bent = (np.concatenate([spans_of(doc) for doc in each]) for each in (before, found))
    np.testing.assert_allclose(bent, bend(sure, BENT), atol=1e-6)
    assert (bent != sure).any()


def spans_of(doc):
    """The confidences of entities, and of arguments, given their predicates."""
    ents = [ent._.confidence for ent in doc.ents] if Span.has_extension("confidence") else []
    arguments = [p for frame in get_frames(doc) for p in frame.argument_confidences]
    return np.asarray([*ents, *arguments], dtype=np.float64)


def test_curves_are_saved_with_the_labels(case, nlp, tmp_path):
    pipe = nlp.get_pipe(case.factory)
    chosen = BENT if pipe.curved else STRAIGHT
    if pipe.curved:
        pipe.set_curve(chosen)
    nlp.to_disk(tmp_path)
    data = nlp.to_bytes()
    pipe.reset_calibration()
    for loaded in (spacy.load(tmp_path), nlp.from_bytes(data)):
        assert loaded.get_pipe(case.factory).curve == pytest.approx(chosen)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ([1.0, 1.0], "its curve is not three numbers"),
        ("abc", "its curve is not three numbers"),
        ([-1.0, 1.0, 0.0], "its curve falls"),
        ([1.0, None, 0.0], "its curve falls, or is no curve"),
    ],
)
def test_damaged_curves(trained_path, tmp_path, curve, message):
    nlp = spacy.load(trained_path)
    nlp.to_disk(tmp_path)
    path = tmp_path / "seqtag_ner" / "cfg"
    cfg = json.loads(path.read_text())
    path.write_text(json.dumps({**cfg, "curve": curve}))
    (path.parent / "digests.json").unlink()
    with pytest.raises(ConfigValidationError, match=f"is damaged.*{message}"):
        spacy.load(tmp_path)


@pytest.mark.parametrize("curve", [Curve(-0.1, 1.0, 0.0), Curve(1.0, 1.0, float("inf"))])
def test_curves_that_are_none(trained, curve):
    pipe = trained.get_pipe("seqtag_ner")
    with pytest.raises(ConfigValidationError, match=r"\[components.seqtag_ner\] curve: [ac] = "):
        pipe.set_curve(curve)
    assert pipe.curve == STRAIGHT


def test_predict_returns_what_is_decoded(case, nlp, mini_docs):
    pipe = nlp.get_pipe(case.factory)
    docs = list(nlp.get_pipe("transformer").pipe(mini_docs(nlp.vocab, "dev", 5)))
    before = pipe.predict(docs)
    hot(pipe, 3.0)
    assert_same(pipe.predict(docs), before)


def test_temperatures_are_saved_with_the_labels(case, nlp, mini_docs, tmp_path):
    pipe = nlp.get_pipe(case.factory)
    chosen = {head: 1.5 + i for i, head in enumerate(pipe.heads)}
    pipe.set_temperatures(chosen)
    nlp.to_disk(tmp_path)
    docs = mini_docs(nlp.vocab, "dev", 5)
    confidences = [case.task.confidences(doc) for doc in annotate(nlp, docs)]
    data = nlp.to_bytes()
    hot(pipe, 7.0)
    for loaded in (spacy.load(tmp_path), nlp.from_bytes(data)):
        assert loaded.get_pipe(case.factory).cfg["temperatures"] == chosen
        found = [case.task.confidences(doc) for doc in annotate(loaded, docs)]
        for own, expected in zip(found, confidences, strict=True):
            assert own == pytest.approx(expected, abs=1e-6)


def test_what_older_versions_saved_has_temperatures_of_one(case, nlp, tmp_path):
    nlp.to_disk(tmp_path)
    folder = tmp_path / case.factory
    cfg = json.loads((folder / "cfg").read_text())
    assert set(cfg.pop("temperatures").values()) == {1.0}
    assert cfg.pop("curve") == [1.0, 1.0, 0.0]
    (folder / "cfg").write_text(json.dumps(cfg))
    (folder / "digests.json").unlink()
    pipe = nlp.get_pipe(case.factory)
    hot(pipe, 2.0)
    ones = dict.fromkeys(pipe.heads, 1.0)
    assert spacy.load(tmp_path).get_pipe(case.factory).cfg["temperatures"] == ones
    pipe.from_disk(folder, exclude=["vocab"])
    assert pipe.cfg["temperatures"] == ones


@pytest.mark.parametrize(
    ("temperatures", "message"),
    [
        ({"tags": 0}, "a temperature is no number above 0"),
        ({"tags": "1"}, "a temperature is no number above 0"),
        ({"tags": None}, "a temperature is no number above 0"),
        ({"other": 1.0}, "its temperatures are not those of tags"),
        ([1.0], "its temperatures are not those of tags"),
    ],
)
def test_damaged_temperatures(trained_path, tmp_path, temperatures, message):
    nlp = spacy.load(trained_path)
    nlp.to_disk(tmp_path)
    path = tmp_path / "seqtag_ner" / "cfg"
    cfg = json.loads(path.read_text())
    path.write_text(json.dumps({**cfg, "temperatures": temperatures}))
    (path.parent / "digests.json").unlink()
    with pytest.raises(ConfigValidationError, match=f"is damaged.*{message}"):
        spacy.load(tmp_path)


@pytest.mark.parametrize(
    ("temperatures", "message"),
    [
        ({"tags": 0.0}, r"temperature of tags = 0.0; set it to a number above 0"),
        ({"tags": float("nan")}, r"temperature of tags = nan; set it to a number above 0"),
        ({"roles": 2.0}, r"temperature of 'roles': there is no such head, only tags"),
    ],
)
def test_temperatures_that_are_none(trained, temperatures, message):
    pipe = trained.get_pipe("seqtag_pos")
    with pytest.raises(ConfigValidationError, match=rf"\[components.seqtag_pos\] {message}"):
        pipe.set_temperatures(temperatures)
    assert pipe.temperature() == 1.0


def test_learning_more_makes_them_obsolete(trained, mini_examples, train):
    for name in ("seqtag_pos", "seqtag_ner"):
        hot(trained.get_pipe(name), 2.0)
    trained.get_pipe("seqtag_ner").set_curve(BENT)
    train(trained, mini_examples(trained, n=3), 1, exclude=["seqtag_ner"])
    assert trained.get_pipe("seqtag_pos").temperature() == 1.0
    assert trained.get_pipe("seqtag_ner").temperature() == 2.0
    assert trained.get_pipe("seqtag_ner").curve == BENT
    train(trained, mini_examples(trained, n=3), 1)
    assert trained.get_pipe("seqtag_ner").curve == STRAIGHT


# What decoding would make of tempered probabilities


def viterbi(probs):
    edge = np.zeros(len(probs), dtype=bool)
    edge[::4] = True
    none = np.zeros(len(probs), dtype=bool)
    return bio.decode_viterbi(probs, edge, none, none).tolist()


def test_the_best_legal_tags_would_be_the_same():
    """The logarithms of all sequences are divided by one number, and lose one constant: the sum of
    the logarithms of what each token is normalised by, which no tag takes part in. So their order
    stays, also of those that rules allow; up to rounding.
    """
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.full(5, 0.4), size=4000)
    expected = viterbi(probs)
    assert expected != probs.argmax(axis=1).tolist()  # the rules have a say
    for temperature in (0.5, 3.0):
        assert viterbi(temper(probs, temperature)) == expected


def test_the_most_probable_argument_would_not():
    """Of two ARG0 one word is less probable than two that are surer; the temperature turns it."""
    nlp, pipe = make_pipe()
    spans = [(0, 1, "ARG0", 0.62), (2, 4, "ARG0", 0.8)]
    found = {}
    for temperature in (1.0, 3.0):
        docs = [sents(nlp.vocab, "a gave b c d")]
        scores = scores_of(pipe, docs, [{1: spans}])
        pipe.set_temperatures({"roles": temperature})
        pipe.set_annotations(docs, scores)
        (argument,) = docs[0].spans["srl"]
        assert (argument.start, argument.end) == (2, 4)
        found[temperature] = docs[0].spans["srl"].attrs["scores"][0]
        pair = temper(np.asarray([[0.62, 0.38], [0.8, 0.2]]), temperature)[:, 0]
        assert found[temperature] == pytest.approx(pair[1] ** 2, abs=1e-6)
        assert (pair[0] > pair[1] ** 2) == (temperature == 3.0)


# Confidences of semantic roles, head by head


def test_each_head_has_its_own_temperature():
    nlp, pipe = make_pipe([("gave", "give.01"), ("gave", "give.02"), ("sold", "sell.01")])
    docs = [sents(nlp.vocab, "a gave b")]
    scores = scores_of(pipe, docs, [{1: [(0, 1, "ARG0", 0.9)]}])
    scores.rolesets[0, :2] = [0.7, 0.3]
    pipe.set_annotations(docs, scores)
    (plain,) = get_frames(docs[0])
    odds = {"predicates": 0.8, "rolesets": 0.7, "roles": 0.9}
    for head, p in odds.items():
        pipe.reset_calibration()
        pipe.set_temperatures({head: 2.0})
        docs = [sents(nlp.vocab, "a gave b")]
        pipe.set_annotations(docs, scores)
        (frame,) = get_frames(docs[0])
        was = (plain.confidence, plain.roleset_confidence, *plain.argument_confidences)
        now = (frame.confidence, frame.roleset_confidence, *frame.argument_confidences)
        root = np.sqrt([p, 1 - p])
        share = root[0] / root.sum() / p
        for own, old, new in zip(odds, was, now, strict=True):
            assert new == pytest.approx(old * share if own == head else old, rel=1e-5)


# What is compared with gold annotation


def test_labelled_tags(trained, mini_examples):
    examples = mini_examples(trained, n=6)
    pipe = trained.get_pipe("seqtag_ner")
    for example in examples:
        example.predicted = trained.get_pipe("transformer")(example.predicted)
    probs, gold = pipe.labelled_scores(examples)["tags"]
    expected = np.concatenate(pipe.predict([eg.predicted for eg in examples]))
    np.testing.assert_array_equal(probs, expected)
    tags = [pipe.classes[k] for k in gold]
    assert tags == [
        "O" if token.ent_iob_ == "O" else f"{token.ent_iob_}-{token.ent_type_}"
        for eg in examples
        for token in eg.reference
    ]


def test_labels_that_a_component_does_not_know_are_beyond_its_classes(trained):
    words = ["Ann", "sang", "Bo"]
    spare = spare_label("seqtag_pos", trained.get_pipe("seqtag_pos").labels)
    gold = Doc(trained.vocab, words=words, ents=["B-NEW", "O", "B-PER"], pos=[spare, "", "PROPN"])
    example = Example(trained.get_pipe("transformer")(Doc(trained.vocab, words=words)), gold)
    known = {}
    for name in ("seqtag_pos", "seqtag_ner"):
        pipe = trained.get_pipe(name)
        known[name] = pipe.labels
        probs, classes = pipe.labelled_scores([example])["tags"]
        assert probs.shape == (3, len(pipe.classes))
        assert classes[0] >= len(pipe.classes)
        assert pipe.labels == known[name]
    assert pipe.classes[classes[2]] == "B-PER"
    (_, tags) = trained.get_pipe("seqtag_pos").labelled_scores([example])["tags"]
    assert tags[1] == MISSING


def test_which_entities_are_right(trained):
    pipe = trained.get_pipe("seqtag_ner")
    words = ["a", "b", "c", "d", "e", "f"]
    gold = Doc(trained.vocab, words=words)
    gold.set_ents([Span(gold, 0, 2, "PER"), Span(gold, 3, 4, "LOC")], missing=[gold[5:6]])
    doc = Doc(trained.vocab, words=words)
    spans = [(0, 2, "PER"), (2, 3, "PER"), (3, 4, "ORG"), (4, 5, "LOC"), (5, 6, "LOC")]
    doc.set_ents([Span(doc, *span) for span in spans])
    for i, ent in enumerate(doc.ents[:3]):
        ent._.confidence = 0.5 + i / 10
    doc.ents[4]._.confidence = 0.9  # where gold is missing; another has no confidence
    found = pipe.span_confidences([Example(doc, gold)])
    assert found == {"ents": (pytest.approx([0.5, 0.6, 0.7]), [True, False, False])}
    pipe.cfg["confidence"] = None
    assert pipe.span_confidences([Example(doc, gold)]) == {"ents": ([], [])}


def test_which_arguments_are_right():
    nlp, pipe = make_pipe()
    text = "a gave b c sold d"
    frames = {1: [(0, 1, "ARG0", 0.9), (2, 3, "ARG1", 0.8)], 4: [(3, 4, "ARG0", 0.7)]}
    gold, doc = sents(nlp.vocab, text), sents(nlp.vocab, text)
    pipe.set_annotations([gold], scores_of(pipe, [gold], [{1: [(0, 1, "ARG0", 0.9)]}]))
    pipe.set_annotations([doc], scores_of(pipe, [doc], [frames]))
    assert len(written_roles([doc])[0]) == 4
    found = pipe.span_confidences([Example(doc, gold)])
    # A predicate has 0.8 there.
    assert found["srl"] == (pytest.approx([0.72, 0.64, 0.56]), [True, False, False])
    assert found["srl_given"] == (pytest.approx([0.9, 0.8]), [True, False])
    missing = sents(nlp.vocab, text)
    assert pipe.span_confidences([Example(doc, missing)])["srl"] == ([], [])


def test_gold_predicates_are_what_roles_are_compared_for():
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "a gave b")
    pipe.set_annotations([gold], scores_of(pipe, [gold], [{1: [(0, 1, "ARG0", 0.9)]}]))
    example = Example(sents(nlp.vocab, "a gave b"), gold)
    scores = scores_of(pipe, [gold], [{1: []}])
    asked = []

    class Untrained:
        ops = pipe.model.ops

        def predict(self, inputs):
            docs, choose = inputs
            asked.append(choose(docs, None))
            return scores

    found = labelled_pairs(Untrained(), [example], pipe.gold_pairs([example]))
    assert asked[0].predicates.tolist() == pairs_of(pipe, [gold], [[1]]).predicates.tolist() == [1]
    assert found["predicates"][1].tolist() == [0, 1, 0]
    tags = [pipe.classes[k] for k in found["roles"][1]]
    assert tags == ["B-ARG0", "O", "O"]
