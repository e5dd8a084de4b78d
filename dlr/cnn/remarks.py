"""What a reader of a CNN's numbers must be told: scores that tell nothing, matching, errors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dlr.cnn.results import APPARENT, BAGGED, OUT_OF_FOLD, CnnResult


def equal_scores(result: CnnResult) -> list[str]:
    """Say which fold models gave every case the same score: they learnt nothing."""
    scores = result.case_scores
    several = scores[scores["fold"] != BAGGED].groupby(["target", "estimate", "fold"], sort=False)
    folds: dict[str, list[str]] = {}
    for key, part in several:
        target, _, fold = (str(item) for item in key)
        if len(part) > 1 and part["probability"].nunique() == 1:
            folds.setdefault(target, [])
            folds[target] += [fold] if fold not in folds[target] else []
    return [
        f"{target}: the network of fold {' and '.join(numbers)} gives every case the same score. "
        "It learnt nothing that tells them apart; see the learning curves and the pictures."
        for target, numbers in folds.items()
    ]


def interval_notes(rows: pd.DataFrame) -> list[str]:
    """Say which intervals of a performance table cannot be trusted, and why."""
    if "note" not in rows:
        return []
    noted = rows[rows["note"].fillna("") != ""]
    return [
        f"{row['target']}, {row['cohort']} cohort ({row['estimate']}): {row['note']}."
        for _, row in noted.iterrows()
    ]


def matching_words(matching: pd.DataFrame | None) -> list[str]:
    """Say how many external cases found a similar training case."""
    if matching is None:
        return []
    sentences = []
    for _, row in matching.iterrows():
        left_out = row["without_covariate"]
        missing = f" ({left_out} lack a covariate)" if left_out else ""
        if row["matched"]:
            found = f"{row['matched']} of {row['cases']} cases were matched{missing}"
        else:
            found = (
                f"none of {row['cases']} cases has a similar training case{missing}, so the "
                "matched comparison was left out; the cohorts differ too much, or the caliper is "
                "too narrow"
            )
        sentences.append(f"Matching, {row['cohort']} cohort: {found}.")
    return sentences


def number_errors(result: CnnResult) -> pd.DataFrame:
    """Judge predicted numbers, such as an age, against the true ones.

    Returns
    -------
    pandas.DataFrame
        One row per number, cohort and estimate (out-of-fold, or the mean of the fold models):
        ``n``, ``mean_absolute_error``, ``root_mean_squared_error``, ``bias`` (mean of predicted
        minus true) and ``mean_absolute_error_of_mean``, that of always saying the cohort's mean:
        a network that is not better has learnt nothing. In the number's own unit.
    """
    table = result.numbers
    kept = table[(table["estimate"] == OUT_OF_FOLD) | (table["fold"] == BAGGED)]
    rows = []
    for key, part in kept.dropna(subset=["true"]).groupby(
        ["number", "cohort", "estimate"], sort=False
    ):
        number, cohort, estimate = (str(item) for item in key)
        true, error = part["true"], part["predicted"] - part["true"]
        rows.append(
            {
                "number": number,
                "cohort": cohort,
                "estimate": estimate,
                "n": len(part),
                "mean_absolute_error": float(error.abs().mean()),
                "root_mean_squared_error": float(np.sqrt((error**2).mean())),
                "bias": float(error.mean()),
                "mean_absolute_error_of_mean": float((true - true.mean()).abs().mean()),
            }
        )
    return pd.DataFrame(rows)


def warnings(result: CnnResult) -> list[str]:
    """Return what stands above the performance table."""
    found = equal_scores(result)
    if (result.performance["estimate"] == APPARENT).any():
        found.insert(
            0,
            "Rows called apparent are the very patients the networks learnt from: such numbers "
            "say nothing about other patients, and are pooled with nobody's.",
        )
    return found
