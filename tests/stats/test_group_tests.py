"""Classical tests: exactness, and what they say when they cannot be done."""

from __future__ import annotations

from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from scipy import stats

from dlr.errors import DlrError
from dlr.stats import _fisher
from dlr.stats.group_tests import (
    GroupTest,
    analysis_of_variance,
    chi_squared_test,
    fisher_exact_test,
    kruskal_wallis_test,
    mann_whitney_test,
    mcnemar_test,
    shapiro_wilk_test,
    spearman_test,
    t_test,
)


def all_tables(rows: list[int], columns: list[int]) -> list[np.ndarray]:
    """List every table with these margins, the slow and certain way."""
    cells = [range(min(r, c) + 1) for r, c in product(rows, columns)]
    shape = len(rows), len(columns)
    tables = (np.reshape(values, shape) for values in product(*cells))
    return [t for t in tables if list(t.sum(1)) == rows and list(t.sum(0)) == columns]


def probability(table: np.ndarray) -> float:
    margins = prod(factorial(int(total)) for total in [*table.sum(0), *table.sum(1)])
    return margins / factorial(int(table.sum())) / prod(factorial(int(x)) for x in table.ravel())


@pytest.mark.parametrize(
    "table",
    [
        [[3, 1], [1, 4]],
        [[2, 0], [1, 3], [0, 2]],
        [[3, 0, 1], [0, 2, 1]],
        [[2, 1, 0], [0, 1, 2], [1, 0, 1]],
        [[1, 0], [0, 1], [2, 2], [1, 1], [0, 2]],
    ],
)
def test_fisher_adds_up_all_tables_at_most_as_likely(table):
    observed = np.array(table)
    every = [probability(t) for t in all_tables(list(observed.sum(1)), list(observed.sum(0)))]
    assert sum(every) == pytest.approx(1)
    want = sum(p for p in every if p <= probability(observed) * (1 + 1e-7))
    assert fisher_exact_test(table).p_value == pytest.approx(want, rel=1e-11)


def test_fisher_does_not_depend_on_the_orientation():
    table = np.random.default_rng(0).integers(0, 9, (5, 3))
    p_value = fisher_exact_test(table).p_value
    assert fisher_exact_test(table.T).p_value == pytest.approx(p_value, rel=1e-10)
    shuffled = table[[4, 0, 2, 3, 1]][:, [2, 0, 1]]
    assert fisher_exact_test(shuffled).p_value == pytest.approx(p_value, rel=1e-10)


def test_fisher_simulates_what_it_cannot_list(monkeypatch):
    table = [[9, 4, 2], [3, 8, 5], [4, 2, 9]]
    exact = fisher_exact_test(table)
    assert exact.note == ""
    monkeypatch.setattr(_fisher, "MOST_SUBTABLES", 10)
    simulated = fisher_exact_test(table)
    assert "simulated with 200,000" in simulated.note
    assert simulated.p_value == pytest.approx(exact.p_value, abs=4e-3)
    assert simulated.p_value == fisher_exact_test(table).p_value


def test_fisher_with_a_cell_of_zero_has_an_open_interval():
    low, high = fisher_exact_test([[0, 5], [6, 2]]).confidence_interval()
    assert low == 0
    assert 0 < high < 1


@pytest.mark.parametrize("equal", [True, False])
def test_t_interval_holds_exactly_what_the_test_accepts(equal):
    rng = np.random.default_rng(3)
    a, b = rng.normal(1, 1, 20), rng.normal(0, 2, 35)
    low, high = t_test(a, b, equal).confidence_interval(0.9)
    for shift in (low, high):
        assert t_test(a - shift, b, equal).p_value == pytest.approx(0.1, rel=1e-9)
    want = stats.ttest_ind(a, b, equal_var=equal)
    assert t_test(a, b, equal).p_value == pytest.approx(want.pvalue, rel=1e-12)


def test_mann_whitney_estimates_who_is_larger():
    test = mann_whitney_test([1, 2, 3], [3, 4])
    assert test.statistic == 0.5
    assert test.estimate == pytest.approx(1 / 12)
    assert mann_whitney_test([3, 4], [1, 2, 3]).estimate == pytest.approx(11 / 12)


def test_shapiro_wilk_gives_way_beyond_its_range():
    test = shapiro_wilk_test(np.random.default_rng(0).normal(size=6000))
    assert test.test == "D'Agostino-Pearson test"
    assert test.p_value > 0.01


@pytest.mark.parametrize(
    ("test", "note"),
    [
        (lambda: t_test([1], [1, 2]), "a group has fewer than two values"),
        (lambda: t_test([1, 1], [2, 2]), "no group varies"),
        (lambda: t_test([0.1] * 3, [0.1] * 9), "no group varies"),
        (lambda: mann_whitney_test([], [1]), "a group is empty"),
        (lambda: kruskal_wallis_test([1, 1], [1, 1]), "all values are the same"),
        (lambda: kruskal_wallis_test([1, 2], []), "a group is empty"),
        (lambda: analysis_of_variance([1], [2]), "too few values"),
        (lambda: analysis_of_variance([1, 1], [2, 2]), "no group varies"),
        (lambda: shapiro_wilk_test([1, 2]), "fewer than three values"),
        (lambda: shapiro_wilk_test([2, 2, 2]), "all values are the same"),
        (lambda: spearman_test([1, 2], [1, 2]), "fewer than three cases"),
        (lambda: spearman_test([1, 2, 3], [4, 4, 4]), "does not vary"),
        (lambda: chi_squared_test([[3, 4], [0, 0]]), "only one row or column"),
        (lambda: fisher_exact_test([[3, 0], [2, 0]]), "only one row or column"),
    ],
)
def test_what_cannot_be_done_says_why(test, note):
    result: GroupTest = test()
    assert np.isnan(result.p_value)
    assert result.note.startswith("not done: ")
    assert note in result.note
    assert np.isnan(list(result.confidence_interval())).all()
    assert len(result.to_frame()) == 1


def test_nothing_varying_is_no_difference_by_ranks():
    test = mann_whitney_test([2, 2], [2, 2, 2])
    assert (test.p_value, test.estimate, test.note) == (1.0, 0.5, "all values are the same")


def test_calls_that_never_differ():
    assert mcnemar_test([[5, 0], [0, 7]]).p_value == 1


def test_perfect_correlation():
    assert spearman_test([1, 2, 3, 4], [2, 4, 6, 9]).estimate == pytest.approx(1)
    assert spearman_test([1, 2, 3, 4], [9, 6, 4, 2]).p_value == pytest.approx(0, abs=1e-12)
    assert spearman_test([1, 2, 3, 4], [2, 4, 6, 9], "exact").p_value == pytest.approx(2 / 24)


def test_sparse_table_is_warned_about():
    assert "expected count is only 1.2" in chi_squared_test([[2, 3], [2, 9]]).note


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chi_squared_test([[1, -1], [2, 2]]), "whole numbers from 0"),
        (lambda: chi_squared_test([[1.5, 1], [2, 2]]), "whole numbers from 0"),
        (lambda: chi_squared_test([1, 2]), "rows and columns"),
        (lambda: mcnemar_test([[1, 2, 3], [4, 5, 6]]), "2 x 2 table"),
        (lambda: mcnemar_test([[1, 2], [3, 4]], "mid-p"), "method must be one of"),
        (lambda: kruskal_wallis_test([1, 2]), "at least two groups"),
        (lambda: analysis_of_variance([1, 2]), "at least two groups"),
        (lambda: spearman_test(range(12), range(12), "exact"), "at most 9 cases"),
        (lambda: spearman_test([1, 1, 2], [1, 2, 3], "exact"), "without ties"),
        (lambda: t_test([1, np.nan], [1, 2]), "a must not hold missing"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(DlrError, match=message):
        call()
