"""The distribution of training risks counts every case once and ranks as the cases do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.models.risk_distribution import BINS, RiskDistribution, training_risks


def test_every_case_is_in_one_bin() -> None:
    risk = np.array([0.0, 0.049, 0.05, 0.15, 0.35, 0.999, 1.0])
    outcome = np.array([0, 1, 1, 0, 0, 1, 1])
    found = RiskDistribution.of(risk, outcome)
    assert found.n == 7
    frame = found.to_frame()
    assert frame["events"].sum() == 4
    for value, event in zip(risk, outcome, strict=True):
        row = frame[(frame["low"] <= value + 1e-9)].iloc[-1]
        assert row["events" if event else "others"] > 0
    assert found.events[BINS - 1] == 2


def test_rank_is_close_to_the_share_of_cases_below() -> None:
    risk = np.random.default_rng(1).beta(2, 3, 2000)
    found = RiskDistribution.of(risk, risk > 0.5)
    for value in (0.1, 0.3, 0.5, 0.8):
        assert found.share_below(value) == pytest.approx((risk < value).mean(), abs=0.01)
    assert found.share_below(risk.min()) == 0
    assert found.share_below(1.0) == 1


def test_all_risks_alike_have_ranks_zero_and_one() -> None:
    found = RiskDistribution.of([0.4, 0.4], [0, 1])
    assert found.share_below(0.39) == found.share_below(0.4) == 0
    assert found.share_below(0.41) == 1


def test_dictionary_and_back() -> None:
    found = RiskDistribution.of([0.1, 0.7, 0.8], [0, 1, 1], "apparent")
    assert RiskDistribution.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("risk", [[], [1.2], [np.nan]])
def test_what_is_no_risk_is_refused(risk: list[float]) -> None:
    with pytest.raises(DlrError, match="at least one risk, all within 0 to 1"):
        RiskDistribution.of(risk, np.zeros(len(risk)))


def test_wrong_number_of_bins_is_refused() -> None:
    with pytest.raises(DlrError, match="needs 20 counts"):
        RiskDistribution((1,), (1,), (0.5,))


def test_out_of_fold_risks_of_known_outcomes_are_taken() -> None:
    scores = pd.DataFrame(
        [
            ("training", "apparent", "Nomogram", 1.0, 0.99),
            ("training", "out-of-fold", "Nomogram", 1.0, 0.7),
            ("training", "out-of-fold", "Nomogram", np.nan, 0.6),
            ("training", "out-of-fold", "DLR", 0.0, 0.1),
            ("external", "frozen", "Nomogram", 0.0, 0.2),
        ],
        columns=["cohort", "estimate", "feature_set", "outcome", "probability"],
    )
    found = training_risks(scores, "training", "Nomogram")
    assert found is not None
    assert (found.n, found.estimate, found.quantiles[0]) == (1, "out-of-fold", 0.7)
    apparent = training_risks(scores[scores["estimate"] == "apparent"], "training", "Nomogram")
    assert apparent is not None
    assert apparent.estimate == "apparent"
    assert training_risks(scores, "other", "Nomogram") is None
