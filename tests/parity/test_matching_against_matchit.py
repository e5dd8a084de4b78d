"""Propensity-score matching against MatchIt 4.5.1 (its distance-matrix routine)."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.stats import propensity_match

COVARIATES = ["age", "lwt", "race", "ptl_any", "ht", "ui"]
RUNS = {
    "no_caliper": (None, "logit"),
    "caliper_0.2sd_ps": (0.2, "logit"),
    "no_caliper_logit_scale": (None, "linear.logit"),
    "caliper_0.2sd_logit": (0.2, "linear.logit"),
}


@pytest.mark.parametrize("name", RUNS)
def test_pairs_and_balance_equal_matchit(name, reference, reference_table):
    want = reference("matchit")["birthwt"][name]
    caliper, link = RUNS[name]
    got = propensity_match(
        reference_table("birthwt"), "smoke", COVARIATES, caliper=caliper, link=link
    )
    np.testing.assert_allclose(got.propensity, want["ps"], rtol=1e-8)
    np.testing.assert_allclose(got.distance, want["distance"], rtol=1e-7)
    assert got.pairs["treated"].tolist() == want["pairs"]["treated0"]
    assert got.pairs["control"].tolist() == want["pairs"]["control0"]
    assert list(got.unmatched) == want["unmatched_treated0"]
    if caliper is not None:
        assert got.caliper_width == pytest.approx(want["caliper_width"], rel=1e-8)
    for block, when in (("balance_all", "before"), ("balance_matched", "after")):
        _balance_equal(got.balance, want[block], when)


def _balance_equal(balance, want, when):
    columns = {"Means Treated": "treated", "Means Control": "control", "Std. Mean Diff.": "smd"}
    for row, values in zip(want["rownames"], want["values"]):
        name = f"race={row[4:]}" if row.startswith("race") else row
        for column, value in zip(want["colnames"], values):
            if column in columns:
                got = balance.loc[name, f"{columns[column]}_{when}"]
                assert got == pytest.approx(value, rel=1e-8, abs=1e-9), (row, column)
