"""External cases made comparable to the training cases by propensity matching (system 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.settings import MatchingSettings
from dlr.cohort.splits import TRAINING
from dlr.errors import DlrError
from dlr.stats import propensity_match


@dataclass(frozen=True, eq=False)
class Matching:
    """External cases that resemble training cases.

    Attributes
    ----------
    cases : mapping of str to pandas.Index
        ``"<cohort> (matched)"`` to case ids, which may be none.
    pairs : pandas.DataFrame or None
        One row per external cohort: ``cohort``, its ``cases``, those ``without_covariate`` and
        the ``matched`` ones; None without ``matching`` in the study file.
    """

    cases: Mapping[str, pd.Index]
    pairs: pd.DataFrame | None


def matched_cases(cohort: CnnCohort) -> Matching:
    """Find the external cases that have a similar training case, by cohort.

    Nearest neighbours on the log-odds of being external, given the covariates of the study file,
    without replacement. Cases without a covariate are left out.

    Raises
    ------
    DlrError
        If nobody of the training or an external cohort has all covariates, or they cannot be
        matched on.
    """
    settings = cohort.config.matching
    if settings is None:
        return Matching({}, None)
    found, rows = {}, []
    names = list(settings.covariates)
    complete = cohort.cases.dropna(subset=names)
    for name in cohort.external_names:
        index = _matched(complete, name, settings)
        found[f"{name} (matched)"] = index
        n, n_complete = ((table["cohort"] == name).sum() for table in (cohort.cases, complete))
        rows.append(
            {
                "cohort": name,
                "cases": int(n),
                "without_covariate": int(n - n_complete),
                "matched": len(index),
            }
        )
    return Matching(found, pd.DataFrame(rows))


def _matched(complete: pd.DataFrame, name: str, settings: MatchingSettings) -> pd.Index:
    names = list(settings.covariates)
    for cohort in (TRAINING, name):
        if not (complete["cohort"] == cohort).any():
            raise DlrError(
                f"matching cohort '{name}' failed: nobody of cohort '{cohort}' has all of "
                f"{', '.join(names)}; complete them, or choose other 'matching.covariates'"
            )
    part = complete[complete["cohort"].isin([TRAINING, name])]
    frame = part[names].assign(external=(part["cohort"] == name).astype(int).to_numpy())
    # The larger cohort is drawn from: each case of the smaller one gets a partner.
    flipped = frame["external"].mean() > 0.5
    if flipped:
        frame["external"] = 1 - frame["external"]
    try:
        match = propensity_match(
            frame, "external", names, caliper=settings.caliper, link="linear.logit"
        )
    except DlrError as error:
        raise DlrError(f"matching cohort '{name}' failed: {error}") from None
    return pd.Index(match.pairs["control" if flipped else "treated"].unique())
