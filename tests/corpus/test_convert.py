"""From files to Docs: the way through all six steps."""

from collections import Counter

import pytest
import srsly
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError

CONLLU = """\
# newdoc id = d1
# sent_id = s1
# text = Ann works.
1\tAnn\tAnn\tPROPN\tNNP\t_\t_\t_\t_\t_
2\tworks\twork\tVERB\tVBZ\t_\t_\t_\t_\tSpaceAfter=No
3\t.\t.\tPUNCT\t.\t_\t_\t_\t_\t_

# sent_id = s2
1\tYes\t_\t_\tUH\t_\t_\t_\t_\tSpaceAfter=No

# newpar
# sent_id = s3
1\tIn\tin\tADP\tIN\t_\t_\t_\t_\tSpaceAfter=No

# newdoc id = d2
# sent_id = s4
1\tOslo\tOslo\tPROPN\t_\t_\t_\t_\t_\t_
"""
IOB = """\
# sent_id = s4
1\tOslo\tB-LOC\t-\tx

# sent_id = s1
1\tAnn\tB-PER\t-\tx
2\tworks\tO\t-\tx
3\t.\tO\t-\tx

# sent_id = s3
1\tIn\t-\t-\tx
"""


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.conllu", CONLLU)


def write(path, text):
    path.write_text(text, encoding="utf8")
    return path


def rows(doc):
    """All that conversion sets, one token per row."""
    return [
        (t.text_with_ws, t.pos_, t.tag_, t.lemma_, t.ent_iob_, t.ent_type_, t.is_sent_start)
        for t in doc
    ]


def test_layers_become_docs(base, tmp_path, run):
    summary, (first, second) = run(base, write(tmp_path / "layer.iob2", IOB))
    assert rows(first) == [
        ("Ann ", "PROPN", "NNP", "Ann", "B", "PER", True),
        ("works", "VERB", "VBZ", "work", "O", "", False),
        (". ", "PUNCT", ".", ".", "O", "", False),
        ("Yes ", "", "UH", "", "", "", True),  # a new paragraph follows
        ("In", "ADP", "IN", "in", "", "", True),
    ]
    assert rows(second) == [("Oslo", "PROPN", "", "Oslo", "B", "LOC", True)]
    assert first.user_data == {"doc_id": "d1", "sent_ids": ("s1", "s2", "s3")}
    assert second.user_data == {"doc_id": "d2", "sent_ids": ("s4",)}
    assert (summary.documents, summary.sentences, summary.words) == (2, 4, 6)
    assert summary.words_with == {"upos": 5, "xpos": 5, "lemmas": 5, "entities": 4}
    assert summary.missing == {"upos": 1, "xpos": 1, "lemmas": 1, "entities": 2}
    assert summary.entities == {"PER": 1, "LOC": 1}
    assert summary.mismatched == summary.unjoined == summary.repaired == 0


def test_no_layer_no_annotation(base, run):
    _, (first, _) = run(base)
    assert not first.has_annotation("ENT_IOB")
    assert not first.has_annotation("DEP")


@pytest.mark.parametrize(
    ("docs_by", "sizes"), [("document", [3, 1]), ("sentence", [1, 1, 1, 1]), (2, [2, 1, 1])]
)
def test_grouping(base, tmp_path, run, docs_by, sizes):
    _, docs = run(base, docs_by=docs_by)
    assert [len(doc.user_data["sent_ids"]) for doc in docs] == sizes
    assert [len(list(doc.sents)) for doc in docs] == sizes
    assert [doc.user_data["doc_id"] for doc in docs][-2:] == ["d1", "d2"]
    # A .spacy file is cut in the same way.
    # The space between two sentences stays with the first one there.
    again = tmp_path / "whole.spacy"
    convert([base], again)
    summary, cut = run(again, docs_by=docs_by)
    assert [doc.user_data for doc in cut] == [doc.user_data for doc in docs]
    assert [[r[1:] for r in rows(doc)] for doc in cut] == [[r[1:] for r in rows(d)] for d in docs]
    assert summary.words == 6


def test_docs_by_has_to_mean_something(base, run):
    for docs_by in ("paragraph", 0, "-3"):
        with pytest.raises(ValueError, match="expected 'document', 'sentence' or a number"):
            run(base, docs_by=docs_by)


def test_no_document_marks(tmp_path, run):
    path = write(tmp_path / "plain.iob", "a O\n\n" * 23)
    summary, docs = run(path)
    assert [len(doc) for doc in docs] == [10, 10, 3]
    assert docs[1].user_data["doc_id"] == "plain-part2"
    assert summary.notes == [
        "23 sentences belong to no marked document: they were put into documents of 10 sentences "
        "(see --docs-by)",
        f"{path}: columns read as `word tag`",
    ]
    assert docs[0].text == "a a a a a a a a a a"


def test_words_that_differ(base, tmp_path, run):
    layer = write(tmp_path / "layer.iob2", IOB.replace("\tAnn\t", "\tAnna\t"))
    summary, (first, second) = run(base, layer, max_mismatch=0.5)
    assert summary.mismatched == 1
    assert summary.mismatches == [
        f"{layer}:5: sentence s1: word 1 is 'Anna', but 'Ann' in {base}:4"
    ]
    assert not first.has_annotation("ENT_IOB")
    assert [ent.text for ent in second.ents] == ["Oslo"]
    with pytest.raises(FormatError, match=r"layer\.iob2:5: layers of different .* 1 of 3 .*base"):
        run(base, layer)


def test_layers_of_different_sentences(base, tmp_path, run):
    layer = write(tmp_path / "layer.iob", "Ann O\n\nYes O\n")
    with pytest.raises(FormatError, match=r"layer\.iob:1: layers of .* 1 of 2 .*base\.conllu"):
        run(base, layer)
    layer = write(tmp_path / "layer.iob", "Ann O\n\n" * 5)
    with pytest.raises(FormatError, match=r"layer\.iob:1: layers of .* 4 of 4 "):
        run(base, layer, max_mismatch=0.9)
    layer = write(tmp_path / "layer.iob2", "# sent_id = s9\n1\tBye\tO\t-\tx\n\n" + IOB)
    summary, _ = run(base, layer, max_mismatch=0)
    how = "joined by sent_id: 3 of 4 sentences, missing the layer: 1, not used: 1"
    assert f"{layer}: {how}" in summary.notes


def test_unjoined_sentences_are_counted(base, tmp_path, run):
    layer = write(tmp_path / "layer.iob2", IOB + "\n# sent_id = s9\n1\tNo\tO\n")
    summary, _ = run(base, layer)
    assert summary.unjoined == 1


def test_join_by_order(base, tmp_path, run):
    text = "Ann X X I-PER\nworks X X O\n. X X O\n\nYes X X O\n\nIn X X O\n\nOslo X X I-LOC\n"
    summary, (first, second) = run(base, write(tmp_path / "layer.iob", text))
    assert summary.entities == {"PER": 1, "LOC": 1}
    assert [token.tag_ for token in first] == ["NNP", "VBZ", ".", "UH", "IN"]
    assert [token.tag_ for token in second] == ["X"]  # the first file lacks it here


def test_sent_ids_stand_for_one_sentence(base, tmp_path, run):
    layer = write(tmp_path / "layer.iob2", IOB.replace("s3", "s4"))
    with pytest.raises(FormatError, match=r"layer\.iob2:10: sent_id 's4' .* is in line 2\."):
        run(base, layer)
    base.write_text(CONLLU.replace("= s2", "= s1"), encoding="utf8")
    with pytest.raises(FormatError, match=r"base\.conllu:9: sent_id 's1' .* is in line 4\."):
        run(base, write(tmp_path / "layer.iob2", IOB))


def test_spacy_as_base(base, tmp_path, run):
    words = tmp_path / "words.spacy"
    convert([base], words)
    layer = write(tmp_path / "layer.iob2", IOB)
    summary, docs = run(words, layer)
    expected_summary, expected = run(base, layer)
    assert [rows(doc) for doc in docs] == [rows(doc) for doc in expected]
    assert [doc.user_data for doc in docs] == [doc.user_data for doc in expected]
    assert summary == expected_summary
    summary, docs = run(words, words)
    assert summary.documents == len(docs) == 4


def test_spacy_base_without_ids(tmp_path, run):
    path = tmp_path / "bare.spacy"
    DocBin(docs=[Doc(Vocab(), words=["Oslo"])]).to_disk(path)
    layer = write(tmp_path / "layer.iob2", IOB)
    summary, (doc,) = run(path, layer)
    assert [ent.text for ent in doc.ents] == ["Oslo"]
    assert f"{layer}: joined by words: 1 of 1 sentences, not used: 2" in summary.notes


def test_docs_without_words_stay(base, tmp_path, run):
    docs = [Doc(Vocab()), Doc(Vocab(), words=["Oslo"]), Doc(Vocab()), Doc(Vocab())]
    path = tmp_path / "bare.spacy"
    DocBin(docs=docs).to_disk(path)
    for layers in ([], [write(tmp_path / "layer.iob2", IOB)]):
        summary, found = run(path, *layers)
        assert [len(doc) for doc in found] == [0, 1, 0, 0]
        assert (summary.documents, summary.sentences) == (4, 1)
        assert len(found[1].ents) == len(layers)


def test_spacy_is_no_layer(base, tmp_path, run):
    path = tmp_path / "words.spacy"
    convert([base], path)
    with pytest.raises(FormatError, match=r"cannot be a layer.*\. Name it first"):
        run(base, path)


def test_steps_grow_with_the_length_of_a_document(tmp_path, count_steps):
    def convert_one(n):
        doc = Doc(Vocab(), words=["a"] * n, sent_starts=[1] * n)
        doc.spans["predicates"] = [Span(doc, i, i + 1, "V") for i in range(n)]
        path = tmp_path / f"{n}.spacy"
        DocBin(docs=[doc]).to_disk(path)
        return count_steps(lambda: convert([path], tmp_path / "out.spacy"))

    convert_one(1)  # what is done once
    assert convert_one(400) < 2.2 * convert_one(200)


def test_cutting_keeps_what_lies_within(tmp_path, run):
    doc = Doc(Vocab(), words=["a", "b", "c", "d"], spaces=[True] * 4, sent_starts=[1, -1, 1, -1])
    doc.spans["x"] = [Span(doc, 1, 2, "L"), Span(doc, 3, 4, "M", span_id="id"), Span(doc, 1, 3)]
    doc.spans["empty"] = []
    doc.user_data = {
        "sent_ids": ["s1", "s2"],
        "other": [1],
        ("._.", "for_doc", None, None): 1,
        ("._.", "for_token", 4, None): 2,
        ("._.", "for_span", 0, 3): 3,
    }
    path = tmp_path / "in.spacy"
    DocBin(docs=[doc], store_user_data=True).to_disk(path)
    _, (first, second) = run(path, docs_by="sentence")
    assert [(s.text, s.label_) for s in first.spans["x"]] == [("b", "L")]
    assert [(s.text, s.label_, s.id_) for s in second.spans["x"]] == [("d", "M", "id")]
    assert len(second.spans["empty"]) == 0
    rest = {"other": (1,), ("._.", "for_doc", None, None): 1}
    assert first.user_data == {"sent_ids": ("s1",), ("._.", "for_span", 0, 3): 3, **rest}
    assert second.user_data == {"sent_ids": ("s2",), ("._.", "for_token", 0, None): 2, **rest}


@pytest.mark.parametrize("content", [b"", b"junk", CONLLU.encode()])
def test_corrupt_spacy(tmp_path, run, content):
    path = tmp_path / "bad.spacy"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"bad\.spacy: this is no \.spacy file.*seqtag convert"):
        run(path)


def test_unknown_ending(base, tmp_path, run):
    path = write(tmp_path / "layer.xml", IOB)
    with pytest.raises(FormatError, match=r"layer\.xml: the ending does not tell the format"):
        run(base, path)
    summary, _ = run(path, file_format="iob")
    assert summary.sentences == 3


def test_output_path(base, tmp_path):
    for output, message in (("out.docbin", "has to be a file that ends in .spacy"),):
        with pytest.raises(FormatError, match=message):
            convert([base], tmp_path / output)
    with pytest.raises(FormatError, match="no such file"):
        convert([tmp_path / "none.conllu"], tmp_path / "new" / "folder" / "out.spacy")
    assert not (tmp_path / "new").exists()
    convert([base], tmp_path / "new" / "folder" / "out.spacy")
    assert (tmp_path / "new" / "folder" / "out.spacy").is_file()
    output = tmp_path / "out.spacy"
    convert([base], output)
    with pytest.raises(FormatError, match="the output is one of the inputs"):
        convert([output], output)


def test_ewt_dev(ewt, run):
    paths = [ewt / f"en_ewt-ud-dev.{ending}" for ending in ("conllu", "iob2")]
    summary, docs = run(*paths)
    assert (summary.documents, summary.sentences, summary.words) == (318, 2001, 25147)
    assert (summary.mismatched, summary.unjoined, summary.missing["entities"]) == (3, 0, 3)
    ents = Counter(ent.label_ for doc in docs for ent in doc.ents)
    assert ents == summary.entities
    assert sum(len(list(doc.sents)) for doc in docs) == 2001
    assert sum(token.ent_iob_ == "" for doc in docs for token in doc) == 25147 - 25093
    assert srsly.msgpack_dumps(docs[0].user_data["sent_ids"])


def test_ewt_train_differs_in_one_sentence(ewt, run):
    paths = [ewt / f"en_ewt-ud-train.{ending}" for ending in ("conllu", "iob2")]
    summary, _ = run(*paths, docs_by=50)
    assert (summary.sentences, summary.words) == (12544, 204577)
    assert summary.missing["entities"] - summary.mismatched == 1
    assert summary.unjoined == 0
