"""``dlr doctor``: what this installation has, what it lacks, and how to get it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from dlr.errors import install_hint

EXTRAS = (
    ("pyradiomics", "the PyRadiomics engine", ("pyradiomics-bhklab",)),
    ("dicom", "DICOM", ("pydicom", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg",
                        "pyjpegls")),
    ("cnn", "CNN pictures and logs", ("grad-cam", "opencv-python-headless", "tensorboard")),
    ("onnx", "ONNX export", ("onnx", "onnxruntime")),
    ("openvino", "OpenVINO", ("openvino",)),
    ("cluster", "a Dask cluster", ("dask", "distributed")),
)  # fmt: skip
"""Extras of pyproject.toml: name, what for, packages."""
PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "SimpleITK", "numba", "timm")


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    state: Literal["ok", "missing"]
    detail: str


def examine() -> list[Finding]:
    """Look at versions, processors, GPU, weights and optional packages."""
    findings = [
        Finding("dlr", "ok", version("dlr")),
        Finding("Python", "ok", f"{platform.python_version()} on {platform.platform()}"),
        Finding("processors", "ok", str(os.cpu_count())),
        Finding("packages", "ok", ", ".join(f"{name} {version(name)}" for name in PACKAGES)),
        *_torch(),
        *(_extra(*extra) for extra in EXTRAS),
    ]
    return findings + _weights()


def _torch() -> list[Finding]:
    import torch

    found = [Finding("torch", "ok", f"{torch.__version__}, torchvision {version('torchvision')}")]
    if torch.cuda.is_available():
        found.append(Finding("GPU", "ok", torch.cuda.get_device_name(0)))
    else:
        found.append(Finding("GPU", "missing", "none found; everything runs on the processor"))
    return found


def _extra(name: str, what: str, packages: tuple[str, ...]) -> Finding:
    """Look for the packages of one extra."""
    found, absent = [], []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            absent.append(package)
    if absent:
        lacking = ", ".join(absent)
        return Finding(what, "missing", f"without {lacking}; get it with: {install_hint(name)}")
    return Finding(what, "ok", ", ".join(found))


def _weights() -> list[Finding]:
    from dlr.features.weights import weights_inventory

    return [
        Finding(
            f"weights {row.name}",
            "ok" if row.available else "missing",
            row.detail,
        )
        for row in weights_inventory()
    ]
