"""Names of the 279 features, as MaZda's reports print them."""

from __future__ import annotations

import re

HISTOGRAM = (
    "Mean", "Variance", "Skewness", "Kurtosis",
    "Perc.01%", "Perc.10%", "Perc.50%", "Perc.90%", "Perc.99%",
)  # fmt: skip
GRADIENT = ("GrMean", "GrVariance", "GrSkewness", "GrKurtosis", "GrNonZeros")
RUN_LENGTH = ("RLNonUni", "GLevNonU", "LngREmph", "ShrtREmp", "Fraction")
CO_OCCURRENCE = (
    "AngScMom", "Contrast", "Correlat", "SumOfSqs", "InvDfMom", "SumAverg",
    "SumVarnc", "SumEntrp", "Entropy", "DifVarnc", "DifEntrp",
)  # fmt: skip
AUTOREGRESSIVE = ("Teta1", "Teta2", "Teta3", "Teta4", "Sigma")
BANDS = ("LL", "LH", "HL", "HH")

RUN_DIRECTIONS = {"Horzl": (0, 1), "Vertl": (1, 0), "45dgr": (-1, 1), "135dr": (1, 1)}
"""Step of each direction in (row, column); rows count downwards."""

DISTANCES = (1, 2, 3, 4, 5)
SCALES = (1, 2, 3, 4, 5)


def offsets() -> list[tuple[int, int]]:
    """Return the 20 offsets of the co-occurrence features, as their names give them."""
    return [pair for d in DISTANCES for pair in ((d, 0), (0, d), (d, d), (d, -d))]


def offset_name(offset: tuple[int, int]) -> str:
    """Return ``"S(5,-5)"``."""
    return f"S({offset[0]},{offset[1]})"


def feature_names() -> list[str]:
    """Return all 279 names: the same set whatever the settings."""
    return [
        *HISTOGRAM,
        *GRADIENT,
        *(f"{direction}_{name}" for direction in RUN_DIRECTIONS for name in RUN_LENGTH),
        *(f"{offset_name(offset)}{name}" for offset in offsets() for name in CO_OCCURRENCE),
        *AUTOREGRESSIVE,
        *(f"WavEn{band}_s-{scale}" for scale in SCALES for band in BANDS),
    ]


def column_name(feature: str) -> str:
    """Return a feature's name in ``[A-Za-z0-9_.-]``, for columns of tables and models.

    Examples
    --------
    >>> column_name("S(5,-5)DifVarnc"), column_name("Perc.01%"), column_name("Vertl_RLNonUni")
    ('S_5_-5_DifVarnc', 'Perc.01', 'Vertl_RLNonUni')
    """
    return re.sub(r"[(),]", "_", feature).replace("%", "")
