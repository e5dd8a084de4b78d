"""No mask goes to another patient's image: what names do not tell is listed, not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlr.scaffold import pair_files


def pairs(folder: Path, *names: str) -> dict[str, tuple[str, str]]:
    """Return subject and image of every mask that was paired."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    table = pair_files(folder).images
    columns = ["mask", "subject_id", "image"]
    return {mask: (subject, image) for mask, subject, image in table[columns].to_numpy()}


STRANGERS = {
    "words in another order": ("2_1_mask.nii", ["1_2.nii", "1_2_mask.nii", "3_3.nii"]),
    "a word in between": (
        "masks/patient_5_lesion_1_mask.nii",
        ["images/patient_1.nii", "images/patient_3.nii", "masks/patient_1_mask.nii"],
    ),
    "one image in a folder of many": ("batch/B_mask.nii", ["batch/A.nii", "batch/A_mask.nii"]),
    "its image is elsewhere": (
        "x/B_mask.nii",
        ["x/A.nii", "y/B.nii", "y/C_mask.nii", "z/C.nii", "z/B_mask.nii"],
    ),
    "an order in folders": ("b1/2_1_mask.nii", ["b1/1_2.nii", "b2/1_2.nii", "b2/1_2_mask.nii"]),
    "another view": ("anna/axi_mask.nii", ["anna/sag.nii", "anna/sag_mask.nii"]),
    "four digits": ("masks/0002.nii", ["images/0001.nii", "masks/0001.nii"]),
    "another's folder": ("bert/T2_mask.nii", ["anna/T2.nii", "anna/T2_mask.nii", "carl/T2.nii"]),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_a_mask_whose_image_is_not_there_is_unmatched(case: str, tmp_path: Path) -> None:
    mask, others = STRANGERS[case]
    assert mask not in pairs(tmp_path, mask, *others)
    unmatched = pair_files(tmp_path).unmatched.set_index("file")["reason"]
    assert "no image has its name" in unmatched[mask]


FRIENDS = {
    "more words at the end": ("P01.nii", "P01_disc_mask.nii"),
    "a folder of a kind": ("images/P01.nii", "masks_final/P01.nii"),
    "a folder of one reader's program": ("images/P01.nii", "output/P01_seg.nii"),
    "BIDS": (
        "sub-01/anat/sub-01_T2w.nii.gz",
        "derivatives/labels/sub-01/anat/sub-01_T2w_label-disc_seg.nii.gz",
    ),
    "the folder is the subject's": ("P01/T2.nii", "P01/disc_mask.nii"),
    "and repeated": ("P01/P01_T2.nii", "P01/P01_mask.nii"),
    "one repeats it": ("images/P01/P01.nii", "masks/P01.nii"),
    "its date is the image's own": ("P01/2019010199_T2.nii", "P01/disc.seg.nrrd"),
    "nothing but the folder": ("P01/scan.nii", "P01/tumour.seg.nrrd"),
    "a view": ("P01/sag.nii", "P01/disc_mask.nii"),
    "four digits": ("images/0001.nii", "masks/0001.nii"),
    "four digits at the end": ("patient_0001.nii", "patient_0001_mask.nii"),
}


@pytest.mark.parametrize("case", FRIENDS)
def test_a_mask_finds_its_image(case: str, tmp_path: Path) -> None:
    names = FRIENDS[case]
    others = [name.replace("01", "02") for name in names]
    found = pairs(tmp_path, *names, *others)
    assert {mask: image for mask, (_, image) in found.items()} == {
        names[1]: names[0],
        others[1]: others[0],
    }
    assert len({subject for subject, _ in found.values()}) == 2


def test_subjects_of_several_centres_stay_apart(tmp_path: Path) -> None:
    folders = ["A/001", "B/001", "A/002"]
    names = [f"{folder}/{name}.nii" for folder in folders for name in ("img", "mask")]
    found = pairs(tmp_path, *names)
    assert {subject for subject, _ in found.values()} == {"A-001", "A-002", "B-001"}


def test_surnames_are_no_visits(tmp_path: Path) -> None:
    folders = ["A/Fuchs", "A/Preuss", "B/Sessler"]
    found = pairs(tmp_path, *(f"{f}/{name}.nii" for f in folders for name in ("img", "mask")))
    assert len({subject for subject, _ in found.values()}) == 3


def test_visits_of_a_subject_stay_its_own(tmp_path: Path) -> None:
    folders = ["anna/ses-01", "anna/ses-02", "bert/ses-01"]
    found = pairs(tmp_path, *(f"{f}/{name}.nii" for f in folders for name in ("T2", "T2_mask")))
    assert [subject for subject, _ in found.values()] == ["anna", "anna", "bert"]
