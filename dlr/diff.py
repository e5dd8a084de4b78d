"""Two run folders side by side: what was set, used and found differently.

Dates and platforms are left out, paths are compared by what they lead to; everything else counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd

from dlr.errors import Fault, InputError
from dlr.safety.documents import read_json, read_yaml_document
from dlr.safety.spreadsheets import read_csv_table

PLACES = ("images", "clinical", "image_root")
"""Settings that only say where files lie; their content is compared by hash."""
FILES = ("parameters", "weights", "stability")
"""Last parts of the settings that may name a file."""
KEYS = ["cohort", "estimate", "feature_set"]
COLUMNS = ["section", "item", "a", "b", "difference"]
SECTIONS = ("settings", "versions", "inputs", "metrics", "features", "scores")


@dataclass(frozen=True, eq=False)
class RunDifference:
    """What differs between two runs.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per difference: ``section`` (one of `SECTIONS`), ``item``, ``a`` and ``b`` (the
        values as text), ``difference`` (b - a of AUCs, largest absolute difference of scores;
        NaN where there is no number).
    """

    run_a: Path
    run_b: Path
    table: pd.DataFrame

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.table.empty

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table


def compare_runs(run_a: str | Path, run_b: str | Path) -> RunDifference:
    """Compare two folders that ``dlr train``, ``validate`` or ``predict`` wrote.

    Parameters
    ----------
    run_a, run_b : path

    Returns
    -------
    RunDifference

    Raises
    ------
    InputError
        If a folder holds no run, or one of its files cannot be read.
    """
    a, b = _Run.read(Path(run_a)), _Run.read(Path(run_b))
    rows = [
        *_values("settings", a.settings, b.settings),
        *_values("versions", a.versions, b.versions),
        *_values("inputs", a.inputs, b.inputs),
        *_metrics(a.metrics, b.metrics),
        *_features(a.features, b.features),
        *_scores(a.scores, b.scores),
    ]
    return RunDifference(a.folder, b.folder, pd.DataFrame(rows, columns=COLUMNS))


@dataclass(frozen=True, eq=False)
class _Run:
    """What a run folder says."""

    folder: Path
    settings: Mapping[str, Any]
    versions: Mapping[str, Any]
    inputs: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    features: Mapping[str, list[str]]
    scores: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> _Run:
        """Read a run folder."""
        needed = [folder / name for name in ("study.yaml", "metrics.json", "scores.csv")]
        absent = [path.name for path in needed if not path.is_file()]
        if absent:
            message = f"this folder holds no run of dlr ({', '.join(absent)} missing)"
            raise InputError([Fault(message, folder, code="no-run")])
        try:
            settings = read_yaml_document(needed[0])
            if settings.get("kind") == "cnn":
                message = "this is a run of 'dlr cnn', which 'dlr diff' cannot compare yet"
                raise InputError([Fault(message, folder, code="run-kind")])
            record = _json(folder / "provenance.json") or {}
            return cls(
                folder,
                dict(_flat(settings)),
                record.get("versions", {}),
                record.get("inputs", {}),
                dict(_by_model(_json(needed[1]) or [])),
                _selected(_json(folder / "bundle" / "bundle.json") or {}),
                read_csv_table(needed[2], dtype={"case_id": str, "cohort": str}),
            )
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            reason = " ".join(str(error).split())
            message = f"a file of this run cannot be read ({reason}); write the run again"
            raise InputError([Fault(message, folder, code="unreadable")]) from None


def _json(path: Path) -> Any:
    return read_json(path) if path.is_file() else None


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Give every setting under its dotted name."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif name not in PLACES:
        # A file of another folder is the same setting; its content is hashed elsewhere.
        yield name, PurePath(value).name if _is_path(name, value) else value


def _is_path(name: str, value: Any) -> bool:
    """Tell whether a setting is a path; a label such as 'T1/T2' is none."""
    known = name.rpartition(".")[2] in FILES
    return isinstance(value, str) and (known or PurePath(value).is_absolute())


def _by_model(content: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in content:
        for name, row in item["models"].items():
            yield f"{item['cohort']}, {item['estimate']}, {name}", row


def _selected(bundle: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        name: [feature["name"] for feature in item["features"]]
        for name, item in bundle.get("signatures", {}).items()
        if "features" in item
    }


def _values(section: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[list[Any]]:
    """List the names whose values differ."""
    for name in dict.fromkeys((*a, *b)):
        if a.get(name) != b.get(name) or (name in a) != (name in b):
            yield [section, name, _text(a, name), _text(b, name), float("nan")]


def _text(values: Mapping[str, Any], name: str) -> str:
    return str(values[name]) if name in values else "absent"


def _metrics(
    a: Mapping[str, Mapping[str, Any]], b: Mapping[str, Mapping[str, Any]]
) -> Iterator[list[Any]]:
    """List the AUCs that differ, and how many other measures do."""
    for name in dict.fromkeys((*a, *b)):
        if name not in a or name not in b:
            found = ["absent" if name not in run else _number(run[name]["auc"]) for run in (a, b)]
            yield ["metrics", f"{name}: AUC", *found, float("nan")]
            continue
        first, second = a[name], b[name]
        differing = [key for key in {**first, **second} if first.get(key) != second.get(key)]
        if "auc" in differing:
            values = first["auc"], second["auc"]
            known = None not in values
            difference = values[1] - values[0] if known else float("nan")
            yield ["metrics", f"{name}: AUC", *map(_number, values), difference]
        others = [key for key in differing if not key.startswith("auc")]
        if others:
            yield ["metrics", f"{name}: {', '.join(others)}", "", "", float("nan")]


def _number(value: Any) -> str:
    return "undefined" if value is None else f"{value:.6g}"


def _features(a: Mapping[str, list[str]], b: Mapping[str, list[str]]) -> Iterator[list[Any]]:
    """List the features that only one of the runs selected."""
    for name in dict.fromkeys((*a, *b)):
        lost = [feature for feature in a.get(name, []) if feature not in b.get(name, [])]
        added = [feature for feature in b.get(name, []) if feature not in a.get(name, [])]
        yield from (["features", f"{name}: {f}", "selected", "", float("nan")] for f in lost)
        yield from (["features", f"{name}: {f}", "", "selected", float("nan")] for f in added)


def _scores(a: pd.DataFrame, b: pd.DataFrame) -> Iterator[list[Any]]:
    """List the scores that differ, by cohort, estimate and feature set."""
    columns = ["case_id", *KEYS, "score"]
    both = a[columns].merge(
        b[columns], on=["case_id", *KEYS], how="outer", suffixes=("_a", "_b"), indicator=True
    )
    for key, rows in both.groupby(KEYS, sort=False):
        name = ", ".join(map(str, key))
        for side, run in (("left_only", "only in a"), ("right_only", "only in b")):
            count = int((rows["_merge"] == side).sum())
            if count:
                text = f"{count} cases"
                cells = [text, "absent"] if side == "left_only" else ["absent", text]
                yield ["scores", f"{name}: {run}", *cells, float("nan")]
        shared = rows[rows["_merge"] == "both"]
        distance = (shared["score_a"] - shared["score_b"]).abs()
        if (distance > 0).any():
            worst = shared.iloc[int(np.nanargmax(distance.to_numpy(dtype=float)))]
            cells = [f"{worst['score_a']:.6g}", f"{worst['score_b']:.6g}"]
            item = f"{name}: {int((distance > 0).sum())} cases, most in {worst['case_id']}"
            yield ["scores", item, *cells, float(distance.max())]
