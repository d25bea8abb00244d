"""Whether a component of a pipeline has an equal in transformers, and what that is made of."""

from typing import NamedTuple

import torch
from spacy.language import Language
from thinc.api import Model
from thinc.layers.reduce_first import reduce_first as thinc_reduce_first

from ..models.encoder import Encoder
from ..models.network.encoder import EncoderNetwork
from ..models.pooling import reduce_first
from ..models.spacy_transformers import Transformer
from ..pipeline.listening import AnyModel, listeners_in
from ..pipeline.token_tagger import TokenTagger
from .checkpoint import ENCODERS

# The poolings that take a word's first wordpiece, by their functions: names are loaded with a
# pipeline, and its config may have another layer by now.
_FIRST = (reduce_first()._func, thinc_reduce_first()._func)


class Exportable(NamedTuple):
    """A component, and the encoder that it reads.

    tagger (TokenTagger): The component.
    encoder (Encoder): The encoder.
    upstream (str): Name of the component whose encoder it is; its own where it has one.
    """

    tagger: TokenTagger
    encoder: Encoder
    upstream: str


def find_exportable(nlp: Language, name: str | None) -> Exportable:
    """Find a component that can be a model for token classification, with its encoder.

    nlp (Language): The pipeline.
    name (str | None): The component; None for the only one that there is.
    RETURNS (Exportable): Both.
    RAISES: ValueError: There is none, or it has no equal there. The message says what to train
        instead.
    """
    tagger = _find_tagger(nlp, name)
    tagger.require_weights()
    encoder, upstream = _find_encoder(nlp, tagger)
    where = f"The component {tagger.name!r} has no equal in transformers: "
    if not _pools_first(tagger.model):
        raise ValueError(
            f"{where}a word's vector is pooled from all of its wordpieces, there it is that of the "
            f"first. Train with [components.{tagger.name}.model.tok2vec.pooling] @layers = "
            '"spacy_seqtag.reduce_first.v1"'
        )
    if tagger.model.get_ref("output_layer").get_dim("nI") != encoder.get_dim("nO"):
        raise ValueError(
            f"{where}there are layers between the encoder and its output layer. Train with "
            f"[components.{tagger.name}.model] @architectures = "
            '"spacy_seqtag.SoftmaxTagger.v1"'
        )
    network = encoder.shim.module
    assert isinstance(network, EncoderNetwork)
    cases = network.case_embedding
    if cases is not None and bool(torch.any(cases.weight != 0)):
        raise ValueError(
            f"{where}its encoder has learned vectors for how words are written. Train with "
            f"[components.{upstream}.model] word_case = false, on an encoder that reads case"
        )
    kind = network.transformer.config.model_type
    if kind not in ENCODERS:
        raise ValueError(
            f"{where}its encoder is of the type {kind}. What can be converted: "
            f"{', '.join(ENCODERS.values())}"
        )
    return Exportable(tagger, encoder, upstream)


def _find_tagger(nlp: Language, name: str | None) -> TokenTagger:
    taggers = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, TokenTagger)]
    known = ", ".join(pipe.name for pipe in taggers) or "none"
    if name is None:
        if len(taggers) == 1:
            return taggers[0]
        raise ValueError(
            f"The pipeline has {len(taggers)} components that could become a model for token "
            f"classification ({known}). Name one with --component"
        )
    if name not in nlp.pipe_names:
        raise ValueError(
            f"The pipeline has no component {name!r}, only {', '.join(nlp.pipe_names)}. Name one "
            f"of these with --component: {known}"
        )
    pipe = nlp.get_pipe(name)
    if not isinstance(pipe, TokenTagger):
        raise ValueError(
            f"The component {name!r} is no seqtag_ner or seqtag_pos, and no other has an equal in "
            f"transformers. Name one of these with --component: {known}"
        )
    return pipe


def _find_encoder(nlp: Language, tagger: TokenTagger) -> tuple[Encoder, str]:
    """Find the encoder that a component reads, and the component that has it."""
    for node in tagger.model.walk():
        if isinstance(node, Encoder):
            return node, tagger.name
    for listener in listeners_in(tagger.model):
        for name, pipe in nlp.pipeline:
            if isinstance(pipe, Transformer) and listener in pipe.listeners:
                if isinstance(pipe.model, Encoder):
                    return pipe.model, name
                raise ValueError(
                    f"The encoder of {name!r} is no spacy_seqtag.TransformerModel.v1, so what it "
                    "makes of words is not known here. Train with that architecture"
                )
    raise ValueError(
        f"The pipeline has no encoder that the component {tagger.name!r} listens to. Export it "
        "from the pipeline that it was trained in"
    )


def _pools_first(model: AnyModel) -> bool:
    """Say whether the vector of a word is that of its first wordpiece."""
    # Of our listeners and of those of spacy-transformers.
    poolings: list[Model[object, object]] = [
        node.layers[0] for node in model.walk() if node.name in ("word_vectors", "trfs2arrays")
    ]
    return bool(poolings) and all(pooling._func in _FIRST for pooling in poolings)
