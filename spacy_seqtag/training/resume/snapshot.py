"""What a pipeline and its optimizer hold: weights, moments, averages.

Thinc counts its models and shims while they are made, and optimizers know parameters by that count.
Here a parameter is named by its place in the pipeline, which is the same in every process:
`ner/3:W` is the parameter W of the fourth node of the component's model, `transformer/1.0:…` a
parameter of a PyTorch module in the first shim of the second node.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from numpy.typing import NDArray
from spacy.language import Language
from thinc.api import Model, Ops, Optimizer, get_current_ops
from thinc.shims import Shim
from thinc.types import FloatsXd

from ...errors import settings_error
from ..layerwise_adamw import LayerwiseAdamW

Arrays: TypeAlias = dict[str, NDArray[Any]]

# What an optimizer keeps for each parameter: arrays, and counts.
_MOMENTS = ("mom1", "mom2", "averages")
_COUNTS = ("nr_update", "last_seen")


@dataclass
class Snapshot:
    """The weights and the optimizer at one moment.

    arrays (dict[str, NDArray]): By kind and place, as in "mom1 ner/3:W".
    counts (dict[str, dict[str, int]]): What the optimizer counts, by place.
    gradients (list[str]): The places where gradients are kept (they are zero between steps). A
        parameter without one is left out by an optimizer, and one whose gradient is zero is not.
    scales (dict[str, tuple[float, int]]): Of shims that train in float16: how gradients are scaled,
        and since how many steps.
    """

    arrays: Arrays
    counts: dict[str, dict[str, int]]
    gradients: list[str]
    scales: dict[str, list[float]]


def take_snapshot(nlp: Language, optimizer: Optimizer) -> Snapshot:
    """Read weights and optimizer; arrays on the CPU are not copied.

    nlp (Language): The pipeline, between two steps.
    optimizer (Optimizer): Its optimizer.
    """
    ops = get_current_ops()
    arrays: Arrays = {}
    gradients: list[str] = []
    scales: dict[str, list[float]] = {}
    for place, node in _nodes(nlp):
        for name in node.param_names:
            if node.has_param(name):
                arrays[f"weights {place}:{name}"] = _to_numpy(ops, node.get_param(name))
            if node.has_grad(name):
                gradients.append(f"{place}:{name}")
    for place, shim, module in _modules(nlp):
        for name, tensor in module.state_dict().items():
            if isinstance(tensor, torch.Tensor):
                arrays[f"weights {place}:{name}"] = _bits(tensor).cpu().numpy()
        gradients += [f"{place}:{n}" for n, p in module.named_parameters() if p.grad is not None]
        scaler = getattr(shim, "_grad_scaler", None)
        if scaler is not None and scaler._enabled:
            scales[place] = [float(scaler._scale), int(scaler._growth_tracker)]
    places = _places_of_keys(nlp)
    for kind in _MOMENTS:
        for key, array in (getattr(optimizer, kind) or {}).items():
            if key in places:
                arrays[f"{kind} {places[key]}"] = _to_numpy(ops, array)
    counts = {
        kind: {places[k]: int(n) for k, n in getattr(optimizer, kind).items() if k in places}
        for kind in _COUNTS
    }
    return Snapshot(arrays, counts, gradients, scales)


def put_snapshot(nlp: Language, optimizer: Optimizer, snapshot: Snapshot) -> None:
    """Give a pipeline and its optimizer the state of a snapshot.

    nlp (Language): A pipeline that was initialised in the same way.
    optimizer (Optimizer): Its optimizer.
    snapshot (Snapshot): From `take_snapshot`.
    RAISES: ConfigValidationError (a ValueError): The pipeline has other parameters.
    """
    _check_fits(take_snapshot(nlp, optimizer).arrays, snapshot.arrays)
    ops = get_current_ops()
    gradients = set(snapshot.gradients)
    for place, node in _nodes(nlp):
        for name in node.param_names:
            if f"weights {place}:{name}" in snapshot.arrays:
                saved: Any = snapshot.arrays[f"weights {place}:{name}"]
                weights = ops.asarray_f(saved)
                node.set_param(name, weights)
                if f"{place}:{name}" in gradients:
                    node.set_grad(name, ops.xp.zeros_like(weights))
    for place, shim, module in _modules(nlp):
        _put_module(module, place, snapshot.arrays, gradients)
        if place in snapshot.scales:
            _put_scale(shim, *snapshot.scales[place])
        if hasattr(shim, "_predictor"):
            shim._predictor = None
    keys = {place: key for key, place in _places_of_keys(nlp).items()}
    for kind in _MOMENTS:
        kept = getattr(optimizer, kind)
        if kept is not None:
            kept.clear()
            for name, array in snapshot.arrays.items():
                of, _, place = name.partition(" ")
                if of == kind and place in keys:
                    kept[keys[place]] = ops.xp.array(array)  # a copy, where the weights are
    for kind, counts in snapshot.counts.items():
        getattr(optimizer, kind).update({keys[p]: n for p, n in counts.items() if p in keys})
    if isinstance(optimizer, LayerwiseAdamW):
        for key in optimizer.nr_update:
            optimizer.factor(key)  # counts the encoder's blocks


def _put_module(module: torch.nn.Module, place: str, arrays: Arrays, gradients: set[str]) -> None:
    """Give a module its weights, and gradients of zero."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if f"weights {place}:{name}" in arrays:
                bits = torch.from_numpy(arrays[f"weights {place}:{name}"].copy())
                tensor.copy_(bits.view(tensor.dtype))
    for name, weights in module.named_parameters():
        weights.grad = torch.zeros_like(weights) if f"{place}:{name}" in gradients else None


def _put_scale(shim: Shim, scale: float, steps: float) -> None:
    """Have gradients scaled as they were, on a device that trains in float16."""
    if hasattr(shim, "_scale_gradients") and torch.cuda.is_available():
        shim._scale_gradients()
        scaler: Any = shim._grad_scaler  # type: ignore[attr-defined]
        scaler._scale.fill_(scale)
        scaler._growth_tracker.fill_(int(steps))


def _check_fits(mine: Arrays, saved: Arrays) -> None:
    """Check that the saved weights are those of such a pipeline.

    RAISES: ConfigValidationError (a ValueError): They are not.
    """

    def shapes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
        return {n: a.shape for n, a in arrays.items() if n.startswith("weights ")}

    expected, found = shapes(mine), shapes(saved)
    if expected == found:
        return
    other = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
    raise settings_error(
        f"The saved state does not fit the pipeline: {len(other)} of its parameters are missing or "
        f"have another size, as {other[0].removeprefix('weights ')}. Give the run the components, "
        "labels and base model that it began with, or begin anew with --overwrite."
    )


def _nodes(nlp: Language) -> Iterator[tuple[str, Model[Any, Any]]]:
    """Yield the nodes of all models of a pipeline, each with its place."""
    seen: set[int] = set()
    for component, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model):
            for i, node in enumerate(model.walk()):
                if node.id not in seen:
                    seen.add(node.id)
                    yield f"{component}/{i}", node


def _modules(nlp: Language) -> Iterator[tuple[str, Shim, torch.nn.Module]]:
    """Yield the shims of all models that hold a PyTorch module, each with its place."""
    for place, node in _nodes(nlp):
        for i, shim in enumerate(node.shims):
            module = getattr(shim, "_model", None)
            if isinstance(module, torch.nn.Module):
                yield f"{place}.{i}", shim, module


def _places_of_keys(nlp: Language) -> dict[tuple[int, str], str]:
    """Map the keys by which optimizers know parameters to the places of these."""
    result: dict[tuple[int, str], str] = {}
    for place, node in _nodes(nlp):
        result |= {(node.id, name): f"{place}:{name}" for name in node.param_names}
    for place, shim, module in _modules(nlp):
        result |= {(shim.id, name): f"{place}:{name}" for name, _ in module.named_parameters()}
    return result


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """View types that NumPy lacks as whole numbers of the same size."""
    return tensor.detach().view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor.detach()


def _to_numpy(ops: Ops, array: FloatsXd) -> NDArray[Any]:
    result: NDArray[Any] = ops.to_numpy(array)  # type: ignore[no-untyped-call]
    return result
