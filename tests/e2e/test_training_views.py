"""What the report draws of the training cohort, from a study that was really trained."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.study import TrainedStudy
from dlr.training_views import TrainingViews


@pytest.fixture(scope="module")
def views(trained: TrainedStudy) -> TrainingViews:
    assert trained.result.views is not None
    return trained.result.views


def n_training(trained: TrainedStudy) -> int:
    return trained.result.evaluation("training", "out-of-fold").models["DLR"].n


def test_redundancy_is_that_of_the_final_fit(trained: TrainedStudy, views: TrainingViews) -> None:
    steps = dict(trained.result.traces["DLR"].steps)
    before = next(count for name, count in steps.items() if name.startswith("Mann-Whitney"))
    after = next(count for name, count in steps.items() if name.startswith("Spearman"))
    found = views.redundancy
    assert found is not None
    assert found.values.shape == (n_training(trained), before)
    assert len(found.kept) == after
    lasso = trained.result.traces["DLR"].lasso
    assert lasso is not None
    assert found.kept == lasso.features


def test_the_components_add_up_and_say_how_many_were_kept(
    trained: TrainedStudy, views: TrainingViews
) -> None:
    assert [item.block for item in views.components] == ["sag.dl", "axi.dl"]
    for item in views.components:
        assert item.explained.sum() == pytest.approx(1.0)
        assert (np.diff(item.explained) <= 1e-12).all()
        assert item.kept == trained.result.config.model.components


def test_the_nomogram_is_shown_on_its_training_cases(
    trained: TrainedStudy, views: TrainingViews
) -> None:
    nomogram = trained.result.nomogram
    assert nomogram is not None
    assert views.nomogram_cases is not None
    assert len(views.nomogram_cases) == n_training(trained)
    assert not set(views.nomogram_cases.index) & set(trained.result.scores["case_id"])
    assert views.calibration is not None
    apparent = trained.result.scores.query("feature_set == 'Nomogram' and estimate == 'apparent'")
    assert len(views.calibration.predicted) == len(apparent)


def test_clusters_are_of_the_deep_features_of_each_view(views: TrainingViews) -> None:
    assert list(views.clusters) == ["sag.dl", "axi.dl"]


def test_every_algorithm_has_its_curve_out_of_fold(trained: TrainedStudy) -> None:
    grid = trained.result.grid
    assert grid is not None
    assert grid.roc_set == "DLR"
    for key, curve in grid.roc.items():
        assert curve.auc.value == pytest.approx(grid.auc["training"].loc[key, "DLR"])


def test_clinical_curves_have_the_areas_that_rank_the_variables(
    trained: TrainedStudy, views: TrainingViews
) -> None:
    ranking = trained.result.clinical_ranking.set_index("variable")["auc"]
    areas = {name: curve.auc.value for name, curve in views.clinical_roc.items()}
    assert areas == pytest.approx({name: ranking[name] for name in areas})
    assert areas
