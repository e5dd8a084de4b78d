"""Local binary patterns of volumes with spherical harmonics (Banerjee and others, 2013).

Around each voxel the image is sampled on a sphere; the samples at least as bright as the centre
form a pattern, whose power in each degree of the spherical harmonics does not change when the
pattern is turned. The kurtosis of the samples completes them.

The arithmetic is PyRadiomics', including two habits that are not the paper's: the polar angle of a
vertex is given as the azimuth and the reverse, and the squares of complex numbers are summed, not
those of their magnitudes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special

from dlr.features.radiomics.names import image_names
from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.filters.filtered import FilteredImage
from dlr.features.radiomics.native.filters.lbp_sphere import icosphere
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.options import ExtractionSettings
from dlr.features.radiomics.settings import ImageType

SPLINE_REACH = 40
"""The cubic spline's coefficients forget like 0.268^distance: 1e-23 of what lies further."""
CHUNK = 2**18
"""Samples that are taken at a time, which bounds memory."""

Complex = npt.NDArray[np.complex128]


def lbp_3d(
    intensities: Intensities, box: Box, settings: ExtractionSettings
) -> Iterator[FilteredImage]:
    """Yield one image per degree of the spherical harmonics, then the kurtosis, cut to `box`.

    The sphere has ``lbp3DIcosphereRadius`` voxels (not mm) and the vertices of an icosahedron
    subdivided ``lbp3DIcosphereSubdivision`` times; ``lbp3DLevels`` degrees are used, from 0 on.
    Cubic splines interpolate between voxels, to whole numbers in integer images; beyond the
    border of the image is 0. A sphere without contrast has no kurtosis (NaN).
    """
    radius = float(settings.lbp3DIcosphereRadius)
    vertices = icosphere(settings.lbp3DIcosphereSubdivision, radius)
    harmonics, degree = spherical_harmonics(vertices, radius, settings.lbp3DLevels)
    margin = math.ceil(radius) + SPLINE_REACH
    outer = box.grown((margin, margin, margin), intensities.shape)
    source = intensities.crop(outer)
    splines = ndimage.spline_filter(source, 3, output=np.float64, mode="constant")
    inner = box.within(outer)
    centres = source[inner.slices].ravel()
    result = np.empty((settings.lbp3DLevels + 1, centres.size))
    for piece in _pieces(centres.size, len(vertices)):
        # places in the whole image are rounded as PyRadiomics' are; the shift is exact
        places = np.array(np.unravel_index(np.arange(piece.start, piece.stop), box.size)).T
        coordinates = (places + np.array(box.low))[None] + vertices[:, None]
        samples = ndimage.map_coordinates(
            splines, (coordinates - np.array(outer.low)).T, source.dtype, 3, prefilter=False
        )
        pattern = np.greater_equal(samples, centres[piece, None])
        result[:-1, piece] = _powers(pattern, harmonics, degree)
        result[-1, piece] = _kurtosis(samples)
    for name, values in zip(image_names(ImageType("LBP3D"), settings), result):
        yield FilteredImage(name, values.reshape(box.size))


def spherical_harmonics(
    vertices: Floats, radius: float, degrees: int
) -> tuple[Complex, npt.NDArray[np.int64]]:
    """Return the harmonics at each vertex, shape (vertices, degrees²), and the degree of each."""
    # sums of rounded squares may leave a vertex on the axis a little above the pole
    azimuth = np.arccos(np.clip(vertices[:, 2] / radius, -1, 1))
    polar = np.arctan2(vertices[:, 1], vertices[:, 0])
    orders = [(m, n) for n in range(degrees) for m in range(-n, n + 1)]
    columns = [_harmonic(m, n, azimuth, polar) for m, n in orders]
    return np.column_stack(columns), np.array([n for _, n in orders])


def _harmonic(m: int, n: int, azimuth: Floats, polar: Floats) -> Complex:
    """Return the spherical harmonic of order `m` and degree `n`, Condon-Shortley phase included."""
    order = abs(m)
    values = special.lpmv(order, n, np.cos(polar))
    if m < 0:
        values = values * ((-1) ** order * special.poch(n + order + 1, -2 * order))
    values = values * math.sqrt((2 * n + 1) * special.poch(n + m + 1, -2 * m) / (4 * math.pi))
    return np.asarray(values * np.exp(1j * m * azimuth), np.complex128)


def _pieces(n_voxels: int, n_vertices: int) -> Iterator[slice]:
    step = max(CHUNK // n_vertices, 1)
    for start in range(0, n_voxels, step):
        yield slice(start, min(start + step, n_voxels))


def _powers(
    pattern: npt.NDArray[np.bool_], harmonics: Complex, degree: npt.NDArray[np.int64]
) -> Floats:
    """Return the root of the summed squares of each degree's part: (degrees, voxels).

    Patterns that are turns of each other have equal values up to rounding, which then decides on
    which side of a percentile or of a bin edge they fall; so the sums are those of PyRadiomics.
    """
    coefficients = (pattern.astype(np.int64)[:, :, None] * harmonics[None]).sum(axis=1)
    parts = np.concatenate(
        [
            (coefficients[:, None, degree == n] * harmonics[None, :, degree == n]).sum(
                axis=2, keepdims=True
            )
            for n in range(int(degree[-1]) + 1)
        ],
        axis=2,
    )
    return np.asarray(np.sqrt((parts**2).sum(axis=1)).real.T)


def _kurtosis(samples: npt.NDArray[Any]) -> Floats:
    """Return the excess kurtosis of each row in its own precision; NaN for a constant one."""
    kind = samples.dtype if np.issubdtype(samples.dtype, np.floating) else np.float64
    mean = samples.mean(axis=1, dtype=kind, keepdims=True)
    squares = (samples.astype(kind) - mean) ** 2
    m2, m4 = squares.mean(axis=1), (squares**2).mean(axis=1)
    constant = m2 <= (np.finfo(kind).eps * mean[:, 0]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(constant, math.nan, m4 / m2**2 - 3).astype(np.float64)
