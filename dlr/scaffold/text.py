"""The text of a commented study file, section by section."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from dlr.cohort.values import is_missing
from dlr.scaffold.clinical import ClinicalGuess
from dlr.scaffold.labels import LabelsFound
from dlr.scaffold.pairing import Pairing

PICTURES = (".png", ".jpg", ".jpeg")
"""Endings of files that hold a single slice."""


def study_text(
    folder: Path,
    out: Path,
    images: Path,
    clinical: Path,
    pairing: Pairing,
    known: ClinicalGuess | None,
    labels: LabelsFound,
) -> tuple[str, tuple[str, ...]]:
    """Write the study file; what only the authors know is marked with ``# TO DO``."""
    questions: list[str] = []
    lines = [
        "# Made by 'dlr init'. Lines marked TO DO need your answer.",
        "# All settings: 'Every setting' of the documentation of dlr (study_yaml.md)",
        f"name: {_quoted(folder.resolve().name)}    # TO DO: the title of the report",
        'description: ""            # one paragraph for the report',
        "seed: 0",
        *_images(labels, questions),
        f"images: {_quoted(_relative(images, out))}",
        *_several_rois(pairing, questions),
        f"clinical: {_quoted(_relative(clinical, out))}{_subjects(known, questions)}",
        *_image_root(folder, images),
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


def _image_root(folder: Path, images: Path) -> list[str]:
    """Name the folder of the images where their table cannot name the way to them."""
    return (
        [] if way_to(folder, images.parent) else [f"image_root: {_quoted(str(folder.resolve()))}"]
    )


def way_to(folder: Path, start: Path) -> str:
    """Return the path of a folder from another; empty where none leads there.

    Parameters
    ----------
    folder, start : Path

    Returns
    -------
    str
        With forward slashes; ``"."`` for the same folder, empty on another drive of Windows.
    """
    try:
        return Path(os.path.relpath(folder.resolve(), start.resolve())).as_posix()
    except ValueError:
        return ""


def _images(labels: LabelsFound, questions: list[str]) -> list[str]:
    if not labels.question:
        return []
    questions.append(labels.question)
    return [
        f"# TO DO: {labels.question};",
        "#   several ROIs of a patient: a row for each, named in a column 'roi', and 'unit: roi'",
    ]


def _several_rois(pairing: Pairing, questions: list[str]) -> list[str]:
    """Ask what a case is where the table names several ROIs of a patient."""
    table = pairing.images
    named = table["roi"] if "roi" in table else pd.Series("", index=table.index)
    if (named == "").all() or not table.duplicated(["subject_id", "view", "reader"]).any():
        return []
    names = list(dict.fromkeys(named[named != ""]))
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    question = f"which ROI is studied ({shown}): keep its rows of images.csv, or make each a case"
    questions.append(question)
    return [f"# TO DO: {question}:", "# unit: roi"]


def _subjects(known: ClinicalGuess | None, questions: list[str]) -> str:
    """Ask for a name that a check knows where the subjects' column has another one."""
    if known is None or known.named or not known.n_matched:
        return ""
    question = f"rename its column '{known.subject_column}', which holds the subjects, subject_id"
    questions.append(f"the clinical table: {question}")
    return f"    # TO DO: {question}"


def _outcome(known: ClinicalGuess | None, questions: list[str]) -> list[str]:
    if known is not None and known.outcome:
        comment = "the value that means the event"
        if not known.sure:
            questions.append(
                f"whether '{known.positive}' of '{known.outcome}' is the event (it is only guessed)"
            )
            comment = f"TO DO: is this {comment}?"
        if known.spellings:
            shown = ", ".join(f"'{value}'" for value in known.spellings)
            questions.append(f"'{known.outcome}' holds {shown}: write each value in one way only")
        return [
            "outcome:",
            f"  column: {_quoted(known.outcome)}",
            f"  positive: {_quoted(known.positive)}      # {comment}",
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
        f"which value of '{known.outcome}' means no event; correct the others, or delete the rows "
        "of cases to leave out"
    )
    return ["  # TO DO: negative: the value that means no event; correct or delete other rows"]


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
        else "  # TO DO: better, another centre or later patients: 'Every setting', split"
    )
    return ["cohorts:", other, "  split: {method: random, fraction: 0.7}"]


def _views(pairing: Pairing) -> list[str]:
    views = [view for view in dict.fromkeys(pairing.images["view"]) if view] or ["scan"]
    flat = pairing.images["image"].str.lower().str.endswith(PICTURES).all()
    dimension = "2d" if flat else "3d"
    lines = ["views:"]
    for view in views:
        lines += [
            f"  {view}:",
            f"    dimension: {dimension}              # 3d, 2.5d or 2d (largest slice)",
        ]
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
            "  age: {type: continuous, label: Age, unit: years}",
            "  sex: {type: categorical}",
        ]
    if not known.variables:
        return ["clinical_variables: {}         # none was found"]
    if known.commas:
        shown = ", ".join(f"'{name}'" for name in known.commas)
        questions.append(f"decimal commas in {shown}: save the table with decimal points")
    if known.unsure:
        shown = ", ".join(f"'{name}'" for name in known.unsure)
        questions.append(f"whether {shown} hold measurements or codes of categories")
    questions.append(
        "labels and units of the variables, as readers shall see them; words for codes such as 0/1"
    )
    return [
        "clinical_variables:            # TO DO: delete what is known only afterwards",
        "  # TO DO: labels and units: {type: continuous, label: Age, unit: years}",
        *_codes(known),
        *(f"  {_quoted(name)}: {settings}" for name, settings in _listed(known)),
    ]


def _codes(known: ClinicalGuess) -> list[str]:
    """Ask for words where categories are numbers, which figures and tables would show."""
    coded = [
        name
        for name, levels in known.levels.items()
        if levels and all(re.fullmatch(r"-?\d+(\.\d+)?", level) for level in levels)
    ]
    if not coded:
        return []
    shown = ", ".join(coded[:5]) + (", ..." if len(coded) > 5 else "")
    return [
        f"  # TO DO: {shown}: codes? Write words into the table (female, not 1)",
    ]


def _listed(known: ClinicalGuess) -> Iterator[tuple[str, str]]:
    """Return the settings of each variable; levels are written where one may mean missing."""
    for name, kind in known.variables.items():
        levels = known.levels.get(name, ())
        if any(is_missing(level) for level in levels):
            shown = ", ".join(_quoted(level) for level in levels)
            yield name, f"{{type: {kind}, levels: [{shown}]}}  # TO DO: is each of them a level?"
        elif name in known.unsure:
            other = "categorical" if kind == "continuous" else "continuous"
            yield name, f"{{type: {kind}}}  # TO DO: a few numbers only; or {other}?"
        else:
            yield name, f"{{type: {kind}}}"


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back: JSON's quotes are YAML's, too."""
    return json.dumps(text, ensure_ascii=False)


def _relative(path: Path, start: Path) -> str:
    try:
        return path.resolve().relative_to(start.resolve()).as_posix() or "."
    except ValueError:
        return str(path.resolve())


def open_lines(study: Path) -> list[int]:
    """Return the lines of a study file that are still marked TO DO."""
    lines = study.read_text(encoding="utf-8").splitlines()
    # The head of the file explains the mark.
    return [n for n, line in enumerate(lines, start=1) if re.search(r"# TO DO\b", line)]
