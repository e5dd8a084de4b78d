"""Reads a report back from its folder, so that its page can be made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dlr.errors import DlrError
from dlr.report._blocks import (
    Bar,
    Block,
    Bullets,
    CardPicture,
    CaseCard,
    Cases,
    Checklist,
    ChecklistRow,
    Fact,
    Facts,
    Figure,
    Fold,
    Listing,
    Report,
    Section,
    Table,
    Text,
)
from dlr.report._export import FORMAT
from dlr.safety.documents import read_json
from dlr.safety.malformed import malformed_as_fault
from dlr.safety.paths import plain_name

Item = Mapping[str, Any]


def read_report(folder: Path) -> Report:
    """Read ``folder/report.json``.

    Words, tables and figures are those of the run; nothing is computed or drawn again.

    Raises
    ------
    DlrError
        If there is no report, or it was written by a version of dlr that kept too little.
    """
    path = folder / "report.json"
    if not path.is_file():
        raise DlrError(
            f"{folder} has no report.json; give the folder that 'dlr train', 'dlr validate', "
            "'dlr predict' or 'dlr ablate' wrote"
        )
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DlrError(
            f"{path} was written by another version of dlr, which kept too little to make the "
            "page anew; run the study again with this version"
        )
    with malformed_as_fault(path, "the report", "run the study again"):
        return _report(content)


def _report(content: Item) -> Report:
    return Report(
        title=content["title"],
        subtitle=content["subtitle"],
        made_from=content["made_from"],
        simulated=content["simulated"],
        sections=tuple(_section(item) for item in content["sections"]),
        files={},  # written by the run, never changed
        numbers=content["numbers"],
        evidence={key: (found[0], found[1]) for key, found in content["evidence"].items()},
    )


def _section(item: Item) -> Section:
    blocks = tuple(_block(block) for block in item["blocks"])
    return Section(item["name"], item["title"], item["lead"], blocks)


def _block(item: Item) -> Block:
    readers: Mapping[str, Callable[[Item], Block]] = {
        "text": lambda i: Text(i["text"], i["tone"], i["head"]),
        "bullets": lambda i: Bullets(tuple(i["items"]), i["headed"], i["tone"]),
        "facts": lambda i: Facts(tuple(Fact(**fact) for fact in i["items"])),
        "table": _table,
        "figure": _figure,
        "fold": _fold,
        "listing": lambda i: Listing(plain_name(i["name"]), i["text"]),
        "checklist": _checklist,
        "cases": _cases,
    }
    return readers[item["kind"]](item)


def _table(item: Item) -> Table:
    shown = pd.DataFrame(item["shown"]["rows"], columns=item["shown"]["columns"], dtype=object)
    data = pd.DataFrame(item["rows"], columns=item["columns"])
    return Table(
        plain_name(item["name"]), item["caption"], shown, data, item["note"], item["folded"]
    )


def _fold(item: Item) -> Fold:
    blocks = [_block(inner) for inner in item["blocks"]]
    kept = tuple(block for block in blocks if isinstance(block, Text | Table | Figure))
    return Fold(item["title"], kept, item["opened"])


def _checklist(item: Item) -> Checklist:
    rows = tuple(
        ChecklistRow(**{**row, "evidence": tuple((text, name) for text, name in row["evidence"])})
        for row in item["rows"]
    )
    return Checklist(plain_name(item["name"]), item["title"], item["source"], rows)


def _cases(item: Item) -> Cases:
    cards = tuple(
        CaseCard(
            **{
                **card,
                "tags": tuple(card["tags"]),
                "scores": tuple(map(tuple, card["scores"])),
                "points": tuple(map(tuple, card["points"])),
                "bars": tuple(Bar(**bar) for bar in card["bars"]),
                "pictures": tuple(_crop(crop) for crop in card["pictures"]),
            }
        )
        for card in item["cards"]
    )
    return Cases(item["name"], item["judged_by"], cards, item["stamp"])


def _crop(item: Item) -> CardPicture:
    """Read where a crop lies: in a folder of the report, never elsewhere."""
    crop = CardPicture(**item)
    for part in str(crop.file).split("/"):
        plain_name(part)
    return crop


def _figure(item: Item) -> Figure:
    name = plain_name(item["name"])
    return Figure(name, item["caption"], None, item["wide"], item["raster"])
