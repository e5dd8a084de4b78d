"""One comparison of a number with its reference."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line of the table; vectors are shown by their largest difference.

    Attributes
    ----------
    quantity, data, package : str
        What was computed, on which data set, and by which package and version.
    reference, dlr : float or sequence of float
        The two values.
    """

    quantity: str
    data: str
    package: str
    reference: float | Sequence[float]
    dlr: float | Sequence[float]

    @property
    def difference(self) -> float:
        """Largest |dlr - reference| / max(|reference|, 1e-8)."""
        want, got = np.asarray(self.reference, float), np.asarray(self.dlr, float)
        return float((np.abs(got - want) / np.maximum(np.abs(want), 1e-8)).max())

    def cells(self) -> list[str]:
        """Return the cells of the line as text."""
        return [
            self.quantity,
            self.data,
            self.package,
            _text(self.reference),
            _text(self.dlr),
            f"{self.difference:.1e}" if self.difference else "0",
        ]


def _text(value: float | Sequence[float]) -> str:
    numbers = np.atleast_1d(np.asarray(value, float))
    if numbers.size > 2:
        return f"{numbers.size} values"
    return ", ".join(f"{number:.10g}" for number in numbers)


def load(reference: Path, stem: str) -> Any:
    """Read one file of reference values."""
    return json.loads((reference / f"{stem}.json").read_text(encoding="utf-8"))
