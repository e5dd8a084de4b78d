"""Reporting checklists, answered as far as the run proves them, and no further."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from dlr.errors import Fault, InputError
from dlr.report._blocks import Block, Bullets, Checklist, ChecklistRow, Report, Section, Text
from dlr.safety.documents import read_yaml_document

NAMES = ("tripod_ai", "clear", "metrics", "rqs")
SECTION = "checklists"

SHOWN = "shown by this run"
SIMULATED = "shown, on simulated data only"
PARTLY = "partly shown; needs the authors' answer"
OPEN = "needs the authors' answer"
ANSWERED = "answered by the authors"

Answers = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class _Item:
    number: str
    part: str
    topic: str
    evidence: tuple[str, ...]
    missing: str


def checklists_section(report: Report, answers: Answers | None = None) -> Section:
    """Answer every checklist from what a report proves.

    Parameters
    ----------
    report : Report
    answers : mapping of str to mapping of str to str, optional
        The authors' answers by checklist (``TRIPOD+AI``) and item number.
    """
    given = answers or {}
    lists = [_checklist(name, report, given) for name in NAMES]
    counts = tuple(_count(item) for item in lists)
    blocks: list[Block] = [
        Text(
            "Items are answered only where this run holds the evidence, with a link to it; what a "
            "run cannot know needs the authors' answer. Nothing is ticked on trust. To answer, "
            "fill in checklist-template.yaml, which 'dlr report' writes, and give it to 'dlr "
            "report --answers'."
        ),
    ]
    if report.simulated:
        text = "Simulated data: nothing shown here counts for a study of patients."
        blocks.append(Text(text, "warning"))
    blocks += [Bullets(counts, headed=True), *lists]
    lead = "What reviewers ask for, and where in this report it is answered."
    return Section(SECTION, "Checklists", lead, tuple(blocks))


def _count(item: Checklist) -> str:
    statuses = [row.status for row in item.rows]
    shown = sum(status in (SHOWN, SIMULATED) for status in statuses)
    parts = [
        f"{shown} shown by the run{' on simulated data' if SIMULATED in statuses else ''}",
        f"{statuses.count(PARTLY)} partly",
        f"{statuses.count(ANSWERED)} answered by the authors",
        f"{statuses.count(OPEN)} open",
    ]
    return f"{item.title}: of {item_count(item.rows)} {', '.join(parts)}."


def item_count(rows: Sequence[ChecklistRow]) -> str:
    """Say how many items there are, and how many with their parts (12a, 12b)."""
    whole = len({row.number.rstrip("abcdefg") for row in rows})
    parts = f" ({len(rows)} with their parts)" if len(rows) > whole else ""
    return f"{whole} items{parts}"


def _checklist(name: str, report: Report, answers: Answers) -> Checklist:
    content = _read(name)
    given = answers.get(content["title"], {})
    rows = tuple(_row(item, report, given.get(item.number, "")) for item in _items(content))
    return Checklist(
        f"checklist_{name}", content["title"], f"{content['source']} {content['note']}", rows
    )


def _row(item: _Item, report: Report, answer: str) -> ChecklistRow:
    found = tuple(report.evidence[key] for key in item.evidence if key in report.evidence)
    absent = [key.replace("_", " ") for key in item.evidence if key not in report.evidence]
    missing = item.missing
    if found and absent:
        missing = f"{missing} Not shown by this run: {', '.join(absent)}.".strip()
    if answer:
        status, missing = ANSWERED, ""
    elif not found:
        status, missing = OPEN, ""
    elif missing:
        status = PARTLY
    else:
        status = SIMULATED if report.simulated else SHOWN
    return ChecklistRow(item.number, item.part, item.topic, status, found, missing, answer)


def read_answers(path: Path) -> dict[str, dict[str, str]]:
    """Read the authors' answers.

    Parameters
    ----------
    path : Path
        YAML: the name of a checklist, under it item numbers with one text each.

    Raises
    ------
    InputError
        With every unknown checklist and item.
    """
    content = read_yaml_document(path, "file of answers")
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        message = "the answers must name checklists, each with item numbers and texts"
        raise InputError([Fault(message, path, code="answers")])
    known = {c["title"]: {i.number for i in _items(c)} for c in map(_read, NAMES)}
    faults = []
    answers: dict[str, dict[str, str]] = {}
    for title, items in content.items():
        if title not in known:
            message = f"there is no checklist '{title}'; there are {', '.join(known)}"
            faults.append(Fault(message, path, code="answers"))
            continue
        for number, text in items.items():
            if str(number) not in known[title]:
                message = f"{title} has no item '{number}'"
                faults.append(Fault(message, path, code="answers"))
            elif text is not None and str(text).strip():
                answers.setdefault(title, {})[str(number)] = str(text).strip()
    if faults:
        raise InputError(faults)
    return answers


def answers_template(section: Section) -> str:
    """Return a YAML file with an empty answer for every item that needs one."""
    lines = [
        "# Answers for 'dlr report RUN --answers checklist.yaml'; leave out what does not apply."
    ]
    for block in section.blocks:
        if not isinstance(block, Checklist):
            continue
        lines.append(f"{json.dumps(block.title)}:")
        for row in block.rows:
            if row.status in (SHOWN, SIMULATED):
                continue
            lines.append(f"  # {row.part}: {row.topic}.")
            if row.missing:
                lines.append(f"  # Still needed: {row.missing}")
            answer = json.dumps(row.answer, ensure_ascii=False)
            lines.append(f"  {json.dumps(row.number)}: {answer}")
    return "\n".join(lines) + "\n"


def _read(name: str) -> dict[str, Any]:
    path = files("dlr.report") / "checklists" / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _items(content: Mapping[str, Any]) -> list[_Item]:
    return [
        _Item(i["number"], i["part"], i["topic"], tuple(i["evidence"]), i["missing"])
        for i in content["items"]
    ]
