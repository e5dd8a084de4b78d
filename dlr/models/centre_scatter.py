"""Where the centres' cases lie on the first two principal components, before and after ComBat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, eq=False)
class CentreScatter:
    """Principal component scores by centre.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per case and stage: ``case_id``, ``stage`` (before or after), ``centre``, ``pc1``,
        ``pc2``; both stages on the components of the features before.
    explained : tuple of float
        Share of the variance before that each of the two components explains.
    between : pandas.Series
        By stage: share of the features' variance that lies between the centres (mean eta squared
        over the features); chance is about (centres - 1) / (cases - 1).
    """

    table: pd.DataFrame
    explained: tuple[float, float]
    between: pd.Series

    def to_frame(self) -> pd.DataFrame:
        """Return the scores."""
        return self.table

    def plot(self) -> Figure:
        """Draw both stages side by side."""
        from dlr.figures._centres import plot_centre_scatter

        return plot_centre_scatter(self)


def centre_scatter(before: pd.DataFrame, after: pd.DataFrame, batch: ArrayLike) -> CentreScatter:
    """Project features before and after harmonisation onto the same two components.

    Parameters
    ----------
    before, after : DataFrame of shape (n_cases, n_features)
        The same rows and columns. A missing value counts as the feature's median before.
    batch : array_like of shape (n_cases,)
        Centre of each case.

    Returns
    -------
    CentreScatter

    Raises
    ------
    DlrError
        If the tables differ in shape or fewer than two features vary.
    """
    columns = list(before.columns)
    if before.shape != after.shape or any(name not in after for name in columns):
        raise DlrError("the features before and after harmonisation must be the same")
    centres = pd.Series(np.asarray(batch, dtype=object)).astype(str).to_numpy()
    if len(centres) != len(before):
        raise DlrError(f"there are {len(before)} cases but {len(centres)} centres")
    median = before.median()
    first, second = before.fillna(median), after[columns].fillna(median)
    mean, scale = first.mean(), first.std(ddof=0)
    varying = [c for c in columns if scale[c] > 1e-12 * max(abs(mean[c]), 1e-300)]
    if len(varying) < 2 or len(before) < 3:
        raise DlrError("a scatter of centres needs three cases and two features that vary")
    stages = {
        stage: ((values[varying] - mean[varying]) / scale[varying]).to_numpy()
        for stage, values in ((BEFORE, first), (AFTER, second))
    }
    _, sizes, axes = np.linalg.svd(stages[BEFORE], full_matrices=False)
    # The largest loading is positive, so that the same data always give the same picture.
    axes = axes[:2] * np.sign(axes[[0, 1], np.abs(axes[:2]).argmax(axis=1)])[:, None]
    share = sizes**2 / (sizes**2).sum()
    parts = []
    for stage, values in stages.items():
        scores = values @ axes.T
        part = {"case_id": before.index, "stage": stage, "centre": centres}
        parts.append(pd.DataFrame({**part, "pc1": scores[:, 0], "pc2": scores[:, 1]}))
    between = pd.Series({s: _between(v, centres) for s, v in stages.items()}, name="between")
    return CentreScatter(
        pd.concat(parts, ignore_index=True), (float(share[0]), float(share[1])), between
    )


def _between(values: np.ndarray, centres: np.ndarray) -> float:
    """Return the mean share of a feature's variance that lies between the centres."""
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    within = np.zeros(values.shape[1])
    for name in np.unique(centres):
        part = values[centres == name]
        within += ((part - part.mean(axis=0)) ** 2).sum(axis=0)
    varying = total > 0
    return float((1 - within[varying] / total[varying]).mean()) if varying.any() else 0.0
