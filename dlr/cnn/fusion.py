"""A CNN's score as one more column for a radiomics study: feature or clinical variable."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dlr.cnn.evaluation import log_odds
from dlr.cnn.results import BAGGED, FROZEN, OUT_OF_FOLD, CnnResult
from dlr.cohort.tables import ROW, read_clinical_table
from dlr.errors import Fault, InputError


def score_features(result: CnnResult, view: str = "cnn") -> pd.DataFrame:
    """Return the scores as feature columns, ``<view>.cnn.<target>``, in log-odds.

    Training cases get their out-of-fold score, all others that of the bagged model: nobody is
    scored by a model that has seen them. (In the radiomics study's own folds such a column is a
    stacked score: the networks behind it saw the labels of the other training patients.)

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
    wide = wide[order].rename(columns={name: f"{view}.cnn.{_safe(name)}" for name in order})
    wide.columns.name = None
    return wide.reindex([case for case in result.cases.index if case in wide.index])


def write_score_table(result: CnnResult, path: str | Path, view: str = "cnn") -> Path:
    """Write the scores of all cases as CSV with ``case_id``, ``subject_id`` and ``roi``."""
    features = score_features(result, view)
    about = result.cases.loc[features.index, ["subject_id", "roi"]]
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat([about, features], axis=1).to_csv(path, index_label="case_id")
    return path


def add_scores_to_clinical(
    result: CnnResult, clinical: str | Path, out: str | Path, column: str = "cnn_score"
) -> Path:
    """Write a clinical table with the CNN's score as one more continuous variable.

    Declare it in the radiomics study as ``cnn_score: {type: continuous}``; with several targets
    the columns are ``<column>_<target>``.

    Raises
    ------
    InputError
        If the clinical table has no case with a score.
    """
    table = read_clinical_table(Path(clinical)).drop(columns=ROW)
    features = score_features(result)
    single = features.shape[1] == 1
    names = [column if single else f"{column}_{str(name).split('.', 2)[2]}" for name in features]
    about = result.cases.loc[features.index]
    keyed = features.set_axis(names, axis=1).assign(subject_id=about["subject_id"])
    keys = ["subject_id"]
    if "roi" in table and (about["roi"] != "").any():
        keyed["roi"], keys = about["roi"], ["subject_id", "roi"]
    merged = table.merge(keyed, on=keys, how="left")
    if merged[names[0]].isna().all():
        message = "no row of the table belongs to a scored case; are these the same patients?"
        raise InputError([Fault(message, Path(clinical), column="subject_id")])
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    merged.to_csv(out, index=False)
    return out


def _safe(name: str) -> str:
    """Keep to the characters that feature names allow."""
    return "".join(c if (c.isalnum() and c.isascii()) or c in "_-" else "_" for c in name)
