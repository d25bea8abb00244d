"""Inventories of frames: the senses of words, and the roles of rolesets."""

import json

import pytest

from spacy_seqtag.schemes.inventory import FrameInventory, InventoryRoleset

ROLES = {"ARG0": "giver", "ARG1": "thing given", "ARG2": "entity given to"}
INVENTORY = FrameInventory(
    [
        InventoryRoleset("give.14", "be likely to", {"VERB": ["give"], "ADJ": ["given"]}, {}),
        InventoryRoleset("give.01", "transfer", {"VERB": ["give"], "NOUN": ["giving"]}, ROLES),
        InventoryRoleset(
            "give_up.07", "surrender", {"VERB": ["give up"]}, {"ARG0": "", "ARG1": "it"}
        ),
        InventoryRoleset("box.01", "put into a box", {"VERB": ["box"]}, {"A0": "packer", "A1": ""}),
        InventoryRoleset("box.02", "", {"NOUN": ["box"]}, {"ARGM-LOC": "place"}),
        InventoryRoleset("给.01", "", {"": ["给"]}, {"施事": "giver"}),
        # Numbers are numbers, however they are written, and come before what is none.
        *(
            InventoryRoleset(f"run.{number}", "", {"VERB": ["run"]}, {})
            for number in ("LV", "10", "2", "٣", "01", "²")
        ),
        InventoryRoleset("be.01", "", {"AUX": ["be"], "NOUN": ["being"]}, {}),
        InventoryRoleset("be.02", "", {"VERB": ["be"], "PROPN": ["being"]}, {}),
        InventoryRoleset("be.03", "", {"ADJ": ["be", "being"]}, {}),
    ]
)


@pytest.mark.parametrize(
    ("words", "pos", "after", "expected"),
    [
        (("gave", "give"), "VERB", (), ["give.01", "give.14"]),  # by number
        (("given", "give"), "ADJ", (), ["give.14"]),
        (("giving", "give"), "NOUN", (), ["give.01"]),
        # One of several words goes first if these follow, and is left out if not.
        (("gave", "give"), "VERB", ("it", "up"), ["give_up.07"]),
        (("gave", "give"), "VERB", ("it", "to", "the", "boy", "up"), ["give.01", "give.14"]),
        # A part of speech that no sense has, or an unknown one, leaves all.
        (("box",), "NOUN", (), ["box.02"]),
        (("box",), "PROPN", (), ["box.02"]),
        (("box",), "AUX", (), ["box.01"]),
        (("box",), "ADJ", (), ["box.01", "box.02"]),
        (("box",), "", (), ["box.01", "box.02"]),
        (("给",), "VERB", (), ["给.01"]),
        (("run",), "VERB", (), ["run.01", "run.2", "run.٣", "run.10", "run.LV", "run.²"]),
        # Verbs are tagged AUX as well, nouns PROPN, in texts and in inventories.
        (("be",), "AUX", (), ["be.01", "be.02"]),
        (("be",), "VERB", (), ["be.01", "be.02"]),
        (("being",), "NOUN", (), ["be.01", "be.02"]),
        (("being",), "PROPN", (), ["be.01", "be.02"]),
        (("take",), "VERB", (), []),
    ],
)
def test_senses(words, pos, after, expected):
    assert INVENTORY.senses(words, pos, after) == expected


@pytest.mark.parametrize(
    ("roleset", "role", "description", "lacks"),
    [
        ("give.01", "ARG1", "thing given", False),
        ("give.01", "C-ARG1", "thing given", False),
        ("give.01", "R-A1", "thing given", False),
        ("give_up.07", "ARG0", None, False),  # without a description
        ("give_up.07", "ARG2", None, True),
        ("give_up.07", "A2", None, True),
        ("box.01", "A0", "packer", False),
        ("box.01", "ARG0", "packer", False),
        ("box.01", "ARG1", None, False),
        ("box.02", "ARGM-LOC", "place", False),
        ("give.01", "ARGM-LOC", None, False),  # any predicate may have it
        ("give.01", "AM-TMP", None, False),
        ("give.01", "ARG5", None, False),  # no roleset has it: the inventory does not know it
        ("给.01", "施事", "giver", False),
        ("give.01", "施事", None, True),
        ("give.14", "ARG0", None, False),  # nobody says what roles it has
        ("take.01", "ARG0", None, False),
    ],
)
def test_roles(roleset, role, description, lacks):
    assert INVENTORY.description(roleset, role) == description
    assert INVENTORY.lacks(roleset, role) is lacks


def test_definitions():
    assert INVENTORY.definition("give.01") == "transfer"
    assert INVENTORY.definition("box.02") is None
    assert INVENTORY.definition("take.01") is None
    assert "give.01" in INVENTORY
    assert "take.01" not in INVENTORY
    assert len(INVENTORY) == 15


def test_survives_its_rows():
    data = json.loads(json.dumps(INVENTORY.to_rows()))
    again = FrameInventory.from_rows(data)
    assert again.rolesets == INVENTORY.rolesets
    assert again.senses(["give"], "VERB", ["up"]) == ["give_up.07"]
