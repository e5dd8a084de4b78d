"""Writing and reading fitted classifiers without pickle.

Estimators of scikit-learn go into ``<name>.skops``, a zip of JSON and arrays whose object types
are compared with an allow-list before anything is built. Boosted trees go into ``<name>.json``,
which holds the text that their packages define. Either way the decision scores come back the same
to the last bit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dlr.errors import DlrError, Fault, InputError
from dlr.models.boosted_trees import BoostedTrees, LightgbmTrees, XgboostTrees

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


def load_classifier(algorithm: str, folder: Path, name: str) -> Any:
    """Read what :func:`save_classifier` wrote.

    Raises
    ------
    InputError
        If the file holds an object of a type that no classifier of `algorithm` has.
    MissingDependencyError
        If the package of boosted trees is not installed.
    """
    path = classifier_path(algorithm, folder, name)
    if algorithm in BOOSTED:
        return BOOSTED[algorithm].from_dict(json.loads(path.read_text(encoding="utf-8")))
    from skops.io import get_untrusted_types, load

    trusted = PARTS | {TYPES[algorithm]}
    foreign = sorted(set(get_untrusted_types(file=path)) - trusted)
    if foreign:
        message = f"the file holds the object type '{foreign[0]}', which a bundle never does"
        raise InputError([Fault(message, path, code="untrusted")])
    classifier = load(path, trusted=sorted(trusted))
    if _type_name(classifier) != TYPES[algorithm]:
        raise InputError([Fault(_mismatch(algorithm, classifier), path, code="untrusted")])
    return classifier


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _mismatch(algorithm: str, classifier: Any) -> str:
    return f"the algorithm '{algorithm}' has no classifier of the type '{_type_name(classifier)}'"
