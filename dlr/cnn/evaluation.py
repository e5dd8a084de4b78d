"""From pictures to cases to performance: averaging, thresholds, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from dlr.cnn.results import BAGGED, CASE_COLUMNS, FROZEN, POOLED
from dlr.models.cases import groups_of
from dlr.stats import auc, classification_metrics, youden_threshold

_SHARES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
_DEFAULT_THRESHOLD = 0.5
_CLIP = 1e-6
_DECIMALS = 5
"""Of logits: what differs less in single precision is noise, and must not be ranked."""


def outputs_to_frame(
    logits: NDArray[np.float32],
    labels: tuple[str, ...],
    numbers: tuple[str, ...],
    mean: NDArray[np.float64],
    sd: NDArray[np.float64],
) -> pd.DataFrame:
    """Turn raw outputs into probabilities of the labels and values of the numbers."""
    n = len(labels)
    # In double precision: probabilities near 1 must not become ties.
    probability = expit(np.round(logits[:, :n].astype(np.float64), _DECIMALS))
    values = logits[:, n:].astype(np.float64) * sd + mean
    return pd.DataFrame(np.hstack([probability, values]), columns=[*labels, *numbers])


def log_odds(probability: pd.Series) -> pd.Series:
    """Return the log-odds; probabilities of 0 and 1 count as 1e-6 away from it."""
    return pd.Series(logit(probability.clip(_CLIP, 1 - _CLIP)), probability.index)


def mean_over_pictures(picture_scores: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the mean of each output over a case's pictures.

    Returns
    -------
    pandas.DataFrame
        One row per ``case_id``, ``cohort``, ``estimate`` and ``fold``.
    """
    keys = ["case_id", "cohort", "estimate", "fold"]
    return picture_scores.groupby(keys, sort=False)[list(names)].mean().reset_index()


def bag(picture_scores: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the mean over the fold models for every picture (bagging, Breiman 1996)."""
    keys = [c for c in picture_scores.columns if c not in (*names, "fold")]
    averaged = picture_scores.groupby(keys, sort=False)[list(names)].mean().reset_index()
    return averaged.assign(fold=BAGGED)[list(picture_scores.columns)]


def long_scores(wide: pd.DataFrame, cases: pd.DataFrame, targets: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per case and target, with its outcome; thresholds are still missing."""
    about = cases.loc[wide["case_id"]]
    parts = [
        pd.DataFrame(
            {
                **{key: wide[key].to_numpy() for key in ("case_id", "cohort", "estimate", "fold")},
                "subject_id": about["subject_id"].to_numpy(),
                "center": about["center"].to_numpy(),
                "target": target,
                "outcome": about[target].to_numpy(dtype=float),
                "probability": wide[target].to_numpy(),
                "threshold": np.nan,
            }
        )
        for target in targets
    ]
    return pd.concat(parts, ignore_index=True)[list(CASE_COLUMNS)]


def best_threshold(scores: pd.DataFrame) -> float:
    """Return Youden's threshold of one target.

    Returns
    -------
    float
        NaN where only one class occurs, or where no threshold is better than calling every case
        alike: a mean of thresholds with such placeholders in it would be none.
    """
    known = scores.dropna(subset=["outcome"])
    if known["outcome"].nunique() < 2:
        return float("nan")
    chosen = youden_threshold(known["outcome"], known["probability"])
    return chosen.threshold if np.isfinite(chosen.threshold) else float("nan")


def fold_thresholds(out_of_fold: pd.DataFrame, targets: tuple[str, ...]) -> pd.DataFrame:
    """Choose each fold's own threshold for each target (the published rule).

    Where a fold holds one class only, or its scores tell nothing, the threshold of all folds
    together serves; where these tell nothing either, 0.5.

    Returns
    -------
    pandas.DataFrame
        Index fold, columns targets.
    """
    table = {}
    for target in targets:
        rows = out_of_fold[out_of_fold["target"] == target]
        pooled = best_threshold(rows)
        fallback = pooled if np.isfinite(pooled) else _DEFAULT_THRESHOLD
        own = {fold: best_threshold(part) for fold, part in rows.groupby("fold", sort=False)}
        table[target] = pd.Series(own).fillna(fallback)
    return pd.DataFrame(table)


def honest_thresholds(out_of_fold: pd.DataFrame) -> pd.Series:
    """Return for each out-of-fold row the threshold chosen on all other folds."""
    found = pd.Series(np.nan, index=out_of_fold.index)
    for _, rows in out_of_fold.groupby("target", sort=False):
        for fold in pd.unique(rows["fold"]):
            here = rows["fold"] == fold
            chosen = best_threshold(rows[~here])
            found[rows.index[here]] = chosen if np.isfinite(chosen) else _DEFAULT_THRESHOLD
    return found


def evaluate_scores(
    case_scores: pd.DataFrame, level: float, own: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Judge scores per cohort, fold and target.

    Parameters
    ----------
    case_scores : pandas.DataFrame
        See :data:`dlr.cnn.results.CASE_COLUMNS`, thresholds filled in. For out-of-fold rows these
        come from the other folds.
    level : float
        Confidence level.
    own : pandas.DataFrame, optional
        Each fold's own thresholds; adds rows judged at them, as the paper prints them. They were
        chosen on the very cases they judge, and ``threshold_from`` says so.

    Returns
    -------
    pandas.DataFrame
        ``cohort``, ``estimate``, ``fold``, ``target``, ``threshold_from``, ``n``, ``n_positive``,
        ``auc`` with ``auc_low`` and ``auc_high`` (DeLong, clustered by patient), sensitivity
        (recall), specificity, ppv (precision), npv, accuracy with Wilson limits, ``f1``, the
        counts of the confusion matrix, and a ``note`` where the interval cannot be trusted.
    """
    rows = []
    for key, part in case_scores.groupby(["cohort", "estimate", "fold", "target"], sort=False):
        cohort, estimate, fold, target = (str(item) for item in key)
        where = {"cohort": cohort, "estimate": estimate, "fold": fold, "target": target}
        source = "other folds" if estimate == "out-of-fold" else "locked in training"
        rows.append({**where, "threshold_from": source, **metrics(part, level)})
        if estimate == "out-of-fold" and own is not None:
            chosen = part.assign(threshold=float(str(own.loc[fold, target])))
            rows.append({**where, "threshold_from": "own fold", **metrics(chosen, level)})
    held = case_scores[case_scores["estimate"] == "out-of-fold"]
    for key, part in held.groupby(["cohort", "target"], sort=False):
        where = {
            "cohort": str(key[0]),
            "target": str(key[1]),
            "estimate": "out-of-fold",
            "fold": POOLED,
        }
        rows.append({**where, "threshold_from": "other folds", **metrics(part, level)})
    return pd.DataFrame(rows)


def metrics(scores: pd.DataFrame, level: float) -> dict[str, Any]:
    """Return the metrics of one target; of one class alone only the counts."""
    known = scores.dropna(subset=["outcome"])
    truth = known["outcome"].to_numpy()
    call = (known["probability"] >= known["threshold"]).to_numpy(dtype=float)
    found: dict[str, Any] = {
        "n": len(known),
        "n_positive": int(truth.sum()),
        "true_positive": int(((truth == 1) & (call == 1)).sum()),
        "false_positive": int(((truth == 0) & (call == 1)).sum()),
        "true_negative": int(((truth == 0) & (call == 0)).sum()),
        "false_negative": int(((truth == 1) & (call == 0)).sum()),
    }
    if not 0 < truth.sum() < len(truth):
        return found
    area = auc(truth, known["probability"], groups_of(known["subject_id"]))
    found["auc"], found["note"] = area.value, area.note
    found["auc_low"], found["auc_high"] = area.confidence_interval(level)
    if len(known) > 1 and known["subject_id"].nunique() == 1:
        found["auc_low"] = found["auc_high"] = np.nan
        found["note"] = "all cases are of one subject, so there is no interval"
    at = classification_metrics(truth, call, 0.5)
    for name in _SHARES:
        share = getattr(at, name)
        found[name] = share.value
        found[f"{name}_low"], found[f"{name}_high"] = share.confidence_interval(level)
    found["f1"] = at.f1
    return found


def with_thresholds(scores: pd.DataFrame, thresholds: Mapping[str, float]) -> pd.DataFrame:
    """Fill in one locked threshold per target."""
    return scores.assign(threshold=scores["target"].map(dict(thresholds)).astype(float))


def with_pooled(case_scores: pd.DataFrame) -> pd.DataFrame:
    """Add the frozen scores of all external cohorts together, where there are several."""
    external = case_scores[case_scores["estimate"] == FROZEN]
    if external["cohort"].nunique() < 2:
        return case_scores
    return pd.concat([case_scores, external.assign(cohort=POOLED)], ignore_index=True)
