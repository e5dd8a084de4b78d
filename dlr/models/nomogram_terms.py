"""What a nomogram draws: the terms of an additive logistic model, and ruled axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlr.errors import DlrError
from dlr.models.pretty import pretty
from dlr.models.spline import spline_basis


@dataclass(frozen=True)
class Axis:
    """One ruled axis of a nomogram.

    Parameters
    ----------
    variable : str
        Name of the variable; ``"points"``, ``"total"``, ``"log_odds"`` or ``"probability"`` for
        the axes that belong to no variable.
    label : str
        What the axis is called.
    ticks : tuple of float
        Marked values; the positions 0, 1, ... of the levels of a factor.
    points : tuple of float
        Where each tick stands: on the points scale for a variable, on the total-points scale for
        the result axes.
    levels : tuple of str
        Levels of a factor, the reference first; empty for a number.
    """

    variable: str
    label: str
    ticks: tuple[float, ...]
    points: tuple[float, ...]
    levels: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """What is written at each tick."""
        if self.levels:
            return self.levels
        return tuple(f"{tick:.10g}" for tick in self.ticks)


@dataclass(frozen=True)
class Term:
    """One variable of an additive logistic model.

    Parameters
    ----------
    variable : str
        Column that holds it.
    label : str
        What it is called on the drawing.
    coefficients : tuple of float
        Log-odds. Of a factor, one per level, 0 for the reference; of a number, its slope,
        followed by those of the spline's further columns.
    low, high : float
        Smallest and largest value of a number in the data the model was fitted on.
    levels : tuple of str
        Of a factor; empty for a number.
    knots : tuple of float
        Of a restricted cubic spline; empty for a straight line.
    unit : str
        Of a number; empty where there is none or it is not known. The label may end with it.
    """

    variable: str
    label: str
    coefficients: tuple[float, ...]
    low: float = 0.0
    high: float = 0.0
    levels: tuple[str, ...] = ()
    knots: tuple[float, ...] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        expected = len(self.levels) or max(len(self.knots) - 1, 1)
        if len(self.coefficients) != expected:
            raise DlrError(
                f"the nomogram variable '{self.variable}' needs {expected} coefficients, "
                f"got {len(self.coefficients)}"
            )
        if not np.isfinite([*self.coefficients, self.low, self.high]).all() or self.low > self.high:
            raise DlrError(
                f"the nomogram variable '{self.variable}' needs finite coefficients and a range "
                f"from low to high, got {self.coefficients} and {self.low} to {self.high}"
            )

    @property
    def ticks(self) -> tuple[float, ...]:
        """Marked values: round ones that cover the data, or the positions of the levels."""
        if self.levels:
            return tuple(float(position) for position in range(len(self.levels)))
        return tuple(pretty(self.low, self.high))

    @property
    def tick_log_odds(self) -> NDArray[np.float64]:
        """Log-odds at the ticks, from which the axis is made."""
        if self.levels:
            return np.asarray(self.coefficients)
        return self._curve(np.asarray(self.ticks))

    def log_odds(self, values: pd.Series) -> NDArray[np.float64]:
        """Return what the variable adds to the log-odds of each case.

        Raises
        ------
        DlrError
            If a value is missing, no number, or a level the model does not know.
        """
        if self.levels:
            weights = dict(zip(self.levels, self.coefficients, strict=True))
            added = values.astype(str).map(weights).to_numpy(dtype=float)
            rule = f"one of {', '.join(self.levels)}"
        else:
            added = self._curve(pd.to_numeric(values, errors="coerce").to_numpy(dtype=float))
            rule = "a finite number"
        bad = ~np.isfinite(added)
        if bad.any():
            value = values.iloc[int(np.argmax(bad))]
            raise DlrError(f"'{self.variable}' must be {rule} to be read off, got {value!r}")
        return np.asarray(added, dtype=np.float64)

    def design(self, values: pd.Series) -> NDArray[np.float64]:
        """Return the columns that the estimated coefficients are multiplied with.

        Returns
        -------
        ndarray of shape (n_cases, n_estimated)
            Of a factor, an indicator of each level but the reference; of a number, itself and
            the spline's further columns.
        """
        if self.levels:
            text = values.astype(str).to_numpy()
            return np.stack([text == level for level in self.levels[1:]], axis=-1).astype(float)
        return spline_basis(pd.to_numeric(values, errors="coerce"), self.knots)

    def _curve(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(spline_basis(x, self.knots) @ np.asarray(self.coefficients))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "variable": self.variable,
            "label": self.label,
            "coefficients": list(self.coefficients),
            "levels": list(self.levels),
            "low": self.low,
            "high": self.high,
            "knots": list(self.knots),
            "unit": self.unit,
        }

    @classmethod
    def from_dict(cls, item: dict[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        return cls(
            item["variable"],
            item["label"],
            tuple(item["coefficients"]),
            item["low"],
            item["high"],
            tuple(item["levels"]),
            tuple(item["knots"]),
            str(item.get("unit", "")),  # bundles of earlier versions have none
        )
