"""Rectangles around a disc."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import yaml
from PIL import Image

from dlr.cli.app import run
from dlr.cnn.roi_crops import disc_crop, write_disc_crops
from dlr.errors import InputError


def volume():
    """A sagittal volume (left-right, feet-head, front-back) with a disc of 8 x 20 mm."""
    grey = np.random.default_rng(0).integers(0, 200, (5, 60, 50)).astype(np.uint8)
    roi = np.zeros_like(grey)
    roi[2, 26:34, 10:30] = 1
    roi[3, 28:32, 12:20] = 1
    pair = []
    for array in (grey, roi):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((1.0, 1.0, 4.0))
        # Columns towards the back, rows towards the feet, slices towards the left.
        image.SetDirection((0, 0, 1, 1, 0, 0, 0, -1, 0))
        pair.append(image)
    return pair


def test_margins_are_in_millimetres_and_stop_at_the_border():
    crop, mask = disc_crop(*volume(), above_below_mm=10, front_back_mm=5)
    assert crop.shape == mask.shape == (8 + 20, 20 + 10)
    assert (mask > 0).sum() == 8 * 20
    far, _ = disc_crop(*volume(), above_below_mm=12, front_back_mm=15)
    assert far.shape == (8 + 24, 10 + 20 + 15)


def write_volume(folder):
    image, mask = volume()
    sitk.WriteImage(image, str(folder / "i.nii.gz"))
    sitk.WriteImage(mask, str(folder / "m.nii.gz"))


def test_crops_and_their_table_are_written_and_failures_listed(tmp_path):
    write_volume(tmp_path)
    rows = [("P1", "L4", "i.nii.gz", "m.nii.gz", 1), ("P1", "L5", "i.nii.gz", "m.nii.gz", 7)]
    columns = ["subject_id", "roi", "image", "mask", "mask_label"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "images.csv", index=False)
    found = write_disc_crops(tmp_path / "images.csv", tmp_path / "out", size=64)
    assert list(found.images["roi"]) == ["L4"]
    assert list(found.failures["roi"]) == ["L5"]
    with Image.open(tmp_path / "out" / "P1_L4.png") as picture:
        assert picture.size == (64, 64)


def test_one_disc_twice_is_a_failure_and_a_view_can_be_chosen(tmp_path):
    write_volume(tmp_path)
    files = {"image": "i.nii.gz", "mask": "m.nii.gz", "roi": "L4/L5", "subject_id": "P1"}
    rows = [{"view": view, **files} for view in ("sag", "sag", "axi")]
    pd.DataFrame(rows).to_csv(tmp_path / "images.csv", index=False)
    found = write_disc_crops(tmp_path / "images.csv", tmp_path / "out", view="sag")
    assert list(found.images["image"]) == ["P1_L4_L5_sag.png"]
    assert found.failures["reason"].str.contains("already cut from row 2").all()
    assert len(pd.read_csv(tmp_path / "out" / "failures.csv")) == 1
    with pytest.raises(InputError, match="the column holds: axi, sag"):
        write_disc_crops(tmp_path / "images.csv", tmp_path / "out", view="cor")


def test_the_command_takes_a_table_or_a_study_with_its_mask_settings(tmp_path):
    write_volume(tmp_path)
    shifted = volume()[1]
    shifted.SetOrigin((0.0, 0.0, 0.02))  # more than the tolerance: needs 'masks.resample'
    sitk.WriteImage(shifted, str(tmp_path / "s.nii.gz"))
    files = {"subject_id": "P1", "image": "i.nii.gz"}
    rows = [
        {**files, "roi": "L4", "reader": "anna", "mask": "m.nii.gz"},
        {**files, "roi": "L5", "reader": "anna", "mask": "s.nii.gz"},
        {**files, "roi": "L4", "reader": "ben", "mask": "m.nii.gz"},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "images.csv", index=False)
    command = ["cnn", "crops", str(tmp_path / "images.csv"), "--out", str(tmp_path / "table")]
    assert run([*command, "--above-below", "12", "--front-back", "4", "--size", "0"]) == 4
    assert list(pd.read_csv(tmp_path / "table" / "images.csv")["roi"]) == ["L4"]
    with Image.open(tmp_path / "table" / "P1_L4.png") as picture:
        assert picture.size == (20 + 8, 8 + 24)
    study = {
        "name": "discs", "images": "images.csv", "clinical": "c.csv", "views": {"sag": {}},
        "unit": "roi", "outcome": {"column": "y", "positive": 1}, "masks": {"resample": True},
        "agreement": {"reader": "ben"},
    }  # fmt: skip
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    out = tmp_path / "study"
    assert run(["cnn", "crops", str(tmp_path / "study.yaml"), "--out", str(out)]) == 0
    assert list(pd.read_csv(out / "images.csv")["roi"]) == ["L4", "L5"]


def test_the_command_fails_when_nothing_could_be_cut(tmp_path):
    rows = [{"subject_id": "P1", "image": "none.nii.gz", "mask": "none.nii.gz"}]
    pd.DataFrame(rows).to_csv(tmp_path / "images.csv", index=False)
    command = ["cnn", "crops", str(tmp_path / "images.csv"), "--out", str(tmp_path / "out")]
    assert run(command) == 3


def test_real_discs_are_cut_from_lumbar_mri(data_root, tmp_path):
    folder = data_root / "spider_lumbar" / "t2_space"
    patient = sorted(folder.glob("*_image.nii.gz"))[0].name.split("_")[0]
    names = (f"{patient}_image.nii.gz", f"{patient}_mask.nii.gz")
    rows = [(patient, f"ivd{k}", *names, 200 + k) for k in (1, 2)]
    columns = ["subject_id", "roi", "image", "mask", "mask_label"]
    table = tmp_path / "images.csv"
    pd.DataFrame(rows, columns=columns).to_csv(table, index=False)
    found = write_disc_crops(table, tmp_path / "out", image_root=folder, size=None)
    assert found.failures.empty
    for name in found.images["mask"]:
        with Image.open(tmp_path / "out" / name) as picture:
            mask = np.asarray(picture) > 0
        height = np.ptp(np.flatnonzero(mask.any(axis=1))) + 1
        assert mask.shape[0] == pytest.approx(height + 20 / 0.94, abs=2)
