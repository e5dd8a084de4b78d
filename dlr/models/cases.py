"""The cases a model learns from: features, clinical variables, outcome, subject and centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Training cases; all tables but `second_reader` have the same rows in the same order.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_cases, n_features)
    clinical : pandas.DataFrame
        Coded clinical variables.
    outcome : pandas.Series
        1 or 0.
    subjects : pandas.Series
        Subject of each case; folds never tear one apart.
    second_reader : pandas.DataFrame
        Features of the second reader's ROIs, for the cases that have them.
    centers : pandas.Series, optional
        Centre of each case, needed for harmonisation.
    """

    features: pd.DataFrame
    clinical: pd.DataFrame
    outcome: pd.Series
    subjects: pd.Series
    second_reader: pd.DataFrame
    centers: pd.Series | None = None

    def take(self, positions: Sequence[int] | np.ndarray) -> TrainingData:
        """Return some of the cases."""
        chosen = list(positions)
        return replace(
            self,
            features=self.features.iloc[chosen],
            clinical=self.clinical.iloc[chosen],
            outcome=self.outcome.iloc[chosen],
            subjects=self.subjects.iloc[chosen],
            centers=None if self.centers is None else self.centers.iloc[chosen],
        )

    def with_columns(self, columns: list[str]) -> TrainingData:
        """Return the same cases with some of the features."""
        return replace(
            self,
            features=self.features[columns],
            second_reader=self.second_reader.reindex(columns=columns),
        )

    def permuted(self, seed: int) -> TrainingData:
        """Return the cases with their outcomes shuffled: nothing explains them any more.

        Subjects keep their cases. Where every subject has one outcome in all of its cases, whole
        subjects are shuffled, so that the permuted labels are clustered as the true ones are.
        """
        generator = np.random.default_rng(seed)
        by_subject = self.outcome.groupby(self.subjects.to_numpy())
        if (by_subject.nunique() == 1).all():
            labels = by_subject.first()
            shuffled = pd.Series(generator.permutation(labels.to_numpy()), labels.index)
            values = shuffled.loc[self.subjects.to_numpy()].to_numpy()
        else:
            values = generator.permutation(self.outcome.to_numpy())
        return replace(self, outcome=pd.Series(values, self.outcome.index, name="outcome"))


def groups_of(subjects: pd.Series) -> pd.Series | None:
    """Return the subjects as clusters of cases.

    Returns
    -------
    pandas.Series or None
        None where no subject has several cases, so that the plain variance is right, or where
        all cases are one subject's, who has no variance between subjects.
    """
    return subjects if subjects.duplicated().any() and subjects.nunique() > 1 else None
