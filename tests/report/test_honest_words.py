"""What the report says where a choice fell back, a score is degenerate or a cohort is no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dlr.figures._text import p_cell
from dlr.models.clinical import DLR_SCORE
from dlr.models.evaluation import evaluate
from dlr.models.nomogram import Nomogram
from dlr.report._evaluation import evaluation_blocks, model_notes
from dlr.report._export import tables_of
from dlr.report._methods import methods_paragraphs
from dlr.report._methods_outcome import clinical_choice, fallback_words, outcome_text, tie_words
from dlr.report._study import study_report
from dlr.report._validation import validation_report
from dlr.report._warnings import cohort_warnings, model_warnings
from dlr.report._words import calibration_words, one_sided, worse_than_chance
from dlr.results import ModelGrid, StudyResult, ValidationResult
from dlr.settings import SplitSettings
from dlr.stats import (
    baseline_table,
    multiple_imputation_logistic,
    multivariable_logistic,
    univariate_logistic,
)

from .conftest import make_clinical

CLINICAL = {"odi": (0.05, 20.0, 70.0)}


def with_score(result: StudyResult, slope: float, low: float, high: float) -> StudyResult:
    """Return a study whose nomogram has an image score of this slope and range."""
    terms = {**CLINICAL, DLR_SCORE: (slope, low, high)}
    return replace(result, nomogram=Nomogram.from_coefficients(-3.0, terms, {}, (-2.0, 2.0)))


def split_at_random(result: StudyResult) -> StudyResult:
    """Return a study whose other cohort was drawn at random from the same centre."""
    split = SplitSettings(method="random")
    cohorts = result.config.cohorts.model_copy(update={"split": split})
    config = result.config.model_copy(update={"cohorts": cohorts})
    renamed = {"external": "hold-out"}
    evaluations = tuple(
        replace(
            item,
            cohort=renamed.get(item.cohort, item.cohort),
            models={
                name: replace(model, cohort=renamed.get(model.cohort, model.cohort))
                for name, model in item.models.items()
            },
        )
        for item in result.evaluations
    )
    return replace(
        result,
        config=config,
        evaluations=evaluations,
        scores=result.scores.replace({"cohort": renamed}),
        baseline={renamed.get(name, name): table for name, table in result.baseline.items()},
        flow=tuple(replace(s, cohort=renamed.get(s.cohort, s.cohort)) for s in result.flow),
    )


def texts_of(result: StudyResult) -> str:
    """Return every word of a report but the settings, which are those of the study file."""
    found: list[str] = []
    for section in study_report(result).sections:
        if section.name in ("reproducibility", "failures"):
            continue
        found += [section.title, section.lead]
        for block in section.blocks:
            found += [str(value) for value in vars(block).values() if isinstance(value, str)]
            found += [str(item) for item in getattr(block, "items", ())]
            found += [
                item.caption for item in getattr(block, "blocks", ()) if "caption" in dir(item)
            ]
    return "\n".join(found)


def test_a_random_split_is_called_a_hold_out_and_never_external(real_study: StudyResult) -> None:
    result = split_at_random(real_study)
    words = texts_of(result).lower()
    outside = words.replace("not external", "").replace("external validation", "")
    assert "external" not in outside
    assert "hold-out (internal) cohort" in words
    assert "internal validation" in words
    assert "clinical.split.csv" in words
    assert "external" not in study_report(result).evidence
    assert "external" in study_report(real_study).evidence
    titles = [section.title for section in study_report(result).sections]
    assert "Hold-out (internal) cohort (frozen)" in titles


def test_a_cohort_of_a_centre_that_trained_is_no_external_one(real_study: StudyResult) -> None:
    assert cohort_warnings(real_study) == []
    same = replace(real_study, scores=real_study.scores.assign(center="A"))
    (warning,) = cohort_warnings(same)
    assert "tells nothing about other hospitals" in warning
    assert "external" not in study_report(same).evidence


@pytest.mark.parametrize(
    ("slope", "low", "high", "expected"),
    [
        (-0.8, -2.0, 2.0, "axis runs backwards"),
        (3.0, -0.01, 0.02, "nearly the same for every training case"),
        (0.01, -2.0, 2.0, "Idle DLR score"),
    ],
)
def test_a_degenerate_image_score_is_warned_about(
    real_study: StudyResult, slope: float, low: float, high: float, expected: str
) -> None:
    found = model_warnings(with_score(real_study, slope, low, high))
    assert expected in found[0]


def test_a_sound_score_raises_no_warning(real_study: StudyResult) -> None:
    assert model_warnings(with_score(real_study, 0.9, -3.0, 3.0)) == []
    assert model_warnings(real_study) == []


def turned_round(result: StudyResult, clinical: pd.DataFrame) -> StudyResult:
    """Return a study whose DLR score ranks the other cohort backwards."""
    table = result.scores[result.scores["estimate"] == "frozen"].copy()
    rows = table["feature_set"] == "DLR"
    table.loc[rows, "score"] *= -1
    table.loc[rows, "probability"] = 1 - table.loc[rows, "probability"]
    judged = evaluate(table, result.thresholds, result.config.evaluation, 0)
    return replace(result, evaluations=(*result.evaluations[:2], judged))


def test_worse_than_chance_is_said_in_words(real_study: StudyResult) -> None:
    result = turned_round(real_study, pd.DataFrame())
    model = result.evaluation("external").models["DLR"]
    assert "ranks patients worse than chance" in worse_than_chance(model, 0.95)
    assert "something is turned round" in worse_than_chance(model, 0.95)
    assert worse_than_chance(real_study.evaluation("external").models["DLR"], 0.95) == ""
    assert "the fewer patients have the outcome" in calibration_words(model)
    (warning,) = model_warnings(result)
    assert "DLR (AUC" in warning
    assert "ranks patients worse than chance in the external cohort" in warning
    assert "AUC below 0.5 (DLR)" in texts_of(result)
    assert "Slope below 0 (DLR)" in texts_of(result)


@pytest.mark.parametrize(("threshold", "whom"), [(0.0, "all"), (np.inf, "none")])
def test_a_threshold_that_calls_everyone_alike_is_said_to_be_useless(
    real_study: StudyResult, threshold: float, whom: str
) -> None:
    table = real_study.scores[real_study.scores["estimate"] == "frozen"]
    thresholds = {**real_study.thresholds, "DLR": threshold}
    judged = evaluate(table, thresholds, real_study.config.evaluation, 0)
    result = replace(
        real_study, thresholds=thresholds, evaluations=(*real_study.evaluations[:2], judged)
    )
    performance = evaluation_blocks(judged, result.config)[0]
    cells = performance.shown.set_index("Feature set")["Threshold"]
    assert f"(useless: {whom} positive)" in cells["DLR"]
    assert "useless" not in cells["Clinic"]
    assert "Useless threshold (DLR)" in performance.note
    assert "Useless threshold of DLR" in " ".join(model_warnings(result))
    assert "useless here" in one_sided(judged.models["DLR"].at_locked)
    assert one_sided(judged.models["Clinic"].at_locked) == ""


def test_methods_tell_what_the_data_decided(real_study: StudyResult) -> None:
    found = methods_paragraphs(real_study.config, {}, real_study)
    text = next(item.text for item in found if item.head == "What the data decided")
    selected = dict(real_study.traces["Rad_sag"].steps)["LASSO (binomial, min)"]
    assert f"Rad_sag: of 107 features, {selected} features entered the model." in text
    assert "In DL_sag, no feature differed between the outcomes (p < 0.05)" in text
    assert "What the data decided" not in [
        p.head for p in methods_paragraphs(real_study.config, {})
    ]


def test_a_lasso_that_found_nothing_is_explained() -> None:
    words = fallback_words("LASSO")
    assert "set every coefficient to zero" in words
    assert "expected to know nothing" in words
    for step in ("ICC gate", "ICC gate (only 2 double-read cases)", "ComBat (one training centre)"):
        assert fallback_words(step)


def test_components_are_counted_apart(real_study: StudyResult) -> None:
    trace = replace(
        real_study.traces["DL_sag"],
        steps=(("extracted", 2048), ("PCA of deep features", 32), ("LASSO", 3)),
        coefficients=pd.Series(1.0, index=["sag.dl.pca01", "sag.dl.pca07", "sag.rad.x"]),
    )
    text = outcome_text(replace(real_study, traces={"DL_sag": trace}))
    assert "of 2,048 features, 32 after the principal components, 2 principal components" in text
    assert "and 1 measured feature entered the model" in text


def test_a_fallback_of_the_clinical_choice_is_told(real_study: StudyResult) -> None:
    assert "chosen so were ODI (%)" in clinical_choice(real_study)
    ranking = real_study.clinical_ranking.assign(p_multivariable=np.nan)
    nothing = replace(real_study, clinical_ranking=ranking.assign(p_univariate=[0.2, 0.4]))
    text = clinical_choice(nothing)
    assert text.startswith("As a fallback, since no clinical variable was significant alone")
    assert "the one of least P alone was taken (ODI (%))" in text
    jointly = replace(real_study, clinical_ranking=ranking)
    assert "both alone and in the joint model" in clinical_choice(jointly)


def test_ties_of_the_vote_say_how_they_were_resolved() -> None:
    votes = pd.Series({"svm": 3, "knn": 3, "mlp": 1})
    grid = ModelGrid({}, votes, "svm", "training")
    labels = {"svm": "SVM", "knn": "KNN", "mlp": "MLP"}
    assert "level with KNN (3 places among the best three)" in tie_words(grid, labels)
    decided = replace(grid, mean_auc=pd.Series({"svm": 0.8, "knn": 0.7, "mlp": 0.6}))
    assert "its higher mean AUC over the feature sets (0.800) decided" in tie_words(decided, labels)
    equal = replace(grid, mean_auc=pd.Series({"svm": 0.8, "knn": 0.8, "mlp": 0.6}))
    assert "first in dlr's list of algorithms was taken" in tie_words(equal, labels)
    clear = replace(grid, votes=pd.Series({"svm": 4, "knn": 3}))
    assert tie_words(clear, labels) == ""


def test_units_stand_in_tables_of_odds_ratios_and_characteristics(real_study: StudyResult) -> None:
    odi = real_study.config.clinical_variables["odi"]
    odi = odi.model_copy(update={"label": "Disability", "unit": "points"})
    variables = {**real_study.config.clinical_variables, "odi": odi}
    config = real_study.config.model_copy(update={"clinical_variables": variables})
    tables = {
        item.name: item for item in tables_of(study_report(replace(real_study, config=config)))
    }
    for name in ("univariate_logistic", "baseline_training"):
        assert "Disability (points)" in set(tables[name].shown["Variable"])


def test_a_validation_says_so_too(judged: ValidationResult) -> None:
    scores = judged.scores.assign(score=-judged.scores["score"])
    scores["probability"] = 1 - judged.scores["probability"]
    turned = evaluate(scores, dict.fromkeys(judged.thresholds, 0.0), judged.config.evaluation, 0)
    summary = validation_report(replace(judged, evaluation=turned)).sections[0]
    words = " ".join(item for block in summary.blocks for item in getattr(block, "items", ())
                     if isinstance(item, str))  # fmt: skip
    assert "ranks patients worse than chance" in words
    assert "it calls every case positive" in words


def test_a_validation_of_few_cases_is_not_praised(judged: ValidationResult) -> None:
    few = judged.scores[judged.scores["case_id"].isin(judged.scores["case_id"].unique()[:6])]
    outcome = few["outcome"].to_numpy(dtype=float)
    perfect = few.assign(score=outcome, probability=0.2 + 0.6 * outcome)
    evaluation = evaluate(perfect, judged.thresholds, judged.config.evaluation, 0)
    result = replace(judged, scores=perfect, evaluation=evaluation)
    facts, sentences, warning, *_ = validation_report(result).sections[0].blocks
    tile = next(fact for fact in facts.items if fact.label == "AUC of Nomogram")
    assert tile.value == "1.00"
    assert tile.detail.startswith("95% CI 1.00\N{EN DASH}1.00; 6 cases")
    assert tile.detail.endswith("see the remark below")
    assert "the interval has no width" in " ".join(sentences.items)
    assert warning.tone == "warning"
    assert "Small new cohort" in warning.text
    assert "At least 100" in warning.text


def test_every_p_of_the_clinical_tables_names_its_test(real_study: StudyResult) -> None:
    tables = {item.name: item for item in tables_of(study_report(real_study))}
    chosen = tables["clinical_ranking"].shown
    assert "P alone (likelihood ratio)" in chosen
    assert "P jointly (likelihood ratio)" in chosen
    for name in ("univariate_logistic", "multivariable_logistic"):
        table = tables[name]
        assert list(table.shown.columns[-2:]) == ["P (Wald)", "P (likelihood ratio)"]
        expected = [p_cell(p) for p in table.data["p_likelihood_ratio"]]
        assert list(table.shown["P (likelihood ratio)"]) == expected
    methods = " ".join(p.text for p in methods_paragraphs(real_study.config, {}))
    assert "(likelihood-ratio tests, P < 0.05) were kept" in methods
    pairs = real_study.scores.assign(subject_id=real_study.scores["case_id"].str[:-1])
    tables = {
        item.name: item for item in tables_of(study_report(replace(real_study, scores=pairs)))
    }
    assert "P jointly (Wald, whole variable)" in tables["clinical_ranking"].shown
    assert "P (Wald, whole variable)" in tables["multivariable_logistic"].shown


def test_the_clinical_tables_say_on_which_cases_and_by_which_likelihood(
    real_study: StudyResult,
) -> None:
    clinical = make_clinical(120, "training", 1)
    clinical.loc[clinical.index[:7], "odi"] = np.nan
    clinical.loc[clinical["outcome"] == 0, "slrt"] = "negative"  # separates: no event against it
    alone = univariate_logistic(clinical, "outcome", ["odi", "slrt"])
    joint = multivariable_logistic(clinical, "outcome", ["odi", "slrt"])
    study = replace(real_study, univariate=alone, multivariable=joint)
    tables = {item.name: item for item in tables_of(study_report(study))}
    chosen = tables["clinical_ranking"]
    n_cases = real_study.scores.loc[real_study.scores["estimate"] != "frozen", "case_id"].nunique()
    assert f"({n_cases} training cases, missing values filled in)" in chosen.caption
    assert "by the ordinary likelihood, also where data are separated" in chosen.note
    assert "leave incomplete cases out and take Firth's" in chosen.note
    note = tables["univariate_logistic"].note
    assert "on the 113 to 120 cases complete in the variable of the row" in note
    assert "Firth's penalised likelihood, which its likelihood-ratio test compares, too" in note
    note = tables["multivariable_logistic"].note
    assert "on the 113 cases complete in all variables of the model" in note


def test_the_table_over_imputations_is_written_like_its_neighbours(
    real_study: StudyResult,
) -> None:
    clinical = make_clinical(120, "training", 1)
    clinical.loc[clinical.index[:7], "odi"] = np.nan
    pooled = multiple_imputation_logistic(clinical, "outcome", ["odi", "slrt"], 3)
    tables = {
        item.name: item for item in tables_of(study_report(replace(real_study, pooled=pooled)))
    }
    table = tables["imputed_logistic"]
    assert table.shown["Variable"].tolist() == ["ODI (%)", "Leg raise"]
    assert table.shown["Level"].tolist() == ["", "positive (against negative)"]
    assert list(table.shown)[2:] == [
        "Odds ratio (95% CI)", "P (Wald)", "Missing", "Information missing",
    ]  # fmt: skip
    assert table.shown["Missing"].tolist() == ["7", "0"]
    assert table.data["degrees_of_freedom"].notna().all()  # the CSV keeps everything
    assert "All 120 cases of known outcome" in table.note


def test_a_table_of_more_cases_than_were_judged_says_so(judged: ValidationResult) -> None:
    clinical = make_clinical(40, "new", 2)
    table = baseline_table(clinical, "outcome", ["odi", "slrt"], by_cohort=False)

    def caption(cases: int) -> str:
        names = judged.scores["case_id"].unique()[:cases]
        scores = judged.scores[judged.scores["case_id"].isin(names)]
        result = replace(judged, baseline={"new": table}, scores=scores)
        found = {item.name: item for item in tables_of(validation_report(result))}
        return found["baseline_new"].caption

    assert caption(40).endswith("by outcome.")
    assert caption(30).endswith("by outcome (all 40 cases in the tables; 30 could be scored).")


def test_a_remark_on_several_feature_sets_stands_once(real_study: StudyResult) -> None:
    judged = real_study.evaluation("external")
    few = "with only 6 cases, the flexible curve follows single cases"
    models = {name: replace(model, note=few) for name, model in judged.models.items()}
    models["DLR"] = replace(models["DLR"], note=f"no slope; {few}")
    models["Clinic"] = replace(models["Clinic"], note=f"no slope; {few}")
    noted = replace(judged, models=models)
    assert model_notes(noted) == [
        "Clinic and DLR: no slope.",
        f"All feature sets: {few}.",
    ]
    boxes = [b for b in evaluation_blocks(noted, real_study.config) if b.kind == "text"]
    assert len(boxes) == 1
    quiet = replace(judged, models={name: replace(m, note="") for name, m in models.items()})
    assert model_notes(quiet) == []
