"""The embedded corpus: its files agree, its labels are legal, its hard cases are there."""

import re
from collections import Counter
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[1] / "assets" / "mini"
SPLITS = ("train", "dev", "test")

UPOS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
# Penn Treebank in the form of the English Web Treebank.
XPOS = (
    "$ '' , -LRB- -RRB- . : `` ADD AFX CC CD DT EX FW GW HYPH IN JJ JJR JJS LS MD NFP NN NNP NNPS"
    " NNS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB XX"
)
ENTITIES = {"PER", "ORG", "LOC"}
MODIFIERS = "ADJ ADV CAU COM CXN DIR DIS DSP EXT GOL LOC LVB MNR MOD NEG PNC PRD PRP PRR REC TMP"
ROLES = {f"ARG{n}" for n in "A012345"} | {f"ARGM-{name}" for name in MODIFIERS.split()}


def blocks(split, ending):
    """(comments, lines) of each sentence."""
    text = (ASSETS / f"{split}.{ending}").read_text("utf8")
    assert text.endswith("\n")
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        comments = [line for line in lines if line.startswith("# ") and " = " in line]
        yield (
            dict(line[2:].split(" = ", 1) for line in comments),
            [line for line in lines if line not in comments],
        )


def read_column(cells):
    """Spans (role, start, end) of one predicate's column of brackets."""
    spans, role = [], None
    for i, cell in enumerate(cells):
        match = re.fullmatch(r"(?:\(([A-Z0-9-]+))?\*(\))?", cell)
        assert match, f"malformed cell {cell!r}"
        if match[1]:
            assert role is None, "spans of one predicate overlap"
            role, start = match[1], i
        if match[2]:
            assert role is not None, "a bracket closes that was not opened"
            spans.append((role, start, i + 1))
            role = None
    assert role is None, "a bracket stays open"
    return spans


@pytest.fixture(scope="module")
def corpus():
    """All sentences as dicts, from the three files of each split."""
    sents = []
    for split in SPLITS:
        doc = None
        files = [list(blocks(split, ending)) for ending in ("conllu", "iob2", "gold_conll")]
        for (meta, rows), (iob_meta, iob_rows), (_, role_rows) in zip(*files, strict=True):
            doc = meta.get("newdoc id", doc)
            cells = [row.split("\t") for row in rows]
            words = [row for row in cells if row[0].isdigit()]
            roles = [row.split() for row in role_rows]
            assert len({len(row) for row in roles}) == 1, meta["sent_id"]
            sents.append(
                {
                    "split": split,
                    "doc": doc,
                    "meta": meta,
                    "iob_meta": iob_meta,
                    "cells": cells,
                    "forms": [row[1] for row in words],
                    "upos": [row[3] for row in words],
                    "xpos": [row[4] for row in words],
                    "iob": [row.split("\t") for row in iob_rows],
                    "roles": roles,
                    "columns": [read_column(cells) for cells in zip(*[r[8:] for r in roles])],
                }
            )
    return sents


def predicates(sent):
    """(word number, roleset) of each predicate."""
    return [(i, row[7]) for i, row in enumerate(sent["roles"]) if row[7] != "-"]


def test_files_agree_on_words_and_sentences(corpus):
    in_doc = Counter()
    for sent in corpus:
        assert sent["meta"] == sent["iob_meta"]
        assert [row[1] for row in sent["iob"]] == sent["forms"]
        assert [row[3] for row in sent["roles"]] == sent["forms"]
        assert [row[4] for row in sent["roles"]] == sent["xpos"]
        numbers = [str(i) for i in range(len(sent["forms"]))]
        assert [row[0] for row in sent["iob"]] == [str(int(i) + 1) for i in numbers]
        assert [row[2] for row in sent["roles"]] == numbers
        position = {(sent["doc"], str(in_doc[sent["doc"]]))}
        assert {(row[0], row[1]) for row in sent["roles"]} == position
        in_doc[sent["doc"]] += 1
        assert sent["meta"]["sent_id"] == f"{sent['doc']}-{in_doc[sent['doc']]:04}"
    ids = [sent["meta"]["sent_id"] for sent in corpus]
    assert len(set(ids)) == len(ids)


def test_text_is_spelled_by_the_forms(corpus):
    for sent in corpus:
        text, inside = "", 0
        for number, form, *_, misc in sent["cells"]:
            space = "" if "SpaceAfter=No" in misc else " "
            if "-" in number:
                first, last = map(int, number.split("-"))
                assert last > first
                inside = last
                text += form + space
                assert form == "".join(sent["forms"][first - 1 : last])
            elif int(number) > inside:
                text += form + space
            else:
                assert misc == "_", "spacing is the multiword token's"
        assert text.rstrip(" ") == sent["meta"]["text"]


def test_words_are_numbered(corpus):
    for sent in corpus:
        numbers = [row[0] for row in sent["cells"] if "-" not in row[0]]
        assert numbers == [str(i + 1) for i in range(len(numbers))]
        assert {len(row) for row in sent["cells"]} == {10}


def test_tags_are_legal(corpus):
    for sent in corpus:
        assert set(sent["upos"]) <= set(UPOS.split())
        assert set(sent["xpos"]) <= set(XPOS.split())
    assert {tag for sent in corpus for tag in sent["upos"]} == set(UPOS.split())


def test_entities_are_well_formed(corpus):
    seen = set()
    for sent in corpus:
        before = "O"
        for row in sent["iob"]:
            tag = row[2]
            if tag != "O":
                prefix, label = tag.split("-")
                assert prefix in ("B", "I")
                assert label in ENTITIES
                assert prefix == "B" or before in (f"B-{label}", f"I-{label}")
                seen.add((sent["split"], label))
            before = tag
    assert seen == {(split, label) for split in SPLITS for label in ENTITIES}


def test_every_document_is_in_one_split(corpus):
    homes = {(sent["doc"], sent["split"]) for sent in corpus}
    assert len(homes) == len({doc for doc, _ in homes})
    # Documents stand together, so that `newdoc` comes once each.
    begun = [sent["meta"]["newdoc id"] for sent in corpus if "newdoc id" in sent["meta"]]
    assert sorted(begun) == sorted({doc for doc, _ in homes})


def test_size_and_registers(corpus):
    assert len(corpus) >= 300
    for split in SPLITS:
        registers = {sent["doc"].split("-")[0] for sent in corpus if sent["split"] == split}
        assert len(registers) >= 4


def test_one_column_and_one_verb_a_predicate(corpus):
    for sent in corpus:
        found = predicates(sent)
        assert len(sent["columns"]) == len(found)
        for (position, _), spans in zip(found, sent["columns"]):
            assert [(start, end) for role, start, end in spans if role == "V"] == [
                (position, position + 1)
            ]


def test_rolesets_are_named_after_their_frame(corpus):
    for sent in corpus:
        for row in sent["roles"]:
            if row[7] == "-":
                assert row[6] == "-"
            else:
                frame = row[7].rsplit(".", 1)[0]
                assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.\d\d", row[7])
                assert row[6] in (frame, frame.split("_")[0])


def test_every_verb_but_modals_is_a_predicate(corpus):
    for sent in corpus:
        verbs = [
            i
            for i, (upos, xpos) in enumerate(zip(sent["upos"], sent["xpos"]))
            if upos in ("VERB", "AUX") and xpos != "MD"
        ]
        assert [position for position, _ in predicates(sent)] == verbs, sent["meta"]["text"]


def test_roles_are_legal(corpus):
    for sent in corpus:
        for spans in sent["columns"]:
            for role, *_ in spans:
                assert role in ("V", "C-V") or re.sub("^[CR]-", "", role) in ROLES, role


def test_continuations_come_after_what_they_continue(corpus):
    for sent in corpus:
        for spans in sent["columns"]:
            for i, (role, *_) in enumerate(spans):
                if role.startswith("C-"):
                    assert role[2:] in [earlier for earlier, *_ in spans[:i]], sent["meta"]["text"]


def test_relatives_have_an_argument_to_refer_to(corpus):
    for sent in corpus:
        for spans in sent["columns"]:
            roles = {role for role, *_ in spans}
            for role in roles:
                assert not role.startswith("R-") or role[2:] in roles, sent["meta"]["text"]


def test_particles_belong_to_verbs_of_several_words(corpus):
    for sent in corpus:
        for (_, roleset), spans in zip(predicates(sent), sent["columns"]):
            n_words = roleset.split(".")[0].count("_") + 1
            n_pieces = sum(role in ("V", "C-V") for role, *_ in spans)
            assert n_pieces == n_words, (roleset, sent["meta"]["text"])


def test_hard_cases_occur(corpus):
    count = Counter()
    for sent in corpus:
        count["contractions"] += sum("-" in row[0] for row in sent["cells"])
        count["hyphens"] += sent["xpos"].count("HYPH")
        count["entities of several words"] += sum(
            row[2][0] == "B" and following[2][0] == "I"
            for row, following in zip(sent["iob"], sent["iob"][1:])
        )
        count["sentences without verb"] += not sent["columns"]
        count["brackets"] += sent["xpos"].count("-LRB-")
        count["quotations"] += sent["xpos"].count("``")
        for (position, _), spans in zip(predicates(sent), sent["columns"]):
            roles = [role for role, *_ in spans]
            count["relatives"] += sum(role.startswith("R-") for role in roles)
            count["continuations"] += sum(role.startswith("C-") and role != "C-V" for role in roles)
            count["particles"] += roles.count("C-V")
            count["negations"] += roles.count("ARGM-NEG")
            # A form of be somewhere before a participle whose patient comes before it.
            be = any(rolesets == "be.03" for i, rolesets in predicates(sent) if i < position)
            patient = any(role == "ARG1" and end <= position for role, _, end in spans)
            count["passives"] += sent["xpos"][position] == "VBN" and be and patient
    at_least = {
        "contractions": 50,
        "hyphens": 10,
        "passives": 20,
        "continuations": 20,
        "relatives": 50,
        "particles": 20,
        "negations": 20,
        "entities of several words": 50,
        "sentences without verb": 5,
        "brackets": 10,
        "quotations": 10,
    }
    assert {name: count[name] for name in at_least if count[name] < at_least[name]} == {}
