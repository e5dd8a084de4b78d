"""The classifiers a DLR score can come from; a new one is one entry here.

All of them run on one thread and give the same result for the same seed. Each is judged by a
decision score in which higher means that the event is more likely: a decision function where
there is one, otherwise the vote of trees or neighbours as log-odds. libsvm's own probabilities
come from a cross-validation of their own and can rank two cases the other way round than the
decision function does [1]_, so they are never used.

References
----------
.. [1] Platt J, Probabilistic outputs for support vector machines, Advances in Large Margin
   Classifiers (1999); scikit-learn user guide, 1.4.1.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from dlr.errors import DlrError
from dlr.models.boosted_trees import LightgbmTrees, XgboostTrees, require_package
from dlr.models.perceptron import Perceptron

Parameters = Mapping[str, Any]
Scores = NDArray[np.float64]
TREES = 100
"""Of both forests."""


@dataclass(frozen=True)
class ClassifierSpec:
    """One algorithm: how it is made, which settings are tried, how it scores.

    Parameters
    ----------
    key : str
        Name in settings files, such as ``"random-forest"``.
    label : str
        Name on figures.
    build : callable
        ``build(random_state=..., **parameters)`` gives an unfitted estimator.
    search : tuple of mapping
        Settings to choose from; the first are the defaults.
    score : callable
        ``score(estimator, X)``: decision score of each case, higher for the event.
    scale_sensitive : bool
        Whether features have to be standardised first.
    packages : tuple of str
        Optional packages it needs.
    """

    key: str
    label: str
    build: Callable[..., Any]
    search: tuple[Parameters, ...]
    score: Callable[[Any, Any], Scores]
    scale_sensitive: bool = True
    packages: tuple[str, ...] = ()

    def make(self, seed: int, parameters: Parameters | None = None) -> Any:
        """Return an unfitted estimator.

        Parameters
        ----------
        seed : int
        parameters : mapping, optional
            They replace the defaults of the same name.

        Raises
        ------
        MissingDependencyError
            If a package it needs is not installed.
        """
        for package in self.packages:
            require_package(package)
        return self.build(random_state=seed, **{**self.search[0], **(parameters or {})})


def _svc(random_state: int, **parameters: Any) -> SVC:
    # The seed would only draw folds for the probabilities that are not used.
    del random_state
    return SVC(**{"class_weight": "balanced", **parameters})


def _linear_svc(random_state: int, **parameters: Any) -> SVC:
    return _svc(random_state, kernel="linear", **parameters)


def _logistic(random_state: int, **parameters: Any) -> LogisticRegression:
    settings = {"class_weight": "balanced", "max_iter": 5000, **parameters}
    return LogisticRegression(random_state=random_state, **settings)


def _neighbours(random_state: int, **parameters: Any) -> KNeighborsClassifier:
    del random_state
    # Brute force: a tree of neighbours pays off only with few features and many more cases.
    return KNeighborsClassifier(algorithm="brute", n_jobs=1, **parameters)


def _tree(random_state: int, **parameters: Any) -> DecisionTreeClassifier:
    settings = {"class_weight": "balanced", **parameters}
    return DecisionTreeClassifier(random_state=random_state, **settings)


def _random_forest(random_state: int, **parameters: Any) -> RandomForestClassifier:
    settings = {"n_estimators": TREES, "class_weight": "balanced", "n_jobs": 1, **parameters}
    return RandomForestClassifier(random_state=random_state, **settings)


def _extra_trees(random_state: int, **parameters: Any) -> ExtraTreesClassifier:
    settings = {"n_estimators": TREES, "class_weight": "balanced", "n_jobs": 1, **parameters}
    return ExtraTreesClassifier(random_state=random_state, **settings)


def _decision(estimator: Any, X: Any) -> Scores:
    return np.asarray(estimator.decision_function(X), dtype=np.float64)


def _log_odds(estimator: Any, X: Any, votes: int) -> Scores:
    """Return the share of votes for the event as log-odds; unanimity counts as half a vote less."""
    share = np.asarray(estimator.predict_proba(X), dtype=np.float64)[:, -1]
    edge = 0.5 / (votes + 1)
    return np.asarray(logit(np.clip(share, edge, 1 - edge)), dtype=np.float64)


def _forest_score(estimator: Any, X: Any) -> Scores:
    return _log_odds(estimator, X, estimator.n_estimators)


def _tree_score(estimator: Any, X: Any) -> Scores:
    return _log_odds(estimator, X, estimator.min_samples_leaf)


def _neighbour_score(estimator: Any, X: Any) -> Scores:
    # There may be fewer training cases than neighbours wanted: then all of them vote.
    votes = min(estimator.n_neighbors, estimator.n_samples_fit_)
    return _log_odds(copy(estimator).set_params(n_neighbors=votes), X, votes)


def _network_score(estimator: Any, X: Any) -> Scores:
    share = np.asarray(estimator.predict_proba(X), dtype=np.float64)[:, -1]
    return np.asarray(logit(np.clip(share, 1e-15, 1 - 1e-15)), dtype=np.float64)


_SPECS = (
    ClassifierSpec(
        "logistic", "Logistic regression", _logistic,
        ({"C": 1.0}, {"C": 0.1}, {"C": 0.01}), _decision,
    ),
    ClassifierSpec(
        "svm", "SVM", _svc,
        ({"kernel": "rbf", "C": 1.0, "gamma": "scale"}, {"C": 0.1}, {"C": 10.0}), _decision,
    ),
    ClassifierSpec(
        "linear-svm", "Linear SVM", _linear_svc, ({"C": 0.1}, {"C": 0.01}, {"C": 1.0}), _decision
    ),
    ClassifierSpec(
        "knn", "KNN", _neighbours,
        ({"n_neighbors": 15}, {"n_neighbors": 5}, {"n_neighbors": 31}), _neighbour_score,
    ),
    ClassifierSpec(
        "decision-tree", "Decision tree", _tree,
        (
            {"max_depth": 3, "min_samples_leaf": 10},
            {"max_depth": 5, "min_samples_leaf": 10},
            {"max_depth": 5, "min_samples_leaf": 20},
        ),
        _tree_score, scale_sensitive=False,
    ),
    ClassifierSpec(
        "random-forest", "Random forest", _random_forest,
        ({"min_samples_leaf": 3}, {"min_samples_leaf": 10}), _forest_score, scale_sensitive=False,
    ),
    ClassifierSpec(
        "extra-trees", "Extra trees", _extra_trees,
        ({"min_samples_leaf": 3}, {"min_samples_leaf": 10}), _forest_score, scale_sensitive=False,
    ),
    ClassifierSpec(
        "xgboost", "XGBoost", XgboostTrees,
        (
            {"max_depth": 2, "learning_rate": 0.1},
            {"max_depth": 3, "learning_rate": 0.05},
            {"max_depth": 1, "learning_rate": 0.1},
        ),
        _decision, scale_sensitive=False, packages=("xgboost",),
    ),
    ClassifierSpec(
        "mlp", "MLP", Perceptron, ({"alpha": 10.0}, {"alpha": 30.0}, {"alpha": 3.0}), _network_score
    ),
    ClassifierSpec(
        "lightgbm", "LightGBM", LightgbmTrees,
        (
            {"num_leaves": 4, "learning_rate": 0.1},
            {"num_leaves": 8, "learning_rate": 0.05},
            {"num_leaves": 2, "learning_rate": 0.1},
        ),
        _decision, scale_sensitive=False, packages=("lightgbm",),
    ),
)  # fmt: skip

CLASSIFIERS: Mapping[str, ClassifierSpec] = {spec.key: spec for spec in _SPECS}
"""All algorithms by key, in the order that breaks ties."""


def make_classifier(name: str, seed: int) -> Any:
    """Return an unfitted classifier with its default settings.

    Parameters
    ----------
    name : str
        A key of :data:`CLASSIFIERS`, such as ``"svm"`` (RBF kernel) or ``"logistic"``.
    seed : int

    Raises
    ------
    DlrError
        If there is no classifier of that name.
    MissingDependencyError
        If a package it needs is not installed.
    """
    if name not in CLASSIFIERS:
        known = ", ".join(CLASSIFIERS)
        raise DlrError(f"model.classifier must be one of {known}, but got '{name}'")
    return CLASSIFIERS[name].make(seed)


@dataclass(frozen=True, eq=False)
class VoteResult:
    """Which algorithm is most often among the best.

    Parameters
    ----------
    counts : pandas.Series
        By algorithm: number of feature sets on which it is among the best.
    mean_auc : pandas.Series
        By algorithm, over the feature sets.
    winner : str
        The algorithm with most counts; of equals the one with the higher mean AUC, then the one
        that comes first in :data:`CLASSIFIERS`.
    top : int
        How many count as the best.
    """

    counts: pd.Series
    mean_auc: pd.Series
    winner: str
    top: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per algorithm: ``votes``, ``mean_auc``, ``winner``."""
        frame = pd.DataFrame({"votes": self.counts, "mean_auc": self.mean_auc})
        return frame.assign(winner=frame.index == self.winner)


def vote(auc: pd.DataFrame, top: int = 3) -> VoteResult:
    """Count how often each algorithm is among the best.

    Parameters
    ----------
    auc : pandas.DataFrame
        One row per feature set, one column per algorithm; NaN where one could not be fitted.
    top : int
        How many are the best of a feature set. Algorithms that share the last place all count.

    Returns
    -------
    VoteResult

    Raises
    ------
    DlrError
        If there is no AUC at all.

    Notes
    -----
    The rule of Fan et al. (J Multidiscip Healthc 2024), who apply it to the external cohort; the
    AUCs should come from cross-validation of the training cohort.
    """
    if not auc.notna().to_numpy().any():
        raise DlrError("the vote needs at least one AUC, but the table has none")
    order = [key for key in CLASSIFIERS if key in auc]
    order += [str(key) for key in auc if key not in CLASSIFIERS]
    # Rounded, so that a difference in the last digit breaks no tie.
    areas = auc[order].astype(float).round(10)
    places = areas.rank(axis=1, method="min", ascending=False)
    counts, mean = (places <= top).sum(), areas.mean().round(10)
    ranked = pd.DataFrame({"counts": counts, "mean": mean}).sort_values(
        ["counts", "mean"], ascending=False, kind="stable"
    )
    return VoteResult(counts, mean, str(ranked.index[0]), top)
