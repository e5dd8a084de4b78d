"""What the report tells about the training cohort beside the models: odds ratios and centres."""

from __future__ import annotations

from dataclasses import dataclass

from dlr.cohort import Cohort
from dlr.cohort.splits import TRAINING
from dlr.config import StudyConfig
from dlr.models.cases import TrainingData
from dlr.models.centre_scatter import CentreScatter, centre_scatter
from dlr.models.crossfit import FinalModels
from dlr.models.harmonisation import ComBat
from dlr.stats import (
    ImputedLogistic,
    LogisticTable,
    multiple_imputation_logistic,
    multivariable_logistic,
    univariate_logistic,
)


@dataclass(frozen=True, eq=False)
class ClinicalRegressions:
    """Odds ratios of the clinical variables; None where the study has none.

    Parameters
    ----------
    univariate, multivariable : LogisticTable or None
    pooled : ImputedLogistic or None
        The joint model over several imputations, where the study asks for them.
    """

    univariate: LogisticTable | None = None
    multivariable: LogisticTable | None = None
    pooled: ImputedLogistic | None = None


def clinical_regressions(cohort: Cohort, models: FinalModels) -> ClinicalRegressions:
    """Run the univariate and multivariable regressions of the clinical variables."""
    choice, clinic = models.choice, models.clinic
    if choice is None or clinic is None:
        return ClinicalRegressions()
    config = cohort.config
    rows = cohort.cases(TRAINING)
    references = {
        name: settings.reference
        for name, settings in config.clinical_variables.items()
        if settings.reference is not None and (rows[name] == settings.reference).any()
    }
    significant = choice.ranking.loc[choice.ranking["p_multivariable"].notna(), "variable"]
    joint = list(significant) or list(choice.chosen)
    variables = list(config.clinical_variables)
    imputations = config.clinical_model.multiple_imputation
    pooled = None
    if imputations:
        pooled = multiple_imputation_logistic(
            rows, "outcome", joint, imputations, config.seed, references
        )
    level = config.evaluation.confidence_level
    return ClinicalRegressions(
        univariate_logistic(rows, "outcome", variables, references, level, "subject_id"),
        multivariable_logistic(rows, "outcome", joint, references, level, "subject_id"),
        pooled,
    )


def harmonised_centers(training: TrainingData, config: StudyConfig) -> CentreScatter | None:
    """Show the training centres before and after ComBat, where the study harmonises them."""
    settings = config.harmonisation
    if settings is None or training.centers is None or training.centers.nunique() < 2:
        return None
    covariates = training.clinical[list(settings.covariates)] if settings.covariates else None
    known = training.features.dropna(axis=1, how="all")
    combat = ComBat(settings.reference).fit(known, training.centers, covariates, training.outcome)
    after = combat.transform(known, training.centers)
    return centre_scatter(known, after, training.centers)
