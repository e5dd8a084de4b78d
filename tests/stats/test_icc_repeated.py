"""Agreement of more than two ratings, against psych's ICC in R."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.stats import icc_repeated

# psych::ICC(lmer = FALSE): the first and third rows are the forms (1,1) and (3,1)
ROWS = {"1,1": 0, "3,1": 2}


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("name", ["shrout_fleiss", "negative", "near_one_small_rater_variance"])
def test_many_raters_agree_as_in_psych(reference_root: Path, name: str, form: str) -> None:
    expected = json.loads((reference_root / "icc.json").read_text(encoding="utf-8"))[name]
    ratings = np.asarray(expected["ratings_subjects_x_raters"], dtype=float)
    tables = [pd.DataFrame({"x": column, "y": 3 * column - 1}) for column in ratings.T]
    found = icc_repeated(tables, form).to_frame()
    row = ROWS[form]
    want = [expected[key][row] for key in ("ICC", "lower95", "upper95", "F", "p")]
    for feature in ("x", "y"):  # neither scale nor origin matters
        got = found.loc[feature, ["icc", "low", "high", "f", "p_value"]].to_numpy(dtype=float)
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9)
        assert found.loc[feature, "n"] == len(ratings)


def test_a_missing_rating_leaves_out_the_case_for_that_feature() -> None:
    generator = np.random.default_rng(0)
    tables = [pd.DataFrame(generator.normal(size=(12, 2)), columns=["a", "b"]) for _ in range(5)]
    complete = icc_repeated([table.drop(index=3) for table in tables], "3,1").to_frame()
    whole = icc_repeated(tables, "3,1").to_frame()
    tables[4].loc[3, "a"] = np.nan
    found = icc_repeated(tables, "3,1").to_frame()
    assert found.loc["a", "icc"] == pytest.approx(complete.loc["a", "icc"], rel=1e-12)
    assert found.loc["b", "icc"] == whole.loc["b", "icc"]
    assert found["n"].tolist() == [11, 12]


def test_features_without_two_cases_or_variation_say_why() -> None:
    tables = [pd.DataFrame({"gone": [1.0, np.nan, np.nan], "flat": 2.0}) for _ in range(3)]
    found = icc_repeated(tables).to_frame()
    assert found["icc"].isna().all()
    assert found.loc["gone", "note"] == "only 1 case(s) measured in all ratings"
    assert found.loc["flat", "note"] == "not defined: all values are the same"


def test_an_unknown_form_is_refused() -> None:
    tables = [pd.DataFrame({"a": [1.0, 2.0]})] * 2
    with pytest.raises(DlrError, match="form"):
        icc_repeated(tables, "4,1")
