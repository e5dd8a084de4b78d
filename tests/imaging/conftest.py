"""Small volumes and files that the imaging tests share."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

MakeImage = Callable[..., sitk.Image]


def _image(array: np.ndarray, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0), code="LPS"):
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    direction = sitk.DICOMOrientImageFilter.GetDirectionCosinesFromOrientation(code)
    image.SetDirection(direction)
    return image


@pytest.fixture(scope="session")
def make_image() -> MakeImage:
    """Build a volume from a (z, y, x) array, spacing, origin and orientation code."""
    return _image


@pytest.fixture
def ball(make_image: MakeImage) -> tuple[sitk.Image, sitk.Image]:
    """Give a noisy volume of 12 x 30 x 40 voxels with an ellipsoid ROI, and its mask."""
    generator = np.random.default_rng(3)
    z, y, x = np.mgrid[:12, :30, :40]
    inside = ((z - 6) / 4) ** 2 + ((y - 12) / 6) ** 2 + ((x - 22) / 9) ** 2 <= 1
    pixels = (generator.normal(100, 10, inside.shape) + 60 * inside).astype(np.int16)
    geometry = {"spacing": (0.5, 0.5, 3.0), "origin": (-10.0, 5.0, 20.0)}
    return make_image(pixels, **geometry), make_image(inside.astype(np.uint8), **geometry)


@pytest.fixture
def layered_segmentation(tmp_path: Path) -> Path:
    """Write a ``.seg.nrrd`` as 3D Slicer does: two overlapping segments in two layers."""
    layers = np.zeros((2, 4, 8, 9), np.uint8)  # layer, z, y, x
    layers[0, 1:3, 2:6, 2:6] = 1  # tumour
    layers[1, 1:3, 4:8, 4:8] = 1  # edema: overlaps the tumour, same value in its own layer
    layers[0, 3, 0:2, 0:2] = 2  # node
    segments = [("tumour", 1, 0), ("edema", 1, 1), ("node", 2, 0)]
    header = [
        "NRRD0004",
        "type: unsigned char",
        "dimension: 4",
        "space: left-posterior-superior",
        "sizes: 2 9 8 4",
        "space directions: none (1,0,0) (0,1,0) (0,0,2)",
        "kinds: list domain domain domain",
        "encoding: gzip",
        "space origin: (1,2,3)",
    ]
    for index, (name, value, layer) in enumerate(segments):
        header += [
            f"Segment{index}_ID:=Segment_{index + 1}",
            f"Segment{index}_Name:={name}",
            f"Segment{index}_LabelValue:={value}",
            f"Segment{index}_Layer:={layer}",
        ]
    path = tmp_path / "case.seg.nrrd"
    body = np.ascontiguousarray(layers.transpose(1, 2, 3, 0)).tobytes()
    path.write_bytes("\n".join(header).encode() + b"\n\n" + gzip.compress(body))
    return path
