"""Calibrating a pipeline: temperatures and curves from a dev corpus, and measures on any corpus.

The mathematics is in `schemes/calibration`. What a component has to compare with gold annotation it
says itself: see `pipeline/calibrated`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from .corpus.reader import corpus_as_trained, create_corpus
from .files import check_replaceable
from .loading import PIPELINE_FILES, load_pipeline
from .passes import annotate
from .pipeline.calibrated import CalibratedPipe, LabelledScores
from .pipeline.loss import MISSING
from .schemes.calibration import (
    Curve,
    Judged,
    calibration_error,
    fit_curve,
    fit_temperature,
    judge,
    judge_spans,
    lay_end_to_end,
    mean_known,
    reliability,
    temper,
)
from .stages import Stages, not_shown
from .training.save_aside import save_pipeline

BinDict = dict[str, float]
"""A bin of a reliability diagram: start, end, size, confidence and accuracy."""

Measures = dict[str, float | list[BinDict] | None]
"""Measures of calibration, by the names of scores; None where there is nothing to measure."""

FEW_SPANS = 200
"""From fewer spans a curve may make confidences worse that were nearly right."""

_KNOWN = 0.995
"""A pipeline that gets this share of every head right was probably trained on the corpus."""

# Examples that go through the heads at once.
_BATCH = 32


class Calibration(NamedTuple):
    """What calibrating a pipeline found.

    temperatures (dict[str, dict[str, float]]): Of each component, by head; those that were fitted.
    curves (dict[str, Curve]): Of the spans of each component; those that were fitted.
    left_alone (list[str]): For each head and each curve that was not, its name and why.
    cautions (list[str]): What makes the result doubtful, one line each.
    before, after (Measures): On the corpus that these were fitted to.
    """

    temperatures: dict[str, dict[str, float]]
    curves: dict[str, Curve]
    left_alone: list[str]
    cautions: list[str]
    before: Measures
    after: Measures


def calibrated_pipes(nlp: Language) -> list[tuple[str, CalibratedPipe]]:
    """Find the components that have temperatures.

    nlp (Language): Any pipeline.
    RETURNS (list[tuple[str, CalibratedPipe]]): With their names.
    """
    return [(name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, CalibratedPipe)]


def measure(nlp: Language, examples: Sequence[Example]) -> Measures:
    """Measure how well the confidences of annotated Docs are calibrated.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): It has annotated the predicted Docs.
    RETURNS (Measures): Of the tags of each head `pos_ece`, `pos_brier` and `pos_nll`; of spans
        `ents_ece` and `ents_brier`; and with each `…_ece` the bins that it comes from,
        `…_reliability`. The numbers are those of `schemes/calibration`.
    """
    result: Measures = {}
    for name, pipe in calibrated_pipes(nlp):
        parts: dict[str, list[Judged]] = {head: [] for head in pipe.heads}
        for batch in _batches(examples):
            for head, (probs, gold) in _known_scores(pipe, batch).items():
                parts[head].append(judge(temper(probs, pipe.temperature(head)), gold))
        for head, judged in parts.items():
            result.update(_figures(pipe.heads[head] or name, lay_end_to_end(judged)))
        for what, pairs in pipe.span_confidences(examples).items():
            result.update(_figures(what, judge_spans(*pairs), likelihood=False))
    return result


def _figures(name: str, judged: Judged, likelihood: bool = True) -> Measures:
    error = calibration_error(judged)
    bins = None if error is None else [each._asdict() for each in reliability(judged)]
    result: Measures = {f"{name}_ece": error, f"{name}_brier": mean_known(judged.brier)}
    if likelihood:
        result[f"{name}_nll"] = mean_known(judged.nll)
    return {**result, f"{name}_reliability": bins}


def _batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    for start in range(0, len(examples), _BATCH):
        yield list(examples[start : start + _BATCH])


def _known_scores(pipe: CalibratedPipe, examples: Sequence[Example]) -> LabelledScores:
    """Return what is annotated, of the Docs that the encoder read."""
    result: LabelledScores = {}
    for head, (probs, gold) in pipe.labelled_scores(examples).items():
        known = gold != MISSING
        if probs.shape[1]:
            known &= ~np.isnan(probs[:, 0])
        result[head] = probs[known], gold[known]
    return result


def calibrate(nlp: Language, examples: Sequence[Example]) -> dict[tuple[str, str], str]:
    """Fit the temperatures of a pipeline, and set them.

    nlp (Language): The pipeline; its temperatures are changed.
    examples (Sequence[Example]): The encoder has read the predicted Docs. Labels that the pipeline
        does not know are left out: no temperature makes them more probable.
    RETURNS (dict[tuple[str, str], str]): For each component and head that was left alone, why.
    """
    left_alone = {}
    for name, pipe in calibrated_pipes(nlp):
        for head in pipe.heads:
            # One head after the other: the roles of a corpus take much memory.
            parts = [_known_scores(pipe, batch).get(head) for batch in _batches(examples)]
            rows = [part for part in parts if part is not None and len(part[1])]
            if not rows:
                left_alone[name, head] = "the corpus has no annotation of this kind"
                continue
            width = max(probs.shape[1] for probs, _ in rows)
            wide = [np.pad(p, ((0, 0), (0, width - p.shape[1]))) for p, _ in rows]
            probs, gold = np.concatenate(wide), np.concatenate([gold for _, gold in rows])
            found = fit_temperature(probs[gold < width], gold[gold < width])
            if found is None:
                left_alone[name, head] = (
                    "no temperature is best, as the pipeline gets all of the corpus right, or "
                    "nothing"
                )
                continue
            pipe.set_temperatures({head: found})
    return left_alone


def calibrate_spans(nlp: Language, examples: Sequence[Example]) -> dict[str, Curve]:
    """Fit the curves of a pipeline over the confidences of its spans, and set them.

    nlp (Language): The pipeline; its curves are changed. They were straight.
    examples (Sequence[Example]): It has annotated the predicted Docs, with its temperatures.
    RETURNS (dict[str, Curve]): By component. None where no predicted span can be compared with gold
        ones, or all of them are right, or wrong.
    """
    curves = {}
    for name, pipe in calibrated_pipes(nlp):
        if pipe.curved:
            curve = fit_curve(*pipe.span_confidences(examples)[pipe.curved])
            if curve is not None:
                pipe.set_curve(curve)
                curves[name] = curve
    return curves


def calibrate_pipeline(
    model: str,
    data: Path,
    output: Path,
    *,
    force: bool = False,
    entity_labels: str | None = None,
    stages: Stages = not_shown,
) -> Calibration:
    """Fit the temperatures and curves of a saved pipeline to a corpus, and save it with them.

    model (str): The pipeline: a package name or a folder.
    data (Path): The corpus, in .spacy format, which the pipeline was not trained on.
    output (Path): The folder for the calibrated pipeline. It appears when it is complete.
    force (bool): Replace a pipeline that is there, which may be `model` itself.
    entity_labels (str | None): Of which labels entities were looked for; see `partial.looked_for`.
    stages (Stages): Shows how far it is.
    RETURNS (Calibration): What was fitted, with measures before and after.
    RAISES: ValueError: There is nothing to calibrate; the corpus cannot be read, or is empty;
        something is at `output`.
    RAISES: OSError: The pipeline is not found, or the output cannot be written.
    """
    check_replaceable(output, "pipeline", PIPELINE_FILES, force=force)
    fix_random_seed()
    corpus = create_corpus(data)
    stages("Load the pipeline", 0)
    nlp = load_pipeline(model)
    corpus = corpus_as_trained(corpus, data, nlp.config, "dev_corpus", entity_labels)
    pipes = calibrated_pipes(nlp)
    if not pipes:
        raise ValueError(
            f"{model}: none of the pipeline's components ({', '.join(nlp.pipe_names) or 'none'}) "
            "has confidences to calibrate. Give a pipeline with seqtag_pos, seqtag_ner or "
            "seqtag_srl"
        )
    for _, pipe in pipes:
        pipe.reset_calibration()
    examples = annotate(nlp, list(corpus(nlp)), stages)
    stages("Fit temperatures", 0)
    before = measure(nlp, examples)
    skipped = calibrate(nlp, examples)
    left_alone = [f"{name}, {head}: {why}" for (name, head), why in skipped.items()]
    if len(left_alone) == sum(len(pipe.heads) for _, pipe in pipes):
        raise ValueError(f"{data}: nothing can be calibrated. {'; '.join(left_alone)}")
    # The curve of spans comes after the temperatures, which their confidences depend on.
    examples = _annotate_again(nlp, list(corpus(nlp)), examples, stages)
    stages("Fit curves", 0)
    cautions = [*_about_training(pipes, before, data), *_about_few(pipes, examples)]
    curves = calibrate_spans(nlp, examples)
    left_alone += [
        f"{name}, curve of spans: no curve is best, as all spans are right, or all wrong, or absent"
        for name, pipe in pipes
        if pipe.curved and name not in curves
    ]
    examples = _annotate_again(nlp, list(corpus(nlp)), examples, stages)
    stages("Measure", 0)
    after = measure(nlp, examples)
    save_pipeline(nlp, output)
    temperatures = {
        name: {h: pipe.temperature(h) for h in pipe.heads if (name, h) not in skipped}
        for name, pipe in pipes
    }
    return Calibration(temperatures, curves, left_alone, cautions, before, after)


def _about_training(
    pipes: Sequence[tuple[str, CalibratedPipe]], before: Measures, data: Path
) -> Iterator[str]:
    """Caution if the pipeline gets nearly all right, as on the corpus that it learned from."""
    shares = []
    for name, pipe in pipes:
        for head in pipe.heads.values():
            bins = before.get(f"{head or name}_reliability")
            if isinstance(bins, list) and (total := sum(each["size"] for each in bins)):
                shares.append(sum(each["size"] * each["accuracy"] for each in bins) / total)
    if shares and min(shares) >= _KNOWN:
        yield (
            f"{data}: the pipeline gets {min(shares):.1%} right. If it was trained on this corpus, "
            "calibrate it on another one"
        )


def _about_few(
    pipes: Sequence[tuple[str, CalibratedPipe]], examples: Sequence[Example]
) -> Iterator[str]:
    """Caution if there are few predicted spans to fit a curve to."""
    for name, pipe in pipes:
        if pipe.curved:
            n = len(pipe.span_confidences(examples)[pipe.curved][0])
            if 0 < n < FEW_SPANS:
                yield (
                    f"{name}: the curve is fitted to {n} spans, fewer than {FEW_SPANS}, and may "
                    "make confidences worse that were nearly right. Give a larger corpus"
                )


def _annotate_again(
    nlp: Language, examples: list[Example], annotated: Sequence[Example], stages: Stages
) -> list[Example]:
    """Annotate Docs with the vectors that the encoder gave to the same Docs before.

    Where these do not fit (there are several encoders, or a component merges tokens), the encoder
    runs again.

    examples (list[Example]): Of the corpus, not annotated.
    annotated (Sequence[Example]): The same, annotated.
    stages (Stages): Shows how far it is.
    """
    # This takes a second, which no other command should.
    from .models.spacy_transformers import Transformer

    encoders = [name for name, pipe in nlp.pipeline if isinstance(pipe, Transformer)]
    pairs = [(new.predicted, old.predicted) for new, old in zip(examples, annotated, strict=True)]
    if len(encoders) != 1 or any(len(new) != len(old) for new, old in pairs):
        return annotate(nlp, examples, stages)
    for new, old in pairs:
        new._.trf_data = old._.trf_data
    with nlp.select_pipes(disable=encoders):
        return annotate(nlp, examples, stages)
