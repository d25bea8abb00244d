"""JSONL of texts with spans: Prodigy and spaCy, doccano, plain entities, GLiNER."""

import json

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.util import filter_spans

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.labelling.export import FORMATS as EXPORTS
from spacy_seqtag.labelling.sentence import Label, Sentence, Word

TEXT = "Ann left New York."
ENTS = [("Ann", "PER"), ("New York", "LOC")]


def write(path, *records):
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf8")
    return path


def ents(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


def tags(doc):
    return [token.ent_iob_ for token in doc]


RECORDS = {
    "spans": {"text": TEXT, "spans": [{"start": 0, "end": 3, "label": "PER"}, [9, 17, "LOC"]]},
    "ents": {"text": TEXT, "ents": [{"start": 0, "end": 3, "label": "PER"}, [9, 17, "LOC"]]},
    "label": {"text": TEXT, "label": [[0, 3, "PER"], [9, 17, "LOC"]]},
    "labels": {"data": TEXT, "labels": [[9, 17, "LOC"], [0, 3, "PER"]]},
    "triples": {"text": TEXT, "entities": [[0, 3, "PER"], [9, 17, "LOC"]]},
    "offsets": {
        "text": TEXT,
        "entities": [
            {"id": 0, "start_offset": 0, "end_offset": 3, "label": "PER"},
            {"id": 1, "start_offset": 9, "end_offset": 17, "label": "LOC"},
        ],
        "relations": [],
    },
    "records": {
        "text": TEXT,
        "entities": [
            {"label": "PER", "start": 0, "end": 1, "start_char": 0, "end_char": 3},
            {"label": "LOC", "start": 2, "end": 4, "start_char": 9, "end_char": 17},
        ],
    },
    "comments of others": {
        "text": TEXT,
        "spans": [[0, 3, "PER"], [9, 17, "LOC"]],
        "label": "x",
        "Comments": "ok",
    },
    "a list of them": {"text": TEXT, "spans": [[0, 3, "PER"], [9, 17, "LOC"]], "Comments": []},
    "spacy 2": [TEXT, {"entities": [[0, 3, "PER"], [9, 17, "LOC"]]}],
    "gliner": {
        "tokenized_text": ["Ann", "left", "New", "York", "."],
        "ner": [[0, 0, "PER"], [2, 3, "LOC"]],
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_every_form(name, run, tmp_path):
    summary, (doc,) = run(write(tmp_path / "a.jsonl", RECORDS[name]))
    assert ents(doc) == ENTS
    assert tags(doc) == ["B", "O", "B", "I", "O"]
    assert [(span.text, span.label_) for span in doc.spans["gold"]] == ENTS
    assert not doc.has_annotation("SENT_START")
    assert summary.entities == {"PER": 1, "LOC": 1}
    # As one list, on one line or on many.
    for indent in (None, 1):
        path = tmp_path / "b.json"
        path.write_text(json.dumps([RECORDS[name]] * 2, indent=indent), encoding="utf8")
        _, docs = run(path)
        assert [ents(doc) for doc in docs] == [ENTS, ENTS]


def test_what_nobody_annotated_is_missing(run, tmp_path):
    path = write(
        tmp_path / "a.jsonl",
        {"text": "Ann left."},
        {"text": "Ann left.", "label": []},
        {"text": "Ann left.", "spans": [[0, 3, "PER"]], "answer": "reject"},
        {"text": "Ann left.", "label": ["positive"]},
        {"text": "Ann left.", "labels": {"positive": 0.9}},
        {"text": "Ann left.", "entities": {"PER": ["Ann"]}},
        {"text": "", "label": []},
        {"text": "Ann left.", "label": {}},
        {"text": "Ann left.", "label": {}, "labels": []},
    )
    summary, docs = run(path)
    assert [tags(doc) for doc in docs] == [[""] * 3, ["O"] * 3, *[[""] * 3] * 4, ["O"] * 3]
    notes = " ".join(summary.notes)
    assert "1 record was rejected or ignored in Prodigy" in notes
    assert "2 records have labels of the whole text" in notes
    assert "1 record is not what it should be and was left out (line 6," in notes
    assert "1 text is empty" in notes
    assert summary.missing["entities"] == 5


def test_spans_count_under_whatever_key_they_are(run, tmp_path):
    labels = {"label": [[0, 3, "PER"]], "labels": []}
    path = write(tmp_path / "a.jsonl", {"text": "Ann left.", "spans": [], **labels})
    assert run(path)[0].entities == {"PER": 1}
    path = write(tmp_path / "a.jsonl", {"text": "Ann left.", "spans": [], "label": "PER"})
    assert [tags(doc) for doc in run(path)[1]] == [["O"] * 3]


def test_null_is_as_if_the_key_were_not_there(run, tmp_path):
    """So pandas writes records of different keys."""
    keys = dict.fromkeys(["spans", "ents", "answer", "tokenized_text", "tokens", "doc_id"])
    path = write(tmp_path / "a.jsonl", {**keys, **RECORDS["label"]}, {**keys, "text": TEXT})
    _, docs = run(path)
    assert [ents(doc) for doc in docs] == [ENTS, []]
    assert tags(docs[1]) == [""] * 5


@pytest.mark.parametrize(
    ("alignment", "found", "tagged"),
    [
        ("drop", [], ["O", "", "", ""]),
        ("contract", [("York", "LOC")], ["O", "", "B", ""]),
        ("expand", [("NewYorkish York cityish", "LOC")], ["O", "B", "I", "I"]),
    ],
)
def test_spans_that_begin_or_end_within_words(alignment, found, tagged, tmp_path, read_docs):
    text = "in NewYorkish York cityish"
    path = write(tmp_path / "a.jsonl", {"text": text, "spans": [[6, 23, "LOC"]]})
    summary = convert([path], tmp_path / "a.spacy", alignment=alignment)
    (doc,) = read_docs(tmp_path / "a.spacy")
    assert ents(doc) == found
    assert tags(doc) == tagged
    assert "line 1, 'Yorkish York city' in 'NewYorkish York cityish'" in " ".join(summary.notes)
    with pytest.raises(FormatError, match=r"a\.jsonl:1: a span that does not fit"):
        convert([path], tmp_path / "b.spacy", alignment=alignment, strict=True)


def test_no_whole_word_is_left_of_a_span(tmp_path, read_docs):
    path = write(tmp_path / "a.jsonl", {"text": "in Yorkish", "spans": [[3, 7, "LOC"]]})
    summary = convert([path], tmp_path / "a.spacy", alignment="contract")
    (doc,) = read_docs(tmp_path / "a.spacy")
    assert tags(doc) == ["O", ""]
    assert "no whole word in it" in " ".join(summary.notes)


def test_nested_and_overlapping_spans(run, tmp_path):
    text = "Bank of New York City staff"
    spans = [[0, 21, "ORG"], [8, 21, "LOC"], [12, 27, "X"], [0, 21, "ORG"]]
    summary, (doc,) = run(write(tmp_path / "a.jsonl", {"text": text, "spans": spans}))
    assert ents(doc) == [("Bank of New York City", "ORG")]
    # "staff" is in a span that is no entity, so nothing is known of it.
    assert tags(doc) == ["B", "I", "I", "I", "I", ""]
    assert sorted((s.text, s.label_) for s in doc.spans["gold"]) == [
        ("Bank of New York City", "ORG"),
        ("New York City", "LOC"),
        ("York City staff", "X"),
    ]
    assert "2 spans lie over longer ones" in " ".join(summary.notes)


def test_white_space_and_places_beyond_the_text(run, tmp_path):
    spans = [[0, 4, "PER"], [4, 4, "X"], [5, 99, "X"], [-1, 2, "X"], [8, 9, "X"]]
    path = write(tmp_path / "a.jsonl", {"text": "Ann left  Oslo", "spans": spans})
    summary, (doc,) = run(path)
    assert doc.text == "Ann left  Oslo"
    assert ents(doc) == [("Ann", "PER")]
    notes = " ".join(summary.notes)
    assert "1 entity began or ended in white space" in notes
    assert "4 spans are empty, or beyond the end of the text" in notes


def test_a_line_that_is_none_does_not_stop_the_rest(tmp_path, read_docs):
    path = tmp_path / "a.jsonl"
    good = json.dumps(RECORDS["label"])
    path.write_text(f'{good}\n{{"text": \n[1]\n{{"text": "a", "spans": [[0]]}}\n\n{good}\r\n')
    summary = convert([path], tmp_path / "a.spacy")
    assert [ents(doc) for doc in read_docs(tmp_path / "a.spacy")] == [ENTS, ENTS]
    (note,) = [note for note in summary.notes if "3 records are not what" in note]
    assert "line 2, no JSON" in note
    with pytest.raises(FormatError, match=r"a\.jsonl:2: no JSON"):
        convert([path], tmp_path / "b.spacy", strict=True)
    assert not (tmp_path / "b.spacy").exists()
    path.write_text("{a\n{b\n")
    with pytest.raises(FormatError, match=r"no text in it could be read \(2 records are not"):
        convert([path], tmp_path / "b.spacy")


def test_a_list_that_is_cut(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[\n{"text": "a"},\n{"text"', encoding="utf8")
    with pytest.raises(FormatError, match=r"a\.json:3: no JSON"):
        convert([path], tmp_path / "a.spacy")


def test_words_of_prodigy(run, tmp_path):
    tokens = [
        {"text": "New-York", "start": 0, "end": 8, "id": 0, "ws": False},
        {"text": "'s", "start": 8, "end": 10, "id": 1, "ws": True},
        {"text": "end", "start": 11, "end": 14, "id": 2, "ws": False},
    ]
    record = {"text": "New-York's end", "spans": [[0, 8, "LOC"]], "tokens": tokens}
    _, (doc,) = run(write(tmp_path / "a.jsonl", record))
    assert [token.text for token in doc] == ["New-York", "'s", "end"]
    assert doc.text == record["text"]
    assert ents(doc) == [("New-York", "LOC")]


@pytest.fixture
def pipeline(request):
    """A trained pipeline, where PyTorch is installed."""
    pytest.importorskip("torch", reason="a pipeline needs PyTorch")
    return request.getfixturevalue("trained")


def test_the_tokenizer_of_a_pipeline(pipeline, tmp_path, read_docs):
    pipeline.tokenizer.add_special_case("AnnSmith", [{"ORTH": "Ann"}, {"ORTH": "Smith"}])
    pipeline.to_disk(tmp_path / "nlp")
    path = write(tmp_path / "a.jsonl", {"text": "AnnSmith left", "spans": [[0, 3, "PER"]]})
    convert([path], tmp_path / "a.spacy", tokenizer=str(tmp_path / "nlp"))
    (doc,) = read_docs(tmp_path / "a.spacy")
    assert ents(doc) == [("Ann", "PER")]
    with pytest.raises(ValueError, match="--tokenizer nobody: there is no such pipeline"):
        convert([path], tmp_path / "b.spacy", tokenizer="nobody")


@pytest.mark.parametrize("tool", ["prodigy", "doccano", "label-studio"])
def test_what_suggest_writes_comes_back(tool, run, tmp_path):
    """As a person would export it who corrected nothing."""
    words = [Word("Ann", 0, 3, True), Word("left", 4, 8, False)]
    label = Label("PER", 0, 0, 0, 3, 0.5)
    sentence = Sentence("Ann left", words, 0.25, {}, {}, np.zeros(1), {}, [label], None)
    (row,) = EXPORTS[tool](1, sentence, ["ents"])
    if tool == "label-studio":
        row["annotations"] = row.pop("predictions")
    path = tmp_path / "a.json"
    path.write_text(json.dumps([row]), encoding="utf8")
    _, (doc,) = run(path)
    assert ents(doc) == [("Ann", "PER")]


WORDS = st.lists(st.text("aé字😀-", min_size=1, max_size=4), min_size=1, max_size=8)


@given(words=WORDS, data=st.data())
def test_any_spans_of_whole_words_come_back(words, data, tmp_path_factory):
    nlp = spacy.blank("xx")
    doc = nlp(" ".join(words))
    places = st.tuples(st.integers(0, len(doc) - 1), st.integers(1, 4), st.sampled_from("AB"))
    spans = filter_spans(
        Span(doc, start, min(start + size, len(doc)), label)
        for start, size, label in data.draw(st.lists(places, max_size=4))
    )
    triples = [[span.start_char, span.end_char, span.label_] for span in spans]
    tokens = [[span.start, span.end - 1, span.label_] for span in spans]
    records = [
        {"text": doc.text, "spans": [dict(zip(("start", "end", "label"), t)) for t in triples]},
        {"text": doc.text, "label": triples},
        {"text": doc.text, "entities": triples},
        {"tokenized_text": [token.text for token in doc], "ner": tokens},
    ]
    folder = tmp_path_factory.mktemp("any")
    convert([write(folder / "a.jsonl", *records)], folder / "a.spacy", lang="xx")
    docs = list(DocBin().from_disk(folder / "a.spacy").get_docs(nlp.vocab))
    expected = [(span.start, span.end, span.label_) for span in spans]
    assert [[(e.start, e.end, e.label_) for e in found.ents] for found in docs] == [expected] * 4
    assert [found.text for found in docs[:3]] == [doc.text] * 3


@pytest.fixture
def read_docs():
    """Function from a `.spacy` file to its Docs."""
    vocab = spacy.blank("en").vocab

    def read(path) -> list[Doc]:
        return list(DocBin().from_disk(path).get_docs(vocab))

    return read


def test_words_at_a_span_beyond_the_text_are_not_outside(run, tmp_path):
    _, (doc,) = run(write(tmp_path / "a.jsonl", {"text": "Ann in Oslo", "spans": [[7, 12, "X"]]}))
    assert tags(doc) == ["O", "O", ""]


def test_yes_of_prodigy_says_nothing_of_the_rest(run, tmp_path):
    record = {"text": "Ann in Oslo", "spans": [[0, 3, "PER"]], "answer": "accept"}
    path = write(tmp_path / "a.jsonl", {**record, "_is_binary": True}, record)
    _, docs = run(path)
    assert [tags(doc) for doc in docs] == [["B", "", ""], ["B", "O", "O"]]


def test_json_of_spacy(run, tmp_path, pipeline, mini):
    doc = pipeline(next(s["text"] for s in mini["train"][:20] if "B-PER" in s["bio"]))
    doc.spans["other"] = [doc[0:1]]
    _, (found,) = run(write(tmp_path / "a.jsonl", doc.to_json()))
    assert ents(found) == ents(doc)


def test_a_list_or_an_object_that_is_the_file(run, tmp_path):
    for text in (json.dumps([RECORDS["label"]]), json.dumps(RECORDS["label"], indent=1)):
        (tmp_path / "a.json").write_text(f" {text} ", encoding="utf8")
        _, (doc,) = run(tmp_path / "a.json")
        assert ents(doc) == ENTS


def test_what_no_program_should_write(tmp_path):
    deep = "[" * 100_000
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "\\ud800", "label": []}}\n{deep}\n', encoding="utf8")
    with pytest.raises(FormatError, match=r"no text in it could be read .*half a character"):
        convert([path], tmp_path / "a.spacy")
    tokens = [{"start": 0, "end": 3}, 5]
    write(path, {"text": "Ann left", "tokens": tokens, "spans": [[0, 3, "PER"]]})
    assert convert([path], tmp_path / "a.spacy").entities == {"PER": 1}
    path.write_text('{"id": NaN, "tokens": ["Ann", "b"], "ner_tags": ["B-PER", NaN]}\n', "utf8")
    assert convert([path], tmp_path / "a.spacy").words_with["entities"] == 1


def test_spans_of_a_layer(tmp_path, read_docs):
    words = tmp_path / "a.conllu"
    rows = [f"{i}\t{w}\t_\tX\t_\t_\t_\t_\t_\t_" for i, w in enumerate(["New", "York", "City"], 1)]
    words.write_text("\n".join(rows) + "\n\n", encoding="utf8")
    spans = [[0, 13, "LOC"], [4, 8, "LOC"]]
    layer = write(tmp_path / "b.jsonl", {"text": "New York City", "spans": spans})
    convert([words], tmp_path / "words.spacy")
    for first in (words, tmp_path / "words.spacy"):
        convert([first, layer], tmp_path / "c.spacy")
        (doc,) = read_docs(tmp_path / "c.spacy")
        assert ents(doc) == [("New York City", "LOC")]
        assert sorted(span.text for span in doc.spans["gold"]) == ["New York City", "York"]
