"""Intraclass correlation: definitions, thousands of features, degenerate readings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.stats import icc, icc_table
from dlr.stats.icc import FORMS

# Shrout & Fleiss 1979, tables 2 and 4
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
PUBLISHED = {"1,1": 0.17, "2,1": 0.29, "3,1": 0.71, "1,k": 0.44, "2,k": 0.62, "3,k": 0.91}


def two_readers(n: int = 30, m: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(1)
    names = [f"feature{i}" for i in range(m)]
    first = pd.DataFrame(rng.normal(size=(n, m)), columns=names)
    return first, first + rng.normal(size=(n, m)) * np.linspace(0.1, 2, m)


@pytest.mark.parametrize("form", FORMS)
def test_published_example(form):
    assert round(icc(RATINGS, form).value, 2) == PUBLISHED[form]


def test_default_is_absolute_agreement_of_one_reader():
    assert icc(RATINGS).form == "2,1"
    assert list(icc(RATINGS).all_forms().index) == list(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_table_equals_feature_by_feature(form):
    first, second = two_readers()
    table = icc_table(first, second, form).to_frame(0.9)
    for name in first:
        one = icc(np.column_stack([first[name], second[name]]), form)
        low, high = one.confidence_interval(0.9)
        want = [one.value, low, high, one.f, one.p_value]
        got = table.loc[name, ["icc", "low", "high", "f", "p_value"]].to_numpy(dtype=float)
        np.testing.assert_allclose(got, want, rtol=1e-11)


def test_intervals_hold_the_estimate_and_widen_with_the_level():
    table = icc_table(*two_readers())
    narrow, wide = table.to_frame(0.8), table.to_frame(0.99)
    assert (wide["low"] < narrow["low"]).all()
    assert narrow["icc"].between(narrow["low"], narrow["high"]).all()
    assert (narrow["high"] < wide["high"]).all()


def test_shift_lowers_agreement_but_not_consistency():
    first, second = two_readers()
    shifted = second + 5
    assert (icc_table(first, shifted).values < icc_table(first, second).values).all()
    np.testing.assert_allclose(
        icc_table(first, shifted, "3,1").values, icc_table(first, second, "3,1").values
    )


def test_large_offset_costs_no_digits():
    first, second = two_readers()
    moved = icc_table(first + 1e6, second + 1e6).values
    np.testing.assert_allclose(moved, icc_table(first, second).values, rtol=1e-8)


def test_missing_values_leave_out_the_case_for_that_feature_only():
    first, second = two_readers()
    second.loc[3, "feature2"] = np.nan
    first.loc[[5, 9], "feature2"] = np.inf
    table = icc_table(first, second).to_frame()
    rows = first.index.difference([3, 5, 9])
    want = icc(np.column_stack([first.loc[rows, "feature2"], second.loc[rows, "feature2"]]))
    assert table.loc["feature2", "icc"] == pytest.approx(want.value, rel=1e-12)
    assert table["n"].tolist() == [30, 30, 27, 30, 30, 30, 30]


def test_constants_among_thousands_of_features_are_named():
    rng = np.random.default_rng(0)
    first = pd.DataFrame(rng.normal(size=(40, 3000)))
    second = first + rng.normal(size=first.shape)
    for column, value in ((10, 3.3), (20, 0.0), (30, 1e9 / 3)):
        first[column] = second[column] = value
    first[40], second[40] = 0.1, 0.2  # each reader sees one value, and not the same
    first.loc[1:, 50] = np.nan
    table = icc_table(first, second).to_frame()
    assert table.index[table["icc"].isna()].tolist() == ["10", "20", "30", "50"]
    assert table.loc["30", "note"] == "not defined: all values are the same"
    assert table.loc["50", "note"] == "only 1 case(s) measured by both readers"
    assert table.loc["40", "icc"] == 0
    assert "no reader's values differ" in table.loc["40", "note"]
    assert (table.drop(index=["10", "20", "30", "40", "50"])["note"] == "").all()


@pytest.mark.parametrize("form", FORMS)
def test_perfect_agreement(form):
    values = np.array([0.1, 0.7, 1 / 3, 9e5])
    result = icc(np.column_stack([values, values, values]), form)
    assert result.value == 1
    assert tuple(result.confidence_interval()) == (1, 1)
    assert result.p_value == 0


def test_two_cases_are_enough():
    frame = icc([[1, 1], [2, 2.5]]).all_forms()
    assert np.isfinite(frame[["icc", "low", "high", "p_value"]].to_numpy()).all()


def test_limits_beyond_the_possible_range_are_noted():
    bad = icc([[1, 4], [4, 2], [2, 3], [3, 1], [5, 3], [2, 5]], "2,k").confidence_interval()
    assert bad.note == "the limits mean nothing: the single-reader limit lies below -1/(k-1)"


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ([1, 2, 3], "at least 2 subjects"),
        ([[1], [2]], r"shape \(2, 1\)"),
        ([[1, 2]], "at least 2 subjects"),
        ([[1, np.nan], [1, 2]], "row 0, column 1"),
        ([["a", "b"], ["c", "d"]], "numbers only"),
    ],
)
def test_unusable_ratings_are_refused(ratings, message):
    with pytest.raises(DlrError, match=message):
        icc(ratings)


def test_unlike_readers_are_refused():
    first, second = two_readers()
    with pytest.raises(DlrError, match="only one of the two readers has the feature 'feature3'"):
        icc_table(first, second.drop(columns="feature3"))
    with pytest.raises(DlrError, match="same cases in the same order"):
        icc_table(first, second.iloc[::-1])
    with pytest.raises(DlrError, match="form must be one of"):
        icc_table(first, second, "A,1")
    pd.testing.assert_series_equal(
        icc_table(first, second[second.columns[::-1]]).values, icc_table(first, second).values
    )


def test_plot_draws_the_gate():
    ax = icc_table(*two_readers()).plot(threshold=0.8)
    assert ax.get_ylabel() == "Features"
