"""What each group of features gives, and moments that two of them share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Found:
    """Features of one group; `reason` says why those that are NaN could not be computed."""

    values: dict[str, float]
    reason: str = ""


def moments(values: NDArray[np.float64], excess: bool) -> tuple[float, float, float, float]:
    """Return mean, variance (divisor n), skewness and kurtosis of at least one value.

    Skewness and kurtosis are NaN where the values do not vary; `excess` subtracts 3 from the
    kurtosis (Materka & Strzelecki 1998).
    """
    mean = float(values.mean())
    if values.min() == values.max():
        return mean, 0.0, math.nan, math.nan
    centred = values - mean
    squares = np.square(centred)
    variance = float(squares.mean())
    skewness = float((squares * centred).mean()) / variance**1.5
    kurtosis = float(np.square(squares).mean()) / variance**2
    return mean, variance, skewness, kurtosis - 3.0 if excess else kurtosis
