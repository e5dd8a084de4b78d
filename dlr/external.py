"""What a validation on one or several external cohorts, or a prediction, hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlr.cohort.rules import POOLED as POOLED
from dlr.models.recalibration import Recalibration
from dlr.models.recalibration_file import RecalibrationFile
from dlr.results import CohortEvaluation, StudyResult, ValidationResult
from dlr.subgroups import SubgroupTable


@dataclass(frozen=True, eq=False)
class ExternalValidation(ValidationResult):
    """The frozen model on new cases, cohort by cohort.

    ``evaluation`` is the pooled one where there are several external cohorts, otherwise the only
    one; None for a prediction.

    Parameters
    ----------
    evaluations : tuple of CohortEvaluation
        One per cohort, then ``"pooled"`` where there are several external ones. The cohort that
        the bundle calls training is judged on its own and never pooled.
    not_judged : mapping of str to str
        Cohorts without an evaluation, and why.
    subgroups : tuple of SubgroupTable
        By column and feature set, over the cases of ``evaluation``.
    recalibrations : mapping of str to mapping of str to Recalibration
        By cohort and feature set: updates on offer, none of which was applied.
    applied : RecalibrationFile, optional
        The update that was applied because the user asked for it.
    model : str
        Identity of the bundle (SHA-256).
    """

    evaluations: tuple[CohortEvaluation, ...] = ()
    not_judged: Mapping[str, str] = field(default_factory=dict)
    subgroups: tuple[SubgroupTable, ...] = ()
    recalibrations: Mapping[str, Mapping[str, Recalibration]] = field(default_factory=dict)
    applied: RecalibrationFile | None = None
    model: str = ""


def evaluations_of(result: StudyResult | ValidationResult) -> tuple[CohortEvaluation, ...]:
    """Return every evaluation of a result; none for a prediction."""
    if isinstance(result, StudyResult | ExternalValidation):
        return result.evaluations
    return () if result.evaluation is None else (result.evaluation,)
