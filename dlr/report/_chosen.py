"""Which evaluations and which feature set a report quotes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlr.results import CohortEvaluation, ModelEvaluation, StudyResult


def out_of_fold(result: StudyResult) -> CohortEvaluation | None:
    """Return the honest evaluation of the training cohort."""
    return next((item for item in result.evaluations if item.estimate == "out-of-fold"), None)


def externals(result: StudyResult) -> list[CohortEvaluation]:
    """Return the evaluations of the frozen models on other cohorts."""
    return [item for item in result.evaluations if item.estimate == "frozen"]


def best_model(evaluation: CohortEvaluation) -> ModelEvaluation:
    """Return the feature set of the highest AUC."""
    return max(evaluation.models.values(), key=lambda model: model.roc.auc.value)


def repeated_subjects(result: StudyResult) -> bool:
    """Tell whether some subject of the training cohort has several cases."""
    own = result.scores[result.scores["estimate"] != "frozen"]
    cases = own[["case_id", "subject_id"]].drop_duplicates()
    return bool(cases["subject_id"].duplicated().any())
