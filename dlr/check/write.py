"""Writes the page of a check, and its findings for programs."""

from __future__ import annotations

import json
from pathlib import Path

import dlr
from dlr.check.page import check_report
from dlr.check.result import Check
from dlr.report._write import write_pages
from dlr.safe_files import staged

FORMAT = 1
"""Counts changes of check.json that older programs cannot read."""


def write_check(check: Check, folder: Path) -> Path:
    """Write what a check found.

    Parameters
    ----------
    check : Check
    folder : Path
        Made when missing. It gets ``report.html`` (self-contained) and ``report.json`` (the same
        content), ``check.json`` (findings and ROIs, flat), ``figures/`` and ``tables/``.

    Returns
    -------
    Path
        The page.
    """
    with staged(folder, "check") as stage:
        page = write_pages(check_report(check), stage)
        (stage / "check.json").write_text(_findings(check), encoding="utf-8")
    return folder / page.relative_to(stage)


def _findings(check: Check) -> str:
    """Return findings and ROIs as JSON, flat."""
    rois = json.loads(check.rois.to_json(orient="records")) if len(check.rois) else []
    content = {
        "format": FORMAT,
        "dlr": dlr.__version__,
        "study": check.config.name,
        "faults": len(check.of("fault")),
        "warnings": len(check.of("warning")),
        "notes": len(check.of("note")),
        "findings": [item.to_record() for item in check.findings],
        "rois": rois,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
