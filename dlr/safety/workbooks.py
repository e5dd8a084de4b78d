"""Parts of workbooks (``.xlsx``) of unknown origin: how far their cells reach, and entities.

Which part is a sheet is said by other parts, not by its name, so that every part is looked at. It
is parsed as openpyxl will parse it (by expat), so that no spelling of a place is overlooked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

from dlr.errors import Fault, InputError

MOST_CELLS = 20_000_000
"""Rows times columns of a sheet: 20,000 cases of 1,000 columns."""

_CHUNK = 1 << 20
_PLACE = re.compile(r"([A-Za-z]{0,3})([^A-Za-z].*)", re.DOTALL)
_XML = (".xml", ".rels")


def check_part(archive: ZipFile, member: ZipInfo, path: Path) -> None:
    """Refuse a part that spans more than `MOST_CELLS` cells, or whose XML defines entities.

    Parts that are no XML (pictures, printers' settings) are left alone: no reader takes them for a
    sheet. Of damaged XML, what comes before the damage is looked at; readers stop there as well.

    Parameters
    ----------
    archive : ZipFile
    member : ZipInfo
    path : Path
        Of the workbook, for messages.

    Raises
    ------
    InputError
        If it is refused.
    """
    reach = _Reach()
    parser = _parser(reach, path, strict=member.filename.lower().endswith(_XML))
    try:
        for chunk in _chunks(archive, member):
            parser.Parse(chunk, False)
            if max(reach.rows, 1) * max(reach.columns, 1) > MOST_CELLS:
                message = (
                    f"the sheet spans {reach.rows:,} rows and {reach.columns:,} columns, at most"
                    f" {MOST_CELLS:,} cells are read; delete stray cells far from the table"
                )
                raise _fault(message, path, "zip-bomb")
    except expat.ExpatError:
        return


class _Reach:
    """Rows and columns of a sheet, counted as its reader counts them.

    A row or cell without a place follows the one before; whatever lies in a row is a cell.
    """

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self._row = self._column = 0
        self._depth = 0
        self._row_depth: int | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        self._depth += 1
        place = attributes.get("r")
        if name.rpartition(":")[2] == "row":
            self._row = self._row + 1 if place is None else _number(place)
            self._column = 0
            self._row_depth = self._depth
        elif place:
            self._place(place)
        elif self._row_depth == self._depth - 1:
            self._column += 1
        else:
            return
        self.rows, self.columns = max(self.rows, self._row), max(self.columns, self._column)

    def end(self, name: str) -> None:  # noqa: ARG002 (expat's signature)
        """End an element."""
        if self._row_depth == self._depth:
            self._row_depth = None
        self._depth -= 1

    def _place(self, place: str) -> None:
        """Go to a cell; what is none in other parts (``r="50000"`` of a colour) does not count."""
        match = _PLACE.fullmatch(place)
        if match is not None and match[1]:
            self._column = _column(match[1].upper())
            self.rows = max(self.rows, _number(match[2]))


def _parser(reach: _Reach, path: Path, *, strict: bool) -> expat.XMLParserType:
    def refuse(*_: object) -> None:
        message = "the workbook's XML defines entities, which no spreadsheet program writes"
        raise _fault(message, path, "xml-entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = reach.start
    parser.EndElementHandler = reach.end
    parser.EntityDeclHandler = refuse
    if strict:  # drawings that were put into a workbook may name their document type
        parser.StartDoctypeDeclHandler = refuse
    return parser


def _chunks(archive: ZipFile, member: ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as stream:
        while content := stream.read(_CHUNK):
            yield content


def _number(text: str) -> int:
    """Return a row's number in any spelling that Python reads; 0 where readers stop."""
    try:
        number = float(text)
    except ValueError:
        return 0
    if math.isinf(number):  # more than 308 digits
        return MOST_CELLS + 1
    return 0 if math.isnan(number) else int(number)


def _column(letters: str) -> int:
    """Return the number of a column: A is 1, XFD is 16,384."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _fault(message: str, path: Path, code: str) -> InputError:
    return InputError([Fault(message, path, code=code)])
