"""The published recipe as a plain script would write it, with SciPy and scikit-learn alone."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu, spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC


def plain_recipe(
    train: pd.DataFrame, outcome: pd.Series, external: pd.DataFrame
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Select on all training rows, fit an SVM, and return names and three decision values.

    Apparent, cross-validated after selection, and external.
    """
    y = outcome.to_numpy()
    varying = [c for c in train if train[c].nunique() > 1]
    mean, sd = train[varying].mean(), train[varying].std(ddof=0)
    z, external_z = (train[varying] - mean) / sd, (external[varying] - mean) / sd
    p = [mannwhitneyu(z[c][y == 1], z[c][y == 0], method="asymptotic").pvalue for c in z]
    names = [c for c, value in zip(z, p, strict=True) if value < 0.05]
    names = drop_redundant(z[names], 0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        lasso = LassoCV(alphas=np.logspace(-3, 0, 50), cv=10).fit(z[names].to_numpy(), y)
    kept = [c for c, b in zip(names, lasso.coef_, strict=True) if abs(b) > 1e-6]
    # Where nothing is left a plain script stops; dlr goes on with the best single feature.
    best = names[int(np.argmax(np.abs(z[names].to_numpy().T @ (y - y.mean()))))]
    names = kept or [best]

    def svm() -> SVC:
        return SVC(kernel="rbf", C=1.0, gamma="scale", class_weight="balanced")

    chosen, external_chosen = z[names].to_numpy(), external_z[names].to_numpy()
    model = svm().fit(chosen, y)
    held_out = np.empty(len(y))
    for learn, judge in StratifiedKFold(5).split(chosen, y):
        held_out[judge] = svm().fit(chosen[learn], y[learn]).decision_function(chosen[judge])
    return (
        names,
        model.decision_function(chosen),
        held_out,
        model.decision_function(external_chosen),
    )


def drop_redundant(z: pd.DataFrame, threshold: float) -> list[str]:
    """Drop, one after the other, the first column with most later columns above the threshold."""
    names = list(z)
    matrix = np.abs(np.atleast_2d(spearmanr(z.to_numpy()).statistic))
    correlation = pd.DataFrame(matrix, names, names)
    while True:
        counts = {
            name: int((correlation.loc[name, names[place + 1 :]] > threshold).sum())
            for place, name in enumerate(names)
        }
        worst = max(counts, key=lambda name: counts[name])
        if counts[worst] == 0:
            return names
        names.remove(worst)
