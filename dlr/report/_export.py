"""The same content as the page for machines and for Word: JSON, CSV and plain HTML tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dlr.report._blocks import (
    Block,
    Bullets,
    Cases,
    Checklist,
    Facts,
    Figure,
    Fold,
    Listing,
    Report,
    Table,
    Text,
)
from dlr.report._pictures import Picture
from dlr.safety.spreadsheets import write_csv_table

FORMAT = 2
"""Counts changes of report.json that older versions cannot read."""


def write_tables(report: Report, folder: Path) -> list[Path]:
    """Write every table of a report as UTF-8 CSV into ``folder/tables``.

    ``tables.html`` beside them holds all tables as the page shows them, for word processors.
    """
    target = folder / "tables"
    target.mkdir(parents=True, exist_ok=True)
    frames = {table.name: table.data for table in tables_of(report)}
    frames.update({item.name: checklist_frame(item) for item in checklists_of(report)})
    frames.update(report.files)
    paths = []
    for name, frame in frames.items():
        path = target / f"{name}.csv"
        write_csv_table(frame, path)
        paths.append(path)
    return [*paths, write_plain_tables(report, folder)]


def write_plain_tables(report: Report, folder: Path) -> Path:
    """Write all tables as shown into ``folder/tables/tables.html``, without any styling."""
    path = folder / "tables" / "tables.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_plain_tables(report), encoding="utf-8")
    return path


def write_json(report: Report, pictures: Mapping[str, Picture], path: Path) -> Path:
    """Write the report's words, tables and headline numbers as JSON; missing numbers are null."""
    content = {
        "format": FORMAT,
        "title": report.title,
        "subtitle": report.subtitle,
        "simulated": report.simulated,
        "made_from": report.made_from,
        "numbers": report.numbers,
        "evidence": report.evidence,
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


def tables_of(report: Report) -> Iterator[Table]:
    """Return all tables, those in folds too, in reading order."""
    for section in report.sections:
        for block in section.blocks:
            inner = block.blocks if isinstance(block, Fold) else (block,)
            yield from (item for item in inner if isinstance(item, Table))


def checklists_of(report: Report) -> Iterator[Checklist]:
    """Return all checklists."""
    for section in report.sections:
        yield from (block for block in section.blocks if isinstance(block, Checklist))


def checklist_frame(item: Checklist) -> pd.DataFrame:
    """Return one row per item of a checklist."""
    rows = [
        {
            "item": row.number,
            "part": row.part,
            "topic": row.topic,
            "status": row.status,
            "evidence": " ".join(text for text, _ in row.evidence),
            "sections": ", ".join(dict.fromkeys(name for _, name in row.evidence)),
            "still_needed": row.missing,
            "answer": row.answer,
        }
        for row in item.rows
    ]
    return pd.DataFrame(rows)


def _plain_tables(report: Report) -> str:
    """Return one HTML page of bare tables; a word processor opens it and keeps the tables."""
    shown = [(table.caption, table.shown, table.note) for table in tables_of(report)]
    shown += [
        (item.title, checklist_frame(item).drop(columns="sections"), item.source)
        for item in checklists_of(report)
    ]
    parts = []
    for caption, frame, note in shown:
        head = "".join(f"<th>{escape(str(name))}</th>" for name in frame.columns)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>\n"
            for row in frame.itertuples(index=False, name=None)
        )
        parts.append(
            f"<p><b>{escape(caption)}</b></p>\n<table border='1' cellspacing='0' cellpadding='4'>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n"
            f"<p>{escape(note)}</p>\n"
        )
    stamp = "<p><b>Simulated data: nothing here says anything about patients.</b></p>\n"
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>Tables: "
        f"{escape(report.title)}</title></head><body>\n<h1>{escape(report.title)}</h1>\n"
        f"{stamp if report.simulated else ''}{''.join(parts)}</body></html>\n"
    )


def _block(block: Block, pictures: Mapping[str, Picture]) -> dict[str, Any]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        files = pictures[block.name].files
        how = {"wide": block.wide, "raster": block.raster}
        return {
            "kind": block.kind,
            "name": block.name,
            "caption": block.caption,
            "files": files,
            **how,
        }
    if isinstance(block, Fold):
        inner = [_block(item, pictures) for item in block.blocks]
        return {
            "kind": block.kind,
            "title": block.title,
            "opened": block.opened,
            "blocks": inner,
        }
    return _wordy(block)


def _wordy(block: Text | Bullets | Facts | Listing | Checklist | Cases) -> dict[str, Any]:
    """Return blocks of words as they are; pictures of cases by their files."""
    if isinstance(block, Facts):
        return {"kind": block.kind, "items": [vars(fact) for fact in block.items]}
    if isinstance(block, Checklist):
        return {**vars(block), "rows": [vars(row) for row in block.rows]}
    if isinstance(block, Cases):
        cards = [
            {
                **vars(card),
                "bars": [vars(bar) for bar in card.bars],
                "pictures": [
                    {key: value for key, value in vars(crop).items() if key != "crop"}
                    for crop in card.pictures
                ],
            }
            for card in block.cards
        ]
        return {**vars(block), "cards": cards}
    return dict(vars(block))


def _table(block: Table) -> dict[str, Any]:
    return {
        "kind": block.kind,
        "name": block.name,
        "caption": block.caption,
        "columns": [str(name) for name in block.data.columns],
        "rows": block.data.to_dict("records"),
        "shown": {
            "columns": [str(name) for name in block.shown.columns],
            "rows": block.shown.astype(object).to_numpy().tolist(),
        },
        "note": block.note,
        "folded": block.folded,
    }


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
