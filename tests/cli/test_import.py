"""``dlr import``: a generated PACS export of three patients becomes images.csv."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import typer
from pydicom import Dataset, dcmread

from dlr.cli.import_ import import_
from dlr.cohort.tables import read_images_table
from dlr.dicom import fingerprint
from dlr.dicom.identity import create_key, harmless, pseudonym, read_key
from dlr.errors import DlrError
from dlr.imaging import check_geometry, read_image, read_mask
from dlr.safety.pseudonyms import pseudonymise_file, pseudonymise_files
from dlr.safety.spreadsheets import read_csv_table

from ..imaging.dicom_samples import (
    SECRETS,
    SHAPE,
    Scan,
    box,
    pixels,
    write_enhanced,
    write_radiograph,
    write_segmentation,
    write_series,
    write_structures,
)

SAGITTAL = np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0.0]])
CORONAL = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0.0]])


@pytest.fixture
def export(tmp_path):
    """Write an export of three patients.

    The first has two series in one folder and a segmentation of one of them, the second a
    multi-frame file and a structure set that names no series, the third a structure set whose
    series was not exported, a localizer, and a damaged file.
    """
    root = tmp_path / "export"
    tumour = np.zeros(SHAPE, np.uint8)
    tumour[1:4, 3:9, 4:12] = 1
    one = Scan(patient="0081", axes=SAGITTAL)
    other = Scan(
        patient="0081", number=4, study=one.study, frame_of_reference=one.frame_of_reference
    )
    paths = write_series(root / "a" / "images", pixels(1), one)
    write_series(root / "a" / "images", pixels(2), other)
    write_segmentation(
        root / "a" / "seg" / "1.dcm", paths, {"Tumour": tumour, "Musterfrau rest": tumour}
    )
    two = Scan(patient="PAT-2", axes=CORONAL)
    write_enhanced(root / "b" / "e.dcm", pixels(3), two)
    rois = {"GTV": [(2, box(2.5, 2.5, 9.5, 9.5))], "POI": []}
    write_structures(root / "b" / "rs.dcm", two, rois, names_series=False)
    three = Scan(patient="=3+4")

    def localizer(_, dataset):
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    write_structures(root / "c" / "rs.dcm", Scan(patient="=3+4"), rois)
    write_series(root / "c" / "loc", pixels(4), three, localizer)
    (root / "c" / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"Musterfrau" * 3)
    (root / "readme.txt").write_text("Musterfrau")
    return root


def run(export, out, **options) -> dict[str, pd.DataFrame]:
    code = import_(export, out, **options)
    tables = {
        name: pd.read_csv(out / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("images", "unpaired", "scanners")
    }
    return {"code": code, **tables}


def test_masks_find_their_images(export, tmp_path, capsys) -> None:
    found = run(export, tmp_path / "out")
    images = found["images"]
    assert images["subject_id"].tolist() == ["0081", "0081", "PAT-2"]
    assert images["view"].tolist() == ["sagittal", "sagittal", "coronal"]
    assert images["roi"].tolist() == ["Tumour", "roi2", "GTV"]
    assert images["mask_label"].tolist() == ["1", "2", "1"]
    assert images["session"].tolist() == ["1", "1", "1"]
    assert images["paired_by"].tolist() == ["referenced series"] * 2 + ["frame of reference"]
    assert images["image"].tolist()[2] == "../export/b/e.dcm"
    assert images["image"].tolist()[0].startswith("../export/a/images#")
    assert "series_description" not in images
    assert found["code"] == 4
    shown = capsys.readouterr().out
    assert "3 ROIs of 2 subjects" in shown
    assert "Not paired: 2 images, 1 mask, 1 file" in " ".join(shown.split())


def test_what_has_no_partner_is_listed_with_the_reason(export, tmp_path) -> None:
    unpaired = run(export, tmp_path / "out")["unpaired"].set_index("file")
    assert unpaired["kind"].value_counts().to_dict() == {"image": 2, "mask": 1, "file": 1}
    assert (
        "the series that it names is not in the export"
        in unpaired.loc["../export/c/rs.dcm", "reason"]
    )
    assert unpaired.loc["../export/c/loc", "reason"] == "no mask refers to it (a localizer)"
    assert unpaired.loc["../export/c/loc", "slices"] == "6"
    assert unpaired.loc["../export/c/loc", "subject_id"] == "'=3+4"  # no formula
    table = read_csv_table(tmp_path / "out" / "unpaired.csv", dtype=str)
    assert "=3+4" in set(table["subject_id"])  # and still the identifier
    assert "cannot be read" in unpaired.loc["../export/c/broken.dcm", "reason"]


def test_the_table_can_be_used_as_it_is(export, tmp_path) -> None:
    out = tmp_path / "out"
    run(export, out)
    for row in read_images_table(out / "images.csv").to_dict("records"):
        image = read_image(out / row["image"])
        mask = read_mask(out / row["mask"], label=int(row["mask_label"]), reference=image)
        assert sitk.GetArrayFromImage(check_geometry(image, mask)).sum() in (144, 49)


def test_scanners_are_listed_by_white_list(export, tmp_path) -> None:
    scanners = run(export, tmp_path / "out")["scanners"]
    assert scanners["subject_id"].tolist() == ["0081", "PAT-2"]
    assert scanners.columns.tolist() == [
        "subject_id", "image", "view", "modality", "manufacturer", "model", "field_strength_t",
        "slice_thickness_mm", "repetition_time_ms", "echo_time_ms", "tube_voltage_kv", "kernel",
    ]  # fmt: skip
    first = scanners.iloc[0]
    assert (first["manufacturer"], first["model"]) == ("ACME", "Magnet 3000")
    assert (first["field_strength_t"], first["echo_time_ms"]) == ("1.5", "101")


def planted(export) -> set[str]:
    """Return everything in the headers that must not be found in outputs."""
    words = {part for value in SECRETS.values() for part in value.split("^")}
    for path in export.rglob("*.dcm"):
        if path.name == "broken.dcm":
            continue
        dataset = dcmread(path, stop_before_pixels=True)
        words |= {
            str(element.value)
            for element in dataset.iterall()
            if element.VR == "UI" and len(str(element.value)) > 20
        }
    return words


def test_protocols_of_multi_frame_files_are_listed(tmp_path) -> None:
    scan = Scan(axes=CORONAL)
    path = write_enhanced(tmp_path / "export" / "e.dcm", pixels(), scan)
    rois = {"GTV": [(2, box(2.5, 2.5, 9.5, 9.5))]}
    write_structures(tmp_path / "export" / "rs.dcm", scan, rois, names_series=False)
    dataset = dcmread(path)
    del dataset.RepetitionTime, dataset.EchoTime
    shared, timing, echo = dataset.SharedFunctionalGroupsSequence[0], Dataset(), Dataset()
    shared.PixelMeasuresSequence[0].SliceThickness = "3.1"
    timing.RepetitionTime, echo.EffectiveEchoTime = "3500", 88.5
    shared.MRTimingAndRelatedParametersSequence = [timing]
    dataset.PerFrameFunctionalGroupsSequence[0].MREchoSequence = [echo]
    dataset.save_as(path)
    (row,) = run(tmp_path / "export", tmp_path / "out")["scanners"].to_dict("records")
    assert row["slice_thickness_mm"] == "3.1"
    assert (row["repetition_time_ms"], row["echo_time_ms"]) == ("3500", "88.5")


@pytest.mark.parametrize("secret_ids", [False, True])
def test_no_name_date_or_uid_is_written_or_shown(export, tmp_path, capsys, secret_ids) -> None:
    out, options = tmp_path / "out", {}
    words = planted(export)
    assert len(words) > 40
    if secret_ids:
        options = {"pseudonymise": tmp_path / "key", "new_key": True}
        words |= {"0081", "PAT-2", "=3+4", "_3+4"}
    run(export, out, **options)
    written = "\n".join(path.read_text() for path in out.iterdir())
    shown = "".join(capsys.readouterr())
    assert written.count("\n") > 8
    for word in words:
        assert word not in written
        assert word not in shown


def test_pseudonyms_are_the_same_with_the_same_key(export, tmp_path, capsys) -> None:
    key = tmp_path / "key"
    first = run(export, tmp_path / "o1", pseudonymise=key, new_key=True)["images"]
    assert "Keep it secret" in capsys.readouterr().out
    assert key.stat().st_mode & 0o077 == 0
    second = run(export, tmp_path / "o2", pseudonymise=key)["images"]
    assert first["subject_id"].tolist() == second["subject_id"].tolist()
    assert set(first["subject_id"]) == {pseudonym(p, read_key(key)) for p in ("0081", "PAT-2")}
    assert first["subject_id"].str.fullmatch("S[0-9a-f]{16}").all()
    create_key(tmp_path / "other")
    third = run(export, tmp_path / "o3", pseudonymise=tmp_path / "other")["images"]
    assert not set(first["subject_id"]) & set(third["subject_id"])


def test_clinical_table_gets_the_same_pseudonyms(export, tmp_path, capsys) -> None:
    clinical = tmp_path / "clinical.csv"
    clinical.write_text("Patient,outcome\n0081,1\nPAT-2,0\n")
    out = tmp_path / "out"
    images = run(export, out, pseudonymise=tmp_path / "key", new_key=True, clinical=clinical)
    copied = pd.read_csv(out / "clinical.csv", dtype=str)
    assert set(copied["subject_id"]) == set(images["images"]["subject_id"])
    assert copied["outcome"].tolist() == ["1", "0"]
    assert "copied as they are" in " ".join(capsys.readouterr().out.split())


def test_cases_of_the_clinical_table_get_pseudonyms(export, tmp_path, capsys) -> None:
    clinical = tmp_path / "patients.csv"
    clinical.write_text("subject_id,case_id,note\n0081,0081_L4,was 0081\nPAT-2,PAT-2,\n")
    out = tmp_path / "out"
    run(export, out, pseudonymise=tmp_path / "key", new_key=True, clinical=clinical)
    copied = pd.read_csv(out / "clinical.csv", dtype=str)
    assert copied["case_id"].tolist() == [copied["subject_id"][0] + "_L4", copied["subject_id"][1]]
    assert "1 rows of it still hold the identifier" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(DlrError, match="exists already"):
        pseudonymise_file(clinical, out / "clinical.csv", read_key(tmp_path / "key"))


@pytest.mark.parametrize("patients", [("-0815", "=0815", "+0815", "_0815", "@0815")])
def test_identifiers_of_different_patients_stay_different(tmp_path, patients) -> None:
    for number, patient in enumerate(patients):
        scan = Scan(patient=patient)
        write_series(tmp_path / "export" / str(number) / "image", pixels(number)[:2], scan)
        contours = {"GTV": [(1, box(2.5, 2.5, 9.5, 9.5))]}
        write_structures(tmp_path / "export" / str(number) / "rs.dcm", scan, contours)
    out, key = tmp_path / "out", tmp_path / "key"
    run(tmp_path / "export", out)
    subjects = read_images_table(out / "images.csv")["subject_id"]
    assert sorted(subjects) == sorted(patients)
    # Pseudonyms made of the table are those made of the headers.
    create_key(key)
    pseudonymise_files([out / "images.csv"], tmp_path / "later", read_key(key))
    later = read_images_table(tmp_path / "later" / "images.csv")["subject_id"]
    run(tmp_path / "export", tmp_path / "at_once", pseudonymise=key)
    at_once = read_images_table(tmp_path / "at_once" / "images.csv")["subject_id"]
    assert set(later) == set(at_once)
    assert len(set(later)) == len(patients)


def test_identifiers_that_differ_in_blanks_only_are_refused(tmp_path) -> None:
    for number, patient in enumerate(("A 1", "A  1")):
        write_series(tmp_path / "x" / str(number), pixels(number)[:2], Scan(patient=patient))
    with pytest.raises(DlrError, match="1 of 2 patients have the identifier of another one"):
        import_(tmp_path / "x", tmp_path / "out")
    table = tmp_path / "t.csv"
    table.write_text("subject_id\nA 1\nA  1\n")
    with pytest.raises(DlrError, match="1 of 2 patients have the identifier of another one"):
        pseudonymise_files([table], tmp_path / "out", b"k" * 32)


def test_paths_that_tell_who_it_is_are_counted(export, tmp_path, capsys) -> None:
    (export / "b").rename(export / "MUSTERFRAU_E")
    run(export, tmp_path / "out")
    assert "1 rows have paths that tell who the patient is" in capsys.readouterr().out


def test_series_with_a_gap_is_unpaired_with_its_masks(export, tmp_path) -> None:
    (export / "a" / "images" / "IM03-3.dcm").unlink()
    found = run(export, tmp_path / "out")
    assert found["images"]["subject_id"].tolist() == ["PAT-2"]
    reasons = found["unpaired"].loc[found["unpaired"]["subject_id"] == "0081", "reason"]
    assert sum("has gaps where slices are missing" in reason for reason in reasons) == 2


def test_two_series_of_one_frame_of_reference_are_not_guessed(tmp_path) -> None:
    root = tmp_path / "export"
    scan = Scan()
    again = Scan(number=4, frame_of_reference=scan.frame_of_reference, study=scan.study)
    write_series(root / "1", pixels(1), scan)
    write_series(root / "2", pixels(2), again)
    rois = {"GTV": [(2, box(2.5, 2.5, 9.5, 9.5))]}
    write_structures(root / "rs.dcm", scan, rois, names_series=False)
    found = run(root, tmp_path / "out")
    assert found["images"].empty
    reason = found["unpaired"].set_index("kind").loc["mask", "reason"]
    assert "shares its frame of reference with 2 series" in reason
    assert fingerprint(again.series) in reason


def test_mask_of_another_patient_is_not_paired(tmp_path) -> None:
    root = tmp_path / "export"
    scan = Scan()
    write_series(root / "1", pixels(1), scan)
    scan.patient = "P2"
    write_structures(root / "rs.dcm", scan, {"GTV": [(2, box(2, 2, 9, 9))]})
    found = run(root, tmp_path / "out")
    assert "of another patient" in found["unpaired"].set_index("kind").loc["mask", "reason"]


def test_rois_of_one_file_go_with_the_scans_they_were_drawn_on(tmp_path) -> None:
    root = tmp_path / "export"
    one, two = Scan(), Scan(number=4)
    write_series(root / "1", pixels(1), one)
    write_series(root / "2", pixels(2), two)
    contours = [(2, box(2.5, 2.5, 9.5, 9.5))]
    rois = {"first": contours, "second": contours, "nowhere": contours}
    path = write_structures(root / "rs.dcm", one, rois)
    dataset = dcmread(path)
    for index, uid in ((1, two.frame_of_reference), (2, Scan().frame_of_reference)):
        dataset.StructureSetROISequence[index].ReferencedFrameOfReferenceUID = uid
    dataset.save_as(path)
    found = run(root, tmp_path / "out")
    rows = found["images"][["image", "roi", "mask_label"]].sort_values("image")
    assert rows.to_numpy().tolist() == [
        ["../export/1", "first", "1"], ["../export/2", "second", "2"],
    ]  # fmt: skip
    assert found["unpaired"]["reason"].tolist() == ["no series has its frame of reference"]
    assert found["unpaired"]["file"].tolist() == ["../export/rs.dcm"]


def test_radiographs_of_one_series_stay_single(tmp_path) -> None:
    for name, position in (("a", "AP"), ("b", "LL")):
        path = write_radiograph(
            tmp_path / "x" / f"{name}.dcm", np.eye(16, dtype=np.uint16), ViewPosition=position,
            SeriesInstanceUID="1.2.3", PatientID="P1",
        )  # fmt: skip
        assert path.exists()
    unpaired = run(tmp_path / "x", tmp_path / "out")["unpaired"]
    assert unpaired["view"].tolist() == ["ap", "ll"]
    assert unpaired["reason"].tolist() == ["no mask refers to it"] * 2


def test_studies_of_a_patient_are_numbered_in_time(tmp_path) -> None:
    root = tmp_path / "export"
    for name, date in (("late", "20220101"), ("early", "20200101")):
        scan = Scan()

        def dated(_, dataset, date=date):
            dataset.StudyDate = date

        write_series(root / name, pixels(1), scan, dated)
        write_structures(root / name / "rs.dcm", scan, {"GTV": [(2, box(2, 2, 9, 9))]})
    images = run(root, tmp_path / "out")["images"]
    assert images[["image", "session"]].to_numpy().tolist() == [
        ["../export/early", "1"], ["../export/late", "2"],
    ]  # fmt: skip


def test_descriptions_only_where_asked_and_harmless(export, tmp_path) -> None:
    images = run(export, tmp_path / "out", descriptions=True)["images"]
    assert set(images["series_description"]) == {"t2_tse_sag"}


def short_names(root):
    """Write an export of a patient whose name has two letters, or two ideographs."""
    scan = Scan(patient="12", description="李娜 lumbar for Prof Wang")
    again = Scan(
        patient="12", number=4, study=scan.study, frame_of_reference=scan.frame_of_reference,
        description="LI NA, ward 3",
    )  # fmt: skip

    def named(_, dataset):
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientName = "Li^Na=李^娜"

    paths = write_series(root / "Li_Na" / "one", pixels(1), scan, named)
    write_series(root / "Li_Na" / "two", pixels(2), again, named)
    tumour = np.zeros(SHAPE, np.uint8)
    tumour[1:4, 3:9, 4:12] = 1
    rois = dict.fromkeys(["Tumour LI", "李 rest", "lina", "2021-09-08", "million", "L1"], tumour)
    path = write_segmentation(root / "seg.dcm", paths, rois)
    contours = [(2, box(2.5, 2.5, 9.5, 9.5))]
    plan = write_structures(root / "rs.dcm", scan, {"GTV": contours}, names_series=False)
    for file in (path, plan):
        dataset = dcmread(file)
        named(0, dataset)
        dataset.save_as(file)
    return root


def test_short_names_and_ideographs_are_found(tmp_path, capsys) -> None:
    out = tmp_path / "out"
    root = short_names(tmp_path / "export")
    options = {"pseudonymise": tmp_path / "key", "new_key": True, "descriptions": True}
    found = run(root, out, **options)
    assert found["images"]["roi"].tolist() == ["roi1", "roi2", "roi3", "roi4", "million", "L1"]
    assert set(found["images"]["series_description"]) == {""}
    assert "shares its frame of reference with 2 series" in found["unpaired"]["reason"].str.cat()
    # Six rows with an image or mask in the folder of that name, and the series without a mask.
    assert "7 rows have paths that tell who the patient is" in capsys.readouterr().out
    # Paths are as they are; nothing else may hold a part of the name.
    written = "".join(path.read_text() for path in out.iterdir()).replace("export/Li_Na/", "")
    assert not re.search(r"李|娜|lina|(?<![a-z])(li|na|wang)(?![a-z])", written.casefold())


def test_descriptions_stand_in_no_reason(tmp_path) -> None:
    scan = Scan(description="lumbar for Prof Wang")
    again = Scan(
        number=4, study=scan.study, frame_of_reference=scan.frame_of_reference,
        description="for Prof Wang",
    )  # fmt: skip
    write_series(tmp_path / "export" / "1", pixels(1), scan)
    write_series(tmp_path / "export" / "2", pixels(2), again)
    contours = {"GTV": [(2, box(2.5, 2.5, 9.5, 9.5))]}
    write_structures(tmp_path / "export" / "rs.dcm", scan, contours, names_series=False)
    unpaired = run(tmp_path / "export", tmp_path / "out")["unpaired"]
    assert "is not certain: #" in unpaired["reason"].str.cat()
    assert "Wang" not in unpaired.to_csv()


def test_tables_are_not_overwritten_by_accident(export, tmp_path) -> None:
    out = tmp_path / "out"
    run(export, out)
    with pytest.raises(DlrError, match=r"holds images.csv, .* already; .* --overwrite"):
        import_(export, out)
    assert run(export, out, overwrite=True)["code"] == 4


def test_wrong_usage_is_explained(tmp_path, export) -> None:
    with pytest.raises(DlrError, match="does not exist"):
        import_(tmp_path / "absent", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DlrError, match="holds no readable DICOM image"):
        import_(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(typer.BadParameter, match="outside the output folder"):
        import_(export, tmp_path / "out", pseudonymise=tmp_path / "out" / "key", new_key=True)
    with pytest.raises(typer.BadParameter, match="goes with --pseudonymise"):
        import_(export, tmp_path / "out", new_key=True)
    with pytest.raises(DlrError, match="make one with --new-key"):
        import_(export, tmp_path / "out", pseudonymise=tmp_path / "nokey")
    (tmp_path / "short").write_text("abc")
    with pytest.raises(DlrError, match="has 3 bytes and could be guessed"):
        import_(export, tmp_path / "out", pseudonymise=tmp_path / "short")
    create_key(tmp_path / "key")
    with pytest.raises(DlrError, match="exists already; leave out --new-key"):
        import_(export, tmp_path / "out", pseudonymise=tmp_path / "key", new_key=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=cmd()", "_cmd()"), ("+-@x", "_x"), (" a\tb\x00\n c ", "a b c"), ("7-8", "7-8")],
)
def test_cells_are_no_formulas(text, expected) -> None:
    assert harmless(text) == expected


@pytest.mark.real_data
def test_real_export(data_root, tmp_path) -> None:
    found = run(data_root / "dicom_rtstruct", tmp_path / "out")
    assert found["code"] == 0
    row = found["images"].iloc[0]
    assert (row["subject_id"], row["view"], row["roi"]) == ("STS_042", "axial", "GTV_Mass_MR_T1")
    assert len(found["images"]) == 1
    assert found["unpaired"].empty
