"""What a scanner makes of the anatomy: resolution, shading, scale and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from dlr.cohort.simulation.grid import Grid
from dlr.cohort.simulation.shapes import Array, smooth_noise


@dataclass(frozen=True)
class Scanner:
    """A centre's scanner.

    Parameters
    ----------
    gain : float
        Stored value of fluid.
    noise : float
        SD of the noise in each of the two channels, as a share of the fluid signal.
    blur_mm : float
        SD of the in-plane point spread function.
    bias : float
        SD of the logarithm of the smooth shading across the volume.
    gamma : float
        Exponent on the signal: below 1, fluid stands out less from dark tissue.
    """

    gain: float
    noise: float
    blur_mm: float
    bias: float
    gamma: float


SCANNERS = {
    "A": Scanner(gain=900.0, noise=0.025, blur_mm=0.45, bias=0.08, gamma=1.0),
    "B": Scanner(gain=1500.0, noise=0.038, blur_mm=0.65, bias=0.13, gamma=0.92),
}


def acquire(signal: Array, grid: Grid, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """Scan a painted volume.

    Parameters
    ----------
    signal : ndarray of shape (slices, rows, columns)
        T2 signal, fluid = 1.
    grid : Grid
        Its sampling.
    scanner : Scanner
        The scanner; its gain varies by about 10 % between patients.
    rng : Generator
        Source of shading and noise.

    Returns
    -------
    ndarray of int16, of the same shape
        Magnitude image: Rician noise, as in magnitude MR images.
    """
    blur = scanner.blur_mm / grid.pixel_mm
    image = gaussian_filter(signal, (0.0, blur, blur))
    image = np.clip(image, 0.0, None) ** scanner.gamma
    image *= np.exp(scanner.bias * smooth_noise(grid.shape, grid.in_voxels(35.0), rng))
    real = image + scanner.noise * rng.standard_normal(grid.shape, dtype=np.float32)
    imaginary = scanner.noise * rng.standard_normal(grid.shape, dtype=np.float32)
    gain = scanner.gain * np.exp(rng.normal(0, 0.1))
    return np.clip(gain * np.hypot(real, imaginary), 0, 32767).round().astype(np.int16)
