"""Calibrating a pipeline: temperatures and curves from a dev corpus, and measures on any corpus.

The mathematics is in `schemes/calibration`. What a component has to compare with gold annotation it
says itself: see `pipeline/calibrated`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from spacy import util
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed
from tqdm import tqdm

from .corpus.reader import create_corpus
from .files import check_replaceable, naming, new_folder, terminable
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
from .training.save_aside import replace_folder

BinDict = dict[str, float]
"""A bin of a reliability diagram: start, end, size, confidence and accuracy."""

Measures = dict[str, float | list[BinDict] | None]
"""Measures of calibration, by the names of scores; None where there is nothing to measure."""

# Examples that go through the heads at once.
_BATCH = 32


class Calibration(NamedTuple):
    """What calibrating a pipeline found.

    temperatures (dict[str, dict[str, float]]): Of each component, by head; those that were fitted.
    curves (dict[str, Curve]): Of the spans of each component; those that were fitted.
    left_alone (list[str]): For each head that was not, its name and why.
    before, after (Measures): On the corpus that these were fitted to.
    """

    temperatures: dict[str, dict[str, float]]
    curves: dict[str, Curve]
    left_alone: list[str]
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


def calibrate(nlp: Language, examples: Sequence[Example]) -> list[str]:
    """Fit the temperatures of a pipeline, and set them.

    nlp (Language): The pipeline; its temperatures are changed.
    examples (Sequence[Example]): The encoder has read the predicted Docs. Labels that the pipeline
        does not know are left out: no temperature makes them more probable.
    RETURNS (list[str]): For each head that was left alone, its name and why.
    """
    left_alone = []
    for name, pipe in calibrated_pipes(nlp):
        for head in pipe.heads:
            # One head after the other: the roles of a corpus take much memory.
            parts = [_known_scores(pipe, batch).get(head) for batch in _batches(examples)]
            rows = [part for part in parts if part is not None and len(part[1])]
            if not rows:
                left_alone.append(f"{name}, {head}: the corpus has no annotation of this kind")
                continue
            width = max(probs.shape[1] for probs, _ in rows)
            wide = [np.pad(p, ((0, 0), (0, width - p.shape[1]))) for p, _ in rows]
            probs, gold = np.concatenate(wide), np.concatenate([gold for _, gold in rows])
            found = fit_temperature(probs[gold < width], gold[gold < width])
            if found is None:
                left_alone.append(
                    f"{name}, {head}: no temperature is best, as the pipeline gets all of the "
                    "corpus right, or nothing"
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
    model: str, data: Path, output: Path, *, force: bool = False, progress: bool = False
) -> Calibration:
    """Fit the temperatures and curves of a saved pipeline to a corpus, and save it with them.

    model (str): The pipeline: a package name or a folder.
    data (Path): The corpus, in .spacy format, which the pipeline was not trained on.
    output (Path): The folder for the calibrated pipeline. It appears when it is complete.
    force (bool): Replace a pipeline that is there, which may be `model` itself.
    progress (bool): Show a bar for the documents.
    RETURNS (Calibration): What was fitted, with measures before and after.
    RAISES: ValueError: There is nothing to calibrate; the corpus cannot be read, or is empty;
        something is at `output`.
    RAISES: OSError: The pipeline is not found, or the output cannot be written.
    """
    check_replaceable(output, "pipeline", ("config.cfg", "meta.json"), force=force)
    fix_random_seed()
    corpus = create_corpus(data)
    nlp = util.load_model(model)
    pipes = calibrated_pipes(nlp)
    if not pipes:
        raise ValueError(
            f"{model}: none of the pipeline's components ({', '.join(nlp.pipe_names) or 'none'}) "
            "has confidences to calibrate. Give a pipeline with seqtag_pos, seqtag_ner or "
            "seqtag_srl"
        )
    for _, pipe in pipes:
        pipe.reset_calibration()
    examples = _annotate(nlp, list(corpus(nlp)), "before", progress)
    before = measure(nlp, examples)
    left_alone = calibrate(nlp, examples)
    if len(left_alone) == sum(len(pipe.heads) for _, pipe in pipes):
        raise ValueError(f"{data}: nothing can be calibrated. {'; '.join(left_alone)}")
    # The curve of spans comes after the temperatures, which their confidences depend on.
    curves = calibrate_spans(nlp, _annotate(nlp, list(corpus(nlp)), "again", progress))
    examples = _annotate(nlp, list(corpus(nlp)), "after", progress)
    after = measure(nlp, examples)
    with terminable(), new_folder(output.parent, output), naming(output):
        replace_folder(output, nlp.to_disk)
    skipped = {tuple(line.partition(":")[0].split(", ")) for line in left_alone}
    temperatures = {
        name: {h: pipe.temperature(h) for h in pipe.heads if (name, h) not in skipped}
        for name, pipe in pipes
    }
    return Calibration(temperatures, curves, left_alone, before, after)


def _annotate(nlp: Language, examples: list[Example], when: str, progress: bool) -> list[Example]:
    docs = nlp.pipe(example.predicted for example in examples)
    bar = tqdm(docs, f"Annotate {when}", len(examples), unit="doc", disable=not progress)
    for example, doc in zip(examples, bar):
        example.predicted = doc
    return examples
