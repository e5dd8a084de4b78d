"""Which free text of a header tells who the patient is."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from dlr.dicom.privacy import private_words, safe_roi_name, safe_text, tells


def header(name: str, identifier: str) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = name, identifier
    dataset.PatientBirthDate = "19630417"
    return dataset


@pytest.mark.parametrize(
    ("name", "identifier", "said"),
    [
        ("Li^Na=李^娜", "4711", "T2 LI"),
        ("Li^Na=李^娜", "4711", "for_na_2"),
        ("Li^Na=李^娜", "4711", "T2李娜"),
        ("Li^Na=李^娜", "4711", "李"),
        ("Li^Na=李^娜", "4711", "NaLi t1"),
        ("Li^Na=李^娜", "4711", "t2 4711"),
        ("Öz^A", "7", "Oz lumbar"),
        ("Öz^A", "7", "ÖZ"),
        ("Öz^A", "X7", "knee x7"),
        ("Musterfrau^Erika", "MRN-0815", "musterfrau2"),
        ("Musterfrau^Erika", "MRN-0815", "０８１５"),
        ("김^민", "1", "김민 L4"),
        ("Musterfrau^Erika", "1", "2023-04-05"),
        ("Musterfrau^Erika", "1", "5.4.23"),
        ("Musterfrau^Erika", "1", "GTV_2023_04_05"),
        ("Musterfrau^Erika", "1", "GTV 230405"),
    ],
)
def test_what_tells_is_dropped(name: str, identifier: str, said: str) -> None:
    words = private_words(header(name, identifier))
    assert safe_text(said, words) == ""
    assert safe_roi_name(said, 3, words) == "roi3"


@pytest.mark.parametrize(
    ("name", "identifier", "said"),
    [
        ("Li^Na=李^娜", "12", "million signal"),
        ("Li^Na=李^娜", "12", "12 slices"),
        ("Öz^A", "7", "Lesion 7 axial"),
        ("Musterfrau^Erika", "PAT-2", "spatial L4-5"),
        ("", "", "t2_tse_sag"),
    ],
)
def test_what_does_not_tell_stays(name: str, identifier: str, said: str) -> None:
    assert safe_text(said, private_words(header(name, identifier))) == said


def test_short_numbers_tell_in_paths() -> None:
    words = private_words(header("Li^Na", "12"))
    assert not tells("export/12/one", words)
    assert tells("export/12/one", words, short_numbers=True)
    assert not tells("export/120/one", words, short_numbers=True)


def test_an_roi_without_a_name_gets_its_number() -> None:
    assert safe_roi_name("", 4) == "roi4"
