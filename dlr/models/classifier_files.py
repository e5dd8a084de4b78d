"""Writing and reading fitted classifiers without pickle.

Estimators of scikit-learn go into ``<name>.skops``, a zip of JSON and arrays whose object types
are compared with an allow-list before anything is built. Boosted trees go into ``<name>.json``,
which holds the text that their packages define. Either way the decision scores come back the same
to the last bit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dlr.errors import DlrError, Fault, InputError
from dlr.models.boosted_checks import check_boosted
from dlr.models.boosted_trees import BoostedTrees, LightgbmTrees, XgboostTrees
from dlr.models.classifier_checks import check_classifier
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.skops_check import check_skops
from dlr.safety.documents import read_json
from dlr.safety.malformed import malformed_as_fault
from dlr.safety.paths import file_inside

TYPES = {
    "logistic": "sklearn.linear_model._logistic.LogisticRegression",
    "svm": "sklearn.svm._classes.SVC",
    "linear-svm": "sklearn.svm._classes.SVC",
    "knn": "sklearn.neighbors._classification.KNeighborsClassifier",
    "decision-tree": "sklearn.tree._classes.DecisionTreeClassifier",
    "random-forest": "sklearn.ensemble._forest.RandomForestClassifier",
    "extra-trees": "sklearn.ensemble._forest.ExtraTreesClassifier",
    "mlp": "dlr.models.perceptron.Perceptron",
}
"""Type of the estimator in a ``.skops`` file, by algorithm."""

PARTS = frozenset({"sklearn.tree._tree.Tree"})
"""Types inside those estimators that skops does not know by itself."""

BOOSTED: dict[str, type[BoostedTrees]] = {"xgboost": XgboostTrees, "lightgbm": LightgbmTrees}
"""Classes whose trees are kept as text, by algorithm."""


def classifier_path(algorithm: str, folder: Path, name: str) -> Path:
    """Return the path of a classifier's file."""
    return folder / f"{name}{'.json' if algorithm in BOOSTED else '.skops'}"


def save_classifier(algorithm: str, classifier: Any, folder: Path, name: str) -> Path:
    """Write a fitted classifier.

    Parameters
    ----------
    algorithm : str
        Key of :data:`dlr.models.classifiers.CLASSIFIERS`.
    classifier : estimator
        Fitted.
    folder : Path
        Must exist.
    name : str
        Of the file, without suffix.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    DlrError
        If `classifier` is not what `algorithm` makes.
    """
    path = classifier_path(algorithm, folder, name)
    if algorithm in BOOSTED:
        if type(classifier) is not BOOSTED[algorithm]:
            raise DlrError(_mismatch(algorithm, classifier))
        path.write_text(json.dumps(classifier.to_dict(), indent=1), encoding="utf-8")
        return path
    if _type_name(classifier) != TYPES.get(algorithm):
        raise DlrError(_mismatch(algorithm, classifier))
    from skops.io import dump

    dump(classifier, path)
    return path


def load_classifier(algorithm: str, folder: Path, name: str, n_features: int) -> Any:
    """Read what :func:`save_classifier` wrote, from whomever the file may be.

    Parameters
    ----------
    algorithm : str
    folder : Path
    name : str
    n_features : int
        Of the cases it will score.

    Raises
    ------
    InputError
        If the file holds an object of a type that no classifier of `algorithm` has, unpacks to
        too much, or its numbers do not fit together.
    MissingDependencyError
        If the package of boosted trees is not installed.
    """
    if algorithm not in BOOSTED and algorithm not in TYPES:
        message = f"the algorithm '{algorithm}' is unknown; install the newest dlr"
        raise InputError([Fault(message, folder, code="untrusted")])
    path = file_inside(folder, classifier_path(algorithm, folder, name).name)
    with malformed_as_fault(path, "the classifier", "copy the bundle again"):
        if algorithm in BOOSTED:
            classifier = _load_boosted(algorithm, path, n_features)
        else:
            classifier = _load_skops(algorithm, path, n_features)
        _check_score(algorithm, classifier, n_features)
    return classifier


def _load_boosted(algorithm: str, path: Path, n_features: int) -> Any:
    content = read_json(path)
    _checked(path, check_boosted, algorithm, content["trees"], n_features)
    classifier = BOOSTED[algorithm].from_dict(content)
    if classifier.n_features_in_ != n_features or len(classifier.classes_) != 2:
        raise ValueError("other inputs or classes than the bundle says")
    return classifier


def _load_skops(algorithm: str, path: Path, n_features: int) -> Any:
    from skops.io import get_untrusted_types, load

    trusted = PARTS | {TYPES[algorithm]}
    check_skops(path, algorithm, TYPES[algorithm])
    foreign = sorted(set(get_untrusted_types(file=path)) - trusted)
    if foreign:
        message = f"the file holds the object type '{foreign[0]}', which a bundle never does"
        raise InputError([Fault(message, path, code="untrusted")])
    classifier = load(path, trusted=sorted(trusted))
    if _type_name(classifier) != TYPES[algorithm]:
        raise InputError([Fault(_mismatch(algorithm, classifier), path, code="untrusted")])
    _checked(path, check_classifier, algorithm, classifier, n_features)
    return classifier


def _checked(path: Path, check: Callable[..., None], *arguments: Any) -> None:
    """Run a check and add the file to what it refuses."""
    try:
        check(*arguments)
    except DlrError as error:
        raise InputError([Fault(str(error), path, code="malformed")]) from None


def _check_score(algorithm: str, classifier: Any, n_features: int) -> None:
    """Score the mean case: every Z-score 0."""
    score = CLASSIFIERS[algorithm].score(classifier, np.zeros((1, n_features)))
    if score.shape != (1,) or not np.isfinite(score).all():
        raise ValueError("it gives no score")


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _mismatch(algorithm: str, classifier: Any) -> str:
    return f"the algorithm '{algorithm}' has no classifier of the type '{_type_name(classifier)}'"
