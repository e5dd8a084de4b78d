"""What a study hands over: plain frozen results that figures, report and bundle read.

Nothing here computes; nothing here draws. The statistics inside are the result objects of
:mod:`dlr.stats`, so every number of the report can be taken out and checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from dlr.case_views import CaseViews
    from dlr.config import StudyConfig
    from dlr.models.centre_scatter import CentreScatter
    from dlr.models.nomogram import Nomogram
    from dlr.stats import (
        BaselineTable,
        Calibration,
        ClassificationMetrics,
        ConfidenceInterval,
        DecisionCurve,
        DelongMatrix,
        HosmerLemeshow,
        IccTable,
        ImputedLogistic,
        LogisticTable,
        RocCurve,
    )
    from dlr.training_views import TrainingViews

Estimate = Literal["out-of-fold", "apparent", "cross-validated", "frozen"]
"""How scores came about: judged on cases left out of the whole fit; on the cases fitted (too good
by construction); on cases left out of the classifier's fit after features were selected on all
cases (the published way, too good as well); or by the frozen model on another cohort."""

SCORE_COLUMNS = (
    "case_id", "subject_id", "center", "cohort", "estimate", "feature_set",
    "outcome", "score", "probability", "fold",
)  # fmt: skip
"""Columns of the long score table; `outcome` is 1/0 or missing, `score` is in log-odds, `fold` is
the outer fold an out-of-fold score comes from and missing elsewhere."""


@dataclass(frozen=True)
class FlowStep:
    """One box of the cohort flowchart: how many are left, and why the others are not."""

    label: str
    cohort: str
    n_cases: int
    n_subjects: int
    excluded: int = 0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class LassoPath:
    """The LASSO of one feature set on the whole training cohort."""

    features: tuple[str, ...]
    lambdas: np.ndarray
    coefficients: np.ndarray  # (n_lambdas, n_features), on standardised features
    cv_mean: np.ndarray
    cv_sd: np.ndarray
    lambda_min: float
    lambda_1se: float
    lambda_used: float


@dataclass(frozen=True, eq=False)
class SelectionTrace:
    """What became of the features of one set.

    Parameters
    ----------
    feature_set : str
        Such as ``"Rad_sag"`` or ``"DLR"``.
    steps : tuple of (str, int)
        Name of each step and how many features were left after it; the first is the input.
    coefficients : pandas.Series
        LASSO coefficient of each selected feature (standardised), final fit.
    frequency : pandas.Series
        Share of the outer folds in which a feature was selected, for all ever selected.
    lasso : LassoPath, optional
        Path and cross-validation error of the final fit.
    fallbacks : tuple of str
        Steps that would have left nothing and kept the single best feature instead.
    """

    feature_set: str
    steps: tuple[tuple[str, int], ...]
    coefficients: pd.Series
    frequency: pd.Series
    lasso: LassoPath | None = None
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ModelEvaluation:
    """One feature set judged on one cohort.

    `at_locked` uses the threshold fixed on the training cohort's out-of-fold scores. Those scores
    themselves are judged fold by fold, each at the threshold of the other folds;
    `at_youden` the threshold that is best on the cohort itself, which flatters and is
    reported only because papers print it.
    """

    feature_set: str
    cohort: str
    estimate: Estimate
    n: int
    n_positive: int
    roc: RocCurve
    at_locked: ClassificationMetrics
    at_youden: ClassificationMetrics
    calibration: Calibration | None
    hosmer_lemeshow: HosmerLemeshow | None
    note: str = ""


@dataclass(frozen=True, eq=False)
class CohortEvaluation:
    """All feature sets judged on one cohort, and compared with each other."""

    cohort: str
    estimate: Estimate
    models: Mapping[str, ModelEvaluation]
    delong: DelongMatrix | None
    decision: DecisionCurve | None

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per feature set: AUC with interval and the locked-threshold metrics."""
        import pandas as pd

        rows = [_row(model, level) for model in self.models.values()]
        return pd.DataFrame(rows)


def _row(model: ModelEvaluation, level: float) -> dict[str, object]:
    interval = model.roc.auc.confidence_interval(level)
    row: dict[str, object] = {
        "feature_set": model.feature_set,
        "cohort": model.cohort,
        "estimate": model.estimate,
        "n": model.n,
        "n_positive": model.n_positive,
        "auc": model.roc.auc.value,
        "auc_low": interval.low,
        "auc_high": interval.high,
        "threshold": model.at_locked.threshold,
    }
    for name in ("accuracy", "sensitivity", "specificity", "ppv", "npv"):
        share = getattr(model.at_locked, name)
        row |= _with_limits(name, share.value, share.confidence_interval(level))
    found = model.calibration
    if found is not None:
        slope = found.confidence_interval("slope", level)
        row |= _with_limits("calibration_slope", found.slope, slope)
        name, large = "calibration_in_the_large", found.calibration_in_the_large
        row |= _with_limits(name, large, found.confidence_interval(name, level))
        row["brier"] = found.brier
    if model.hosmer_lemeshow is not None:
        row["hosmer_lemeshow_p"] = model.hosmer_lemeshow.p_value
    return row


def _with_limits(name: str, value: float, limits: ConfidenceInterval) -> dict[str, object]:
    return {name: value, f"{name}_low": limits.low, f"{name}_high": limits.high}


@dataclass(frozen=True, eq=False)
class Example:
    """One ROI crop for the report's pictures: (height, width) in [0, 1]."""

    case_id: str
    view: str
    outcome: int | None
    crop: np.ndarray


@dataclass(frozen=True, eq=False)
class ModelGrid:
    """Every algorithm on every feature set, and the vote among the algorithms.

    Parameters
    ----------
    auc : mapping of str to pandas.DataFrame
        By cohort (the training cohort's out-of-fold scores first): AUC, one row per algorithm,
        one column per feature set.
    votes : pandas.Series
        By algorithm: how often it is among the best three of a feature set.
    winner : str
        The algorithm all scores come from.
    judged_on : str
        Where the vote looked: the training cohort's inner folds, or (published) a cohort.
    fold_winners : tuple of str
        Winner in each outer fold; they differ where the evidence is thin.
    parameters : mapping of str to mapping
        By feature set: the winner's settings in the final models.
    roc : mapping of str to RocCurve
        By algorithm: training cases scored on the feature set `roc_set`, out of fold under the
        sound protocol, apparent under the published one.
    roc_set : str
    mean_auc : pandas.Series, optional
        By algorithm: mean AUC over the feature sets where the vote looked; it breaks ties.
    """

    auc: Mapping[str, pd.DataFrame]
    votes: pd.Series
    winner: str
    judged_on: str
    fold_winners: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    roc: Mapping[str, RocCurve] = field(default_factory=dict)
    roc_set: str = ""
    mean_auc: pd.Series | None = None


@dataclass(frozen=True, eq=False)
class OptimismAudit:
    """The same data through the published and the sound protocol.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per feature set and estimate: ``feature_set``, ``protocol`` (published or sound),
        ``estimate`` (apparent, cross-validated, bootstrap-corrected, nested, or the name of an
        external cohort), ``auc``, ``low``, ``high``, ``n``.
    permuted : pandas.DataFrame
        The same with shuffled outcomes: ``auc`` is the mean over the runs, ``low`` and ``high``
        their extremes, ``runs`` their number. Above 0.5 on average is inflation; single runs
        scatter.
    stability : pandas.DataFrame
        By feature set and protocol: Nogueira's index of the selected sets over bootstrap
        resamples with ``low`` and ``high``, ``selected`` (mean number), ``order_changed``
        (features that enter or leave when the columns are merely turned round).
    frequency : pandas.DataFrame
        Share of resamples that select a feature: ``feature_set``, ``protocol``, ``feature``,
        ``frequency``.
    algorithms : mapping of str to str
        Algorithm of each protocol.
    """

    table: pd.DataFrame
    permuted: pd.DataFrame
    stability: pd.DataFrame
    frequency: pd.DataFrame
    algorithms: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Ablation:
    """A study with one thing left out or changed at a time, under the same folds.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per variant and score: ``variant``, ``group``, ``score`` (the fused score or the
        nomogram), ``n``, ``n_features``, ``auc``, ``low``, ``high``, ``difference`` to the full
        model (negative: worse), ``difference_low``, ``difference_high``, ``p_value`` (paired
        DeLong), ``p_adjusted`` (Holm, over the variants of a score), ``note``.
    reference : str
        Name of the full model's row.
    """

    table: pd.DataFrame
    reference: str
    config: StudyConfig


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A finished study: everything the report shows."""

    config: StudyConfig
    flow: tuple[FlowStep, ...]
    scores: pd.DataFrame
    evaluations: tuple[CohortEvaluation, ...]
    traces: Mapping[str, SelectionTrace]
    baseline: Mapping[str, BaselineTable]  # by cohort
    univariate: LogisticTable | None
    multivariable: LogisticTable | None
    clinical_variables: tuple[str, ...]  # chosen for the clinical model and the nomogram
    clinical_ranking: pd.DataFrame  # variable, auc, p_univariate, p_multivariable, chosen
    nomogram: Nomogram | None
    thresholds: Mapping[str, float]  # by feature set, on the probability
    agreement: IccTable | None
    missing: pd.DataFrame  # variable, cohort, n_missing, share
    failures: pd.DataFrame  # case_id, view, family, reason
    examples: tuple[Example, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    grid: ModelGrid | None = None
    audit: OptimismAudit | None = None
    stability: pd.Series | None = None  # ICC over perturbed ROIs, by feature
    pooled: ImputedLogistic | None = None  # joint regression over multiple imputations
    centers: CentreScatter | None = None  # before and after ComBat
    cases: CaseViews | None = None  # single external cases, taken apart
    views: TrainingViews | None = None  # what only pictures of the training cohort need

    def evaluation(self, cohort: str, estimate: Estimate | None = None) -> CohortEvaluation:
        """Return the evaluation of one cohort, by its name (and estimate, where it has two)."""
        for item in self.evaluations:
            if item.cohort == cohort and estimate in (None, item.estimate):
                return item
        known = ", ".join(f"{item.cohort} ({item.estimate})" for item in self.evaluations)
        raise KeyError(f"no evaluation of cohort '{cohort}'; there are: {known}")


@dataclass(frozen=True, eq=False)
class ValidationResult:
    """The frozen model on another cohort; `evaluation` is None where outcomes are unknown."""

    config: StudyConfig
    cohort: str
    flow: tuple[FlowStep, ...]
    scores: pd.DataFrame
    evaluation: CohortEvaluation | None
    baseline: Mapping[str, BaselineTable]
    flags: pd.DataFrame  # case_id, n_outside, share_outside, worst_feature, worst_distance
    nomogram: Nomogram | None
    thresholds: Mapping[str, float]
    missing: pd.DataFrame
    failures: pd.DataFrame
    examples: tuple[Example, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    cases: CaseViews | None = None
    warnings: tuple[str, ...] = ()  # against the model, known since training
