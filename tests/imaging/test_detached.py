"""Images whose pixels lie in other files than their header."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.dicom import input_sha256
from dlr.errors import CaseError
from dlr.imaging import read_image


def volume(seed: int) -> sitk.Image:
    pixels = np.random.default_rng(seed).integers(0, 1000, (4, 8, 8)).astype(np.int16)
    return sitk.GetImageFromArray(pixels)


def listed(path: Path, seed: int) -> Path:
    """Write a header that lists one file per slice."""
    path.parent.mkdir(parents=True)
    array = sitk.GetArrayFromImage(volume(seed))
    names = [f"slice{index}.raw" for index in range(len(array))]
    for name, plane in zip(names, array, strict=True):
        (path.parent / name).write_bytes(plane.tobytes())
    if path.suffix == ".mhd":
        head = "NDims = 3\nDimSize = 8 8 4\nElementType = MET_SHORT\nElementDataFile = LIST\n"
    else:
        head = (
            "NRRD0004\ntype: short\ndimension: 3\nsizes: 8 8 4\nencoding: raw\nendian: little\n"
            "data file: LIST\n"
        )
    path.write_text(head + "\n".join(names) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr", ".hdr", ".img"])
def test_the_key_of_a_detached_header_tells_pixels_apart(tmp_path: Path, suffix: str) -> None:
    keys = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        sitk.WriteImage(volume(seed), str(folder / f"scan{suffix}"))
        keys.append(input_sha256(folder / f"scan{suffix}"))
        read = sitk.GetArrayFromImage(read_image(folder / f"scan{suffix}"))
        np.testing.assert_array_equal(read, sitk.GetArrayFromImage(volume(seed)))
    assert keys[0] != keys[1]


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr"])
def test_every_file_of_a_list_counts(tmp_path: Path, suffix: str) -> None:
    path = listed(tmp_path / "a" / f"scan{suffix}", 1)
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(read_image(path)), sitk.GetArrayFromImage(volume(1))
    )
    before = input_sha256(path)
    last = path.parent / "slice3.raw"
    last.write_bytes(last.read_bytes()[::-1])
    assert input_sha256(path) != before


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr", ".nrrd", ".mha"])
@pytest.mark.parametrize("place", ["../other/scan.raw", "ABSOLUTE", "..\\other\\scan.raw"])
def test_pixels_outside_the_folder_are_refused(tmp_path: Path, suffix: str, place: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "mine").mkdir()
    raw = tmp_path / "other" / "scan.raw"
    raw.write_bytes(sitk.GetArrayFromImage(volume(1)).tobytes())
    name = str(raw) if place == "ABSOLUTE" else place
    path = tmp_path / "mine" / f"scan{suffix}"
    if suffix in {".mhd", ".mha"}:
        head = f"NDims = 3\nDimSize = 8 8 4\nElementType = MET_SHORT\nElementDataFile = {name}\n"
    else:
        head = (
            "NRRD0004\ntype: short\ndimension: 3\nsizes: 8 8 4\nencoding: raw\nendian: little\n"
            f"data file: {name}\n"
        )
    path.write_text(head)
    for read in (read_image, input_sha256):
        with pytest.raises(CaseError, match="names pixels outside its own folder"):
            read(path)


def test_headers_without_their_pixels_are_named(tmp_path: Path) -> None:
    path = tmp_path / "scan.mhd"
    sitk.WriteImage(volume(1), str(path))
    (tmp_path / "scan.raw").unlink()
    with pytest.raises(CaseError, match="the file of its pixels is not beside it"):
        input_sha256(path)
    path.write_text("NDims = 3\n")
    with pytest.raises(CaseError, match="does not say where the pixels are"):
        input_sha256(path)
    path.write_text("NDims = 3\nElementDataFile = slice%02d.raw 1 4 1\n")
    with pytest.raises(CaseError, match="by a pattern"):
        input_sha256(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_half_a_pair_under_the_name_of_a_whole_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    sitk.WriteImage(volume(1), str(tmp_path / ("scan.img.gz" if "gz" in suffix else "scan.img")))
    (tmp_path / f"scan.hdr{suffix.removeprefix('.nii')}").rename(path)
    for read in (read_image, input_sha256):
        with pytest.raises(CaseError, match=r"header of a pair|bytes are there"):
            read(path)


def test_files_that_hold_their_pixels_keep_their_plain_checksum(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "a.nrrd", "a.mha", "a.nii"):
        sitk.WriteImage(volume(3), str(tmp_path / name))
        expected = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert input_sha256(tmp_path / name) == expected
