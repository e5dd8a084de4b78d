"""Damage that spreadsheet programs do to tables, often without a word.

Decimal commas, dates made of levels and levels made of dates, day numbers, rounded identifiers,
formula errors, numbers kept as text, and letters of another encoding. Cells that a declared
variable cannot take are faults already (:mod:`dlr.cohort.values`); this finds the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.check.finding import Finding, cells, finding
from dlr.cohort.tables import ROW
from dlr.cohort.values import DATE, is_missing

DATE_NAME = re.compile(
    r"(^|[_\W])(date|datum|day|dob|birth|birthday|born|visit|surgery_?date|fecha)($|[_\W])",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ALMOST_NUMBER = re.compile(
    r"[<>≤≥~='´`]{0,2}\s*[+-]?\d[\d\s.,\N{NO-BREAK SPACE}]*\s*[A-Za-zµ%/²³*?]{0,6}"
)
_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d{2}")
_FORMULA_ERROR = re.compile(r"#(REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|N/A|BEZUG!|WERT!)")
_MOJIBAKE = re.compile("Ã[\u0080-\u00bf]|â€|\N{REPLACEMENT CHARACTER}")
_MONTHS = (
    "jan|feb|mar|mär|mrz|apr|may|mai|maj|jun|jul|aug|sep|sept|oct|okt|nov|dec|dez|ene|abr|ago|dic|"
    "fév|avr|juin|juil|août|déc"
)
_DAY_MONTH = re.compile(
    rf"\d{{1,2}}[-. ]{{1,2}}({_MONTHS})\.?|({_MONTHS})\.?[- ]\d{{2,4}}", re.IGNORECASE
)
_PAIR = re.compile(r"[A-Za-z]?\d{1,2}\s*[/-]\s*[A-Za-z]?\d{1,2}")
# Days since 1900 as spreadsheet programs count them: 1954-10-03 and 2064-04-08.
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 60_000
_NAMES = frozenset({"subject_id", "roi", "reader", "view", "center", "session", "mask_segment"})
_MOSTLY = 0.8
_FEWEST = 5


@dataclass(frozen=True)
class _Column:
    """The filled cells of one column, and what the study file says of it."""

    name: str
    texts: tuple[str, ...]
    rows: tuple[int, ...]
    path: Path
    continuous: bool

    def where(self, matches: Callable[[str], object]) -> tuple[list[str], list[int]]:
        """Return the cells that match, with their rows."""
        kept = [(t, r) for t, r in zip(self.texts, self.rows) if matches(t)]
        return [text for text, _ in kept], [row for _, row in kept]

    def warn(self, code: str, texts: Sequence[str], rows: Sequence[int], rest: str) -> Finding:
        """Make a finding that names the first cells."""
        message = f"{cells(texts, rows)}: {rest}"
        return finding("warning", code, message, self.path, rows[0], self.name)


def damage_findings(
    table: pd.DataFrame, path: Path, continuous: Sequence[str] = (), skip: Sequence[str] = ()
) -> list[Finding]:
    """Look for the traces of spreadsheet programs in a table.

    Parameters
    ----------
    table : pandas.DataFrame
        Text cells, as `dlr.cohort.tables.read_text_table` returns them.
    path : Path
        Its file, for messages.
    continuous : sequence of str
        Columns declared continuous: what is no number in them is a fault already.
    skip : sequence of str
        Columns looked at for broken letters only, such as those that hold paths.

    Returns
    -------
    list of Finding
        Warnings, at most one of each kind per column.
    """
    found: list[Finding] = []
    for name in table.columns.drop(ROW):
        filled = ~table[name].map(is_missing)
        texts, rows = tuple(table.loc[filled, name]), tuple(table.loc[filled, ROW])
        column = _Column(name, texts, rows, path, name in continuous)
        rules = (_mojibake,) if name in skip else _RULES
        found += [item for rule in rules if (item := rule(column)) is not None]
    return found


def _decimal_commas(column: _Column) -> Finding | None:
    texts, rows = column.where(_DECIMAL_COMMA.fullmatch)
    if column.continuous or not texts:
        return None
    rest = "decimal commas; other programs read text there: save the table with decimal points"
    return column.warn("decimal-comma", texts, rows, rest)


def _levels_as_dates(column: _Column) -> Finding | None:
    """Find levels such as ``3/12`` that a spreadsheet program has turned into dates."""
    texts, rows = column.where(_DAY_MONTH.fullmatch)
    pairs, _ = column.where(_PAIR.fullmatch)
    if pairs and not texts:
        texts, rows = column.where(DATE.fullmatch)
    if not texts:
        return None
    rest = (
        "a spreadsheet program has probably turned levels such as '3/12' or '4-5' into dates; "
        "format the column as text and type them again"
    )
    return column.warn("level-as-date", texts, rows, rest)


def _dates_as_numbers(column: _Column) -> Finding | None:
    """Find dates that have become days since 1900."""
    dates, _ = column.where(DATE.fullmatch)
    texts, rows = column.where(_is_serial)
    named = DATE_NAME.search(column.name) is not None
    if not texts or not (dates or named):
        return None
    rest = (
        "numbers where dates belong, probably days since 1900 as spreadsheet programs count them; "
        "format the column as a date (YYYY-MM-DD) and save again"
    )
    return column.warn("date-as-number", texts, rows, rest)


def _is_serial(text: str) -> bool:
    return bool(re.fullmatch(r"\d{5}(\.0+)?", text)) and (
        _FIRST_SERIAL <= float(text) <= _LAST_SERIAL
    )


def _rounded(column: _Column) -> Finding | None:
    texts, rows = column.where(_ROUNDED.fullmatch)
    if column.continuous or not texts:
        return None
    rest = (
        "a spreadsheet program has rounded long numbers, whose last digits are gone; take the "
        "column from its source again, as text"
    )
    return column.warn("rounded-number", texts, rows, rest)


def _formula_errors(column: _Column) -> Finding | None:
    texts, rows = column.where(_FORMULA_ERROR.fullmatch)
    if column.continuous or not texts:
        return None
    return column.warn(
        "formula-error", texts, rows, "a formula has failed; mend it and save the values"
    )


def _almost_numbers(column: _Column) -> Finding | None:
    """Find cells such as ``<5`` or ``7 mm`` in a column of numbers."""
    if column.continuous or column.name in _NAMES or len(column.texts) < _FEWEST:
        return None
    numbers, _ = column.where(_NUMBER.fullmatch)
    if len(numbers) < _MOSTLY * len(column.texts):
        return None
    texts, rows = column.where(
        lambda text: (
            not _NUMBER.fullmatch(text)
            and not _DECIMAL_COMMA.fullmatch(text)
            and not DATE.fullmatch(text)
            and _ALMOST_NUMBER.fullmatch(text)
        )
    )
    if not texts:
        return None
    rest = (
        "not numbers, in a column of numbers: keep the bare number, and units and signs in a "
        "column of their own"
    )
    return column.warn("number-as-text", texts, rows, rest)


def _mojibake(column: _Column) -> Finding | None:
    texts, rows = column.where(_MOJIBAKE.search)
    if not texts:
        return None
    rest = "broken letters of another encoding; save the table as 'CSV UTF-8' from its source"
    return column.warn("broken-letters", texts, rows, rest)


_RULES = (
    _decimal_commas,
    _levels_as_dates,
    _dates_as_numbers,
    _rounded,
    _formula_errors,
    _almost_numbers,
    _mojibake,
)


def workbook_findings(path: Path) -> list[Finding]:
    """Look for numbers that a workbook keeps as text, which its own sums leave out.

    Parameters
    ----------
    path : Path
        Any table; only ``.xlsx`` and ``.xlsm`` can tell numbers from text.

    Returns
    -------
    list of Finding
        One warning per column that holds both kinds.
    """
    if path.suffix.lower() not in {".xlsx", ".xlsm"}:
        return []
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        header, *body = sheet.iter_rows(values_only=True) or [()]
    finally:
        book.close()
    found = []
    for index, name in enumerate(header):
        values = [row[index] if index < len(row) else None for row in body]
        rows = [
            number
            for number, value in enumerate(values, start=2)
            if isinstance(value, str) and _NUMBER.fullmatch(value.strip())
        ]
        if rows and any(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            texts = [str(values[row - 2]) for row in rows]
            message = (
                f"{cells(texts, rows)}: numbers kept as text beside real numbers, which sums and "
                "filters of the workbook leave out; convert the column to numbers"
            )
            found.append(finding("warning", "number-as-text", message, path, rows[0], str(name)))
    return found
