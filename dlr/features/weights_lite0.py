"""The names of the packaged EfficientNet-Lite0 weights in timm's network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# The packaged file numbers EfficientNet-Lite0's blocks through, as the TensorFlow port does; timm
# groups them in stages of so many blocks (Tan & Le, EfficientNet, ICML 2019, Table 1).
_STAGES = (1, 2, 2, 3, 3, 4, 1)
_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
# The first block does not expand its channels, so its layers are counted one lower.
_FIRST_BLOCK = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def lite0_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the packaged EfficientNet-Lite0 weights to timm's ``tf_efficientnet_lite0``."""
    places = [f"blocks.{stage}.{i}" for stage, n in enumerate(_STAGES) for i in range(n)]
    renamed = {}
    for key, value in state.items():
        parts = key.split(".")
        if parts[0] == "_blocks":
            number = int(parts[1])
            layer = (_BLOCK if number else _FIRST_BLOCK)[parts[2]]
            renamed[f"{places[number]}.{layer}.{parts[3]}"] = value
        else:
            renamed[f"{_OUTER[parts[0]]}.{parts[1]}"] = value
    return renamed
