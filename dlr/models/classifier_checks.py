"""Whether the numbers of a classifier from a file fit together.

Compiled code trusts the arrays it is given: a tree whose node is its own child never ends, and
support vectors of the wrong length are read beyond their end. So everything is compared before
the first prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dlr.errors import DlrError

_KERNELS = ("linear", "rbf", "poly", "sigmoid")


def check_classifier(algorithm: str, classifier: Any, n_features: int) -> None:
    """Refuse a classifier of scikit-learn whose parts do not fit together.

    Parameters
    ----------
    algorithm : str
    classifier : estimator
        As read from a file.
    n_features : int
        Of the cases it will be given.

    Raises
    ------
    DlrError
        Says what is wrong.
    """
    _require(
        int(classifier.n_features_in_) == n_features, f"it is not made for {n_features} inputs"
    )
    classes = np.asarray(classifier.classes_)
    _require(classes.shape == (2,) and classes.dtype.kind in "iufb", "it has not two classes")
    _require(getattr(classifier, "n_jobs", None) in (None, 1), "it starts processes")
    # Tags of text as inputs' names would make every prediction warn.
    _require(not hasattr(classifier, "feature_names_in_"), "it names its inputs")
    _CHECKS[algorithm](classifier, n_features)


def _logistic(model: Any, n_features: int) -> None:
    _array(model.coef_, (1, n_features), "coefficients")
    _array(model.intercept_, (1,), "intercept")


def _svc(model: Any, n_features: int) -> None:
    vectors = np.asarray(model.support_vectors_)
    count = len(vectors)
    _array(vectors, (count, n_features), "support vectors")
    _array(model.support_, (count,), "support", "i")
    _array(model._n_support, (2,), "numbers of support vectors", "i")
    _require(
        min(model._n_support) >= 0 and sum(model._n_support) == count, "support vectors differ"
    )
    for name in ("dual_coef_", "_dual_coef_"):
        _array(getattr(model, name), (1, count), "dual coefficients")
    for name in ("intercept_", "_intercept_"):
        _array(getattr(model, name), (1,), "intercept")
    for name in ("_probA", "_probB"):
        _require(np.asarray(getattr(model, name)).shape in ((0,), (1,)), "probabilities differ")
    _require(model.kernel in _KERNELS and model._sparse is False, "its kernel is unknown")
    numbers = [float(model._gamma), float(model.coef0), float(model.degree)]
    _require(bool(np.isfinite(numbers).all()), "its settings are not finite")
    _require(0 <= int(model.degree) <= 100, "its degree is out of range")


def _neighbours(model: Any, n_features: int) -> None:
    cases = np.asarray(model._fit_X)
    _array(cases, (len(cases), n_features), "cases")
    _array(model._y, (len(cases),), "classes of the cases", "iu")
    _require(len(cases) >= 1 and bool(np.isin(model._y, (0, 1)).all()), "unknown classes")
    _require(int(model.n_samples_fit_) == len(cases), "the number of cases differs")
    _require(model._fit_method == "brute" and model._tree is None, "its search is unknown")
    _require(int(model.n_neighbors) >= 1, "it asks no neighbour")
    _require(model.weights in ("uniform", "distance"), "its weights are unknown")
    _require(model.effective_metric_ in ("euclidean", "minkowski"), "its distance is unknown")


def _tree(model: Any, n_features: int) -> None:
    _require(int(model.n_outputs_) == 1 and int(model.n_classes_) == 2, "it has not two classes")
    tree = model.tree_
    # First of all: beyond its capacity a tree's arrays are somebody else's memory.
    count = int(tree.node_count)
    _require(1 <= count <= int(tree.capacity), "the number of nodes is wrong")
    _require(int(tree.n_features) == n_features, f"it is not made for {n_features} inputs")
    _require(int(tree.n_outputs) == 1 and list(tree.n_classes) == [2], "it has not two classes")
    left, right, number = tree.children_left, tree.children_right, np.arange(count)
    leaf = left == -1
    _require(bool((right[leaf] == -1).all()), "a leaf has a child")
    for child in (left[~leaf], right[~leaf]):
        # A child comes after its parent, so that every path ends.
        _require(
            bool(((child > number[~leaf]) & (child < count)).all()), "its nodes run in circles"
        )
    used = tree.feature[~leaf]
    _require(bool(((used >= 0) & (used < n_features)).all()), "a node asks for an unknown input")
    _require(bool(np.isfinite(tree.threshold[~leaf]).all()), "a threshold is not finite")
    _array(tree.value, (count, 1, 2), "values")


def _forest(model: Any, n_features: int) -> None:
    trees = list(model.estimators_)
    _require(1 <= len(trees) == int(model.n_estimators) <= 100_000, "the number of trees differs")
    _require(int(model.n_outputs_) == 1 and int(model.n_classes_) == 2, "it has not two classes")
    for tree in trees:
        _require(int(tree.n_features_in_) == n_features, "a tree is made for other inputs")
        _tree(tree, n_features)


def _perceptron(model: Any, n_features: int) -> None:
    weights, biases = list(model.coefs_), list(model.intercepts_)
    _require(len(weights) == len(biases) == 2 and int(model.n_layers_) == 3, "its layers differ")
    hidden = len(biases[0])
    _array(weights[0], (n_features, hidden), "weights")
    _array(weights[1], (hidden, 1), "weights")
    _array(biases[0], (hidden,), "biases")
    _array(biases[1], (1,), "biases")
    _require(model.activation in ("identity", "logistic", "tanh", "relu"), "unknown activation")
    _require(model.out_activation_ == "logistic", "unknown activation")


_CHECKS: Mapping[str, Callable[[Any, int], None]] = {
    "logistic": _logistic,
    "svm": _svc,
    "linear-svm": _svc,
    "knn": _neighbours,
    "decision-tree": _tree,
    "random-forest": _forest,
    "extra-trees": _forest,
    "mlp": _perceptron,
}


def _array(value: Any, shape: tuple[int, ...], what: str, kinds: str = "f") -> None:
    """Refuse anything but a finite array of this shape and kind of numbers."""
    if not isinstance(value, np.ndarray) or value.shape != shape or value.dtype.kind not in kinds:
        found = f"{getattr(value, 'dtype', type(value).__name__)} {getattr(value, 'shape', '')}"
        raise DlrError(f"the classifier's {what} are {found.strip()}, not of the shape {shape}")
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise DlrError(f"the classifier's {what} are not all finite")


def _require(condition: bool, fault: str) -> None:
    if not condition:
        raise DlrError(f"the classifier's parts do not fit together: {fault}")
