"""Cochran's Q against statsmodels, its relation to the z test, and degenerate groups."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from dlr.errors import DlrError
from dlr.stats import cochran_q


def test_agrees_with_statsmodels() -> None:
    values, errors = np.array([0.71, 0.82, 0.64, 0.9]), np.array([0.05, 0.04, 0.08, 0.03])
    found = cochran_q(values, errors)
    expected = combine_effects(values, errors**2)
    assert found.statistic == pytest.approx(expected.q, rel=1e-12)
    assert found.pooled == pytest.approx(expected.mean_effect_fe, rel=1e-12)
    assert found.i_squared == pytest.approx(expected.i2, rel=1e-12)
    assert found.degrees_of_freedom == 3


def test_two_groups_give_the_square_of_the_z_test() -> None:
    z = (0.8 - 0.7) / np.hypot(0.05, 0.06)
    found = cochran_q([0.8, 0.7], [0.05, 0.06])
    assert found.statistic == pytest.approx(z**2, rel=1e-12)


def test_groups_without_a_standard_error_are_left_out_and_counted() -> None:
    found = cochran_q([0.8, 1.0, 0.7, np.nan], [0.05, 0.0, 0.06, np.nan])
    assert found == cochran_q([0.8, 1.0, 0.7, np.nan], [0.05, 0.0, 0.06, np.nan])
    assert found.degrees_of_freedom == 1
    assert found.note == "2 of 4 groups without a standard error left out"


def test_one_group_gives_no_test_but_a_reason() -> None:
    found = cochran_q([0.8], [0.05])
    assert np.isnan(found.p_value)
    assert np.isnan(found.i_squared)
    assert found.note == "fewer than two groups have a standard error"


def test_equal_groups_do_not_differ() -> None:
    found = cochran_q([0.7, 0.7, 0.7], [0.1, 0.2, 0.3])
    assert found.p_value == pytest.approx(1.0)
    assert found.i_squared == 0.0


def test_lengths_must_agree() -> None:
    with pytest.raises(DlrError, match="must be vectors of one length"):
        cochran_q([0.7, 0.8], [0.1])
