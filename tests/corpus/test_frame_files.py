"""Inventories of frames from PropBank's XML, and from JSON."""

import json

import pytest
from spacy.util import registry
from thinc.api import ConfigValidationError

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.frame_files import InventoryFile, read_inventory

GIVE = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE frameset PUBLIC "-//PB//PropBank Frame v3.4 Transitional//EN" "http://x/frameset.dtd">
<frameset>
  <predicate lemma="give">
    <roleset id="give.01" name="transfer &amp; more">
      <aliases><alias pos="n">giving</alias><alias pos="v">give</alias></aliases>
      <roles>
        <role descr="giver" f="PAG" n="0"/><role descr="thing
          given" f="PPT" n="1"/><role descr="place" f="loc" n="m"/>
      </roles>
      <example name="x"><text>She gave it .</text></example>
    </roleset>
  </predicate>
  <predicate lemma="give_up">
    <roleset id="give_up.07" name="">
      <aliases><alias pos="v">give_up</alias><alias pos="x">give_away</alias></aliases><roles/>
    </roleset>
  </predicate>
  <predicate lemma="gift">
    <roleset id="gift.01" name="present">
      <aliases><alias pos="l">give_gift</alias><alias pos="n">gift</alias></aliases><roles/>
    </roleset>
    <roleset id="give_hand.02" name="help">
      <aliases><alias pos="l">give_hand</alias></aliases><roles/>
    </roleset>
  </predicate>
</frameset>
"""


def write(folder, **files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.xml").write_text(text, "utf8")
    return folder


@pytest.mark.parametrize("within", ["", "frames"])
def test_propbank(tmp_path, within):
    write(tmp_path / "repository" / within, give=GIVE)
    inventory, left_out = read_inventory(tmp_path / "repository")
    assert inventory.to_rows() == [
        [
            "give.01",
            "transfer & more",
            {"NOUN": ["giving"], "VERB": ["give"]},
            {"ARG0": "giver", "ARG1": "thing given", "ARGM-LOC": "place"},
        ],
        ["give_up.07", "", {"VERB": ["give up"], "": ["give away"]}, {}],
        # The verb of a light verb construction does not have the roleset of the noun.
        ["gift.01", "present", {"NOUN": ["gift"]}, {}],
        ["give_hand.02", "help", {}, {}],
    ]
    assert left_out == []
    assert inventory.senses(["gave", "give"], "VERB", ["a", "gift"]) == ["give.01"]


def test_what_cannot_be_used_is_left_out_and_named(tmp_path):
    aliases = '<aliases><alias pos="v">give</alias></aliases>'
    bare = '<frameset><roleset id="{}" name="">{}<roles/></roleset></frameset>'
    folder = write(
        tmp_path / "frames",
        a=GIVE,
        b=GIVE.replace("</roles>", "</rolls>", 1),
        c=bare.format("give.01", aliases),
        d=bare.format("take.01", ""),
        e=bare.format("", aliases),
    )
    inventory, left_out = read_inventory(folder)
    assert list(inventory.rolesets) == ["give.01", "give_up.07", "gift.01", "give_hand.02"]
    messages = [str(error) for error in left_out]
    for message, expected in zip(
        messages,
        [
            "b.xml:10: no XML: mismatched tag",
            "c.xml: the roleset 'give.01' is in a.xml already",
            "d.xml: the roleset 'take.01' has no word",
            "e.xml: the id '' of a roleset is empty",
        ],
        strict=True,
    ):
        assert expected in message
        assert "\n" not in message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "gb2312", "big5"])
def test_xml_in_other_encodings(tmp_path, encoding):
    word = "été" if encoding == "latin-1" else "中文"
    declared = encoding.removesuffix("-sig")
    text = GIVE.replace('"utf-8"', f'"{declared}"').replace("giving", word)
    folder = write(tmp_path / "frames")
    (folder / "a.xml").write_bytes(text.encode(encoding))
    inventory, left_out = read_inventory(folder)
    assert left_out == []
    assert inventory.rolesets["give.01"].words["NOUN"] == [word]


@pytest.mark.parametrize(
    ("encoding", "content", "message"),
    [
        ("klingon", b"", "a.xml: its encoding cannot be read: unknown encoding: "),
        ("hex", b"", "a.xml: its encoding cannot be read: "),
        ("gb2312", b"\xff\xff", "a.xml: its encoding cannot be read: 'gb2312' codec can't decode"),
        ("utf-8", b"\xff\xff", "a.xml:1: no XML: "),
    ],
)
def test_xml_whose_encoding_cannot_be_read_is_left_out(tmp_path, encoding, content, message):
    folder = write(tmp_path / "frames", give=GIVE)
    declaration = f'<?xml version="1.0" encoding="{encoding}"?><frameset>'.encode()
    (folder / "a.xml").write_bytes(declaration + content + b"</frameset>")
    inventory, (error,) = read_inventory(folder)
    assert "give.01" in inventory
    assert message in str(error)
    assert "\n" not in str(error)


def test_a_folder_without_frames(tmp_path):
    with pytest.raises(FormatError, match=r"no roleset in it\. Give a folder with PropBank's"):
        read_inventory(write(tmp_path / "empty"))
    with pytest.raises(FormatError, match=r"no roleset in it \(.*a\.xml:1: no XML"):
        read_inventory(write(tmp_path / "damaged", a="<frameset>"))
    with pytest.raises(FormatError, match="nothing: there is no such file or folder"):
        read_inventory(tmp_path / "nothing")


OWN = {
    "rolesets": [
        {
            "id": "donner.01",
            "definition": "transférer",
            "words": {"VERB": ["donner"], "": ["faire  don"]},
            "roles": {"A0": "donneur"},
        },
        {"id": "给.01", "words": {"VERB": ["给"]}},
    ]
}


def write_json(tmp_path, data):
    path = tmp_path / "own.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), "utf8")
    return path


@pytest.mark.parametrize("mark", ["", "\ufeff"])  # some editors write one
def test_json(tmp_path, mark):
    inventory, left_out = read_inventory(write_json(tmp_path, mark + json.dumps(OWN)))
    assert left_out == []
    assert inventory.definition("donner.01") == "transférer"
    assert inventory.senses(["faire"], after=["don"]) == ["donner.01"]
    assert inventory.rolesets["给.01"].roles == {}
    assert set(InventoryFile.model_json_schema()["$defs"]["RolesetFile"]["required"]) == {
        "id",
        "words",
    }


def changed(**fields):
    return {"rolesets": [OWN["rolesets"][1], {**OWN["rolesets"][0], **fields}]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"rolesets":\n [}', "own.json:2: no JSON: Expecting value"),
        ("[" * 100_000, "own.json: lists or objects within others, too deep"),
        ('{"rolesets": ' + "1" * 5000 + "}", "own.json: "),
        ("\ufeff[]", "own.json: the file: Input should be a valid dictionary"),
        ("[]", "own.json: the file: Input should be a valid dictionary"),
        ({}, "own.json: rolesets: Field required"),
        ({"rolesets": []}, "own.json: no roleset in it"),
        (changed(id=3), "own.json: rolesets[1].id: Input should be a valid string"),
        (changed(id="a b"), "own.json: rolesets[1]: the id 'a b' of a roleset is empty, or has"),
        (
            changed(id="给.01"),
            "own.json: rolesets[1]: the id '给.01' is that of rolesets[0] already",
        ),
        (changed(role={}), "own.json: rolesets[1].role: Extra inputs are not permitted"),
        (changed(words={}), "own.json: rolesets[1]: the roleset 'donner.01' has no word"),
        (changed(words={"v": ["a"]}), "own.json: rolesets[1]: words: 'v' is no universal part of"),
        (changed(words={"VERB": "a"}), "own.json: rolesets[1].words.VERB: Input should be a valid"),
        (changed(words={"VERB": [1]}), "own.json: rolesets[1].words.VERB[0]: Input should be a"),
        (changed(words={"VERB": ["a", " "]}), "own.json: rolesets[1]: words: a word is empty"),
        (changed(roles={"": "x"}), "own.json: rolesets[1]: roles: the name of a role is empty"),
    ],
)
def test_bad_json_is_named_with_its_place(tmp_path, data, message):
    path = write_json(tmp_path, data)
    with pytest.raises(FormatError) as error:
        read_inventory(path)
    assert message in str(error.value)
    create = registry.readers.get("spacy_seqtag.FrameInventory.v1")
    with pytest.raises(ConfigValidationError, match=r"FrameInventory\.v1: .*own\.json"):
        create(path)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "own.json"
    path.write_bytes(b'{"rolesets": "\xe9"}')
    with pytest.raises(FormatError, match="it is not UTF-8"):
        read_inventory(path)
