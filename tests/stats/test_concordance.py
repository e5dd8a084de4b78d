"""Concordance of any ordered outcome."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, somersd

from dlr.errors import DlrError
from dlr.stats import auc, concordance


def test_binary_outcome_is_the_area():
    rng = np.random.default_rng(80)
    y, score = rng.random(70) < 0.4, rng.integers(0, 9, 70)
    assert concordance(y, score).c == pytest.approx(auc(y, score).value, rel=1e-14)


def test_fast_binary_form_equals_all_pairs():
    rng = np.random.default_rng(81)
    y, score = rng.random(70) < 0.4, rng.integers(0, 9, 70)
    fast, pairs = concordance(y, score), concordance(y * 2, score)
    assert fast.standard_deviation == pytest.approx(pairs.standard_deviation, rel=1e-12)
    assert fast.relevant_pairs == pairs.relevant_pairs


def test_continuous_outcome_without_ties_is_kendalls_tau():
    rng = np.random.default_rng(82)
    y = rng.normal(size=50)
    score = y + rng.normal(size=50)
    assert concordance(y, score).dxy == pytest.approx(kendalltau(y, score).statistic)


def test_ordinal_outcome_is_somers_d():
    rng = np.random.default_rng(83)
    y, score = rng.integers(0, 4, 60), rng.integers(0, 6, 60)
    assert concordance(y, score).dxy == pytest.approx(somersd(y, score).statistic)


def test_nothing_to_compare_is_an_error():
    with pytest.raises(DlrError, match="No pair of cases can be compared"):
        concordance([1, 1, 1], [1, 2, 3])
    with pytest.raises(DlrError, match="No pair of cases can be compared"):
        concordance([1, 2, 3], [5, 5, 5], exclude_ties=True)


def test_frame():
    assert concordance([0, 1, 2], [1, 2, 3]).to_frame()["c"][0] == 1.0
