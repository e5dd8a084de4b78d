"""Puts the cached values of all ROIs side by side, into one array that is filled row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dlr.features.cache import Cache
from dlr.features.embedding_store import deep_key
from dlr.features.mazda import column_name
from dlr.features.table import MAZDA
from dlr.features.worker import CASE, Failure, RoiResult

if TYPE_CHECKING:
    from dlr.features.embedding import Backbone

FAILURE_COLUMNS = ["case_id", "view", "reader", "family", "level", "reason"]


def feature_column(view: str, family: str, feature: str) -> str:
    """Name the column of a measured feature; MaZda's brackets and commas are written as ``_``."""
    if family == MAZDA:
        feature = column_name(feature)
    return f"{view}.{family}.{feature}"


def assemble(
    results: Iterable[RoiResult],
    reader: str,
    columns: Sequence[str],
    backbones: Mapping[str, Backbone],
    cache: Cache,
) -> tuple[pd.DataFrame, list[tuple[RoiResult, Failure]]]:
    """Read one reader's values from the cache, one row for each case of which nothing failed.

    Parameters
    ----------
    results : iterable of RoiResult
    reader : str
    columns : sequence of str
        Of the table; they depend on the settings, never on a case.
    backbones : mapping of str to Backbone
        By the family of their features.
    cache : Cache

    Returns
    -------
    values : pandas.DataFrame
        Index ``case_id``; float64; what could not be computed, or overflowed, is NaN.
    lost : list of (RoiResult, Failure)
        ROIs whose values were there a moment ago and cannot be read any more; their cases have no
        row.
    """
    mine = [result for result in results if result.request.reader == reader]
    failed = {result.request.case_id for result in mine if result.failed}
    cases = list(dict.fromkeys(r.request.case_id for r in mine if r.request.case_id not in failed))
    row_of = {case: number for number, case in enumerate(cases)}
    column_of = {column: number for number, column in enumerate(columns)}
    # One array is all there is of the table: 8 bytes a value.
    values = np.full((len(cases), len(columns)), np.nan)
    lost = []
    for result in mine:
        row = row_of.get(result.request.case_id)
        if row is None:
            continue
        found = {**_measured(result, cache), **_embedded(result, backbones, cache)}
        if None in found.values():
            lost.append((result, _unreadable(cache)))
        for name, value in _named(result.request.view, found):
            if name in column_of:
                values[row, column_of[name]] = value
    values[np.isinf(values)] = np.nan
    frame = pd.DataFrame(values, pd.Index(cases, name="case_id"), list(columns), copy=False)
    if lost:
        frame = frame.drop(index=list({result.request.case_id for result, _ in lost}))
    return frame, lost


def failure_table(found: Iterable[tuple[RoiResult, Failure]]) -> pd.DataFrame:
    """List failures, one row each."""
    rows = [
        (r.request.case_id, r.request.view, r.request.reader, f.family, f.level, f.reason)
        for r, f in found
    ]
    return pd.DataFrame(rows, columns=FAILURE_COLUMNS)


def _measured(result: RoiResult, cache: Cache) -> dict[str, Mapping[str, float] | None]:
    """Read the values of each measured family by feature; None where they cannot be read."""
    found: dict[str, Mapping[str, float] | None] = {}
    for family, key in result.measured_keys.items():
        record = cache.read_record(family, key)
        found[family] = None if record is None else record["values"]
    return found


def _embedded(
    result: RoiResult, backbones: Mapping[str, Backbone], cache: Cache
) -> dict[str, Mapping[str, float] | None]:
    """Read the deep features of each backbone by number; None where they cannot be read."""
    found: dict[str, Mapping[str, float] | None] = {}
    for family, backbone in backbones.items() if result.crop_key else ():
        deep = cache.read_array("deep", deep_key(str(result.crop_key), backbone))
        found[family] = None if deep is None else _numbered(deep)
    return found


def _numbered(deep: np.ndarray) -> dict[str, float]:
    """Name the features of an embedding by their number."""
    return {f"{number:04d}": value for number, value in enumerate(deep.tolist())}


def _named(
    view: str, found: Mapping[str, Mapping[str, float] | None]
) -> Iterator[tuple[str, float]]:
    for family, values in found.items():
        for feature, value in (values or {}).items():
            yield feature_column(view, family, feature), value


def _unreadable(cache: Cache) -> Failure:
    return Failure(
        "all",
        CASE,
        f"its values could not be read back from {cache.folder}; run the same command again",
    )
