"""What to label next: by brute force, by constructed probabilities, and end to end."""

import json

import numpy as np
import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.distil.raw_text import RawText
from spacy_seqtag.distil.teachers import load_teachers, make_panels
from spacy_seqtag.distil.vote import align_classes, ask_each
from spacy_seqtag.distil.vote_roles import agree
from spacy_seqtag.labelling.candidates import find_candidates
from spacy_seqtag.labelling.diversity import choose
from spacy_seqtag.labelling.sentence import Sentence
from spacy_seqtag.labelling.suggest import keep_most
from spacy_seqtag.labelling.uncertainty import disagreements, entropies


def test_entropy_is_between_sure_and_unsure():
    probs = np.array([[1, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0]], "f")
    assert entropies(probs) == pytest.approx([0, 1, 0.5])


def test_disagreement_is_the_mean_divergence_to_the_mean():
    rng = np.random.default_rng(0)
    members = list(rng.dirichlet(np.ones(5), size=(3, 4)))
    mean = np.mean(members, axis=0)
    wanted = [
        np.mean([sum(p * np.log(p / q) for p, q in zip(own[i], mean[i])) for own in members])
        for i in range(4)
    ]
    assert disagreements(members) == pytest.approx(np.array(wanted) / np.log(3))
    sure = [np.eye(3)[[k]] for k in range(3)]
    assert disagreements(sure) == pytest.approx([1])
    assert disagreements([members[0], members[0]]) == pytest.approx(np.zeros(4), abs=1e-9)


@pytest.mark.parametrize("diversity", [0.0, 0.3, 0.5, 1.0])
def test_choice_by_brute_force(diversity):
    rng = np.random.default_rng(1)
    scores, vectors = rng.random(12), rng.normal(size=(12, 4))
    taken = rng.normal(size=(3, 4))
    centre = vectors.mean(axis=0)

    def similar(a, b):
        a, b = a - centre, b - centre
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    rank = {row: i / 11 for i, row in enumerate(np.argsort(scores))}
    order = []
    for _ in range(5):
        others = [*taken, *vectors[order]]
        value = {
            row: (1 - diversity) * rank[row]
            - diversity * max(similar(vectors[row], other) for other in others)
            for row in range(12)
            if row not in order
        }
        order.append(max(value, key=value.get))
    assert choose(scores, vectors, 5, diversity, [taken]) == order


def test_twins_are_not_chosen_together():
    vectors = np.array([[1, 0], [1, 0.01], [0, 1], [-1, -1]], "f")
    scores = np.array([1.0, 0.9, 0.5, 0.1])
    assert choose(scores, vectors, 2, 0.0) == [0, 1]
    assert choose(scores, vectors, 2, 0.3) == [0, 2]
    assert sorted(choose(scores, vectors, 9, 0.5)) == [0, 1, 2, 3]


def test_the_most_uncertain_are_kept_once_each():
    def sentence(text, score):
        return Sentence(text, [], score, {}, {}, np.zeros(1))

    texts = [sentence(f"t{i}", (i * 7) % 10 / 10) for i in range(10)]
    twins = [sentence("T9 ", 0.3), *texts, sentence("t9", 0.3)]
    found = keep_most(twins, 4)
    assert [s.score for s in found] == [0.9, 0.8, 0.7, 0.6]
    assert len(keep_most([*texts, *texts], 99)) == 10


def entropy(p):
    p = np.asarray(p, dtype=np.float64)
    return -sum(x * np.log(x) for x in p if x > 0) / np.log(len(p))


def apart(members):
    """The mean divergence of two distributions to their mean, one class at a time."""
    mean = np.mean(members, axis=0)
    return np.mean([kl(own, mean) for own in members]) / np.log(2)


def kl(one, other):
    return sum(p * np.log(p / q) for p, q in zip(one, other) if p > 0)


@pytest.fixture
def other_path(knowing_path, tmp_path, mini_examples, train):
    """Folder of the same pipeline, which has learned some sentences once more."""
    nlp = spacy.load(knowing_path)
    train(nlp, mini_examples(nlp, 10), 3)
    nlp.to_disk(tmp_path / "other")
    return tmp_path / "other"


def test_what_is_thought_of_each_sentence_by_brute_force(knowing_path, other_path):
    """Of two texts in one batch, with whitespace between and within sentences."""
    texts = [RawText("Ann  left . \n She gave Bob a book ."), RawText("Paris is big .")]
    teachers = load_teachers([str(knowing_path), str(other_path)])
    panels = make_panels(teachers)
    found = list(find_candidates(teachers, panels, texts))
    own_docs, predictions = ask_each(teachers, texts)
    scores = agree(panels.roles, teachers, own_docs)
    pairs = scores[0].pairs
    is_space = [token.is_space for doc in own_docs[0] for token in doc]
    assert sum(is_space) == 2
    spans = [(n, sent) for n, doc in enumerate(own_docs[0]) for sent in doc.sents]
    assert [sent.text.strip() for _, sent in spans] == [own.text for own in found]
    assert len(found) == 3
    for (n, sent), own in zip(spans, found):
        words = [token.i for token in sent if not token.is_space]
        for panel in panels.tokens:
            layer = panel.layer
            aligned = list(align_classes(panel, [p[layer][n] for p in predictions]))
            mean = np.mean(aligned, axis=0)
            assert own.uncertainty[layer] == pytest.approx(
                np.mean([entropy(mean[i]) for i in words]), rel=1e-4, abs=1e-6
            )
            wanted = np.mean([apart([p[i] for p in aligned]) for i in words])
            assert own.disagreement[layer] == pytest.approx(wanted, rel=1e-4, abs=1e-6)
        offset = len(own_docs[0][0]) if n else 0
        rows = [[p.predicates[i + offset] for p in scores] for i in words]
        roles, at = list(align_classes(panels.roles, [p.roles for p in scores])), 0
        for predicate, start, end in zip(pairs.predicates, pairs.starts, pairs.ends):
            for word in range(start, end):
                if sent.start <= predicate - offset < sent.end and not is_space[word]:
                    rows.append([p[at] for p in roles])
                at += 1
        assert own.uncertainty["roles"] == pytest.approx(
            np.mean([entropy(np.mean(row, axis=0)) for row in rows]), rel=1e-4, abs=1e-6
        )
        assert own.disagreement["roles"] == pytest.approx(
            np.mean([apart(row) for row in rows]), rel=1e-4, abs=1e-6
        )
    assert pairs.predicates.size


@pytest.fixture
def run(tmp_path, monkeypatch, mini):
    monkeypatch.chdir(tmp_path)
    texts = [sent["text"] for sent in mini["dev"][:15]]
    (tmp_path / "raw.txt").write_text("\n".join([*texts, *texts, "Oh !", ""]), "utf8")
    return lambda *args: CliRunner().invoke(app, ["seqtag", "suggest", *map(str, args)])


def rows_of(path):
    text = path.read_text("utf8")
    return json.loads(text) if text.startswith("[") else list(map(json.loads, text.splitlines()))


def test_prodigy(run, knowing_path, tmp_path):
    result = run(knowing_path, "raw.txt", "-n", 6, "-o", "new/a.jsonl")
    assert result.exit_code == 0, result.output
    rows = rows_of(tmp_path / "new" / "a.jsonl")
    assert len({row["text"] for row in rows}) == 6
    assert [row["meta"]["rank"] for row in rows] == [1, 2, 3, 4, 5, 6]
    for row in rows:
        for i, token in enumerate(row["tokens"]):
            assert token["id"] == i
            assert row["text"][token["start"] : token["end"]] == token["text"]
        for span in row["spans"]:
            assert span["start"] == row["tokens"][span["token_start"]]["start"]
            assert span["end"] == row["tokens"][span["token_end"]]["end"]
            assert 0 <= span["confidence"] <= 1
    ordered = run(knowing_path, "raw.txt", "-n", 6, "--diversity", 0, "-o", "b.jsonl")
    assert ordered.exit_code == 0
    scores = [row["meta"]["score"] for row in rows_of(tmp_path / "b.jsonl")]
    assert scores == sorted(scores, reverse=True)


def test_prodigy_roles_have_a_task_for_each_predicate(run, knowing_path, tmp_path):
    result = run(knowing_path, "raw.txt", "-n", 9, "--layers", "roles", "-o", "a.jsonl")
    assert result.exit_code == 0, result.output
    relations = [r for row in rows_of(tmp_path / "a.jsonl") for r in row["relations"]]
    assert relations
    for relation in relations:
        assert relation["head"] == relation["head_span"]["token_end"]
        assert relation["child"] == relation["child_span"]["token_end"]
        assert relation["label"] == relation["child_span"]["label"]


def test_label_studio(run, knowing_path, tmp_path):
    result = run(knowing_path, "raw.txt", "-n", 5, "-f", "label-studio", "-o", "a.json")
    assert result.exit_code == 0, result.output
    rows = rows_of(tmp_path / "a.json")
    assert len(rows) == 5
    names = set()
    for row in rows:
        (prediction,) = row["predictions"]
        ids = {part["id"] for part in prediction["result"] if part["type"] == "labels"}
        for part in prediction["result"]:
            if part["type"] == "labels":
                value = part["value"]
                assert row["data"]["text"][value["start"] : value["end"]] == value["text"]
                assert part["to_name"] == "text"
                names.add(part["from_name"])
            else:
                assert {part["from_id"], part["to_id"]} <= ids
                assert part["direction"] == "right"
    assert {"pos", "roles"} <= names <= {"pos", "roles", "ents"}


def test_doccano(run, knowing_path, tmp_path):
    assert run(knowing_path, "raw.txt", "-f", "doccano", "-o", "a.jsonl").exit_code == 0
    for row in rows_of(tmp_path / "a.jsonl"):
        assert all(0 <= start < end <= len(row["text"]) for start, end, _ in row["label"])
    roles = run(knowing_path, "raw.txt", "-f", "doccano", "--layers", "roles", "-o", "b.jsonl")
    assert roles.exit_code == 0
    for row in rows_of(tmp_path / "b.jsonl"):
        assert [entity["id"] for entity in row["entities"]] == list(range(len(row["entities"])))
        for relation in row["relations"]:
            assert row["entities"][relation["to_id"]]["label"] == relation["type"]


def test_what_is_annotated_is_not_suggested(run, knowing_path, tmp_path, mini, mini_docs):
    docs = mini_docs(spacy.blank("en").vocab, "dev", 10)
    DocBin(docs=docs).to_disk(tmp_path / "known.spacy")
    result = run(knowing_path, "raw.txt", "--annotated", "known.spacy", "-o", "a.jsonl")
    assert result.exit_code == 0, result.output
    known = {sent["text"] for sent in mini["dev"][:10]}
    assert not known & {row["text"] for row in rows_of(tmp_path / "a.jsonl")}


def test_several_pipelines_disagree(run, knowing_path, tmp_path):
    result = run(knowing_path, knowing_path, "raw.txt", "-n", 2, "-o", "a.jsonl")
    assert result.exit_code == 0, result.output
    assert "by disagreement of ents" in " ".join(result.output.split())
    assert all(row["meta"]["score"] < 1e-6 for row in rows_of(tmp_path / "a.jsonl"))


BAD = {
    "n": (["raw.txt", "-n", "0"], "suggest: n = 0; set it to a whole number of at least 1"),
    "format": (["raw.txt", "-f", "brat"], "format = 'brat'"),
    "layers": (["raw.txt", "--layers", "dep"], "--layers dep: no pipeline annotates that"),
    "several": (["raw.txt", "--layers", "pos,ents"], "labels one layer at a time"),
    "by": (["raw.txt", "--by", "disagreement"], "needs two pipelines or more"),
    "none": (["none.txt"], "there is no such file"),
    "empty": (["empty.txt"], "the file is empty"),
    "latin": (["latin.txt"], "latin.txt:1: not UTF-8"),
    "long": (["long.txt"], "long.txt:1: a line of more than 1,000,000 bytes"),
    "short": (["short.txt"], "no sentence is left to suggest"),
    "annotated": (["raw.txt", "--annotated", "no.spacy"], "there is no such file"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_one_line_each(name, run, knowing_path, tmp_path):
    arguments, message = BAD[name]
    (tmp_path / "empty.txt").touch()
    (tmp_path / "short.txt").write_text("Oh.\n")
    (tmp_path / "latin.txt").write_bytes(b"Zo\xeb\n")
    (tmp_path / "long.txt").write_bytes(b"word " * 250_000)
    (tmp_path / "a.jsonl").write_bytes(b"before")
    before = sorted(path.name for path in tmp_path.iterdir())
    result = run(knowing_path, *arguments, "-o", "a.jsonl")
    assert result.exit_code == 1, result.output
    lines = [line for line in result.output.splitlines() if line.strip() and "%|" not in line]
    assert len(lines) == 1, result.output
    assert message in lines[0]
    assert (tmp_path / "a.jsonl").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_pipeline_without_a_tagger(run, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    result = run("blank", "raw.txt", "-o", "a.jsonl")
    assert result.exit_code == 1
    assert "no component of this pipeline can suggest" in result.output
