"""Several readers' ROIs of one case: their mean, and what stands in for a second reader."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.features.table import FeatureTable


def reader_values(cohort: Cohort, features: FeatureTable) -> FeatureTable:
    """Average the two readers' features where the study asks for it.

    Cases that one reader drew keep that reader's values.
    """
    agreement = cohort.config.agreement
    if agreement is None or not agreement.average or features.second_reader.empty:
        return features
    both = features.values.index.intersection(features.second_reader.index)
    values = features.values.copy()
    first, second = values.loc[both], features.second_reader.loc[both, values.columns]
    values.loc[both] = ((first + second) / 2).fillna(first).fillna(second)
    return replace(features, values=values)


def perturbation_icc(config: StudyConfig) -> pd.Series | None:
    """Read the ICC of each feature over perturbed ROIs, where the gate uses them."""
    agreement = config.agreement
    if agreement is None or agreement.stability is None:
        return None
    from dlr.stability import read_stability

    return read_stability(agreement.stability, agreement.bound)
