"""How words are written."""

from spacy_seqtag.models.word_case import word_case


def test_word_cases():
    words = ["ann", "Ann", "ANN", "A", "McAnn", "12", "b2", ",", "中文", "\u200b"]
    cases = list(map(word_case, words))
    lower, title, upper, letter, mixed, digits, low2, mark, none, empty = cases
    assert len({lower, title, upper, letter, mixed, digits, mark}) == 7
    assert low2 == none == lower
    assert empty == mark
    assert 0 not in cases
