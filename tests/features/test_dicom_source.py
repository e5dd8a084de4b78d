"""Features of a hospital's DICOM files equal those of the same volume as NIfTI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.config import StudyConfig
from dlr.features.cache import Cache
from dlr.features.worker import ImageProcessor, ImageTask, RoiRequest, RoiResult

from ..imaging.dicom_samples import (
    Scan,
    box,
    oblique,
    write_segmentation,
    write_series,
    write_structures,
)

SHAPE = (6, 24, 24)


def process(folder: Path, image: Path | str, mask: Path, label: str, segment: str) -> RoiResult:
    config = StudyConfig.model_validate(
        {
            "name": "dicom",
            "images": "images.csv",
            "clinical": "clinical.csv",
            "outcome": {"column": "outcome", "positive": "1"},
            "views": {"sag": {}},
            "radiomics": {"parameters": "original"},
            "embedding": None,
        }
    )
    roi = RoiRequest("case", "sag", "first", str(mask), label, segment)
    (result,) = ImageProcessor(config, Cache(folder))(ImageTask(str(image), (roi,)))
    return result


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """Write one volume and one ROI as DICOM, SEG, RTSTRUCT and NIfTI."""
    array = np.random.default_rng(0).integers(-300, 900, SHAPE).astype(np.int16)
    scan = Scan(axes=oblique())
    roi = np.zeros(SHAPE, np.uint8)
    roi[1:5, 4:16, 6:20] = 1
    paths = write_series(tmp_path / "series", array, scan)
    write_series(tmp_path / "series", array + 1, Scan(number=8))
    (tmp_path / "uid").write_text(scan.series)
    write_segmentation(tmp_path / "seg.dcm", paths, {"Tumour": roi})
    contours = [(index, box(5.5, 3.5, 19.5, 15.5)) for index in range(1, 5)]
    write_structures(tmp_path / "rs.dcm", scan, {"Tumour": contours})
    sitk.WriteImage(scan.image(array), str(tmp_path / "image.nii.gz"))
    sitk.WriteImage(scan.image(roi), str(tmp_path / "mask.nii.gz"))
    return tmp_path


@pytest.mark.parametrize("mask", ["seg.dcm", "rs.dcm"])
@pytest.mark.parametrize(("label", "segment"), [("1", ""), ("", "Tumour")])
def test_dicom_gives_the_features_of_nifti(hospital, mask, label, segment) -> None:
    cache = Cache(hospital / "cache")
    image = f"{hospital / 'series'}#{(hospital / 'uid').read_text()}"
    dicom = process(cache.folder, image, hospital / mask, label, segment)
    nifti = process(cache.folder, hospital / "image.nii.gz", hospital / "mask.nii.gz", "1", "")
    assert not dicom.failures
    ours, theirs = (
        cache.read_record("rad", found.measured_keys["rad"])["values"] for found in (dicom, nifti)
    )
    assert ours.keys() == theirs.keys()
    np.testing.assert_allclose(list(ours.values()), list(theirs.values()), rtol=1e-6)
    again = process(cache.folder, image, hospital / mask, label, segment)
    assert again.from_cache


def test_faults_of_dicom_are_the_case_s(hospital, tmp_path) -> None:
    cache = tmp_path / "cache"
    result = process(cache, hospital / "series", hospital / "seg.dcm", "", "")
    assert "holds 2 series; it has: #" in result.failures[0].reason
    result = process(cache, f"{hospital / 'absent'}#1.2", hospital / "seg.dcm", "", "")
    assert "the image file does not exist" in result.failures[0].reason
    assert result.failures[0].reason.endswith("give the folder the paths start from: --root")
