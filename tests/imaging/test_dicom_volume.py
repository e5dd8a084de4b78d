"""DICOM images: every way to store a volume gives the same one, and every fault its sentence."""

from __future__ import annotations

import logging
import shutil

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from dlr.dicom import fingerprint, input_exists, input_sha256, parse_reference
from dlr.errors import CaseError, MissingDependencyError
from dlr.imaging import read_image

from .dicom_samples import (
    SECRETS,
    Scan,
    decimal,
    oblique,
    pixels,
    put_palette,
    put_pixels,
    write_enhanced,
    write_radiograph,
    write_series,
)


def wide_pixels() -> np.ndarray:
    """Return a volume large enough for JPEG 2000."""
    return np.random.default_rng(0).integers(0, 4000, (6, 64, 48)).astype(np.uint16)


def same(image: sitk.Image, expected: sitk.Image) -> None:
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(expected))
    for measure in ("GetSpacing", "GetOrigin", "GetDirection"):
        np.testing.assert_allclose(
            getattr(image, measure)(), getattr(expected, measure)(), rtol=0, atol=1e-6
        )


@pytest.mark.parametrize("axes", [np.eye(3), oblique(), oblique()[:, [1, 2, 0]]])
def test_series_multi_frame_and_nifti_are_the_same_volume(tmp_path, axes) -> None:
    array, scan = pixels(), Scan(axes=axes)
    expected = scan.image(array)
    sitk.WriteImage(expected, str(tmp_path / "scan.nii.gz"))
    write_series(tmp_path / "series", array, scan)
    write_enhanced(tmp_path / "enhanced.dcm", array, scan, order=[3, 0, 5, 1, 4, 2])
    from_nifti = read_image(tmp_path / "scan.nii.gz")
    for path in (tmp_path / "series", tmp_path / "enhanced.dcm"):
        image = read_image(path)
        same(image, expected)
        same(image, from_nifti)
        assert image.GetPixelID() == sitk.sitkInt16


def test_slices_are_stacked_by_position_not_by_number_or_name(tmp_path) -> None:
    def turn_numbers(index, dataset):
        dataset.InstanceNumber = 6 - index

    array, scan = pixels(), Scan()
    write_series(tmp_path, array, scan, turn_numbers)
    same(read_image(tmp_path), scan.image(array))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32])
def test_stored_type_is_kept(tmp_path, dtype) -> None:
    limits = np.iinfo(dtype)
    array = np.linspace(limits.min, limits.max, 6 * 256).reshape(6, 16, 16).astype(dtype)
    write_series(tmp_path, array, Scan())
    read = sitk.GetArrayFromImage(read_image(tmp_path))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(("signed", "dtype"), [(False, np.uint16), (True, np.int16)])
def test_unused_bits_are_cleared(tmp_path, signed, dtype) -> None:
    values = np.full((2, 16, 16), -3 if signed else 9, dtype=np.int16)
    # 12 bits hold the value, the upper 4 an overlay as old scanners kept it.
    dirty = (values.view(np.uint16) & 0x0FFF) | 0x5000

    def with_overlay(index, dataset):
        put_pixels(dataset, dirty[index], bits=12)
        dataset.PixelRepresentation = int(signed)

    write_series(tmp_path, values, Scan(), with_overlay)
    read = sitk.GetArrayFromImage(read_image(tmp_path))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, values)


def test_hounsfield_units_stay_whole_numbers(tmp_path) -> None:
    def rescale(_, dataset):
        dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-1024"

    array = pixels(low=0, high=4000).astype(np.uint16)
    write_series(tmp_path, array, Scan(modality="CT"), rescale)
    read = sitk.GetArrayFromImage(read_image(tmp_path))
    assert read.dtype == np.int16
    np.testing.assert_array_equal(read, array.astype(int) - 1024)


def test_wide_whole_numbers_do_not_overflow(tmp_path) -> None:
    def rescale(_, dataset):
        dataset.RescaleSlope, dataset.RescaleIntercept = "20", "-1024"

    array = pixels(low=0, high=4000)
    write_series(tmp_path, array, Scan(modality="CT"), rescale)
    read = sitk.GetArrayFromImage(read_image(tmp_path))
    assert read.dtype == np.int32
    np.testing.assert_array_equal(read, array.astype(int) * 20 - 1024)


def test_every_slice_has_its_own_rescaling(tmp_path) -> None:
    slopes = np.array([0.25, 0.31, 1.7, 2.0, 0.003, 11.0])

    def rescale(index, dataset):
        dataset.RescaleSlope = decimal([slopes[index]])[0]
        dataset.RescaleIntercept = decimal([index / 2])[0]

    array = pixels()
    write_series(tmp_path, array, Scan(modality="PT"), rescale)
    read = sitk.GetArrayFromImage(read_image(tmp_path))
    assert read.dtype == np.float64
    expected = array * slopes[:, None, None] + np.arange(6)[:, None, None] / 2
    np.testing.assert_allclose(read, expected, rtol=1e-12)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_slices_are_read(tmp_path, syntax) -> None:
    def compress(_, dataset):
        dataset.compress(syntax, generate_instance_uid=False)

    array, scan = wide_pixels(), Scan()
    write_series(tmp_path, array, scan, compress)
    same(read_image(tmp_path), scan.image(array))


def test_deflated_files_are_read(tmp_path) -> None:
    def deflate(_, dataset):
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    array, scan = pixels(), Scan()
    write_series(tmp_path, array, scan, deflate)
    same(read_image(tmp_path), scan.image(array))


def test_compression_that_nothing_reads_is_named(tmp_path, monkeypatch) -> None:
    paths = write_series(
        tmp_path / "a",
        wide_pixels(),
        Scan(),
        lambda _, dataset: dataset.compress(JPEG2000Lossless, generate_instance_uid=False),
    )
    monkeypatch.setattr(
        pydicom.pixels.get_decoder(JPEG2000Lossless), "_available", {}, raising=True
    )
    with pytest.raises(CaseError, match=r"JPEG 2000 .*\(1\.2\.840\.10008\.1\.2\.4\.90\)") as caught:
        read_image(tmp_path / "a")
    assert 'pip install "dlr[dicom]"' in str(caught.value)
    dataset = dcmread(paths[0])
    dataset.file_meta.TransferSyntaxUID = MPEG2MPML
    dataset.save_as(tmp_path / "film.dcm")
    with pytest.raises(CaseError, match=r"MPEG2 .* no installed package reads; decompress it"):
        read_image(tmp_path / "film.dcm")


def test_folder_of_several_series_needs_a_choice(tmp_path) -> None:
    first, second = Scan(), Scan(description="t1_tse_tra", number=4)
    secret = Scan(description="Erika MUSTERFRAU nochmal", number=5)
    for scan in (first, second, secret):
        write_series(tmp_path, pixels(scan.number), scan)
    write_enhanced(tmp_path / "sub" / "one.dcm", pixels(9), Scan(number=6, description="20210908"))
    with pytest.raises(CaseError) as caught:
        read_image(tmp_path)
    message = str(caught.value)
    assert "holds 4 series" in message
    assert f"#{fingerprint(first.series)} (MR axial 6 slices)" in message
    assert "t2_tse" not in message  # people type in more than they should
    assert f"#{fingerprint(secret.series)} (MR axial 6 slices)" in message
    assert "MUSTERFRAU" not in message
    assert "2021" not in message
    assert first.series not in message
    for choice in (second.series, fingerprint(second.series)):
        same(read_image(f"{tmp_path}#{choice}"), second.image(pixels(4)))
    with pytest.raises(CaseError, match="no series of the name given after '#'; it has: #"):
        read_image(f"{tmp_path}#1.2.3")


def test_a_name_with_a_hash_is_a_name(tmp_path) -> None:
    folder = tmp_path / "case#7"
    write_series(folder, pixels(), Scan())
    assert parse_reference(folder).path == folder
    assert read_image(folder).GetSize() == (16, 16, 6)
    assert input_exists(folder)
    assert input_exists(f"{folder}#1.2.3")
    assert not input_exists(f"{tmp_path / 'absent'}#1.2.3")


def remove(folder, index: int) -> str:
    path = folder / f"IM{(index * 5) % 7:02d}-3.dcm"
    path.unlink()
    return path.name


def test_gap_is_named_with_its_place(tmp_path) -> None:
    write_series(tmp_path, pixels(), Scan())
    remove(tmp_path, 2)
    with pytest.raises(
        CaseError, match=r"slices are 3.3 mm apart\): 1 between 10.3 mm \(IM05-3.dcm\) and 16.9"
    ):
        read_image(tmp_path)


def test_double_positions_are_named(tmp_path) -> None:
    paths = write_series(tmp_path, pixels(), Scan())
    shutil.copy(paths[1], tmp_path / "copy.dcm")
    with pytest.raises(CaseError, match=r"same position: (IM05-3|copy).dcm, (IM05-3|copy).dcm;"):
        read_image(tmp_path)


def test_several_volumes_in_one_series_are_counted(tmp_path) -> None:
    scan = Scan()
    write_series(tmp_path / "echo1", pixels(1), scan)
    write_series(tmp_path / "echo2", pixels(2), scan)
    with pytest.raises(CaseError, match=r"2 slices at every one of its 6 positions .* 2 volumes"):
        read_image(tmp_path)


def test_uneven_slices_are_refused_but_rounding_is_not(tmp_path) -> None:
    def uneven(amount):
        def change(index, dataset):
            if index == 3:
                dataset.ImagePositionPatient[2] += amount

        return change

    write_series(tmp_path / "a", pixels(), Scan(), uneven(0.01))
    assert read_image(tmp_path / "a").GetSpacing()[2] == pytest.approx(3.3, abs=1e-9)
    write_series(tmp_path / "b", pixels(), Scan(), uneven(1.2))
    with pytest.raises(CaseError, match=r"unevenly spaced slices \(2.1 to 4.5 mm apart; IM01"):
        read_image(tmp_path / "b")


def test_gantry_tilt_is_refused(tmp_path) -> None:
    def tilt(index, dataset):
        dataset.ImagePositionPatient[1] += 0.4 * index

    write_series(tmp_path, pixels(), Scan(), tilt)
    with pytest.raises(CaseError, match=r"slide against each other by up to 4 pixels \(gantry"):
        read_image(tmp_path)


def test_localizer_slices_in_a_series_are_named(tmp_path) -> None:
    scan = Scan()
    write_series(tmp_path, pixels(), scan)
    other = Scan(series=scan.series, axes=np.eye(3)[:, [1, 2, 0]], number=8)
    write_series(tmp_path, pixels()[:1], other)
    with pytest.raises(CaseError, match=r"6 axial, 1 sagittal; the odd ones are IM00-8.dcm\)"):
        read_image(tmp_path)


def test_mixed_sizes_are_named(tmp_path) -> None:
    scan = Scan()
    write_series(tmp_path, pixels(), scan)
    write_series(tmp_path, pixels()[:1, :8, :12], Scan(series=scan.series, number=8))
    with pytest.raises(CaseError, match=r"16 x 16 \(6 slices\), 12 x 8 \(1 slices\); .* IM00-8"):
        read_image(tmp_path)


def test_mixed_pixel_spacing_is_named(tmp_path) -> None:
    def wider(index, dataset):
        if index == 4:
            dataset.PixelSpacing = [0.5, 0.8]

    write_series(tmp_path, pixels(), Scan(), wider)
    with pytest.raises(CaseError, match=r"different pixel spacing; the odd ones are IM06-3.dcm"):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ("keyword", "said"),
    [
        ("ImagePositionPatient", "without position or orientation (IM05-3.dcm)"),
        ("PixelSpacing", "no pixel spacing (IM05-3.dcm)"),
        ("PixelData", "IM05-3.dcm' has a header but no pixels"),
        ("Rows", "gaps where slices are missing"),
    ],
)
def test_absent_elements_are_named(tmp_path, keyword, said) -> None:
    def drop(index, dataset):
        if index == 1:
            delattr(dataset, keyword)

    write_series(tmp_path, pixels(), Scan(), drop)
    with pytest.raises(CaseError) as caught:
        read_image(tmp_path)
    assert said in str(caught.value)


def test_an_orientation_that_is_none_is_refused(tmp_path) -> None:
    def flat(_, dataset):
        dataset.ImageOrientationPatient = [1, 0, 0, 1, 0, 0]

    write_series(tmp_path, pixels(), Scan(), flat)
    with pytest.raises(CaseError, match="no pair of perpendicular directions"):
        read_image(tmp_path)


def test_damaged_files_are_named_without_their_values(tmp_path) -> None:
    paths = write_series(tmp_path, pixels(), Scan())
    whole = paths[2].read_bytes()
    paths[2].write_bytes(whole[:-100])
    with pytest.raises(
        CaseError, match=r"IM03-3.dcm' cannot be read \(ValueError\); it is damaged"
    ):
        read_image(tmp_path)
    (tmp_path / "text.dcm").write_text("Musterfrau")
    with pytest.raises(CaseError, match=r"text.dcm' cannot be read") as caught:
        read_image(tmp_path / "text.dcm")
    assert "Musterfrau" not in str(caught.value)


def test_invented_number_of_frames_is_no_allocation(tmp_path) -> None:
    path = write_radiograph(tmp_path / "x.dcm", np.eye(16, dtype=np.uint16))
    dataset = dcmread(path)
    dataset.NumberOfFrames = 2_000_000_000
    dataset.save_as(path)
    with pytest.raises(CaseError, match="cannot be read"):
        read_image(path)


def test_cut_and_changed_files_end_in_one_sentence(tmp_path) -> None:
    generator = np.random.default_rng(0)
    path = write_enhanced(tmp_path / "e.dcm", pixels(), Scan())
    whole = path.read_bytes()
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for place in generator.integers(132, 3000, 4):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged[: generator.integers(200, 2 * len(whole))])
        try:
            read_image(path)
        except CaseError:
            refused += 1
    assert refused > 100


def test_values_that_break_the_standard_are_read_quietly(tmp_path, caplog) -> None:
    def long_values(_, dataset):
        dataset.StationName = "x"
        dataset["StationName"]._value = "A NAME FAR TOO LONG FOR ITS FIELD"

    array, scan = pixels(), Scan()
    write_series(tmp_path, array, scan, long_values)
    with caplog.at_level(logging.WARNING):
        same(read_image(tmp_path), scan.image(array))
    assert "TOO LONG" not in caplog.text


def test_folder_without_images_says_what_it_holds(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(CaseError, match="holds no DICOM file"):
        read_image(tmp_path)
    with pytest.raises(CaseError, match="does not exist"):
        read_image(tmp_path / "absent.dcm")


def test_radiograph_is_one_slice_with_its_pixel_size(tmp_path) -> None:
    array = np.arange(192, dtype=np.uint16).reshape(12, 16) * 21
    image = read_image(write_radiograph(tmp_path / "x.dcm", array))
    assert image.GetSize() == (16, 12, 1)
    assert image.GetSpacing() == (0.1, 0.2, 1.0)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image)[0], array)


def test_inverted_radiograph_gets_bright_high_values(tmp_path) -> None:
    array = np.arange(192, dtype=np.uint16).reshape(12, 16) * 21
    path = write_radiograph(tmp_path / "x.dcm", array, PhotometricInterpretation="MONOCHROME1")
    image = read_image(path)
    assert image.GetPixelID() == sitk.sitkUInt16
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image)[0], 4095 - array)


def test_inverted_display_of_measured_values_changes_nothing(tmp_path) -> None:
    def invert(_, dataset):
        dataset.PhotometricInterpretation = "MONOCHROME1"

    array, scan = pixels(), Scan(modality="CT")
    write_series(tmp_path, array, scan, invert)
    same(read_image(tmp_path), scan.image(array))
    write_series(tmp_path / "one", array[:1], scan, invert)
    same(read_image(tmp_path / "one"), scan.image(array[:1]))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_display_window_is_applied_where_asked(tmp_path, photometric) -> None:
    array = np.arange(192, dtype=np.uint16).reshape(12, 16) * 21
    path = write_radiograph(
        tmp_path / "x.dcm", array, PhotometricInterpretation=photometric,
        WindowCenter=["2000", "100"], WindowWidth=["1000", "10"],
    )  # fmt: skip
    read = sitk.GetArrayFromImage(read_image(f"{path}#window"))[0].astype(float)
    # PS3.3 C.11.2.1.2.1, the linear function, to 12 bits.
    linear = ((array - 1999.5) / 999 + 0.5) * 4095
    expected = np.clip(linear, 0, 4095)
    np.testing.assert_allclose(
        read, expected if photometric == "MONOCHROME2" else 4095 - expected, atol=1
    )
    for cell in (path, path.parent):  # the file, and the folder that holds only it
        assert input_sha256(cell) != input_sha256(f"{cell}#window")


def test_window_that_is_not_there_is_refused(tmp_path) -> None:
    path = write_radiograph(tmp_path / "x.dcm", np.eye(16, dtype=np.uint16))
    with pytest.raises(CaseError, match="has no display window; leave out '#window'"):
        read_image(f"{path}#window")
    write_series(tmp_path / "s", pixels(), Scan())
    with pytest.raises(CaseError, match="'#window' is for grey"):
        read_image(f"{tmp_path / 's'}#window")


def test_modality_look_up_table_is_applied(tmp_path) -> None:
    table = pydicom.Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [256, 0, 16], "US"
    table.LUTData = [value * value % 60000 for value in range(256)]
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    array = np.arange(192, dtype=np.uint16).reshape(12, 16)
    path = write_radiograph(tmp_path / "x.dcm", array, ModalityLUTSequence=[table])
    read = sitk.GetArrayFromImage(read_image(path))[0]
    np.testing.assert_array_equal(read, array.astype(int) ** 2 % 60000)


def test_two_radiographs_make_no_volume(tmp_path) -> None:
    for name in ("a", "b"):
        dataset = dcmread(write_radiograph(tmp_path / f"{name}.dcm", np.eye(16, dtype=np.uint16)))
        dataset.SeriesInstanceUID = "1.2.3"
        dataset.save_as(tmp_path / f"{name}.dcm")
    with pytest.raises(CaseError, match="2 frames without position in the patient"):
        read_image(tmp_path)
    assert read_image(tmp_path / "a.dcm").GetSize() == (16, 16, 1)


def test_colour_pictures_follow_the_policy(tmp_path) -> None:
    rgb = np.zeros((12, 16, 3), dtype=np.uint8)
    rgb[..., 1] = 100
    path = write_radiograph(tmp_path / "us.dcm", np.eye(16, dtype=np.uint8))
    dataset = dcmread(path)
    put_pixels(dataset, rgb[..., 0])
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    dataset.PhotometricInterpretation, dataset.PixelData = "RGB", rgb.tobytes()
    dataset.save_as(path)
    with pytest.raises(CaseError, match="3 colour channels"):
        read_image(path)
    assert np.all(sitk.GetArrayFromImage(read_image(path, rgb="luma")) == 59)


def test_checksum_is_of_the_series_not_of_names_or_neighbours(tmp_path) -> None:
    scan = Scan()
    paths = write_series(tmp_path / "a", pixels(), scan)
    before = input_sha256(tmp_path / "a")
    paths[0].rename(tmp_path / "a" / "renamed.dcm")
    (tmp_path / "a" / "notes.txt").write_text("x")
    assert input_sha256(tmp_path / "a") == before
    write_series(tmp_path / "a", pixels(1), Scan(number=9))
    assert input_sha256(f"{tmp_path / 'a'}#{scan.series}") == before
    with pytest.raises(CaseError, match="holds 2 series"):
        input_sha256(tmp_path / "a")
    paths[1].unlink()
    assert input_sha256(f"{tmp_path / 'a'}#{scan.series}") != before


def test_missing_package_is_named_with_its_command(tmp_path, monkeypatch) -> None:
    write_series(tmp_path, pixels(), Scan())
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "dlr\[dicom\]"'):
        read_image(tmp_path)


def test_nothing_of_the_patient_stays_with_the_volume(tmp_path) -> None:
    scan = Scan()
    write_series(tmp_path, pixels(), scan)
    image = read_image(tmp_path)
    held = " ".join(image.GetMetaData(key) for key in image.GetMetaDataKeys())
    for secret in (*SECRETS.values(), scan.series, scan.frame_of_reference, scan.patient):
        assert secret not in held


@pytest.mark.parametrize(
    "name", ["MR_small.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"]
)
def test_compressed_examples_of_pydicom_equal_the_plain_one(name) -> None:
    path = pydicom.data.get_testdata_file(name, download=False)
    plain = pydicom.data.get_testdata_file("MR_small.dcm", download=False)
    image = read_image(path)
    same(image, read_image(plain))
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(sitk.ReadImage(plain))
    )


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG2000.dcm"])
def test_lossy_examples_of_pydicom_equal_what_itk_reads(name) -> None:
    path = pydicom.data.get_testdata_file(name, download=False)
    ours = sitk.GetArrayFromImage(read_image(path)).astype(float)
    theirs = sitk.GetArrayFromImage(sitk.ReadImage(path)).astype(float)
    np.testing.assert_allclose(ours, theirs, atol=1)  # decoders round differently


@pytest.mark.real_data
def test_real_series_equals_what_itk_reads(data_root) -> None:
    folder = data_root / "dicom_rtstruct" / "image"
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    same(read_image(folder), reader.Execute())


def test_wide_colours_of_a_palette_keep_their_upper_byte(tmp_path) -> None:
    indices = np.arange(192, dtype=np.uint8).reshape(12, 16)
    path = write_radiograph(tmp_path / "x.dcm", indices)
    dataset = dcmread(path)
    dataset.Modality, dataset.BitsStored, dataset.HighBit = "US", 8, 7
    table = np.arange(256) * 256 + 3
    put_palette(dataset, table)
    dataset.save_as(path)
    read = sitk.GetArrayFromImage(read_image(path))[0]
    np.testing.assert_array_equal(read, table[indices])
