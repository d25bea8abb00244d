"""The precisions of matrix products, and which of them the hardware is fast in."""

import math
import time
import warnings
from functools import cache

import torch

_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
PRECISIONS = ("auto", *_DTYPES)
"""What a setting `precision` may be; see `spacy_seqtag.TransformerModel.v1`."""

INT8 = "int8"
"""A further precision of encoders: see `quantized`."""

_warned: set[str] = set()


def resolve_precision(precision: str, device: torch.device) -> torch.dtype:
    """Turn the setting `precision` into a type of floats.

    Warns, once for each kind of device, where bfloat16 is asked for and slow.

    precision (str): One of `PRECISIONS`; "auto" is bfloat16 where the hardware is fast in it, else
        float32. `INT8` is as "auto": it is for what is between the products of bytes.
    device (torch.device): What computes.
    RETURNS (torch.dtype): The type.
    """
    if precision in ("auto", INT8):
        return torch.bfloat16 if has_fast_bfloat16(device) else torch.float32
    if precision == "bfloat16" and not has_fast_bfloat16(device):
        _warn_slow(device.type)
    return _DTYPES[precision]


def has_fast_bfloat16(device: torch.device) -> bool:
    """Say whether the hardware itself multiplies in bfloat16, and faster than in float32.

    It does with AMX or most AVX512-BF16 on a CPU, and from Ampere on with CUDA.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    return _cpu_has_bfloat16() and _cpu_multiplies_faster_in_bfloat16()


def _cpu_has_bfloat16() -> bool:
    """Say whether the CPU has instructions for bfloat16; PyTorch has no public question for it."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, check, bool)()) for check in checks)


@cache
def _cpu_multiplies_faster_in_bfloat16() -> bool:
    """Measure it, once, in some milliseconds.

    Instructions alone do not tell: a processor of Intel's whose AMX is switched off by a hypervisor
    has AVX512-BF16 and is half as fast in it as in float32, where AMD's is twice as fast.
    """
    best = {torch.float32: math.inf, torch.bfloat16: math.inf}
    matrices = {dtype: torch.ones(512, 512, dtype=dtype, device="cpu") for dtype in best}
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        for _ in range(8):
            for dtype, matrix in matrices.items():
                start = time.perf_counter()
                torch.mm(matrix, matrix)
                best[dtype] = min(best[dtype], time.perf_counter() - start)
    return best[torch.bfloat16] < 0.8 * best[torch.float32]


def _warn_slow(device: str) -> None:
    if device not in _warned:
        _warned.add(device)
        warnings.warn(
            f'precision = "bfloat16" is slow here: this {device} is no faster in bfloat16 than in '
            'float32. "auto" takes float32 in such a case.',
            stacklevel=2,
        )
