"""External cases made comparable to the training cases by propensity matching (system 5)."""

from __future__ import annotations

import pandas as pd

from dlr.cnn.cohort import CnnCohort
from dlr.cohort.splits import TRAINING
from dlr.errors import DlrError
from dlr.stats import propensity_match


def matched_cases(cohort: CnnCohort) -> dict[str, pd.Index]:
    """Return the external cases that have a similar training case, by cohort.

    Nearest neighbours on the log-odds of being external, given the covariates of the study file,
    without replacement. Cases without a covariate are left out.

    Returns
    -------
    dict of str to pandas.Index
        ``"<cohort> (matched)"`` to case ids; empty without ``matching`` in the study file.
    """
    settings = cohort.config.matching
    if settings is None:
        return {}
    found = {}
    names = list(settings.covariates)
    table = cohort.cases.dropna(subset=names)
    for name in cohort.external_names:
        part = table[table["cohort"].isin([TRAINING, name])]
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
        column = "control" if flipped else "treated"
        found[f"{name} (matched)"] = pd.Index(match.pairs[column].unique())
    return found
