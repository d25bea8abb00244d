"""Quantizing the encoder of a pipeline: products of bytes instead of floats, for CPUs.

What is measured for it, on some sentences of a corpus, and how the network computes with it is in
`models/network/quantized`. Here pipelines are loaded, scored before and after, and saved: only if
they lose little. Products that do the most harm are left as they are until that is so.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import fix_random_seed

from .corpus.cut import sentence_bounds
from .corpus.reader import corpus_as_trained, create_corpus
from .errors import Number, Whole, check_settings, printable, settings_error
from .files import check_replaceable
from .loading import PIPELINE_FILES, load_pipeline
from .models.encoder import ARCHITECTURES, Encoder, encoder_settings, find_encoders
from .models.network.precision import INT8, has_fast_bfloat16, instructions
from .passes import Pass, measure_pass
from .stages import Stages, not_shown
from .training.save_aside import save_pipeline

MAX_LOSS = {"pos_acc": 0.1, "tag_acc": 0.1, "ents_f": 0.3, "srl_f": 0.3}
"""How many points of a hundred a quantized pipeline may lose, by score."""

# Of all products; so many are left as they are at a time, and at most.
_STEP, _MOST = 1 / 12, 1 / 2


class Quantization(NamedTuple):
    """What quantizing a pipeline found.

    passes (dict[str, Pass]): By precision: float32; bfloat16, where "auto" takes that here; int8.
    kept (list[str]): The products that were left as they are, as "component: layer.product".
    products (int): How many there are.
    instructions (str): What the CPU has for products.
    """

    passes: dict[str, Pass]
    kept: list[str]
    products: int
    instructions: str

    @property
    def lost(self) -> dict[str, float]:
        """Points of a hundred that int8 loses beside float32, by score."""
        return self.passes[INT8].lost_since(self.passes["float32"])


def quantize_pipeline(
    model: str,
    data: Path,
    output: Path,
    *,
    sentences: int = 300,
    max_loss: float | None = None,
    force: bool = False,
    entity_labels: str | None = None,
    stages: Stages = not_shown,
) -> Quantization:
    """Quantize the encoders of a saved pipeline, and save it with them.

    model (str): The pipeline: a package name or a folder.
    data (Path): An annotated corpus in .spacy format, which the pipeline was not trained on. Its
        first sentences are those that ranges are measured on; all of it is scored.
    output (Path): The folder for the quantized pipeline. It appears when it is complete.
    sentences (int): How many sentences to measure on, in whole documents.
    max_loss (float | None): Points of a hundred that each score may lose; None for `MAX_LOSS`.
    force (bool): Replace a pipeline that is there, which may be `model` itself.
    entity_labels (str | None): Of which labels entities were looked for in it, see `looked_for`.
    stages (Stages): Is told what is being done.
    RETURNS (Quantization): What was measured.
    RAISES: ValueError: An encoder that cannot be quantized; a corpus without a layer that the
        pipeline annotates; a loss that is too great; something is at `output`.
    RAISES: OSError: The pipeline is not found, or the output cannot be written.
    """
    check_settings("quantize:", sentences=(sentences, Whole(1)))
    if max_loss is not None:
        check_settings("quantize:", max_loss=(max_loss, Number(least=0.0)))
    limits = MAX_LOSS if max_loss is None else dict.fromkeys(MAX_LOSS, max_loss)
    check_replaceable(output, "pipeline", PIPELINE_FILES, force=force)
    fix_random_seed()
    corpus = create_corpus(data)
    nlp = load_pipeline(model)
    corpus = corpus_as_trained(corpus, data, nlp.config, "dev_corpus", entity_labels)
    encoders = find_encoders(nlp)
    if not encoders:
        raise ValueError(
            f"{printable(model, limit=None)}: no component of the pipeline "
            f"({', '.join(nlp.pipe_names) or 'none'}) has an encoder of spacy_seqtag. Give one "
            f"with {' or '.join(ARCHITECTURES)}"
        )
    run = _Run(nlp, encoders, list(corpus(nlp)), stages)
    run.measure(sentences)
    passes = {"float32": run.score("float32")}
    if not passes["float32"].scores:
        raise ValueError(
            f"{data}: nothing in it tells what is lost: the pipeline needs gold tags, entities or "
            "roles there. Give an annotated corpus"
        )
    if has_fast_bfloat16(torch.device("cpu")):
        passes["bfloat16"] = run.score("bfloat16")
    passes[INT8], kept = run.keep(limits, passes["float32"])
    for name in encoders:
        for settings in encoder_settings(nlp.get_pipe_config(name)):
            settings["precision"] = INT8
    save_pipeline(nlp, output)
    return Quantization(passes, kept, run.n_products, " ".join(instructions()))


class _Run:
    """The steps of quantizing a pipeline.

    nlp (Language), encoders (dict[str, Encoder]): The pipeline.
    examples (Sequence[Example]): The corpus.
    stages (Stages): Is told of each step.
    """

    def __init__(
        self,
        nlp: Language,
        encoders: Mapping[str, Encoder],
        examples: Sequence[Example],
        stages: Stages,
    ) -> None:
        self.nlp = nlp
        self.encoders = encoders
        self.examples = examples
        self.stages = stages
        self.calibration: list[Doc] = []
        self.n_products = 0

    def measure(self, sentences: int) -> None:
        """Measure what the products read of the first sentences.

        RAISES: ConfigValidationError (a ValueError): An encoder cannot be quantized.
        """
        n = 0
        for example in self.examples:
            if n >= sentences:
                break
            self.calibration.append(example.predicted)
            n += len(sentence_bounds(example.reference))
        self.stages("Measure", 0)
        for name, encoder in self.encoders.items():
            try:
                with encoder.shim.observed():
                    encoder.predict([doc.copy() for doc in self.calibration])
            except ValueError as error:
                raise settings_error(f"the component {name!r}: {error}") from error
            self.n_products += len(encoder.shim.ranges)

    def score(self, precision: str) -> Pass:
        """Annotate the corpus in a precision, and score it."""
        for encoder in self.encoders.values():
            encoder.set_precision(precision)
        return measure_pass(self.nlp, self.examples, f"Annotate in {precision}", self.stages)

    def keep(self, limits: Mapping[str, float], before: Pass) -> tuple[Pass, list[str]]:
        """Leave the most harmful products as they are until the loss is small.

        limits (Mapping[str, float]): Points that each score may lose.
        before (Pass): In float32.
        RETURNS (tuple[Pass, list[str]]): In int8, and what was left as it is.
        RAISES: ConfigValidationError (a ValueError): Half of the products would not be enough.
        """
        harmful = self._most_harmful_first()
        step = math.ceil(self.n_products * _STEP)
        kept: list[str] = []
        while True:
            found = self.score(INT8)
            lost = found.lost_since(before)
            over = {name: points for name, points in lost.items() if points > limits[name] + 1e-9}
            if not over:
                return found, kept
            if len(kept) + step > self.n_products * _MOST:
                said = ", ".join(
                    f"{name} loses {points:.2f} points ({limits[name]:g} allowed)"
                    for name, points in over.items()
                )
                raise settings_error(
                    f"int8 loses too much here: {said}, with {len(kept)} of {self.n_products} "
                    "products left as they are. Nothing was saved. Allow more with --max-loss, or "
                    "measure on more --sentences"
                )
            for name, product in islice(harmful, step):
                self.encoders[name].shim.forget_range(product)
                kept.append(f"{name}: {product}")

    def _most_harmful_first(self) -> Iterator[tuple[str, str]]:
        """Yield products with their components, those that rounding changes most first."""
        errors = []
        for name, encoder in self.encoders.items():
            with encoder.shim.compared() as found:
                encoder.predict([doc.copy() for doc in self.calibration])
            errors += [(error, name, product) for product, error in found().items()]
        for _, name, product in sorted(errors, reverse=True):
            yield name, product
