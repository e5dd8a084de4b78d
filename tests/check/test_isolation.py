"""One bad case costs itself, never the check of the others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from dlr.check import roi as module
from dlr.check.isolation import CRASHED, examine_each
from dlr.errors import CaseError
from dlr.features.roi_source import RoiRequest
from dlr.features.worker import ImageTask
from dlr.imaging.masks import segment_names

from .editing import check, edit, read_table


@pytest.mark.parametrize(("entry", "text"), [("LabelValue", "abc"), ("Layer", "x")])
def test_a_segment_that_is_no_number_is_a_fault_of_its_case(
    cohort: Path, entry: str, text: str
) -> None:
    table = read_table(cohort / "images.csv")
    mask = sitk.ReadImage(str(cohort / table["mask"][0]))
    for key, value in {"ID": "S", "Name": "lesion", entry: text}.items():
        mask.SetMetaData(f"Segment0_{key}", value)
    sitk.WriteImage(mask, str(cohort / "odd.seg.nrrd"))
    with pytest.raises(CaseError, match=f"Segment0_{entry} '{text}', which is no whole number"):
        segment_names(sitk.ReadImage(str(cohort / "odd.seg.nrrd")))
    edit(
        cohort / "images.csv",
        lambda table: table.__setitem__("mask", ["odd.seg.nrrd", *table["mask"][1:]]),
    )
    found = check(cohort)
    (fault,) = found.faults
    assert "no whole number" in fault.message
    assert len(found.rois) == len(table)


def test_what_nobody_foresaw_is_a_fault_of_its_case(
    clean_cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, first = module._Source.measure_roi, read_table(clean_cohort / "images.csv")["mask"][0]

    def failing(source: module._Source, roi: RoiRequest) -> object:
        if roi.mask.endswith(first):
            raise ZeroDivisionError("no\nbins")
        return measure(source, roi)

    monkeypatch.setattr(module._Source, "measure_roi", failing)
    (fault,) = check(clean_cohort).faults
    assert "ZeroDivisionError: no bins" in fault.message


def test_an_image_that_kills_its_process_costs_only_the_guilty_roi() -> None:
    def request(case: str) -> RoiRequest:
        return RoiRequest(case, "sag", "first", "mask.nii", "", "")

    def examine(task: ImageTask) -> Any:
        if any(roi.case_id == "guilty" for roi in task.rois):
            os._exit(1)  # as a segmentation fault in a reader does
        return [roi.case_id for roi in task.rois]  # plain text: quick to send

    tasks = [
        ImageTask("0.nii", (request("before"),)),
        ImageTask("1.nii", (request("beside"), request("guilty"))),
    ]
    first, (beside, lost) = examine_each(examine, tasks, workers=2)
    assert (first, beside) == (["before"], "beside")
    assert (lost.request, lost.image, lost.fault) == (request("guilty"), "1.nii", CRASHED)
