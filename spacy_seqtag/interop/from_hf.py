"""A model of transformers for token classification as a pipeline of spaCy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.types import Floats1d, Floats2d

from ..arrays import Floats
from ..errors import first_line
from ..files import check_replaceable
from ..loading import PIPELINE_FILES
from ..models.encoder import Encoder
from ..models.encoder_shim import max_wordpieces
from ..models.spacy_transformers import HFObjects, TransformerListener
from ..pipeline.token_tagger import TokenTagger
from ..training.save_aside import save_pipeline
from .checkpoint import Checkpoint, classifier_of, encoder_of, languages_of, load_checkpoint
from .labels import Head, read_head
from .reference import SAMPLE, TOLERANCE, far_apart, reads_words, word_probabilities

# The logit of a class that the classifier does not have is this far below the mean of the others:
# its probability is below 1e-13, and training can still raise it.
_ABSENT = -30.0

_ENCODER = "transformer"
_FACTORIES = {"ner": "seqtag_ner", "pos": "seqtag_pos", "tag": "seqtag_pos"}


class Converted(NamedTuple):
    """What a model became.

    encoder (str): The kind of its encoder, as transformers calls it.
    component (str): The name of the component in the pipeline.
    head (Head): What its classifier became.
    lang (str): The language code of the pipeline.
    off (float): How far the probabilities of some words are from those of transformers at most.
    """

    encoder: str
    component: str
    head: Head
    lang: str
    off: float


def from_hf(
    checkpoint: str,
    output: Path,
    *,
    task: str | None = None,
    labels: Sequence[str] | None = None,
    scheme: str = "auto",
    decoding: str | None = None,
    lang: str | None = None,
    component: str | None = None,
    precision: str = "float32",
    force: bool = False,
) -> Converted:
    """Convert a model for token classification to a pipeline, and save it.

    checkpoint (str): The folder of a saved model, an installed package with one, or a hub name.
    output (Path): The folder for the pipeline. It appears when it is complete.
    task, scheme (str | None): See `read_head`.
    labels (Sequence[str] | None): Names of its outputs, in their order, in the place of its own.
    decoding (str | None): Of entities, see `seqtag_ner`; None for "viterbi", or "iob1" where the
        tags are.
    lang (str | None): Language code; None takes that of the model card, or else "xx".
    component (str | None): The component's name; None for "ner", "pos" or "tag".
    precision (str): See `spacy_seqtag.TransformerModel.v1`.
    force (bool): Replace a pipeline that is there.
    RETURNS (Converted): What it became.
    RAISES: ValueError: It cannot be converted; the message names it and says what to do.
    RAISES: OSError: The output cannot be written.
    """
    check_replaceable(output, "pipeline", PIPELINE_FILES, force=force)
    found = load_checkpoint(checkpoint)
    names = list(labels or found.labels)
    if len(names) != len(found.labels):
        raise ValueError(
            f"{checkpoint}: --labels names {len(names)} labels, and its classifier has "
            f"{len(found.labels)} outputs. Name each of them, in their order"
        )
    try:
        head = read_head(names, task, scheme)
    except ValueError as err:
        raise ValueError(f"{checkpoint}: {err}") from err
    _check_decoding(checkpoint, head, decoding)
    lang = lang or _guess_lang(found)
    nlp = build_pipeline(found, head, lang, component or head.task, precision, decoding)
    off = _compare(nlp, found, head)
    save_pipeline(nlp, output)
    return Converted(found.model.config.model_type, nlp.pipe_names[-1], head, lang, off)


def build_pipeline(
    found: Checkpoint,
    head: Head,
    lang: str,
    component: str,
    precision: str,
    decoding: str | None = None,
) -> Language:
    """Build a pipeline of an encoder and a component with the weights of a model.

    found (Checkpoint): The model.
    head (Head): What its classifier becomes.
    lang, component, precision, decoding (str): See `from_hf`.
    RETURNS (Language): The pipeline.
    RAISES: ValueError: There is no such language, or it needs a package that is not installed.
    """
    transformer = encoder_of(found.model)
    try:
        nlp = spacy.blank(lang)
    except ImportError as err:
        raise ValueError(f"--lang {lang}: spaCy cannot make it ({first_line(err)})") from err
    model = _encoder_config(found, max_wordpieces(found.tokenizer, transformer), precision)
    encoder = nlp.add_pipe(_ENCODER, config={"model": model}).model  # type: ignore[attr-defined]
    assert isinstance(encoder, Encoder)
    encoder.attrs["set_transformer"](encoder, HFObjects(found.tokenizer, transformer, None))
    config = _component_config(head, decoding)
    tagger = nlp.add_pipe(_FACTORIES[head.task], component, config=config)
    assert isinstance(tagger, TokenTagger)
    for label in head.labels:
        tagger.add_label(label)
    _set_weights(tagger, found, head)
    nlp.meta["description"] = f"{Path(found.name).name}, converted from Hugging Face transformers"
    if isinstance(found.card.license, str):
        nlp.meta["license"] = found.card.license
    return nlp


def _check_decoding(checkpoint: str, head: Head, decoding: str | None) -> None:
    """Check that a decoding reads the tags.

    RAISES: ValueError: It does not.
    """
    if decoding is not None and head.task != "ner":
        raise ValueError(
            f"{checkpoint}: --decoding {decoding} is for entities, and its labels are read as "
            "tags. Leave it out, or take --task ner"
        )
    if head.iob1 and decoding not in (None, "iob1"):
        raise ValueError(
            f"{checkpoint}: --decoding {decoding} reads IOB2, and its tags are read as IOB1. Leave "
            "it out"
        )


def _guess_lang(found: Checkpoint) -> str:
    """Take the language of the model card, if it is one that spaCy has."""
    codes = languages_of(found.card)
    if len(codes) == 1:
        try:
            return str(spacy.blank(codes[0]).lang)
        except ImportError:
            pass
    return "xx"


def _encoder_config(found: Checkpoint, limit: int, precision: str) -> dict[str, Any]:
    """Write the settings of an encoder that reads as the model did.

    limit (int): The most wordpieces that it reads at once.
    """
    return {
        "@architectures": "spacy_seqtag.TransformerModel.v1",
        "name": found.name,
        "get_spans": {
            "@span_getters": "spacy_seqtag.sentence_windows.v1",
            "max_wordpieces": limit,
        },
        "precision": precision,
        "word_by_word": reads_words(found.tokenizer),
    }


def _component_config(head: Head, decoding: str | None) -> dict[str, Any]:
    listener = {
        "@architectures": "spacy_seqtag.TransformerListener.v1",
        "pooling": {"@layers": "spacy_seqtag.reduce_first.v1"},
    }
    config: dict[str, Any] = {
        "model": {"@architectures": "spacy_seqtag.SoftmaxTagger.v1", "tok2vec": listener}
    }
    if head.task == "ner":
        config["decoding"] = decoding or ("iob1" if head.iob1 else "viterbi")
    else:
        config["layer"] = head.task
    return config


def _set_weights(tagger: TokenTagger, found: Checkpoint, head: Head) -> None:
    """Give a component the classifier of a model."""
    classifier = classifier_of(found.name, found.model)
    W: Floats = classifier.weight.detach().numpy()
    b: Floats = np.zeros(len(W), dtype="f")
    if classifier.bias is not None:
        b = classifier.bias.detach().numpy()
    rows = [len(W) if row is None else row for row in head.rows]
    output = tagger.model.get_ref("output_layer")
    output.set_dim("nO", len(rows), force=True)
    output.set_dim("nI", W.shape[1], force=True)
    weights = np.vstack([W, W.mean(axis=0, keepdims=True)])[rows].astype("f")
    bias = np.append(b, b.mean() + _ABSENT)[rows].astype("f")
    output.set_param("W", output.ops.asarray2f(cast(Floats2d, weights)))
    output.set_param("b", output.ops.asarray1f(cast(Floats1d, bias)))
    for node in tagger.model.walk():
        if isinstance(node, TransformerListener):
            node.set_dim("nO", W.shape[1], force=True)


def _compare(nlp: Language, found: Checkpoint, head: Head) -> float:
    """Compare what the pipeline and transformers say of some words, in float32.

    RETURNS (float): How far probabilities are apart at most.
    RAISES: ValueError: Further than they may be.
    """
    (_, encoder), (_, tagger) = nlp.pipeline
    assert isinstance(tagger, TokenTagger)
    shim = cast(Encoder, encoder.model).shim  # type: ignore[attr-defined]
    precision, shim.precision = shim.precision, "float32"
    doc = encoder(Doc(nlp.vocab, words=list(SAMPLE)))
    (probs,) = tagger.predict([doc])
    shim.precision = precision
    split = reads_words(found.tokenizer)
    expected = word_probabilities(found.model, found.tokenizer, SAMPLE, split=split)
    there = [(i, row) for i, row in enumerate(head.rows) if row is not None]
    columns, outputs = np.asarray(there).T
    off = far_apart(probs[:, columns], expected[:, outputs])
    if not off < TOLERANCE:
        raise ValueError(
            f"{found.name}: its probabilities could not be kept: those of some words are off by "
            f"{off:.2g}. Its tokenizer or its head does more than what can be converted"
        )
    return off
