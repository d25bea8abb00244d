"""Reduced precision for PyTorch modules inside Thinc models, on CPU and CUDA."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from thinc.api import ArgsKwargs, PyTorchShim, xp2torch
from thinc.util import convert_recursive

from ..errors import settings_error

PRECISIONS = ("auto", "float32", "bfloat16")


def check_precision(precision: str) -> str:
    """Raises ConfigValidationError (a ValueError) for an unknown precision."""
    if precision not in PRECISIONS:
        raise settings_error(
            f"precision = {precision!r} is unknown; set it to one of: {', '.join(PRECISIONS)}"
        )
    return precision


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies in bfloat16 itself: AVX512-BF16 or AMX on a CPU, Ampere or
    newer on CUDA."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    # PyTorch has no public question for it.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, check, bool)()) for check in checks)


class AutocastShim(PyTorchShim):
    """A `PyTorchShim` whose matrix products are computed in the precision asked for (Thinc's own
    autocasts on CUDA alone). Weights, gradients and what comes out are float32.

    precision: one of `PRECISIONS`; "auto" is bfloat16 where the hardware has it, else float32.
    """

    precision: str = "auto"

    def predict(self, inputs: ArgsKwargs) -> Any:
        with self._autocast():
            outputs = super().predict(inputs)
        return _to_float32(outputs)

    def begin_update(self, inputs: ArgsKwargs) -> Any:
        with self._autocast():
            outputs, backprop = super().begin_update(inputs)
        return _to_float32(outputs), backprop

    @contextmanager
    def use_params(self, params: dict[tuple[int, str], Any]) -> Iterator[None]:
        """Put other weights in place within the context: the averages of an optimizer.

        Thinc's own looks for other keys than optimizers use, so that averages of PyTorch weights
        would be made, but neither evaluated nor saved.
        """
        backup = []
        if self._model is not None:
            for name, weights in self._model.named_parameters():
                if (self.id, name) in params:
                    backup.append((weights, weights.data))
                    average: Any = params[self.id, name]
                    weights.data = xp2torch(average, device=weights.device)
        try:
            yield
        finally:
            for weights, data in backup:
                weights.data = data

    def _autocast(self) -> torch.autocast:
        device = self.device
        enabled = self.precision == "bfloat16" or (
            self.precision == "auto" and has_bfloat16(device)
        )
        # Thinc enters an autocast of its own for CUDA, which must not switch this one off; it
        # keeps the type that is set here.
        self._mixed_precision = enabled and device.type == "cuda"
        return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


def _to_float32(outputs: Any) -> Any:
    if isinstance(outputs, dict):  # an output class of transformers, which has to stay one
        for key, value in outputs.items():
            outputs[key] = _to_float32(value)
        return outputs
    return convert_recursive(_is_reduced, torch.Tensor.float, outputs)


def _is_reduced(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype in (torch.bfloat16, torch.float16)
