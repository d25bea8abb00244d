"""Each encoder, in and out: the same probabilities and labels as transformers, word by word."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from spacy_seqtag.interop.from_hf import from_hf
from spacy_seqtag.interop.to_hf import to_hf
from spacy_seqtag.models.network.bert_parts import can_fuse

from .architectures import ARCHITECTURES

# Words that tokenizers treat in ways of their own.
ODD = ["don't", "e-mail", "naïve", "北京", "xyzzyxyzzy", "...", "U.S.", "É", "ﬁne", "1,000", "—"]


@pytest.fixture(scope="module", params=ARCHITECTURES)
def case(request, saved_model, tmp_path_factory):
    """A tiny model, and the pipeline and the model that come of it."""
    folder = tmp_path_factory.mktemp("equal")
    model = saved_model(request.param)
    from_hf(str(model), folder / "nlp", lang="en")
    to_hf(str(folder / "nlp"), folder / "hf")
    return ARCHITECTURES[request.param], model, folder / "nlp", folder / "hf"


@pytest.fixture(scope="module")
def sentences(mini):
    """Words that are written together in the text are among these ("did", "n't")."""
    found = [sent["words"] for sent in mini["dev"] if len(sent["words"]) < 20][:25]
    return [*found, ODD, ["a"]]


def hf_pipeline(folder):
    model = AutoModelForTokenClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    made = pipeline("token-classification", model=model, tokenizer=tokenizer, device="cpu")
    return made, tokenizer


def word_at(words, start, end):
    """The first word that has one of these characters of the words with spaces between them."""
    owner_of = [i for i, word in enumerate(words) for _ in word + " "]
    solid = [i for i in range(start, end) if " ".join(words)[i] != " "]
    return owner_of[solid[0]] if solid else None


def said_by_transformers(folder, sentences, split):
    """For each sentence the label and score of each word, from `transformers.pipeline`."""
    tagger, tokenizer = hf_pipeline(folder)
    for words in sentences:
        if split:
            found = tagger(words, is_split_into_words=True, ignore_labels=[])
            (found,) = found if isinstance(found[0], list) else [found]
            owners = tokenizer(words, is_split_into_words=True).word_ids()
        else:
            text = " ".join(words)
            found = tagger(text, ignore_labels=[])
            offsets = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
            owners = [word_at(words, *pair) for pair in offsets]
        first = {}
        for piece in found:
            first.setdefault(owners[piece["index"]], (piece["entity"], piece["score"]))
        yield [first[i] for i in range(len(words))]


def softmax_of(folder, words, split):
    """The probabilities of the first wordpiece of each word, computed with the model itself."""
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = words if split else " ".join(words)
    encoding = tokenizer(text, is_split_into_words=split, return_tensors="pt")
    owners = encoding.word_ids()
    if not split:
        offsets = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        owners = [word_at(words, *pair) for pair in offsets]
    with torch.no_grad():
        probs = model(**encoding).logits[0].softmax(-1).numpy()
    return np.asarray([probs[owners.index(i)] for i in range(len(words))]), model.config.id2label


def pipeline_probs(nlp, sentences):
    docs = [Doc(nlp.vocab, words=words) for words in sentences]
    docs = [nlp.get_pipe("transformer")(doc) for doc in docs]
    return nlp.get_pipe("ner").predict(docs), list(nlp.get_pipe("ner").classes)


def test_probabilities_are_those_of_the_original(case, sentences):
    architecture, model, path, _ = case
    probs, classes = pipeline_probs(spacy.load(path), sentences)
    best = set()
    for words, found in zip(sentences, probs, strict=True):
        expected, id2label = softmax_of(model, words, architecture.word_by_word)
        columns = [classes.index(id2label[i]) for i in range(len(id2label))]
        np.testing.assert_allclose(found[:, columns], expected, atol=1e-5)
        labels = [id2label[i] for i in expected.argmax(axis=1).tolist()]
        assert [classes[i] for i in found.argmax(axis=1)] == labels
        best.update(labels)
    assert len(best) > 1  # the models have something to say


def test_out_again(case, sentences):
    """`transformers.pipeline` says of each word what the pipeline says, and the original."""
    architecture, model, path, back = case
    probs, classes = pipeline_probs(spacy.load(path), sentences)
    split = architecture.word_by_word
    said = zip(
        probs,
        said_by_transformers(back, sentences, split),
        said_by_transformers(model, sentences, split),
        strict=True,
    )
    for found, after, before in said:
        labels = [classes[i] for i in found.argmax(axis=1)]
        assert labels == [label for label, _ in after] == [label for label, _ in before]
        scores = found.max(axis=1)
        np.testing.assert_allclose([score for _, score in after], scores, atol=1e-5)
        np.testing.assert_allclose([score for _, score in before], scores, atol=1e-5)


def test_batches_and_texts_written_together(case, sentences):
    """Words written together are read apart where the original was given words."""
    architecture, _, path, _ = case
    nlp = spacy.load(path)
    expected, _ = pipeline_probs(nlp, sentences)
    docs = [Doc(nlp.vocab, words=words, spaces=[False] * len(words)) for words in sentences]
    docs = list(nlp.get_pipe("transformer").pipe(docs, batch_size=8))
    found = nlp.get_pipe("ner").predict(docs)
    same = all(np.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))
    assert same == architecture.word_by_word


def test_with_an_encoder_of_its_own(case, sentences, tmp_path):
    """A component takes the settings of its encoder along, and exports the same model."""
    _, _, path, back = case
    nlp = spacy.load(path)
    expected, _ = pipeline_probs(nlp, sentences)
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path / "own")
    nlp = spacy.load(tmp_path / "own")
    found = nlp.get_pipe("ner").predict([Doc(nlp.vocab, words=words) for words in sentences])
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    to_hf(str(tmp_path / "own"), tmp_path / "hf")
    same = [(folder / "model.safetensors").read_bytes() for folder in (back, tmp_path / "hf")]
    assert same[0] == same[1]


def test_settings_are_kept(case):
    architecture, model, path, back = case
    encoder = spacy.load(path).get_pipe("transformer").model
    assert encoder.attrs["get_spans"].max_wordpieces == encoder.shim.max_wordpieces == 128
    assert can_fuse(encoder.shim.module.transformer) == architecture.fused
    original = AutoTokenizer.from_pretrained(model)
    for tokenizer in (encoder.tokenizer, AutoTokenizer.from_pretrained(back)):
        assert type(tokenizer) is type(original)
        assert tokenizer.model_max_length == original.model_max_length
        assert tokenizer.backend_tokenizer.to_str() == original.backend_tokenizer.to_str()
        for name in ("do_lower_case", "add_prefix_space"):
            assert tokenizer.init_kwargs.get(name) == original.init_kwargs.get(name)
    # Nothing tells of the machine.
    text = (back / "config.json").read_text() + (back / "tokenizer_config.json").read_text()
    assert str(model.parent) not in text
    assert {"model.safetensors", "README.md", "tokenizer.json"} <= {p.name for p in back.iterdir()}
