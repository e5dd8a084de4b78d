"""Missing numbers filled in from the other columns, by regressions learnt in training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from dlr.models.imputation import FillImputer, columns_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regression:
    """One step of the chain: a column from others, all standardised.

    Parameters
    ----------
    target : int
    sources : tuple of int
    coefficients : tuple of float
    intercept : float
    """

    target: int
    sources: tuple[int, ...]
    coefficients: tuple[float, ...]
    intercept: float


class IterativeFill(FillImputer):
    """Each number with gaps regressed on the other columns, in turn, until little changes.

    scikit-learn's ``IterativeImputer`` (Bayesian ridge regression) learns the regressions [1]_;
    they are kept as plain numbers. Levels are not regressed: they take the most frequent one and
    serve as predictors. Imputed numbers stay within the range of the training cases, and a gap in
    a column that had none in training takes the median.

    Parameters
    ----------
    indicators : bool
        Add a column ``<name>__missing`` (1 or 0) for every column with gaps in training.
    cycles : int
        Most passes over the columns.
    neighbours : int
        Most predictors of a column, drawn with odds by correlation; bounds time and memory.
    seed : int

    Attributes
    ----------
    steps_ : tuple of Regression
    converged_ : bool
        Whether the last pass changed little (1e-3 of the largest value).

    References
    ----------
    .. [1] van Buuren S, Groothuis-Oudshoorn K, mice: multivariate imputation by chained equations
       in R, Journal of Statistical Software 45(3) (2011).
    """

    def __init__(
        self, indicators: bool = True, cycles: int = 10, neighbours: int = 20, seed: int = 0
    ) -> None:
        super().__init__(indicators)
        self.cycles = cycles
        self.neighbours = neighbours
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Learn the regressions from training cases; `y` is ignored."""
        super().fit(X, y)
        known = columns_of(X, list(self.fill_))
        self.levels_ = {
            name: sorted(set(known[name].dropna().astype(str)))
            for name, value in self.fill_.items()
            if not isinstance(value, float)
        }
        self.numbers_ = [name for name in self.fill_ if name not in self.levels_]
        numbers = known[self.numbers_].to_numpy(dtype=float)
        self.mean_, scale = _moments(numbers)
        self.scale_ = np.where(scale > 0, scale, 1.0)
        filled = known[self.numbers_].fillna(pd.Series(self.fill_, dtype=object)[self.numbers_])
        extremes = filled.to_numpy(dtype=float)
        self.low_, self.high_ = extremes.min(axis=0), extremes.max(axis=0)
        self.steps_, self.converged_ = self._learn(self._design(known))
        self.missing_["rule"] = [
            "regression" if name in self.numbers_ and self.missing_.loc[name, "n_missing"] else rule
            for name, rule in self.missing_["rule"].items()
        ]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the columns without gaps, followed by the marks."""
        filled = super().transform(X)
        if not self.steps_:
            return filled
        design = self._design(columns_of(X, list(self.fill_)))
        gaps = np.isnan(design)
        values = np.where(gaps, self._start(design.shape[1]), design)
        low, high = self._bounds()
        for step in self.steps_:
            rows = gaps[:, step.target]
            guess = values[np.ix_(rows, np.asarray(step.sources))] @ np.asarray(step.coefficients)
            values[rows, step.target] = np.clip(
                guess + step.intercept, low[step.target], high[step.target]
            )
        for position, name in enumerate(self.numbers_):
            rows = gaps[:, position]
            back = values[rows, position] * self.scale_[position] + self.mean_[position]
            filled.loc[rows, name] = np.clip(back, self.low_[position], self.high_[position])
        return filled

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        arrays = {
            name: getattr(self, f"{name}_").tolist() for name in ("mean", "scale", "low", "high")
        }
        return {
            **super().to_dict(),
            **arrays,
            "settings": {"cycles": self.cycles, "neighbours": self.neighbours, "seed": self.seed},
            "levels": self.levels_,
            "steps": [asdict(step) for step in self.steps_],
            "converged": self.converged_,
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        model = super().from_dict(item)
        model.set_params(**item["settings"])
        for name in ("mean", "scale", "low", "high"):
            setattr(model, f"{name}_", np.asarray(item[name], dtype=float))
        model.levels_ = {name: list(levels) for name, levels in item["levels"].items()}
        model.numbers_ = [name for name in model.fill_ if name not in model.levels_]
        model.steps_ = tuple(
            Regression(
                step["target"],
                tuple(step["sources"]),
                tuple(step["coefficients"]),
                step["intercept"],
            )
            for step in item["steps"]
        )
        model.converged_ = item["converged"]
        return model

    def _design(self, known: pd.DataFrame) -> Floats:
        """Return standardised numbers, NaN where missing, and one column per level."""
        numbers = (known[self.numbers_].to_numpy(dtype=float) - self.mean_) / self.scale_
        texts = {name: known[name].fillna(self.fill_[name]).astype(str) for name in self.levels_}
        marks = [
            np.asarray(texts[name] == level, dtype=float)
            for name, levels in self.levels_.items()
            for level in levels[1:]
        ]
        return np.column_stack([numbers, *marks])

    def _start(self, width: int) -> Floats:
        """Return the standardised medians the chain starts from."""
        medians = np.asarray([self.fill_[name] for name in self.numbers_], dtype=float)
        start = np.zeros(width)
        start[: len(medians)] = (medians - self.mean_) / self.scale_
        return start

    def _bounds(self) -> tuple[Floats, Floats]:
        return (self.low_ - self.mean_) / self.scale_, (self.high_ - self.mean_) / self.scale_

    def _learn(self, design: Floats) -> tuple[tuple[Regression, ...], bool]:
        # The import makes IterativeImputer, which scikit-learn still calls experimental, known.
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer

        if not np.isnan(design).any() or design.shape[1] < 2:
            return (), True
        low, high = np.full(design.shape[1], -np.inf), np.full(design.shape[1], np.inf)
        low[: len(self.numbers_)], high[: len(self.numbers_)] = self._bounds()
        fewer = self.neighbours if design.shape[1] - 1 > self.neighbours else None
        imputer = IterativeImputer(
            max_iter=self.cycles,
            n_nearest_features=fewer,
            initial_strategy="median",
            skip_complete=True,
            min_value=low,
            max_value=np.where(high > low, high, np.inf),
            random_state=self.seed,
        )
        with warnings.catch_warnings(record=True) as told:
            # Whether it converged is told by an attribute instead.
            warnings.simplefilter("always", ConvergenceWarning)
            imputer.fit(design)
        steps = tuple(
            Regression(
                int(step.feat_idx),
                tuple(int(i) for i in step.neighbor_feat_idx),
                tuple(float(c) for c in step.estimator.coef_),
                float(step.estimator.intercept_),
            )
            for step in imputer.imputation_sequence_
        )
        return steps, not any(issubclass(w.category, ConvergenceWarning) for w in told)


def _moments(numbers: Floats) -> tuple[Floats, Floats]:
    """Return mean and SD of the known values; every column has at least one."""
    if numbers.shape[1] == 0:
        return np.zeros(0), np.ones(0)
    return np.nanmean(numbers, axis=0), np.nanstd(numbers, axis=0)
