"""The simulated clinical table reproduces the published one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlr.cohort.simulation import cell_sizes, draw_clinical, published_variables
from dlr.cohort.simulation.clinical import draw_standardised, largest_remainder
from dlr.cohort.simulation.published import CELLS, PUBLISHED_SIZES
from dlr.errors import DlrError

CATEGORICAL = [name for name, variable in published_variables().items() if variable.categorical]
CONTINUOUS = [name for name in published_variables() if name not in CATEGORICAL]


def rows_of(frame: pd.DataFrame, cell: tuple[str, str]) -> pd.DataFrame:
    return frame[(frame["cohort"] == cell[0]) & (frame["surgery"] == cell[1])]


@pytest.fixture(scope="module")
def full() -> pd.DataFrame:
    return draw_clinical(cell_sizes(1066, 191), seed=3)


def test_published_table_has_its_42_variables() -> None:
    assert len(CATEGORICAL) == 28
    assert len(CONTINUOUS) == 14


@pytest.mark.parametrize("name", CATEGORICAL)
def test_published_counts_add_up_to_the_group_sizes(name: str) -> None:
    variable = published_variables()[name]
    for cell in CELLS:
        assert sum(variable.counts[cell]) == PUBLISHED_SIZES[cell]


def test_msu_totals_are_closed_through_row_2b() -> None:
    # Printed: 121 and 99, which sum to 663 of 662 and 402 of 404 patients.
    msu = published_variables()["msu"]
    row = msu.levels.index("2B")
    assert msu.counts["training", "conservative"][row] == 120
    assert msu.counts["training", "surgical"][row] == 101


@pytest.mark.parametrize("name", CATEGORICAL)
def test_full_size_has_exactly_the_published_counts(full: pd.DataFrame, name: str) -> None:
    variable = published_variables()[name]
    for cell in CELLS:
        counts = rows_of(full, cell)[name].value_counts()
        drawn = tuple(int(counts.get(level, 0)) for level in variable.levels)
        assert drawn == variable.counts[cell]


def test_full_size_gives_published_odds_ratios(full: pd.DataFrame) -> None:
    # The published univariate odds ratios of weakened strength (4.818) and Modic change (2.443)
    # follow from the counts of the training cohort.
    training = full[full["cohort"] == "training"]
    for name, expected in (("weakness", 4.818), ("modic", 2.443)):
        table = pd.crosstab(training[name], training["surgery"])
        odds = table["surgical"] / table["conservative"]
        assert odds["yes"] / odds["no"] == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("size", [(1066, 191), (60, 30), (11, 11)])
def test_continuous_variables_have_the_published_mean_and_sd(size: tuple[int, int]) -> None:
    frame = draw_clinical(cell_sizes(*size), seed=5)
    for name in CONTINUOUS:
        variable = published_variables()[name]
        low, high = variable.bounds
        assert frame[name].between(low, high).all()
        for cell in CELLS:
            values = rows_of(frame, cell)[name]
            mean, sd = variable.moments[cell]
            # Values are rounded to three decimals.
            assert values.mean() == pytest.approx(mean, abs=1e-3)
            assert values.std() == pytest.approx(sd, abs=1e-3)


@given(size=st.integers(3, 60), seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_standardised_draw_is_exact_and_bounded(size: int, seed: int) -> None:
    # Age of the surgical training group: the upper bound is only 1.3 SD above the mean.
    rng = np.random.default_rng(seed)
    values = draw_standardised(size, 33.45, 7.99, (16.0, 44.0), rng)
    assert values.mean() == pytest.approx(33.45, abs=1e-8)
    assert values.std(ddof=1) == pytest.approx(7.99, abs=1e-8)
    assert values.min() >= 16.0
    assert values.max() <= 44.0


def test_impossible_moments_are_refused() -> None:
    with pytest.raises(DlrError, match="no 20 values between 0 and 1 were found"):
        draw_standardised(20, 0.5, 0.52, (0, 1), np.random.default_rng(0))


@given(weights=st.lists(st.integers(0, 50), min_size=1, max_size=8), total=st.integers(0, 500))
@settings(max_examples=60, deadline=None)
def test_largest_remainder_keeps_the_total_and_the_share(weights: list[int], total: int) -> None:
    if sum(weights) == 0:
        return
    counts = largest_remainder(weights, total)
    assert sum(counts) == total
    shares = np.array(weights) * total / sum(weights)
    assert np.all(np.abs(np.array(counts) - shares) < 1 + 1e-6)


def test_small_cohort_keeps_the_prevalence() -> None:
    sizes = cell_sizes(60, 30)
    assert sizes["training", "surgical"] == 23
    assert sizes["external", "surgical"] == 7


def test_cohort_without_three_of_an_outcome_is_refused() -> None:
    with pytest.raises(DlrError, match="n_external=8 leaves 2 patients with the rarer outcome"):
        cell_sizes(60, 8)
    cell_sizes(11, 11)


def test_rows_are_identified_and_outcomes_are_mixed(full: pd.DataFrame) -> None:
    assert full["subject_id"].is_unique
    assert full["subject_id"].iloc[0] == "S0001"
    assert set(full.loc[full["cohort"] == "training", "center"]) == {"A"}
    assert set(full.loc[full["cohort"] == "external", "center"]) == {"B"}
    assert 0.2 < (full["surgery"].iloc[:200] == "surgical").mean() < 0.6


def test_seed_decides_the_table() -> None:
    sizes = cell_sizes(20, 11)
    pd.testing.assert_frame_equal(draw_clinical(sizes, 1), draw_clinical(sizes, 1))
    assert not draw_clinical(sizes, 1).equals(draw_clinical(sizes, 2))
