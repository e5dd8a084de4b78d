"""Simulated cohorts are complete studies on disk, the same for every number of workers."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from dlr.cohort import simulation
from dlr.cohort.cohort import Cohort
from dlr.cohort.simulation import simulate_cohort, write_tiny_cohort
from dlr.config import StudyConfig
from dlr.errors import DlrError


def checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def array(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_cohort(tmp_path_factory.mktemp("small"), n_training=12, n_external=11).parent


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_cohort(tmp_path_factory.mktemp("tiny")).parent


@pytest.fixture(scope="module")
def tiny_discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_cohort(tmp_path_factory.mktemp("discs"), unit="roi").parent


def test_cohort_has_two_views_of_every_patient(small: Path) -> None:
    images = pd.read_csv(small / "images.csv")
    first = images[images["reader"] == "reader1"]
    assert list(images) == ["subject_id", "image", "mask", "view", "reader"]
    assert first.groupby("view").size().to_dict() == {"axi": 23, "sag": 23}
    assert all((small / path).is_file() for path in {*images["image"], *images["mask"]})


def test_second_reader_drew_training_patients_only(small: Path) -> None:
    images = pd.read_csv(small / "images.csv")
    clinical = pd.read_csv(small / "clinical.csv").set_index("subject_id")
    second = images.loc[images["reader"] == "reader2", "subject_id"].unique()
    assert len(second) == 4  # a third of twelve
    assert set(clinical.loc[second, "cohort"]) == {"training"}


def test_study_file_is_valid_and_says_simulated(small: Path) -> None:
    config = StudyConfig.from_yaml(small / "study.yaml")
    assert config.simulated
    assert set(config.views) == {"sag", "axi"}
    assert config.embedding is not None
    assert config.embedding.weights == "packaged"
    clinical = pd.read_csv(small / "clinical.csv", dtype=str)
    assert len(config.clinical_variables) == 42
    for name, variable in config.clinical_variables.items():
        if variable.levels is not None:
            assert set(clinical[name]) <= set(variable.levels)
            assert variable.reference in variable.levels


@pytest.mark.parametrize("folder", ["small", "tiny", "tiny_discs"])
def test_cohorts_pass_the_checks_of_the_manifest(
    folder: str, request: pytest.FixtureRequest
) -> None:
    study = request.getfixturevalue(folder) / "study.yaml"
    cohort = Cohort.load(StudyConfig.from_yaml(study))
    assert cohort.names == ("training", "external")
    assert set(cohort.images["reader"]) == {"first", "second"}


def test_sagittal_volume_lies_in_the_patient_as_scanners_store_it(small: Path) -> None:
    image = sitk.ReadImage(str(small / "images" / "S0001_sag.nii.gz"))
    direction = np.array(image.GetDirection()).reshape(3, 3)
    assert image.GetSize() == (96, 128, 11)
    assert image.GetSpacing() == pytest.approx((1.25, 1.25, 4.4))
    # Columns run backwards, rows to the feet, slices from left to right (LPS coordinates).
    assert np.argmax(np.abs(direction), axis=0).tolist() == [1, 2, 0]
    assert np.sign(direction[[1, 2, 0], [0, 1, 2]]).tolist() == [1, -1, -1]
    assert np.linalg.det(direction) == pytest.approx(1.0)
    assert not np.allclose(np.abs(direction), np.round(np.abs(direction)), atol=1e-4)


def test_both_views_show_the_same_disc_at_the_same_place(small: Path) -> None:
    for subject in ("S0001", "S0002", "S0003"):
        centres = []
        for view in ("sag", "axi"):
            mask = sitk.ReadImage(str(small / "masks" / f"{subject}_{view}_reader1.nii.gz"))
            index = np.argwhere(sitk.GetArrayFromImage(mask) > 0).mean(axis=0)
            centres.append(mask.TransformContinuousIndexToPhysicalPoint(index[::-1].tolist()))
        # The axial region includes the canal, so its centre lies some mm further back.
        assert np.linalg.norm(np.subtract(*centres)) < 15


def test_masks_share_their_image_grid_and_are_large_enough(small: Path) -> None:
    images = pd.read_csv(small / "images.csv")
    for row in images.itertuples():
        image = sitk.ReadImage(str(small / str(row.image)))
        mask = sitk.ReadImage(str(small / str(row.mask)))
        assert image.GetSize() == mask.GetSize()
        assert image.GetOrigin() == pytest.approx(mask.GetOrigin())
        assert image.GetDirection() == pytest.approx(mask.GetDirection())
        labels = sitk.GetArrayFromImage(mask)
        assert set(np.unique(labels)) == {0, 1}
        assert labels.sum() > 300
        assert labels.any(axis=(1, 2)).sum() >= 2


def test_same_seed_same_files_with_one_and_two_workers(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        write_tiny_cohort(tmp_path / name, n_subjects=18, seed=4, n_workers=workers)
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two")


def test_other_seed_other_images(tmp_path: Path, tiny: Path) -> None:
    write_tiny_cohort(tmp_path, n_subjects=24, seed=1)
    name = Path("images") / "S0001_sag.nii.gz"
    assert not np.array_equal(array(tmp_path / name), array(tiny / name))


def test_progress_counts_every_patient(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    simulate_cohort(tmp_path, 11, 11, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(number, 22) for number in range(1, 23)]


def test_study_that_is_not_simulated_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: mine\n", encoding="utf-8")
    with pytest.raises(DlrError, match="already holds a study that is not simulated"):
        write_tiny_cohort(tmp_path)
    assert (tmp_path / "study.yaml").read_text(encoding="utf-8") == "name: mine\n"


def test_tables_of_another_study_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "clinical.csv").write_text("subject_id\n", encoding="utf-8")
    with pytest.raises(DlrError, match=r"clinical\.csv: the folder already holds a study"):
        write_tiny_cohort(tmp_path)


def test_earlier_simulation_is_overwritten_whole(tmp_path: Path) -> None:
    write_tiny_cohort(tmp_path / "a", n_subjects=24)
    write_tiny_cohort(tmp_path / "a", n_subjects=18)
    write_tiny_cohort(tmp_path / "b", n_subjects=18)
    assert checksums(tmp_path / "a") == checksums(tmp_path / "b")


def test_tiny_cohort_is_balanced_and_small(tiny: Path) -> None:
    clinical = pd.read_csv(tiny / "clinical.csv")
    counts = clinical.groupby(["cohort", "surgery"]).size()
    assert counts["training"].tolist() == [8, 8]
    assert counts["external"].tolist() == [4, 4]
    assert array(tiny / "images" / "S0001_sag.nii.gz").shape == (5, 32, 32)
    assert all(array(path).sum() > 60 for path in (tiny / "masks").iterdir())


def test_tiny_discs_have_labels_and_outcomes_of_their_own(tiny_discs: Path) -> None:
    images = pd.read_csv(tiny_discs / "images.csv")
    clinical = pd.read_csv(tiny_discs / "clinical.csv")
    assert len(clinical) == 3 * 24
    assert clinical.groupby("subject_id")["surgery"].nunique().eq(2).all()
    assert not clinical.duplicated(["subject_id", "roi"]).any()
    assert set(images["roi"]) == set(clinical["roi"]) == {"L3L4", "L4L5", "L5S1"}
    for mask, rows in images.groupby("mask"):
        labels = array(tiny_discs / str(mask))
        for label in rows["mask_label"]:
            assert (labels == label).sum() > 60


def test_too_few_tiny_subjects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DlrError, match="n_subjects must be at least 18"):
        write_tiny_cohort(tmp_path, n_subjects=12)


def test_package_is_light_until_used() -> None:
    code = "import sys, dlr.cohort.simulation; assert 'SimpleITK' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = simulation.nothing
