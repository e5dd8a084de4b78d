"""The nomogram of a study, drawn from the coefficients that score patients."""

from __future__ import annotations

import pandas as pd

from dlr.config import StudyConfig
from dlr.models.clinical import DLR_SCORE, ClinicalModel
from dlr.models.nomogram import Nomogram
from dlr.models.nomogram_interval import Covariance
from dlr.models.nomogram_terms import Term

RISKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Probabilities to mark; those beyond the training cases' range are left out."""


def study_nomogram(
    model: ClinicalModel | None,
    clinical: pd.DataFrame,
    dlr_score: pd.Series,
    config: StudyConfig,
) -> Nomogram | None:
    """Return the nomogram of the final model, or None where the study has no clinical variables.

    Parameters
    ----------
    model : ClinicalModel
        The nomogram's logistic regression.
    clinical : pandas.DataFrame
        Clinical variables of the training cases: their ranges become the axes.
    dlr_score : pandas.Series
        The training cases' inner out-of-fold DLR scores, in log-odds, that the model was fitted on.
    config : StudyConfig
        For the labels.
    """
    if model is None:
        return None
    coefficients = model.logistic.coefficients
    complete = model.encoder.complete(clinical)
    terms = []
    for variable in model.encoder.variables:
        settings = config.clinical_variables[variable.name]
        label = settings.shown(variable.name)
        if variable.levels:
            contrasts = [f"{variable.name}={level}" for level in variable.levels[1:]]
            values = (0.0, *(float(coefficients[column]) for column in contrasts))
            terms.append(Term(variable.name, label, values, levels=variable.levels))
        else:
            column = complete[variable.name].astype(float)
            slope = (float(coefficients[variable.name]),)
            low, high = float(column.min()), float(column.max())
            unit = settings.unit or ""
            terms.append(Term(variable.name, label, slope, low, high, unit=unit))
        if variable.indicator:
            mark = (0.0, float(coefficients[variable.indicator_column]))
            name = variable.indicator_column
            plain = settings.label or variable.name
            terms.append(Term(name, f"{plain} not known", mark, levels=("known", "missing")))
    slope = (float(coefficients[DLR_SCORE]),)
    low, high = float(dlr_score.min()), float(dlr_score.max())
    terms.append(Term(DLR_SCORE, "DLR score (log-odds)", slope, low, high))
    scores = model.score(clinical, dlr_score)
    outcome = config.outcome.label or config.outcome.column
    return Nomogram(
        float(coefficients["intercept"]),
        tuple(terms),
        float(scores.min()),
        float(scores.max()),
        outcome,
        RISKS,
        chart_covariance(model),
    )


def chart_covariance(model: ClinicalModel) -> Covariance:
    """Return the covariance of the intercept and the coefficients, in the order they are drawn.

    Empty for shrunk coefficients: what is known of theirs makes intervals too narrow.
    """
    if model.logistic.method == "ridge":
        return ()
    terms = ["intercept", *(name for v in model.encoder.variables for name in v.columns), DLR_SCORE]
    matrix = model.logistic.covariance.loc[terms, terms].to_numpy(dtype=float)
    return tuple(tuple(row) for row in matrix.tolist())
