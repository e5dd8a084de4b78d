"""The same content as the page for machines: report.json and one CSV per table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dlr.report._blocks import Block, Bullets, Facts, Figure, Fold, Report, Table, Text
from dlr.report._pictures import Picture


def write_tables(report: Report, folder: Path) -> list[Path]:
    """Write every table of a report as UTF-8 CSV into ``folder/tables``."""
    target = folder / "tables"
    target.mkdir(parents=True, exist_ok=True)
    frames = {table.name: table.data for table in _tables(report)}
    frames.update(report.files)
    paths = []
    for name, frame in frames.items():
        path = target / f"{name}.csv"
        frame.to_csv(path, index=False, encoding="utf-8")
        paths.append(path)
    return paths


def write_json(report: Report, pictures: dict[str, Picture], path: Path) -> Path:
    """Write the report's words, tables and headline numbers as JSON; missing numbers are null."""
    content = {
        "title": report.title,
        "subtitle": report.subtitle,
        "simulated": report.simulated,
        "made_from": report.made_from,
        "numbers": report.numbers,
        "sections": [
            {
                "name": section.name,
                "title": section.title,
                "lead": section.lead,
                "blocks": [_block(block, pictures) for block in section.blocks],
            }
            for section in report.sections
        ],
    }
    text = json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _tables(report: Report) -> Iterator[Table]:
    for section in report.sections:
        for block in section.blocks:
            inner = block.blocks if isinstance(block, Fold) else (block,)
            yield from (item for item in inner if isinstance(item, Table))


def _block(block: Block, pictures: dict[str, Picture]) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"kind": block.kind, "text": block.text, "tone": block.tone}
    if isinstance(block, Bullets):
        return {"kind": block.kind, "items": block.items}
    if isinstance(block, Facts):
        return {"kind": block.kind, "items": [vars(fact) for fact in block.items]}
    if isinstance(block, Table):
        rows = block.data.to_dict("records")
        return {
            "kind": block.kind,
            "name": block.name,
            "caption": block.caption,
            "rows": rows,
            "note": block.note,
        }
    if isinstance(block, Figure):
        files = pictures[block.name].files
        return {"kind": block.kind, "name": block.name, "caption": block.caption, "files": files}
    if isinstance(block, Fold):
        inner = [_block(item, pictures) for item in block.blocks]
        return {"kind": block.kind, "title": block.title, "blocks": inner}
    return {"kind": block.kind, "name": block.name, "text": block.text}


def _plain(value: Any) -> Any:
    """Turn numpy and pandas values into JSON's own; NaN and infinity become null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int):
        return value
    return str(value)
