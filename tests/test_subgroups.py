"""Judging a score in groups of cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr.cohort.values import with_gaps
from dlr.errors import DlrError
from dlr.settings import ClinicalVariable
from dlr.stats import auc, calibration, classification_metrics, delong_test_unpaired
from dlr.subgroups import SubgroupColumn, SubgroupTable, judge_subgroups


def make_scores(n: int = 300, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    score = random.normal(size=n)
    return pd.DataFrame(
        {
            "case_id": [f"c{number:03d}" for number in range(n)],
            "subject_id": [f"s{number:03d}" for number in range(n)],
            "feature_set": "DLR",
            "outcome": (random.random(n) < expit(score)).astype(float),
            "score": score,
            "probability": expit(score),
        }
    )


def make_values(scores: pd.DataFrame, choices: list[str]) -> pd.Series:
    cells = [choices[number % len(choices)] for number in range(len(scores))]
    return pd.Series(cells, index=scores["case_id"])


def judge(scores: pd.DataFrame, values: pd.Series, text: str = "sex") -> SubgroupTable:
    return judge_subgroups(scores, values, SubgroupColumn.parse(text), 0.5)


def test_each_group_has_the_numbers_of_its_cases_alone() -> None:
    scores = make_scores()
    values = make_values(scores, ["female", "male", "male"])
    table = judge(scores, values).table.set_index("group")
    for group in ("female", "male"):
        rows = scores[(values == group).to_numpy()]
        area = auc(rows["outcome"], rows["score"])
        measured = calibration(rows["outcome"], rows["probability"])
        calls = classification_metrics(rows["outcome"], rows["probability"], 0.5)
        row = table.loc[group]
        assert row["n"] == len(rows)
        assert row["auc"] == area.value
        assert (row["auc_low"], row["auc_high"]) == tuple(area.confidence_interval())
        assert row["calibration_slope"] == pytest.approx(measured.slope, rel=1e-9)
        assert row["calibration_in_the_large"] == pytest.approx(
            measured.calibration_in_the_large, rel=1e-9
        )
        assert row["sensitivity"] == calls.sensitivity.value


def test_the_test_of_two_groups_is_that_of_unpaired_delong() -> None:
    scores = make_scores()
    values = make_values(scores, ["a", "b"])
    first, second = (scores[(values == group).to_numpy()] for group in "ab")
    pair = delong_test_unpaired(
        first["outcome"], first["score"], second["outcome"], second["score"]
    )
    found = judge(scores, values).heterogeneity.loc["auc"]
    assert found["statistic"] == pytest.approx(pair.statistic**2, rel=1e-9)


def test_the_score_that_works_in_one_group_only_is_found() -> None:
    scores = make_scores(600)
    values = make_values(scores, ["a", "b"])
    random = np.random.default_rng(1)
    spoilt = (values == "b").to_numpy()
    scores.loc[spoilt, "score"] = random.normal(size=spoilt.sum())
    assert judge(scores, values).heterogeneity["p_value"]["auc"] < 0.01


def test_numbers_of_many_values_are_cut_into_thirds() -> None:
    scores = make_scores()
    age = pd.Series(np.linspace(20, 80, 300).round(1).astype(str), index=scores["case_id"])
    table = judge(scores, age, "age").table
    assert list(table["group"]) == ["<40.03", "40.03 to <59.97", "≥59.97"]
    assert table["n"].tolist() == [100, 100, 100]


def test_given_edges_are_kept_and_belong_to_the_upper_band() -> None:
    scores = make_scores()
    age = make_values(scores, ["39.9", "40", "60", "70"])
    table = judge(scores, age, "age:40,60").table
    assert list(table["group"]) == ["<40", "40 to <60", "≥60"]
    assert table["n"].tolist() == [75, 75, 150]


def test_few_numbers_are_levels_in_their_order() -> None:
    scores = make_scores()
    table = judge(scores, make_values(scores, ["10", "9", "2"]), "grade").table
    assert list(table["group"]) == ["2", "9", "10"]


def test_missing_values_are_a_group_that_is_not_compared() -> None:
    scores = make_scores()
    found = judge(scores, with_gaps(make_values(scores, ["a", "b", "NA"])))
    assert list(found.table["group"]) == ["a", "b", "not known"]
    assert found.heterogeneity["degrees_of_freedom"]["auc"] == 1


def test_a_group_of_one_outcome_says_so() -> None:
    scores = make_scores(60)
    values = make_values(scores, ["a", "b"])
    scores.loc[(values == "b").to_numpy(), "outcome"] = 0.0
    found = judge(scores, values)
    row = found.table.set_index("group").loc["b"]
    assert np.isnan(row["auc"])
    assert row["note"] == "all cases have the same outcome"
    assert np.isnan(found.heterogeneity["p_value"]["auc"])


def test_subjects_in_several_groups_are_noted() -> None:
    scores = make_scores(60)
    scores["subject_id"] = [f"s{number // 2}" for number in range(60)]
    note = judge(scores, make_values(scores, ["upper", "lower"])).heterogeneity["note"]["auc"]
    assert "30 subjects are in several groups" in note


def test_unknown_outcomes_are_left_out() -> None:
    scores = make_scores(60)
    scores.loc[:9, "outcome"] = np.nan
    assert judge(scores, make_values(scores, ["a", "b"])).table["n"].sum() == 50


@pytest.mark.parametrize("text", ["age:60,40", "age:old", ":40", "age:40,40", ""])
def test_bad_edges_are_refused(text: str) -> None:
    with pytest.raises(DlrError, match="names no subgroups"):
        SubgroupColumn.parse(text)


def test_edges_need_numbers() -> None:
    scores = make_scores(40)
    with pytest.raises(DlrError, match="the column 'sex' holds no numbers"):
        judge(scores, make_values(scores, ["female", "male"]), "sex:1")


def test_the_forest_shows_every_group() -> None:
    from dlr.figures._subgroups import plot_subgroups

    scores = make_scores()
    tables = [
        judge(scores, make_values(scores, ["female", "male"])),
        judge(scores, make_values(scores, ["30", "50", "70"]), "age:40"),
    ]
    labels = [text.get_text() for text in plot_subgroups(tables).get_yticklabels()]
    assert labels[0].startswith("sex (P = ")
    assert any(label.startswith("female, n = 150 (") for label in labels)
    assert len(labels) == 6
    assert tables[0].plot().get_xlabel().startswith("AUC of DLR")


def test_a_declared_level_called_none_is_a_group_like_any_other() -> None:
    scores = make_scores()
    cells = make_values(scores, ["none", "diabetes", "NA"])
    declared = ClinicalVariable.model_validate(
        {"type": "categorical", "levels": ["none", "diabetes"]}
    )
    table = judge(scores, with_gaps(cells, declared), "comorbidity").table
    assert list(table["group"]) == ["diabetes", "none", "not known"]
    undeclared = judge(scores, with_gaps(cells)).table
    assert list(undeclared["group"]) == ["diabetes", "none", "not known"]
    declared_otherwise = declared.model_copy(update={"levels": ("diabetes",), "reference": None})
    table = judge(scores, with_gaps(cells, declared_otherwise)).table
    assert list(table["group"]) == ["diabetes", "not known"]
