"""The words of the report follow the numbers."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from dlr.figures._text import interval, number, p_cell, p_text, ratio, signed, with_level
from dlr.report._export import tables_of
from dlr.report._methods import methods_paragraphs, references
from dlr.report._summary import summary_section
from dlr.report._tables import heading
from dlr.report._validation import validation_report
from dlr.report._warnings import sample_warnings
from dlr.report._words import (
    calibration_words,
    class_labels,
    listed,
    lost_cases,
    plural,
    set_meaning,
)
from dlr.results import StudyResult, ValidationResult


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0123, "P = 0.012"), (0.0004, "P < 0.001"), (0.2345, "P = 0.23"), (0.0996, "P = 0.10"),
        (0.9999, "P > 0.99"), (0.05, "P = 0.050"),
    ],
)  # fmt: skip
def test_p_values_read_as_in_journals(value: float, expected: str) -> None:
    assert p_text(value) == expected


def test_missing_numbers_are_dashes() -> None:
    assert p_cell(float("nan")) == number(float("nan")) == "–"


def test_intervals_of_negative_numbers_use_words() -> None:
    assert interval(0.84, 0.78, 0.9) == "0.84 (0.78–0.90)"
    assert interval(0.1, -0.2, 0.4) == "0.10 (−0.20 to 0.40)"
    assert number(-0.001) == "0.00"
    assert signed(0.1) == "+0.10"
    assert interval(float("nan"), 0.1, 0.2) == "–"


def test_too_few_cases_for_an_interval_are_said_to_have_none() -> None:
    nan = float("nan")
    assert interval(0.33, nan, nan) == "0.33 (no interval)"
    assert with_level(nan, nan, 0.95) == "no 95% CI"
    assert with_level(0.78, 0.9, 0.95) == "95% CI 0.78–0.90"
    assert with_level(-0.2, 0.9, 0.9) == "90% CI −0.20 to 0.90"


def test_odds_ratios_keep_about_three_digits() -> None:
    assert [ratio(value) for value in (1.234, 12.34, 1234.5)] == ["1.23", "12.3", "1234"]
    assert ratio(float("inf")) == "∞"


def test_lists_and_counts_read_as_sentences() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert plural(1, "case") == "1 case"
    assert plural(1200, "case") == "1,200 cases"


def test_the_outcome_is_named_as_its_label_is_written(real_study: StudyResult) -> None:
    def named(label: str | None) -> tuple[str, str]:
        outcome = real_study.config.outcome.model_copy(update={"label": label})
        return class_labels(real_study.config.model_copy(update={"outcome": outcome}))

    assert named("Pfirrmann 5") == ("no Pfirrmann 5", "Pfirrmann 5")
    assert named("surgery") == ("no surgery", "surgery")
    assert named("MRI grade 4") == ("no MRI grade 4", "MRI grade 4")
    assert named(None) == ("negative", "positive")


def test_feature_sets_are_explained() -> None:
    assert set_meaning("Rad_sag") == "handcrafted radiomics, view 'sag'"
    assert set_meaning("Nomogram") == "clinical variables and the DLR score"


def test_second_readers_and_single_features_lose_no_case() -> None:
    rows = [("a", "first", "case"), ("b", "second", "case"), ("c", "first", "feature")]
    failures = pd.DataFrame(rows, columns=["case_id", "reader", "level"])
    assert lost_cases(failures) == 1
    assert lost_cases(failures[["case_id"]]) == 3
    assert lost_cases(failures.iloc[:0]) == 0


def words_of(result: StudyResult) -> str:
    """Return all sentences of the summary."""
    blocks = summary_section(result).blocks
    found = [getattr(block, "text", "") for block in blocks]
    found += [item for block in blocks if block.kind == "bullets" for item in block.items]
    return " ".join(found)


def test_summary_quotes_out_of_fold_and_external_figures(real_study: StudyResult) -> None:
    words = words_of(real_study)
    for cohort, estimate in (("training", "out-of-fold"), ("external", "frozen")):
        auc = real_study.evaluation(cohort, estimate).models["Nomogram"].roc.auc
        limits = auc.confidence_interval(0.95)
        assert interval(auc.value, limits.low, limits.high) in words
    assert "DeLong" in words
    assert "not a medical device" in words
    assert "simulated" not in words


def test_summary_of_a_simulated_cohort_says_so_first(simulated_study: StudyResult) -> None:
    warning = summary_section(simulated_study).blocks[1]
    assert "simulated cohort" in warning.text


def test_summary_names_winners_by_adjusted_delong(real_study: StudyResult) -> None:
    matrix = real_study.evaluation("training", "out-of-fold").delong
    words = words_of(real_study)
    better, _, rest = words.partition("was significantly better than ")[2].partition(", but not")
    rest = rest.split(".")[0]
    for name in ("Clinic", "Rad_sag", "DL_sag", "DLR"):
        significant = matrix.p_adjusted.loc["Nomogram", name] < 0.05
        assert (name + " (" in better) == significant
        assert (name + " (" in rest) == (not significant)


def test_small_samples_are_warned_about(real_study: StudyResult) -> None:
    learn, judge = sample_warnings(real_study)
    assert "32 cases of the rarer outcome for 109 candidate" in learn
    assert "16 cases of the rarer outcome" in judge
    few = {
        name: dataclasses.replace(trace, steps=(("extracted", 1),))
        for name, trace in real_study.traces.items()
    }
    enough = dataclasses.replace(real_study, traces=few, clinical_ranking=pd.DataFrame())
    assert sample_warnings(enough) == [judge]


def test_an_area_of_one_is_not_taken_for_certain(real_study: StudyResult) -> None:
    training = real_study.evaluation("training", "out-of-fold")
    model = training.models["Nomogram"]
    note = "all positive cases score higher than all others"
    sure = dataclasses.replace(model.roc, auc=dataclasses.replace(model.roc.auc, note=note))
    models = {**training.models, "Nomogram": dataclasses.replace(model, roc=sure)}
    evaluations = (dataclasses.replace(training, models=models), *real_study.evaluations[1:])
    assert note in words_of(dataclasses.replace(real_study, evaluations=evaluations))


def test_calibration_is_put_into_words(real_study: StudyResult) -> None:
    model = real_study.evaluation("external").models["DLR"]
    item = model.calibration
    assert item is not None
    assert f"{item.slope:.2f}" in calibration_words(model)
    assert calibration_words(dataclasses.replace(model, calibration=None)) == ""


def test_methods_follow_the_settings(real_study: StudyResult) -> None:
    config = real_study.config
    text = " ".join(f"{p.head} {p.text}" for p in methods_paragraphs(config, {"version dlr": "1"}))
    for expected in ("ICC(2,1)", "resnext50_32x4d", "P < 0.05", "10-fold", "dlr 1", "seed 7"):
        assert expected in text
    plain = config.model_copy(
        update={"agreement": None, "embedding": None,
                "selection": config.selection.model_copy(update={"lasso": None})}
    )  # fmt: skip
    text = " ".join(p.text for p in methods_paragraphs(plain, {}))
    assert "ICC" not in text.replace("ICI", "")
    assert "resnext50" not in text
    assert "LASSO" not in text
    assert len(references(plain)) < len(references(config))


def test_methods_speak_of_no_other_cohort_where_there_is_none(real_study: StudyResult) -> None:
    def written(result: StudyResult) -> str:
        return " ".join(p.text for p in methods_paragraphs(result.config, {}, result))

    assert "nothing was fitted on any other cohort" in written(real_study)
    assert "before any case of another cohort was scored" in written(real_study)
    own = tuple(item for item in real_study.evaluations if item.estimate != "frozen")
    alone = written(dataclasses.replace(real_study, evaluations=own))
    assert "there was no other cohort" in alone
    assert "any other cohort" not in alone
    assert "another cohort" not in alone


def test_methods_promise_no_number_of_components_the_data_may_not_have(
    real_study: StudyResult,
) -> None:
    text = " ".join(p.text for p in methods_paragraphs(real_study.config, {}))
    count = real_study.config.model.components
    assert f"reduced to at most {count} principal components per view" in text


def test_headings_are_words_and_abbreviations_keep_their_capitals() -> None:
    assert heading("mean_auc") == "Mean AUC"
    assert heading("case_id") == "Case"
    assert heading("p_value") == "P"
    assert heading("Rad_sag") == "Rad_sag"


def test_flagged_cases_say_of_what_and_in_what_unit(judged: ValidationResult) -> None:
    flags = judged.flags.assign(n_missing=1)
    report = validation_report(dataclasses.replace(judged, flags=flags))
    table = next(item for item in tables_of(report) if item.name == "out_of_range")
    assert list(table.shown.columns) == [
        "Case", "Inputs outside", "Share of inputs", "Furthest outside",
        "How far (training SDs)", "Inputs filled in",
    ]  # fmt: skip
    assert "in SDs of the training cases" in table.note
    assert "worst_distance" in table.data
