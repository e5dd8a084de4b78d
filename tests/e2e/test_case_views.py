"""Single cases of an external cohort: ranked, explained to the last digit, and drawn."""

from __future__ import annotations

import numpy as np
import pytest

from dlr import Cohort, FeatureTable, Study
from dlr.case_views import CaseViews, case_views
from dlr.study import TrainedStudy


@pytest.fixture(scope="module")
def views(
    tiny_study: Study, tiny_cohort: Cohort, tiny_features: FeatureTable, trained: TrainedStudy
) -> CaseViews:
    found = case_views(
        trained.bundle, tiny_cohort, tiny_features, trained.result.scores, tiny_study.work
    )
    assert found is not None
    return found


def test_only_external_cases_are_shown_the_doubtful_first(
    views: CaseViews, tiny_cohort: Cohort
) -> None:
    assert {case.cohort for case in views.cases} == set(tiny_cohort.external_names)
    order = [(case.n_outside > 0, case.wrong) for case in views.cases]
    assert order == sorted(order, reverse=True)


def test_contributions_sum_to_the_score(views: CaseViews) -> None:
    for case in views.cases:
        table = case.scores.set_index("feature_set")
        total = views.base + case.contributions["contribution"].sum()
        assert total == pytest.approx(table.loc[views.feature_set, "score"], abs=1e-9)


def test_nomogram_points_give_the_nomograms_probability(
    views: CaseViews, trained: TrainedStudy
) -> None:
    chart = trained.bundle.chart
    assert chart is not None
    for case in views.cases:
        probability = case.scores.set_index("feature_set").loc["Nomogram", "probability"]
        total = float(case.points["points"].sum())
        assert chart.probability_at(total) == pytest.approx(probability, abs=1e-9)


def test_every_case_has_its_pictures_with_the_roi_outlined(
    views: CaseViews, tiny_cohort: Cohort
) -> None:
    for case in views.cases:
        assert {picture.view for picture in case.pictures} == set(tiny_cohort.config.views)
        for picture in case.pictures:
            assert picture.crop.dtype == np.uint8
            assert picture.outline
            x, y = np.concatenate([np.array(line) for line in picture.outline]).T
            # The crop is the ROI's box with a margin: the outline is centred in it.
            assert (x.min() + x.max()) / 2 == pytest.approx(112, abs=8)
            assert (y.min() + y.max()) / 2 == pytest.approx(112, abs=8)


def test_no_more_than_asked_for_but_all_are_counted(
    tiny_study: Study, tiny_cohort: Cohort, tiny_features: FeatureTable, trained: TrainedStudy
) -> None:
    scores = trained.result.scores
    found = case_views(trained.bundle, tiny_cohort, tiny_features, scores, tiny_study.work, most=3)
    assert found is not None
    assert (len(found.cases), found.total) == (3, 12)
    training = scores[scores["estimate"] != "frozen"]
    assert case_views(trained.bundle, tiny_cohort, tiny_features, training, tiny_study.work) is None
