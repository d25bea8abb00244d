"""Reduced precision for PyTorch modules inside Thinc models, on CPU and CUDA, and their weights as
bytes."""

import copy
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import safetensors.torch
import torch
from thinc.api import ArgsKwargs, Model, PyTorchGradScaler, PyTorchShim, torch2xp, xp2torch
from thinc.types import Floats2d
from thinc.util import convert_recursive
from torch import nn

from ..errors import settings_error

PRECISIONS = ("auto", "float32", "bfloat16", "float16")


def check_precision(precision: str) -> str:
    """Raises ConfigValidationError (a ValueError) for an unknown precision."""
    if precision not in PRECISIONS:
        raise settings_error(
            f"precision = {precision!r} is unknown; set it to one of: {', '.join(PRECISIONS)}"
        )
    return precision


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies in bfloat16 itself, and faster than in float32: with AMX or
    most AVX512-BF16 on a CPU, Ampere or newer on CUDA."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    # PyTorch has no public question for it.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    has = any(bool(getattr(torch.cpu, check, bool)()) for check in checks)
    return has and _cpu_multiplies_faster_in_bfloat16()


@cache
def _cpu_multiplies_faster_in_bfloat16() -> bool:
    """Measured once, in some milliseconds. A processor of Intel's whose AMX is switched off (by a
    hypervisor) has AVX512-BF16, but half as fast as float32, where AMD's is twice as fast."""
    best = {torch.float32: math.inf, torch.bfloat16: math.inf}
    matrices = {dtype: torch.ones(512, 512, dtype=dtype, device="cpu") for dtype in best}
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        for _ in range(8):
            for dtype, matrix in matrices.items():
                start = time.perf_counter()
                torch.mm(matrix, matrix)
                best[dtype] = min(best[dtype], time.perf_counter() - start)
    return best[torch.bfloat16] < 0.8 * best[torch.float32]


class AutocastShim(PyTorchShim):
    """A `PyTorchShim` whose matrix products are computed in the precision asked for (Thinc's own
    autocasts on CUDA alone). Weights, gradients and what comes out are float32.

    precision: one of `PRECISIONS`; "auto" is bfloat16 where the hardware is fast in it, else
    float32.

    When predicting, the weights are held in that precision, in a copy of the module that has to
    convert what numbers it is given to the type of its weights.
    """

    precision: str = "auto"
    # The module that predicts, and what its weights were made from.
    _predictor: tuple[nn.Module, Any] | None = None

    @property
    def dtype(self) -> torch.dtype:
        """What the precision comes to on the device that the module is on."""
        if self.precision == "auto":
            return torch.bfloat16 if has_fast_bfloat16(self.device) else torch.float32
        if self.precision == "bfloat16" and not has_fast_bfloat16(self.device):
            _warn_slow(self.device.type)
        return getattr(torch, self.precision)

    def predict(self, inputs: ArgsKwargs) -> Any:
        network = self.network(is_train=False)
        # It stays so (training sets its own mode): another thread may be predicting.
        if network.training:
            network.eval()
        with torch.no_grad():
            outputs = network(*inputs.args, **inputs.kwargs)
        return _to_float32(outputs)

    def network(self, is_train: bool) -> Any:
        """The module that computes: when predicting in a reduced precision, or where `fuses` says
        so, what `make_predictor` makes of it, made anew when the weights change. Changes through
        `weights.data` alone are not seen."""
        module: Any = self._model
        if is_train or (self.dtype == torch.float32 and not self.fuses(module)):
            return module
        version = [(p.data_ptr(), p._version) for p in module.parameters()]
        predictor = self._predictor  # another thread may set it
        if predictor is None or predictor[1] != version:
            predictor = self.make_predictor(module, self.dtype).eval(), version
            self._predictor = predictor
        return predictor[0]

    def fuses(self, module: Any) -> bool:
        """Whether `make_predictor` makes of the module a faster one, which pays in float32, too."""
        return False

    def make_predictor(self, module: Any, dtype: torch.dtype) -> nn.Module:
        """A copy of the module for predicting, its weights held in the precision."""
        result: nn.Module = copy.deepcopy(module).requires_grad_(False)
        for weights in result.parameters():  # not the buffers: positions, frequencies
            weights.data = weights.data.to(dtype)
        return result

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_predictor": None}

    def finish_update(self, optimizer: Any) -> None:
        # Optimizers change the arrays in place, which PyTorch does not see.
        self._predictor = None
        super().finish_update(optimizer)

    def begin_update(self, inputs: ArgsKwargs) -> Any:
        scaled = self.dtype == torch.float16
        if scaled:
            self._scale_gradients()
        with self._autocast():
            outputs, backprop = super().begin_update(inputs)
        return _to_float32(outputs), self._apart(backprop) if scaled else backprop

    def _apart(self, backprop: Callable[[ArgsKwargs], Any]) -> Callable[[ArgsKwargs], Any]:
        """Thinc unscales whatever gradients the weights have, so those of passes before, which
        are unscaled already, stand aside meanwhile."""

        def backprop_apart(gradients: ArgsKwargs) -> Any:
            module: Any = self._model
            before = [(p, p.grad) for p in module.parameters() if p.grad is not None]
            for weights, _ in before:
                weights.grad = None
            result = backprop(gradients)
            for weights, gradient in before:
                weights.grad = gradient if weights.grad is None else weights.grad + gradient
            return result

        return backprop_apart

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
        device, dtype = self.device, self.dtype
        enabled = dtype != torch.float32
        # Thinc enters an autocast of its own for CUDA, which must not switch this one off; it
        # keeps the type that is set here.
        self._mixed_precision = enabled and device.type == "cuda"
        return torch.autocast(device.type, dtype=dtype if enabled else None, enabled=enabled)

    def _scale_gradients(self) -> None:
        """Small gradients vanish in float16, so they are scaled; Thinc does it on CUDA.

        Raises ConfigValidationError (a ValueError) elsewhere.
        """
        if self.device.type != "cuda":
            raise settings_error(
                'precision = "float16" trains on a GPU only; set "auto" or "bfloat16"'
            )
        if not self._grad_scaler._enabled:
            self._grad_scaler = PyTorchGradScaler(enabled=True)
            self._grad_scaler.to_(self.device)


_warned: set[str] = set()


def _warn_slow(device: str) -> None:
    if device not in _warned:
        _warned.add(device)
        warnings.warn(
            f'precision = "bfloat16" is slow here: this {device} is no faster in bfloat16 than in '
            'float32. "auto" takes float32 in such a case.',
            stacklevel=2,
        )


def _to_float32(outputs: Any) -> Any:
    return convert_recursive(_is_reduced, torch.Tensor.float, outputs)


def _is_reduced(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype in (torch.bfloat16, torch.float16)


def convert_output(
    model: Model, inputs_outputs: tuple[Any, torch.Tensor], is_train: bool
) -> tuple[Floats2d, Callable]:
    """`convert_outputs` of Thinc's PyTorch wrapper, for a module that returns one tensor."""
    _, output = inputs_outputs

    def backprop(d_output: Floats2d) -> ArgsKwargs:
        gradient = xp2torch(d_output, device=output.device)
        return ArgsKwargs(args=((output,),), kwargs={"grad_tensors": (gradient,)})

    return cast(Floats2d, torch2xp(output.detach())), backprop


def weights_to_bytes(module: nn.Module) -> bytes:
    """Parameters and buffers in the safetensors format."""
    # Tensors that share memory are stored each for itself, as the format asks.
    state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    return safetensors.torch.save({name: t.contiguous().cpu() for name, t in state.items()})


def weights_from_bytes(module: nn.Module, data: bytes) -> None:
    """Put weights in place, on whatever device the module is.

    Raises RuntimeError if they are those of another module, ValueError if one is not finite.
    """
    load_weights(module, safetensors.torch.load(data))


def load_weights(module: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Put weights in place, on whatever device the module is.

    Raises RuntimeError if they are those of another module, ValueError if one is not finite.
    """
    module.load_state_dict(state)
    for name, weights in module.named_parameters():
        if not bool(torch.isfinite(weights).all()):
            raise ValueError(f"the weights {name} are not finite")
