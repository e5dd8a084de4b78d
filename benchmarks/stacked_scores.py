"""Show what stacking does to out-of-fold numbers when there is nothing to find.

    python benchmarks/stacked_scores.py        # about five minutes, one core

A logistic regression on noise stands in for the network of docs/cnn.md. Its out-of-fold score
enters a second model beside three clinical variables (noise, too), which is cross-validated again:
on other folds, and on the network's own. Printed are mean AUCs (0.5: nothing) with their standard
errors; below 0.5 lies what pooling the folds of a cross-validation does to any model.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

REPETITIONS, CASES, CLINICAL = 400, 100, 3


def out_of_fold(values: np.ndarray, y: np.ndarray, folds: StratifiedKFold) -> np.ndarray:
    """Return cross-validated log-odds of a logistic regression."""
    model = LogisticRegression(max_iter=500)
    return cross_val_predict(model, values, y, cv=folds, method="decision_function")


def areas(seed: int, features: int, same_folds: bool) -> tuple[float, float]:
    """Return the AUC of the model with the stacked score, and of the clinical variables alone."""
    rng = np.random.default_rng(seed)
    pictures, clinical = rng.normal(size=(CASES, features)), rng.normal(size=(CASES, CLINICAL))
    y = rng.permutation(np.arange(CASES) % 2)
    own = StratifiedKFold(4, shuffle=True, random_state=seed)
    score = out_of_fold(pictures, y, own)
    outer = own if same_folds else StratifiedKFold(5, shuffle=True, random_state=seed + 999)
    stacked = out_of_fold(np.column_stack([score, clinical]), y, outer)
    return roc_auc_score(y, stacked), roc_auc_score(y, out_of_fold(clinical, y, outer))


def main() -> None:
    for features in (5, 20, 60):
        for same_folds in (False, True):
            found = np.array([areas(seed, features, same_folds) for seed in range(REPETITIONS)])
            (stacked, alone), error = found.mean(axis=0), found.std(axis=0) / REPETITIONS**0.5
            folds = "the network's folds" if same_folds else "other folds"
            print(
                f"{features} features, {folds}: with the stacked score {stacked:.3f} "
                f"({error[0]:.3f}), clinical variables alone {alone:.3f} ({error[1]:.3f})"
            )


if __name__ == "__main__":
    main()
