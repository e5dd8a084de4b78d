"""Whether free text of a header tells who the patient is.

Names of series and ROIs are typed in by people. One rule decides what of them may be said, in
tables as in messages: no part of the patient's name or identifier, and no number that looks like
a date or a record's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dlr.dicom.files import text

if TYPE_CHECKING:
    from pydicom import Dataset

_SHORT = 2  # letters of a word that is looked for as a whole word only: "li" is in "million"
_LONGEST = 64
_NUMBER = re.compile(
    r"\d{6}|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}"
    r"|(19|20)\d\d[_ ]\d{1,2}[_ ]\d{1,2}|\d{1,2}[_ ]\d{1,2}[_ ](19|20)\d\d"
)


def private_words(dataset: Dataset) -> tuple[str, ...]:
    """List what tells who the patient of a header is: words of the name, identifier, birth date.

    Returns
    -------
    tuple of str
        For `tells`; to be compared, never to be written.
    """
    found = [
        *_name_words(text(dataset, "PatientName")),
        *identifier_words(text(dataset, "PatientID")),
        _folded(text(dataset, "PatientBirthDate")),
    ]
    return tuple(word for word in dict.fromkeys(found) if word)


def identifier_words(patient_id: str) -> tuple[str, ...]:
    """List what of `private_words` comes from the patient's identifier."""
    whole = _folded(patient_id)
    parts = [part for part in re.split(r"[\W_]+", whole) if len(part) > _SHORT]
    words = [whole, *(part for part in parts if any(letter.isdigit() for letter in part))]
    return tuple(word for word in dict.fromkeys(words) if word)


def _name_words(name: str) -> list[str]:
    """List the words of a name in all its spellings (alphabet=ideographs=sounds), and joined."""
    words = []
    for spelling in _folded(name).split("="):
        words += re.split(r"[\W\d_]+", spelling)
        family, given = ("".join(re.findall(r"[^\W\d_]", part)) for part in _two(spelling))
        if family and given:
            words += [family + given, given + family]
    return words


def _two(spelling: str) -> tuple[str, str]:
    family, _, rest = spelling.partition("^")
    return family, rest.partition("^")[0]


def tells(said: str, words: Iterable[str], short_numbers: bool = False) -> bool:
    """Tell whether a text holds one of the words that tell who somebody is.

    Parameters
    ----------
    said : str
    words : iterable of str
        As `private_words` returns them.
    short_numbers : bool
        Look for identifiers of one or two digits, too, which many names of ROIs hold anyway.
    """
    folded = _folded(said)
    return any(_holds(folded, word, short_numbers) for word in words)


def _holds(folded: str, word: str, short_numbers: bool) -> bool:
    # Ideographs stand without blanks between them, so one is a word anywhere.
    if len(word) > _SHORT or any(unicodedata.east_asian_width(c) in "WF" for c in word):
        return word in folded
    if any(letter.isdigit() for letter in word):
        beside = r"[^\W_]"
        if word.isdigit() and not short_numbers:
            return False
    else:
        beside = r"[^\W\d_]"
    return re.search(f"(?<!{beside}){re.escape(word)}(?!{beside})", folded) is not None


def _folded(said: str) -> str:
    """Return a text without what spellings differ in: case, accents, wide forms."""
    parts = unicodedata.normalize("NFKD", said.casefold())
    plain = "".join(c for c in parts if not unicodedata.combining(c))
    return unicodedata.normalize("NFKC", plain)


def safe_text(said: str, words: Iterable[str] = ()) -> str:
    """Return free text on one line, or ``""`` where it may tell who the patient is.

    Parameters
    ----------
    said : str
        As in the header; cut to 64 characters.
    words : iterable of str
        As `private_words` returns them.
    """
    line = "".join(c for c in " ".join(said.split()) if c.isprintable())
    number = _NUMBER.search(unicodedata.normalize("NFKC", line))
    return "" if number or tells(line, words) else line[:_LONGEST]


def safe_roi_name(name: str, number: int, words: Iterable[str] = ()) -> str:
    """Return the name of an ROI as tables and messages tell it: its number where it may not be."""
    return safe_text(name, words) or f"roi{number}"
