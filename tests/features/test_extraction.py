"""Rows of the image table become tasks, one for each image."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.features.extraction import image_tasks

ROWS = [
    ("b.nii", "2_L4", "sag", "first", "m1.nii", "4"),
    ("a.nii", "1_L4", "sag", "first", "m0.nii", "4"),
    ("b.nii", "2_L4", "sag", "second", "m2.nii", "4"),
    ("b.nii", "2_L5", "sag", "first", "m1.nii", "5"),
    ("b.nii", "2_L5", "axi", "first", "m1.nii", "5"),
]


def test_rois_of_an_image_are_one_task_and_neighbours_share_a_mask(tmp_path: Path) -> None:
    columns = ["image", "case_id", "view", "reader", "mask", "mask_label"]
    images = pd.DataFrame(ROWS, columns=columns).assign(mask_segment="", subject_id="", row=0)
    config = StudyConfig.model_validate(
        {
            "name": "tasks",
            "images": "images.csv",
            "clinical": "clinical.csv",
            "outcome": {"column": "outcome", "positive": "1"},
            "views": {"sag": {}, "axi": {}},
            "radiomics": {"parameters": "original"},
            "embedding": None,
        }
    )
    tasks = image_tasks(Cohort(config, pd.DataFrame(), images))
    assert [task.image for task in tasks] == ["b.nii", "a.nii"]
    found = [(roi.case_id, roi.view, roi.reader, roi.mask, roi.label) for roi in tasks[0].rois]
    assert found == [
        ("2_L5", "axi", "first", "m1.nii", "5"),
        ("2_L4", "sag", "first", "m1.nii", "4"),
        ("2_L5", "sag", "first", "m1.nii", "5"),
        ("2_L4", "sag", "second", "m2.nii", "4"),
    ]
