"""Semantic roles: what is decoded, written, learned, saved."""

import pickle

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_seqtag.frames import GROUPS, get_frames, problems, propositions, set_propositions
from spacy_seqtag.models.role_tagger import RoleScores
from spacy_seqtag.pipeline.srl.component import _align, _continue_after
from spacy_seqtag.schemes import bio
from spacy_seqtag.schemes.propositions import Argument, Proposition
from spacy_seqtag.schemes.rolesets import RolesetLexicon

ROLES = ("ARG0", "ARG1", "ARGM-TMP", "C-ARG1", "C-V", "R-ARG0")


def make_pipe(rolesets=(("gave", "give.01"), ("sold", "sell.01")), **config):
    """A component with labels; probabilities are made up, so no encoder is needed."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("seqtag_srl", config=config)
    for role in ROLES:
        pipe.add_label(role)
    pipe.lexicon = RolesetLexicon.from_pairs(rolesets)
    return nlp, pipe


def scores_of(pipe, docs, frames):
    """Scores in which these predicates and these arguments of theirs are likely.

    frames: a dict a Doc, from predicate to a list of (start, end, role, probability).
    """
    at = [np.asarray(sorted(own), dtype=int) for own in frames]
    pairs = pipe._pairs(zip(docs, at, strict=True))
    n_tags = len(pipe.classes)
    predicates = np.tile(np.asarray([[0.9, 0.1]], dtype="f"), (sum(map(len, docs)), 1))
    predicates[pairs.predicates] = [0.2, 0.8]
    there = pairs.rolesets >= 0
    rolesets = np.where(there, 1 / np.maximum(there.sum(1, keepdims=True), 1), 0)
    roles = np.zeros((int(pairs.lengths.sum()), n_tags), dtype="f")
    roles[:, 0] = 1.0
    offset = row = 0
    first = 0
    for doc, own in zip(docs, frames, strict=True):
        for predicate in sorted(own):
            for start, end, role, p in own[predicate]:
                for i in range(start, end):
                    tag = 2 * ROLES.index(role) + (1 if i == start else 2)
                    cell = first + offset + i - int(pairs.starts[row])
                    roles[cell, 0] = 1 - p
                    roles[cell, tag] = p
            first += int(pairs.lengths[row])
            row += 1
        offset += len(doc)
    return RoleScores(predicates, rolesets.astype("f"), roles, pairs)


def sents(vocab, *sentences):
    words = [word for sentence in sentences for word in sentence.split()]
    starts = [i == 0 for sentence in sentences for i in range(len(sentence.split()))]
    return Doc(vocab, words=words, sent_starts=starts)


def written(docs):
    """The spans of the Docs, and their scores in one list."""
    groups = [doc.spans[name] for doc in docs for name in GROUPS]
    spans = [[(s.start, s.end, s.label_, s.id_) for s in group] for group in groups]
    lists = [group.attrs.get(k, ()) for group in groups for k in ("scores", "roleset_scores")]
    return spans, [score for scores in lists for score in scores]


# Decoding


def test_writes_spans_with_scores():
    nlp, pipe = make_pipe()
    docs = [nlp.make_doc(""), sents(nlp.vocab, "It rained .", "She gave it up today .")]
    gave = [(3, 4, "ARG0", 0.9), (5, 6, "ARG1", 0.8), (6, 7, "C-V", 0.9), (7, 8, "ARGM-TMP", 0.7)]
    pipe.set_annotations(docs, scores_of(pipe, docs, [{}, {4: gave}]))
    assert get_frames(docs[0]) == []
    (frame,) = docs[1]._.frames
    assert frame.roleset == "give.01"
    assert [(a.text, a.label_, a.id_) for a in frame.arguments] == [
        ("She", "ARG0", "+1"),
        ("it", "ARG1", "-1"),
        ("today", "ARGM-TMP", "-3"),
    ]
    assert [part.text for part in frame.parts] == ["up"]
    assert frame.confidence == pytest.approx(0.8)
    assert frame.roleset_confidence == pytest.approx(1.0)
    # Each of these spans ends where the next tag is not its own I-.
    assert frame.argument_confidences == pytest.approx((0.9, 0.8, 0.7))
    assert docs[1].spans["srl"].attrs["scores"] == pytest.approx([0.9, 0.8, 0.7])
    assert [span.text for span in docs[1].spans["srl_annotated"]] == [
        "It rained .",
        "She gave it up today .",
    ]
    assert list(problems(docs[1])) == []


def test_pairs_stay_in_the_sentence_and_in_reach():
    nlp, pipe = make_pipe(max_distance=3)
    doc = sents(nlp.vocab, "a b c d e f g h", "i j")
    pairs = pipe._pairs([(nlp.make_doc("x y"), np.asarray([1])), (doc, np.asarray([0, 5, 9]))])
    assert pairs.predicates.tolist() == [1, 2, 7, 11]
    assert pairs.starts.tolist() == [0, 2, 4, 10]
    assert pairs.ends.tolist() == [2, 6, 10, 12]


def test_unknown_boundaries_are_bounded_by_distance():
    nlp, pipe = make_pipe(max_distance=2)
    pairs = pipe._pairs([(nlp.make_doc("a b c d e f g"), np.asarray([3]))])
    assert (pairs.starts.tolist(), pairs.ends.tolist()) == ([1], [6])


def test_an_argument_never_covers_its_predicate():
    nlp, pipe = make_pipe()
    docs = [sents(nlp.vocab, "a gave b")]
    pipe.set_annotations(docs, scores_of(pipe, docs, [{1: [(0, 3, "ARG0", 0.9)]}]))
    spans = [(a.start, a.end) for a in docs[0]._.frames[0].arguments]
    assert all(not start <= 1 < end for start, end in spans)
    assert list(problems(docs[0])) == []


@pytest.mark.parametrize("unique", [True, False])
def test_core_roles_are_unique(unique):
    nlp, pipe = make_pipe(unique_core_roles=unique)
    docs = [sents(nlp.vocab, "a gave b c d e")]
    found = [(0, 1, "ARG0", 0.7), (2, 3, "ARG0", 0.9), (3, 4, "ARGM-TMP", 0.9)]
    found += [(5, 6, "ARGM-TMP", 0.8)]
    pipe.set_annotations(docs, scores_of(pipe, docs, [{1: found}]))
    expected = [(s, role) for s, _, role, p in found if not unique or (s, role) != (0, "ARG0")]
    assert [(a.start, a.label_) for a in docs[0]._.frames[0].arguments] == expected


def test_core_roles_are_unique_for_each_predicate():
    nlp, pipe = make_pipe()
    docs = [sents(nlp.vocab, "a gave b sold c")]
    frames = {1: [(0, 1, "ARG0", 0.9)], 3: [(0, 1, "ARG0", 0.6), (2, 3, "ARG0", 0.55)]}
    pipe.set_annotations(docs, scores_of(pipe, docs, [frames]))
    assert [[a.start for a in frame.arguments] for frame in docs[0]._.frames] == [[0], [0]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # The continuation of a dropped argument goes with it, and not to another one.
        ("ARG1:.9 ARG1:.55 C-ARG1:.6", "0 ARG1"),
        ("ARG1:.55 C-ARG1:.6 ARG1:.9", "4 ARG1"),
        ("ARG1:.9 C-ARG1:.6 ARG1:.55", "0 ARG1, 2 C-ARG1"),
    ],
)
def test_continuations_go_with_what_they_continue(given, expected):
    nlp, pipe = make_pipe()
    docs = [sents(nlp.vocab, "a b c d e gave")]
    found = [
        (2 * i, 2 * i + 1, role, float(p))
        for i, (role, p) in enumerate(span.split(":") for span in given.split())
    ]
    pipe.set_annotations(docs, scores_of(pipe, docs, [{5: found}]))
    (frame,) = docs[0]._.frames
    assert ", ".join(f"{a.start} {a.label_}" for a in frame.arguments) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ARG1 C-ARG1", "ARG1 C-ARG1"),
        ("C-ARG1", "ARG1"),
        ("C-ARG1 ARG1", "ARG1 C-ARG1"),
        ("C-ARG1 C-ARG1", "ARG1 C-ARG1"),
        ("ARG0 C-ARG1 C-V", "ARG0 ARG1 C-V"),
        ("C-V", "C-V"),
    ],
)
def test_what_continues_follows(before, after):
    found = [(Argument(i, i + 1, role), 0.5) for i, role in enumerate(before.split())]
    assert [argument.role for argument, _ in _continue_after(found)] == after.split()


def test_existing_predicates_are_used_where_asked():
    words = "She gave it and sold it"
    nlp, pipe = make_pipe(use_existing_predicates=True)
    doc = sents(nlp.vocab, words)
    given = [Proposition(1, "V", [], []), Proposition(4, "sell.99", [], [])]
    set_propositions(doc, given, annotated=[(0, 6)])
    pairs = pipe._choose_pairs([doc], np.zeros(6, dtype="f"))
    assert pairs.predicates.tolist() == [1, 4]
    pipe.set_annotations([doc], scores_of(pipe, [doc], [{1: [], 4: []}]))
    # An unknown roleset is found, a known one kept.
    assert [frame.roleset for frame in doc._.frames] == ["give.01", "sell.99"]
    assert [frame.confidence for frame in doc._.frames] == [1.0, 1.0]
    _, pipe = make_pipe()
    assert pipe._choose_pairs([doc], np.zeros(6, dtype="f")).predicates.tolist() == []


UNSEEN = "She flew , met him , ate and googled it"


def annotate_rolesets(nlp, pipe, doc, at):
    """Frames at these tokens, of any roleset that the lexicon allows."""
    pipe.set_annotations([doc], scores_of(pipe, [doc], [{i: [] for i in at}]))
    return doc._.frames


def test_a_guessed_roleset_says_that_it_is_one():
    nlp, pipe = make_pipe(())
    pipe.lexicon = RolesetLexicon.from_pairs([("gave", "give.01"), ("grew", "flow.01")], "en")
    frames = annotate_rolesets(nlp, pipe, sents(nlp.vocab, UNSEEN + " , gave"), (1, 3, 6, 8, 11))
    assert [frame.roleset for frame in frames] == [
        *("fly.01", "meet.01", "eat.01", "google.01", "give.01")
    ]
    assert [frame.roleset_known for frame in frames] == [False] * 4 + [True]
    assert [frame.to_dict()["roleset_known"] for frame in frames] == [False] * 4 + [True]
    share = pipe.lexicon.guess_right["new"]
    assert [frame.roleset_confidence for frame in frames] == pytest.approx([share] * 4 + [1.0])


def test_a_roleset_of_a_guessed_frame_file_is_known_and_less_certain():
    nlp, pipe = make_pipe(())
    seen = [("gave", "give.01"), ("given", "give_up.07"), ("sold", "sell.01")]
    pipe.lexicon = RolesetLexicon.from_pairs(seen, "en")
    (frame,) = annotate_rolesets(nlp, pipe, sents(nlp.vocab, "She gives it"), (1,))
    assert (frame.roleset, frame.roleset_known) == ("give.01", True)
    share = pipe.lexicon.guess_right["known"]
    assert frame.roleset_confidence == pytest.approx(0.5 * share)  # of two rolesets


def test_the_lemma_of_another_component_is_used():
    nlp, pipe = make_pipe((("flow", "flow.01"), ("grew", "grow.01"), ("knew", "know.01")))
    doc = sents(nlp.vocab, "She flew")
    assert [frame.roleset for frame in annotate_rolesets(nlp, pipe, doc, (1,))] == ["flow.01"]
    doc[1].lemma_ = "fly"
    (frame,) = annotate_rolesets(nlp, pipe, doc, (1,))
    assert (frame.roleset, frame.roleset_known) == ("fly.01", False)


def test_a_guess_stays_one_on_the_way():
    nlp, pipe = make_pipe()
    doc = sents(nlp.vocab, "They left", "She gave it and flew")
    annotate_rolesets(nlp, pipe, doc, (3, 6))
    bytes_ = DocBin(docs=[doc]).to_bytes()
    travelled = [
        *DocBin().from_bytes(bytes_).get_docs(nlp.vocab),
        Doc(nlp.vocab).from_bytes(doc.to_bytes()),
        doc.copy(),
        doc[2:7]._.as_doc(),
    ]
    for again in (doc, *travelled):
        assert [frame.roleset_known for frame in again._.frames] == [True, False]
    # Given to the component as a predicate, it becomes no surer.
    _, pipe = make_pipe(use_existing_predicates=True)
    annotate_rolesets(nlp, pipe, doc, (3, 6))
    assert [frame.roleset_known for frame in doc._.frames] == [True, False]


def test_rolesets_of_the_corpus_are_known_but_for_v():
    nlp = spacy.blank("en")
    doc = sents(nlp.vocab, "She gave it and flew")
    props = [Proposition(1, "give.01", [], []), Proposition(4, "V", [], [])]
    set_propositions(doc, props, annotated=[(0, 5)])
    assert [frame.roleset_known for frame in doc._.frames] == [True, False]


@pytest.mark.parametrize("max_pairs", [1, 11, 40])
def test_decoding_in_runs_says_the_same(monkeypatch, max_pairs):
    nlp, pipe = make_pipe(max_distance=7)
    generator = np.random.default_rng(max_pairs)
    docs = []
    for lengths in ([4, 12], [], [1], [9, 3, 20], [6]):
        words = generator.choice(["gave", "it", "\n", "sold"], sum(lengths)).tolist()
        starts = [i == 0 for n in lengths for i in range(n)]
        docs.append(Doc(nlp.vocab, words=words, sent_starts=starts))
    chosen = [np.flatnonzero(generator.random(len(doc)) < 0.5) for doc in docs]
    pairs = pipe._pairs(zip(docs, chosen, strict=True))
    # Peaked, but often against the rules of BIO, so that there is something to search.
    roles = generator.dirichlet(np.full(len(pipe.classes), 0.1), int(pairs.lengths.sum()))
    predicates = generator.dirichlet([1, 1], sum(map(len, docs)))
    rolesets = np.where(pairs.rolesets >= 0, generator.random(pairs.rolesets.shape), 0)
    scores = RoleScores(*(x.astype("f") for x in (predicates, rolesets, roles)), pairs)
    pipe.set_annotations(docs, scores)
    expected, expected_scores = written(docs)
    assert sum(len(doc.spans["srl"]) for doc in docs) > 30
    decode, decoded = bio.decode_viterbi, []

    def recorded(probs, *args):
        decoded.append(len(probs))
        return decode(probs, *args)

    monkeypatch.setattr(bio, "decode_viterbi", recorded)
    pipe.model.attrs["max_pairs"] = max_pairs
    pipe.set_annotations(docs, scores)
    assert sum(decoded) == len(roles)
    assert max(decoded) <= max(max_pairs, pairs.lengths.max())
    assert len(decoded) > 1
    found, found_scores = written(docs)
    assert found == expected
    np.testing.assert_allclose(found_scores, expected_scores, rtol=1e-9)


# Gold annotation on other tokens


def test_gold_on_other_tokens():
    vocab = spacy.blank("en").vocab
    gold = Doc(vocab, words=["I", "can", "not", "see", "it", "now"])
    prop = Proposition(
        3,
        "see.01",
        [Argument(0, 1, "ARG0"), Argument(2, 3, "ARGM-NEG"), Argument(4, 6, "ARG1")],
        [],
    )
    set_propositions(gold, [prop], annotated=[(0, 6)])
    predicted = Doc(
        vocab,
        words=["I", "cannot", "see", "it", "now"],
        spaces=[True, False, True, True, False],
    )
    is_predicate, (aligned,) = _align(Example(predicted, gold))
    assert is_predicate.tolist() == [0, 0, 1, 0, 0]
    assert aligned.predicate == 2
    # "not" is no token of its own: its role is missing, not wrong.
    assert aligned.arguments == [(0, 1, "ARG0"), (1, 2, ""), (3, 5, "ARG1")]
    predicted = Doc(vocab, words=["I", "can", "notsee", "it", "now"])
    is_predicate, aligned = _align(Example(predicted, gold))
    assert is_predicate.tolist() == [0, 0, -1, 0, 0]
    assert aligned == []


def test_missing_annotation_is_missing():
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "She gave it .", "He sold it .")
    prop = Proposition(1, "give.01", [Argument(0, 1, "ARG0")], [])
    set_propositions(gold, [prop], annotated=[(0, 4)])
    example = Example(sents(nlp.vocab, "She gave it .", "He sold it ."), gold)
    result = pipe._gold_pairs([example])
    assert result.is_predicate.tolist() == [0, 1, 0, 0, -1, -1, -1, -1]
    assert result.role.tolist() == [1, 0, 0, 0]
    plain = Example(example.predicted, sents(nlp.vocab, "She gave it .", "He sold it ."))
    result = pipe._gold_pairs([plain])
    assert set(result.is_predicate.tolist()) == {-1}
    assert len(result.role) == len(result.roleset) == 0


def test_unknown_role_is_an_error():
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "She gave it .")
    set_propositions(
        gold, [Proposition(1, "give.01", [Argument(0, 1, "ARG9")], [])], annotated=[(0, 4)]
    )
    with pytest.raises(ValueError, match=r"ARG9.*not among"):
        pipe._gold_pairs([Example(sents(nlp.vocab, "She gave it ."), gold)])


def test_an_argument_without_a_predicate_is_an_error():
    """As spaCy's augmenters leave it: they keep labels and drop ids."""
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "She gave it .")
    gold.spans["predicates"] = [Span(gold, 1, 2, label="give.01")]
    gold.spans["srl"] = [Span(gold, 0, 1, label="ARG0")]
    with pytest.raises(ValueError, match=r"no predicate.*'She'.*ARG0"):
        pipe._gold_pairs([Example(sents(nlp.vocab, "She gave it ."), gold)])


# Training and saving


def test_roles_weigh_as_much_as_one_task_that_labels_every_word():
    forms = {"gave": ("give.01", "give.02"), "sold": ("sell.01", "sell.02")}
    nlp, pipe = make_pipe([(form, roleset) for form in forms for roleset in forms[form]])
    examples = []
    # The second sentence has no layer: its words do not count.
    for end, props in (
        (8, [(1, "give.01", [(0, 1)]), (4, "sell.01", []), (6, "V", [(7, 8)])]),
        (8, []),
        (0, []),
    ):
        gold = sents(nlp.vocab, "She gave it and sold what gave it", "He sold it .")
        props = [
            Proposition(p, r, [Argument(*a, "ARG0") for a in args], []) for p, r, args in props
        ]
        set_propositions(gold, props, annotated=[(0, end)] if end else [])
        examples.append(Example(sents(nlp.vocab, *(str(s) for s in gold.sents)), gold))

    def at_random(examples):
        """The loss and its gradient where all classes are equally probable."""
        gold = pipe._gold_pairs(examples)
        shapes = (len(gold.is_predicate), 2), gold.rolesets.shape, (len(gold.role), n_classes)
        return pipe.get_loss(
            examples, RoleScores(*(np.full(s, 1 / max(1, s[1]), "f") for s in shapes), gold)
        )

    n_classes = len(pipe.classes)
    loss, gradient = at_random(examples)
    assert loss == pytest.approx(2 * np.log(2) + np.log(n_classes))
    # Each label pulls its class up by as much as it pushes the others down.
    assert len(gradient.roles) == 3 * 8
    assert np.abs(gradient.roles).sum() == pytest.approx(16 * 2 * (1 - 1 / n_classes))
    assert np.abs(gradient.predicates).sum() == pytest.approx(16 * 2 * (1 - 1 / 2))
    loss, gradient = at_random(examples[1:])
    assert loss == pytest.approx(np.log(2))
    assert gradient.roles.shape == (0, n_classes)


@pytest.fixture(scope="module")
def gold_examples(mini_docs):
    """Function to the first n sentences as Examples with gold words and boundaries."""

    def examples(nlp, n=20):
        result = []
        for gold in mini_docs(nlp.vocab, "train", n):
            words, starts = [t.text for t in gold], [t.is_sent_start for t in gold]
            result.append(Example(Doc(nlp.vocab, words=words, sent_starts=starts), gold))
        return result

    return examples


@pytest.fixture(scope="module")
def learned_path(tmp_path_factory, tiny_bert, make_nlp, gold_examples, train):
    """Folder of a pipeline that has learned the roles of 20 sentences."""
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = gold_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 150)
    path = tmp_path_factory.mktemp("srl")
    nlp.to_disk(path)
    return path


@pytest.fixture
def learned(learned_path):
    """A fresh copy of that pipeline."""
    return spacy.load(learned_path)


def test_learns_its_sentences(learned, gold_examples):
    scores = learned.evaluate(gold_examples(learned))
    assert scores["predicates_f"] > 0.99
    assert scores["srl_f"] > 0.9
    assert scores["roleset_acc"] > 0.99


def frames_of(docs):
    return [[frame.to_dict() for frame in doc._.frames] for doc in docs]


def test_saved_pipeline_says_the_same(learned, gold_examples, tmp_path):
    docs = [eg.predicted for eg in gold_examples(learned)]
    expected = frames_of(learned.pipe(doc.copy() for doc in docs))
    assert sum(map(len, expected)) > 20
    learned.to_disk(tmp_path / "again")
    again = spacy.load(tmp_path / "again")
    assert frames_of(again.pipe(doc.copy() for doc in docs)) == expected
    blank = spacy.blank("en").from_config(learned.config)
    blank.from_bytes(learned.to_bytes())
    assert frames_of(blank.pipe(doc.copy() for doc in docs)) == expected


def test_pickled_and_in_two_processes(learned, gold_examples):
    docs = [eg.predicted for eg in gold_examples(learned)]
    expected = frames_of(learned.pipe(doc.copy() for doc in docs))
    again = pickle.loads(pickle.dumps(learned))
    assert frames_of(again.pipe(doc.copy() for doc in docs)) == expected
    texts = [doc.text for doc in docs[:6]]
    # The same batches: in bfloat16 other padding is other rounding.
    expected = frames_of(learned.pipe(texts, batch_size=3))
    assert frames_of(learned.pipe(texts, n_process=2, batch_size=3)) == expected


def test_many_batches_say_the_same_as_one(learned, gold_examples):
    docs = [eg.predicted for eg in gold_examples(learned)]
    pipe = learned.get_pipe("seqtag_srl")
    encoded = list(learned.get_pipe("transformer").pipe(docs))
    whole = pipe.predict(encoded)
    pipe.model.attrs["max_pairs"] = 7
    parts = pipe.predict(encoded)
    np.testing.assert_allclose(parts.roles, whole.roles, atol=0.02)  # bfloat16, other padding
    assert parts.pairs.predicates.tolist() == whole.pairs.predicates.tolist()


def test_empty_docs_and_docs_without_predicates(learned):
    docs = list(learned.pipe(["", " \n ", "", "The Berlin State Opera opened its season."]))
    assert [len(doc.spans["predicates"]) for doc in docs[:3]] == [0, 0, 0]
    assert all("srl" in doc.spans for doc in docs)
    assert get_frames(learned("")) == []


def test_empty_examples_train(learned, gold_examples):
    sgd = learned.resume_training()
    empty = Example(learned.make_doc(""), learned.make_doc(""))
    losses = learned.update([empty, *gold_examples(learned, 2)], sgd=sgd, losses={})
    assert np.isfinite(losses["seqtag_srl"])
    assert learned.update([empty], sgd=sgd, losses={})["seqtag_srl"] == 0.0


def test_no_gradient_from_missing_annotation(learned, gold_examples):
    pipe = learned.get_pipe("seqtag_srl")
    examples = gold_examples(learned, 3)
    for example in examples:
        for group in list(example.reference.spans):
            del example.reference.spans[group]
    list(learned.get_pipe("transformer").pipe([eg.predicted for eg in examples]))
    scores, _ = pipe.begin_update(examples)
    loss, gradient = pipe.get_loss(examples, scores)
    assert loss == 0.0
    assert not np.asarray(gradient.predicates).any()
    assert len(gradient.roles) == len(gradient.rolesets) == 0


def test_labels_can_be_given(make_nlp, tiny_bert, gold_examples, learned):
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = gold_examples(nlp)
    data = learned.get_pipe("seqtag_srl").label_data
    nlp.config["initialize"]["components"] = {"seqtag_srl": {"labels": data}}
    nlp.initialize(lambda: examples)
    assert nlp.get_pipe("seqtag_srl").label_data == data


def test_no_annotation_is_an_error(make_nlp, tiny_bert):
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    example = Example(nlp.make_doc("She gave it"), nlp.make_doc("She gave it"))
    with pytest.raises(ValueError, match="no semantic roles"):
        nlp.initialize(lambda: [example])


def test_add_label_grows_and_keeps(learned, gold_examples):
    docs = [eg.predicted for eg in gold_examples(learned, 5)]
    before = [propositions(doc) for doc in learned.pipe(doc.copy() for doc in docs)]
    pipe = learned.get_pipe("seqtag_srl")
    assert pipe.add_label("ARGM-NEW") == 1
    assert [propositions(doc) for doc in learned.pipe(doc.copy() for doc in docs)] == before
    learned.update(gold_examples(learned, 2), sgd=learned.resume_training())


def test_own_encoder_in_place_of_a_listener(learned, gold_examples):
    docs = [eg.predicted for eg in gold_examples(learned, 5)]
    before = frames_of(learned.pipe(doc.copy() for doc in docs))
    learned.replace_listeners("transformer", "seqtag_srl", ["model.tok2vec"])
    learned.remove_pipe("transformer")
    after = list(learned.pipe(doc.copy() for doc in docs))
    assert [[f["predicate"]["text"] for f in fs] for fs in frames_of(after)] == [
        [f["predicate"]["text"] for f in fs] for fs in before
    ]


def test_own_encoder_is_saved(learned, gold_examples, tmp_path):
    def annotate(nlp):
        return written(list(nlp.pipe(eg.predicted for eg in gold_examples(nlp))))

    spans, scores = annotate(learned)
    assert len(scores) > 100
    expected = learned.evaluate(gold_examples(learned))
    learned.replace_listeners("transformer", "seqtag_srl", ["model.tok2vec"])
    own_spans, own_scores = annotate(learned)
    assert own_spans == spans
    np.testing.assert_allclose(own_scores, scores, atol=0.02)  # bfloat16
    learned.remove_pipe("transformer")  # nothing of it may be needed
    learned.to_disk(tmp_path / "own")
    again = spacy.load(tmp_path / "own")
    assert again.pipe_names == ["seqtag_srl"]
    assert annotate(again) == (own_spans, own_scores)
    found = again.evaluate(gold_examples(again))
    for key in ("srl_f", "srl_per_type", "predicates_f", "roleset_acc"):
        assert found[key] == expected[key]


ROLE_LAYERS = {"roleset_layer", "role_context", "output_layer"}


def weights(nlp):
    """Copies of the weights by part of the pipeline."""
    model = nlp.get_pipe("seqtag_srl").model
    modules = {
        "encoder": nlp.get_pipe("transformer").model.transformer,
        "role_context": model.get_ref("role_context").shims[0]._model,
    }
    result = {k: [p.detach().numpy().copy() for p in m.parameters()] for k, m in modules.items()}
    for name in ("predicate_layer", "roleset_layer", "output_layer"):
        layer = model.get_ref(name)
        result[name] = [layer.get_param(param).copy() for param in layer.param_names]
    return result


def moved(before, after):
    """The parts whose weights are not what they were; they have to be finite."""
    assert all(np.isfinite(x).all() for part in after.values() for x in part)
    return {
        name
        for name in before
        if any(not np.array_equal(x, y) for x, y in zip(before[name], after[name], strict=True))
    }


@pytest.fixture
def ambiguous(tiny_bert, make_nlp, gold_examples):
    """A pipeline, not trained, and examples in which a predicate has one of two rolesets."""
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = gold_examples(nlp, 5)
    for example in gold_examples(nlp, 5):
        props = propositions(example.reference)
        others = [p._replace(roleset=p.roleset.split(".")[0] + ".99") for p in props]
        set_propositions(example.reference, others, annotated=[(0, len(example.reference))])
        examples.append(example)
    nlp.initialize(lambda: examples)
    return nlp, examples


# spaCy finishes the transformer's update before the components after it send their gradients, so
# that it learns with the next step. The output layers begin at zero and learn first, too.
N_STEPS = 3


def test_frozen_encoder(ambiguous, train):
    nlp, examples = ambiguous
    before = weights(nlp)
    kwargs = {"exclude": ["transformer"], "annotates": ["transformer"]}
    first = nlp.update(examples, sgd=False, losses={}, **kwargs)
    last = train(nlp, examples, N_STEPS, **kwargs)
    assert last["seqtag_srl"] < first["seqtag_srl"]
    assert moved(before, weights(nlp)) == {"predicate_layer", *ROLE_LAYERS}
    # What was frozen is not what stands still anyway.
    before = weights(nlp)
    train(nlp, examples, N_STEPS)
    assert moved(before, weights(nlp)) == {"encoder", "predicate_layer", *ROLE_LAYERS}


@pytest.mark.parametrize("annotated", [True, False])
def test_batches_without_predicates(learned, gold_examples, train, annotated):
    examples = gold_examples(learned, 3)
    for example in examples:
        gold = example.reference
        set_propositions(gold, [], annotated=[(0, len(gold))] if annotated else [])
    before = weights(learned)
    loss = learned.update(examples, sgd=False, losses={})["seqtag_srl"]
    train(learned, examples, N_STEPS)
    if annotated:
        assert np.isfinite(loss)
        assert loss > 0
        assert moved(before, weights(learned)) == {"encoder", "predicate_layer"}
    else:
        assert loss == 0.0
        assert moved(before, weights(learned)) == set()


@pytest.mark.parametrize(
    ("architecture", "seen"),
    [
        ("spacy_seqtag.TransformerModel.v1", True),
        # The words at the end of the window have no wordpieces, and vectors of zeros.
        ("spacy-transformers.TransformerModel.v3", False),
    ],
)
def test_a_window_of_more_wordpieces_than_the_encoder_reads(tiny_bert, train, architecture, seen):
    nlp = spacy.blank("en")
    strides = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 128}
    model = {"@architectures": architecture, "name": tiny_bert, "get_spans": strides}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("seqtag_srl", config={"use_existing_predicates": True})
    words = ["She", "gave", "it", *["incomprehensibilities"] * 110, "who", "sold", "it"]
    n_words = len(words)
    props = [
        Proposition(1, "give.01", [Argument(0, 1, "ARG0")], []),
        Proposition(n_words - 2, "sell.01", [Argument(n_words - 1, n_words, "ARG1")], []),
    ]
    doc, gold = Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)
    for target in (doc, gold):
        set_propositions(target, props, annotated=[(0, n_words)])
    example = Example(doc, gold)
    nlp.initialize(lambda: [example])
    before = weights(nlp)
    first = nlp.update([example], sgd=False, losses={})
    last = train(nlp, [example], 5)
    assert last["seqtag_srl"] < first["seqtag_srl"]
    # The one roleset of a word is no choice to learn.
    changed = {"encoder", "predicate_layer", "role_context", "output_layer"}
    assert moved(before, weights(nlp)) == changed
    doc = nlp(doc)
    n_wordpieces = doc._.trf_data.align.lengths
    assert n_wordpieces[:3].all()
    assert n_wordpieces[-3:].astype(bool).tolist() == 3 * [seen]
    assert [frame.predicate.text for frame in doc._.frames] == ["gave", "sold"]
    assert list(problems(doc)) == []
    _, scores = written([doc])
    assert scores
    assert all(0.0 <= score <= 1.0 for score in scores)
