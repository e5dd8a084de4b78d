"""Writes a report: the page, the figures, the tables, the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dlr
from dlr.errors import DlrError
from dlr.progress import Progress, silent
from dlr.report._ablation import ablation_report
from dlr.report._blocks import Report
from dlr.report._checklists import (
    SECTION,
    Answers,
    answers_template,
    checklists_section,
    read_answers,
)
from dlr.report._export import (
    checklist_frame,
    checklists_of,
    write_json,
    write_plain_tables,
    write_tables,
)
from dlr.report._page import render_page
from dlr.report._pictures import Picture, draw_all, figures_of, load_pictures
from dlr.report._restore import read_report
from dlr.report._study import study_report
from dlr.report._validation import validation_report
from dlr.results import Ablation, StudyResult
from dlr.safe_files import staged
from dlr.safety.private import private_result
from dlr.safety.spreadsheets import write_csv_table

if TYPE_CHECKING:
    from dlr.results import ValidationResult


def write_report(
    result: StudyResult | ValidationResult | Ablation,
    folder: Path,
    *,
    pdf: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write the report of a study, a validation or an ablation.

    Parameters
    ----------
    result : StudyResult, ValidationResult or Ablation
        What to report. Where its settings say ``simulated``, every figure is stamped.
    folder : Path
        Made when missing. It gets ``report.html`` (self-contained), ``report.json``,
        ``figures/`` (SVG and 300-dpi PNG), ``cases/`` (ROI pictures) and ``tables/`` (CSV,
        unrounded, and ``tables.html`` for word processors).
    pdf : bool
        Save every figure as PDF with editable text too; doubles the time.
    progress : callable
        Told of every figure.

    Returns
    -------
    Path
        The page, ``folder/report.html``.
    """
    result = private_result(result)
    if isinstance(result, StudyResult):
        report = study_report(result)
    elif isinstance(result, Ablation):
        report = ablation_report(result)
    else:
        report = validation_report(result)
    if report.evidence:
        report = _with_checklists(report)
    return write_pages(report, Path(folder), pdf=pdf, progress=progress)


def write_pages(
    report: Report, folder: Path, *, pdf: bool = False, progress: Progress = silent
) -> Path:
    """Draw a report's figures and write its page, tables and JSON into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_all(report, folder, pdf=pdf, progress=progress)
    write_tables(report, folder)
    return _write_page(report, pictures, folder)


def _write_page(report: Report, pictures: Mapping[str, Picture], folder: Path) -> Path:
    write_json(report, pictures, folder / "report.json")
    page = folder / "report.html"
    page.write_text(render_page(report, pictures, dlr.__version__), encoding="utf-8")
    return page


def _with_checklists(report: Report, answers: Answers | None = None) -> Report:
    """Put the checklists, anew, before the failures."""
    sections = [section for section in report.sections if section.name != SECTION]
    names = [section.name for section in sections]
    place = names.index("failures") if "failures" in names else len(names)
    sections.insert(place, checklists_section(report, answers))
    return replace(report, sections=tuple(sections))


def rebuild_report(
    folder: Path, *, answers: Path | None = None, ablation: Path | None = None
) -> Path:
    """Make the page of a run anew from what its folder holds.

    Words, numbers, tables and figures stay those of the run: ``report.json`` and ``figures/`` are
    all that is read, nothing is computed or drawn again. New are the page itself (a newer
    version's template), the checklists with the authors' answers, and the ablation.

    Parameters
    ----------
    folder : Path
        What ``dlr train``, ``dlr validate``, ``dlr predict`` or ``dlr ablate`` wrote.
    answers : Path, optional
        The authors' answers; ``checklist.yaml`` in the folder where left out, if there is one.
    ablation : Path, optional
        Folder of ``dlr ablate``; ``ablation`` in the folder where left out, if there is one.

    Returns
    -------
    Path
        The page, ``folder/report.html``; ``folder/checklist-template.yaml`` lists what the
        authors still have to answer.

    Raises
    ------
    DlrError
        If the folder holds no report, or one of a version that kept too little.
    InputError
        If the answers name unknown checklists or items.
    """
    report = read_report(folder)
    pictures = load_pictures(report, folder)
    beside = folder / "ablation"
    if ablation is None and (beside / "report.json").is_file():
        ablation = beside
    with staged(folder) as stage:
        if ablation is not None:
            part = read_report(ablation)
            found = load_pictures(part, ablation)
            report, added = _with_ablation(report, part), figures_of(part.sections)
            for figure in added:
                pictures[figure.name] = _copied(found[figure.name], ablation, stage)
        if report.evidence:
            report = _answered(report, folder, answers, stage)
        for item in checklists_of(report):
            write_csv_table(checklist_frame(item), stage / "tables" / f"{item.name}.csv")
        write_plain_tables(report, stage)
        page = _write_page(report, pictures, stage)
    return folder / page.relative_to(stage)


def _answered(report: Report, folder: Path, answers: Path | None, stage: Path) -> Report:
    """Put the authors' answers into the checklists, and write what they still have to answer."""
    if answers is None and (folder / "checklist.yaml").is_file():
        answers = folder / "checklist.yaml"
    report = _with_checklists(report, None if answers is None else read_answers(answers))
    template = answers_template(report.sections[_place(report, SECTION)])
    (stage / "checklist-template.yaml").write_text(template, encoding="utf-8")
    return report


def _place(report: Report, name: str) -> int:
    return [section.name for section in report.sections].index(name)


def _with_ablation(report: Report, part: Report) -> Report:
    """Put the section of an ablation where the study's report has room for it."""
    section = next((item for item in part.sections if item.name == "ablation"), None)
    if section is None or all(item.name != "ablation" for item in report.sections):
        raise DlrError("an ablation can only be shown in the report of a study made by 'dlr train'")
    sections = list(report.sections)
    sections[_place(report, "ablation")] = section
    return replace(report, sections=tuple(sections))


def _copied(picture: Picture, source: Path, target: Path) -> Picture:
    """Copy a figure's files into the report's folder."""
    for name in picture.files:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((source / name).read_bytes())
    return picture
