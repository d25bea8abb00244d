"""AdamW with learning rates that differ between the encoder's layers and the output layers."""

import re
import warnings
from typing import Any

import torch
from spacy.util import registry
from thinc.api import Optimizer, xp2torch
from thinc.backends import get_array_ops
from thinc.types import FloatsXd
from torch.optim.adamw import adamw

from ..errors import SHARE, Number, check_settings

# Hugging Face encoders name their blocks encoder.layer.3.…, transformer.layer.3.…, layers.3.….
_BLOCK = re.compile(r"(?:^|\.)(?:layer|layers|h|block)\.(\d+)\.")

_NOT_STEPPED = (
    "The learning rate is 0 and stays so: its schedule begins with a warm-up, and nothing moves it "
    "on. Call optimizer.step_schedules() after each update, as `spacy train` does, or give an "
    "optimizer with a rate of its own: nlp.resume_training(sgd=Adam(1e-4))."
)


@registry.optimizers("spacy_seqtag.LayerwiseAdamW.v1")
def create_layerwise_adamw(
    learn_rate: Any,
    head_factor: float = 1.0,
    layer_decay: float = 1.0,
    weight_decay: float = 0.01,
    grad_clip: float = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    use_averages: bool = False,
) -> "LayerwiseAdamW":
    """Create AdamW (Loshchilov & Hutter 2019) with layer-wise learning rates.

    learn_rate (float, or a schedule: an iterable of floats): The encoder's learning rate.
    head_factor (float): The output layers, which start from zero, learn this many times faster
        than the pretrained encoder.
    layer_decay (float): Each encoder block learns this many times the rate of the block above it
        (discriminative fine-tuning, Howard & Ruder 2018); 1.0 for the same rate everywhere.
    weight_decay (float): Decoupled weight decay; biases and normalisation weights have none.
    grad_clip (float): The gradient of each parameter array is scaled down to this norm.
    beta1, beta2, eps (float): Adam's settings (Kingma & Ba 2015).
    use_averages (bool): Evaluate and save running averages of the weights, which start from the
        weights before the first update (Thinc's start from zeros).

    Raises ConfigValidationError (a ValueError) for a setting out of its range.
    """
    check_settings(
        "spacy_seqtag.LayerwiseAdamW.v1:",
        head_factor=(head_factor, Number(least=0.0)),
        layer_decay=(layer_decay, Number(above=0.0)),
        weight_decay=(weight_decay, Number(least=0.0)),
        grad_clip=(grad_clip, Number(least=0.0)),
        beta1=(beta1, SHARE),
        beta2=(beta2, SHARE),
        eps=(eps, Number(above=0.0)),
    )
    if isinstance(learn_rate, int | float):
        check_settings(
            "spacy_seqtag.LayerwiseAdamW.v1:", learn_rate=(learn_rate, Number(least=0.0))
        )
    return LayerwiseAdamW(
        learn_rate,
        head_factor=head_factor,
        layer_decay=layer_decay,
        L2=weight_decay,
        grad_clip=grad_clip,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        use_averages=use_averages,
    )


class LayerwiseAdamW(Optimizer):
    """See :func:`create_layerwise_adamw`."""

    def __init__(
        self,
        learn_rate: Any,
        *,
        head_factor: float = 1.0,
        layer_decay: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(learn_rate, L2_is_weight_decay=True, **settings)
        self.head_factor = head_factor
        self.layer_decay = layer_decay
        self._n_blocks: dict[int, int] = {}
        self._stepped = False

    def step_schedules(self) -> None:
        self._stepped = True
        super().step_schedules()

    def __call__(
        self,
        key: tuple[int, str],
        weights: FloatsXd,
        gradient: FloatsXd,
        *,
        lr_scale: float = 1.0,
    ) -> tuple[FloatsXd, FloatsXd]:
        if not len(gradient):
            return weights, gradient
        if self.grad_clip:
            gradient = get_array_ops(weights).clip_gradient(gradient, self.grad_clip)
        self.nr_update[key] += 1
        waits = "learn_rate" in self.schedules and not self._stepped
        if waits and not self.learn_rate and self.nr_update[key] == 2:
            warnings.warn(_NOT_STEPPED, stacklevel=2)
        if key not in self.mom1:
            self.mom1[key] = get_array_ops(weights).alloc_f(weights.shape)
            self.mom2[key] = get_array_ops(weights).alloc_f(weights.shape)
        if self.averages is not None and key not in self.averages:
            self.averages[key] = weights.copy()
        W, G, m1, m2 = map(xp2torch, (weights, gradient, self.mom1[key], self.mom2[key]))
        if not W.is_contiguous():
            raise ValueError(f"The weights of {key} are not contiguous in memory.")
        # PyTorch's kernel goes over the memory once, on all cores; Thinc's takes several turns
        # on one, and the embeddings alone are half of a small encoder.
        adamw(
            [W],
            [G.contiguous()],
            [m1],
            [m2],
            [],
            [torch.full((), self.nr_update[key] - 1, dtype=torch.float32, device=W.device)],
            fused=True,
            amsgrad=False,
            maximize=False,
            beta1=self.b1,
            beta2=self.b2,
            lr=float(self.learn_rate) * lr_scale * self.factor(key),
            weight_decay=self.L2 if weights.ndim > 1 else 0.0,
            eps=self.eps,
        )
        G.zero_()
        if self.averages is not None:
            average = xp2torch(self.averages[key])
            average.lerp_(W, 1.0 - _average_decay(self.nr_update[key]))
        return weights, gradient

    def factor(self, key: tuple[int, str]) -> float:
        """Learning rate of a parameter, as a multiple of the encoder's.

        key: Thinc's key of the parameter: (node, name), or (shim, name) with PyTorch's dotted
            name. Torch modules under `head.` count as output layers, and so does what an encoder
            has learned nothing of before (`case_embedding.`).
        """
        owner, name = key
        if "." not in name or name.startswith(("head.", "case_embedding.")):
            return self.head_factor
        if self.layer_decay == 1.0:
            return 1.0
        block = _BLOCK.search(name)
        if block:
            index = int(block[1])
            # The number of blocks is known once all have been seen, that is after the first
            # step, which a warm-up takes at a rate near zero.
            self._n_blocks[owner] = max(self._n_blocks.get(owner, 0), index + 1)
            return self.layer_decay ** (self._n_blocks[owner] - 1 - index)
        if "embed" in name:
            return self.layer_decay ** self._n_blocks.get(owner, 0)
        return 1.0


def _average_decay(n_updates: int) -> float:
    """What an average keeps of itself at an update, as Thinc's do: less in the beginning."""
    return min(0.9999, (1.0 + n_updates) / (10.0 + n_updates))
