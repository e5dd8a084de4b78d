"""The classifiers a DLR score can come from; a new one is one entry here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from dlr.errors import DlrError


def _svm(_seed: int) -> SVC:
    # Ranked by decision_function: libsvm's own probabilities can contradict it.
    return SVC(kernel="rbf", C=1.0, gamma="scale", class_weight="balanced")


def _linear_svm(_seed: int) -> SVC:
    return SVC(kernel="linear", C=0.1, class_weight="balanced")


def _logistic(seed: int) -> LogisticRegression:
    return LogisticRegression(C=1.0, class_weight="balanced", max_iter=5000, random_state=seed)


CLASSIFIERS: dict[str, Callable[[int], Any]] = {
    "svm": _svm,
    "linear-svm": _linear_svm,
    "logistic": _logistic,
}


def make_classifier(name: str, seed: int) -> Any:
    """Return an unfitted classifier with a ``decision_function``.

    Parameters
    ----------
    name : str
        ``"svm"`` (RBF kernel), ``"linear-svm"`` or ``"logistic"``.
    seed : int

    Raises
    ------
    DlrError
        If there is no classifier of that name.
    """
    if name not in CLASSIFIERS:
        known = ", ".join(CLASSIFIERS)
        raise DlrError(f"model.classifier must be one of {known}, but got '{name}'")
    return CLASSIFIERS[name](seed)
