"""Prevalence and Riley's minimum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dlr.check.outcome import candidate_parameters, check_outcome
from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.stats import sample_size_binary


@pytest.fixture
def loaded(clean_cohort: Path) -> Cohort:
    return Cohort.load(StudyConfig.from_yaml(clean_cohort / "study.yaml"))


def codes(cohort: Cohort) -> list[tuple[str, str]]:
    return [(item.level, item.code) for item in check_outcome(cohort).findings]


def test_prevalence_by_cohort(loaded: Cohort) -> None:
    table = check_outcome(loaded).prevalence.set_index("cohort")
    assert list(table["cases"]) == [16, 8]
    assert list(table["events"]) == [8, 4]
    assert table.loc["training", "low"] < 0.5 < table.loc["training", "high"]


def test_candidates_count_levels_features_and_components(loaded: Cohort) -> None:
    counts = candidate_parameters(loaded.config, loaded.clinical)
    # age, odi, and one contrast each for sex, slrt, pfirrmann
    assert counts["Clinical model"] == 5
    # two views of 107 features and four principal components
    assert counts["Image score"] == 2 * (107 + 4)


def test_pmsampsize_worked_example() -> None:
    """R: pmsampsize(type = "b", csrsquared = 0.288, parameters = 24, prevalence = 0.174)."""
    size = sample_size_binary(0.174, 24, r2_cox_snell=0.288)
    assert (size.n_shrinkage, size.n_optimism, size.n_risk, size.n) == (623, 662, 221, 662)
    assert size.events_per_parameter == pytest.approx(4.80, abs=0.005)


def test_too_few_events_are_a_warning_for_the_clinical_model_only(loaded: Cohort) -> None:
    found = codes(loaded)
    assert ("warning", "sample-size") in found
    assert ("note", "sample-size") in found
    assert ("note", "few-external-events") in found
    assert len(found) == 3


def test_another_prevalence_outside_and_a_centre_of_one_class(loaded: Cohort) -> None:
    clinical = loaded.clinical.copy()
    clinical.loc[clinical["cohort"] == "external", "outcome"] = [1, 1, 1, 1, 1, 1, 1, 0]
    assert ("warning", "prevalence") in codes(replace(loaded, clinical=clinical))
    clinical = loaded.clinical.assign(cohort="training")
    clinical = clinical.loc[clinical.index.repeat(3)]
    clinical["center"] = ["A" if outcome else "B" for outcome in clinical["outcome"]]
    assert codes(replace(loaded, clinical=clinical)).count(("warning", "one-class-centre")) == 2


def test_subjects_count_not_their_rois(loaded: Cohort) -> None:
    twice = pd.concat([loaded.clinical, loaded.clinical.rename(index="{}_again".format)])
    alone, doubled = (
        check_outcome(replace(loaded, clinical=clinical)).sample_size
        for clinical in (loaded.clinical, twice)
    )
    pd.testing.assert_frame_equal(alone, doubled)


def test_marks_of_missing_values_are_candidates(loaded: Cohort) -> None:
    clinical = loaded.clinical.copy()
    clinical.iloc[0, clinical.columns.get_loc("age")] = float("nan")
    model = loaded.config.clinical_model.model_copy(update={"missing": "indicator"})
    marked = loaded.config.model_copy(update={"clinical_model": model})
    assert candidate_parameters(marked, clinical)["Clinical model"] == 6
    assert candidate_parameters(marked, loaded.clinical)["Clinical model"] == 5
