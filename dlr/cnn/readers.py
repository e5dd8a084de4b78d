"""Human readers against the model, on the same cases."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlr.cnn.kappa import cohen_kappa, fleiss_kappa
from dlr.cnn.reader_table import MODEL
from dlr.cnn.settings import ReaderSettings
from dlr.errors import DlrError
from dlr.models.cases import groups_of
from dlr.stats import (
    RocCurve,
    auc,
    classification_metrics,
    compare_sensitivity_specificity,
    delong_matrix,
    roc_curve,
)
from dlr.stats._results import normal_quantile, two_sided_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class ReaderStudy:
    """Readers and model compared.

    Attributes
    ----------
    n : int
        Cases that every reader and the model judged: only these are compared.
    n_rated : int
        Cases that the model judged and at least one reader rated.
    simulated : bool
        Whether the readers are simulated.
    operating_points : pandas.DataFrame
        One row per reader and one for the model: AUC (of the ratings), sensitivity, specificity,
        accuracy with limits, at the readers' own calls and the model's locked threshold.
    comparisons : pandas.DataFrame
        Model minus each reader: sensitivity and specificity, Newcombe's limits, exact McNemar P.
    agreement : pandas.DataFrame
        Cohen's kappa of every pair (the model among them), and Fleiss' of all readers.
    summary : pandas.DataFrame
        Mean AUC of the readers, and the model's minus it, with limits. Readers count as fixed: it
        holds for these readers, not for readers at large.
    curve : RocCurve
        Of the model on these cases.
    """

    n: int
    n_rated: int
    simulated: bool
    operating_points: pd.DataFrame
    comparisons: pd.DataFrame
    agreement: pd.DataFrame
    summary: pd.DataFrame
    curve: RocCurve

    def to_frame(self) -> pd.DataFrame:
        """Return the operating points."""
        return self.operating_points

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the model's ROC curve with the readers' operating points on it."""
        return plot_readers(self, ax)


def compare_readers(
    scores: pd.DataFrame, ratings: pd.DataFrame, settings: ReaderSettings, level: float = 0.95
) -> ReaderStudy:
    """Compare readers with the model on the cases that all of them judged.

    Parameters
    ----------
    scores : pandas.DataFrame
        One target's rows of the case scores: ``case_id``, ``subject_id``, ``outcome``,
        ``probability``, ``threshold``.
    ratings : pandas.DataFrame
        Cases in rows, readers in columns, see :func:`read_readers`.
    settings : ReaderSettings
    level : float
        Confidence level.

    Raises
    ------
    DlrError
        If the cases that all of them judged are not of both outcomes; says why.
    """
    ratings = ratings.dropna(how="all")
    known = scores.dropna(subset=["outcome"]).set_index("case_id")
    rated = known.index.intersection(ratings.index)
    cases = rated.intersection(ratings.dropna().index)
    known, complete = known.loc[cases], ratings.loc[cases]
    if known["outcome"].nunique() < 2:
        n_shared = int(ratings.index.isin(scores["case_id"]).sum())
        raise DlrError(_wanting(n_shared, len(rated), known["outcome"]))
    truth, groups = known["outcome"], groups_of(known["subject_id"])
    calls = (complete >= settings.threshold).astype(int)
    model_call = (known["probability"] >= known["threshold"]).astype(int)
    points = [_point(MODEL, truth, known["probability"], model_call, groups, level)]
    points += [
        _point(str(name), truth, complete[name], calls[name], groups, level) for name in complete
    ]
    return ReaderStudy(
        n=len(cases),
        n_rated=len(rated),
        simulated=settings.simulated,
        operating_points=pd.DataFrame(points),
        comparisons=_comparisons(truth, model_call, calls, level),
        agreement=_agreement(calls.assign(**{MODEL: model_call}), level),
        summary=_summary(truth, known["probability"], complete, groups, level),
        curve=roc_curve(truth, known["probability"], groups),
    )


def _wanting(n_shared: int, n_rated: int, outcome: pd.Series) -> str:
    """Say why readers and model cannot be compared on the cases of this outcome."""
    if not n_shared:
        return (
            "readers and model share no case; check that 'case_id' is written alike in both tables"
        )
    if not n_rated:
        return f"no outcome is known of the {n_shared} case(s) that readers and model share"
    if outcome.empty:
        return f"none of the {n_rated} case(s) rated was rated by every reader"
    which = "positive" if outcome.iloc[0] == 1 else "negative"
    return (
        f"the {len(outcome)} case(s) that every reader rated are all {which}; a comparison needs "
        "both outcomes"
    )


def _point(
    name: str,
    truth: pd.Series,
    rating: pd.Series,
    call: pd.Series,
    groups: pd.Series | None,
    level: float,
) -> dict[str, Any]:
    area = auc(truth, rating, groups)
    row: dict[str, Any] = {"reader": name, "auc": area.value}
    row["auc_low"], row["auc_high"] = area.confidence_interval(level)
    at = classification_metrics(truth, call, 0.5)
    for key in ("sensitivity", "specificity", "accuracy"):
        share = getattr(at, key)
        row[key] = share.value
        row[f"{key}_low"], row[f"{key}_high"] = share.confidence_interval(level)
    return row


def _comparisons(
    truth: pd.Series, model: pd.Series, calls: pd.DataFrame, level: float
) -> pd.DataFrame:
    parts = [
        compare_sensitivity_specificity(truth, model, calls[name])
        .to_frame(level)
        .rename(columns={"a": "model", "b": "reader_value"})
        .reset_index()
        .assign(reader=str(name))
        for name in calls
    ]
    return pd.concat(parts, ignore_index=True)


def _agreement(calls: pd.DataFrame, level: float) -> pd.DataFrame:
    rows = []
    for a, b in combinations([str(name) for name in calls], 2):
        kappa = cohen_kappa(calls[a], calls[b])
        low, high = kappa.confidence_interval(level)
        rows.append({"a": a, "b": b, "kappa": kappa.value, "low": low, "high": high})
    readers = calls.drop(columns=MODEL)
    if readers.shape[1] > 1:
        kappa = fleiss_kappa(readers)
        low, high = kappa.confidence_interval(level)
        rows.append({"a": "all readers", "b": "", "kappa": kappa.value, "low": low, "high": high})
    return pd.DataFrame(rows)


def _summary(
    truth: pd.Series,
    score: pd.Series,
    ratings: pd.DataFrame,
    groups: pd.Series | None,
    level: float,
) -> pd.DataFrame:
    """Average the readers' AUCs; the joint covariance of DeLong gives the limits."""
    columns = {MODEL: score, **{str(name): ratings[name] for name in ratings}}
    matrix = delong_matrix(truth, columns, groups)
    k = ratings.shape[1]
    mean = np.array([0.0, *[1 / k] * k])
    difference = np.array([1.0, *[-1 / k] * k])
    rows = []
    for name, weights in (("mean of the readers", mean), ("model minus the mean", difference)):
        value = float(weights @ matrix.auc.to_numpy())
        variance = float(weights @ matrix.covariance.to_numpy() @ weights)
        half = normal_quantile(level) * sqrt(max(variance, 0.0))
        is_difference = name.startswith("model")
        p_value = two_sided_p(value / sqrt(variance)) if is_difference and variance > 0 else nan
        rows.append(
            {
                "quantity": f"AUC, {name}", "value": value, "low": value - half,
                "high": value + half, "p_value": p_value,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def plot_readers(study: ReaderStudy, ax: Axes | None = None) -> Axes:
    """Draw the model's ROC curve with the readers' operating points.

    Parameters
    ----------
    study : ReaderStudy
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on; readers nearer the upper left than the curve are better than the model.
    """
    from dlr import figures

    ax = figures.plot_roc(study.curve, ax)
    marks = "osD^vP*X"
    readers = study.operating_points[study.operating_points["reader"] != MODEL]
    kind = "simulated reader" if study.simulated else "reader"
    for index, (_, row) in enumerate(readers.iterrows()):
        ax.plot(
            1 - row["specificity"], row["sensitivity"], marks[index % len(marks)],
            color="#D55E00", markersize=5, label=f"{kind} {row['reader']}", zorder=5,
        )  # fmt: skip
    model = study.operating_points[study.operating_points["reader"] == MODEL].iloc[0]
    ax.plot(
        1 - model["specificity"], model["sensitivity"], "o", color="#0072B2", markersize=6,
        markerfacecolor="white", label="model, locked threshold", zorder=5,
    )  # fmt: skip
    ax.legend(loc="lower right", fontsize=6)
    return ax
