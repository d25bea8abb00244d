"""The layers of an encoder: taking some out, and beginning anew with some.

What is left of a pretrained encoder works, once it is trained a little (Fan et al. 2020, LayerDrop,
arXiv 1909.11556; Sajjad et al. 2023, arXiv 2004.03844). Layers that are spread over its depth, the
first and the last among them, are as good a choice as any (Sanh et al. 2019, DistilBERT, arXiv
1910.01108).

The top layers of a pretrained encoder know most of what it was pretrained for, and little of use
for other tasks. To begin with other weights there helps where labels are few (Zhang et al. 2021,
Revisiting Few-sample BERT Fine-tuning, arXiv 2006.05987).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from thinc.api import ConfigValidationError
from torch import nn

from ...errors import one_line, settings_error
from .bert_parts import AnyTransformer
from .plain_encoder import PlainEncoder

if TYPE_CHECKING:  # what only pretrained encoders need
    from transformers.configuration_utils import PretrainedConfig
    from transformers.modeling_utils import PreTrainedModel


def n_layers(transformer: AnyTransformer) -> int:
    """Count the layers of an encoder.

    transformer (PreTrainedModel | PlainEncoder): An encoder.
    """
    result: int = transformer.config.num_hidden_layers
    return result


def spread_layers(n: int, kept: int) -> list[int]:
    """Choose layers that are spread over the depth of an encoder, the first and the last included.

    n (int): How many it has.
    kept (int): How many to choose, from 1 to `n`. One alone is the first.
    RETURNS (list[int]): Their numbers from 0, in order.
    """
    return [0] if kept == 1 else [round(i * (n - 1) / (kept - 1)) for i in range(kept)]


def are_layers(kept: Sequence[int], n: int) -> bool:
    """Tell whether these are numbers of some of `n` layers, in rising order."""
    return bool(kept) and list(kept) == sorted(set(kept)) and 0 <= kept[0] <= kept[-1] < n


def keep_layers(transformer: AnyTransformer, kept: Sequence[int]) -> None:
    """Take all other layers out of an encoder.

    transformer (PreTrainedModel | PlainEncoder): Changed in place.
    kept (Sequence[int]): Numbers of layers from 0, in rising order.
    RAISES: ConfigValidationError (a ValueError): It has no such layers, or none of its own for each
        step, as ALBERT has; or some that are made for their places, as those of ModernBERT, which
        look far and near by turns. It stays as it was.
    """
    n = n_layers(transformer)
    if not are_layers(kept, n):
        raise settings_error(
            f"layers = {list(kept)}; give numbers from 0 to {n - 1}, in rising order"
        )
    owner, name, layers = _find_layers(transformer, n)
    setattr(owner, name, nn.ModuleList(layers[i] for i in kept))
    transformer.config.num_hidden_layers = len(kept)
    if not isinstance(transformer, PlainEncoder) and not _is_as_configured(transformer):
        setattr(owner, name, layers)
        transformer.config.num_hidden_layers = n
        raise settings_error(
            f"layers {list(kept)} of an encoder of type {transformer.config.model_type!r} cannot "
            "follow each other: they are made for the places that they have"
        )


def reset_layers(transformer: "PreTrainedModel", n: int) -> None:
    """Give the top layers of a pretrained encoder random weights, as transformers draws them.

    transformer (PreTrainedModel): Changed in place.
    n (int): How many layers.
    RAISES: ConfigValidationError (a ValueError): It has fewer, or none of its own for each step.
    """
    if not n:
        return
    total = n_layers(transformer)
    if n > total:
        raise settings_error(f"reinit_layers = {n}; the encoder has {total} layers")
    try:
        _, _, layers = _find_layers(transformer, total)
    except ConfigValidationError as err:
        raise settings_error(f"reinit_layers = {n}: {one_line(err)}. Set it to 0") from None
    for layer in layers[total - n :]:
        layer.apply(transformer._init_weights)


def has_layers(config: "PretrainedConfig") -> bool:
    """Tell whether an encoder has layers of its own for each step, in one list.

    config (PretrainedConfig): Its configuration. The encoder is made of it without weights.
    RETURNS (bool): True as well where it cannot be made so, as nothing is known then.
    """
    from transformers import AutoModel

    try:
        with torch.device("meta"):
            transformer = AutoModel.from_config(  # type: ignore[no-untyped-call]
                config, trust_remote_code=False
            )
        _find_layers(transformer, n_layers(transformer))
    except ConfigValidationError:
        return False
    except Exception:  # whatever transformers checks for this type
        return True
    return True


def _find_layers(transformer: AnyTransformer, n: int) -> tuple[nn.Module, str, nn.ModuleList]:
    """Find the list of layers, in which module it is, and its name there.

    RAISES: ConfigValidationError (a ValueError): There is none of `n` layers, or several.
    """
    found = [
        (owner, name, part)
        for owner in transformer.modules()
        for name, part in owner.named_children()
        if isinstance(part, nn.ModuleList) and len(part) == n
    ]
    if len(found) != 1:
        raise settings_error(
            f"an encoder of type {transformer.config.model_type!r} does not keep its {n} layers in "
            "one list, so none can be changed by itself"
        )
    return found[0]


def _is_as_configured(transformer: "PreTrainedModel") -> bool:
    """Tell whether a model that is made of an encoder's configuration is the same function."""
    from transformers import AutoModel

    with torch.random.fork_rng(devices=[]):
        try:
            made = AutoModel.from_config(  # type: ignore[no-untyped-call]
                transformer.config, torch_dtype=torch.float32, trust_remote_code=False
            )
            made.load_state_dict(transformer.state_dict())
        except Exception:  # whatever transformers checks for this type
            return False
    was_training = transformer.training
    weights = next(transformer.parameters())
    ids = torch.arange(min(300, transformer.config.vocab_size), device=weights.device)[None]
    models = transformer.eval(), made.to(weights.device).eval()
    with torch.no_grad():
        own, others = (model(input_ids=ids).last_hidden_state for model in models)
    transformer.train(was_training)
    return torch.allclose(own, others, rtol=1e-3, atol=1e-4)
