"""Scores of pictures and predicted numbers of cases, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.distributed import Place
from dlr.cnn.evaluation import outputs_to_frame
from dlr.cnn.networks import CnnNetwork
from dlr.cnn.prediction import predict_logits
from dlr.cnn.settings import CnnStudyConfig
from dlr.cnn.store import PictureStore
from dlr.cnn.tasks import Targets


def score_pictures(
    network: CnnNetwork,
    cohort: CnnCohort,
    store: PictureStore,
    rows: NDArray[np.int64],
    targets: Targets,
    place: Place,
    config: CnnStudyConfig,
) -> pd.DataFrame:
    """Score pictures by position; one row each, with who it belongs to."""
    logits = predict_logits(network, store, rows, place, config.training.batch_size)
    outputs = outputs_to_frame(
        logits, targets.labels, targets.regressions, targets.mean, targets.standard_deviation
    )
    about = cohort.pictures.iloc[rows][["case_id", "subject_id", "image", "view"]]
    about = about.assign(cohort=cohort.cases.loc[about["case_id"], "cohort"].to_numpy())
    return pd.concat([about.reset_index(drop=True), outputs], axis=1)


def number_table(wide: pd.DataFrame, cases: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Return predicted and true numbers per case."""
    parts = [
        pd.DataFrame(
            {
                **{key: wide[key].to_numpy() for key in ("case_id", "cohort", "estimate", "fold")},
                "number": name,
                "true": cases.loc[wide["case_id"], name].to_numpy(dtype=float),
                "predicted": wide[name].to_numpy(),
            }
        )
        for name in names
    ]
    columns = ["case_id", "cohort", "estimate", "fold", "number", "true", "predicted"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
