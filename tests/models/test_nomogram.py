"""A nomogram gives the model's own probabilities back, whatever the model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.models.chart import study_nomogram
from dlr.models.clinical import DLR_SCORE, fit_clinical
from dlr.models.nomogram import Nomogram
from dlr.models.nomogram_terms import Term
from dlr.settings import ClinicalVariable
from dlr.stats import fit_logistic


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    random = np.random.default_rng(3)
    n = 240
    frame = pd.DataFrame(
        {
            "age": random.normal(50, 12, n).round(),
            "odi": random.uniform(0, 90, n),
            "leg": random.choice(["none", "one", "both"], n),
            "smoker": random.random(n) < 0.3,
        },
        index=[f"P{number:03d}" for number in range(n)],
    )
    log_odds = 0.04 * frame["odi"] - 0.05 * frame["age"] + (frame["leg"] == "both")
    frame["surgery"] = (random.random(n) < expit(log_odds)).astype(int)
    return frame


VARIABLES = ["age", "odi", "leg", "smoker"]


def test_probability_equals_that_of_the_model(patients) -> None:
    nomogram = Nomogram.fit(patients, "surgery", VARIABLES, references={"leg": "none"})
    design = patients[["age", "odi"]].assign(
        both=(patients["leg"] == "both").astype(float),
        one=(patients["leg"] == "one").astype(float),
        smoker=patients["smoker"].astype(float),
    )
    model = fit_logistic(design, patients["surgery"])
    expected = model.predict_probability(design)
    np.testing.assert_allclose(nomogram.probability(patients), expected, rtol=1e-9)
    assert nomogram.probability(patients).index.equals(patients.index)


def test_total_points_lead_to_the_probability(patients) -> None:
    nomogram = Nomogram.fit(patients, "surgery", VARIABLES)
    total = nomogram.total_points(patients)
    at = [nomogram.probability_at(value) for value in total]
    np.testing.assert_allclose(at, nomogram.probability(patients), rtol=1e-12)


def test_largest_axis_has_100_points_and_all_start_at_zero(patients) -> None:
    axes = Nomogram.fit(patients, "surgery", VARIABLES).axes
    assert max(max(axis.points) for axis in axes) == pytest.approx(100)
    for axis in axes:
        assert min(axis.points) == 0
        assert len(axis.points) == len(axis.ticks) == len(axis.texts)


def test_negative_coefficient_turns_the_axis_round(patients) -> None:
    age, odi, *_ = Nomogram.fit(patients, "surgery", VARIABLES).axes
    assert list(age.points) == sorted(age.points, reverse=True)
    assert list(odi.points) == sorted(odi.points)


def test_factor_with_a_negative_level() -> None:
    nomogram = Nomogram.from_coefficients(0.2, {}, {"arm": {"a": 0, "b": -2, "c": 1}}, (-1.8, 1.2))
    assert nomogram.axes[0].levels == ("a", "b", "c")
    assert nomogram.axes[0].points == pytest.approx((200 / 3, 0, 100))
    assert nomogram.probability({"arm": "b"}) == pytest.approx(expit(-1.8))


def test_one_variable_alone(patients) -> None:
    nomogram = Nomogram.fit(patients, "surgery", ["odi"])
    model = fit_logistic(patients[["odi"]], patients["surgery"])
    expected = model.predict_probability(patients[["odi"]])
    np.testing.assert_allclose(nomogram.probability(patients), expected, rtol=1e-9)
    assert nomogram.total_axis.ticks[-1] >= 100


def test_spline_gives_the_model_back(patients) -> None:
    nomogram = Nomogram.fit(patients, "surgery", ["odi", "leg"], splines={"odi": 5})
    assert len(nomogram.terms[0].knots) == 5
    risks = nomogram.probability(patients)
    # A logistic model with intercept reproduces the event rate.
    assert risks.mean() == pytest.approx(patients["surgery"].mean(), rel=1e-9)


def test_one_case_as_mapping_and_as_row(patients) -> None:
    nomogram = Nomogram.fit(patients, "surgery", VARIABLES)
    row = patients.iloc[5]
    assert nomogram.total_points(row) == pytest.approx(nomogram.total_points(patients).iloc[5])
    assert nomogram.probability(row.to_dict()) == nomogram.probability(row)
    assert list(nomogram.points(row).index) == VARIABLES


def test_a_value_beyond_its_axis_is_extrapolated() -> None:
    nomogram = Nomogram.from_coefficients(-1.0, {"x": (0.5, 0.0, 10.0)}, {}, (-1.0, 4.0))
    assert nomogram.points({"x": 12})["x"] == pytest.approx(120)
    assert nomogram.probability({"x": -4}) == pytest.approx(expit(-3))


def test_json_round_trip(patients) -> None:
    nomogram = Nomogram.fit(
        patients, "surgery", VARIABLES, splines={"age": 3}, labels={"surgery": "surgery"},
        risks=(0.1, 0.5),
    )  # fmt: skip
    again = Nomogram.from_dict(json.loads(json.dumps(nomogram.to_dict())))
    assert again == nomogram
    assert again.probability_axis == nomogram.probability_axis
    pd.testing.assert_series_equal(again.probability(patients), nomogram.probability(patients))


def test_labels_name_the_axes(patients) -> None:
    labels = {"odi": "Oswestry disability index (%)", "surgery": "surgery"}
    nomogram = Nomogram.fit(patients, "surgery", ["odi", "age"], labels=labels)
    assert [axis.label for axis in nomogram.axes] == [labels["odi"], "age"]
    assert nomogram.probability_axis.label == "Probability of surgery"


def test_incomplete_rows_are_left_out(patients) -> None:
    holes = patients.copy()
    holes.loc[holes.index[:20], "age"] = np.nan
    fitted = Nomogram.fit(holes, "surgery", ["age", "leg"])
    assert fitted == Nomogram.fit(patients.iloc[20:], "surgery", ["age", "leg"])


def test_categories_keep_their_order(patients) -> None:
    ordered = patients.copy()
    ordered["leg"] = pd.Categorical(ordered["leg"], ["none", "one", "both", "never seen"])
    nomogram = Nomogram.fit(ordered, "surgery", ["leg"])
    assert nomogram.axes[0].levels == ("none", "one", "both")


def test_variables_without_effect_still_draw() -> None:
    nomogram = Nomogram.from_coefficients(0.0, {"x": (0.0, 1.0, 2.0)}, {}, (0.0, 0.0))
    assert nomogram.total_points({"x": 1.5}) == 0
    assert nomogram.probability({"x": 1.5}) == 0.5


def test_order_of_the_axes() -> None:
    numbers, factors = {"x": (1.0, 0.0, 1.0)}, {"f": {"a": 0.0, "b": 1.0}}
    nomogram = Nomogram.from_coefficients(0.0, numbers, factors, (0.0, 2.0), order=["f", "x"])
    assert [axis.variable for axis in nomogram.axes] == ["f", "x"]
    with pytest.raises(DlrError, match="order must name each variable once: x, f"):
        Nomogram.from_coefficients(0.0, numbers, factors, (0.0, 2.0), order=["f"])


def test_separated_outcome_is_fitted_by_firth() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0), "y": [0] * 10 + [1] * 10})
    nomogram = Nomogram.fit(frame, "y", ["x"])
    assert np.isfinite(nomogram.scale)
    assert nomogram.probability(frame).is_monotonic_increasing


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"age": 40, "leg": "three"}, "'leg' must be one of both, none, one .* got 'three'"),
        ({"age": np.nan, "leg": "one"}, "'age' must be a finite number"),
        ({"age": 40, "leg": None}, "'leg' must be one of"),
        ({"age": 40}, "needs the variable 'leg'"),
    ],
)
def test_unreadable_case_is_one_clear_error(patients, case, message) -> None:
    nomogram = Nomogram.fit(patients, "surgery", ["age", "leg"])
    with pytest.raises(DlrError, match=message):
        nomogram.probability(case)


@pytest.mark.parametrize(
    ("variables", "options", "message"),
    [
        (["age", "bmi"], {}, "no column 'bmi'"),
        (["age", "age"], {}, "named once"),
        ([], {}, "at least one variable"),
        (["same"], {}, "'same' does not vary"),
        (["text"], {}, "'text' does not vary"),
        (["leg"], {"splines": {"leg": 3}}, "'leg', which is not a number"),
        (["age"], {"references": {"age": "50"}}, "'age', which is not a factor"),
        (["leg"], {"references": {"leg": "left"}}, "'left' of 'leg' does not occur"),
        (["age"], {"splines": {"age": 9}}, "3 to 7 knots, got 9"),
        (["age"], {"risks": (0.5, 1.0)}, "strictly between 0 and 1"),
    ],
)
def test_model_that_cannot_be_fitted(patients, variables, options, message) -> None:
    frame = patients.assign(same=1.0, text="a")
    with pytest.raises(DlrError, match=message):
        Nomogram.fit(frame, "surgery", variables, **options)


def test_terms_refuse_what_cannot_be_drawn() -> None:
    with pytest.raises(DlrError, match="'f' needs 2 coefficients, got 1"):
        Term("f", "f", (0.0,), levels=("a", "b"))
    with pytest.raises(DlrError, match="'x' needs finite coefficients and a range"):
        Term("x", "x", (np.nan,), 0.0, 1.0)
    with pytest.raises(DlrError, match="finite intercept"):
        Nomogram.from_coefficients(np.inf, {"x": (1.0, 0.0, 1.0)}, {}, (0.0, 1.0))


def test_table_of_all_ticks(patients) -> None:
    frame = Nomogram.fit(patients, "surgery", ["leg"]).to_frame()
    assert list(frame.columns) == ["variable", "label", "value", "points"]
    assert set(frame["variable"]) == {"leg", "total", "log_odds", "probability"}


SETTINGS = {
    "age": ClinicalVariable(type="continuous", label="Age (years)"),
    "leg": ClinicalVariable(type="categorical", reference="none"),
}


def make_config() -> StudyConfig:
    """Return the settings of a study with two clinical variables."""
    return StudyConfig.model_validate(
        {
            "name": "Disc herniation",
            "images": "images.csv",
            "clinical": "clinical.csv",
            "outcome": {"column": "surgery", "positive": 1, "label": "surgery"},
            "views": {"sag": {}},
            "clinical_variables": SETTINGS,
        }
    )


def test_study_nomogram_gives_the_scores_of_the_clinical_model(patients) -> None:
    random = np.random.default_rng(0)
    score = pd.Series(random.normal(patients["surgery"] * 2, 1), patients.index)
    clinical = patients[["age", "leg"]].copy()
    clinical.iloc[3, 0] = np.nan
    model = fit_clinical(clinical, patients["surgery"], ("age", "leg"), SETTINGS, score)
    chart = study_nomogram(model, clinical, score, make_config())
    cases = model.encoder.complete(clinical).assign(**{DLR_SCORE: score})
    expected = expit(model.score(clinical, score))
    np.testing.assert_allclose(chart.probability(cases), expected, rtol=1e-9)
    assert [axis.label for axis in chart.axes] == ["Age (years)", "leg", "DLR score (log-odds)"]
    assert chart.axes[2].ticks[0] <= score.min() <= score.max() <= chart.axes[2].ticks[-1]
    assert study_nomogram(None, clinical, score, make_config()) is None
