"""The model bundle: a frozen study in a folder of JSON, safetensors and skops files.

Nothing in it is executed on loading: the only skops objects are scikit-learn classifiers, and any
other type is refused. Everything else is readable JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dlr.config import StudyConfig
from dlr.models.clinical import ClinicalModel
from dlr.models.feature_sets import CLINIC, NOMOGRAM
from dlr.models.nomogram import Nomogram
from dlr.models.signature import FusedSignature, Signature


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything that scoring new patients needs.

    Parameters
    ----------
    config : StudyConfig
        Settings of the study: how images are read, cut and measured.
    signatures : mapping of str to Signature or FusedSignature
    clinic, nomogram : ClinicalModel or None
    chart : Nomogram or None
        The nomogram as it is drawn, from the same coefficients.
    thresholds : mapping of str to float
        Locked on the training cohort, on the probability, by feature set.
    ranges : pandas.DataFrame
        Index: features that enter any score and continuous clinical variables; columns
        ``low`` and ``high``, the training cohort's extremes, and ``sd``.
    levels : mapping of str to tuple of str
        Levels of the categorical clinical variables seen in training.
    summary : mapping
        What the model was trained on, and how well it did: for people to read.
    """

    config: StudyConfig
    signatures: Mapping[str, Signature | FusedSignature]
    clinic: ClinicalModel | None
    nomogram: ClinicalModel | None
    chart: Nomogram | None
    thresholds: Mapping[str, float]
    ranges: pd.DataFrame
    levels: Mapping[str, tuple[str, ...]]
    summary: Mapping[str, Any]

    @property
    def feature_sets(self) -> tuple[str, ...]:
        """Names of all scores the bundle gives, in the order of the report."""
        names = list(self.signatures)
        if self.clinic is not None:
            names.insert(0, CLINIC)
        if self.nomogram is not None:
            names.append(NOMOGRAM)
        return tuple(names)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences of the training report against using a score; none in older bundles."""
        return tuple(self.summary.get("warnings", ()))

    @property
    def clinical_variables(self) -> tuple[str, ...]:
        """Names of the clinical variables the models need."""
        return () if self.clinic is None else self.clinic.variables

    def score(self, features: pd.DataFrame, clinical: pd.DataFrame) -> pd.DataFrame:
        """Score cases; nothing is refitted.

        Parameters
        ----------
        features : pandas.DataFrame
            A feature table's values.
        clinical : pandas.DataFrame
            Coded clinical variables, indexed alike; its ``center`` is needed by models that
            harmonise centres.

        Returns
        -------
        pandas.DataFrame
            Index ``case_id``, one column of log-odds per feature set; higher means positive.
        """
        clinical = clinical.loc[features.index]
        scores: dict[str, pd.Series] = {}
        if self.clinic is not None:
            scores[CLINIC] = self.clinic.score(clinical)
        for name, signature in self.signatures.items():
            scores[name] = signature.score(features, centers_of(clinical))
        if self.nomogram is not None:
            entering = scores[self.config.model.nomogram_score]
            scores[NOMOGRAM] = self.nomogram.score(clinical, entering)
        return pd.DataFrame(scores, index=features.index)

    def flags(self, features: pd.DataFrame, clinical: pd.DataFrame) -> pd.DataFrame:
        """Tell which cases lie outside what the model was trained on.

        Returns
        -------
        pandas.DataFrame
            ``case_id``, ``n_outside`` (inputs beyond the training extremes, levels never seen),
            ``share_outside``, ``n_missing`` (inputs that had to be filled in),
            ``worst_feature`` and ``worst_distance`` (how far beyond, in training SDs).
        """
        inputs = self._inputs(features, clinical.loc[features.index])
        low, high, sd = (self.ranges[column] for column in ("low", "high", "sd"))
        below = (low - inputs).clip(lower=0)
        above = (inputs - high).clip(lower=0)
        distance = (below + above).fillna(0.0) / sd.where(sd > 0, 1.0)
        unseen = self._unseen(clinical.loc[features.index])
        outside = (distance > 0).sum(axis=1) + unseen.sum(axis=1)
        total = inputs.shape[1] + unseen.shape[1]
        worst = [
            next((str(n) for n in unseen.columns[never]), str(far.idxmax()) if far.any() else "")
            for never, (_, far) in zip(unseen.to_numpy(), distance.iterrows(), strict=True)
        ]
        return pd.DataFrame(
            {
                "case_id": inputs.index,
                "n_outside": outside.to_numpy(dtype=int),
                "share_outside": (outside / max(total, 1)).to_numpy(),
                "n_missing": inputs.isna().sum(axis=1).to_numpy(dtype=int),
                "worst_feature": worst,
                "worst_distance": distance.max(axis=1).to_numpy(),
            }
        )

    def _inputs(self, features: pd.DataFrame, clinical: pd.DataFrame) -> pd.DataFrame:
        """Return the numbers whose training range is known."""
        values = score_inputs(self.signatures, features, centers_of(clinical))
        continuous = [name for name in self.ranges.index if name in clinical]
        return pd.concat([values, clinical[continuous].astype(float)], axis=1)[
            list(self.ranges.index)
        ]

    def _unseen(self, clinical: pd.DataFrame) -> pd.DataFrame:
        flags = {
            name: clinical[name].notna() & ~clinical[name].isin(levels)
            for name, levels in self.levels.items()
        }
        return pd.DataFrame(flags, index=clinical.index, dtype=bool)

    def save(self, folder: str | Path) -> None:
        """Write the bundle into `folder`, which is made; see ``docs/bundle.md`` for its files."""
        from dlr.models.bundle_files import save_bundle

        save_bundle(self, Path(folder))

    @staticmethod
    def load(folder: str | Path) -> Bundle:
        """Read a bundle.

        Raises
        ------
        InputError
            If `folder` holds no bundle, a file was altered, or the format is newer than this
            version of dlr reads.
        """
        from dlr.models.bundle_files import load_bundle

        return load_bundle(Path(folder))


def centers_of(clinical: pd.DataFrame) -> pd.Series | None:
    """Return the centre of each case, where the table tells."""
    return clinical.get("center")


def score_inputs(
    signatures: Mapping[str, Signature | FusedSignature],
    features: pd.DataFrame,
    centers: pd.Series | None = None,
) -> pd.DataFrame:
    """Return every feature that enters any score, once, not yet scaled and not imputed.

    Components of different feature sets that share a name are told apart by the set.
    """
    columns: dict[str, pd.Series] = {}
    for name, signature in signatures.items():
        if isinstance(signature, FusedSignature):
            continue  # its members are there
        values = signature.chain.values(features, centers)
        for column in values:
            if column in features:
                columns[str(column)] = features[column]
            else:
                columns[f"{name}/{column}"] = values[column]
    return pd.DataFrame(columns, index=features.index)


def training_ranges(
    signatures: Mapping[str, Signature | FusedSignature],
    features: pd.DataFrame,
    continuous: pd.DataFrame,
    centers: pd.Series | None = None,
) -> pd.DataFrame:
    """Measure the training cohort's range of every input."""
    values = score_inputs(signatures, features, centers)
    inputs = pd.concat([values, continuous.astype(float)], axis=1)
    sd = inputs.std(ddof=1).replace(0.0, np.nan).fillna(1.0)
    return pd.DataFrame({"low": inputs.min(), "high": inputs.max(), "sd": sd})
