"""ComBat: features of several centres brought to one location and scale, learnt in training.

Scanners and protocols shift and stretch features. ComBat [1]_ takes each centre's shift and
stretch out again; being estimated from few cases each, they are shrunk towards what the features
of the centre have in common. Radiomics took it over from gene expression by way of [2]_.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError
from dlr.models.batch_effects import Floats, centre_effect
from dlr.models.combat_covariates import CovariateTerm, covariate_design, covariate_terms

POLICIES = ("fail", "skip", "reference")
MINIMUM_UNSEEN = 10
"""Fewer cases than this tell too little about a new centre's shift."""
_FLAT = 1e-12
"""Spread relative to size below which a feature does not vary within the centres."""


class ComBat:
    """Parametric empirical Bayes ComBat, fitted on training rows only.

    Parameters
    ----------
    reference : str, optional
        Centre that stays as it is and to which the others are brought; without one, they are
        brought to the mean and pooled spread of all training cases.

    Attributes
    ----------
    features_ : tuple of str
    counts_ : pandas.Series
        Training cases by centre.
    alpha_, sigma_ : pandas.Series
        By feature: common mean, and common SD within centres (divisor n; 1 where a feature does
        not vary within them).
    gamma_, delta_ : pandas.DataFrame
        Centre x feature: shift in units of sigma, and variance as a multiple of sigma squared.
    constant_ : tuple of str
        Features that do not vary within the centres. They take the common mean.
    terms_ : tuple of CovariateTerm
    beta_ : pandas.DataFrame
        Covariate term x feature: the effects that are kept.

    Notes
    -----
    A centre of one case has no spread of its own: only its shift is taken out. A centre without
    a known value of a feature gets the shift and spread of its other features. Missing values
    stay missing. The outcome may not be a covariate: where centres differ in how many cases have
    it, that difference is taken out, too. The estimates are iterated until they change by less
    than 1e-10, where the original programs stop at 1e-4.

    References
    ----------
    .. [1] Johnson WE, Li C, Rabinovic A, Adjusting batch effects in microarray expression data
       using empirical Bayes methods, Biostatistics 8:118-127 (2007).
    .. [2] Fortin J-P et al., Harmonization of cortical thickness measurements across scanners
       and sites, NeuroImage 167:104-120 (2018).
    """

    def __init__(self, reference: str | None = None) -> None:
        self.reference = reference

    def fit(
        self,
        X: pd.DataFrame,
        batch: ArrayLike,
        covariates: pd.DataFrame | None = None,
        outcome: ArrayLike | None = None,
    ) -> Self:
        """Learn the centres' shifts and spreads.

        Parameters
        ----------
        X : DataFrame of shape (n_cases, n_features)
            Training rows; NaN where missing.
        batch : array_like of shape (n_cases,)
            Centre of each case.
        covariates : DataFrame of shape (n_cases, n_covariates), optional
            What may differ between the centres for good reasons, such as age: its effects on the
            features are kept. Numbers, or text for levels.
        outcome : array_like of shape (n_cases,), optional
            Only to make sure that it is not among the covariates.

        Raises
        ------
        DlrError
            If there are fewer than two centres, the reference is not among them, a covariate is
            or mirrors the outcome, or a covariate cannot be told from the centres.
        """
        centres = _centres(batch, len(X))
        names = sorted(set(centres))
        if len(names) < 2:
            raise DlrError(f"ComBat needs at least two centres, but all cases are from {names}")
        if self.reference is not None and self.reference not in names:
            raise DlrError(
                f"the reference centre '{self.reference}' has no training case; "
                f"the training centres are {', '.join(names)}"
            )
        self.features_ = tuple(str(column) for column in X.columns)
        self.counts_ = pd.Series({name: int((centres == name).sum()) for name in names})
        self.terms_ = () if covariates is None else covariate_terms(covariates, outcome)
        effects = covariate_design(self.terms_, covariates, len(X))
        members = np.column_stack([centres == name for name in names]).astype(float)
        if np.linalg.matrix_rank(np.hstack([members, effects])) < len(names) + effects.shape[1]:
            raise DlrError(
                "a covariate of ComBat cannot be told from the centres or from another one "
                f"({', '.join(dict.fromkeys(t.name for t in self.terms_))}); leave it out"
            )
        values = X.to_numpy(dtype=float)
        self._standardise(values, members, effects)
        z = (values - self._common(effects)) / self.sigma_.to_numpy()
        usable = ~np.isin(self.features_, self.constant_)
        pairs = [self._effect(name, z[centres == name], usable) for name in names]
        columns = list(self.features_)
        self.gamma_ = pd.DataFrame([p[0] for p in pairs], names, columns)
        self.delta_ = pd.DataFrame([p[1] for p in pairs], names, columns)
        return self

    def transform(
        self,
        X: pd.DataFrame,
        batch: ArrayLike,
        covariates: pd.DataFrame | None = None,
        policy: str = "fail",
    ) -> pd.DataFrame:
        """Take the centres' shifts and spreads out.

        Parameters
        ----------
        X : DataFrame of shape (n_cases, n_features)
            At least the features fitted.
        batch : array_like of shape (n_cases,)
        covariates : DataFrame, optional
            As in `fit`. Left out, every case counts as one with the training mean of the
            covariates; that is the form for a model which has to score new cases without them,
            and then has to be used on its training cases, too.
        policy : {"fail", "skip", "reference"}
            For a centre that did not train. ``"fail"``: an error. ``"skip"``: its cases stay as
            they are; :meth:`unseen` names it. ``"reference"``: its shift and spread are estimated
            from the features of its own cases in this call, without their outcomes, and it is
            brought to the training reference. The score of a case then depends on which other
            cases are given with it, and a true difference in case mix (more severe disease) is
            taken out together with the scanner's; at least ten cases are needed.

        Returns
        -------
        DataFrame
            The features fitted, in the order of the fit.

        Raises
        ------
        DlrError
            If a feature is absent, or the policy forbids a centre.
        """
        if policy not in POLICIES:
            raise DlrError(f"policy must be one of {', '.join(POLICIES)}, but got '{policy}'")
        absent = [name for name in self.features_ if name not in X]
        if absent:
            raise DlrError(f"ComBat was fitted on the feature '{absent[0]}', which is absent")
        centres = _centres(batch, len(X))
        values = X[list(self.features_)].to_numpy(dtype=float)
        effects = covariate_design(self.terms_, covariates, len(X))
        common = self._common(effects)
        z = (values - common) / self.sigma_.to_numpy()
        result = values.copy()
        for name in sorted(set(centres)):
            rows = centres == name
            effect = self._known_or_new(name, z[rows], policy)
            if effect is None:
                continue
            gamma, delta = effect
            adjusted = (z[rows] - gamma) / np.sqrt(delta) * self.sigma_.to_numpy()
            result[rows] = adjusted + common[rows]
        return pd.DataFrame(result, X.index, list(self.features_))

    def unseen(self, batch: ArrayLike) -> tuple[str, ...]:
        """Return the centres of some cases that did not train."""
        centres = _centres(batch, len(np.asarray(batch)))
        return tuple(sorted(set(centres) - set(self.gamma_.index)))

    def subset(self, features: Sequence[str]) -> ComBat:
        """Return the harmonisation of some of the features, with the same estimates."""
        columns = list(features)
        absent = [name for name in columns if name not in self.features_]
        if absent:
            raise DlrError(f"ComBat was not fitted on the feature '{absent[0]}'")
        part = ComBat(self.reference)
        part.features_ = tuple(columns)
        part.counts_, part.terms_ = self.counts_, self.terms_
        part.alpha_, part.sigma_ = self.alpha_[columns], self.sigma_[columns]
        part.gamma_, part.delta_ = self.gamma_[columns], self.delta_[columns]
        part.beta_ = self.beta_[columns]
        part.constant_ = tuple(name for name in columns if name in self.constant_)
        return part

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "reference": self.reference,
            "features": list(self.features_),
            "counts": {str(name): int(n) for name, n in self.counts_.items()},
            "alpha": self.alpha_.tolist(),
            "sigma": self.sigma_.tolist(),
            "gamma": self.gamma_.to_numpy().tolist(),
            "delta": self.delta_.to_numpy().tolist(),
            "constant": list(self.constant_),
            "terms": [asdict(term) for term in self.terms_],
            "beta": self.beta_.to_numpy().tolist(),
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        model = cls(item["reference"])
        columns, centres = list(item["features"]), list(item["counts"])
        model.features_ = tuple(columns)
        model.counts_ = pd.Series(item["counts"], dtype=int)
        model.alpha_ = pd.Series(item["alpha"], columns, dtype=float)
        model.sigma_ = pd.Series(item["sigma"], columns, dtype=float)
        model.gamma_ = pd.DataFrame(item["gamma"], centres, columns, dtype=float)
        model.delta_ = pd.DataFrame(item["delta"], centres, columns, dtype=float)
        model.constant_ = tuple(item["constant"])
        model.terms_ = tuple(CovariateTerm(**term) for term in item["terms"])
        model.beta_ = _beta_frame(np.asarray(item["beta"], dtype=float), model.terms_, columns)
        return model

    def _standardise(self, values: Floats, members: Floats, effects: Floats) -> None:
        """Learn the common mean, the covariates' effects and the common spread."""
        base = _first_known(values)
        shifted = values - base
        coefficients = _least_squares(np.hstack([members, effects]), shifted)
        n_centres = members.shape[1]
        beta = coefficients[n_centres:]
        weighing = np.ones(n_centres)
        if self.reference is not None:
            weighing = (self.counts_.index == self.reference).astype(float)
        pooled = members @ weighing > 0
        counts = weighing[:, None] * (members.T @ np.isfinite(values).astype(float))
        weights = counts / np.maximum(counts.sum(axis=0), 1)
        alpha = base + (weights * coefficients[:n_centres]).sum(axis=0)
        residuals = (shifted - np.hstack([members, effects]) @ coefficients)[pooled]
        sigma = np.sqrt(_mean_known(residuals**2))
        size = np.where(np.isfinite(values), np.abs(values), 0.0).max(axis=0)
        flat = ~(sigma > _FLAT * size)
        columns = list(self.features_)
        self.alpha_ = pd.Series(alpha, columns)
        self.sigma_ = pd.Series(np.where(flat, 1.0, sigma), columns)
        self.constant_ = tuple(name for name, is_flat in zip(columns, flat, strict=True) if is_flat)
        self.beta_ = _beta_frame(beta, self.terms_, columns)

    def _common(self, effects: Floats) -> Floats:
        """Return what is common to all centres: mean and covariates' effects, by case."""
        return np.asarray(self.alpha_.to_numpy() + effects @ self.beta_.to_numpy())

    def _effect(self, name: str, z: Floats, usable: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        if name == self.reference:
            return np.zeros(z.shape[1]), np.ones(z.shape[1])
        return centre_effect(z, usable)

    def _known_or_new(self, name: str, z: Floats, policy: str) -> tuple[Floats, Floats] | None:
        """Return a centre's shift and spread; None where its cases stay as they are."""
        if name == self.reference:
            return None
        if name in self.gamma_.index:
            return self.gamma_.loc[name].to_numpy(), self.delta_.loc[name].to_numpy()
        if policy == "skip":
            return None
        if policy == "fail":
            raise DlrError(
                f"the centre '{name}' is not among the training centres "
                f"({', '.join(self.gamma_.index)}); choose the policy 'reference' or 'skip'"
            )
        if len(z) < MINIMUM_UNSEEN:
            raise DlrError(
                f"the new centre '{name}' has {len(z)} cases, but its shift needs at least "
                f"{MINIMUM_UNSEEN} to be estimated; choose the policy 'skip'"
            )
        return centre_effect(z, ~np.isin(self.features_, self.constant_))


def _centres(batch: ArrayLike, n_cases: int) -> NDArray[np.str_]:
    labels = pd.Series(np.asarray(batch, dtype=object))
    if len(labels) != n_cases:
        raise DlrError(f"there are {n_cases} cases but {len(labels)} centres; give one per case")
    if labels.isna().any():
        absent = int(labels.isna().sum())
        raise DlrError(f"the centre of {absent} of {n_cases} cases is missing; complete it")
    return labels.astype(str).to_numpy(dtype=str)


def _beta_frame(beta: Floats, terms: tuple[CovariateTerm, ...], columns: list[str]) -> pd.DataFrame:
    names = [term.name if term.level is None else f"{term.name}={term.level}" for term in terms]
    return pd.DataFrame(beta.reshape(len(names), len(columns)), names, columns, dtype=float)


def _first_known(values: Floats) -> Floats:
    """Return the first known value of each feature; a constant one is then exactly zero."""
    known = np.isfinite(values)
    first = np.take_along_axis(values, known.argmax(axis=0)[None, :], axis=0)[0]
    return np.where(known.any(axis=0), first, 0.0)


def _mean_known(values: Floats) -> Floats:
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1))


def _least_squares(design: Floats, values: Floats) -> Floats:
    """Regress every feature on the design, each on its own known values."""
    complete = np.isfinite(values).all(axis=0)
    coefficients = np.zeros((design.shape[1], values.shape[1]))
    if complete.any():
        coefficients[:, complete] = np.linalg.lstsq(design, values[:, complete], rcond=None)[0]
    for j in np.flatnonzero(~complete):
        rows = np.isfinite(values[:, j])
        coefficients[:, j] = np.linalg.lstsq(design[rows], values[rows, j], rcond=None)[0]
    return coefficients
