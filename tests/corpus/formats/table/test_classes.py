"""The names of classes as the user gives them."""

import pytest

from spacy_seqtag.corpus.formats.table.classes import parse_class_names


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "names.txt"
    path.write_bytes(b"\xef\xbb\xbfO\r\nB-PER\r\n,\r\n\r\n")
    return path


def test_names(file):
    names = ("O", "B-PER", ",")
    assert parse_class_names([]) == {}
    assert parse_class_names(["O,B-PER"]) == {"": ("O", "B-PER")}
    assert parse_class_names([str(file)]) == {"": names}
    both = parse_class_names([f"pos_tags={file}", "ner_tags= O , B-PER"])
    assert both == {"pos_tags": names, "ner_tags": ("O", "B-PER")}


def test_names_that_are_none(file, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for texts, message in (
        (["names.txt"], "this is no file with a name a line"),
        ([str(binary)], "this is no file with a name a line"),
        ([str(empty)], "no names in the file"),
        (["O,,B"], "name 2 is empty"),
        (["O,B", "O,C"], "two lists of names for the same column"),
        (["a=O,B", "a=O,C"], "two lists of names for the same column"),
    ):
        with pytest.raises(ValueError, match=message):
            parse_class_names(texts)
