"""A small multilayer perceptron whose training stops by design."""

from __future__ import annotations

import warnings
from typing import Any, Self

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


class Perceptron(MLPClassifier):
    """One hidden layer, fitted by L-BFGS on all cases with a strong weight penalty.

    L-BFGS needs neither a learning rate nor a part of the cases set aside to stop on, which
    cohorts of this size cannot spare. A few hundred steps are a setting like the penalty, so
    reaching them is no failure and is not warned of.

    Parameters
    ----------
    hidden : int
        Neurons of the hidden layer.
    alpha : float
        L2 penalty.
    max_iter : int
        Steps.
    random_state : int
        Draws the first weights.
    """

    def __init__(
        self, hidden: int = 32, alpha: float = 10.0, max_iter: int = 200, random_state: int = 0
    ) -> None:
        super().__init__(
            hidden_layer_sizes=(hidden,),
            solver="lbfgs",
            alpha=alpha,
            max_iter=max_iter,
            random_state=random_state,
        )
        self.hidden = hidden

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the weights from (n_cases, n_features) features and labels."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(X, y)
        return self
