"""From raw text to soft labels: the mean of what the teachers think, and a corpus as any other."""

from itertools import pairwise

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Adam, fix_random_seed

from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.reader import create_corpus
from spacy_seqtag.distil.annotate import annotate, distil
from spacy_seqtag.distil.raw_text import RawText, read_raw
from spacy_seqtag.distil.teachers import load_teachers, make_panels
from spacy_seqtag.frames import get_frames, problems
from spacy_seqtag.pipeline.srl.soft import role_targets
from spacy_seqtag.schemes.calibration import Curve
from spacy_seqtag.soft_labels import (
    PREDICATE_CLASSES,
    get_soft_labels,
    set_soft_labels,
    set_soft_weight,
)

from .conftest import PIPES


def columns(names):
    return {name: i for i, name in enumerate(names)}


def dense(rows, names):
    return rows.dense(columns(names), len(names))


@pytest.fixture(scope="module")
def soft_path(teacher_paths, tmp_path_factory, mini):
    """The file that both teachers made of 12 sentences."""
    folder = tmp_path_factory.mktemp("soft")
    raw = folder / "raw.txt"
    raw.write_text("".join(sent["text"] + "\n" for sent in mini["train"][:12]), "utf8")
    result = distil(teacher_paths, raw, folder / "soft.spacy", top=255)
    assert result.docs == 12
    assert result.layers == ["pos", "ents", "roles"]
    return folder / "soft.spacy"


@pytest.fixture(scope="module")
def soft_docs(soft_path):
    return list(read_docs(soft_path, Vocab()))


def test_token_layers_are_the_mean_of_the_teachers(teacher_paths, soft_docs):
    for layer, name in (("pos", "seqtag_pos"), ("ents", "seqtag_ner")):
        probs = []
        for path in teacher_paths:
            nlp = spacy.load(path)
            docs = [nlp(doc.text) for doc in soft_docs]
            probs.append(nlp.get_pipe(name).predict(docs))
            classes = list(nlp.get_pipe(name).classes)
        for i, doc in enumerate(soft_docs):
            mean = (probs[0][i] + probs[1][i]) / 2
            found = dense(get_soft_labels(doc).layers[layer], classes)
            np.testing.assert_allclose(found, mean, atol=0.02)  # classes below 0.002 are left out
            if layer == "pos":
                assert [classes[k] for k in mean.argmax(axis=1)] == [t.pos_ for t in doc]


def test_predicates_are_the_mean_of_the_teachers(teacher_paths, soft_docs):
    texts = [doc.text for doc in soft_docs]
    means = []
    for path in teacher_paths:
        nlp = spacy.load(path)
        docs = [nlp(text) for text in texts]
        means.append(np.asarray(nlp.get_pipe("seqtag_srl").predict(docs).predicates))
    mean = np.mean(means, axis=0)
    found = [
        dense(get_soft_labels(doc).layers["predicates"], PREDICATE_CLASSES) for doc in soft_docs
    ]
    np.testing.assert_allclose(np.concatenate(found), mean, atol=5e-3)
    chosen = [span.start for doc in soft_docs for span in doc.spans["predicates"]]
    ends = np.cumsum([0, *map(len, soft_docs)])
    expected = [
        i - start for start, end in pairwise(ends) for i in range(start, end) if mean[i, 1] > 0.5
    ]
    assert chosen == expected
    assert chosen


def calibrate(nlp):
    """Set temperatures and curves as if a dev corpus had led to them."""
    for name in PIPES[1:]:
        pipe = nlp.get_pipe(name)
        pipe.set_temperatures({head: 1.5 + i for i, head in enumerate(pipe.heads)})
        if pipe.curved:
            pipe.set_curve(Curve(0.7, 1.2, 0.1))


@pytest.mark.parametrize("calibrated", [False, True])
def test_one_teacher_says_what_it_says_alone(teacher_paths, tmp_path, raw, calibrated):
    change = calibrate if calibrated else lambda nlp: None
    path = saved_with(teacher_paths[0], tmp_path / "teacher", change)
    distil([path], raw, tmp_path / "soft.spacy")
    nlp = spacy.load(path)
    for doc in read_docs(tmp_path / "soft.spacy", nlp.vocab):
        own = nlp(doc.text)
        assert [t.text_with_ws for t in doc] == [t.text_with_ws for t in own]
        assert [t.is_sent_start for t in doc] == [t.is_sent_start for t in own]
        assert [t.pos_ for t in doc] == [t.pos_ for t in own]
        spans = [[(e.start, e.end, e.label_) for e in d.ents] for d in (doc, own)]
        assert spans[0] == spans[1]
        assert [e._.confidence for e in doc.ents] == pytest.approx(
            [e._.confidence for e in own.ents], abs=1e-3
        )
        frames = [
            [(f.predicate.start, [(a.label_, a.start, a.end) for a in f.arguments]) for f in found]
            for found in (get_frames(doc), get_frames(own))
        ]
        assert frames[0] == frames[1]
        for frame, other in zip(get_frames(doc), get_frames(own)):
            assert frame.confidence == pytest.approx(other.confidence, abs=1e-3)
            assert frame.argument_confidences == pytest.approx(other.argument_confidences, abs=1e-3)
            known = other.roleset_known and frame.roleset != "V"
            assert frame.roleset == (other.roleset if known else "V")
            if known:
                confidence = pytest.approx(other.roleset_confidence, abs=1e-3)
                assert frame.roleset_confidence == confidence
            elif not calibrated:
                assert not other.roleset_known or other.roleset_confidence < 0.5


def test_roles_are_the_mean_for_the_predicates_of_all(teacher_paths, soft_docs):
    """By brute force: each teacher alone is given the predicates that were found."""
    sums = []
    for path in teacher_paths:
        nlp = spacy.load(path)
        pipe = nlp.get_pipe("seqtag_srl")
        pipe.cfg["use_existing_predicates"] = True
        rows = []
        for doc in soft_docs:
            own = nlp.make_doc(doc.text)
            own.spans["predicates"] = [
                Span(own, s.start, s.end, label="V") for s in doc.spans["predicates"]
            ]
            for name in ("sentencizer", "transformer"):
                own = nlp.get_pipe(name)(own)
            rows.append(np.asarray(pipe.predict([own]).roles))
        sums.append(rows)
        classes = list(pipe.classes)
    for i, doc in enumerate(soft_docs):
        soft = get_soft_labels(doc).roles
        mean = (sums[0][i] + sums[1][i]) / 2
        assert len(soft.roles) == len(mean)
        if len(mean):
            np.testing.assert_allclose(dense(soft.roles, classes), mean, atol=0.03)


def test_the_result_is_a_corpus_as_any_other(soft_path, soft_docs):
    for doc in soft_docs:
        assert doc.has_annotation("POS")
        assert doc.has_annotation("ENT_IOB")
        assert doc.has_annotation("SENT_START")
        assert not list(problems(doc))
    assert any(doc.ents for doc in soft_docs)
    assert any(get_frames(doc) for doc in soft_docs)


def test_labels_of_a_spacy_file_are_not_read(teacher_paths, tmp_path, mini_docs):
    golds = mini_docs(Vocab(), n=4)
    bare = [
        Doc(
            d.vocab,
            [t.text for t in d],
            [bool(t.whitespace_) for t in d],
            sent_starts=[1] + [-1] * (len(d) - 1),
        )
        for d in golds
    ]
    found = []
    for name, docs in (("gold", golds), ("bare", bare)):
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
        distil(teacher_paths, tmp_path / f"{name}.spacy", tmp_path / f"{name}-soft.spacy")
        found.append(list(read_docs(tmp_path / f"{name}-soft.spacy", Vocab())))
    for gold, one, other in zip(golds, *found, strict=True):
        assert [t.text_with_ws for t in one] == [t.text_with_ws for t in gold]
        assert one.to_json() == other.to_json()
        assert one.user_data["seqtag_soft"] == other.user_data["seqtag_soft"]


def test_teachers_of_one_task_each(tmp_path, tiny_bert, make_nlp, mini_examples, train, raw):
    """Layers of all teachers, and the sentences of whoever finds them."""
    paths = []
    for pipes in (("seqtag_pos",), ("sentencizer", "seqtag_ner"), ("seqtag_srl",)):
        nlp = make_nlp(tiny_bert, pipes)
        examples = mini_examples(nlp)
        nlp.initialize(lambda examples=examples: examples)
        train(nlp, examples, 10)
        nlp.to_disk(tmp_path / pipes[-1])
        paths.append(str(tmp_path / pipes[-1]))
    result = distil(paths, raw, tmp_path / "soft.spacy")
    assert sorted(result.layers) == ["ents", "pos", "roles"]
    for doc in read_docs(tmp_path / "soft.spacy", Vocab()):
        assert doc.has_annotation("SENT_START")
        assert doc.has_annotation("POS")
        assert set(get_soft_labels(doc).layers) == {"pos", "ents", "predicates"}


def saved_with(teacher_path, folder, change):
    """Save a teacher with another pipeline, and return its folder."""
    nlp = spacy.load(teacher_path)
    change(nlp)
    nlp.to_disk(folder)
    return str(folder)


def test_a_teacher_that_finds_other_sentences(teacher_paths, tmp_path):
    """The first one's sentences hold for all."""

    def find_others(nlp):
        nlp.get_pipe("sentencizer").overwrite = True
        nlp.get_pipe("sentencizer").punct_chars = {","}

    other = saved_with(teacher_paths[1], tmp_path / "other", find_others)
    raw = tmp_path / "raw.txt"
    raw.write_text("Ann gave Bob a book , and he left it . She saw him .\n", "utf8")
    found = []
    for second in (other, teacher_paths[1]):
        distil([teacher_paths[0], second], raw, tmp_path / "soft.spacy")
        (doc,) = read_docs(tmp_path / "soft.spacy", Vocab())
        assert [sent.start for sent in doc.sents] == [0, 11]
        found.append(doc.user_data["seqtag_soft"])
    assert found[0] == found[1]
    assert get_soft_labels(doc).roles.predicates.size


def merging(before):
    def change(nlp):
        ruler = nlp.add_pipe("entity_ruler", before=before)
        ruler.add_patterns([{"label": "PER", "pattern": "Ann Lee"}])
        nlp.add_pipe("merge_entities", after="entity_ruler")

    return change


def test_teachers_that_merge_words(teacher_paths, tmp_path):
    """Refused unless all components of all teachers see the same words."""
    raw, output = tmp_path / "raw.txt", tmp_path / "soft.spacy"
    raw.write_text("Ann Lee left .\n", "utf8")
    early = saved_with(teacher_paths[1], tmp_path / "early", merging("transformer"))
    late = saved_with(teacher_paths[1], tmp_path / "late", merging("seqtag_srl"))
    for names in ([late], [teacher_paths[0], late], [teacher_paths[0], early]):
        with pytest.raises(ValueError, match="a component of this pipeline merges or splits words"):
            distil(names, raw, output)
    distil([early, teacher_paths[0]], raw, output)
    (doc,) = read_docs(output, Vocab())
    assert [t.text for t in doc] == ["Ann Lee", "left", "."]


def test_a_student_learns_what_the_teachers_think(
    soft_path, soft_docs, tiny_bert, make_nlp, mini_examples
):
    nlp = make_nlp(tiny_bert, PIPES)
    examples = list(create_corpus(soft_path)(nlp))
    nlp.initialize(lambda: examples)
    fix_random_seed(0)
    sgd = Adam(0.005, L2=0.0)
    before = nlp.update(examples, losses={}, sgd=False)
    for _ in range(100):
        losses = nlp.update(examples, sgd=sgd, losses={})
    entropies = {}
    for name, layer in (("seqtag_pos", "pos"), ("seqtag_ner", "ents")):
        classes = list(nlp.get_pipe(name).classes)
        q = np.concatenate([dense(get_soft_labels(d).layers[layer], classes) for d in soft_docs])
        entropies[name] = float(-(q * np.log(np.maximum(q, 1e-30))).sum(axis=1).mean())
        # The least that a cross-entropy can be is the entropy of its target.
        assert entropies[name] * 0.99 < losses[name] < before[name] * 0.5 + entropies[name]
    assert losses["seqtag_srl"] < before["seqtag_srl"] * 0.6
    docs = list(nlp.pipe([doc.text for doc in soft_docs]))
    same = [a.pos_ == b.pos_ for x, y in zip(docs, soft_docs) for a, b in zip(x, y)]
    assert np.mean(same) > 0.9


def test_gold_and_soft_in_one_run(soft_path, tmp_path, tiny_bert, make_nlp, mini_docs):
    nlp = make_nlp(tiny_bert, PIPES)
    gold = tmp_path / "gold.spacy"
    DocBin(docs=mini_docs(nlp.vocab, n=5), store_user_data=True).to_disk(gold)
    corpus = create_corpus(gold, soft=soft_path, soft_weight=0.5, gold_share=0.5, max_length=20)
    nlp.initialize(lambda: corpus(nlp))
    losses = nlp.update(list(corpus(nlp)), losses={})
    assert all(np.isfinite(loss) for loss in losses.values())


def test_memory_zones_leave_nothing_behind(teacher_paths, tmp_path, raw):
    """Two batches in a row are annotated as one by one."""
    teachers = load_teachers(teacher_paths)
    panels = make_panels(teachers)
    texts = list(read_raw(raw))
    together = annotate(teachers, panels, texts)
    alone = [annotate(teachers, panels, [text])[0] for text in texts]
    for one, other in zip(together, alone):
        assert [t.pos_ for t in one] == [t.pos_ for t in other]
        assert len(get_frames(one)) == len(get_frames(other))


def test_empty_lines_and_whitespace(teacher_paths):
    teachers = load_teachers(teacher_paths)
    (doc,) = annotate(teachers, make_panels(teachers), [RawText("  She  left \u2028 it .\n")])
    soft = get_soft_labels(doc)
    for rows in soft.layers.values():
        assert (rows.counts == 0).tolist() == [t.is_space for t in doc]


def test_weight_of_roles(teacher_paths, soft_path, tiny_bert, make_nlp):
    """The gradient of soft roles beside brute force, weighted by confidences and Docs' weights."""
    nlp = make_nlp(tiny_bert, PIPES)
    examples = list(create_corpus(soft_path)(nlp))
    for example in examples:
        soft = get_soft_labels(example.reference)
        soft.roles.roleset_confidences[:] = 0.625  # the teachers know one roleset of each word
        set_soft_labels(example.reference, soft)
        set_soft_weight(example.reference, 0.5)
    nlp.initialize(lambda: examples)
    list(nlp.get_pipe("transformer").pipe([eg.predicted for eg in examples]))
    pipe = nlp.get_pipe("seqtag_srl")
    scores, _ = pipe.begin_update(examples)
    loss, gradient = pipe.get_loss(examples, scores)
    classes = list(pipe.classes)
    n_tokens = sum(len(eg.predicted) for eg in examples)
    n_pairs = len(scores.roles)
    expected = np.zeros_like(np.asarray(scores.roles))
    d_predicates = np.asarray(scores.predicates).copy()
    d_rolesets = np.zeros_like(np.asarray(scores.rolesets))
    pair = row = token = 0
    total, weights = 0.0, 0.0
    roleset_weights = []
    for example in examples:
        soft = get_soft_labels(example.reference)
        shares, n = dense(soft.roles.roles, classes), 0
        for k, (start, end) in enumerate(zip(soft.roles.starts, soft.roles.ends)):
            sure = 0.5 * soft.roles.confidences[k]
            for _ in range(start, end):
                p, q = np.asarray(scores.roles)[pair], shares[n]
                expected[pair] = sure * (p - q)
                total -= sure * (q * np.log(p)).sum()
                weights += sure
                pair, n = pair + 1, n + 1
            label = example.reference.spans["predicates"][k].label_
            if label != "V":
                numbers = scores.pairs.rolesets[row].tolist()
                right = numbers.index(pipe.lexicon.rolesets.index(label))
                one_hot = np.eye(len(numbers))[right]
                roleset_weights.append(sure * 0.625)
                d_rolesets[row] = roleset_weights[-1] * (scores.rolesets[row] - one_hot)
            row += 1
        d_predicates[token : token + len(example.predicted)] -= dense(
            soft.layers["predicates"], PREDICATE_CLASSES
        )
        token += len(example.predicted)
    np.testing.assert_allclose(gradient.roles, expected * n_tokens / n_pairs, atol=1e-5)
    np.testing.assert_allclose(gradient.predicates, 0.5 * d_predicates, atol=1e-6)
    np.testing.assert_allclose(gradient.rolesets, d_rolesets, atol=1e-6)
    assert loss > total / weights > 0
    # Words with one roleset alone have no gradient.
    rolesets = role_targets(examples, scores.pairs, classes, pipe.unknown_label)[1].soft
    assert rolesets.weights.tolist() == pytest.approx(roleset_weights)
    assert roleset_weights


def test_certain_roles_are_learned_as_before(tiny_bert, make_nlp, mini_examples):
    """To the last bit the loss of before: three cross-entropies over the batch."""
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = mini_examples(nlp, 8)
    nlp.initialize(lambda: examples)
    pipe = nlp.get_pipe("seqtag_srl")
    list(nlp.get_pipe("transformer").pipe([eg.predicted for eg in examples]))
    scores, _ = pipe.begin_update(examples)
    gold = scores.pairs
    loss, gradient = pipe.get_loss(examples, scores)
    first, d_predicates = pipe.cross_entropy(scores.predicates, gold.is_predicate, 0.0)
    second, d_rolesets = pipe.cross_entropy(scores.rolesets, gold.roleset, 0.0)
    third, d_roles = pipe.cross_entropy(scores.roles, gold.role)
    d_roles *= int((gold.is_predicate != -1).sum()) / max(1, int((gold.role != -1).sum()))
    assert loss == first + second + third
    np.testing.assert_array_equal(gradient.predicates, d_predicates)
    np.testing.assert_array_equal(gradient.rolesets, d_rolesets)
    np.testing.assert_array_equal(gradient.roles, d_roles)


def test_other_tokens_than_the_teachers(soft_path, tiny_bert, make_nlp):
    """On tokens of its own, a student learns what both have in common."""
    nlp = make_nlp(tiny_bert, PIPES)
    examples = list(create_corpus(soft_path, gold_tokens=False)(nlp))
    nlp.initialize(lambda: examples)
    for i, example in enumerate(examples):
        words = [t.text for t in example.reference]
        merged = Doc(nlp.vocab, words=[words[0] + words[1], *words[2:]])
        examples[i] = Example(merged, example.reference)
    losses = nlp.update(examples, losses={}, sgd=False)
    assert all(np.isfinite(loss) and loss > 0 for name, loss in losses.items() if "seqtag" in name)
    # The tags of roles do not fit the tokens: what was decoded from them is learned.
    srl = nlp.get_pipe("seqtag_srl")
    gold = srl.gold_pairs(examples)
    roles = role_targets(examples, gold, srl.classes, srl.unknown_label)[2].soft
    assert len(roles.rows)
    assert roles.shares.max(axis=1).tolist() == [1.0] * len(roles.rows)
    assert roles.shares.argmax(axis=1).tolist() == gold.role[roles.rows].tolist()
