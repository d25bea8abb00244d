"""The layers of semantic roles within a Thinc model."""

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TypedDict

import srsly
import torch
from thinc.api import Model, get_torch_default_device, xp2torch
from thinc.types import Floats2d
from torch import nn

from .network.fused_role_context import FusedRoleContext
from .network.role_context import PairTensors, RoleContext
from .network.weights import set_weights, weights_from_bytes, weights_to_bytes
from .role_pairs import PairBatch
from .shim import PrecisionShim, to_floats2d

ContextInput = tuple[Floats2d, PairBatch]
"""The vectors of all tokens, (tokens, nI), and the pairs to read."""


def role_context_layer(
    width: int, depth: int, heads: int, dropout: float, precision: str
) -> Model[ContextInput, Floats2d]:
    """Build the layer that reads pairs in context: to (real pairs, width).

    width, depth, heads, dropout, precision: See `spacy_seqtag.RoleTagger.v1`.
    """
    shim = RoleContextShim(width, depth, heads, dropout, precision)
    return Model("role_context", _forward, shims=[shim], dims={"nI": None, "nO": width})


def _forward(
    model: Model[ContextInput, Floats2d], inputs: ContextInput, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """Read pairs in context; the backward pass gives the gradient of the token vectors."""
    X, batch = inputs
    (shim,) = model.shims
    assert isinstance(shim, RoleContextShim)
    device = shim.device
    vectors = xp2torch(X, requires_grad=is_train, device=device)
    pairs = PairTensors(
        torch.from_numpy(batch.read).to(device),
        torch.from_numpy(batch.words).to(device),
        torch.from_numpy(batch.predicates).to(device),
        batch.recompute,
    )
    Y, backprop_module = shim.run(vectors, pairs, is_train=is_train)

    def backprop(dY: Floats2d) -> Floats2d:
        return to_floats2d(backprop_module(dY).args[0])

    return Y, backprop


class Head(nn.Module):
    """Gives parameters the prefix `head.`, by which optimizers know an output layer."""

    def __init__(self, head: RoleContext) -> None:
        super().__init__()
        self.head = head

    def forward(self, X: torch.Tensor, pairs: PairTensors) -> torch.Tensor:
        """See `RoleContext.forward`."""
        result: torch.Tensor = self.head(X, pairs)
        return result


class _Saved(TypedDict, total=False):
    """What is saved of the layers; nothing where they were not initialized.

    weights: Their weights, as safetensors.
    state: The same as saved by `torch.save`, in a pickle, by earlier versions.
    """

    weights: bytes
    state: bytes


class RoleContextShim(PrecisionShim):
    """Holds the layers, which are built when the width of the token vectors is known.

    width, depth, heads, dropout, precision: See `spacy_seqtag.RoleTagger.v1`.
    """

    def __init__(self, width: int, depth: int, heads: int, dropout: float, precision: str) -> None:
        super().__init__(precision)
        self.settings = (width, depth, heads, dropout)

    def build(self, nI: int) -> None:
        """Make the layers anew for token vectors of width nI."""
        self._model = self._make(nI).to(get_torch_default_device())
        self._predictor = None

    def _make(self, nI: int) -> Head:
        return Head(RoleContext(nI, *self.settings))

    def fuses(self, module: nn.Module) -> bool:
        """Say whether layers are fused in float32: on a CPU."""
        return self.device.type == "cpu"

    def make_predictor(self, module: nn.Module, dtype: torch.dtype) -> nn.Module:
        """Make the layers that annotate: fused ones on a CPU."""
        if isinstance(module, Head) and self.fuses(module):
            return FusedRoleContext(module.head, dtype)
        return super().make_predictor(module, dtype)

    def to_bytes(self) -> bytes:
        """Save the weights, as safetensors."""
        state: _Saved = {}
        if self._model is not None:
            state["weights"] = weights_to_bytes(self.module)
        msg = {"config": self.cfg, "state": srsly.msgpack_dumps(state)}
        saved: bytes = srsly.msgpack_dumps(msg)
        return saved

    def from_bytes(self, bytes_data: bytes) -> "RoleContextShim":
        """Load what `to_bytes` saved.

        Warns of weights that earlier versions saved by PyTorch: they are read, though no code in
        them is run.

        RAISES: ValueError, RuntimeError: for other bytes.
        """
        msg = srsly.msgpack_loads(bytes_data)
        self.cfg = msg["config"]
        saved: _Saved = srsly.msgpack_loads(msg["state"])
        device = get_torch_default_device()
        module = None
        if saved:
            state = _read_weights(saved)
            module = self._make(state["head.word.weight"].shape[1])
            set_weights(module, state)
            module = module.to(device)
        self._model = module
        self._predictor = None
        self._grad_scaler.to_(device)  # type: ignore[no-untyped-call]
        return self


def _read_weights(saved: _Saved) -> dict[str, torch.Tensor]:
    """Read the weights by name, on the CPU."""
    if "state" not in saved:
        return weights_from_bytes(saved["weights"])
    state: dict[str, torch.Tensor] = torch.load(BytesIO(saved["state"]), "cpu", weights_only=True)
    warnings.warn(
        "The weights of semantic roles in this pipeline are in PyTorch's pickle format: an earlier "
        "version of spacy-seqtag saved it. They were read, without running code that a pickle may "
        "hold. Save the pipeline again (nlp.to_disk) to have them as safetensors, without this "
        "warning.",
        stacklevel=2,
    )
    return state
