"""One picture: what is wrong with it is one clear sentence."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.pictures import read_picture
from dlr.cnn.settings import PictureSettings
from dlr.cnn.store import prepare_pictures
from dlr.errors import CaseError

from .conftest import make_config, write_cohort

GREY = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)


def damage(folder, kind):
    """Write one bad picture; return its path."""
    path = folder / f"{kind}.png"
    if kind == "zero_byte":
        path.write_bytes(b"")
    elif kind == "corrupted":
        noise = np.random.default_rng(0).integers(0, 255, (40, 60), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        path.write_bytes(path.read_bytes()[:900])
    elif kind == "no_picture":
        path.write_bytes(b"these are words")
    elif kind == "sixteen_bit":
        Image.fromarray(GREY.astype(np.uint16) * 90).save(path)
    elif kind == "cmyk":
        path = folder / "cmyk.jpg"
        Image.fromarray(GREY).convert("CMYK").save(path)
    elif kind == "one_pixel":
        Image.fromarray(GREY[:1, :1]).save(path)
    elif kind == "constant":
        Image.fromarray(GREY * 0).save(path)
    elif kind == "colour":
        Image.fromarray(np.stack([GREY, GREY[::-1], GREY], axis=2)).save(path)
    return path


BAD = {
    "zero_byte": "0 bytes",
    "corrupted": "damaged",
    "no_picture": "is no picture",
    "sixteen_bit": "more than 8 bits",
    "cmyk": "CMYK",
    "one_pixel": "1 x 1 pixels",
    "constant": "same value everywhere",
    "colour": "has colours",
    "absent": "does not exist",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_picture_gives_one_clear_error(tmp_path, kind):
    with pytest.raises(CaseError, match=BAD[kind]) as caught:
        read_picture(damage(tmp_path, kind), PictureSettings())
    assert "\n" not in str(caught.value)


def test_all_bad_pictures_are_listed_and_the_run_goes_on(tmp_path):
    images, clinical = write_cohort(tmp_path, 12)
    lines = images.read_text().splitlines()
    for number, kind in enumerate(BAD):
        name = damage(tmp_path, kind).name
        lines[1 + 2 * number] = f"P{number:02d},{name},v0"
    images.write_text("\n".join(lines))
    prepared = prepare_pictures(CnnCohort.load(make_config(images, clinical)), tmp_path / "work")
    assert len(prepared.failures) == len(BAD)
    assert prepared.failures["reason"].is_unique
    assert len(prepared.store) == 24 - len(BAD)


def test_sixteen_bit_pictures_are_windowed_on_demand(tmp_path):
    path = damage(tmp_path, "sixteen_bit")
    full = read_picture(path, PictureSettings(size=32, window=(0, 90 * 98)))
    assert full.dtype == np.uint8
    assert full.max() > 200
    assert read_picture(path, PictureSettings(size=32, window="percentile")).max() == 255


def write_dicom(path, values, interpretation):
    image = sitk.GetImageFromArray(values[None].astype(np.uint16))
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(path))
    writer.KeepOriginalImageUIDOn()
    writer.Execute(image)
    # ITK always writes MONOCHROME2; both names have the same length.
    path.write_bytes(path.read_bytes().replace(b"MONOCHROME2", interpretation.encode()))


def test_monochrome1_is_turned(tmp_path):
    values = GREY.astype(int) * 10
    normal, inverted = tmp_path / "a.dcm", tmp_path / "b.dcm"
    write_dicom(normal, values, "MONOCHROME2")
    write_dicom(inverted, values.max() - values, "MONOCHROME1")
    settings = PictureSettings(size=40, window="percentile")
    first, second = read_picture(normal, settings), read_picture(inverted, settings)
    np.testing.assert_allclose(first.astype(int), second.astype(int), atol=1)


def test_clahe_evens_out_contrast_and_padding_keeps_proportions(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(GREY // 8 + 100).save(path)
    plain = read_picture(path, PictureSettings(size=64))
    equal = read_picture(path, PictureSettings(size=64, clahe={}))
    assert equal.std() > plain.std()
    padded = read_picture(path, PictureSettings(size=60, shape="pad"))
    assert padded.shape == (60, 60)
    assert (padded[:9] == 0).all()


def test_a_grey_picture_saved_in_colour_is_the_grey_picture(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.stack([GREY] * 3, axis=2)).save(path)
    same = tmp_path / "b.png"
    Image.fromarray(GREY).save(same)
    settings = PictureSettings(size=32)
    np.testing.assert_array_equal(read_picture(path, settings), read_picture(same, settings))


@pytest.mark.parametrize("memory", [0, 100])
def test_cache_and_memory_change_nothing(tables, tmp_path, memory):
    config = make_config(*tables)
    plain = config.pictures.model_copy(update={"cache": False, "memory_mb": memory})
    cohort = CnnCohort.load(config.model_copy(update={"pictures": plain}))
    uncached = prepare_pictures(cohort, tmp_path).store
    cached = prepare_pictures(CnnCohort.load(config), tmp_path, workers=2).store
    rows = np.arange(len(cached))
    np.testing.assert_array_equal(cached.read(rows), uncached.read(rows))
