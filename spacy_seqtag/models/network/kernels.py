"""Which kernel computes each product of an encoder on a CPU: the fastest, which is measured once.

There is no table of processors: where fusing GELU into the product gains with AVX-512, it may lose
with AVX2. All kernels compute in the same precision, so their results differ by rounding alone.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from operator import lt
from threading import Lock
from time import perf_counter, thread_time
from typing import NamedTuple, cast

import torch
from spacy.util import logger
from torch import nn

from .bert_parts import can_fuse, layers_of
from .encoder import EncoderNetwork
from .fused import FUSED, KERNELS, FusedLinear, Kernel, Kernels
from .precision import is_auto_set
from .timing import possible_kernels, time_in_turn, what_follows

AUTO = "auto"
"""What a setting `kernels` may be beside `KERNELS`: the fastest."""

# Kernels are timed once so many wordpieces are annotated: that takes as long as some 3,000 of them,
# and may gain 6% of the time of those that follow.
_WORDPIECES = 2**16

# So many rows, so many times: enough to tell kernels apart, and a fraction of a second in all.
_ROWS, _ROUNDS = 1024, 5

# Another kernel has to be faster than the fused one by more than chance.
_FASTER = 0.97

# The time of other processes does not count; but on Windows this clock ticks 64 times a second.
_clock = perf_counter if sys.platform == "win32" else thread_time


class KernelChoice:
    """The kernels of an encoder: those that a setting says, or the fastest.

    Until there was enough to annotate, which pays for measuring, the fastest is taken to be the
    fused one. It is so for good within `precision.auto_is`: then nothing may depend on measuring.

    setting (str): `AUTO`, or one of `KERNELS` for all products.
    """

    def __init__(self, setting: str) -> None:
        self.setting = setting
        self._annotated = 0
        self._fastest: dict[torch.dtype, Kernels] = {}

    def __reduce__(self) -> tuple[type["KernelChoice"], tuple[str]]:
        return KernelChoice, (self.setting,)  # what is measured holds for this machine

    def count(self, wordpieces: int) -> None:
        """Note that so many wordpieces are annotated."""
        self._annotated += wordpieces

    def is_due(self, dtype: torch.dtype) -> bool:
        """Say whether to measure now, for a precision."""
        return self._annotated >= _WORDPIECES and self.is_open(dtype)

    def is_open(self, dtype: torch.dtype) -> bool:
        """Say whether measuring could change what is taken, for a precision."""
        return self.setting == AUTO and dtype not in self._fastest and not is_auto_set()

    def measure(self, network: EncoderNetwork, dtype: torch.dtype) -> bool:
        """Find the fastest kernels; RETURNS (bool): Whether they are others than before.

        network (EncoderNetwork), dtype (torch.dtype): See `fastest_kernels`.
        """
        found = fastest_kernels(network, dtype)
        self._fastest[dtype] = found
        return set(found.values()) != {FUSED}

    def taken(self, network: EncoderNetwork, dtype: torch.dtype) -> Kernels:
        """Return the kernel of each product; see `fused.Kernels`."""
        if self.setting == AUTO:
            return self._fastest.get(dtype, {})
        assert can_fuse(network.transformer)
        return dict.fromkeys(
            layers_of(network.transformer)[0].products(), cast(Kernel, self.setting)
        )


class _Shape(NamedTuple):
    """What the fastest kernel of a product depends on, beside the machine."""

    dtype: torch.dtype
    inputs: int
    outputs: int
    follows: str
    threads: int


_found: dict[_Shape, Kernel] = {}
_lock = Lock()


def fastest_kernels(network: EncoderNetwork, dtype: torch.dtype) -> dict[str, Kernel]:
    """Find the fastest kernel for each product of an encoder's layers.

    What is found for products of a shape holds for the process, and is logged.

    network (EncoderNetwork): The network that learns, on a CPU; its encoder `can_fuse`.
    dtype (torch.dtype): The precision.
    RETURNS (dict[str, Kernel]): By product; see `fused.Kernels`.
    """
    transformer = network.transformer
    assert can_fuse(transformer)
    return {
        name: _fastest(linears, what_follows(name, transformer.config.hidden_act), dtype)
        for name, linears in layers_of(transformer)[0].products().items()
    }


def _fastest(linears: Sequence[nn.Linear], follows: str, dtype: torch.dtype) -> Kernel:
    device = linears[0].weight.device
    kernels = possible_kernels(device, dtype, bool(follows))
    if len(kernels) == 1:
        return kernels[0]
    inputs, outputs = linears[0].in_features, sum(each.out_features for each in linears)
    shape = _Shape(dtype, inputs, outputs, follows, torch.get_num_threads())
    with _lock, torch.no_grad(), torch.autocast(device.type, enabled=False):
        if shape not in _found:
            rows = torch.ones(_ROWS, inputs, dtype=dtype)
            residual = torch.ones(_ROWS, outputs, dtype=dtype) if follows == "residual" else None
            ways = {
                kernel: partial(
                    FusedLinear(linears, dtype, follows == "GELU", kernel), rows, residual
                )
                for kernel in kernels
            }
            times = time_in_turn(ways, device, _ROUNDS, _clock)
            _found[shape] = choose(times)
            logger.debug(
                'kernels = "auto" is "%s" on this CPU for %s, %d x %d x %d, then %s: %s',
                *(_found[shape], str(dtype).removeprefix("torch."), _ROWS, inputs, outputs),
                follows or "nothing",
                ", ".join(f"{kernel} {1e3 * min(took):.2f} ms" for kernel, took in times.items()),
            )
        return _found[shape]


def choose(times: Mapping[Kernel, Sequence[float]]) -> Kernel:
    """Choose a kernel.

    times (Mapping[Kernel, Sequence[float]]): Of those that work on this machine, by round.
    RETURNS (Kernel): The fastest; but the fused one where that is slower by no more than chance, or
        not in all rounds but one. Without any, PyTorch's own.
    """
    if not times:
        return KERNELS[-1]
    best = min(times, key=lambda kernel: min(times[kernel]))
    fused = times.get(FUSED)
    if fused is None:
        return best
    won = sum(map(lt, times[best], fused))
    gains = min(times[best]) < _FASTER * min(fused) and won >= len(fused) - 1
    return best if gains else FUSED
