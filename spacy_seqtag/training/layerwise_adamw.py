"""AdamW with learning rates that differ between the encoder's layers and the output layers.

Design:

- Thinc's optimizers see one parameter at a time, under the key (owner, name). The owner of PyTorch
  parameters is a shim, and their name is dotted (`encoder.layer.3.output.dense.weight`); parameters
  of Thinc have a plain one (`W`). The name alone tells how fast a parameter should learn.
- The step itself is PyTorch's fused kernel. It reads the memory once, on all cores; Thinc's Adam
  reads it several times on one core, and the embeddings alone are half of a small encoder.
"""

import re

import torch
from spacy.util import registry
from thinc.api import Ops, Optimizer, xp2torch
from thinc.backends import get_array_ops
from thinc.optimizers import FloatOrSeq, KeyT
from thinc.types import FloatsXd
from torch.optim.adamw import adamw

from ..errors import SHARE, Number, check_settings

# Hugging Face encoders name their blocks encoder.layer.3.…, transformer.layer.3.…, layers.3.….
_BLOCK = re.compile(r"(?:^|\.)(?:layer|layers|h|block)\.(\d+)\.")

# Parts of an encoder that start from nothing: the output layer, and `word_case`.
_UNTRAINED = ("head.", "case_embedding.")

_WHERE = "spacy_seqtag.LayerwiseAdamW.v1:"


@registry.optimizers("spacy_seqtag.LayerwiseAdamW.v1")
def create_layerwise_adamw(
    learn_rate: FloatOrSeq,
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

    learn_rate (float, or a schedule: an iterator of floats): The encoder's learning rate.
    head_factor (float): Output layers, which start from zero, learn this many times faster than
        the pretrained encoder.
    layer_decay (float): Each block of the encoder learns this many times as fast as the block above
        it (discriminative fine-tuning, Howard & Ruder 2018); 1.0 for the same rate everywhere.
    weight_decay (float): Decoupled weight decay; biases and normalisation weights have none.
    grad_clip (float): The gradient of each parameter is scaled down to this norm; 0.0: not at all.
    beta1, beta2, eps (float): Adam's settings (Kingma & Ba 2015).
    use_averages (bool): Evaluate and save running averages of the weights. They start from the
        weights before the first update, where Thinc's start from zeros.
    RETURNS (LayerwiseAdamW): The optimizer.
    RAISES: ConfigValidationError (a ValueError): For a setting out of its range.
    """
    check_settings(
        _WHERE,
        head_factor=(head_factor, Number(least=0.0)),
        layer_decay=(layer_decay, Number(above=0.0)),
        weight_decay=(weight_decay, Number(least=0.0)),
        grad_clip=(grad_clip, Number(least=0.0)),
        beta1=(beta1, SHARE),
        beta2=(beta2, SHARE),
        eps=(eps, Number(above=0.0)),
    )
    if isinstance(learn_rate, int | float):
        check_settings(_WHERE, learn_rate=(learn_rate, Number(least=0.0)))
    return LayerwiseAdamW(
        learn_rate,
        head_factor=head_factor,
        layer_decay=layer_decay,
        weight_decay=weight_decay,
        grad_clip=grad_clip,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        use_averages=use_averages,
    )


class LayerwiseAdamW(Optimizer):
    """The optimizer; its settings are those of `create_layerwise_adamw`."""

    def __init__(
        self,
        learn_rate: FloatOrSeq,
        *,
        head_factor: float,
        layer_decay: float,
        weight_decay: float,
        grad_clip: float,
        beta1: float,
        beta2: float,
        eps: float,
        use_averages: bool,
    ) -> None:
        super().__init__(
            learn_rate,
            L2=weight_decay,
            L2_is_weight_decay=True,
            grad_clip=grad_clip,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            use_averages=use_averages,
        )
        self.head_factor = head_factor
        self.layer_decay = layer_decay
        self._n_blocks: dict[int, int] = {}  # of each owner's encoder, as far as seen
        self._is_stepped = False  # by whoever trains
        self._own_steps = 0
        self._has_risen = False

    def step_schedules(self) -> None:
        """Move the schedules on by one step, as `spacy train` does after each update.

        Where nobody calls this, as with `nlp.update` in a script, the learning rate rises as its
        schedule says, and then stays: how long such training lasts is not known, and a schedule
        that begins with a warm-up would otherwise stay at its first rate, which is zero.
        """
        self._is_stepped = True
        super().step_schedules()  # type: ignore[no-untyped-call]

    def __call__(
        self,
        key: KeyT,
        weights: FloatsXd,
        gradient: FloatsXd,
        *,
        lr_scale: float = 1.0,
    ) -> tuple[FloatsXd, FloatsXd]:
        """Update a parameter in place, and set its gradient to zero.

        key ((int, str)): Its owner and name.
        weights (FloatsXd): The parameter; contiguous in memory.
        gradient (FloatsXd, same shape): Its gradient.
        lr_scale (float): A factor on the learning rate.
        RETURNS ((FloatsXd, FloatsXd)): The weights and the gradient.
        RAISES: ValueError: If the weights are not contiguous.
        """
        if not len(gradient):
            return weights, gradient
        ops: Ops = get_array_ops(weights)  # type: ignore[no-untyped-call]
        if self.grad_clip:
            gradient = ops.clip_gradient(gradient, self.grad_clip)
        self.nr_update[key] += 1
        self._rise_alone(key)
        if key not in self.mom1:
            self.mom1[key] = ops.alloc_f(weights.shape)
            self.mom2[key] = ops.alloc_f(weights.shape)
        if self.averages is not None and key not in self.averages:
            self.averages[key] = weights.copy()
        W, G, m1, m2 = map(xp2torch, (weights, gradient, self.mom1[key], self.mom2[key]))
        if not W.is_contiguous():
            raise ValueError(f"The weights of {key} are not contiguous in memory.")
        steps_before = torch.full((), self.nr_update[key] - 1, dtype=torch.float32, device=W.device)
        adamw(
            [W],
            [G.contiguous()],
            [m1],
            [m2],
            [],
            [steps_before],
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

    def factor(self, key: KeyT) -> float:
        """Return the learning rate of a parameter, as a multiple of the encoder's.

        key ((int, str)): The parameter's owner and name.
        RETURNS (float): `head_factor` for whatever starts from nothing, a power of `layer_decay`
            for the encoder's blocks and embeddings, 1.0 for the rest.
        """
        owner, name = key
        if "." not in name or name.startswith(_UNTRAINED):
            return self.head_factor
        if self.layer_decay == 1.0:
            return 1.0
        block = _BLOCK.search(name)
        if block:
            index = int(block[1])
            # The number of blocks is known once all have been seen, that is after the first step,
            # which a warm-up takes at a rate near zero.
            self._n_blocks[owner] = max(self._n_blocks.get(owner, 0), index + 1)
            return self.layer_decay ** (self._n_blocks[owner] - 1 - index)
        if "embed" in name:
            return self.layer_decay ** self._n_blocks.get(owner, 0)
        return 1.0

    def _rise_alone(self, key: KeyT) -> None:
        """Move the schedules on before an update of which nobody has told, until the rate falls."""
        alone = "learn_rate" in self.schedules and not self._is_stepped
        if not alone or self._has_risen or self.nr_update[key] <= self._own_steps + 1:
            return
        before = self.learn_rate
        super().step_schedules()  # type: ignore[no-untyped-call]
        self._own_steps += 1
        if self.learn_rate < before:
            self.learn_rate, self._has_risen = before, True


def _average_decay(n_updates: int) -> float:
    """Return what an average keeps of itself at an update: less in the beginning, as Thinc's do."""
    return min(0.9999, (1.0 + n_updates) / (10.0 + n_updates))
