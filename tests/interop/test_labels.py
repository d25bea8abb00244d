"""What the outputs of a classifier become, by their names."""

import pytest

from spacy_seqtag.interop.labels import Head, read_head
from spacy_seqtag.schemes.upos import UPOS_TAGS

PEOPLE_AND_PLACES = (4, 0, 1, 3, 2)  # O, B-PER, I-PER, B-LOC, I-LOC among the names below


@pytest.mark.parametrize(
    "names",
    [
        ["B-PER", "I-PER", "I-LOC", "B-LOC", "O"],
        ["b-PER", "i-PER", "i-LOC", "b-LOC", "o"],
        ["B_PER", "I_PER", "I_LOC", "B_LOC", "O"],
        ["PER-B", "PER-I", "LOC-I", "LOC-B", "O"],
    ],
)
def test_iob2_however_written(names):
    assert read_head(names) == Head("ner", ("PER", "LOC"), PEOPLE_AND_PLACES)


def test_iob1_is_told_by_labels_without_begin():
    """As `conll03` models of the hub have it, where some label has no B-."""
    names = ["B-LOC", "I-LOC", "I-PER", "O"]
    assert read_head(names) == Head("ner", ("LOC", "PER"), (3, 0, 1, None, 2), iob1=True)


def test_iob1_has_to_be_said_where_the_labels_are_complete():
    names = ["O", "B-PER", "I-PER"]
    assert not read_head(names).iob1
    assert read_head(names, scheme="iob1") == Head("ner", ("PER",), (0, 1, 2), iob1=True)


def test_labels_of_one_word_have_no_inside():
    assert read_head(["O", "B-TIME", "B-PER", "I-PER"]) == Head(
        "ner", ("TIME", "PER"), (0, 1, None, 2, 3)
    )


def test_bare_labels_are_insides():
    """Neighbours of one label are one entity, as transformers groups them."""
    assert read_head(["O", "PER", "LOC-GPE"]) == Head(
        "ner", ("PER", "LOC-GPE"), (0, None, 1, None, 2), iob1=True
    )


def test_label_that_looks_like_another_scheme_by_its_bare_name():
    assert read_head(["O", "PER", "E-mail"], task="tag").labels == ("O", "PER", "E-mail")


def test_parts_of_speech():
    assert read_head(list(UPOS_TAGS)) == Head("pos", UPOS_TAGS, tuple(range(17)))
    assert read_head(["NOUN", "VERB"]).task == "pos"
    assert read_head(["NN", "VBZ", "NOUN"]) == Head("tag", ("NN", "VBZ", "NOUN"), (0, 1, 2))


def test_the_task_can_be_said():
    assert read_head(["NOUN", "VERB"], "tag") == Head("tag", ("NOUN", "VERB"), (0, 1))
    names = ["O", "S-PER", "B-PER", "I-PER", "E-PER"]
    assert read_head(names, "tag").labels == tuple(names)


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (["LABEL_0", "LABEL_1"], {}, "no names, only LABEL_0, LABEL_1. Name all 2"),
        (["O", "B-PER", "B-PER"], {}, "has the label B-PER twice"),
        (["O", ""], {}, "an empty string"),
        (["O", "B-PER", "I-PER", "E-PER", "S-PER"], {}, r"such as BIOES \(E-PER\).*--task tag"),
        (["O", "B-PER", "L-PER", "U-PER"], {}, r"such as BIOES \(L-PER\)"),
        (["B-PER", "I-PER"], {}, r"\(B-PER, I-PER\) is O.*--task tag"),
        (["NN", "VB"], {"task": "ner"}, r"\(NN, VB\) is O"),
        (["NOUN", "VB"], {"task": "pos"}, "VB .*no universal POS tag.* --task tag"),
        (["O", "B-PER", "I-PER", "LOC"], {}, "prefix such as B-, but not LOC"),
        (["O"], {}, "only label is O"),
        (["O", "I-PER"], {"scheme": "iob2"}, "no B- tag of PER.*--scheme iob1"),
        (["O", "o", "B-PER", "I-PER"], {}, "more than one"),
    ],
)
def test_what_cannot_be_read(names, settings, message):
    with pytest.raises(ValueError, match=message) as info:
        read_head(names, **settings)
    assert "\n" not in str(info.value)
