"""Synthetic pictures of a training cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dlr.feature_clusters import feature_clusters
from dlr.models.classifiers import CLASSIFIERS
from dlr.results import ModelGrid
from dlr.stats import calibration_bootstrap, fit_logistic, roc_curve
from dlr.training_views import (
    ComponentsView,
    NomogramCalibration,
    RedundancyView,
    TrainingViews,
)


def make_training_views(clinical: pd.DataFrame, n_features: int = 16) -> TrainingViews:
    """Return pictures of a small training cohort."""
    random = np.random.default_rng(3)
    outcome = clinical["outcome"].to_numpy()
    hidden = random.normal(size=(len(outcome), 4)) + outcome[:, None]
    values = hidden[:, np.arange(n_features) % 4] + 0.4 * random.normal(
        size=(len(outcome), n_features)
    )
    frame = pd.DataFrame(values, columns=[f"sag.dl.{number:04d}" for number in range(n_features)])
    X = clinical[["odi"]].reset_index(drop=True)
    bootstrap = calibration_bootstrap(
        lambda part, y: fit_logistic(part, pd.Series(y, part.index)),
        lambda model, part: model.predict_probability(part),
        X,
        outcome,
        5,
    )
    predicted = np.asarray(fit_logistic(X, pd.Series(outcome)).predict_probability(X))
    sizes = np.linspace(1, 0.1, 16)
    return TrainingViews(
        RedundancyView("DLR", frame.astype(np.float32), tuple(frame.columns[:4])),
        (ComponentsView("sag.dl", sizes / sizes.sum(), 4),),
        NomogramCalibration(bootstrap, predicted),
        clinical[["odi", "slrt"]].reset_index(drop=True),
        {"sag.dl": feature_clusters(frame, outcome)},
        {"odi": roc_curve(outcome, clinical["odi"].to_numpy())},
    )


def make_grid(scores: pd.DataFrame) -> ModelGrid:
    """Return a model grid whose algorithms' scores are those of the study's feature sets."""
    rows = scores.query("estimate == 'out-of-fold'").groupby("feature_set", sort=False)
    curves = {
        key: roc_curve(part["outcome"], part["score"]) for key, (_, part) in zip(CLASSIFIERS, rows)
    }
    areas = pd.DataFrame({"DLR": {key: curve.auc.value for key, curve in curves.items()}})
    votes = pd.Series(1, index=list(curves))
    winner = next(iter(curves))
    return ModelGrid(
        {"training": areas}, votes, winner, "training (inner folds)", roc=curves, roc_set="DLR"
    )
