"""Classifiers of torchvision and timm without their last layer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from dlr.errors import WeightsError

# torchvision sets these only when it loads the weights itself: the networks expect inputs of
# another normalisation and convert them, and skip a slow initialisation that is overwritten.
_TORCHVISION_OPTIONS: dict[str, dict[str, bool]] = {
    "googlenet": {"transform_input": True, "init_weights": False},
    "inception_v3": {"transform_input": True, "init_weights": False},
}


@dataclass(frozen=True)
class Network:
    """A classifier without its last layer, and the input it expects.

    Attributes
    ----------
    name : str
        Name in its library.
    library : str
        "torchvision" or "timm".
    module : torch.nn.Module
        Maps ``(n, 3, input_size, input_size)`` to what the last linear layer would be given:
        for convolutional networks of today the global average pool.
    head : tuple of str
        Keys of the removed layer begin with these.
    input_size : int
        Rows and columns of the input.
    mean, standard_deviation : tuple of float
        Per channel, of inputs in [0, 1], as the weights were trained.
    """

    name: str
    library: str
    module: nn.Module
    head: tuple[str, ...]
    input_size: int
    mean: tuple[float, ...]
    standard_deviation: tuple[float, ...]


def build_network(name: str, library: str | None = None) -> Network:
    """Build a network, still without trained weights.

    Parameters
    ----------
    name : str
        Any classifier of torchvision or timm.
    library : {"torchvision", "timm"}, optional
        Where to look; by default torchvision first, then timm.

    Raises
    ------
    WeightsError
        If the library has no such classifier (near names are listed), or the network does not
        end in a linear layer.
    """
    from torchvision import models

    if library != "timm" and name in models.list_models(module=models):
        return _from_torchvision(name)
    import timm

    if library != "torchvision" and timm.is_model(name):
        return _from_timm(name)
    known = models.list_models(module=models) if library != "timm" else []
    known = known + (timm.list_models() if library != "torchvision" else [])
    longer = [each for each in known if each.startswith(name)]
    near = longer[:3] or difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "use a name such as resnext50_32x4d"
    where = f"{library} does not know" if library else "neither torchvision nor timm knows"
    raise WeightsError(f"embedding.backbone is '{name}', which {where}; {hint}")


def _from_torchvision(name: str) -> Network:
    from torchvision import models

    with torch.random.fork_rng(devices=[]):  # initialising draws numbers that are not ours
        module = models.get_model(name, weights=None, **_TORCHVISION_OPTIONS.get(name, {}))
    linear = [key for key, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    parent, _, child = (linear[-1] if linear else "").rpartition(".")
    if not linear or name.startswith("squeezenet"):
        raise WeightsError(
            f"embedding.backbone '{name}' does not end in a linear layer, so it has no penultimate"
            " layer to take features from; choose another"
        )
    setattr(module.get_submodule(parent), child, nn.Identity())
    expected = models.get_model_weights(name).DEFAULT.transforms()
    return Network(
        name=name,
        library="torchvision",
        module=module.eval(),
        head=(f"{linear[-1]}.",),
        input_size=int(expected.crop_size[0]),
        mean=tuple(expected.mean),
        standard_deviation=tuple(expected.std),
    )


def _from_timm(name: str) -> Network:
    import timm

    with torch.random.fork_rng(devices=[]):
        module = timm.create_model(name, pretrained=False, num_classes=0)
    expected = timm.data.resolve_model_data_config(module)
    heads = cast(dict[str, Any], module.pretrained_cfg).get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    return Network(
        name=name,
        library="timm",
        module=module.eval(),
        head=tuple(f"{head}." for head in heads),
        input_size=int(expected["input_size"][-1]),
        mean=tuple(expected["mean"]),
        standard_deviation=tuple(expected["std"]),
    )


def load_state(network: Network, state: Mapping[str, Tensor], origin: str) -> None:
    """Load a state dict into a network; every key must find its place.

    Keys of the removed last layer are dropped; counters of batch normalisation, unused in
    evaluation, may be missing.

    Raises
    ------
    WeightsError
        If keys are missing, left over, or of another shape: the network would be partly random.
    """
    given = {
        _modern(key): value for key, value in state.items() if not key.startswith(network.head)
    }
    expected = network.module.state_dict()
    counters = {key for key in expected if key.endswith("num_batches_tracked")}
    missing = [key for key in expected if key not in given and key not in counters]
    unexpected = [key for key in given if key not in expected]
    shapes = [
        key
        for key, value in given.items()
        if key in expected and value.shape != expected[key].shape
    ]
    faults = [
        f"{len(keys)} {what} (such as '{keys[0]}')"
        for keys, what in (
            (missing, "keys missing"),
            (unexpected, "unknown keys"),
            (shapes, "tensors of another shape"),
        )
        if keys
    ]
    if faults:
        raise WeightsError(
            f"the weights ({origin}) do not belong to '{network.name}': {', '.join(faults)}; set"
            " embedding.backbone to the network they were trained for"
        )
    network.module.load_state_dict(given, strict=False)


def _modern(key: str) -> str:
    """Rename keys of DenseNet files, saved before torch forbade dots in module names."""
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", key)
