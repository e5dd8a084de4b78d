"""One model followed through every statistic: MASS::birthwt, low ~ age + lwt + smoke + race.

Values printed by R (rms::lrm and val.prob, ResourceSelection::hoslem.test, rmda) with ten digits.
"""

from __future__ import annotations

import pandas as pd
import pytest

from dlr.stats import (
    auc,
    calibration,
    decision_curve,
    fit_logistic,
    hosmer_lemeshow,
    spiegelhalter,
)


@pytest.fixture(scope="module")
def model(reference_table):
    table = reference_table("birthwt")
    X = pd.DataFrame(
        {
            "age": table.age,
            "lwt": table.lwt,
            "smoke": table.smoke,
            "black": table.race == "black",
            "other": table.race == "other",
        }
    ).astype(float)
    return table.low, fit_logistic(X, table.low).predict_probability(X)


def test_discrimination_and_brier(model):
    y, p = model
    # rms computes C from predictions rounded to bins of 0.002, so it is near, not equal.
    assert auc(y, p).value == pytest.approx(0.6835723598, abs=2e-4)
    result = calibration(y, p)
    assert result.brier == pytest.approx(0.1952453136, abs=1e-9)
    assert result.scaled_brier == pytest.approx(0.0906964999, abs=1e-9)
    assert result.slope == pytest.approx(1, abs=1e-7)


def test_goodness_of_fit(model):
    y, p = model
    test = hosmer_lemeshow(y, p)
    assert test.statistic == pytest.approx(10.84220028, abs=1e-6)
    assert test.p_value == pytest.approx(0.2108016619, abs=1e-7)
    z = spiegelhalter(y, p)
    assert z.statistic == pytest.approx(0.1823609330, abs=1e-7)
    assert z.p_value == pytest.approx(0.8552994826, abs=1e-7)


def test_net_benefit(model):
    y, p = model
    curve = decision_curve(y, {"model": p}, [0.1, 0.2, 0.3, 0.4, 0.5])
    expected = [0.2427983539, 0.1798941799, 0.0907029479, 0.0017636684, 0.0105820106]
    treat_all = [0.2357436802, 0.1402116402, 0.0173847317, -0.1463844797, -0.3756613757]
    assert curve.net_benefit["model"].tolist() == pytest.approx(expected, abs=1e-10)
    assert curve.net_benefit["treat all"].tolist() == pytest.approx(treat_all, abs=1e-10)
