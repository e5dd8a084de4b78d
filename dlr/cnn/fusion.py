"""A CNN's score as one more column for a radiomics study: feature or clinical variable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cnn.evaluation import log_odds
from dlr.cnn.results import BAGGED, FROZEN, OUT_OF_FOLD, CnnResult
from dlr.cohort.tables import ROW, read_clinical_table
from dlr.errors import Fault, InputError
from dlr.safety.spreadsheets import read_csv_table, write_csv_table

_ABOUT = ("case_id", "subject_id", "roi", "estimate")
SCORE_FILE = "cnn_features.csv"
"""File of a run that holds its scores."""
STACKED = (
    "the training patients' scores are out-of-fold, but the networks that gave them learnt from "
    "the labels of other training patients, among them those that the radiomics study's "
    "cross-validation holds out: out-of-fold numbers of models with this column are optimistic; "
    "judge them on the external cohort"
)
"""What must be known of a CNN's score as a variable of another study."""


@dataclass(frozen=True, eq=False)
class FusedTable:
    """A clinical table with a CNN's scores.

    Attributes
    ----------
    path : Path
        The file written.
    columns : tuple of str
        Columns of the scores, log-odds: higher means more likely positive.
    estimates : pandas.Series
        Number of rows by where their score is from: "out-of-fold", "frozen", "none".
    """

    path: Path
    columns: tuple[str, ...]
    estimates: pd.Series

    @property
    def stacked(self) -> bool:
        """Whether `STACKED` applies: some scores are out-of-fold."""
        return OUT_OF_FOLD in self.estimates.index


def score_features(result: CnnResult, view: str = "cnn") -> pd.DataFrame:
    """Return the scores as feature columns, ``<view>.cnn.<target>``, in log-odds.

    Training cases get their out-of-fold score, all others that of the bagged model: nobody is
    scored by a model that has seen them. In the radiomics study's own folds such a column is a
    stacked score, see `STACKED`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``case_id``; higher means more likely positive.
    """
    scores = result.case_scores
    bagged = (scores["estimate"] == FROZEN) & (scores["fold"] == BAGGED)
    chosen = scores[(scores["estimate"] == OUT_OF_FOLD) | bagged]
    table = chosen.assign(score=log_odds(chosen["probability"]))
    wide = table.pivot(index="case_id", columns="target", values="score")
    order = [name for name in pd.unique(chosen["target"])]
    names = dict(zip(order, _safe_names(order), strict=True))
    wide = wide[order].rename(columns={name: f"{view}.cnn.{safe}" for name, safe in names.items()})
    wide.columns.name = None
    return wide.reindex([case for case in result.cases.index if case in wide.index])


def write_score_table(result: CnnResult, path: str | Path, view: str = "cnn") -> Path:
    """Write the scores of all cases as CSV.

    Columns: ``case_id``, ``subject_id``, ``roi``, ``estimate`` ("out-of-fold" or "frozen") and the
    scores.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv_table(_score_table(result, view), path, index=True, index_label="case_id")
    return path


def add_scores_to_clinical(
    scores: CnnResult | str | Path,
    clinical: str | Path,
    out: str | Path,
    column: str = "cnn_score",
) -> FusedTable:
    """Write a clinical table with the CNN's score as one more continuous variable.

    Declare it in the radiomics study as ``cnn_score: {type: continuous}``; with several targets
    the columns are ``<column>_<target>``. ``<column>_estimate`` says where each score is from.

    Parameters
    ----------
    scores : CnnResult or path
        A result, the folder of a run, or its ``cnn_features.csv``.
    clinical : path
        The clinical table of the radiomics study.
    out : path
        The CSV to write.
    column : str
        Name of the new column.

    Returns
    -------
    FusedTable

    Raises
    ------
    InputError
        If the clinical table has no case with a score, or such a column already, or one row for
        several scored ROIs; or the run has no scores.
    """
    table = read_clinical_table(Path(clinical)).drop(columns=ROW)
    found = _score_table(scores) if isinstance(scores, CnnResult) else _read_scores(Path(scores))
    features = [str(name) for name in found if name not in _ABOUT]
    single = len(features) == 1
    names = [column if single else f"{column}_{name.split('.', 2)[2]}" for name in features]
    added = [*names, f"{column}_estimate"]
    taken = [name for name in added if name in table]
    if taken:
        message = "the table has this column already; give the new one another name (--column)"
        raise InputError([Fault(message, Path(clinical), 1, taken[0], "column-taken")])
    keys = ["subject_id"]
    if "roi" in table and (found["roi"] != "").any():
        keys = ["subject_id", "roi"]
    _refuse_several(found, keys, Path(clinical))
    renames = dict(zip([*features, "estimate"], added, strict=True))
    merged = table.merge(found.rename(columns=renames)[[*keys, *added]], on=keys, how="left")
    if merged[names[0]].isna().all():
        message = "no row of the table belongs to a scored case; are these the same patients?"
        raise InputError([Fault(message, Path(clinical), column="subject_id")])
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_csv_table(merged, out)
    return FusedTable(out, tuple(names), merged[added[-1]].fillna("none").value_counts())


def _refuse_several(scores: pd.DataFrame, keys: list[str], clinical: Path) -> None:
    """Refuse a table whose rows would have several scores each, one per ROI."""
    again = scores.duplicated(keys)
    if not again.any():
        return
    subject = scores.loc[again, "subject_id"].iloc[0]
    message = (
        f"the run scored ROIs, and subject '{subject}' has several; give a table with a column "
        "'roi' and one row per ROI"
    )
    raise InputError([Fault(message, clinical, 1, "roi", "column-missing")])


def _score_table(result: CnnResult, view: str = "cnn") -> pd.DataFrame:
    """Return the scores with who they belong to and what they are, indexed by case."""
    features = score_features(result, view)
    about = result.cases.loc[features.index, ["subject_id", "roi"]]
    trained = features.index.isin(result.folds.index)
    about = about.assign(estimate=np.where(trained, OUT_OF_FOLD, FROZEN))
    return pd.concat([about, features], axis=1)


def _read_scores(path: Path) -> pd.DataFrame:
    """Read the score table of a run from its folder or file."""
    path = path / SCORE_FILE if path.is_dir() else path
    if not path.is_file():
        message = "there are no scores of a CNN here; give the folder of a 'dlr cnn train' run"
        raise InputError([Fault(message, path, code="no-scores")])
    text = {"case_id": str, "subject_id": str, "roi": str, "estimate": str}
    table = read_csv_table(path, dtype=text, keep_default_na=False, na_values={})
    missing = [name for name in _ABOUT if name not in table]
    if missing:
        message = f"the table lacks '{missing[0]}'; give {SCORE_FILE} as a CNN run wrote it"
        raise InputError([Fault(message, path, 1, missing[0], "column-missing")])
    scores = [name for name in table if name not in _ABOUT]
    return table.astype(dict.fromkeys(scores, float))


def _safe_names(names: list[str]) -> list[str]:
    """Keep to the characters that feature names allow; number what would then be alike."""
    found: list[str] = []
    for name in names:
        safe = "".join(c if (c.isalnum() and c.isascii()) or c in "_-" else "_" for c in name)
        unique, number = safe, 1
        while unique in found:
            number += 1
            unique = f"{safe}-{number}"
        found.append(unique)
    return found
