"""Measuring copies: resumable, only training cases, failures listed, deep features on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr import Study
from dlr.cohort import Cohort
from dlr.cohort.simulation import write_tiny_cohort
from dlr.cohort.splits import TRAINING
from dlr.errors import DlrError
from dlr.features.cache import Cache
from dlr.features.extraction import image_tasks
from dlr.features.roi_source import RoiSource
from dlr.figures import plot_icc_histogram
from dlr.settings import EmbeddingSettings, ViewSettings
from dlr.stability import PerturbationSettings, feature_class, stability_table
from dlr.stability.copies import CopyMeasurer, DrawnRoi

CONTOUR = PerturbationSettings(steps=("volume", "contour"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("measure")
    return Study.from_yaml(write_tiny_cohort(folder, n_subjects=18), work=folder / "work")


@pytest.fixture(scope="module")
def cohort(study: Study) -> Cohort:
    return study.cohort()


def changed(cohort: Cohort, **updates: object) -> Cohort:
    return Cohort(cohort.config.model_copy(update=updates), cohort.clinical, cohort.images)


def test_more_copies_are_added_to_those_measured(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[tuple[str, int, int]] = []
    stability_table(cohort, tmp_path, CONTOUR, 1, progress=lambda *report: stages.append(report))
    assert stages[0] == ("perturbed copies", 0, 48)  # 12 training cases, 2 views, 2 ratings
    assert stages[-1] == ("perturbed copies", 48, 48)
    measured = []
    measure = RoiSource.measure

    def counting(self, measuring, prepared):
        measured.append(measuring)
        return measure(self, measuring, prepared)

    monkeypatch.setattr(RoiSource, "measure", counting)
    more = stability_table(cohort, tmp_path, CONTOUR, 2)
    assert len(measured) == 24
    assert (more.frame["ratings"] == 3).all()
    again = stability_table(cohort, tmp_path, CONTOUR, 2)
    assert len(measured) == 24
    pd.testing.assert_frame_equal(more.frame, again.frame)


def test_neither_outcomes_nor_external_cases_matter(cohort: Cohort, tmp_path: Path) -> None:
    expected = stability_table(cohort, tmp_path, CONTOUR, 1).frame
    training = cohort.clinical["cohort"] == TRAINING
    images = cohort.images.copy()
    external = ~images["case_id"].isin(cohort.clinical.index[training])
    images.loc[external, "image"] = "gone.nii.gz"
    clinical = cohort.clinical.assign(outcome=1 - cohort.clinical["outcome"])
    found = stability_table(Cohort(cohort.config, clinical, images), tmp_path / "new", CONTOUR, 1)
    assert found.failures.empty
    pd.testing.assert_frame_equal(found.frame, expected)


def test_copies_that_fail_are_listed_and_their_cases_left_out(
    cohort: Cohort, tmp_path: Path
) -> None:
    sizes = [np.count_nonzero(_first_drawn(cohort, view).copy(0).mask) for view in ("sag", "axi")]
    masks = cohort.config.masks.model_copy(update={"minimum_voxels": int(min(sizes) * 0.9)})
    strong = PerturbationSettings(steps=("volume",), volume=0.3)
    table = stability_table(changed(cohort, masks=masks), tmp_path, strong, 1)
    assert 0 < len(table.failures) < 24
    assert table.failures["reason"].str.contains("fewer than").all()
    assert set(table.failures["repetition"]) <= {0, 1}
    assert table.frame["n_cases"].min() < 12
    none = masks.model_copy(update={"minimum_voxels": 10**6})
    with pytest.raises(DlrError, match=r"only 0 of 12 training cases .*first reason"):
        stability_table(changed(cohort, masks=none), tmp_path, strong, 1)


def _first_drawn(cohort: Cohort, view: str, settings: PerturbationSettings = CONTOUR) -> DrawnRoi:
    for task in image_tasks(cohort):
        for roi in task.rois:
            if roi.view == view:
                source = RoiSource(task.image, cohort.config)
                return DrawnRoi(source, roi, cohort.config, settings)
    raise AssertionError(view)


@pytest.mark.parametrize(
    "view",
    [
        ViewSettings(dimension="3d"),
        ViewSettings(dimension="2d"),
        ViewSettings(dimension="2.5d", spacing_mm=0.7),
        ViewSettings(dimension="3d", plane="sagittal"),
    ],
)
def test_the_picture_of_the_roi_itself_is_that_of_extraction(
    cohort: Cohort, view: ViewSettings
) -> None:
    drawn = _first_drawn(changed(cohort, views={**cohort.config.views, "sag": view}), "sag")
    prepared = drawn.source.prepare(drawn.roi)
    np.testing.assert_allclose(drawn.crop(drawn.copy(0)), prepared.crop, atol=1e-6)


def test_copies_without_image_change_share_their_image(cohort: Cohort) -> None:
    drawn = _first_drawn(cohort, "sag")
    assert drawn.copy(1).image is drawn.copy(2).image is drawn.copy(0).image


def test_deep_features_are_measured_on_request(cohort: Cohort, tmp_path: Path) -> None:
    lite = EmbeddingSettings(backbone="efficientnet_lite0", weights="packaged")
    views = {"sag": cohort.config.views["sag"]}
    images = cohort.images[cohort.images["view"] == "sag"]
    config = cohort.config.model_copy(update={"embedding": lite, "views": views, "radiomics": None})
    one_view = Cohort(config, cohort.clinical, images)
    table = stability_table(one_view, tmp_path, CONTOUR, 1, deep=True)
    assert list(table.frame.index[:2]) == ["sag.dl.0000", "sag.dl.0001"]
    assert len(table.frame) == 1280
    assert table.frame["icc"].median() > 0.5
    again = stability_table(one_view, tmp_path, CONTOUR, 1, deep=True)
    pd.testing.assert_frame_equal(table.frame, again.frame)
    assert stability_table(one_view, tmp_path, CONTOUR, 1).frame.empty


def test_forms_summary_and_figure(cohort: Cohort, tmp_path: Path) -> None:
    table = stability_table(cohort, tmp_path, CONTOUR, 2, form="3,1")
    other = stability_table(cohort, tmp_path, CONTOUR, 2, form="1,1")
    assert not table.frame["icc"].equals(other.frame["icc"])
    summary = table.summary((0.5, 0.9))
    assert list(summary.columns) == ["n", "> 0.5", "> 0.9"]
    assert summary["n"].sum() == len(table.frame)
    assert (summary["> 0.9"] <= summary["> 0.5"]).all()
    assert "sag rad glcm" in summary.index
    ax = plot_icc_histogram(table.frame["icc"])
    kept = int((table.frame["icc"] > 0.75).sum())
    assert f"{kept} of {len(table.frame)} above 0.75" in ax.get_xlabel()
    assert sum(bar.get_height() for bar in ax.patches) == table.frame["icc"].notna().sum()


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("sag.rad.original_glcm_Contrast", "sag rad glcm"),
        ("sag.rad.log-sigma-1-0-mm-3D_firstorder_Mean", "sag rad firstorder"),
        ("axi.mazda.S_5_-5_DifVarnc", "axi mazda"),
        ("axi.dl_lite.0001", "axi dl_lite"),
    ],
)
def test_features_are_summed_up_by_class(column: str, expected: str) -> None:
    assert feature_class(column) == expected


def test_no_copies_are_no_perturbation(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(DlrError, match="at least one perturbed copy, but got 0"):
        stability_table(cohort, tmp_path, CONTOUR, 0)


def test_a_missing_image_is_a_failure_of_its_copies(cohort: Cohort, tmp_path: Path) -> None:
    task = image_tasks(cohort)[0]
    gone = type(task)("gone.nii.gz", task.rois[:1])
    measurer = CopyMeasurer(cohort.config, Cache(tmp_path), CONTOUR, 1, {})
    found = measurer(gone)
    assert [copy.repetition for copy in found] == [0, 1]
    assert all("does not exist" in copy.reason for copy in found)
