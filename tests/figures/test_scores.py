"""Waterfalls, confusion matrices, calibration and decision curves on odd input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from dlr import figures
from dlr.errors import DlrError
from dlr.stats import (
    calibration_bootstrap,
    classification_metrics,
    decision_curve,
    fit_logistic,
)


def bars(ax) -> int:
    return sum(len(item.get_paths()) for item in ax.collections)


def test_waterfall_has_a_bar_per_case_and_counts_missing_ones(outcome, scores, crowded) -> None:
    values = scores["DLR"].copy()
    values[:3] = np.nan
    known = outcome.astype(float)
    known[5] = np.nan
    ax = figures.plot_waterfall(values, known, threshold=-0.5)
    assert bars(ax) == 87
    assert [item.get_text() for item in ax.get_legend().get_texts()] == [
        "negative", "positive", "unknown",
    ]  # fmt: skip
    assert "3 without score" in ax.get_xlabel()
    assert crowded(ax.figure) == []


def test_waterfall_bars_run_from_the_threshold_upwards() -> None:
    ax = figures.plot_waterfall([2.0, -1.0, 0.5], [1, 0, 1], threshold=0.5)
    corners = np.concatenate(
        [path.vertices for item in ax.collections for path in item.get_paths()]
    )
    assert corners[:, 1].min() == -1
    assert corners[:, 1].max() == 2
    negative = ax.collections[0].get_paths()[0].vertices
    assert negative[:, 0].mean() < 0.5


@pytest.mark.parametrize(
    ("values", "known"),
    [([], []), ([0.3], [1]), ([0.0, 0.0], [0, 0]), ([np.nan], [1])],
)
def test_waterfall_of_little(values, known, crowded) -> None:
    assert crowded(figures.plot_waterfall(values, known).figure) == []


def test_waterfall_needs_an_outcome_per_score() -> None:
    with pytest.raises(DlrError, match="one outcome per score"):
        figures.plot_waterfall([0.1, 0.2], [1])


def written(ax) -> list[str]:
    return [item.get_text().replace("\n", " ") for item in ax.texts]


def test_confusion_shares_follow_the_normalisation() -> None:
    counts = [[8, 2], [5, 5]]
    assert written(figures.plot_confusion(counts)) == ["8 80%", "2 20%", "5 50%", "5 50%"]
    predicted = written(figures.plot_confusion(counts, normalise="predicted"))
    assert predicted == ["8 62%", "2 29%", "5 38%", "5 71%"]
    assert written(figures.plot_confusion(counts, normalise="all"))[0] == "8 40%"


def test_confusion_of_three_classes_and_of_an_absent_one(outcome, scores, crowded) -> None:
    counts = [[3, 1, 0], [0, 4, 1], [0, 0, 0]]
    ax = figures.plot_confusion(counts, labels=("mild", "moderate", "severe"))
    assert written(ax)[6:] == ["0 –"] * 3
    assert crowded(ax.figure) == []
    metrics = classification_metrics(outcome, scores["DLR"], 0.0)
    assert "threshold 0.00" in figures.plot_confusion(metrics).get_xlabel()


def test_confusion_refuses_what_it_cannot_draw() -> None:
    with pytest.raises(DlrError, match="3 classes"):
        figures.plot_confusion([[1, 2], [3, 4]], labels=("a", "b", "c"))
    with pytest.raises(DlrError, match="normalise"):
        figures.plot_confusion([[1, 2], [3, 4]], normalise="rows")


def test_corrected_calibration_shows_three_curves(outcome, scores, crowded) -> None:
    import pandas as pd

    X = pd.DataFrame({name: scores[name] for name in ("DLR", "Clinic")})
    model = fit_logistic(X, outcome)
    result = calibration_bootstrap(
        fit_logistic, lambda fitted, rows: fitted.predict_probability(rows), X, outcome, B=10
    )
    ax = figures.plot_corrected_calibration(result, predicted=model.predict_probability(X))
    assert [item.get_label() for item in ax.lines] == ["ideal", "apparent", "bias-corrected"]
    np.testing.assert_allclose(ax.lines[2].get_ydata(), result.curve["corrected"].clip(0, 1))
    assert len(ax.patches) == 50
    assert crowded(ax.figure) == []
    assert not figures.plot_corrected_calibration(result).patches


def test_decision_bands_of_several_models_and_the_sensible_range(outcome, scores, crowded) -> None:
    models = {name: expit(values) for name, values in scores.items()}
    result = decision_curve(outcome, models, thresholds=[0.2, 0.4, 0.6], n_bootstrap=20)
    assert not figures.plot_decision(result).collections
    ax = figures.plot_decision(result, bands=True, sensible=(0.1, 0.5))
    assert len(ax.collections) == len(models)
    greyed = sorted(
        x for item in ax.patches for x in (item.get_x(), item.get_x() + item.get_width())
    )
    assert greyed == pytest.approx([0.0, 0.1, 0.5, 1.0])
    assert crowded(ax.figure) == []


def test_decision_without_bootstrap_has_no_band(outcome, scores) -> None:
    result = decision_curve(outcome, {"DLR": expit(scores["DLR"])}, thresholds=[0.2, 0.4])
    assert not figures.plot_decision(result, bands=True).collections
