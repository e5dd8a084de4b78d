"""Single cases to look at: their ROIs, scores, points, and what moved the score.

Not every case is worth a page. Those outside the training range come first, then those called
wrong, then those of the highest risk; the rest is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dlr.models.clinical import DLR_SCORE, ClinicalModel
from dlr.models.contributions import Contributions, explain
from dlr.models.feature_sets import NOMOGRAM
from dlr.progress import Progress, silent
from dlr.roi_pictures import RoiPicture, roi_pictures

if TYPE_CHECKING:
    from dlr.cohort import Cohort
    from dlr.features.table import FeatureTable
    from dlr.models.bundle import Bundle

MOST_CASES = 200
"""Cases shown at most."""


@dataclass(frozen=True, eq=False)
class CaseView:
    """One case.

    Parameters
    ----------
    case_id, cohort, center : str
        `center` is empty where the table names none.
    outcome : int or None
        1 or 0; None where unknown.
    scores : pandas.DataFrame
        One row per feature set: ``feature_set``, ``score`` (log-odds), ``probability``,
        ``threshold``.
    points : pandas.DataFrame
        One row per variable of the nomogram: ``variable``, ``value``, ``points``; empty without
        a nomogram.
    contributions : pandas.DataFrame
        The explained score's features, strongest first: ``feature``, ``measured``, ``scaled``,
        ``contribution`` (log-odds).
    n_outside : int
        Inputs outside the training range.
    worst : str
        The input farthest outside.
    wrong : bool
        Whether the judged score called it wrong at the locked threshold.
    pictures : tuple of RoiPicture
        One per view.
    """

    case_id: str
    cohort: str
    center: str
    outcome: int | None
    scores: pd.DataFrame
    points: pd.DataFrame
    contributions: pd.DataFrame
    n_outside: int
    worst: str
    wrong: bool
    pictures: tuple[RoiPicture, ...]


@dataclass(frozen=True, eq=False)
class CaseViews:
    """The cases shown, and what holds for all of them.

    Parameters
    ----------
    cases : tuple of CaseView
        The most informative first.
    total : int
        Cases there are.
    judged_by : str
        Feature set whose call counts as right or wrong.
    feature_set : str
        Score that is taken apart; empty where there is none.
    method : str
        How; see :class:`dlr.models.contributions.Contributions`.
    base : float
        Log-odds of the average training case.
    seconds : float
        Time it took.
    """

    cases: tuple[CaseView, ...]
    total: int
    judged_by: str
    feature_set: str
    method: str
    base: float
    seconds: float


def case_views(
    bundle: Bundle,
    cohort: Cohort,
    features: FeatureTable,
    scores: pd.DataFrame,
    work: Path,
    *,
    thresholds: Mapping[str, float] | None = None,
    most: int = MOST_CASES,
    progress: Progress = silent,
) -> CaseViews | None:
    """Collect what a reader wants to see of single cases that the frozen model scored.

    Parameters
    ----------
    bundle : Bundle
    cohort : Cohort
        Holds the images and clinical values of the cases.
    features : FeatureTable
    scores : pandas.DataFrame
        The long score table; only the rows of ``estimate`` "frozen" count.
    work : Path
        Folder of the cache, which gets the outlines.
    thresholds : mapping of str to float, optional
        On the probability; the bundle's when left out (a recalibration moves them).
    most : int
        Cases to show at most.
    progress : callable

    Returns
    -------
    CaseViews or None
        None where the frozen model scored no case.
    """
    frozen = scores[scores["estimate"] == "frozen"]
    if frozen.empty:
        return None
    limits = dict(bundle.thresholds if thresholds is None else thresholds)
    judged_by = NOMOGRAM if NOMOGRAM in limits else list(bundle.feature_sets)[-1]
    ranked = _ranked(frozen, judged_by, limits[judged_by], bundle, features, cohort)
    shown = ranked.head(most)
    found = _explained(bundle, features, cohort, list(shown.index))
    points = _points(bundle, cohort, frozen, list(shown.index))
    pictures = roi_pictures(cohort, features, list(shown.index), work, progress)
    by_case = {str(case): rows for case, rows in frozen.groupby("case_id", sort=False)}
    cases = tuple(
        CaseView(
            case_id=case,
            cohort=str(row["cohort"]),
            center=str(row["center"]) if isinstance(row["center"], str) else "",
            outcome=None if pd.isna(row["outcome"]) else int(row["outcome"]),
            scores=_scores(by_case[case], limits),
            points=points.get(case, pd.DataFrame()),
            contributions=pd.DataFrame() if found is None else found.case(case),
            n_outside=int(row["n_outside"]),
            worst=str(row["worst_feature"]),
            wrong=bool(row["wrong"]),
            pictures=pictures.get(case, ()),
        )
        for case, row in zip(map(str, shown.index), shown.to_dict("records"), strict=True)
    )
    return CaseViews(
        cases,
        len(ranked),
        judged_by,
        "" if found is None else found.feature_set,
        "" if found is None else found.method,
        0.0 if found is None else found.base,
        0.0 if found is None else found.seconds,
    )


def _ranked(
    scores: pd.DataFrame,
    judged_by: str,
    threshold: float,
    bundle: Bundle,
    features: FeatureTable,
    cohort: Cohort,
) -> pd.DataFrame:
    """Sort the cases: outside the training range, called wrong, highest probability."""
    main = scores[scores["feature_set"] == judged_by].drop_duplicates("case_id")
    main = main.set_index("case_id")
    known = features.values.loc[main.index]
    flags = bundle.flags(known, cohort.clinical.loc[main.index]).set_index("case_id")
    called = (main["probability"] >= threshold).astype(float)
    table = main[["cohort", "center", "outcome", "probability"]].assign(
        n_outside=flags["n_outside"],
        worst_feature=flags["worst_feature"],
        wrong=main["outcome"].notna() & (called != main["outcome"].astype(float)),
    )
    table["flagged"] = table["n_outside"] > 0
    keys = ["flagged", "wrong", "probability"]
    return table.sort_values(keys, ascending=False, kind="stable")


def _explained(
    bundle: Bundle, features: FeatureTable, cohort: Cohort, cases: list[str]
) -> Contributions | None:
    """Take the score apart that the nomogram is fed with."""
    signature = bundle.signatures.get(bundle.config.model.nomogram_score)
    if signature is None:
        return None
    centers = cohort.clinical.loc[cases].get("center")
    return explain(signature, features.values.loc[cases], centers, seed=bundle.config.seed)


def _points(
    bundle: Bundle, cohort: Cohort, scores: pd.DataFrame, cases: list[str]
) -> dict[str, pd.DataFrame]:
    """Return the nomogram's points of every case, variable by variable."""
    if bundle.chart is None or bundle.nomogram is None:
        return {}
    entering = scores[scores["feature_set"] == bundle.config.model.nomogram_score]
    score = entering.set_index("case_id")["score"].loc[cases]
    frame = chart_frame(bundle.nomogram, cohort.clinical.loc[cases], score)
    points = bundle.chart.points(frame)
    labels = [term.label for term in bundle.chart.terms]
    names = [term.variable for term in bundle.chart.terms]
    return {
        str(case): pd.DataFrame(
            {
                "variable": labels,
                "value": [frame.loc[case, name] for name in names],
                "points": points.loc[case].to_numpy(dtype=float),
            }
        )
        for case in cases
    }


def chart_frame(model: ClinicalModel, clinical: pd.DataFrame, score: pd.Series) -> pd.DataFrame:
    """Return the variables as the drawn nomogram names them, missing ones filled as in scoring."""
    frame = model.encoder.complete(clinical)
    for variable in model.encoder.variables:
        if variable.indicator:
            known = clinical[variable.name].notna()
            frame[variable.indicator_column] = known.map({True: "known", False: "missing"})
    return frame.assign(**{DLR_SCORE: score})


def _scores(rows: pd.DataFrame, thresholds: Mapping[str, float]) -> pd.DataFrame:
    table = rows[["feature_set", "score", "probability"]].reset_index(drop=True)
    return table.assign(threshold=table["feature_set"].map(dict(thresholds)))
