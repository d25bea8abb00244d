"""Semantic roles: what is paired, decoded and written for given probabilities."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_seqtag.frames import get_frames, problems, set_propositions
from spacy_seqtag.models.role_pairs import RoleScores
from spacy_seqtag.pipeline.srl.decode import ScoredArgument, order_continuations
from spacy_seqtag.schemes import bio
from spacy_seqtag.schemes.propositions import Argument, Proposition
from spacy_seqtag.schemes.rolesets import RolesetLexicon

from .made import make_pipe, pairs_of, scores_of, sents, written


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
    pairs = pairs_of(pipe, [nlp.make_doc("x y"), doc], [[1], [0, 5, 9]])
    assert pairs.predicates.tolist() == [1, 2, 7, 11]
    assert pairs.starts.tolist() == [0, 2, 4, 10]
    assert pairs.ends.tolist() == [2, 6, 10, 12]


def test_unknown_boundaries_are_bounded_by_distance():
    nlp, pipe = make_pipe(max_distance=2)
    pairs = pairs_of(pipe, [nlp.make_doc("a b c d e f g")], [[3]])
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
        # Likewise by the names that other corpora use, and in a corpus that mixes them.
        ("A1:.9 A1:.55 C-A1:.6", "0 A1"),
        ("A1:.9 C-A1:.6 A1:.55", "0 A1, 2 C-A1"),
        ("ARG1:.9 A1:.55 C-A1:.6", "0 ARG1"),
    ],
)
def test_continuations_go_with_what_they_continue(given, expected):
    nlp, pipe = make_pipe(roles=("A1", "ARG1", "C-A1", "C-ARG1"))
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
    found = [ScoredArgument(Argument(i, i + 1, role), 0.5) for i, role in enumerate(before.split())]
    assert [argument.role for argument, _ in order_continuations(found)] == after.split()


def test_existing_predicates_are_used_where_asked():
    words = "She gave it and sold it"
    nlp, pipe = make_pipe(use_existing_predicates=True)
    doc = sents(nlp.vocab, words)
    given = [Proposition(1, "V", [], []), Proposition(4, "sell.99", [], [])]
    set_propositions(doc, given, annotated=[(0, 6)])
    pairs = pipe.choose_pairs([doc], np.zeros(6, dtype="f"))
    assert pairs.predicates.tolist() == [1, 4]
    pipe.set_annotations([doc], scores_of(pipe, [doc], [{1: [], 4: []}]))
    # An unknown roleset is found, a known one kept.
    assert [frame.roleset for frame in doc._.frames] == ["give.01", "sell.99"]
    assert [frame.confidence for frame in doc._.frames] == [1.0, 1.0]
    _, pipe = make_pipe()
    assert pipe.choose_pairs([doc], np.zeros(6, dtype="f")).predicates.tolist() == []


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
    pairs = pairs_of(pipe, docs, chosen)
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
