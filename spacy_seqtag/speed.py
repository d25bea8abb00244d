"""What a pipeline computes with on this machine, why, and how fast that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle, islice
from time import perf_counter

import torch
from spacy.language import Language

from .models.encoder import find_encoders
from .models.network.encoder import EncoderNetwork
from .models.network.precision import (
    Multiplied,
    has_bfloat16,
    instructions,
    measure_auto,
    multiply_in_both,
)
from .models.network.timing import Timing, time_products
from .stages import Stages, not_shown

# Most rows of the products that are timed: more take longer, and are hardly faster.
_ROWS = 2048

# The made text: so many texts of so many sentences.
_TEXTS, _SENTENCES = 24, 10

# It is annotated again until so many seconds have passed.
_SECONDS = 2.0


@dataclass(frozen=True)
class Speed:
    """What was measured.

    device (str): What computes: "cpu", or the name of a GPU.
    instructions (list[str]): What the CPU has for products.
    threads (int): How many compute on the CPU.
    auto (str): What `precision = "auto"` is here.
    auto_by (Multiplied | None): What it was chosen by; None where there was nothing to choose, as
        the CPU has no instructions for bfloat16, or a GPU tells by itself.
    products (dict[str, list[Timing]]): Those of each encoder, by its component; see
        `time_products`.
    words (int): Of the made text.
    words_per_second (float): Of the whole pipeline, from text to Docs.
    """

    device: str
    instructions: list[str]
    threads: int
    auto: str
    auto_by: Multiplied | None
    products: dict[str, list[Timing]]
    words: int
    words_per_second: float


def measure_speed(nlp: Language, stages: Stages = not_shown) -> Speed:
    """Measure what a pipeline computes with, on the device that it is on.

    nlp (Language): Any pipeline.
    stages (Stages): Is told what is being measured.
    RAISES: ValueError: The pipeline cannot annotate, as it was saved before it was initialized.
    """
    device = torch.device("cpu")
    products = {}
    for name, encoder in find_encoders(nlp).items():
        stages(f"Time the products of {name}", 0)
        shim = encoder.shim
        network = shim.module
        if not isinstance(network, EncoderNetwork):  # it was not initialized
            continue
        device = shim.device
        rows = min(shim.max_batch_wordpieces, _ROWS)
        shim.choose_kernels()
        products[name] = time_products(network, shim.predictor(), rows)
    stages("Annotate", 0)
    words, seconds = _annotate(nlp, list(make_texts(nlp.lang or "en")))
    on_cpu = device.type == "cpu"
    return Speed(
        "cpu" if on_cpu else torch.cuda.get_device_name(device),
        instructions(),
        torch.get_num_threads(),
        measure_auto(device),
        multiply_in_both() if on_cpu and has_bfloat16(device) else None,
        products,
        words,
        words / seconds,
    )


def make_texts(lang: str) -> Iterator[str]:
    """Make texts of the example sentences that spaCy has for a language; English ones without.

    lang (str): A language code.
    RETURNS (Iterator[str]): Texts of several sentences each.
    """
    try:
        sentences: Sequence[str] = import_module(f"spacy.lang.{lang}.examples").sentences
    except ImportError:
        from spacy.lang.en.examples import sentences
    turning = cycle(sentences)
    for _ in range(_TEXTS):
        yield " ".join(islice(turning, _SENTENCES))


def _annotate(nlp: Language, texts: Sequence[str]) -> tuple[int, float]:
    """Annotate texts again and again.

    RETURNS (tuple[int, float]): Their words, and the seconds of the fastest time; the first does
        not count.
    """
    times: list[float] = []
    words = 0
    while len(times) < 2 or sum(times[1:]) < _SECONDS:
        start = perf_counter()
        words = sum(len(doc) for doc in nlp.pipe(texts))
        times.append(perf_counter() - start)
    return words, min(times[1:])
