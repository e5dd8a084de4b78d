"""The published tables 1-5 of the radiograph study, in its layout, from any CNN result.

Tables 2-4 judge each fold at a threshold chosen on that very fold, as the paper does; the tables
of :attr:`dlr.cnn.results.CnnResult.performance` with ``threshold_from`` "other folds" are the
sound ones.
"""

from __future__ import annotations

import pandas as pd

from dlr.cnn.results import BAGGED, CnnResult

_ROWS = {"Precision": "ppv", "Recall": "sensitivity", "F1-score": "f1", "AUC": "auc"}


def label_table(result: CnnResult) -> pd.DataFrame:
    """Count pictures with and without each label per fold (Table 1).

    Returns
    -------
    pandas.DataFrame
        Columns ``fold``, ``label`` ("no", "yes", "sum") and one per target.
    """
    pictures = result.picture_scores
    pictures = pictures[pictures["estimate"] == "out-of-fold"]
    targets = [name for name in result.thresholds if name in result.cases]
    labels = result.cases.loc[pictures["case_id"], targets].reset_index(drop=True)
    rows = []
    for fold, part in labels.groupby(pictures["fold"].to_numpy(), sort=True):
        negative, positive = (part == 0).sum(), (part == 1).sum()
        for name, counts in (("no", negative), ("yes", positive), ("sum", negative + positive)):
            rows.append({"fold": fold, "label": name, **counts.to_dict()})
    return pd.DataFrame(rows)


def class_table(result: CnnResult, target: str | None = None) -> pd.DataFrame:
    """Precision, recall and F1 of both classes, accuracy and AUC per fold (Table 2).

    Parameters
    ----------
    result : CnnResult
    target : str, optional
        The first when left out.

    Returns
    -------
    pandas.DataFrame
        Columns ``class``, ``measure`` and one per fold.
    """
    chosen = _fold_rows(result)
    chosen = chosen[chosen["target"] == (target or chosen["target"].iloc[0])]
    columns = {}
    for _, row in chosen.iterrows():
        tp, fp = row["true_positive"], row["false_positive"]
        tn, fn = row["true_negative"], row["false_negative"]
        columns[f"Fold {row['fold']}"] = [
            *_class_measures(tn, fn, fp), *_class_measures(tp, fp, fn), row["accuracy"], row["auc"],
        ]  # fmt: skip
    measures = ["Precision", "Recall", "F1-score"]
    names = {"class": ["no"] * 3 + ["yes"] * 3 + [""] * 2}
    return pd.DataFrame({**names, "measure": [*measures, *measures, "Accuracy", "AUC"], **columns})


def level_table(result: CnnResult) -> pd.DataFrame:
    """Precision, recall, F1 and AUC of every label per fold (Tables 3 and 4).

    Returns
    -------
    pandas.DataFrame
        Columns ``target``, ``measure`` and one per fold; the last row is the share of all calls
        (cases x labels) that are right.
    """
    chosen = _fold_rows(result)
    rows = []
    for target, part in chosen.groupby("target", sort=False):
        by_fold = part.set_index("fold")
        for name, column in _ROWS.items():
            cells = {f"Fold {fold}": value for fold, value in by_fold[column].items()}
            rows.append({"target": target, "measure": name, **cells})
    overall = {
        f"Fold {fold}": _share_right(part) for fold, part in chosen.groupby("fold", sort=False)
    }
    rows.append({"target": "all", "measure": "Accuracy", **overall})
    return pd.DataFrame(rows)


def final_table(result: CnnResult, cohort: str) -> pd.DataFrame:
    """Precision, recall, F1, AUC and accuracy of the bagged model on a cohort (Table 5).

    Returns
    -------
    pandas.DataFrame
        One row per label, then one for all labels together.
    """
    frame = result.performance
    chosen = frame[(frame["cohort"] == cohort) & (frame["fold"] == BAGGED)]
    table = pd.DataFrame(
        {"target": chosen["target"], **{name: chosen[column] for name, column in _ROWS.items()}}
    )
    table["Accuracy"] = chosen["accuracy"]
    overall = {"target": "all", "Accuracy": _share_right(chosen)}
    return pd.concat([table, pd.DataFrame([overall])], ignore_index=True)


def _fold_rows(result: CnnResult) -> pd.DataFrame:
    frame = result.performance
    return frame[(frame["estimate"] == "out-of-fold") & (frame["threshold_from"] == "own fold")]


def _class_measures(right: float, wrong: float, missed: float) -> list[float]:
    precision = right / (right + wrong) if right + wrong else float("nan")
    recall = right / (right + missed) if right + missed else float("nan")
    all_told = 2 * right + wrong + missed
    return [precision, recall, 2 * right / all_told if all_told else float("nan")]


def _share_right(rows: pd.DataFrame) -> float:
    right = rows["true_positive"].sum() + rows["true_negative"].sum()
    called = right + rows["false_positive"].sum() + rows["false_negative"].sum()
    return float(right / called) if called else float("nan")
