"""What a CNN study hands over: plain frozen tables and the trained fold models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from dlr.cohort.rules import POOLED as POOLED

if TYPE_CHECKING:
    from torch import Tensor

    from dlr.cnn.settings import CnnStudyConfig
    from dlr.subgroups import SubgroupTable

OUT_OF_FOLD, FROZEN, APPARENT = "out-of-fold", "frozen", "apparent"
"""Values of ``estimate``: apparent are the frozen networks on patients they were trained on."""
BAGGED = "bagged"
"""Value of ``fold`` for the mean of all fold models."""
# POOLED is the value of ``fold`` for the out-of-fold scores of all folds together, too.
CASE_COLUMNS = (
    "case_id", "subject_id", "center", "cohort", "estimate", "fold", "target",
    "outcome", "probability", "threshold",
)  # fmt: skip
"""Columns of the long score table: `estimate` is "out-of-fold", "frozen" or "apparent", `fold` a
number as text, or "bagged"; `outcome` is 1, 0 or missing; a case is called positive when its
probability is at least its threshold."""


@dataclass(frozen=True, eq=False)
class FoldModel:
    """The model of one fold.

    Attributes
    ----------
    fold : int
    config : CnnStudyConfig
        With the grid's choice for this fold, where there was a grid.
    state : mapping of str to torch.Tensor
        Weights.
    thresholds : mapping of str to float
        By target, on the probability of a case; chosen on this fold, locked for all other data.
    number_mean, number_sd : tuple of float
        Turn the numbers' z-scores back.
    weights_name : str
        What the training started from.
    history : pandas.DataFrame
        See :class:`dlr.cnn.training.TrainedNetwork`.
    best_epoch : int
    search : pandas.DataFrame
        One row per candidate of the grid, with the value it reached on the inner patients.
    """

    fold: int
    config: CnnStudyConfig
    state: Mapping[str, Tensor] = field(repr=False)
    thresholds: Mapping[str, float]
    number_mean: tuple[float, ...]
    number_sd: tuple[float, ...]
    weights_name: str
    history: pd.DataFrame
    best_epoch: int
    search: pd.DataFrame


@dataclass(frozen=True, eq=False)
class CnnResult:
    """Scores of a CNN study or of a frozen CNN on new patients.

    Attributes
    ----------
    config : CnnStudyConfig
    cases : pandas.DataFrame
        The cases judged, with their targets.
    folds : pandas.Series
        Fold of each training case; empty for new patients.
    picture_scores : pandas.DataFrame
        One row per picture, estimate and fold: who, ``image``, ``view`` and one column per output
        (probability of labels, value of numbers).
    case_scores : pandas.DataFrame
        Means over a case's pictures, see :data:`CASE_COLUMNS`.
    numbers : pandas.DataFrame
        Predicted and true numbers (such as age) per case; empty without regressions.
    thresholds : mapping of str to float
        Locked thresholds of the bagged model: the mean over the folds' own.
    performance : pandas.DataFrame
        See :func:`dlr.cnn.evaluation.evaluate_scores`; each row says what it is.
    models : tuple of FoldModel
        Empty for new patients.
    failures : pandas.DataFrame
        Pictures that could not be read.
    provenance : mapping of str to str
    subgroups : tuple of SubgroupTable
        Of a validation: by column and target, over all external cases.
    matching : pandas.DataFrame, optional
        Where external cases were matched: ``cohort``, its ``cases``, those ``without_covariate``
        and the ``matched`` ones.
    """

    config: CnnStudyConfig
    cases: pd.DataFrame
    folds: pd.Series
    picture_scores: pd.DataFrame
    case_scores: pd.DataFrame
    numbers: pd.DataFrame
    thresholds: Mapping[str, float]
    performance: pd.DataFrame
    models: tuple[FoldModel, ...]
    failures: pd.DataFrame
    provenance: Mapping[str, str]
    subgroups: tuple[SubgroupTable, ...] = ()
    matching: pd.DataFrame | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return the performance table."""
        return self.performance
