"""The stability table: what `dlr stability` writes and the ICC gate reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from dlr.errors import Fault, InputError
from dlr.features.table import RADIOMICS
from dlr.imaging.perturbation_settings import PerturbationSettings
from dlr.safe_files import write_atomically
from dlr.safety.spreadsheets import csv_text, read_csv_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Form = Literal["1,1", "3,1"]

COLUMNS = ("feature", "icc", "low", "high", "n_cases", "ratings")


@dataclass(frozen=True, eq=False)
class StabilityTable:
    """How far each feature survives perturbation.

    Parameters
    ----------
    frame : pandas.DataFrame
        Index ``feature`` (``<view>.<family>.<name>``); ``icc``, its 95 % limits ``low`` and
        ``high``, ``n_cases`` measured in all copies, and ``ratings`` (the ROI and its copies). An
        ICC near 1 means that patients differ far more than copies of one patient do; NaN where
        a feature is the same in all cases, or could not be measured in two of them.
    failures : pandas.DataFrame
        ``case_id``, ``view``, ``repetition``, ``reason``: copies that could not be measured.
    settings : PerturbationSettings
    form : {"1,1", "3,1"}
        Shrout and Fleiss' form of the ICC.
    seed : int
        Of the study.
    """

    frame: pd.DataFrame
    failures: pd.DataFrame
    settings: PerturbationSettings
    form: Form = "1,1"
    seed: int = 0

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row per feature."""
        return self.frame

    def summary(self, thresholds: Sequence[float] = (0.75, 0.9)) -> pd.DataFrame:
        """Count the features above each threshold.

        Returns
        -------
        pandas.DataFrame
            Index ``features`` (view, family and class, such as ``"sag rad glcm"``); ``n``, and
            ``> <threshold>`` for each threshold.
        """
        groups = self.frame["icc"].groupby(feature_class, sort=False)
        columns: dict[str, pd.Series] = {"n": groups.size()}
        for threshold in thresholds:
            above = self.frame["icc"] > threshold
            columns[f"> {threshold:g}"] = above.groupby(feature_class, sort=False).sum()
        return pd.DataFrame(columns).rename_axis("features")

    def plot(self, ax: Axes | None = None, threshold: float = 0.75) -> Axes:
        """Draw a histogram of the ICC."""
        from dlr.figures import plot_icc_histogram

        return plot_icc_histogram(self.frame["icc"], ax, threshold=threshold)

    def save(self, folder: Path) -> Path:
        """Write ``stability.csv``, ``stability_failures.csv`` and ``stability.json`` (settings).

        Returns
        -------
        Path
            Of ``stability.csv``, which ``agreement: {stability: PATH}`` names in a study file.
        """
        path = folder / "stability.csv"
        write_atomically(path, csv_text(self.frame, index=True).encode())
        failures = csv_text(self.failures).encode()
        write_atomically(folder / "stability_failures.csv", failures)
        record = {
            "perturbations": self.settings.model_dump(mode="json"),
            "form": self.form,
            "seed": self.seed,
            "copies": int(self.frame["ratings"].max()) - 1 if len(self.frame) else 0,
            "failed_copies": len(self.failures),
        }
        write_atomically(folder / "stability.json", json.dumps(record, indent=1).encode())
        return path


def read_stability(path: Path, bound: str = "estimate") -> pd.Series:
    """Read the ICC of each feature from a table written by :meth:`StabilityTable.save`.

    Parameters
    ----------
    path : Path
    bound : {"estimate", "lower"}
        The ICC or its lower confidence limit.

    Raises
    ------
    InputError
        If the file is missing or has not the columns of a stability table.
    """
    path = Path(path)
    if not path.is_file():
        message = "there is no stability table; make it with 'dlr stability study.yaml --out DIR'"
        raise InputError([Fault(message, path, code="file-missing")])
    column = "icc" if bound == "estimate" else "low"
    try:
        frame = read_csv_table(path)
        values = frame.set_index("feature")[column].astype(float)
    except (KeyError, ValueError, pd.errors.ParserError):
        message = f"a stability table has the columns {', '.join(COLUMNS)}; make it anew"
        raise InputError([Fault(message, path, code="stability")]) from None
    return values


def feature_class(column: str) -> str:
    """Return view, family and, of radiomics, feature class of a column: ``"sag rad glcm"``."""
    view, family, name = column.split(".", 2)
    parts = name.split("_")
    return " ".join([view, family, *([parts[-2]] if family == RADIOMICS and parts[1:] else [])])
