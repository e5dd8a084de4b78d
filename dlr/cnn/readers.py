"""Human readers against the model, on the same cases."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import nan, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlr.cnn.kappa import cohen_kappa, fleiss_kappa
from dlr.cnn.settings import ReaderSettings
from dlr.cohort.tables import ROW, read_text_table
from dlr.errors import DlrError, Fault, InputError
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

MODEL = "model"
_COLUMNS = ("reader", "case_id", "rating")


@dataclass(frozen=True, eq=False)
class ReaderStudy:
    """Readers and model compared.

    Attributes
    ----------
    n : int
        Cases that every reader and the model judged.
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


def read_readers(path: Path, target: str | None = None) -> pd.DataFrame:
    """Read a table of ratings.

    Parameters
    ----------
    path : Path
        CSV or Excel: ``reader``, ``case_id``, ``rating`` (a number, higher for more suspicious)
        and, where several labels were read, ``label``.
    target : str, optional
        Take only the rows of this label.

    Returns
    -------
    pandas.DataFrame
        Cases in rows, readers in columns.

    Raises
    ------
    InputError
        If a column is missing, a rating is no number, or a reader rates a case twice.
    """
    table = read_text_table(path, "readers")
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        message = f"the column is missing; the table needs: {', '.join(_COLUMNS)}"
        raise InputError([Fault(message, path, 1, missing[0], "column-missing")])
    if target is not None and "label" in table:
        table = table[table["label"] == target]
    numbers = pd.to_numeric(table["rating"], errors="coerce")
    faults = [
        Fault(f"'{text}' is not a number; correct the rating", path, int(row), "rating")
        for text, row in table.loc[numbers.isna(), ["rating", ROW]].itertuples(index=False)
    ]
    again = table.duplicated(["reader", "case_id"])
    faults += [
        Fault("the reader rates this case twice; delete one row", path, int(row), "case_id")
        for row in table.loc[again, ROW]
    ]
    if faults:
        raise InputError(faults)
    return table.assign(rating=numbers).pivot(index="case_id", columns="reader", values="rating")


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
        If no case of both classes was judged by all.
    """
    complete = ratings.dropna()
    known = scores.dropna(subset=["outcome"]).set_index("case_id")
    cases = known.index.intersection(complete.index)
    known, complete = known.loc[cases], complete.loc[cases]
    if known["outcome"].nunique() < 2:
        raise DlrError(
            f"readers and model share {len(cases)} judged case(s), not of both outcomes; check "
            "that 'case_id' is written alike in both tables"
        )
    truth, groups = known["outcome"], _groups(known)
    calls = (complete >= settings.threshold).astype(int)
    model_call = (known["probability"] >= known["threshold"]).astype(int)
    points = [_point(MODEL, truth, known["probability"], model_call, groups, level)]
    points += [
        _point(str(name), truth, complete[name], calls[name], groups, level) for name in complete
    ]
    return ReaderStudy(
        n=len(cases),
        simulated=settings.simulated,
        operating_points=pd.DataFrame(points),
        comparisons=_comparisons(truth, model_call, calls, level),
        agreement=_agreement(calls.assign(**{MODEL: model_call}), level),
        summary=_summary(truth, known["probability"], complete, groups, level),
        curve=roc_curve(truth, known["probability"], groups),
    )


def _groups(known: pd.DataFrame) -> pd.Series | None:
    return known["subject_id"] if known["subject_id"].duplicated().any() else None


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
