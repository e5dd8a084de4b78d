"""The whole check on cohorts with planted faults."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import dlr.imaging.read
from dlr.check import check_study, run_check
from dlr.check.finding import finding, in_order
from dlr.config import StudyConfig

from .editing import check, edit, places, read_table, rewrite, settings

EXPECTED = {"sample-size", "few-external-events", "cut-off", "border"}
"""What two dozen subjects with five slices cannot help."""


def test_a_clean_cohort_yields_expected_findings_only(clean_cohort: Path) -> None:
    found = check(clean_cohort)
    assert found.faults == []
    assert {item.code for item in found.findings} <= EXPECTED
    rois = found.rois
    assert len(rois) == len(read_table(clean_cohort / "images.csv"))
    assert rois["bins"].between(16, 128).all()
    assert rois["direction"].str.fullmatch("[LRAPSI]{3}").all()
    assert (rois["parts"] == 1).all()
    assert not rois["resampled"].any()


def test_numbers_of_an_roi(clean_cohort: Path) -> None:
    row = check(clean_cohort).rois.iloc[0]
    mask = sitk.ReadImage(str(clean_cohort / read_table(clean_cohort / "images.csv")["mask"][0]))
    image = sitk.ReadImage(str(clean_cohort / read_table(clean_cohort / "images.csv")["image"][0]))
    inside = sitk.GetArrayFromImage(mask) != 0
    values = sitk.GetArrayFromImage(image)[inside]
    assert row["voxels"] == inside.sum()
    assert row["volume_ml"] == pytest.approx(inside.sum() * np.prod(mask.GetSpacing()) / 1000)
    assert (row["lowest"], row["highest"]) == (values.min(), values.max())
    assert (row["size_x"], row["size_y"], row["size_z"]) == image.GetSize()


def test_result_does_not_depend_on_workers(clean_cohort: Path) -> None:
    config = StudyConfig.from_yaml(clean_cohort / "study.yaml")
    one, two = run_check(config), run_check(config, workers=2)
    pd.testing.assert_frame_equal(one.rois, two.rois)
    assert one.findings == two.findings


def test_every_image_is_read_once(clean_cohort: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    load = dlr.imaging.read.load

    def counting(path: str | Path, *rest: object) -> sitk.Image:
        opened.append(str(path))
        return load(path, *rest)

    monkeypatch.setattr("dlr.imaging.read.load", counting)
    monkeypatch.setattr("dlr.imaging.masks.load", counting)
    check(clean_cohort, pictures=True)
    assert opened
    assert len(opened) == len(set(opened))


def copy_row(folder: Path, column: str, source: int, target: int) -> None:
    table = read_table(folder / "images.csv")
    shutil.copy(folder / table[column][source], folder / table[column][target])


def first_reader_rows(folder: Path, view: str) -> list[int]:
    table = read_table(folder / "images.csv")
    return list(table.index[(table["view"] == view) & (table["reader"] == "reader1")])


def test_equal_images_and_masks_of_two_subjects(cohort: Path) -> None:
    one, other = first_reader_rows(cohort, "sag")[:2]
    copy_row(cohort, "image", one, other)
    copy_row(cohort, "mask", one, other)
    found = check(cohort, pictures=True)
    # Also the image that a second reader has drawn in: told once.
    assert places(found, "same-image") == [("warning", other + 2)]
    assert ("warning", other + 2) in places(found, "same-mask")
    told = {item.roi for item in found.of("warning") if item.roi}
    assert told <= set(found.pictures)


def test_copies_are_found_in_another_format(cohort: Path) -> None:
    table = read_table(cohort / "images.csv")
    one, other = first_reader_rows(cohort, "axi")[:2]
    image = sitk.ReadImage(str(cohort / table["image"][one]))
    sitk.WriteImage(sitk.Cast(image, sitk.sitkFloat32), str(cohort / "copy.nrrd"))
    shared = table.index[table["image"] == table["image"][other]]
    edit(
        cohort / "images.csv",
        lambda rows: rows.__setitem__(
            "image", rows["image"].where(~rows.index.isin(shared), "copy.nrrd")
        ),
    )
    assert ("warning", other + 2) in places(check(cohort), "same-image")


def test_identical_masks_of_two_readers(cohort: Path) -> None:
    table = read_table(cohort / "images.csv")
    second = int(table.index[table["reader"] != "reader1"][0])
    same = (table["image"] == table["image"][second]) & (table["reader"] == "reader1")
    copy_row(cohort, "mask", int(table.index[same][0]), second)
    (place,) = places(check(cohort), "same-mask-two-readers")
    assert place == ("warning", max(second, int(table.index[same][0])) + 2)


def test_one_mask_for_two_discs(tmp_path: Path) -> None:
    from dlr.cohort.simulation import write_tiny_cohort

    folder = write_tiny_cohort(tmp_path / "discs", n_subjects=18, unit="roi").parent
    edit(
        folder / "images.csv",
        lambda table: table.__setitem__(
            "mask_label",
            [table["mask_label"][0], *table["mask_label"][:1], *table["mask_label"][2:]],
        ),
    )
    found = check(folder)
    assert places(found, "same-mask-two-cases") == [("warning", 3)]


def blocks(array: np.ndarray) -> np.ndarray:
    """An ROI that touches the border, with a stray voxel far away."""
    result = np.zeros_like(array)
    result[1:4, 0:12, 8:20] = 1
    result[2, 28, 28] = 1
    return result


def test_border_stray_voxels_and_bins(cohort: Path) -> None:
    table = read_table(cohort / "images.csv")
    one, other = first_reader_rows(cohort, "axi")[:2]
    rewrite(cohort / table["mask"][one], blocks)
    path, mask = cohort / table["image"][other], cohort / table["mask"][other]
    inside = sitk.GetArrayFromImage(sitk.ReadImage(str(mask))) != 0

    def flatten(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[inside] = 50 + np.arange(inside.sum()) % 2
        return array

    rewrite(path, flatten)
    found = check(cohort)
    assert ("warning", one + 2) in places(found, "border")
    assert places(found, "stray-voxels") == [("warning", one + 2)]
    assert ("warning", other + 2) in places(found, "bins")
    row = found.rois.set_index("row").loc[one + 2]
    assert row["parts"] == 2
    assert row["border"]
    assert places(found, "several-parts") == [("note", None)]


def test_bins_of_most_rois_are_a_matter_of_settings(cohort: Path) -> None:
    parameters = "imageType: {Original: {}}\nfeatureClass: {glcm: }\nsetting: {binWidth: 1000}\n"
    (cohort / "wide.yaml").write_text(parameters)
    settings(cohort, lambda content: content.update(radiomics={"parameters": "wide.yaml"}))
    found = check(cohort)
    assert set(places(found, "bins")) == {("warning", None)}
    assert (found.rois["bins"] < 16).all()
    message = next(str(item) for item in found.findings if item.code == "bins")
    assert "have fewer than 16 bins at bin width 1000" in message


def test_bin_count_is_taken_as_it_is(cohort: Path) -> None:
    parameters = "imageType: {Original: {}}\nfeatureClass: {glcm: }\nsetting: {binCount: 8}\n"
    (cohort / "count.yaml").write_text(parameters)
    settings(cohort, lambda content: content.update(radiomics={"parameters": "count.yaml"}))
    assert (check(cohort).rois["bins"] == 8).all()


def test_a_resampled_mask_is_audited(cohort: Path) -> None:
    table = read_table(cohort / "images.csv")
    row = first_reader_rows(cohort, "sag")[0]
    path = cohort / table["mask"][row]
    mask = sitk.ReadImage(str(path))
    coarse = sitk.Image([8, 8, mask.GetSize()[2]], mask.GetPixelID())
    coarse.SetDirection(mask.GetDirection())
    coarse.SetOrigin(mask.GetOrigin())
    spacing = [mask.GetSpacing()[0] * 4, mask.GetSpacing()[1] * 4, mask.GetSpacing()[2]]
    coarse.SetSpacing(spacing)
    coarse[2:6, 2:6, 1:4] = 1
    coarse[1, 3, 2] = 1
    coarse[7, 7, 2] = 1  # reaches beyond the image
    sitk.WriteImage(coarse, str(path))
    assert places(check(cohort), "image") == [("fault", row + 2)]
    settings(cohort, lambda content: content.update(masks={"resample": True}))
    found = check(cohort)
    assert places(found, "resampled-masks") == [("note", None)]
    audit = found.rois.set_index("row").loc[row + 2]
    assert audit["resampled"]
    assert 0 < audit["dice"] <= 1
    assert found.faults == []


def test_volumes_without_voxel_size(cohort: Path) -> None:
    table = read_table(cohort / "images.csv")
    row = first_reader_rows(cohort, "sag")[0]
    for name in {table["image"][row], *table.loc[table["image"] == table["image"][row], "mask"]}:
        image = sitk.ReadImage(str(cohort / name))
        image.SetSpacing((1, 1, 1))
        image.SetOrigin((0, 0, 0))
        sitk.WriteImage(image, str(cohort / name))
    assert ("warning", row + 2) in places(check(cohort), "no-voxel-size")


def test_image_faults_are_those_of_before(cohort: Path) -> None:
    table = read_table(cohort / "images.csv")
    rewrite(cohort / table["mask"][0], np.zeros_like)
    (cohort / table["image"][4]).write_bytes(b"not an image")
    found = check(cohort, pictures=True)
    config = StudyConfig.from_yaml(cohort / "study.yaml")
    assert found.faults == check_study(config)
    assert {2, 6} <= {fault.row for fault in found.faults}
    unusable = found.rois[found.rois["voxels"].isna()]
    assert set(unusable["findings"]) == {"image"}


def test_a_subject_in_two_cohorts_and_lost_zeros_before_any_image(cohort: Path) -> None:
    edit(cohort / "clinical.csv", lambda t: t.__setitem__("subject_id", t["subject_id"].str[1:]))
    edit(
        cohort / "images.csv",
        lambda t: t.__setitem__("subject_id", t["subject_id"].str.lstrip("S0")),
    )
    found = check(cohort)
    assert {fault.code for fault in found.faults} == {"no-image", "no-clinical-row"}
    assert ("warning", 2) in places(found, "leading-zeros")
    assert found.rois.empty
    assert len(found.columns)


def test_a_subject_in_two_cohorts(tmp_path: Path) -> None:
    from dlr.cohort.simulation import write_tiny_cohort

    folder = write_tiny_cohort(tmp_path / "discs", n_subjects=18, unit="roi").parent
    edit(
        folder / "clinical.csv",
        lambda table: table.__setitem__("cohort", ["external", *table["cohort"][1:]]),
    )
    assert ("fault", 4) in places(check(folder), "subject-in-two-cohorts")


def test_faults_come_first() -> None:
    items = [finding("note", "c", "x"), finding("fault", "a", "x"), finding("warning", "b", "x")]
    assert [item.level for item in in_order(items)] == ["fault", "warning", "note"]
