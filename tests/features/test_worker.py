"""Several ROIs of one image share what the image gives, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.config import StudyConfig
from dlr.features.cache import Cache
from dlr.features.radiomics import load_settings, make_engine
from dlr.features.radiomics.native import NativeEngine
from dlr.features.worker import ImageProcessor, ImageTask, RoiRequest

LABELS = (1, 2, 3)


@pytest.fixture(scope="module")
def spine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An image and a label map with three discs, and a fourth label of one voxel."""
    folder = tmp_path_factory.mktemp("spine")
    random = np.random.default_rng(0)
    noise = sitk.GetImageFromArray(random.normal(0, 1, (12, 60, 50)).astype(np.float32))
    image = sitk.Cast(sitk.SmoothingRecursiveGaussian(noise, 1.0) * 900 + 400, sitk.sitkInt16)
    labels = np.zeros((12, 60, 50), np.uint8)
    for label, top in zip(LABELS, (5, 24, 43)):
        labels[3:9, top : top + 8, 12:34] = label
    labels[0, 0, 0] = 4
    mask = sitk.GetImageFromArray(labels)
    paths = folder / "image.nrrd", folder / "labels.nrrd"
    for volume, path in zip((image, mask), paths):
        volume.SetSpacing((0.8, 0.8, 3.0))
        sitk.WriteImage(volume, str(path))
    return paths


def config(**changes: Any) -> StudyConfig:
    settings: dict[str, Any] = {
        "name": "spine",
        "images": "images.csv",
        "clinical": "clinical.csv",
        "outcome": {"column": "outcome", "positive": "1"},
        "views": {"sag": {}},
        "radiomics": {"parameters": "original-log-wavelet"},
        "embedding": None,
    }
    return StudyConfig.model_validate(settings | changes)


def task(spine: tuple[Path, Path], labels: tuple[int, ...], view: str = "sag") -> ImageTask:
    rois = (
        RoiRequest(f"disc{label}", view, "first", str(spine[1]), str(label), "") for label in labels
    )
    return ImageTask(str(spine[0]), tuple(rois))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"intensity": {"method": "zscore"}},
        {"intensity": {"method": "musigma", "region": "roi"}},
        {"views": {"sag": {"dimension": "2.5d", "spacing_mm": 1.0}}},
    ],
    ids=["as read", "normalised by image", "normalised by ROI", "reformatted"],
)
def test_rois_measured_together_equal_rois_measured_alone(
    spine: tuple[Path, Path], tmp_path: Path, changes: dict[str, Any]
) -> None:
    together = ImageProcessor(config(**changes), Cache(tmp_path / "together"))
    alone = ImageProcessor(config(**changes), Cache(tmp_path / "alone"))
    results = together(task(spine, LABELS))
    for result, label in zip(results, LABELS):
        (single,) = alone(task(spine, (label,)))
        assert not result.failures
        key = result.measured_keys["rad"]
        assert key == single.measured_keys["rad"]
        record = together.cache.read_record("rad", key)
        assert record is not None
        assert record == alone.cache.read_record("rad", key)


def test_one_bad_roi_leaves_the_others_alone(spine: tuple[Path, Path], tmp_path: Path) -> None:
    processor = ImageProcessor(config(), Cache(tmp_path))
    first, bad, last = processor(task(spine, (1, 4, 3)))
    assert not first.failures
    assert not last.failures
    assert bad.failures[0].level == "case"


def test_the_image_is_looked_at_once_and_cached_rois_not_at_all(
    spine: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    original = NativeEngine.measurer

    def counting(self: NativeEngine, image: sitk.Image) -> Any:
        looked.append(image)
        return original(self, image)

    monkeypatch.setattr(NativeEngine, "measurer", counting)
    settings = config(intensity={"method": "zscore"})
    processor = ImageProcessor(settings, Cache(tmp_path))
    processor(task(spine, (1, 2)))
    assert len(looked) == 1
    results = processor(task(spine, LABELS))
    assert len(looked) == 2  # another task reads the image anew, for the third ROI
    assert [result.from_cache for result in results] == [True, True, False]
    processor(task(spine, LABELS))
    assert len(looked) == 2


def test_many_masks_of_one_image_equal_single_ones(spine: tuple[Path, Path]) -> None:
    image, labels = (sitk.ReadImage(str(path)) for path in spine)
    parameters = load_settings("original-log-wavelet")
    engine = make_engine("native", parameters)
    assert isinstance(engine, NativeEngine)
    masks = [labels == label for label in LABELS]
    for mask, many in zip(masks, engine.execute_many(image, masks)):
        single = make_engine("native", parameters).execute(image, mask)
        assert many.values == single.values
