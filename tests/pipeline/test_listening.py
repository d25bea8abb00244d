"""Components whose encoder is missing: nothing is annotated in silence."""

import warnings

import pytest
import spacy
from spacy.tokens import Doc

from spacy_seqtag.frames import has_frames

TASKS = ("seqtag_pos", "seqtag_ner", "seqtag_srl")
LISTENERS = ("spacy_seqtag.TransformerListener.v1", "spacy-transformers.TransformerListener.v1")


@pytest.fixture(scope="module", params=LISTENERS)
def listening_path(request, tmp_path_factory, tiny_bert, make_nlp, mini_examples):
    """Folder of a pipeline of all tasks, initialised, on either listener."""
    listener = {
        "@architectures": request.param,
        "pooling": {"@layers": "reduce_mean.v1"},
        "grad_factor": 1.0,
        "upstream": "*",
    }
    nlp = make_nlp(tiny_bert, {task: {"model": {"tok2vec": listener}} for task in TASKS})
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    path = tmp_path_factory.mktemp("listening")
    nlp.to_disk(path)
    return path


def layers(doc):
    """Which of what the three components write is there."""
    return {
        "seqtag_pos": any(token.pos or token._.tag_confidence for token in doc),
        "seqtag_ner": any(token.ent_iob for token in doc),
        "seqtag_srl": has_frames(doc),
    }


def test_docs_without_vectors_get_no_annotation_and_one_warning(listening_path):
    nlp = spacy.load(listening_path)
    assert all(layers(nlp("Maria left .")).values())
    with (
        nlp.select_pipes(disable=["transformer"]),
        pytest.warns(UserWarning, match="listens to") as found,
    ):
        docs = [nlp("Maria left ."), *nlp.pipe(["Maria came .", "", "Maria left ."])]
    assert not any(there for doc in docs for there in layers(doc).values())
    assert [str(w.message).split()[0] for w in found] == [f"[components.{t}]" for t in TASKS]
    assert all("replace_listeners" in str(w.message) for w in found)


@pytest.mark.parametrize("task", TASKS)
def test_only_the_docs_without_vectors_stay_as_they_are(listening_path, task):
    nlp = spacy.load(listening_path)
    pipe = nlp.get_pipe(task)
    texts = ["Maria came .", "", "She left Rome .", "Maria left ."]
    docs = [nlp.make_doc(text) for text in texts]
    for i in (0, 3):
        docs[i] = nlp.get_pipe("transformer")(docs[i])
    with pytest.warns(UserWarning, match=r"\b2 of 4 Docs|\b1 of 4 Docs"):
        docs = list(pipe.pipe(docs))
    with nlp.select_pipes(enable=["transformer", task]):
        alone = [nlp(texts[0]), nlp(texts[3])]
    assert not layers(docs[2])[task]
    assert layers(docs[0])[task]
    for doc, expected in zip((docs[0], docs[3]), alone):
        assert doc.to_json() == expected.to_json()


def test_entities_without_vectors_stay(listening_path):
    nlp = spacy.load(listening_path)
    doc = Doc(nlp.vocab, words=["Maria", "left"], ents=["B-PER", ""])
    with pytest.warns(UserWarning, match="listens to"):
        nlp.get_pipe("seqtag_ner")(doc)
    assert [token.ent_iob_ for token in doc] == ["B", ""]


def test_sourced_without_its_transformer(listening_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("seqtag_ner", source=spacy.load(listening_path))
    with pytest.warns(UserWarning, match="'seqtag_ner' listens to"):
        assert not nlp("Maria left .").has_annotation("ENT_IOB")


def test_loaded_where_no_transformer_was_made(listening_path):
    Doc.remove_extension("trf_data")
    nlp = spacy.load(listening_path, exclude=["transformer"])
    with pytest.warns(UserWarning, match="listens to"):
        assert not any(layers(nlp("Maria left .")).values())


def test_an_encoder_of_its_own_needs_no_transformer(listening_path):
    nlp = spacy.load(listening_path)
    nlp.replace_listeners("transformer", "seqtag_ner", ["model.tok2vec"])
    with warnings.catch_warnings(), nlp.select_pipes(enable=["seqtag_ner"]):
        warnings.simplefilter("error", UserWarning)
        assert nlp("Maria left .").has_annotation("ENT_IOB")


# Initialisation


@pytest.mark.parametrize("task", TASKS)
def test_initialised_without_a_transformer(task, mini_examples):
    nlp = spacy.blank("en")
    nlp.add_pipe(task)
    examples = mini_examples(nlp)
    with pytest.raises(ValueError, match=r"the pipeline has none\. Add one before it: ") as err:
        nlp.initialize(lambda: examples)
    assert f"[components.{task}]" in str(err.value)
    assert f"nlp.add_pipe('transformer', before='{task}')" in str(err.value)


@pytest.mark.parametrize("task", TASKS)
def test_initialised_before_its_transformer(tiny_bert, make_nlp, task, mini_examples):
    nlp = make_nlp(tiny_bert, ())
    nlp.add_pipe(task, before="transformer")
    examples = mini_examples(nlp)
    with pytest.raises(ValueError, match=rf"components\.{task}\] It stands before the transformer"):
        nlp.initialize(lambda: examples)


def test_initialised_with_another_transformer(tiny_bert, make_nlp, mini_examples):
    tok2vec = {
        "@architectures": "spacy_seqtag.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
        "upstream": "trf2",
    }
    nlp = make_nlp(tiny_bert, {"seqtag_ner": {"model": {"tok2vec": tok2vec}}})
    examples = mini_examples(nlp)
    with pytest.raises(ValueError, match=r"the transformer 'trf2' .* pipeline has 'transformer'"):
        nlp.initialize(lambda: examples)
