"""Subjects whose names differ only by what spreadsheet programs and typists do to names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from dlr.check.finding import Finding, finding
from dlr.cohort.tables import ROW
from dlr.wording import first_few

_SHOWN = 3


def _without_zeros(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", name)


def _without_decimals(name: str) -> str:
    return re.sub(r"(?<=\d)\.0+$", "", name)


def _plain_letters(name: str) -> str:
    return re.sub(r"[\s_.\-]+", "-", name.casefold())


_WAYS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("leading-zeros", "leading zeros were lost; format the column as text", _without_zeros),
    ("decimal-name", "a '.0' was added; format the column as text", _without_decimals),
    ("spelling", "capitals, blanks or hyphens differ; spell it alike", _plain_letters),
)


def name_findings(
    images: pd.DataFrame, clinical: pd.DataFrame, images_path: Path, clinical_path: Path
) -> list[Finding]:
    """Look for subjects that are one subject under two names.

    Parameters
    ----------
    images, clinical : pandas.DataFrame
        Both tables as read, with ``subject_id`` and row numbers.
    images_path, clinical_path : Path
        Their files, for messages.

    Returns
    -------
    list of Finding
        Warnings: names that fit between the tables but for zeros, ``.0`` or spelling; two such
        names within a table; rows of a table whose zeros are gone.
    """
    left, right = _first_rows(images), _first_rows(clinical)
    found = _between(left, right, images_path, clinical_path)
    for names, path in ((left, images_path), (right, clinical_path)):
        found += _within(names, path)
    return found


def _first_rows(table: pd.DataFrame) -> dict[str, int]:
    """Return the first row of each name."""
    first = table.drop_duplicates("subject_id")
    return dict(zip(first["subject_id"], first[ROW].astype(int), strict=True))


def _between(
    images: dict[str, int], clinical: dict[str, int], images_path: Path, clinical_path: Path
) -> list[Finding]:
    """Match the names that are in one table only."""
    open_images = {name for name in images if name not in clinical}
    open_clinical = {name for name in clinical if name not in images}
    found = []
    for code, remedy, plain in _WAYS:
        pairs = [
            (one, other)
            for one, other in _meeting(open_images, open_clinical, plain)
            if one in open_images and other in open_clinical
        ]
        open_images -= {one for one, _ in pairs}
        open_clinical -= {other for _, other in pairs}
        if pairs:
            met = (
                f"'{one}' is '{other}' (row {clinical[other]}) of {clinical_path.name}"
                for one, other in pairs
            )
            shown = first_few(met, _SHOWN)
            message = f"subjects probably the same in both tables: {shown}: {remedy}"
            row = images[pairs[0][0]]
            found.append(finding("warning", code, message, images_path, row, "subject_id"))
    return found


def _meeting(
    one: Iterable[str], other: Iterable[str], plain: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Return the pairs of names that are alike once simplified, where that is unambiguous."""
    by_plain: dict[str, list[str]] = {}
    for name in sorted(other):
        by_plain.setdefault(plain(name), []).append(name)
    pairs = [(name, by_plain.get(plain(name), [])) for name in sorted(one)]
    return [(name, fits[0]) for name, fits in pairs if len(fits) == 1]


def _within(names: dict[str, int], path: Path) -> list[Finding]:
    """Find two spellings of one name in the same table, and zeros lost in some rows."""
    found = []
    known: set[frozenset[str]] = set()
    for _, _, plain in _WAYS:
        groups: dict[str, list[str]] = {}
        for name in names:
            groups.setdefault(plain(name), []).append(name)
        for alike in groups.values():
            if len(alike) < 2 or frozenset(alike) in known:
                continue
            known.add(frozenset(alike))
            shown = " and ".join(f"'{name}' (row {names[name]})" for name in alike[:_SHOWN])
            message = (
                f"{shown} look like one subject under several names; give all its rows one name, "
                "or its images may lie in two cohorts or folds"
            )
            row = names[alike[1]]
            found.append(finding("warning", "two-names", message, path, row, "subject_id"))
    return found + _short_names(names, path)


def _short_names(names: dict[str, int], path: Path) -> list[Finding]:
    """Find numbers too short for a column whose other numbers are filled up with zeros."""
    digits = [name for name in names if name.isdigit()]
    padded = [name for name in digits if name.startswith("0")]
    widths = {len(name) for name in padded}
    if len(widths) != 1:
        return []
    width = widths.pop()
    short = [name for name in digits if len(name) < width]
    if not short:
        return []
    shown = first_few((f"'{name}' (row {names[name]})" for name in short), _SHOWN)
    message = (
        f"{shown}: fewer digits than '{padded[0]}', so leading zeros were probably lost; format "
        "the column as text and fill them in"
    )
    row = names[short[0]]
    return [finding("warning", "leading-zeros", message, path, row, "subject_id")]
