"""Judging scores: every feature set on every cohort, with the threshold locked on training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import nan

import numpy as np
import pandas as pd
from scipy.special import expit

from dlr.models.cases import groups_of
from dlr.results import SCORE_COLUMNS, CohortEvaluation, Estimate, ModelEvaluation
from dlr.settings import EvaluationSettings
from dlr.stats import (
    ClassificationMetrics,
    calibration,
    classification_metrics,
    decision_curve,
    delong_matrix,
    hosmer_lemeshow,
    roc_curve,
    youden_threshold,
)
from dlr.stats._validation import equal_but_for_rounding

FEW_SUBJECTS = 20
"""With fewer clusters the variance of Obuchowski (1997) is estimated poorly."""


def score_table(
    scores: pd.DataFrame,
    clinical: pd.DataFrame,
    cohort: str,
    estimate: Estimate,
    folds: pd.Series | None = None,
) -> pd.DataFrame:
    """Make the long score table of one cohort.

    Parameters
    ----------
    scores : pandas.DataFrame
        Index ``case_id``, one column of log-odds per feature set.
    clinical : pandas.DataFrame
        Rows of the cohort's clinical table, indexed alike.
    cohort, estimate : str
        Written into the table.
    folds : pandas.Series, optional
        Outer fold of each case, for out-of-fold scores.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`dlr.results.SCORE_COLUMNS`.
    """
    about = clinical.loc[scores.index, ["subject_id", "center", "outcome"]].reset_index()
    about["fold"] = np.nan if folds is None else folds.reindex(scores.index).to_numpy()
    parts = [
        about.assign(
            cohort=cohort,
            estimate=estimate,
            feature_set=str(name),
            score=scores[name].to_numpy(),
            probability=expit(scores[name].to_numpy()),
        )
        for name in scores
    ]
    return pd.concat(parts, ignore_index=True)[list(SCORE_COLUMNS)]


def lock_thresholds(table: pd.DataFrame) -> dict[str, float]:
    """Fix each feature set's threshold: Youden's on out-of-fold training probabilities."""
    # A useless score calls everyone positive (-inf); as a probability that is 0.
    return {
        str(name): max(youden_threshold(rows["outcome"], rows["probability"]).threshold, 0.0)
        for name, rows in table.groupby("feature_set", sort=False)
    }


def evaluate(
    table: pd.DataFrame, thresholds: Mapping[str, float], settings: EvaluationSettings, seed: int
) -> CohortEvaluation:
    """Judge all feature sets on one cohort.

    Parameters
    ----------
    table : pandas.DataFrame
        Long scores of one cohort and one way of estimation; cases without outcome are left out.
    thresholds : mapping of str to float
        Locked threshold of each feature set, on the probability. Where the table names folds,
        each fold is judged at the threshold that is best on the other folds, since the locked one
        was chosen on these very cases.
    settings : EvaluationSettings
    seed : int
        Of the bootstrap in the decision curves.

    Returns
    -------
    CohortEvaluation
        Intervals allow for several cases of one subject where there are any, but for the band of
        the calibration curve.
    """
    known = _without_noise(table[table["outcome"].notna()])
    cohort, estimate = str(known["cohort"].iloc[0]), known["estimate"].iloc[0]
    models = {
        str(name): _judge(rows, str(name), thresholds[str(name)], settings)
        for name, rows in known.groupby("feature_set", sort=False)
    }
    wide = known.pivot_table(index="case_id", columns="feature_set", values="score", sort=False)
    wide = wide[list(models)].dropna()
    who = known.drop_duplicates("case_id").set_index("case_id").loc[wide.index]
    delong = decision = None
    if len(models) > 1:
        scores = {name: wide[name].to_numpy() for name in models}
        delong = delong_matrix(who["outcome"], scores, groups=groups_of(who["subject_id"]))
    low, high = settings.decision_range
    decision = decision_curve(
        who["outcome"],
        {name: expit(wide[name].to_numpy()) for name in models},
        thresholds=np.arange(round(low * 100), round(high * 100) + 1) / 100,
        n_bootstrap=settings.bootstrap,
        level=settings.confidence_level,
        groups=groups_of(who["subject_id"]),
        random_state=seed,
    )
    return CohortEvaluation(cohort, estimate, models, delong, decision)


def _without_noise(known: pd.DataFrame) -> pd.DataFrame:
    """Make scores that are equal but for rounding equal: an AUC would rank their last digits."""
    scores = known.groupby("feature_set", sort=False)["score"]
    level = scores.transform(lambda part: part.mean() if equal_but_for_rounding(part) else nan)
    equal = level.notna()
    return known.assign(
        score=known["score"].mask(equal, level),
        probability=known["probability"].mask(equal, expit(level)),
    )


def _few(subjects: pd.Series) -> str:
    """Warn where intervals that allow for clustering rest on too few subjects."""
    count = subjects.nunique()
    if count == len(subjects) or count >= FEW_SUBJECTS:
        return ""
    if count == 1:
        return "all cases are of one subject: intervals tell of this subject's cases alone."
    return f"only {count} subjects: intervals that allow for clustering are unreliable."


def _judge(
    rows: pd.DataFrame, name: str, threshold: float, settings: EvaluationSettings
) -> ModelEvaluation:
    outcome, probability = rows["outcome"], rows["probability"]
    estimate = rows["estimate"].iloc[0]
    best = youden_threshold(outcome, probability).threshold
    groups = groups_of(rows["subject_id"])
    level = settings.confidence_level
    calibrated = calibration(outcome, probability, level=level, groups=groups)
    # Degrees of freedom: the groups, less two only where the model was fitted on these cases.
    fitted_here = estimate in ("apparent", "cross-validated")
    return ModelEvaluation(
        feature_set=name,
        cohort=str(rows["cohort"].iloc[0]),
        estimate=estimate,
        n=len(rows),
        n_positive=int(outcome.sum()),
        roc=roc_curve(outcome, rows["score"], groups=groups),
        at_locked=_at_locked(rows, threshold),
        at_youden=classification_metrics(outcome, probability, best, groups),
        calibration=calibrated,
        hosmer_lemeshow=hosmer_lemeshow(
            outcome, probability, groups=settings.calibration_groups, external=not fitted_here
        ),
        note=" ".join(filter(None, [_few(rows["subject_id"]), calibrated.note])),
    )


def _at_locked(rows: pd.DataFrame, threshold: float) -> ClassificationMetrics:
    """Judge at the locked threshold; fold by fold at the other folds' where there are folds."""
    outcome, probability, fold = rows["outcome"], rows["probability"], rows["fold"]
    groups = groups_of(rows["subject_id"])
    if fold.isna().any():
        return classification_metrics(outcome, probability, threshold, groups)
    chosen = pd.Series(threshold, index=rows.index)
    for number in fold.unique():
        here = fold == number
        chosen[here] = max(youden_threshold(outcome[~here], probability[~here]).threshold, 0.0)
    found = classification_metrics(outcome, probability - chosen, 0.0, groups)
    return replace(found, threshold=threshold)
