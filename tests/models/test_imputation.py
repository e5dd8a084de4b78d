"""Imputation: rules stated, nothing learnt from judged cases, the same after JSON."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

from dlr.errors import DlrError
from dlr.models.imputation import FillImputer
from dlr.models.iterative_imputation import IterativeFill

IMPUTERS = [FillImputer(), IterativeFill()]


def table(n: int = 80, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    factor = random.normal(size=n)
    frame = pd.DataFrame(
        {
            "a": factor * 1e6,
            "b": factor + random.normal(0, 0.2, n),
            "c": random.normal(size=n),
            "grade": np.where(factor > 0, "high", "low").astype(object),
        },
        index=pd.Index([f"case{i}" for i in range(n)], name="case_id"),
    )
    frame.loc[random.random(n) < 0.2, "a"] = np.nan
    frame.loc[random.random(n) < 0.1, "b"] = np.nan
    frame.loc[random.random(n) < 0.1, "grade"] = None
    return frame


def test_medians_most_frequent_levels_and_marks() -> None:
    frame = pd.DataFrame(
        {"x": [1.0, 2.0, np.nan, 9.0], "level": ["b", "a", None, None], "full": [1, 2, 3, 4]}
    )
    imputer = FillImputer().fit(frame)
    result = imputer.transform(frame)
    assert list(result) == ["x", "level", "full", "x__missing", "level__missing"]
    assert list(imputer.get_feature_names_out()) == list(result)
    assert result["x"].tolist() == [1, 2, 2, 9]
    assert result["level"].tolist() == ["b", "a", "a", "a"]
    assert result["x__missing"].tolist() == [0, 0, 1, 0]
    assert imputer.missing_["n_missing"].tolist() == [1, 2, 0]
    assert imputer.missing_["share"].tolist() == [0.25, 0.5, 0]
    assert imputer.missing_["rule"].tolist() == ["median", "most frequent", "median"]
    assert list(FillImputer(indicators=False).fit_transform(frame)) == ["x", "level", "full"]


@pytest.mark.parametrize("imputer", IMPUTERS)
def test_columns_without_any_value_are_dropped_and_named(imputer: FillImputer) -> None:
    frame = table().assign(empty=np.nan)
    model = clone(imputer).fit(frame)
    assert model.empty_ == ("empty",)
    assert model.missing_.loc["empty", "rule"] == "dropped"
    later = frame.assign(empty=1.0)
    assert "empty" not in model.transform(later)
    assert not any("empty" in name for name in model.get_feature_names_out())


@pytest.mark.parametrize("imputer", IMPUTERS)
def test_a_case_is_filled_alike_whatever_comes_with_it(imputer: FillImputer) -> None:
    frame = table()
    model = clone(imputer).fit(frame.iloc[:50])
    together = model.transform(frame)
    alone = pd.concat([model.transform(frame.iloc[[i]]) for i in range(len(frame))])
    pd.testing.assert_frame_equal(alone, together, rtol=1e-12)
    assert together.notna().all().all()
    assert together.index.equals(frame.index)
    spoilt = frame.copy()
    spoilt.iloc[50:, 2] = 1e9
    again = clone(imputer).fit(spoilt.iloc[:50]).transform(frame)
    pd.testing.assert_frame_equal(again, together)


@pytest.mark.parametrize("imputer", IMPUTERS)
def test_known_values_stay_and_the_state_survives_json(imputer: FillImputer) -> None:
    frame = table()
    model = clone(imputer).fit(frame)
    result = model.transform(frame)
    known = frame.notna()
    for name in ("a", "b", "c"):
        np.testing.assert_array_equal(result.loc[known[name], name], frame.loc[known[name], name])
    back = type(imputer).from_dict(json.loads(json.dumps(model.to_dict())))
    pd.testing.assert_frame_equal(back.transform(frame), result)
    pd.testing.assert_frame_equal(back.missing_, model.missing_)


@pytest.mark.parametrize("imputer", IMPUTERS)
def test_absent_columns_and_gaps_that_training_had_not(imputer: FillImputer) -> None:
    frame = table()
    model = clone(imputer).fit(frame)
    with pytest.raises(DlrError, match="fitted on the column 'c', which is absent"):
        model.transform(frame.drop(columns="c"))
    hole = frame.copy()
    hole.iloc[0, 2] = np.nan
    result = model.transform(hole)
    assert result["c"].iloc[0] == pytest.approx(frame["c"].median())
    assert "c__missing" not in result


def test_regression_follows_the_other_columns() -> None:
    frame = table()
    truth = frame["b"] * 1e6
    gaps = frame["a"].isna() & frame["b"].notna()
    model = IterativeFill(seed=1).fit(frame)
    result = model.transform(frame)
    error = (result["a"] - truth)[gaps].abs().mean()
    plain = (FillImputer().fit_transform(frame)["a"] - truth)[gaps].abs().mean()
    assert error < plain / 2
    assert result["a"].between(frame["a"].min(), frame["a"].max()).all()
    assert model.missing_.loc["a", "rule"] == "regression"
    assert model.missing_.loc["c", "rule"] == "median"
    assert model.missing_.loc["grade", "rule"] == "most frequent"
    again = IterativeFill(seed=1).fit(frame)
    pd.testing.assert_frame_equal(again.transform(frame), result)


def test_the_kept_regressions_are_those_of_scikit_learn() -> None:
    frame = table()[["a", "b", "c"]]
    ours = IterativeFill(indicators=False, cycles=60).fit(frame)
    scaled = (frame - ours.mean_) / ours.scale_
    low, high = (frame.min() - ours.mean_) / ours.scale_, (frame.max() - ours.mean_) / ours.scale_
    theirs = IterativeImputer(
        max_iter=60, initial_strategy="median", skip_complete=True, random_state=0,
        min_value=low.to_numpy(), max_value=high.to_numpy(),
    ).fit(scaled.to_numpy())  # fmt: skip
    new = table(seed=1)[["a", "b", "c"]]
    expected = theirs.transform(((new - ours.mean_) / ours.scale_).to_numpy())
    np.testing.assert_allclose(ours.transform(new), expected * ours.scale_ + ours.mean_, rtol=1e-9)
    assert ours.converged_


def test_many_columns_take_only_some_as_predictors() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(60, 40)) + random.normal(size=(60, 1))
    values[random.random(values.shape) < 0.05] = np.nan
    frame = pd.DataFrame(values, columns=[f"f{j}" for j in range(40)])
    model = IterativeFill(neighbours=5, cycles=3).fit(frame)
    assert {len(step.sources) for step in model.steps_} == {5}
    assert not model.converged_
    assert model.transform(frame).notna().all().all()


def test_flat_and_lonely_columns_do_no_harm() -> None:
    frame = pd.DataFrame({"flat": [2.0, 2.0, np.nan, 2.0], "x": [1.0, 5.0, 2.0, np.nan]})
    result = IterativeFill(indicators=False).fit_transform(frame)
    assert result["flat"].tolist() == [2, 2, 2, 2]
    assert 1 <= result["x"].iloc[3] <= 5
    lonely = IterativeFill(indicators=False).fit_transform(frame[["x"]])
    assert lonely["x"].iloc[3] == 2.0
    texts = pd.DataFrame({"t": ["a", None, "a"]})
    assert IterativeFill(indicators=False).fit_transform(texts)["t"].tolist() == ["a", "a", "a"]
