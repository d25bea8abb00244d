"""A PyTorch module within a Thinc model, computed in the precision asked for.

Thinc's own shim autocasts on CUDA alone. Here, on CPU and CUDA:

- in training, matrix products are computed in the precision (autocast); weights, gradients and what
  comes out are float32;
- in annotating, a *predictor* computes in the module's place where that is faster: a copy of the
  module with its weights held in the precision, or another module that is the same function. It is
  made anew when the weights change.

Which module annotates, and in which precision, is decided once a batch: in `predictor`.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias, cast

import torch
from thinc.api import ArgsKwargs, Optimizer, PyTorchGradScaler, PyTorchShim, torch2xp, xp2torch
from thinc.types import Floats2d, FloatsXd
from torch import nn

from ..errors import settings_error
from .network.precision import resolve_precision

Backprop: TypeAlias = Callable[[ArgsKwargs], ArgsKwargs]
"""Takes the gradient of what a module returned; gives those of what it was given."""

Version: TypeAlias = tuple[str, list[tuple[int, int]]]
"""A precision; and of each parameter, where it is in memory, and how often PyTorch has changed it
in place."""


class PrecisionShim(PyTorchShim):
    """Holds a PyTorch module that returns one tensor.

    Subclasses may say that another module computes when annotating, and save the weights.

    precision (str): One of `PRECISIONS`; see `spacy_seqtag.TransformerModel.v1`.
    """

    def __init__(self, precision: str) -> None:
        super().__init__(None)
        self.precision = precision
        self._predictor: tuple[nn.Module, Version] | None = None

    @property
    def module(self) -> nn.Module:
        """The module that learns."""
        module: nn.Module = self._model
        return module

    @property
    def device(self) -> torch.device:
        """What the module is on."""
        device: torch.device = super().device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """What the precision comes to on the device that the module is on."""
        return resolve_precision(self.precision, self.device)

    # Which module computes

    @property
    def version(self) -> Version:
        """What a predictor is made for: the precision, and the weights as they are now."""
        weights = [(p.data_ptr(), p._version) for p in self.module.parameters()]
        return self.precision, weights

    def predictor(self) -> nn.Module:
        """Return the module that annotates.

        It is the module itself in float32, unless `fuses` says otherwise. Changes of weights
        through `weights.data` alone are not seen.
        """
        module, dtype = self.module, self.dtype
        if dtype == torch.float32 and not self.fuses(module):
            return module
        version = self.version
        predictor = self._predictor  # another thread may set it
        if predictor is None or predictor[1] != version:
            predictor = self.make_predictor(module, dtype).eval(), version
            self._predictor = predictor
        return predictor[0]

    def fuses(self, module: nn.Module) -> bool:
        """Say whether `make_predictor` makes a faster module, which pays in float32, too."""
        return False

    def make_predictor(self, module: nn.Module, dtype: torch.dtype) -> nn.Module:
        """Copy the module for annotating, its weights held in the precision.

        The copy has to convert what numbers it is given to the type of its weights.
        """
        result = copy.deepcopy(module).requires_grad_(False)
        for weights in result.parameters():  # not the buffers: positions, frequencies
            weights.data = weights.data.to(dtype)
        return result

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_predictor": None}

    # Both passes

    def run(
        self, *args: object, is_train: bool
    ) -> tuple[Floats2d, Callable[[Floats2d], ArgsKwargs]]:
        """Run the module.

        args: What it takes.
        is_train (bool): Whether to keep what the backward pass needs.
        RETURNS: What it returns, as an array, and the backward pass: from its gradient, as an
            array, to those of `args`.
        """
        output: torch.Tensor
        backprop_module: Backprop
        output, backprop_module = self(ArgsKwargs(args, {}), is_train)

        def backprop(d_output: Floats2d) -> ArgsKwargs:
            gradient = xp2torch(d_output, device=output.device)
            return backprop_module(
                ArgsKwargs(args=((output,),), kwargs={"grad_tensors": (gradient,)})
            )

        return to_floats2d(output.detach()), backprop

    def predict(self, inputs: ArgsKwargs) -> torch.Tensor:
        """Annotate; RETURNS (torch.Tensor): float32."""
        predictor = self.predictor()
        # Leave it in this mode, as another thread may be predicting; training sets its own.
        if predictor.training:
            predictor.eval()
        with torch.no_grad():
            output: torch.Tensor = predictor(*inputs.args, **inputs.kwargs)
        return output.float()

    def begin_update(self, inputs: ArgsKwargs) -> tuple[torch.Tensor, Backprop]:
        """Train; RETURNS: float32, and the backward pass."""
        dtype = self.dtype
        scaled = dtype == torch.float16
        if scaled:
            self._scale_gradients()
        with self._autocast(dtype):
            output, backprop = super().begin_update(inputs)
        return output.float(), self._apart(backprop) if scaled else backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights."""
        # Optimizers change the arrays in place, which PyTorch does not see.
        self._predictor = None
        super().finish_update(optimizer)

    @contextmanager
    def use_params(self, params: Mapping[tuple[int, str], FloatsXd]) -> Iterator[None]:
        """Put other weights in place within the context: the averages of an optimizer.

        Thinc's own looks for other keys than optimizers use, so that averages of PyTorch weights
        would be made, but neither evaluated nor saved.

        params (Mapping[tuple[int, str], FloatsXd]): Weights by the shim's id and their name.
        """
        backup = []
        if self._model is not None:
            for name, weights in self.module.named_parameters():
                if (self.id, name) in params:
                    backup.append((weights, weights.data))
                    weights.data = xp2torch(params[self.id, name], device=weights.device)
        try:
            yield
        finally:
            for weights, data in backup:
                weights.data = data

    # Precision in training

    def _autocast(self, dtype: torch.dtype) -> torch.autocast:
        device = self.device
        enabled = dtype != torch.float32
        # Thinc enters an autocast of its own for CUDA within this one. It must not switch this one
        # off, and takes the type from it.
        self._mixed_precision = enabled and device.type == "cuda"
        return torch.autocast(device.type, dtype=dtype if enabled else None, enabled=enabled)

    def _scale_gradients(self) -> None:
        """Have Thinc scale gradients, as small ones vanish in float16; it does so on CUDA.

        RAISES: ConfigValidationError (a ValueError): on another device.
        """
        if self.device.type != "cuda":
            raise settings_error(
                'precision = "float16" trains on a GPU only; set "auto" or "bfloat16"'
            )
        if not self._grad_scaler._enabled:
            self._grad_scaler = PyTorchGradScaler(enabled=True)
            self._grad_scaler.to_(self.device)  # type: ignore[no-untyped-call]

    def _apart(self, backprop: Backprop) -> Backprop:
        """Keep gradients of earlier passes away from a backward pass with scaled gradients.

        Thinc unscales whatever gradients the weights have, and those are unscaled already.
        """

        def backprop_apart(gradients: ArgsKwargs) -> ArgsKwargs:
            parameters = list(self.module.parameters())
            before = [(p, p.grad) for p in parameters if p.grad is not None]
            for weights, _ in before:
                weights.grad = None
            result = backprop(gradients)
            for weights, gradient in before:
                weights.grad = gradient if weights.grad is None else weights.grad + gradient
            return result

        return backprop_apart


def to_floats2d(tensor: torch.Tensor) -> Floats2d:
    """View a tensor of two dimensions as an array of Thinc's, on the device that it is on."""
    return cast(Floats2d, torch2xp(tensor))
