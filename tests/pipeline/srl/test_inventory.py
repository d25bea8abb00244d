"""Semantic roles with an inventory of frames."""

import json

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_seqtag.frames import problems, set_propositions
from spacy_seqtag.pipeline.srl.rolesets import role_shares
from spacy_seqtag.schemes.inventory import FrameInventory, InventoryRoleset
from spacy_seqtag.schemes.propositions import Proposition

from .made import make_pipe, scores_of, sents

GIVE = {"ARG0": "giver", "ARG1": "thing given"}
FRAMES = FrameInventory(
    [
        InventoryRoleset("give.01", "transfer", {"VERB": ["give"], "NOUN": ["gift"]}, GIVE),
        InventoryRoleset("rain.01", "fall as rain", {"VERB": ["rain"]}, {"ARG1": "what falls"}),
        InventoryRoleset("box.01", "fight", {"VERB": ["box"]}, {"ARG0": "fighter"}),
        InventoryRoleset("box.02", "pack", {"VERB": ["box"], "NOUN": ["box"]}, GIVE),
        InventoryRoleset("box.03", "container", {"NOUN": ["box"]}, {}),
        InventoryRoleset("box_in.04", "surround", {"VERB": ["box in"]}, GIVE),
    ]
)


def with_frames(**config):
    nlp, pipe = make_pipe(**config)
    pipe.set_frames(FRAMES)
    return nlp, pipe


def annotated(pipe, doc, frames):
    pipe.set_annotations([doc], scores_of(pipe, [doc], [frames]))
    return doc._.frames


@pytest.mark.parametrize(
    ("words", "pos", "roleset"),
    [
        ("She gave it", "VERB", "give.01"),  # as in training
        ("it rained it", "VERB", "rain.01"),  # the one there is
        ("a gift was", "NOUN", "give.01"),  # what training saw, of a word that it did not see
        ("they box it", "VERB", "box.01"),  # the first of several
        ("they box it", "", "box.01"),
        ("they box it in", "VERB", "box_in.04"),
        ("a box it", "NOUN", "box.02"),
        ("she flew it", "VERB", "fly.01"),  # nowhere: a guess
    ],
)
def test_rolesets_of_words_that_training_never_saw(words, pos, roleset):
    nlp, pipe = make_pipe((("gave", "give.01"), ("sold", "sell.01")))
    pipe.lexicon.lang = "en"
    pipe.set_frames(FRAMES)
    doc = sents(nlp.vocab, words)
    doc[1].pos_ = pos
    (frame,) = annotated(pipe, doc, {1: []})
    assert frame.roleset == roleset
    assert frame.roleset_known == (roleset != "fly.01")
    assert frame.roleset_definition == FRAMES.definition(roleset)
    assert 0.0 < frame.roleset_confidence <= 1.0
    assert (frame.roleset_confidence == 1.0) == (words == "She gave it")
    # One sense is surer than the first of several.
    assert pipe.lexicon.guess_right["listed"] >= pipe.lexicon.guess_right["first"]


def test_frames_say_what_their_roles_are():
    nlp, pipe = with_frames()
    roles = ("ARG0", None, "ARG1", "ARGM-TMP", "C-ARG1")
    found = [(i, i + 1, role, 0.9) for i, role in enumerate(roles) if role]
    doc = sents(nlp.vocab, "She gave it today all sold")
    doc.spans.clear()
    frames = annotated(pipe, doc, {1: found, 5: []})
    texts = ("giver", "thing given", None, "thing given")
    for again in (
        doc,
        Doc(nlp.vocab).from_bytes(doc.to_bytes()),
        next(DocBin(docs=[doc]).get_docs(nlp.vocab)),
        doc[0:6]._.as_doc(),
    ):
        give, sell = again._.frames
        assert (give.roleset_definition, give.argument_descriptions) == ("transfer", texts)
        assert (sell.roleset_definition, sell.argument_descriptions) == (None, ())
    record = frames[0].to_dict()
    assert record["roleset_definition"] == "transfer"
    assert tuple(argument["description"] for argument in record["arguments"]) == texts


def test_a_role_that_the_roleset_lacks_becomes_improbable():
    found = {1: [(0, 1, "ARG0", 0.9), (2, 3, "ARG1", 0.6)]}
    nlp, pipe = make_pipe(())
    doc = sents(nlp.vocab, "it rains now")
    (before,) = annotated(pipe, doc, found)
    assert [a.label_ for a in before.arguments] == ["ARG0", "ARG1"]
    pipe.lexicon.lang = "en"
    pipe.set_frames(FRAMES)
    # What an inventory is worth is not known without training: certainty is a half.
    (after,) = annotated(pipe, sents(nlp.vocab, "it rains now"), found)
    sure = pipe.lexicon.guess_right["listed"]
    assert sure == 0.5
    odds = 0.9 * (1 - sure) / 0.1
    assert after.argument_confidences[0] == pytest.approx(odds / (1 + odds))
    assert after.argument_confidences[1] == pytest.approx(0.6)
    # A roleset that was given is sure, and it has no ARG0.
    nlp, pipe = with_frames(use_existing_predicates=True)
    doc = sents(nlp.vocab, "it rains now")
    set_propositions(doc, [Proposition(1, "rain.01", [], [])], annotated=[(0, 3)])
    (given,) = annotated(pipe, doc, found)
    assert [a.label_ for a in given.arguments] == ["ARG1"]


def test_shares_are_those_of_the_rolesets_that_have_the_role():
    shares = role_shares(
        [{"rain.01": 0.25, "give.01": 0.5}, {"rain.01": 1.0}, {"other.01": 1.0}],
        FRAMES,
        ["ARG0", "ARG1", "ARGM-TMP", "C-ARG0", "ARG4"],
    )
    assert shares.tolist() == [[0.75, 1, 1, 0.75, 1], [0, 1, 1, 0, 1], [1] * 5]


def test_a_given_predicate_of_several_words_is_kept_whole():
    nlp, pipe = make_pipe(use_existing_predicates=True)
    doc = sents(nlp.vocab, "She gave up on it")
    doc.spans["predicates"] = [Span(doc, 1, 4, label="give_up.07")]
    # Even where the model takes a word of it for an argument, and where it was annotated before.
    found = {1: [(0, 1, "ARG0", 0.9), (2, 4, "ARG1", 0.9), (4, 5, "ARG1", 0.6)]}
    for _ in range(3):
        (frame,) = annotated(pipe, doc, found)
        assert frame.roleset == "give_up.07"
        assert (frame.predicate.text, [part.text for part in frame.parts]) == ("gave", ["up on"])
        assert [(a.label_, a.text) for a in frame.arguments] == [("ARG0", "She"), ("ARG1", "it")]
        assert list(problems(doc)) == []


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ([(2, 3)], [(2, 3)]),
        ([(2, 3), (3, 4)], [(2, 4)]),
        ([(2, 3), (4, 5)], [(2, 3)]),  # what stands by itself is for the model to find
        ([(0, 1)], []),
        ([(3, 4)], []),
    ],
)
def test_parts_that_adjoin_a_given_predicate_are_kept(parts, kept):
    nlp, pipe = make_pipe(use_existing_predicates=True)
    doc = sents(nlp.vocab, "She gave up on it")
    set_propositions(doc, [Proposition(1, "give_up.07", [], parts)], annotated=[(0, 5)])
    (frame,) = annotated(pipe, doc, {1: []})
    assert [(part.start, part.end) for part in frame.parts] == kept


# With an encoder


@pytest.fixture(scope="module")
def nlp(make_nlp, tiny_bert, mini_examples, tmp_path_factory):
    """A pipeline that is initialised with an inventory, as its config says."""
    path = tmp_path_factory.mktemp("inventory") / "frames.json"
    names = ("id", "definition", "words", "roles")
    rows = [dict(zip(names, row, strict=True)) for row in FRAMES.to_rows()]
    path.write_text(json.dumps({"rolesets": rows}), "utf8")
    nlp = make_nlp(tiny_bert, ("seqtag_srl",))
    frames = {"@readers": "spacy_seqtag.FrameInventory.v1", "path": str(path)}
    nlp.config["initialize"]["components"]["seqtag_srl"] = {"frames": frames}
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    path.unlink()
    return nlp


def test_the_inventory_is_saved_with_the_component(nlp, tmp_path):
    pipe = nlp.get_pipe("seqtag_srl")
    nlp.to_disk(tmp_path / "with")
    again = spacy.load(tmp_path / "with").get_pipe("seqtag_srl")
    assert again.frames.to_rows() == FRAMES.to_rows()
    assert again.lexicon.guess_right == pytest.approx(pipe.lexicon.guess_right)
    again.from_bytes(pipe.to_bytes())
    assert again.frames.to_rows() == FRAMES.to_rows()

    bare = spacy.load(tmp_path / "with")
    bare.get_pipe("seqtag_srl").set_frames(None)
    assert bare.get_pipe("seqtag_srl").frames is None
    # Another one is forgotten when a component without it is loaded: also that of older versions.
    cfg = bare.get_pipe("seqtag_srl").cfg
    del cfg["frames"]
    again.from_bytes(bare.get_pipe("seqtag_srl").to_bytes())
    assert again.frames is None
    bare.to_disk(tmp_path / "older")
    assert spacy.load(tmp_path / "older").get_pipe("seqtag_srl").frames is None


def test_a_damaged_inventory_is_named(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    pipe = spacy.load(tmp_path).get_pipe("seqtag_srl")
    pipe.cfg["frames"] = [["give.01"]]
    with pytest.raises(ValueError, match="seqtag_srl"):
        spacy.load(tmp_path).get_pipe("seqtag_srl").from_bytes(pipe.to_bytes())


def test_an_inventory_does_not_change_what_is_learned(nlp, mini_examples):
    pipe = nlp.get_pipe("seqtag_srl")
    examples = mini_examples(nlp, 5)
    with_it = pipe.gold_pairs(examples)
    pipe.set_frames(None)
    try:
        without = pipe.gold_pairs(examples)
    finally:
        pipe.set_frames(FRAMES)
    np.testing.assert_array_equal(with_it.rolesets, without.rolesets)
    np.testing.assert_array_equal(with_it.role, without.role)
