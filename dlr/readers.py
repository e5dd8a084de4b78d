"""Several readers' ROIs of one case: their mean, and what stands in for a second reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.errors import Fault, InputError
from dlr.features.table import FeatureTable, is_deep


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


def perturbation_icc(config: StudyConfig, columns: Iterable[str]) -> pd.Series | None:
    """Read the ICC of each feature over perturbed ROIs, where the gate uses them.

    Raises
    ------
    InputError
        If the table lacks measured features of the study: it was made with other views or
        settings, and the gate would not know what to do with them.
    """
    agreement = config.agreement
    if agreement is None or agreement.stability is None:
        return None
    from dlr.stability import read_stability

    icc = read_stability(agreement.stability, agreement.bound)
    measured = [column for column in columns if not is_deep(column)]
    missing = [column for column in measured if column not in icc.index]
    if missing:
        message = (
            f"the stability table lacks {len(missing)} of the study's {len(measured)} measured"
            f" features (such as {missing[0]}); run 'dlr stability' again with this study file"
        )
        raise InputError([Fault(message, agreement.stability, code="stability-features")])
    return icc
