"""Entity tags as files write them.

Schemes are tested where files are read, in `columns/test_reader`.
"""

import pytest

from spacy_seqtag.corpus.formats.tags import cut_at_blanks, split_tag


@pytest.mark.parametrize(
    ("tag", "first", "last"),
    [
        ("B-PER", ("B", "PER"), None),
        ("i_per", ("I", "per"), None),
        ("PER-B", None, ("B", "PER")),
        ("A-B-e", None, ("E", "A-B")),
        ("B-E", ("B", "E"), ("E", "B")),
        ("B-", None, None),
        ("B- ", None, None),
        ("-B", None, None),
        ("Q-PER", None, None),
        ("O", None, None),
        ("", None, None),
    ],
)
def test_split(tag, first, last):
    assert split_tag(tag) == first
    assert split_tag(tag, prefix_last=True) == last


@pytest.mark.parametrize(
    ("words", "tags", "expected"),
    [
        ("_ a _ b _", "B-X I-X I-X I-X I-X", "O B-X I-X I-X O"),
        ("_ a", "B-X B-X", "O B-X"),
        ("a _ b", "B-X I-X I-X", None),
        ("a _ b", "B-X O B-X", None),
        ("_ _", "B-X I-X", "O O"),
    ],
)
def test_cut_at_blanks(words, tags, expected):
    result = tags.split()
    n_cut = cut_at_blanks([word.replace("_", "\u3000") for word in words.split()], result)
    assert result == (expected or tags).split()
    assert n_cut == (expected is not None)
