"""Tables of words: which columns are read as what, and their sentences."""

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats import format_of
from spacy_seqtag.corpus.formats.table import survey
from spacy_seqtag.records import make_record, rows_of

pytest.importorskip("pyarrow")

TAGS = ("O", "B-PER", "I-PER", "B-LOC")
WORDS = [["Ann", "Lee", "left"], ["Oslo"]]
NER = [["B-PER", "I-PER", "O"], ["B-LOC"]]
FOUND = [("Ann Lee", "PER"), ("Oslo", "LOC")]


def ents(docs):
    return [(ent.text, ent.label_) for doc in docs for ent in doc.ents]


def rows(**columns):
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def of_class(names, form="List"):
    feature = {"names": list(names), "_type": "ClassLabel"}
    return [feature] if form == "old" else {"feature": feature, "_type": form}


# Columns, and what is read: entities, UPOS, XPOS, lemmas of the first sentence.
UPOS, XPOS = [["PROPN", "PROPN", "VERB"], ["PROPN"]], [["NNP", "NNP", "VBD"], ["NNP"]]
LEMMAS = [["Ann", "Lee", "leave"], ["Oslo"]]
LAYOUTS = {
    "usual": {"tokens": WORDS, "ner_tags": NER},
    "words": {"words": WORDS, "labels": NER},
    "all": {"tokens": WORDS, "ner_tags": NER, "upos": UPOS, "xpos": XPOS, "lemmas": LEMMAS},
    "judged": {"tokens": WORDS, "tags": NER, "pos_tags": UPOS},
    "parts of speech": {"tokens": WORDS, "labels": UPOS},
    "of Penn": {"tokens": WORDS, "pos_tags": XPOS},
    "named as in spaCy": {"tokens": WORDS, "pos": UPOS, "tag": XPOS, "lemma": LEMMAS, "ner": NER},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_columns(layout, kind, write, run):
    columns = LAYOUTS[layout]
    _, docs = run(write(kind, rows(id=[7, 8], **columns)), docs_by="sentence")
    assert [[token.text for token in doc] for doc in docs] == WORDS
    assert [list(doc.user_data["sent_ids"]) for doc in docs] == [["7"], ["8"]]
    values = list(columns.values())
    assert ents(docs) == (FOUND if NER in values else [])
    for attribute, tags in (("pos_", UPOS), ("tag_", XPOS), ("lemma_", LEMMAS)):
        found = [[getattr(token, attribute) for token in doc] for doc in docs]
        assert found == (tags if tags in values else [["", "", ""], [""]])


@pytest.mark.parametrize("form", ["List", "Sequence", "old"])
@pytest.mark.parametrize("kind", ["parquet", "arrow-stream", "arrow-file"])
def test_classes_have_the_names_of_the_features(form, kind, write, run):
    table = rows(tokens=WORDS, ner_tags=[[1, 2, 0], [3]], pos_tags=[[0, 0, -100], [None]])
    features = {"ner_tags": of_class(TAGS, form), "pos_tags": of_class(["PROPN", "VERB"], form)}
    _, docs = run(write(kind, table, features), docs_by="sentence")
    assert ents(docs) == FOUND
    assert [[token.pos_ for token in doc] for doc in docs] == [["PROPN", "PROPN", ""], [""]]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_classes_have_the_names_that_are_given(kind, write, run, tmp_path):
    path = write(kind, rows(tokens=WORDS, ner_tags=[[1, 2, 0], [3]]))
    with pytest.raises(
        FormatError, match=r"'ner_tags': numbers of classes.*--labels O,B-PER,I-PER"
    ):
        run(path)
    names = tmp_path / "names.txt"
    names.write_text("\n".join(TAGS) + "\n", encoding="utf8")
    for labels in (",".join(TAGS), str(names), f"ner_tags={names}"):
        _, docs = run(path, labels=[labels])
        assert ents(docs) == FOUND
    summary, _ = run(path, labels=[",".join(TAGS), "nobody=a,b"])
    assert "--labels has names for the column 'nobody', which is not there" in " ".join(
        summary.notes
    )


def test_several_columns_of_classes(write, run):
    path = write("jsonl", rows(tokens=WORDS, pos=[[0, 0, 1], [0]], ner_tags=[[1, 2, 0], [3]]))
    with pytest.raises(FormatError, match=r"'pos', 'ner_tags'.*--labels ner_tags=O,B-PER"):
        run(path)
    summary, docs = run(path, labels=[",".join(TAGS)])
    assert ents(docs) == FOUND
    assert "column 'pos' was not read (numbers of classes; --labels pos=" in " ".join(summary.notes)
    _, docs = run(path, labels=[f"ner_tags={','.join(TAGS)}", "pos=NNP,VBD"])
    assert [token.tag_ for doc in docs for token in doc] == ["NNP", "NNP", "VBD", "NNP"]


TOKENS = {
    "word": ["Ann", "Lee", "left", "Oslo"],
    "ner": ["B-PER", "I-PER", "O", "B-LOC"],
}
BOUNDS = {
    "every row": {"sentence_id": [1, 1, 1, 2]},
    "the first row": {"Sentence #": ["1", None, None, "2"]},
    "documents too": {"sent_id": ["1", "1", "1", "1"], "doc_id": ["a", "a", "a", "b"]},
}


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("kind", ["parquet", "arrow-stream", "jsonl", "csv"])
def test_a_row_a_word(bounds, kind, write, run, tmp_path):
    table = rows(**BOUNDS[bounds], **TOKENS)
    if kind == "csv":
        path = tmp_path / "a.csv"
        lines = [table[0], *(row.values() for row in table)]
        text = "\n".join(",".join("" if v is None else str(v) for v in line) for line in lines)
        path.write_text(text, encoding="utf8")
    else:
        path = write(kind, table)
    _, docs = run(path, docs_by="sentence")
    assert [[token.text for token in doc] for doc in docs] == WORDS
    assert ents(docs) == FOUND
    second = "1" if "doc_id" in table[0] else "2"
    assert [list(doc.user_data["sent_ids"]) for doc in docs] == [["1"], [second]]
    if "doc_id" in table[0]:
        assert [doc.user_data["doc_id"] for doc in docs] == ["a", "b"]


def test_blank_rows_end_sentences_and_documents_alone_have_none(write, run):
    blank = rows(word=["Ann", None, "Oslo"], ner=["B-PER", None, "B-LOC"])
    summary, (doc,) = run(write("parquet", blank))
    assert summary.sentences == 2
    assert doc[1].is_sent_start
    summary, docs = run(write("parquet", rows(doc_id=list("aaab"), **TOKENS)))
    assert [doc.user_data["doc_id"] for doc in docs] == ["a", "b"]
    assert not docs[0].has_annotation("SENT_START")
    with pytest.raises(FormatError, match=r"nothing says where a sentence ends.*sentence_id"):
        run(write("parquet", rows(**TOKENS)))


@pytest.mark.parametrize("column", ["ner_tags", "upos", "xpos", "lemmas"])
def test_layers_that_only_late_rows_have(column, kind, write, run, monkeypatch):
    """What a column holds is told by its first values, wherever they are."""
    monkeypatch.setattr(survey, "_SHORT", 2)
    layers = {"ner_tags": NER, "upos": UPOS, "xpos": XPOS, "lemmas": LEMMAS}
    late = rows(tokens=WORDS, **layers)
    early = [late[0] | {column: None}] * 3
    _, docs = run(write(kind, [*early, *late]), docs_by="sentence")
    first, last = docs[0][0], docs[-2][0]
    for name, attribute in zip(layers, ("ent_type_", "pos_", "tag_", "lemma_"), strict=True):
        assert getattr(last, attribute)
        assert getattr(first, attribute) == ("" if name == column else getattr(last, attribute))


def test_missing_tags_text_and_documents(write, run):
    table = rows(
        doc_id=["a", "a", "b"],
        tokens=[["Ann", "(", "x"], ["No", "one"], ["Oslo"]],
        text=["Ann (x", "No  one", "other"],
        ner_tags=[["B-PER", None, "_"], None, ["O"]],
    )
    summary, docs = run(write("parquet", table))
    assert [doc.text for doc in docs] == ["Ann (x No one", "Oslo"]
    assert [[token.ent_iob_ for token in doc] for doc in docs] == [["B", "", "", "", ""], ["O"]]
    assert summary.missing["entities"] == 1
    assert "1 sentence has a `# text` that its words do not spell" in " ".join(summary.notes)


@pytest.mark.parametrize(
    ("tags", "scheme", "found"),
    [
        (["I-PER", "I-PER", "I-LOC"], "iob1", [("Ann Lee", "PER"), ("left", "LOC")]),
        (["B-PER", "E-PER", "S-LOC"], "bioes", [("Ann Lee", "PER"), ("left", "LOC")]),
        (["PER-B", "PER-I", "O"], "iob2", [("Ann Lee", "PER")]),
    ],
)
def test_schemes(tags, scheme, found, kind, write, run):
    summary, docs = run(write(kind, rows(tokens=[WORDS[0]], tags=[tags])))
    assert ents(docs) == found
    assert ("IOB1" in " ".join(summary.notes)) == (scheme == "iob1")


ERRORS = {
    "no words": (
        {"sentence": ["Ann"], "ner": ["O"]},
        "no column holds words; there are: 'sentence'",
    ),
    "no tags": ({"tokens": [["Ann"]], "n": [1]}, "no column holds tags; there are: 'tokens', 'n'"),
    "no prefix": ({"tokens": [["Ann"]], "ner_tags": [["art"]]}, "no entity tags, but 'art'"),
    "unknown tag": ({"tokens": [["A", "B"]], "ner": [["B-X", "Y"]]}, "unknown tag 'Y'"),
    "unknown UPOS": ({"tokens": [["A"]], "upos": [["NOPE"]]}, "unknown UPOS 'NOPE'"),
    "lists and single tags": ({"tokens": [["Ann"]], "ner_tags": ["O"]}, "no column holds tags"),
}


@pytest.mark.parametrize("what", ERRORS)
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_columns_that_cannot_be_read(what, kind, write, run):
    columns, message = ERRORS[what]
    with pytest.raises(FormatError) as caught:
        run(write(kind, rows(**columns)), file_format="tokens" if kind == "jsonl" else "parquet")
    assert message in str(caught.value)


def test_what_is_not_read_is_told(write, run):
    chunks = [["B-NP", "I-NP", "B-VP"], ["B-NP"]]
    more = {"score": [0.5, 0.5], "topic": ["x", "y"], "note": [None, None]}
    summary, _ = run(write("parquet", rows(tokens=WORDS, ner=NER, chunk_tags=chunks, **more)))
    notes = " ".join(summary.notes)
    for what in ("'chunk_tags' was not read (chunks)", "'score' was", "'topic' was not read ('x'"):
        assert what in notes
    assert "'note'" not in notes


# JSON with words beside JSON with texts

SPAN = {"start": 0, "end": 3, "label": "PER"}
RECORDS = [
    ({"tokens": ["Ann"], "ner_tags": ["O"]}, "tokens"),
    ({"text": "Ann", "tokens": ["Ann"], "ner_tags": [0]}, "tokens"),
    ({"text": "Ann", "tokens": [{"text": "Ann", "start_char": 0, "end_char": 3}]}, "tokens"),
    ({"text": "Ann", "tokens": ["Ann"], "spans": [SPAN]}, "jsonl"),
    ({"text": "Ann", "tokens": [{"text": "Ann", "start": 0, "end": 3}], "spans": [SPAN]}, "jsonl"),
    ({"tokenized_text": ["Ann"], "ner": [[0, 0, "PER"]]}, "jsonl"),
    ({"text": '"tokens": ["a"]', "label": []}, "jsonl"),
    ({"text": '"tokens": ["a"]' + "x" * 30_000, "label": []}, "jsonl"),
    ({"tokens": ["Ann"] * 30_000, "ner_tags": ["O"] * 30_000}, "tokens"),
    ({"Word": "Ann", "ner": "O"}, "tokens"),
    ({"text": "Ann", "word": "Ann", "label": []}, "jsonl"),
    ({"tokens": ["Ann"], "ner_tags": ["O"], "Comments": []}, "tokens"),
    ({"tokens": ["Ann"], "label": ["O"], "Comments": "ok"}, "tokens"),
    ({"text": "Ann", "tokens": ["Ann"], "tags": ["O"], "label": [], "Comments": []}, "jsonl"),
]


@pytest.mark.parametrize(("record", "expected"), RECORDS)
def test_json_is_told_by_its_records(record, expected, write):
    for kind in ("jsonl", "json"):
        assert format_of(write(kind, [record, record])).name == expected


# What other commands write


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_what_annotate_writes(kind, write, run, mini_docs):
    docs = [*mini_docs(Vocab(), "dev", 30), white_space()]
    records = [
        {"text": doc.text, "source": f"a.txt:{i}", **make_record(doc)} for i, doc in enumerate(docs)
    ]
    _, found = run(write(kind, records))
    assert [doc.user_data["doc_id"] for doc in found] == [record["source"] for record in records]
    for record, doc, own in zip(records, docs, found, strict=True):
        assert own.text == doc.text.rstrip()
        assert make_record(own) == {name: record[name] for name in make_record(own)}
        assert [token.ent_iob_ for token in own] == [token.ent_iob_ for token in doc]
        assert [token.is_sent_start for token in own] == [token.is_sent_start for token in doc]


def white_space():
    """A Doc as spaCy's pipelines make them, with tags of their own for a line end."""
    words, pos = ["Ann", "\n", "left"], ["PROPN", "SPACE", "VERB"]
    return Doc(Vocab(), words, pos=pos, tags=["NNP", "_SP", "VBD"], ents=["B-PER", "O", "O"])


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_tables_of_to_dataframe(kind, write, run, mini_docs):
    docs = [*mini_docs(Vocab(), "dev", 10), white_space()]
    _, found = run(write(kind, rows_of(docs, "tokens")))
    assert [[(t.text, t.pos_, t.tag_) for t in doc] for doc in found] == [
        [(t.text, t.pos_, t.tag_) for t in doc] for doc in docs
    ]


def test_texts_with_spans(write, run):
    records = [
        {"text": "Ann left.", "spans": [SPAN]},
        {"text": "Nobody.", "spans": None},
        {"text": "None.", "spans": []},
    ]
    _, docs = run(write("parquet", records))
    assert ents(docs) == [("Ann", "PER")]
    assert [token.ent_iob_ for token in docs[1]] == ["", ""]
    assert [token.ent_iob_ for token in docs[2]] == ["O", "O"]
    with pytest.raises(FormatError, match="no column holds tags; there are: 'text'"):
        run(write("parquet", [{"text": "Ann"}]))
