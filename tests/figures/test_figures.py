"""Each figure shows the numbers of its result, on a new Axes or on a given one."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit

from dlr import figures
from dlr.results import CohortEvaluation, Example, FlowStep, ModelEvaluation, SelectionTrace
from dlr.stats import (
    calibration,
    classification_metrics,
    decision_curve,
    delong_matrix,
    icc_table,
    roc_curve,
    univariate_logistic,
)


def texts(ax: Axes) -> str:
    """Return all that is written on the figure of an Axes."""
    figure = ax.figure
    figure.canvas.draw()
    found = [item.get_text() for item in figure.findobj(matplotlib.text.Text)]
    return "\n".join(found)


def line(ax: Axes, label: str) -> matplotlib.lines.Line2D:
    """Return the curve whose label starts with a name."""
    return next(item for item in ax.lines if str(item.get_label()).startswith(label))


def test_roc_goes_through_the_points_of_the_curve(outcome, scores) -> None:
    curve = roc_curve(outcome, scores["DLR"])
    ax = figures.plot_roc(curve)
    drawn = line(ax, "AUC")
    np.testing.assert_array_equal(drawn.get_xdata(), curve.false_positive_rate)
    np.testing.assert_array_equal(drawn.get_ydata(), curve.true_positive_rate)
    interval = curve.auc.confidence_interval()
    expected = f"{curve.auc.value:.2f} ({interval.low:.2f}–{interval.high:.2f})"
    assert expected in texts(ax)


def test_roc_band_is_the_wilson_interval(outcome, scores) -> None:
    curve = roc_curve(outcome, scores["DLR"])
    ax = figures.plot_roc(curve, level=0.9)
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    metrics = classification_metrics(outcome, scores["DLR"], curve.thresholds[5])
    interval = metrics.sensitivity.confidence_interval(0.9)
    for limit in interval:
        assert np.abs(heights - limit).min() < 1e-9


def test_many_roc_curves_keep_their_names(outcome, scores) -> None:
    curves = {f"variable {n}": roc_curve(outcome, scores["DLR"]) for n in range(9)}
    ax = figures.plot_clinical_roc(curves)
    assert all(name in texts(ax) for name in curves)


def test_of_many_clinical_variables_the_best_are_drawn(outcome, scores) -> None:
    better = roc_curve(outcome, scores["DLR"])
    worse = roc_curve(outcome, -scores["DLR"])
    curves = {f"variable {n:02d}": better if n % 2 else worse for n in range(40)}
    shown = texts(figures.plot_clinical_roc(curves))
    drawn = [name for name in curves if name in shown]
    assert drawn == [f"variable {n:02d}" for n in range(1, 20, 2)]


def test_delong_matrix_prints_every_pair(outcome, scores) -> None:
    matrix = delong_matrix(outcome, scores)
    ax = figures.plot_delong_matrix(matrix)
    written = texts(ax)
    assert f"{matrix.auc['DLR']:.2f}" in written
    assert len(ax.patches) == len(scores) ** 2
    assert "Holm-adjusted" in written


def test_calibration_draws_curve_groups_and_distribution(outcome, scores) -> None:
    result = calibration(outcome, expit(scores["DLR"]))
    ax = figures.plot_calibration(result)
    drawn = line(ax, "flexible")
    np.testing.assert_array_equal(drawn.get_ydata(), result.curve["observed"].clip(0, 1))
    assert f"slope {result.slope:.2f}" in texts(ax)
    assert len(ax.patches) == 50


def test_calibrations_of_several_sets_share_one_axes(outcome, scores) -> None:
    results = {name: calibration(outcome, expit(value)) for name, value in scores.items()}
    ax = figures.plot_calibration(results)
    assert {str(item.get_label()).split()[0] for item in ax.lines} >= set(scores)


def test_decision_curve_shows_references_and_models(outcome, scores) -> None:
    models = {name: expit(value) for name, value in scores.items()}
    result = decision_curve(outcome, models, thresholds=np.linspace(0.05, 0.95, 19))
    ax = figures.plot_decision(result)
    assert [item.get_label() for item in ax.lines] == ["treat all", "treat none", *models]
    np.testing.assert_array_equal(line(ax, "DLR").get_ydata(), result.net_benefit["DLR"])


def test_decision_curve_of_one_model_has_a_band(outcome, scores) -> None:
    result = decision_curve(
        outcome, {"DLR": expit(scores["DLR"])}, thresholds=[0.2, 0.4], n_bootstrap=20
    )
    assert len(figures.plot_decision(result).collections) == 1


def test_lasso_path_marks_the_penalties(lasso) -> None:
    ax = figures.plot_lasso_path(lasso)
    marks = {round(float(item.get_xdata()[0]), 9) for item in ax.lines[-2:]}
    assert marks == {round(math.log(v), 9) for v in (lasso.lambda_min, lasso.lambda_1se)}
    assert "λ min (used)" in texts(ax)


def test_lasso_error_is_drawn_at_every_penalty(lasso) -> None:
    ax = figures.plot_lasso_cv(lasso)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), lasso.cv_mean)


def test_coefficients_show_the_largest_and_count_the_rest(trace) -> None:
    ax = figures.plot_coefficients(trace)
    assert len(ax.patches) == 20
    written = texts(ax)
    assert "5 smaller ones not shown" in written
    assert "Feature24" in written
    assert "100%" in written


def test_coefficients_of_an_empty_selection_draw_nothing() -> None:
    empty = pd.Series(dtype=float)
    ax = figures.plot_coefficients(SelectionTrace("DLR", (("extracted", 3),), empty, empty))
    assert len(ax.patches) == 0


def test_scores_show_cases_of_unknown_outcome_too(score_table) -> None:
    ax = figures.plot_scores(score_table, "DLR", threshold=0.4, labels=("no surgery", "surgery"))
    points = sum(len(item.get_xdata()) for item in ax.lines if item.get_marker() == "o")
    assert points == 180
    written = texts(ax)
    assert "threshold\n0.40" in written
    assert "no surgery" in written


def test_confusion_matrix_counts_all_cases(outcome, scores) -> None:
    metrics = classification_metrics(outcome, scores["DLR"], 0.0)
    ax = figures.plot_confusion(metrics)
    counts = [int(item.get_text().split("\n")[0]) for item in ax.texts]
    assert sum(counts) == len(outcome)
    assert counts[-1] == metrics.true_positive


def test_odds_ratios_name_every_term() -> None:
    random = np.random.default_rng(3)
    outcome = np.arange(80) % 2
    frame = pd.DataFrame(
        {
            "outcome": outcome,
            "odi": outcome + random.normal(0, 1, 80),
            "leg": np.where(random.random(80) < 0.3 + 0.4 * outcome, "yes", "no"),
        }
    )
    table = univariate_logistic(frame, "outcome", ["odi", "leg"])
    ax = figures.plot_odds_ratios(table, labels={"odi": "ODI (%)"})
    written = texts(ax)
    assert "ODI (%)" in written
    assert "leg: yes vs no" in written
    assert ax.get_xscale() == "log"


def test_agreement_counts_kept_and_dropped_features() -> None:
    random = np.random.default_rng(4)
    first = pd.DataFrame(random.normal(0, 1, (20, 40)), columns=[f"f{n}" for n in range(40)])
    second = first + random.normal(0, 1, first.shape) * np.linspace(0.01, 2, 40)
    table = icc_table(first, second, form="2,1")
    kept = int((table.to_frame()["icc"] > 0.75).sum())
    written = texts(figures.plot_agreement(table, 0.75))
    assert f"kept ({kept})" in written
    assert f"dropped ({40 - kept})" in written


def test_flowchart_counts_cases_subjects_and_exclusions() -> None:
    flow = [
        FlowStep("listed in the tables", "all", 12, 10),
        FlowStep("assigned", "training", 8, 7),
        FlowStep("analysed", "training", 7, 6, 1, "empty mask"),
        FlowStep("analysed", "external", 1, 1, 3, "geometry"),
    ]
    written = texts(figures.plot_flowchart(flow)).replace("\n", " ")
    for expected in (
        "12 cases (10 subjects)", "7 cases (6 subjects)", "excluded: 1 (empty mask)",
        "1 case", "Training cohort", "External cohort", "excluded: 3 (geometry)",
    ):  # fmt: skip
        assert expected in written


def test_examples_are_framed_by_outcome() -> None:
    crop = np.zeros((8, 8), np.float32)
    examples = [Example(f"case{n}", "sag", value, crop) for n, value in enumerate((0, 1, None))]
    ax = figures.plot_examples(examples)
    assert len(ax.images) == 3
    assert len({item.get_color() for item in ax.lines}) == 3


def test_auc_forest_draws_apparent_values_hollow(outcome, scores) -> None:
    def judged(estimate: str) -> CohortEvaluation:
        models = {}
        for name, value in scores.items():
            metrics = classification_metrics(outcome, value, 0.0)
            models[name] = ModelEvaluation(
                name, "training", estimate, 90, 30, roc_curve(outcome, value), metrics, metrics,
                None, None,
            )  # fmt: skip
        return CohortEvaluation("training", estimate, models, None, None)

    ax = figures.plot_auc_forest([judged("out-of-fold"), judged("apparent")])
    assert line(ax, "training, apparent").get_markerfacecolor() == "white"
    assert line(ax, "training, out-of-fold").get_markerfacecolor() != "white"


def test_clinical_ranking_puts_the_best_first() -> None:
    ranking = pd.DataFrame(
        {"variable": ["age", "odi"], "auc": [0.55, 0.8], "chosen": [False, True]}
    )
    ax = figures.plot_clinical_ranking(ranking)
    assert [item.get_text() for item in ax.get_yticklabels()] == ["odi", "age"]


def test_clinical_ranking_keeps_those_chosen_among_many() -> None:
    names = [f"v{n}" for n in range(30)]
    chosen = [name == "v29" for name in names]
    ranking = pd.DataFrame({"variable": names, "auc": np.linspace(0.9, 0.5, 30), "chosen": chosen})
    ax = figures.plot_clinical_ranking(ranking)
    assert [item.get_text() for item in ax.get_yticklabels()] == [*names[:15], "v29"]
    assert "14 lower ones not shown" in texts(ax)


def test_a_given_axes_is_used(outcome, scores) -> None:
    ax = Figure().add_subplot()
    assert figures.plot_roc(roc_curve(outcome, scores["DLR"]), ax) is ax


def test_global_settings_are_left_alone(outcome, scores) -> None:
    before = dict(matplotlib.rcParams)
    figures.plot_roc(roc_curve(outcome, scores["DLR"]))
    assert dict(matplotlib.rcParams) == before


def test_lines_of_a_study_differ_in_colour_or_dashes() -> None:
    names = ["Clinic", "Rad_sag", "Rad_axi", "DL_sag", "DL_axi", "DLR", "Nomogram", "Other"]
    lines = figures.line_styles(names)
    assert len({(item.color, str(item.linestyle)) for item in lines.values()}) == len(names)
    assert figures.line_styles(["DLR"])["DLR"] == lines["DLR"]


@pytest.mark.parametrize("name", figures.__all__)
def test_public_names_load(name: str) -> None:
    assert callable(getattr(figures, name))
