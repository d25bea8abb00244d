"""Reports: what a page says, and that nothing in it executes."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_seqtag.analysis.groups import learn
from spacy_seqtag.evaluation import Evaluation, evaluate
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.report.comparison import contrast, render_comparison
from spacy_seqtag.report.document import render_report
from spacy_seqtag.report.history import columns, find_log
from spacy_seqtag.report.lines import draw_lines
from spacy_seqtag.report.review import review, summary
from spacy_seqtag.schemes.propositions import Argument, Proposition

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2J\u202e"


class Page(HTMLParser):
    """A page: its elements with their attributes, in order, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def gold_docs(vocab, label="PER", domain=None):
    """Two sentences in each of six documents, with all layers."""
    docs = []
    for i in range(6):
        words = ["Ann", "saw", "Oslo", ".", "Then", "Bo", "left", "."]
        doc = Doc(
            vocab,
            words=words,
            pos=["PROPN", "VERB", "PROPN", "PUNCT", "ADV", "PROPN", "VERB", "PUNCT"],
            sent_starts=[j in (0, 4) for j in range(8)],
            user_data={"doc_id": f"{domain}-{i}"} if domain else {},
        )
        doc.set_ents([Span(doc, 0, 1, label), Span(doc, 2, 3, "LOC"), Span(doc, 5, 6, label)])
        props = [
            Proposition(1, "see.01", [Argument(0, 1, "ARG0"), Argument(2, 3, "ARG1")], []),
            Proposition(6, "leave.01", [Argument(5, 6, "ARG0"), Argument(4, 5, "ARGM-TMP")], []),
        ]
        set_propositions(doc, props, annotated=[(0, 4), (4, 8)])
        docs.append(doc)
    return docs


@pytest.fixture(scope="module")
def model(trained_path):
    return str(trained_path)


@pytest.fixture
def make(tmp_path, model):
    """Function (docs, training) to an evaluation, its review and its page."""

    def make(docs, training=None, name="gold.spacy", pipeline=model):
        path = tmp_path / name
        DocBin(docs=docs, store_user_data=True).to_disk(path)
        found = evaluate(pipeline, path, allow_unknown_labels=True)
        made = review(found, path.name, training)
        return found, made, render_report(found, made, pipeline, path)

    return make


def test_what_a_report_has(make):
    docs = gold_docs(spacy.blank("en").vocab, domain="web")
    _, made, text = make(docs, learn(docs))
    page = Page(text)
    assert "6 documents, 12 sentences, 48 words" in page.text
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    for link in page.all("a"):
        assert link["href"].removeprefix("#") in ids
    titles = {task.title for task in made.tasks}
    assert {"Parts of speech", "Entities"} <= titles
    figures = summary(made)
    for task in made.tasks:
        assert {"Length of the sentence"} <= {group.title for group in task.groups}
        right = task.total.right
        assert figures[task.task]["gold"] == task.total.gold >= right
        kinds = sum(task.kinds.values())
        assert kinds == task.n_errors
        listed = [each for each in page.all("li") if each.get("data-kind")]
        assert sum(len(t.entries) for t in made.tasks) == len(listed)


def test_a_report_needs_nothing_else(make):
    _, _, text = make(gold_docs(spacy.blank("en").vocab))
    page = Page(text)
    assert not {name for name, _ in page.elements} & {"link", "iframe", "object", "img"}
    for name, attrs in page.elements:
        assert not {key for key in attrs if key.startswith("on")}, (name, attrs)
        assert "src" not in attrs
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    assert len(page.all("script")) == 1


def test_nothing_of_the_data_is_obeyed(make, tmp_path):
    docs = gold_docs(spacy.blank("en").vocab)
    for doc in docs:
        doc.user_data["doc_id"] = HOSTILE
        doc.user_data["domain"] = HOSTILE
        doc.set_ents([Span(doc, 0, 1, HOSTILE)])
        set_propositions(
            doc, [Proposition(1, HOSTILE, [Argument(0, 1, HOSTILE)], [])], annotated=[(0, 8)]
        )
    words = Doc(docs[0].vocab, words=[HOSTILE, "left"], ents=["B-X", "O"], pos=["X", "VERB"])
    _, _, text = make([*docs, words])
    harmless = Page(make(gold_docs(docs[0].vocab), name="other.spacy")[2])
    page = Page(text)
    assert {name for name, _ in page.elements} <= {name for name, _ in harmless.elements}
    assert len(page.all("script")) == 1
    assert not {"\x1b", "\u202e"} & set(text)
    assert "\\x1b[2J\\u202e" in text


def test_a_model_without_a_task_and_data_without_a_layer(make, tmp_path):
    vocab = spacy.blank("en").vocab
    plain = [Doc(vocab, words=["Ann", "left"], pos=["PROPN", "VERB"]) for _ in range(3)]
    _, made, text = make(plain)
    assert [task.task for task in made.tasks] == ["pos"]
    assert "gold.spacy has no entities, so that the pipeline's cannot be scored." in made.notes
    assert any("no component for semantic roles" in note for note in made.notes)
    assert all(note.split(":")[0] in unescape(text) for note in made.notes)
    blank = spacy.blank("en")
    blank.to_disk(tmp_path / "blank")
    _, made, text = make(gold_docs(vocab), pipeline=str(tmp_path / "blank"))
    assert made.tasks == []
    assert "There is nothing to score." in text


def test_one_document_has_no_intervals(make):
    _, made, text = make(gold_docs(spacy.blank("en").vocab)[:1])
    assert "There is one document, so that no intervals can be given." in made.notes
    assert "nan" not in text.lower().replace("finance", "")


def test_a_long_document_and_long_words(make):
    vocab = spacy.blank("en").vocab
    words = ["Ann", "saw", "Oslo", "."] * 5000
    long = Doc(vocab, words=[*words, "a" * 5000], pos=["NOUN"] * 20001)
    long.set_ents([Span(long, 0, 15000, "PER" * 50)])
    _, made, text = make([long])
    assert len(text) < 2_000_000
    entities = next(task for task in made.tasks if task.task == "ents")
    assert entities.n_errors
    # The filters of the page find errors by the labels of its tables.
    assert {entry.gold for entry in entities.entries} - {""} == {f"{('PER' * 50)[:100]}…"}
    assert {entry.gold for entry in entities.entries} - {""} <= set(entities.labels)


def test_many_errors_are_cut_but_every_kind_and_label_is_there(make, monkeypatch):
    from spacy_seqtag.report import entries

    monkeypatch.setattr(entries, "_MOST", 8)
    docs = gold_docs(spacy.blank("en").vocab)
    _, made, _ = make(docs)
    for task in made.tasks:
        pairs = {(entry.kind, entry.gold, entry.found) for entry in task.entries}
        assert len(task.entries) <= max(8, len(pairs))
        sure = [-1.0 if e.confidence is None else e.confidence for e in task.entries]
        assert sure == sorted(sure, reverse=True)


def all_wrong(doc):
    """What is annotated otherwise: every word an X, every second one an ORG."""
    for token in doc:
        token.pos_ = "X"
    doc.set_ents([Span(doc, i, i + 1, "ORG") for i in range(0, len(doc), 2)])
    return doc


def test_two_pipelines(make, model, tmp_path):
    docs = gold_docs(spacy.blank("en").vocab)
    first, *_ = make(docs)
    same = contrast(first, first, (model, model), "gold.spacy")
    assert {task.task for task in same.tasks} >= {"pos", "ents"}
    for task in same.tasks:
        assert task.total.difference.value == 0
        assert task.total.difference.p == 1
        assert task.entries == []
    line = same.tasks[0].total
    line = replace(line, difference=line.difference._replace(value=-0.0004))
    same = replace(same, tasks=[replace(same.tasks[0], total=line)])
    assert "-0.0" not in Page(render_comparison(same, tmp_path / "gold.spacy")).text
    other = evaluate(model, tmp_path / "gold.spacy", allow_unknown_labels=True)
    for example in other.examples:
        all_wrong(example.predicted)
    found = contrast(first, other, ("one", model), "gold.spacy")
    by_task = {task.task: task for task in found.tasks}
    assert by_task["pos"].total.difference.value < 0
    assert by_task["pos"].only[1] == 0
    text = render_comparison(found, tmp_path / "gold.spacy")
    page = Page(text)
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    assert all(link["href"].removeprefix("#") in ids for link in page.all("a"))
    assert "worse" in page.text
    assert found.figures()["pos"]["value"] < 0


@pytest.mark.parametrize(
    ("labels", "same"),
    [
        ((None, "PER"), False),
        (("PER", "PER,LOC"), False),
        (("PER", "PER"), True),
        (("LOC,PER", "PER,LOC"), True),
    ],
)
def test_pipelines_are_compared_on_the_same_gold_annotation(make, model, tmp_path, labels, same):
    make(gold_docs(spacy.blank("en").vocab))
    path = tmp_path / "gold.spacy"
    one, other = (
        evaluate(model, path, allow_unknown_labels=True, entity_labels=given) for given in labels
    )
    if same:
        assert contrast(one, other, ("one", "other"), "gold.spacy").tasks
    else:
        with pytest.raises(ValueError, match=r"one and other cannot .* Give --entity-labels"):
            contrast(one, other, ("one", "other"), "gold.spacy")


def with_rolesets(found, rolesets):
    """An evaluation that found predicates by place, with these rolesets."""
    examples = []
    for each in found.examples:
        doc = Doc(found.nlp.vocab, words=[token.text for token in each.reference])
        props = [Proposition(place, name, [], []) for place, name in rolesets.items()]
        set_propositions(doc, props, annotated=[(0, len(doc))])
        examples.append(Example(doc, each.reference))
    scores = {"roleset_acc": 1.0, "predicates_f": 1.0, "srl_f": 1.0}
    return Evaluation(scores, examples, found.nlp)


def test_a_predicate_that_was_not_found_has_no_right_roleset(make, tmp_path):
    found, *_ = make(gold_docs(spacy.blank("en").vocab))
    good = {1: "see.01", 6: "leave.01"}
    # What the first gets wrong in the first sentence, the others have missed or right.
    for other, n in (({6: "leave.01"}, 0), (good, 6)):
        first, second = (with_rolesets(found, each) for each in ({**good, 1: "see.09"}, other))
        made = contrast(first, second, ("one", "other"), "gold.spacy")
        (task,) = (task for task in made.tasks if task.task == "roleset")
        assert task.only == (0, n)
        assert len(task.entries) == n
        assert "predicates which each pipeline found" in render_comparison(
            made, tmp_path / "gold.spacy"
        )


def test_a_comparison_notes_what_each_pipeline_lacks(make, model, tmp_path):
    found, *_ = make(gold_docs(spacy.blank("en").vocab, label="ALIEN"))
    spacy.blank("en").to_disk(tmp_path / "blank")
    blank = evaluate(str(tmp_path / "blank"), tmp_path / "gold.spacy")
    made = contrast(found, blank, (model, str(tmp_path / "blank")), "gold.spacy")
    assert "There are 6 documents: intervals from so few are rough." in made.notes
    lacks = "The pipeline has no component for entities, so that there are no scores."
    assert [note for note in made.notes if lacks in note] == [f"{made.names[1]}: {lacks}"]
    (unknown,) = (note for note in made.notes if "never seen these labels" in note)
    assert unknown.startswith(made.names[0])
    assert unknown.endswith("They count as missed.")
    page = Page(render_comparison(made, tmp_path / "gold.spacy"))
    assert all(note in page.text for note in made.notes)


# The training log


def test_the_log_beside_a_pipeline_is_found(tmp_path):
    folder = tmp_path / "run" / "model-best"
    folder.mkdir(parents=True)
    assert find_log(folder, {}) is None
    (tmp_path / "run" / "other.jsonl").write_text('{"text": "no log"}\n')
    assert find_log(folder, {"output_file": "nowhere"}) is None
    line = (
        '{"epoch": 0, "step": %d, "losses": {"ner": 1.5}, "scores": {"ents_f": %d}, "score": 0.5}\n'
    )
    log = tmp_path / "run" / "training.jsonl"
    log.write_text(line % (0, 0) + line % (10, 50))
    path, rows = find_log(folder, {})
    assert path == log
    assert columns(rows) == {
        "score": [(0, 0.5), (10, 0.5)],
        "ents_f": [(0, 0.0), (10, 0.5)],
    }
    svg = draw_lines(columns(rows), "a < b")
    assert svg.count("<path") >= 2
    assert "a &lt; b" in svg
    assert draw_lines({}, "nothing")
    # Of two logs beside it either may be that of another run; the one that is named is no doubt.
    second = tmp_path / "run" / "second.jsonl"
    second.write_text(line % (0, 0))
    assert find_log(folder, {}) is None
    assert find_log(folder, {"output_file": str(second)})[0] == second
    assert find_log(folder, {"logger1": {}, "logger2": {"output_file": str(second)}})[0] == second
    (folder / "own.jsonl").write_text(line % (0, 0))
    assert find_log(folder, {})[0] == folder / "own.jsonl"


@pytest.mark.parametrize(
    "line",
    [
        '{"step": 0, "score": 0.5, "scores": [0.5], "losses": {}}',
        '{"step": 0, "score": 0.5, "scores": {}, "losses": 1.5}',
        '{"step": 0, "score": 0.5, "scores": null, "losses": {}}',
        '{"step": 0, "score": {}, "scores": {}, "losses": {}}',
        "[1]",
        "7",
        "",
    ],
)
def test_a_file_beside_a_pipeline_that_is_no_log(tmp_path, line):
    (tmp_path / "nlp").mkdir()
    (tmp_path / "data.jsonl").write_text(f"{line}\n")
    assert find_log(tmp_path / "nlp", {}) is None
