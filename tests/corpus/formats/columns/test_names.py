"""Naming columns. How they are judged is tested where files are read, in `test_reader`."""

import pytest

from spacy_seqtag.corpus.formats.columns.names import header_names, parse_columns


def test_columns():
    assert parse_columns("index, Word,-,-,TAG") == ("index", "word", "-", "-", "tag")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("word,ner", "there is no column 'ner', expected some of index, word, upos"),
        ("index,tag", "one of them has to be the word"),
        ("word,-", "no column holds tags"),
        ("word,tag,tag", "tag stands there twice"),
        ("word,pos,upos,xpos", "pos is upos or xpos"),
        ("", "there is no column ''"),
    ],
)
def test_columns_that_cannot_be(columns, message):
    with pytest.raises(ValueError, match=message):
        parse_columns(columns)


def test_headers():
    header = ["Sentence #", "Word", "POS", "x", "NER_tag"]
    assert header_names(header) == ("sentence", "word", "pos", "-", "tag")
    assert header_names(["word", "pos"]) is None
    assert header_names(["Word", "O"]) is None
