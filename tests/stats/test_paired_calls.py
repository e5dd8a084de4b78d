"""Model against reader on the same cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from dlr.errors import DlrError
from dlr.stats import PairedProportions, compare_sensitivity_specificity


def test_each_class_is_compared_on_its_own():
    y = [1, 1, 1, 1, 0, 0, 0]
    reader = [1, 1, 0, 0, 0, 0, 1]
    model = [1, 0, 1, 1, 0, 0, 0]
    result = compare_sensitivity_specificity(y, reader, model)
    assert (result.sensitivity.only_a, result.sensitivity.only_b) == (1, 2)
    assert result.sensitivity.difference == pytest.approx(0.5 - 0.75)
    assert (result.specificity.only_a, result.specificity.only_b) == (0, 1)
    frame = result.to_frame()
    assert frame.loc["specificity", "a"] == pytest.approx(2 / 3)


def test_exact_p_is_the_binomial_test_of_discordant_cases():
    y = [1] * 20 + [0]
    a, b = [1] * 12 + [0] * 8 + [0], [0] * 9 + [1] * 5 + [0] * 6 + [0]
    pair = compare_sensitivity_specificity(y, a, b).sensitivity
    discordant = pair.only_a + pair.only_b
    assert pair.p_value == pytest.approx(binomtest(pair.only_b, discordant).pvalue)


@pytest.mark.parametrize("method", ["exact", "continuity", "uncorrected"])
def test_identical_calls_are_no_difference(method):
    calls = [1, 0, 1, 0]
    result = compare_sensitivity_specificity([1, 1, 0, 0], calls, calls, method)
    assert result.sensitivity.p_value == 1.0
    assert result.specificity.difference == 0.0


def test_interval_is_newcombes_method_ten():
    """Newcombe 1998 (Stat Med 17:2635), table II, a/b/c/d = 36/12/2/0: 0.0569 to 0.3404."""
    pair = PairedProportions(36, 12, 2, 0, 0.0, 1.0, "exact")
    assert tuple(pair.confidence_interval()) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_interval_has_width_without_discordant_cases():
    pair = PairedProportions(30, 0, 0, 0, 0.0, 1.0, "exact")
    low, high = pair.confidence_interval()
    assert -1 <= low < 0 < high <= 1


def test_scores_are_refused_as_calls():
    with pytest.raises(DlrError, match="call_b must be coded 0"):
        compare_sensitivity_specificity([0, 1], [0, 1], [0.2, 0.7])


def test_missing_calls_are_refused():
    with pytest.raises(DlrError, match="call_a must not hold missing"):
        compare_sensitivity_specificity([0, 1], [0, np.nan], [0, 1])
