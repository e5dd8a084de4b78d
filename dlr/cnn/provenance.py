"""Versions a result was made with."""

from __future__ import annotations

import platform
from importlib.metadata import version


def describe(weights_name: str) -> dict[str, str]:
    """Return versions and the weights' origin, for report and bundle."""
    packages = ("dlr", "torch", "torchvision", "timm", "numpy", "pillow")
    return {
        **{name: version(name) for name in packages},
        "python": platform.python_version(),
        "initial weights": weights_name,
    }
