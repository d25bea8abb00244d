"""`python -m spacy seqtag info`: what a pipeline is, and what this machine computes it with."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from ..errors import printable
from ..loading import load_pipeline
from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import stage_bar
from .gpu import set_up_gpu
from .options import GpuOption, JsonOption, PipelineArgument, QuietOption

if TYPE_CHECKING:  # they load PyTorch, which takes seconds
    from ..description import Component, Description, EncoderFacts
    from ..models.network.timing import Timing
    from ..speed import Speed


@seqtag.command(
    "info",
    no_args_is_help=True,
    epilog=examples(
        "info my_pipeline",
        "info training/mine/model-best --speed --json",
    ),
)
def info_cli(
    model: PipelineArgument,
    speed: Annotated[
        bool,
        typer.Option(
            "--speed",
            help="Measure what this machine computes with, and how fast it is; takes some seconds",
        ),
    ] = False,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print what a pipeline is: components, labels, calibration, encoder.

    With --speed also what this machine computes with, and why: its instructions for products, the
    precision that it is fast in, each product of the encoder in every way that there is, and the
    words per second of the whole pipeline.
    """
    from ..description import describe
    from ..speed import measure_speed

    measured = None
    try:
        set_up_gpu(gpu_id)
        with stage_bar(quiet) as stages:
            stages(f"Load {model}", 0)
            nlp = load_pipeline(model)
            found = describe(nlp)
            if speed:
                measured = measure_speed(nlp, stages)
    except (ValueError, OSError) as error:
        fail(error)
    if as_json:
        print_json({**asdict(found), "speed": measured and asdict(measured)})
        return
    _print_description(model, found)
    if measured is not None:
        _print_speed(measured)


def _print_description(model: str, found: "Description") -> None:
    facts = {
        "lang": found.lang,
        "name": found.name,
        "version": found.version,
        "spacy_version": found.spacy_version,
    }
    shown = {key: printable(value) for key, value in facts.items()}
    msg.table(shown, title=f"Info about pipeline {printable(model)!r}")
    header = ("Component", "Factory", "Labels", "Temperatures")
    rows = [_component_row(each) for each in found.components]
    if rows:
        msg.table(rows, header=header, aligns=("l", "l", "r", "l"), divider=True)
    for encoder in found.encoders:
        msg.table(_encoder_facts(encoder), title=f"Encoder of {printable(encoder.component)!r}")


def _component_row(component: "Component") -> tuple[str, ...]:
    heads = [f"{head} {value:.3f}" for head, value in component.temperatures.items()]
    calibrated = any(value != 1.0 for value in component.temperatures.values()) or component.curved
    return (
        printable(component.name) + (" (disabled)" if component.disabled else ""),
        printable(component.factory),
        "" if component.labels is None else str(component.labels),
        ", ".join(heads) if calibrated else "not calibrated" if heads else "",
    )


def _encoder_facts(encoder: "EncoderFacts") -> dict[str, str]:
    return {
        "kind": printable(encoder.kind),
        "layers": "unknown" if encoder.layers is None else str(encoder.layers),
        "width": "unknown" if encoder.width is None else str(encoder.width),
        "parameters": f"{encoder.parameters:,}",
        "max_wordpieces": str(encoder.max_wordpieces),
        "word_case": "yes" if encoder.word_case else "no",
        "precision": encoder.precision,
        "kernels": encoder.kernels,
        "int8 ranges": f"of {encoder.int8_ranges} products" if encoder.int8_ranges else "none",
    }


def _print_speed(found: "Speed") -> None:
    facts = {
        "device": printable(found.device),
        "instructions": " ".join(found.instructions),
        "threads": str(found.threads),
        'precision "auto"': f"{found.auto}: {_reason(found)}",
        "words per second": f"{found.words_per_second:,.0f}, of a made text of {found.words:,}",
    }
    msg.table(facts, title="Speed on this machine")
    header = ("Product", "Size", "Precision", "By", "Fused", "ms", "GFLOP/s", "Taken")
    aligns = ("l", "l", "l", "l", "l", "r", "r", "l")
    for component, timings in found.products.items():
        title = f"Products of {printable(component)!r}"
        if timings:
            rows = [_timing_row(timing) for timing in timings]
            msg.table(rows, header=header, aligns=aligns, divider=True, title=title)
        else:
            msg.info(f"{title}: not timed, as the encoder is not built like BERT or RoBERTa")


def _reason(found: "Speed") -> str:
    """Say why "auto" is what it is."""
    by = found.auto_by
    if by is not None:
        return (
            f"{by.size} x {by.size} take {by.float32:.2f} ms in float32, "
            f"{by.bfloat16:.2f} in bfloat16"
        )
    if found.device == "cpu":
        return "this CPU has no instructions for bfloat16"
    return "what this GPU has"


def _timing_row(timing: "Timing") -> tuple[str, ...]:
    way = timing.way
    return (
        timing.product,
        f"{timing.rows}x{timing.inputs}x{timing.outputs}",
        way.precision,
        way.library,
        timing.follows if way.fused else "",
        f"{timing.milliseconds:.2f}",
        f"{timing.gflops:,.0f}",
        "yes" if timing.taken else "",
    )
