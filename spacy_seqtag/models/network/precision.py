"""The precisions of matrix products, and which of them the hardware is fast in."""

import math
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import torch
from spacy.util import logger

_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
PRECISIONS = ("auto", *_DTYPES)
"""What a setting `precision` may be; see `spacy_seqtag.TransformerModel.v1`."""

INT8 = "int8"
"""A further precision of encoders: see `quantized`."""

# PyTorch's questions for them; it has no public ones.
_EXTENSIONS = {
    "VNNI": "_is_vnni_supported",
    "BF16": "_is_avx512_bf16_supported",
    "AMX": "_is_amx_tile_supported",
}

_warned: set[str] = set()
_auto: list[torch.dtype] = []  # what "auto" was said to be, the last time last


@contextmanager
def auto_is(precision: str) -> Iterator[None]:
    """Have "auto" be a certain precision within a `with` block, whatever the hardware is fast in.

    A measurement may come out differently another time, and a run that goes on has to compute as it
    did when it began.

    precision (str): One of `PRECISIONS` but "auto".
    """
    _auto.append(_DTYPES[precision])
    try:
        yield
    finally:
        _auto.pop()


def is_auto_set() -> bool:
    """Say whether this runs in a `with` block of `auto_is`: nothing may depend on measuring."""
    return bool(_auto)


def measure_auto(device: torch.device) -> str:
    """Return what "auto" is on a device, by its name among `PRECISIONS`.

    device (torch.device): What computes.
    """
    return "bfloat16" if has_fast_bfloat16(device) else "float32"


def resolve_precision(precision: str, device: torch.device) -> torch.dtype:
    """Turn the setting `precision` into a type of floats.

    Warns, once for each kind of device, where bfloat16 is asked for and slow.

    precision (str): One of `PRECISIONS`; "auto" is bfloat16 where the hardware is fast in it, else
        float32, unless `auto_is` says otherwise. `INT8` is as "auto": it is for what is between the
        products of bytes.
    device (torch.device): What computes.
    RETURNS (torch.dtype): The type.
    """
    if precision in ("auto", INT8):
        return _auto[-1] if _auto else _DTYPES[measure_auto(device)]
    if precision == "bfloat16" and not has_fast_bfloat16(device):
        _warn_slow(device.type)
    return _DTYPES[precision]


def has_fast_bfloat16(device: torch.device) -> bool:
    """Say whether the hardware itself multiplies in bfloat16, and faster than in float32.

    It does with AMX or most AVX512-BF16 on a CPU, and from Ampere on with CUDA.
    """
    if not has_bfloat16(device):
        return False
    return device.type == "cuda" or _cpu_multiplies_faster_in_bfloat16()


def has_bfloat16(device: torch.device) -> bool:
    """Say whether the hardware itself multiplies in bfloat16, be it fast or not."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and _cpu_has_bfloat16()


def instructions() -> list[str]:
    """Name what this CPU has for products: first its vectors, as in "AVX512", then more."""
    extensions = [name for name, check in _EXTENSIONS.items() if getattr(torch.cpu, check, bool)()]
    return [torch.backends.cpu.get_cpu_capability(), *extensions]


def _cpu_has_bfloat16() -> bool:
    """Say whether the CPU has instructions for bfloat16."""
    return not {"BF16", "AMX"}.isdisjoint(instructions())


@dataclass(frozen=True)
class Multiplied:
    """How long this CPU took for one product in each precision: what "auto" is chosen by.

    size (int): Rows and columns of the matrices.
    float32, bfloat16 (milliseconds): The fastest of several.
    """

    size: int
    float32: float
    bfloat16: float

    @property
    def takes(self) -> str:
        """The precision that is chosen: bfloat16 has to be faster by more than chance."""
        return "bfloat16" if self.bfloat16 < 0.8 * self.float32 else "float32"


@cache
def multiply_in_both() -> Multiplied:
    """Multiply matrices in float32 and bfloat16, once, in some milliseconds; logs what was found.

    Instructions alone do not tell: a processor of Intel's whose AMX is switched off by a hypervisor
    has AVX512-BF16 and is half as fast in it as in float32, where AMD's is twice as fast.
    """
    size = 512
    best = {torch.float32: math.inf, torch.bfloat16: math.inf}
    matrices = {dtype: torch.ones(size, size, dtype=dtype, device="cpu") for dtype in best}
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        for _ in range(8):
            for dtype, matrix in matrices.items():
                start = time.perf_counter()
                torch.mm(matrix, matrix)
                best[dtype] = min(best[dtype], time.perf_counter() - start)
    found = Multiplied(size, 1e3 * best[torch.float32], 1e3 * best[torch.bfloat16])
    logger.debug(
        'precision = "auto" is %s on this CPU (%s): matrices of %d x %d take %.2f ms in float32, '
        "%.2f ms in bfloat16",
        *(found.takes, " ".join(instructions()), size, size, found.float32, found.bfloat16),
    )
    return found


def _cpu_multiplies_faster_in_bfloat16() -> bool:
    return multiply_in_both().takes == "bfloat16"


def _warn_slow(device: str) -> None:
    if device not in _warned:
        _warned.add(device)
        warnings.warn(
            f'precision = "bfloat16" is slow here: this {device} is no faster in bfloat16 than in '
            'float32. "auto" takes float32 in such a case.',
            stacklevel=2,
        )
