"""Confidences of spans and tokens: whose they are, and extensions of others."""

import pytest
import spacy
from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

from spacy_seqtag.confidence import confidence_of, use_span_extension, use_token_extension
from spacy_seqtag.frames import ARGUMENTS, get_frames, set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

FACTORIES = {"seqtag_pos": Token, "seqtag_ner": Span, "seqtag_srl": Span}


@pytest.fixture
def doc():
    ents = ["B-PER", "I-PER", "O", "O", "B-LOC"]
    return Doc(Vocab(), words=["Maria", "Lopez", "moved", "to", "Berlin"], ents=ents)


@pytest.fixture
def of_others():
    """Function (kind, name, **kwargs) to make an extension; it is removed afterwards."""
    made = []

    def make(kind, name, **kwargs):
        kind.set_extension(name, **kwargs)
        made.append((kind, name))

    yield make
    for kind, name in made:
        kind.remove_extension(name)


def test_each_span_answers_for_itself(doc):
    extension = use_span_extension()
    entity, relabelled = doc.ents[1], Span(doc, 4, 5, label="CITY")
    near, far = (Span(doc, 4, 5, label="ARG1", kb_id=tie) for tie in ("-9", "-12"))
    entity._.confidence = 0.9
    near._.confidence = 0.8
    assert [s._.confidence for s in (entity, relabelled, near, far)] == [0.9, None, 0.8, None]
    extension.add([far], [0.7])
    # What an entity linker says of an entity is no tie.
    linked = Span(doc, 4, 5, label="LOC", kb_id="Q64")
    assert [s._.confidence for s in (linked, near, far)] == [0.9, 0.8, 0.7]
    doc.set_ents([relabelled])
    assert doc.ents[0]._.confidence is None
    entity._.confidence = near._.confidence = far._.confidence = None
    assert doc.user_data == {}


def test_annotating_a_stored_doc_again_after_a_merge(doc):
    """spaCy cannot iterate over a stored group whose token numbers are out of date."""
    confidence = use_span_extension()
    props = [Proposition(2, "move.01", [Argument(0, 2, "ARG0"), Argument(3, 5, "ARG2")], [])]
    scores = {"scores": [0.9], "argument_scores": [[0.8, 0.7]], "confidence": confidence}
    set_propositions(doc, props, annotated=[(0, 5)], **scores)
    stored = Doc(doc.vocab).from_bytes(doc.to_bytes())
    with stored.retokenize() as retokenizer:
        retokenizer.merge(stored[0:2])
    scores["argument_scores"] = [[0.6]]
    props = [Proposition(1, "move.01", [Argument(0, 1, "ARG0")], [])]
    set_propositions(stored, props, annotated=[(0, 4)], **scores)
    (frame,) = get_frames(stored)
    assert str(frame) == "[ARG0 Maria Lopez] [V moved]"
    assert frame.arguments[0]._.confidence == 0.6
    assert Span(stored, 2, 4, label="ARG2", kb_id="-6")._.confidence is None


def test_plain_numbers_of_docs_made_before(doc):
    use_span_extension()
    doc.user_data["._.", "confidence", 21, 27] = 0.9
    argument = Span(doc, 4, 5, label="ARG1", span_id="-2")
    assert [doc.ents[1]._.confidence, argument._.confidence] == [0.9, None]
    assert doc[4:5]._.confidence == 0.9
    use_token_extension()
    doc.user_data["._.", "tag_confidence", 21, None] = 0.8
    assert doc[4]._.tag_confidence == 0.8


def test_ties_of_docs_made_before(doc):
    """Only `id_`, in tokens."""
    doc.spans["predicates"] = [Span(doc, 2, 3, label="move.01")]
    doc.spans[ARGUMENTS] = [
        Span(doc, 0, 2, label="ARG0", span_id="+2"),
        Span(doc, 3, 5, label="ARG2", span_id="-1"),
    ]
    expected = "[ARG0 Maria Lopez] [V moved] [ARG2 to Berlin]"
    assert [str(frame) for frame in get_frames(doc)] == [expected]
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    assert [str(frame) for frame in get_frames(doc)] == [expected]


def test_a_token_with_another_tag_has_no_confidence():
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("seqtag_pos")
    tagger.add_label("NOUN")
    doc = nlp.make_doc("dogs")
    tagger.set_annotations([doc], [tagger.model.ops.xp.asarray([[0.75]], dtype="f")])
    assert doc[0]._.tag_confidence == 0.75
    doc[0].pos_ = "VERB"
    assert doc[0]._.tag_confidence is None
    doc[0]._.tag_confidence = 1.0
    assert doc[0]._.tag_confidence == 1.0


def test_confidence_under_another_name(doc):
    nlp = spacy.blank("en")
    for factory in ("seqtag_ner", "seqtag_srl"):
        nlp.add_pipe(factory, config={"confidence": "sure"})
    props = [Proposition(2, "move.01", [Argument(0, 2, "ARG0")], [])]
    extension = use_span_extension("sure")
    set_propositions(doc, props, annotated=[(0, 5)], argument_scores=[[0.6]], confidence=extension)
    assert [a._.sure for a in get_frames(doc)[0].arguments] == [0.6]
    assert confidence_of(get_frames(doc)[0].arguments[0]) == 0.6
    Span.remove_extension("sure")


@pytest.mark.parametrize("kwargs", [{"default": None}, {"default": 1.0}, {"getter": len}])
@pytest.mark.parametrize("factory", FACTORIES)
def test_an_extension_of_somebody_else(of_others, factory, kwargs):
    of_others(FACTORIES[factory], "certainty", **kwargs)
    nlp = spacy.blank("en")
    message = r"\[components.tagger\] confidence = 'certainty': .*remove_extension\('certainty'\)"
    with pytest.raises(ValueError, match=message):
        nlp.add_pipe(factory, "tagger", config={"confidence": "certainty"})
    nlp.add_pipe(factory, "tagger", config={"confidence": "of_ours"})
    nlp.add_pipe(factory, "another", config={"confidence": "of_ours"})
    nlp.add_pipe(factory, "none", config={"confidence": None})
    FACTORIES[factory].remove_extension("of_ours")


def test_an_extension_that_somebody_else_made_later(of_others, doc):
    nlp = spacy.blank("en")
    recognizer = nlp.add_pipe("seqtag_ner", config={"confidence": "certainty"})
    recognizer.add_label("PER")
    of_others(Span, "certainty", default=0.0, force=True)
    probabilities = recognizer.model.ops.xp.full((len(doc), 3), 1 / 3, dtype="f")
    with pytest.raises(ValueError, match="certainty"):
        recognizer.set_annotations([doc], [probabilities])
