"""Writing the commented study file and the tables beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import ROW, read_text_table
from dlr.errors import Fault, InputError
from dlr.safety.spreadsheets import write_csv_table
from dlr.scaffold.clinical import ClinicalGuess, guess
from dlr.scaffold.pairing import Pairing, pair_files

TABLES = (".csv", ".xlsx", ".tsv")
OWN = ("images.csv", "unmatched.csv", "study.yaml")


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
    open_questions : tuple of str
        What only the authors know; each is marked in the study file.
    """

    study: Path
    pairing: Pairing
    clinical: Path
    guess: ClinicalGuess | None
    open_questions: tuple[str, ...]


def make_scaffold(
    folder: Path,
    out: Path,
    clinical: Path | None = None,
    outcome: str | None = None,
    overwrite: bool = False,
) -> Scaffold:
    """Scan a folder and write ``study.yaml``, ``images.csv`` and what is missing.

    Parameters
    ----------
    folder : Path
        Images and masks (NIfTI, NRRD, MHA, PNG, JPG), in any folders below.
    out : Path
        Where the files are written.
    clinical : Path, optional
        The clinical table; the only CSV or Excel file in the folder when left out.
    outcome : str, optional
        Column of the outcome, where it cannot be told by its name.
    overwrite : bool
        Replace files of an earlier run.

    Raises
    ------
    InputError
        If there are no pairs, files are there already, or the outcome is no column.
    """
    pairing = pair_files(folder)
    if pairing.images.empty:
        raise InputError([Fault(_nothing(folder, pairing), folder, code="no-pairs")])
    study = out / "study.yaml"
    if study.exists() and not overwrite:
        raise InputError([Fault("the file is there already; add --overwrite", study)])
    out.mkdir(parents=True, exist_ok=True)
    _write_images(pairing, out)
    found = clinical or _only_table(folder, out)
    if found is None:
        path, known = _template(pairing, out), None
    else:
        path, known = _read(found, pairing, outcome)
    text, questions = _study_text(folder, out, path, pairing, known)
    study.write_text(text, encoding="utf-8")
    return Scaffold(study, pairing, path, known, questions)


def _nothing(folder: Path, pairing: Pairing) -> str:
    if pairing.unmatched.empty:
        if any(folder.rglob("*.dcm")):
            return "the folder holds DICOM; use 'dlr import' for what a PACS exported"
        return "no images were found (NIfTI, NRRD, MHA, PNG, JPG); give the folder that holds them"
    return (
        f"none of {len(pairing.unmatched)} images and masks could be paired; masks need a word "
        "like 'mask', 'seg', 'roi' or 'label' in their name or folder, and else the image's name"
    )


def _write_images(pairing: Pairing, out: Path) -> None:
    table = pairing.images
    empty = [name for name in ("view", "reader") if (table[name] == "").all()]
    write_csv_table(table.drop(columns=empty), out / "images.csv")
    if len(pairing.unmatched):
        write_csv_table(pairing.unmatched, out / "unmatched.csv")


def _only_table(folder: Path, out: Path) -> Path | None:
    places = sorted(
        path
        for place in {folder, out}
        for path in place.iterdir()
        if path.suffix.lower() in TABLES and path.name not in OWN and not path.name.startswith(".")
    )
    return places[0] if len(places) == 1 else None


def _template(pairing: Pairing, out: Path) -> Path:
    path = out / "clinical.csv"
    subjects = pairing.images["subject_id"].drop_duplicates()
    table = pd.DataFrame({"subject_id": subjects, "outcome": "", "age": "", "sex": ""})
    write_csv_table(table, path)
    return path


def _read(path: Path, pairing: Pairing, outcome: str | None) -> tuple[Path, ClinicalGuess]:
    table = read_text_table(path, "clinical").drop(columns=ROW)
    if outcome is not None and outcome not in table:
        known = ", ".join(str(name) for name in table.columns)
        raise InputError([Fault(f"there is no column '{outcome}'; there are: {known}", path)])
    return path, guess(table, set(pairing.images["subject_id"]), outcome)


def _study_text(
    folder: Path, out: Path, clinical: Path, pairing: Pairing, known: ClinicalGuess | None
) -> tuple[str, tuple[str, ...]]:
    """Write the study file; what only the authors know is marked with ``# TO DO``."""
    questions: list[str] = []
    lines = [
        "# Made by 'dlr init'. Lines marked TO DO need your answer.",
        "# All settings: docs/study_yaml.md",
        f"name: {_quoted(folder.resolve().name)}",
        'description: ""            # one paragraph for the report',
        "seed: 0",
        "images: images.csv",
        f"clinical: {_quoted(_relative(clinical, out))}",
        f"image_root: {_quoted(_relative(folder, out))}",
        "",
        *_outcome(known, questions),
        "",
        *_cohorts(known, questions),
        "",
        *_views(pairing),
        "",
        "radiomics:",
        "  parameters: original         # or original-log-wavelet, or a PyRadiomics parameter file",
        "",
        "embedding:",
        "  backbone: resnext50_32x4d",
        "  weights: torchvision         # downloaded once; or a file; without a network:",
        "  # backbone: efficientnet_lite0",
        "  # weights: packaged",
        *_agreement(pairing),
        "",
        *_variables(known, questions),
    ]
    return "\n".join(lines) + "\n", tuple(questions)


def _outcome(known: ClinicalGuess | None, questions: list[str]) -> list[str]:
    if known is not None and known.outcome:
        return [
            "outcome:",
            f"  column: {_quoted(known.outcome)}",
            f"  positive: {_quoted(known.positive)}      # the value that means the event",
            *_negative(known, questions),
        ]
    candidates = "" if known is None else ", ".join(known.candidates)
    hint = f"one of: {candidates}" if candidates else "a column with two values"
    questions.append(f"which column is the outcome ({hint}), and which value is the event")
    return [
        "outcome:",
        f"  column: outcome              # TO DO: {hint}",
        '  positive: "1"                # TO DO: the value that means the event',
    ]


def _negative(known: ClinicalGuess, questions: list[str]) -> list[str]:
    if known.negative:
        return [f"  negative: {_quoted(known.negative)}"]
    questions.append(
        f"which value of '{known.outcome}' means no event; empty the cells of cases to leave out"
    )
    return ["  # TO DO: negative: the value that means no event; other cells must be empty"]


def _cohorts(known: ClinicalGuess | None, questions: list[str]) -> list[str]:
    if known is not None and known.cohort:
        return [
            "cohorts:",
            f"  column: {_quoted(known.cohort)}",
            f"  training: {_quoted(known.training)}           # all others validate",
        ]
    questions.append("who trains and who validates (a random split is set; better: other centres)")
    center = known.center if known is not None else ""
    other = (
        "  # TO DO: better, by centre: {method: center, training_centers: [...], "
        f"column: {center}}}"
        if center
        else "  # TO DO: better, another centre or later patients: see docs/study_yaml.md, split"
    )
    return ["cohorts:", other, "  split: {method: random, fraction: 0.7}"]


def _views(pairing: Pairing) -> list[str]:
    views = [view for view in dict.fromkeys(pairing.images["view"]) if view] or ["scan"]
    lines = ["views:"]
    for view in views:
        lines += [f"  {view}:", "    dimension: 3d              # 3d, 2.5d or 2d (largest slice)"]
    return lines


def _agreement(pairing: Pairing) -> list[str]:
    readers = [reader for reader in dict.fromkeys(pairing.images["reader"]) if reader]
    if len(readers) < 2:
        return []
    return ["", "agreement:", f"  reader: {_quoted(readers[1])}", "  threshold: 0.75"]


def _variables(known: ClinicalGuess | None, questions: list[str]) -> list[str]:
    if known is None:
        questions.append("the clinical table: clinical.csv is a template to fill in")
        return [
            "clinical_variables:            # TO DO: columns of clinical.csv",
            "  age: {type: continuous}",
            "  sex: {type: categorical}",
        ]
    if not known.variables:
        return ["clinical_variables: {}         # none was found"]
    listed = [f"  {_quoted(name)}: {{type: {kind}}}" for name, kind in known.variables.items()]
    return ["clinical_variables:            # delete what is known only afterwards", *listed]


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back: JSON's quotes are YAML's, too."""
    return json.dumps(text, ensure_ascii=False)


def _relative(path: Path, start: Path) -> str:
    try:
        return path.resolve().relative_to(start.resolve()).as_posix() or "."
    except ValueError:
        return str(path.resolve())
