"""Splits keep subjects together, keep the outcome's share, and are drawn once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr.cohort.splits import draw_random_split, split_cohorts
from dlr.errors import InputError
from dlr.settings import SplitSettings


@pytest.fixture
def clinical() -> pd.DataFrame:
    generator = np.random.default_rng(1)
    subjects = np.repeat([f"S{i:03d}" for i in range(100)], 2)
    return pd.DataFrame(
        {
            "subject_id": subjects,
            "outcome": np.repeat(generator.integers(0, 2, 100), 2).astype(float),
            "center": np.where(np.arange(200) < 120, "A", "B"),
            "visit": pd.date_range("2020-01-01", periods=200).strftime("%Y-%m-%d"),
            "_row": range(2, 202),
        }
    )


def test_random_split_is_stratified_and_keeps_subjects_together(clinical: pd.DataFrame) -> None:
    drawn = draw_random_split(clinical, 0.7, seed=3)
    assert (drawn == "training").mean() == pytest.approx(0.7, abs=0.011)
    outcome = clinical.groupby("subject_id")["outcome"].max()
    shares = outcome.groupby(drawn).mean()
    assert abs(shares["training"] - shares["hold-out"]) < 0.03


def test_random_split_depends_on_the_seed_and_not_on_the_row_order(clinical: pd.DataFrame) -> None:
    shuffled = clinical.sample(frac=1, random_state=5)
    assert draw_random_split(shuffled, 0.7, 3).equals(draw_random_split(clinical, 0.7, 3))
    assert not draw_random_split(clinical, 0.7, 4).equals(draw_random_split(clinical, 0.7, 3))


def test_a_random_split_is_drawn_once_and_read_again(
    clinical: pd.DataFrame, tmp_path: Path
) -> None:
    settings = SplitSettings(method="random")
    path = tmp_path / "clinical.csv"
    first = split_cohorts(clinical, settings, 1, path)
    assert (tmp_path / "clinical.split.csv").is_file()
    again = split_cohorts(clinical, settings, 999, path)  # another seed does not draw anew
    assert first.equals(again)
    file = tmp_path / "clinical.split.csv"
    assert "hold-out" in file.read_text()
    file.write_text(file.read_text().replace("hold-out", "external"))  # of an earlier version
    assert first.equals(split_cohorts(clinical, settings, 1, path))
    added = pd.concat([clinical, clinical.iloc[[0]].assign(subject_id="NEW")])
    with pytest.raises(InputError, match="drawn before subject 'NEW' was added"):
        split_cohorts(added, settings, 1, path)


def test_split_by_date_puts_a_subject_where_it_was_seen_first(clinical: pd.DataFrame) -> None:
    clinical.loc[1, "visit"] = "2030-01-01"
    settings = SplitSettings(method="date", column="visit", before=date(2020, 4, 1))
    cohort = split_cohorts(clinical, settings, 0, Path("clinical.csv"))
    assert cohort.iloc[0] == cohort.iloc[1] == "training"
    assert cohort.iloc[-1] == "external"
    clinical.loc[5, "visit"] = "01.02.2020"
    with pytest.raises(InputError, match=r"'01\.02\.2020' is not a date; write it as YYYY-MM-DD"):
        split_cohorts(clinical, settings, 0, Path("clinical.csv"))


def test_split_by_center(clinical: pd.DataFrame) -> None:
    settings = SplitSettings(method="center", training_centers=("A",))
    cohort = split_cohorts(clinical, settings, 0, Path("clinical.csv"))
    assert set(clinical["center"][cohort == "training"]) == {"A"}
    wrong = SplitSettings(method="center", training_centers=("C",))
    with pytest.raises(InputError, match="no case has center 'C'; the centers are: A, B"):
        split_cohorts(clinical, wrong, 0, Path("clinical.csv"))
