"""The weights of a PyTorch module as safetensors: no pickle, so that loading them runs no code."""

from collections.abc import Mapping

import safetensors.torch
import torch
from torch import nn


def weights_to_bytes(module: nn.Module) -> bytes:
    """Save parameters and buffers.

    module (nn.Module): Any module.
    RETURNS (bytes): Its state in the safetensors format.
    """
    # Tensors that share memory are stored each for itself, as the format asks.
    state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    return safetensors.torch.save({name: t.contiguous().cpu() for name, t in state.items()})


def weights_from_bytes(data: bytes) -> dict[str, torch.Tensor]:
    """Read parameters and buffers by name, on the CPU."""
    return safetensors.torch.load(data)


def set_weights(module: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Put weights in place, on whatever device the module is.

    module (nn.Module): Any module.
    state (Mapping[str, torch.Tensor]): Its parameters and buffers by name.
    RAISES: RuntimeError: if they are those of another module; ValueError: if one is not finite.
    """
    module.load_state_dict(state)
    for name, weights in module.named_parameters():
        if not bool(torch.isfinite(weights).all()):
            raise ValueError(f"the weights {name} are not finite")
