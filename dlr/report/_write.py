"""Writes a report: the page, the figures, the tables, the JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import dlr
from dlr.report._ablation import ablation_report
from dlr.report._blocks import Report
from dlr.report._export import write_json, write_tables
from dlr.report._page import render_page
from dlr.report._pictures import draw_all
from dlr.report._study import study_report
from dlr.report._validation import validation_report
from dlr.results import Ablation, StudyResult

if TYPE_CHECKING:
    from dlr.results import ValidationResult


def write_report(
    result: StudyResult | ValidationResult | Ablation, folder: Path, *, pdf: bool = False
) -> Path:
    """Write the report of a study, a validation or an ablation.

    Parameters
    ----------
    result : StudyResult, ValidationResult or Ablation
        What to report. Where its settings say ``simulated``, every figure is stamped.
    folder : Path
        Made when missing. It gets ``report.html`` (self-contained), ``report.json``,
        ``figures/`` (SVG and 300-dpi PNG) and ``tables/`` (CSV, unrounded).
    pdf : bool
        Save every figure as PDF with editable text too; doubles the time.

    Returns
    -------
    Path
        The page, ``folder/report.html``.
    """
    if isinstance(result, StudyResult):
        report = study_report(result)
    elif isinstance(result, Ablation):
        report = ablation_report(result)
    else:
        report = validation_report(result)
    return write_pages(report, Path(folder), pdf=pdf)


def write_pages(report: Report, folder: Path, *, pdf: bool = False) -> Path:
    """Draw a report's figures and write its page, tables and JSON into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_all(report, folder, pdf=pdf)
    write_tables(report, folder)
    write_json(report, pictures, folder / "report.json")
    page = folder / "report.html"
    page.write_text(render_page(report, pictures, dlr.__version__), encoding="utf-8")
    return page
