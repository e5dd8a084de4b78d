"""Figures that a study's report draws of the training cohort, of single cases and of thresholds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dlr.report import rebuild_report, write_report
from dlr.report._blocks import Figure
from dlr.report._evaluation import _band_figure, sensible_range
from dlr.report._pictures import figures_of
from dlr.report._study import study_report
from dlr.results import StudyResult
from dlr.stats import roc_curve

from .case_samples import with_cases
from .conftest import make_clinical
from .training_samples import make_grid, make_training_views

ADDED = {
    "algorithms_roc_dlr",
    "clinical_roc",
    "clusters_sag_dl",
    "corrected_calibration",
    "correlation_dlr",
    "entropy_sag",
    "nomogram_distributions",
    "roi_sheet",
    "scree_sag_dl",
    "waterfall_external_frozen_dlr",
    "waterfall_training_out_of_fold_dlr",
    "waterfall_training_out_of_fold_rad_sag",
}


@pytest.fixture(scope="module")
def pictured(real_study: StudyResult) -> StudyResult:
    """Return a study with everything there is to draw."""
    clinical = make_clinical(80, "training", 1)
    return replace(
        with_cases(real_study),
        views=make_training_views(clinical),
        grid=make_grid(real_study.scores),
    )


def figure_of(result: StudyResult, name: str) -> Figure:
    return next(item for item in figures_of(study_report(result).sections) if item.name == name)


def test_every_figure_is_drawn_saved_and_kept_by_a_rebuilt_page(
    pictured: StudyResult, tmp_path: Path
) -> None:
    page = write_report(pictured, tmp_path)
    text = page.read_text(encoding="utf-8")
    for name in ADDED | {"confusion_external_frozen_nomogram_calls"}:
        for suffix in ("svg", "png"):
            assert (tmp_path / "figures" / f"{name}.{suffix}").stat().st_size > 1000, name
    assert rebuild_report(tmp_path).read_text(encoding="utf-8") == text


def test_a_study_without_these_parts_has_none_of_their_figures(real_study: StudyResult) -> None:
    names = {figure.name for figure in figures_of(study_report(real_study).sections)}
    assert names & ADDED == {
        "entropy_sag",  # of a crop, as no case has an outline
        "waterfall_external_frozen_dlr",
        "waterfall_training_out_of_fold_dlr",
        "waterfall_training_out_of_fold_rad_sag",
    }


def test_captions_say_which_cases_and_what_flatters(pictured: StudyResult) -> None:
    assert "training cohort, out of fold" in figure_of(pictured, "algorithms_roc_dlr").caption
    assert "apparent" in figure_of(pictured, "correlation_dlr").caption
    corrected = figure_of(pictured, "corrected_calibration").caption
    assert "not in the correction" in corrected
    assert "5 bootstrap resamples" in corrected
    published = pictured.config.model_copy(update={"protocol": "published"})
    flattering = replace(pictured, config=published)
    assert "in-sample" in figure_of(flattering, "corrected_calibration").caption
    assert "too good" in figure_of(flattering, "algorithms_roc_dlr").caption


def test_the_best_of_many_clinical_curves_are_drawn_and_counted(pictured: StudyResult) -> None:
    assert "highest AUC" not in figure_of(pictured, "clinical_roc").caption
    assert pictured.views is not None
    curve = next(iter(pictured.views.clinical_roc.values()))
    views = replace(pictured.views, clinical_roc={f"v{n}": curve for n in range(40)})
    figure = figure_of(replace(pictured, views=views), "clinical_roc")
    assert figure.caption.endswith("The 10 of highest AUC, of 40.")


def test_the_sensible_range_comes_from_the_study_or_the_prevalence(real_study: StudyResult) -> None:
    evaluation = real_study.evaluation("external")
    limits, words = sensible_range(evaluation, real_study.config)
    assert limits == pytest.approx((0.25, 4 / 7))  # odds of 1/3 and 4/3
    assert "25% to 57%" in words
    assert "prevalence 40%" in words
    own = real_study.config.evaluation.model_copy(update={"clinical_range": (0.1, 0.3)})
    config = real_study.config.model_copy(update={"evaluation": own})
    limits, words = sensible_range(evaluation, config)
    assert limits == (0.1, 0.3)
    assert "as the study names them" in words


def test_the_chief_curve_has_a_band_of_whole_subjects_where_they_repeat(
    real_study: StudyResult,
) -> None:
    chief = figure_of(real_study, "roc_band_external_frozen_nomogram")
    assert "bootstrap of cases by class" in chief.caption
    model = real_study.evaluation("external").models["DLR"]
    rows = real_study.scores.query("feature_set == 'DLR' and estimate == 'frozen'")
    groups = [f"P{number // 2}" for number in range(len(rows))]
    curve = roc_curve(rows["outcome"], rows["score"], groups=groups)
    clustered = _band_figure(replace(model, roc=curve), 0.95, "x")
    assert "bootstrap of whole subjects" in clustered.caption


def test_long_names_of_the_outcome_fit(pictured: StudyResult, tmp_path: Path) -> None:
    name = "severe degeneration of the disc (Pfirrmann grade 4 or 5)"
    outcome = pictured.config.outcome.model_copy(update={"label": name})
    config = pictured.config.model_copy(update={"outcome": outcome})
    # matplotlib warns, and the tests fail, where a legend leaves no room for the axes
    write_report(replace(pictured, config=config), tmp_path)
    text = (tmp_path / "figures" / "clusters_sag_dl.svg").read_text("utf-8")
    assert "no severe degeneration" in text
