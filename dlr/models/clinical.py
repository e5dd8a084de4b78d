"""The clinical model: which variables enter, and their logistic regression.

The published rule (system 1): variables significant alone enter one joint model; of those still
significant there, the five with the best single-variable AUC are kept. Sound alternatives take all
variables that were named beforehand, as they are or shrunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, xlog1py, xlogy
from scipy.stats import chi2

from dlr.models.cases import groups_of
from dlr.models.encoding import ClinicalEncoder, Missing
from dlr.models.ridge import fit_ridge
from dlr.settings import ClinicalModelSettings, ClinicalVariable
from dlr.stats import LogisticModel, auc, fit_logistic
from dlr.stats._clustered import wald_p_value

DLR_SCORE = "DLR score"
"""Name of the deep-learning-radiomics score among the nomogram's variables."""


@dataclass(frozen=True, eq=False)
class ClinicalModel:
    """Logistic regression on clinical variables, alone or together with the DLR score.

    Parameters
    ----------
    encoder : ClinicalEncoder
    logistic : LogisticModel
        Its columns are the encoder's, followed by the DLR score where `with_score`.
    with_score : bool
    """

    encoder: ClinicalEncoder
    logistic: LogisticModel
    with_score: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the clinical variables."""
        return tuple(variable.name for variable in self.encoder.variables)

    def score(self, clinical: pd.DataFrame, dlr_score: pd.Series | None = None) -> pd.Series:
        """Return log-odds of each case; higher means positive."""
        design = self.encoder.transform(clinical)
        if self.with_score and dlr_score is not None:
            design[DLR_SCORE] = dlr_score
        values = np.asarray(self.logistic.predict_log_odds(design), dtype=float)
        return pd.Series(values, index=clinical.index, name="score")


@dataclass(frozen=True, eq=False)
class ClinicalChoice:
    """Which variables were chosen, and why: one row per candidate."""

    chosen: tuple[str, ...]
    ranking: pd.DataFrame  # variable, auc, p_univariate, p_multivariable, chosen
    fallback: bool


def fit_clinical(
    clinical: pd.DataFrame,
    outcome: pd.Series,
    names: tuple[str, ...],
    variables: Mapping[str, ClinicalVariable],
    dlr_score: pd.Series | None = None,
    penalised: bool = False,
    missing: Missing = "fill",
    subjects: pd.Series | None = None,
) -> ClinicalModel:
    """Fit the logistic regression; with `dlr_score`, that of the nomogram.

    Separation is met with Firth's penalised likelihood (see :func:`dlr.stats.fit_logistic`);
    with `penalised` the coefficients are shrunk (see :func:`dlr.models.ridge.fit_ridge`).
    `missing` says what is done about missing values (see :meth:`ClinicalEncoder.fit`). Where
    `subjects` have several cases, the covariance allows for it.
    """
    encoder = ClinicalEncoder.fit(clinical, names, variables, missing)
    design = encoder.transform(clinical)
    if dlr_score is not None:
        design[DLR_SCORE] = dlr_score
    if penalised:
        return ClinicalModel(encoder, fit_ridge(design, outcome), dlr_score is not None)
    groups = None if subjects is None else groups_of(subjects)
    logistic = fit_logistic(design, outcome, groups=groups)
    return ClinicalModel(encoder, logistic, dlr_score is not None)


def choose_variables(
    clinical: pd.DataFrame,
    outcome: pd.Series,
    variables: Mapping[str, ClinicalVariable],
    settings: ClinicalModelSettings,
    subjects: pd.Series | None = None,
) -> ClinicalChoice:
    """Choose the clinical variables on training cases.

    Significance is by likelihood-ratio test, so that a variable of many levels counts once; where
    `subjects` have several cases, by Wald's F test with a covariance that allows for it. Where
    no variable is significant, the one with the smallest p is kept and `fallback` says so.

    Returns
    -------
    ClinicalChoice
    """
    names = list(settings.variables or variables)
    groups = None if subjects is None else groups_of(subjects)
    single = [_single(clinical, outcome, name, variables, groups) for name in names]
    ranking = pd.DataFrame(single, columns=["variable", "auc", "p_univariate"])
    ranking["p_multivariable"] = np.nan
    if settings.variables is not None or settings.method != "published":
        ranking["chosen"] = True
        return ClinicalChoice(tuple(names), ranking, fallback=False)
    significant = ranking.loc[ranking["p_univariate"] < settings.p_value, "variable"].tolist()
    for name, p_value in _joint(clinical, outcome, significant, variables, groups).items():
        ranking.loc[ranking["variable"] == name, "p_multivariable"] = p_value
    kept = ranking[ranking["p_multivariable"] < settings.p_value]
    fallback = kept.empty
    if fallback:
        kept = ranking.nsmallest(1, "p_univariate")
    kept = kept.sort_values("auc", ascending=False, kind="stable").head(settings.maximum)
    ranking["chosen"] = ranking["variable"].isin(kept["variable"])
    return ClinicalChoice(tuple(kept["variable"]), ranking, fallback)


def _single(
    clinical: pd.DataFrame,
    outcome: pd.Series,
    name: str,
    variables: Mapping[str, ClinicalVariable],
    groups: pd.Series | None,
) -> tuple[str, float, float]:
    """Return name, AUC and p of one variable alone."""
    found = _alone(clinical, outcome, name, variables)
    if found is None:
        return name, 0.5, 1.0
    scores, columns = found
    if groups is not None:
        p_value = _clustered(clinical, outcome, [name], variables, groups)[name]
        return name, auc(outcome, scores).value, p_value
    gain = 2 * (_log_likelihood(scores, outcome) - _null_log_likelihood(outcome))
    return name, auc(outcome, scores).value, float(chi2.sf(max(gain, 0.0), columns))


def single_scores(
    clinical: pd.DataFrame, outcome: pd.Series, variables: Mapping[str, ClinicalVariable]
) -> dict[str, np.ndarray]:
    """Return each variable's log-odds on the cases it was fitted on, one regression a variable.

    Their AUCs are those of the ranking that chooses the variables. A variable that does not vary
    is left out.
    """
    found = {name: _alone(clinical, outcome, name, variables) for name in variables}
    return {name: item[0] for name, item in found.items() if item is not None}


def _alone(
    clinical: pd.DataFrame, outcome: pd.Series, name: str, variables: Mapping[str, ClinicalVariable]
) -> tuple[np.ndarray, int] | None:
    """Return apparent log-odds of one variable and its columns; None where it does not vary."""
    design = ClinicalEncoder.fit(clinical, [name], variables).transform(clinical)
    design = design.loc[:, design.nunique() > 1]
    if design.empty:
        return None
    model = fit_logistic(design, outcome)
    return np.asarray(model.predict_log_odds(design)), design.shape[1]


def _joint(
    clinical: pd.DataFrame,
    outcome: pd.Series,
    names: list[str],
    variables: Mapping[str, ClinicalVariable],
    groups: pd.Series | None,
) -> dict[str, float]:
    """Return each variable's p in the joint model."""
    if not names:
        return {}
    if groups is not None:
        return _clustered(clinical, outcome, names, variables, groups)
    full = _fit_design(clinical, outcome, names, variables)
    p_values = {}
    for name in names:
        others = [other for other in names if other != name]
        rest = _fit_design(clinical, outcome, others, variables)
        freedom = max(full[1] - rest[1], 1)
        p_values[name] = float(chi2.sf(max(2 * (full[0] - rest[0]), 0.0), freedom))
    return p_values


def _clustered(
    clinical: pd.DataFrame,
    outcome: pd.Series,
    names: list[str],
    variables: Mapping[str, ClinicalVariable],
    groups: pd.Series,
) -> dict[str, float]:
    """Return each variable's Wald p in a joint model whose covariance allows for clusters."""
    encoder = ClinicalEncoder.fit(clinical, names, variables)
    design = encoder.transform(clinical)
    design = design.loc[:, design.nunique() > 1]
    model = fit_logistic(design, outcome, groups=groups)
    p_values = {}
    for variable in encoder.variables:
        own = [column for column in variable.columns if column in design]
        found = model.coefficients[own].to_numpy(dtype=float)
        block = model.covariance.loc[own, own].to_numpy(dtype=float)
        p_values[variable.name] = wald_p_value(found, block, groups.nunique()) if own else 1.0
    return p_values


def _fit_design(
    clinical: pd.DataFrame,
    outcome: pd.Series,
    names: list[str],
    variables: Mapping[str, ClinicalVariable],
) -> tuple[float, int]:
    """Return log-likelihood and number of columns of a joint model."""
    if not names:
        return _null_log_likelihood(outcome), 0
    design = ClinicalEncoder.fit(clinical, names, variables).transform(clinical)
    design = design.loc[:, design.nunique() > 1]
    model = fit_logistic(design, outcome)
    scores = np.asarray(model.predict_log_odds(design))
    return _log_likelihood(scores, outcome), design.shape[1]


def _log_likelihood(scores: np.ndarray, outcome: pd.Series) -> float:
    probability = expit(scores)
    y = outcome.to_numpy(dtype=float)
    return float(np.sum(xlogy(y, probability) + xlog1py(1 - y, -probability)))


def _null_log_likelihood(outcome: pd.Series) -> float:
    prevalence = float(outcome.mean())
    y = outcome.to_numpy(dtype=float)
    return float(np.sum(xlogy(y, prevalence) + xlog1py(1 - y, -prevalence)))
