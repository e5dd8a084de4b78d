"""Writing the study file and the tables beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import ROW, read_text_table
from dlr.errors import Fault, InputError
from dlr.safe_files import write_atomically
from dlr.safety.spreadsheets import write_csv_table
from dlr.scaffold.clinical import ClinicalGuess, guess
from dlr.scaffold.labels import LabelsFound, label_warning, look_for_labels
from dlr.scaffold.pairing import Pairing, pair_files, read_pairing
from dlr.scaffold.text import study_text, way_to

TABLES = (".csv", ".xlsx", ".tsv")
OWN = ("images.csv", "unmatched.csv", "unpaired.csv", "scanners.csv", "study.yaml")


@dataclass(frozen=True)
class Scaffold:
    """What ``dlr init`` made.

    Parameters
    ----------
    study : Path
    pairing : Pairing
    clinical : Path
        The table that was found, or a template to fill in.
    guess : ClinicalGuess, optional
        None where there was no clinical table.
    labels : LabelsFound
        What the masks hold.
    open_questions : tuple of str
        What only the authors know, marked in the study file, and what does not fit together.
    """

    study: Path
    pairing: Pairing
    clinical: Path
    guess: ClinicalGuess | None
    labels: LabelsFound
    open_questions: tuple[str, ...]


def make_scaffold(
    folder: Path,
    out: Path,
    clinical: Path | None = None,
    outcome: str | None = None,
    overwrite: bool = False,
    mask_label: str | None = None,
) -> Scaffold:
    """Scan a folder and write ``study.yaml``, ``images.csv`` and what is missing.

    Parameters
    ----------
    folder : Path
        Images and masks (NIfTI, NRRD, MHA, PNG, JPG), in any folders below; or the folder of an
        ``images.csv`` that names them, as `dlr import` writes it, which is then left as it is.
    out : Path
        Where the files are written.
    clinical : Path, optional
        The clinical table; the only CSV or Excel file in the folder when left out.
    outcome : str, optional
        Column of the outcome, where it cannot be told by its name.
    overwrite : bool
        Replace files of an earlier run.
    mask_label : str, optional
        Value of the ROI, or name of its segment, where masks hold several; asked for otherwise.

    Raises
    ------
    InputError
        If there are no pairs, files are there already, the outcome is no column, or several
        tables could be the clinical one.
    """
    _require(folder, clinical)
    pairing = pair_files(folder)
    given = folder / "images.csv"
    by_table = pairing.images.empty and given.is_file()
    if by_table:
        pairing = read_pairing(given)
    if pairing.images.empty:
        raise InputError([Fault(_nothing(folder, pairing), folder, code="no-pairs")])
    study = out / "study.yaml"
    for path in (study, *([] if by_table else [out / "images.csv"])):
        if path.exists() and not overwrite:
            raise InputError([Fault("the file is there already; add --overwrite", path)])
    found = clinical or _only_table(folder, out)
    # Everything is read before the first file is written.
    path, known = (out / "clinical.csv", None) if found is None else _read(found, pairing, outcome)
    given_label = mask_label if not by_table else None  # a table that is there is left as it is
    labels = LabelsFound() if given_label else look_for_labels(folder, pairing.images)
    wrong = label_warning(folder, pairing.images, given_label) if given_label else ""
    out.mkdir(parents=True, exist_ok=True)
    if not by_table:
        _write_images(pairing, labels, mask_label, folder, out)
    if found is None:
        _write_template(pairing, path)
    images = given if by_table else out / "images.csv"
    text, questions = study_text(folder, out, images, path, pairing, known, labels)
    write_atomically(study, text.encode())
    questions = (*([wrong] if wrong else []), *_strangers(pairing, known), *questions)
    return Scaffold(study, pairing, path, known, labels, questions)


def _strangers(pairing: Pairing, known: ClinicalGuess | None) -> list[str]:
    """Ask about subjects where the clinical table names none of the images' subjects."""
    if known is None or known.n_matched:
        return []
    first = pairing.images["subject_id"].iloc[0]
    return [
        "how the clinical table names the subjects: none of its columns holds those of the images "
        f"(such as '{first}'; they are compared exactly, zeros included)"
    ]


def _require(folder: Path, clinical: Path | None) -> None:
    """Refuse what is not there before anything is looked for."""
    if not folder.is_dir():
        what = "this is a file" if folder.is_file() else "the folder does not exist"
        message = f"{what}; give the folder that holds images and masks"
        raise InputError([Fault(message, folder, code="no-folder")])
    if clinical is not None and not clinical.is_file():
        message = "the clinical table does not exist; check what --clinical names"
        raise InputError([Fault(message, clinical, code="file-missing")])


def _nothing(folder: Path, pairing: Pairing) -> str:
    if pairing.unmatched.empty:
        if any(folder.rglob("*.dcm")):
            return "the folder holds DICOM; use 'dlr import' for what a PACS exported"
        return "no images were found (NIfTI, NRRD, MHA, PNG, JPG); give the folder that holds them"
    return (
        f"none of {len(pairing.unmatched)} images and masks could be paired; masks need a word "
        "like 'mask', 'seg', 'roi' or 'label' in their name or folder, and else the image's name"
    )


def _write_images(
    pairing: Pairing, labels: LabelsFound, mask_label: str | None, folder: Path, out: Path
) -> None:
    """Write the table; columns that only the authors can fill in are there, but empty.

    Paths start from the table's own folder: then whoever gets the table needs nothing else.
    """
    way = Path(way_to(folder, out))
    table = pairing.images.copy()
    for column in ("image", "mask"):
        table[column] = [(way / cell).as_posix() for cell in table[column]]
    empty = [name for name in ("view", "reader") if (table[name] == "").all()]
    table = table.drop(columns=empty).assign(**dict.fromkeys(labels.columns, ""))
    if mask_label:
        column = "mask_label" if mask_label.isdigit() else "mask_segment"
        table = table.assign(**{column: mask_label})
    write_csv_table(table, out / "images.csv")
    if len(pairing.unmatched):
        write_csv_table(pairing.unmatched, out / "unmatched.csv")


def _only_table(folder: Path, out: Path) -> Path | None:
    places = sorted(
        path
        for place in {folder.resolve(), out.resolve()}
        for path in (place.iterdir() if place.is_dir() else ())
        if path.suffix.lower() in TABLES and not _is_ours(path)
    )
    if len(places) > 1:
        names = ", ".join(path.name for path in places[:5])
        message = f"{len(places)} tables could be the clinical one ({names}); name it by --clinical"
        raise InputError([Fault(message, folder, code="several-tables")])
    return places[0] if places else None


def _is_ours(path: Path) -> bool:
    """Tell the files of dlr, such as a drawn split, and hidden ones from those of the authors."""
    return path.name in OWN or path.name.startswith(".") or path.name.endswith(".split.csv")


def _write_template(pairing: Pairing, path: Path) -> None:
    subjects = pairing.images["subject_id"].drop_duplicates()
    table = pd.DataFrame({"subject_id": subjects, "outcome": "", "age": "", "sex": ""})
    write_csv_table(table, path)


def _read(path: Path, pairing: Pairing, outcome: str | None) -> tuple[Path, ClinicalGuess]:
    table = read_text_table(path, "clinical").drop(columns=ROW)
    if outcome is not None and outcome not in table:
        known = ", ".join(str(name) for name in table.columns)
        raise InputError([Fault(f"there is no column '{outcome}'; there are: {known}", path)])
    return path, guess(table, set(pairing.images["subject_id"]), outcome)
