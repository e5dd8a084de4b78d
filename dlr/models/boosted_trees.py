"""Gradient-boosted trees of XGBoost and LightGBM behind one small interface.

The packages' own scikit-learn wrappers choose threads by themselves and change with every release
of scikit-learn; here a model is trained through the packages' core functions on one thread, and
is kept as the text both packages define, so that nothing has to be pickled.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from dlr.errors import DlrError, MissingDependencyError

_DISTRIBUTIONS = {"xgboost": "xgboost-cpu", "lightgbm": "lightgbm"}


def require_package(name: str) -> None:
    """Raise MissingDependencyError unless an optional package is installed; imports nothing."""
    if find_spec(name) is None:
        raise MissingDependencyError(
            f"the algorithm '{name}' needs a package of its own; install it with: "
            f"pip install {_DISTRIBUTIONS.get(name, name)}"
        )


class BoostedTrees(ClassifierMixin, BaseEstimator):
    """What both packages' trees share: weights of the classes, decision values, a JSON form.

    Attributes
    ----------
    booster_ : object
        The package's own model.
    classes_ : ndarray of shape (2,)
        The second one is the event.
    n_features_in_ : int
    """

    package: str
    class_weight: str | None

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the trees.

        Parameters
        ----------
        X : array_like of shape (n_cases, n_features)
        y : array_like of shape (n_cases,)
            Two classes; the larger label is the event.

        Raises
        ------
        DlrError
            If there are not exactly two classes.
        MissingDependencyError
            If the package is not installed.
        """
        require_package(self.package)
        values, labels = np.ascontiguousarray(X, dtype=np.float64), np.asarray(y)
        self.classes_ = np.unique(labels)
        if len(self.classes_) != 2:
            raise DlrError(f"{self.package} needs two classes, but got {len(self.classes_)}")
        self.n_features_in_ = values.shape[1]
        positive = (labels == self.classes_[1]).astype(np.float64)
        weights = compute_sample_weight(self.class_weight, positive)
        self.booster_ = self._train(values, positive, np.asarray(weights, dtype=np.float64))
        return self

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the sum of the trees: log-odds of the event, shape (n_cases,)."""
        check_is_fitted(self)
        values = np.ascontiguousarray(X, dtype=np.float64)
        return np.asarray(self._margin(values), dtype=np.float64)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the more likely class of each case."""
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; the trees are the package's own text."""
        check_is_fitted(self)
        return {
            "package": self.package,
            "version": str(self._module().__version__),
            "parameters": self.get_params(),
            "classes": self.classes_.tolist(),
            "n_features": self.n_features_in_,
            "trees": self._text(),
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`; the decision values are the same to the last bit."""
        require_package(cls.package)
        model = cls(**item["parameters"])
        model.classes_ = np.asarray(item["classes"])
        model.n_features_in_ = int(item["n_features"])
        model.booster_ = cls._read(item["trees"])
        return model

    @classmethod
    def _module(cls) -> ModuleType:
        return import_module(cls.package)

    @abstractmethod
    def _train(self, values: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> Any:
        """Return the package's trained model."""

    @abstractmethod
    def _margin(self, values: np.ndarray) -> np.ndarray:
        """Return log-odds."""

    @abstractmethod
    def _text(self) -> str:
        """Return the trees as text."""

    @classmethod
    @abstractmethod
    def _read(cls, text: str) -> Any:
        """Return the package's model from its text."""


class XgboostTrees(BoostedTrees):
    """Gradient-boosted trees by XGBoost [1]_, histogram method, one thread.

    Parameters
    ----------
    rounds : int
        Number of trees.
    learning_rate : float
    max_depth : int
        Levels of splits in a tree.
    min_child_weight : float
        Least sum of case weights x p (1 - p) in a leaf.
    subsample : float
        Share of the cases each tree is grown on.
    class_weight : {"balanced", None}
        ``"balanced"``: both classes weigh the same in total.
    random_state : int

    References
    ----------
    .. [1] Chen T, Guestrin C, XGBoost: a scalable tree boosting system, KDD (2016).
    """

    package = "xgboost"

    def __init__(
        self,
        rounds: int = 100,
        learning_rate: float = 0.1,
        max_depth: int = 2,
        min_child_weight: float = 2.0,
        subsample: float = 0.8,
        class_weight: str | None = "balanced",
        random_state: int = 0,
    ) -> None:
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.class_weight = class_weight
        self.random_state = random_state

    def _train(self, values: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> Any:
        settings = {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "eta": self.learning_rate,
            "max_depth": self.max_depth,
            "min_child_weight": self.min_child_weight,
            "subsample": self.subsample,
            "seed": self.random_state,
            "nthread": 1,
            "verbosity": 0,
        }
        xgboost = self._module()
        data = xgboost.DMatrix(values, positive, weight=weights, nthread=1)
        return xgboost.train(settings, data, num_boost_round=self.rounds)

    def _margin(self, values: np.ndarray) -> np.ndarray:
        data = self._module().DMatrix(values, nthread=1)
        return np.asarray(self.booster_.predict(data, output_margin=True))

    def _text(self) -> str:
        return bytes(self.booster_.save_raw("json")).decode("utf-8")

    @classmethod
    def _read(cls, text: str) -> Any:
        booster = cls._module().Booster({"nthread": 1})
        booster.load_model(bytearray(text.encode("utf-8")))
        return booster


class LightgbmTrees(BoostedTrees):
    """Gradient-boosted trees by LightGBM [1]_, leaf-wise growth, one thread.

    Parameters
    ----------
    rounds : int
        Number of trees.
    learning_rate : float
    num_leaves : int
        Most leaves of a tree.
    min_child_samples : int
        Fewest cases in a leaf.
    class_weight : {"balanced", None}
        ``"balanced"``: both classes weigh the same in total.
    random_state : int

    References
    ----------
    .. [1] Ke G et al., LightGBM: a highly efficient gradient boosting decision tree, NeurIPS
       (2017).
    """

    package = "lightgbm"

    def __init__(
        self,
        rounds: int = 100,
        learning_rate: float = 0.1,
        num_leaves: int = 4,
        min_child_samples: int = 10,
        class_weight: str | None = "balanced",
        random_state: int = 0,
    ) -> None:
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.class_weight = class_weight
        self.random_state = random_state

    def _train(self, values: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> Any:
        settings = {
            "objective": "binary",
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_child_samples,
            "seed": self.random_state,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        lightgbm = self._module()
        data = lightgbm.Dataset(values, positive, weight=weights, params=settings)
        return lightgbm.train(settings, data, num_boost_round=self.rounds)

    def _margin(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self.booster_.predict(values, raw_score=True, num_threads=1))

    def _text(self) -> str:
        return str(self.booster_.model_to_string())

    @classmethod
    def _read(cls, text: str) -> Any:
        return cls._module().Booster(model_str=text)
