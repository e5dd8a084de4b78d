"""Describing a cohort for the report: who is in it, what is missing, what it looks like."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.dicom import input_sha256
from dlr.errors import CaseError
from dlr.features.cache import Cache, content_key, file_sha256
from dlr.features.table import FeatureTable
from dlr.features.worker import CASE
from dlr.results import Example, FlowStep
from dlr.stats import BaselineTable, baseline_table

ABSENT = "absent"
EXAMPLES = 12
"""Crops shown per view."""


def complete_cases(cohort: Cohort, features: FeatureTable, name: str) -> pd.DataFrame:
    """Return the clinical rows of one cohort whose features were all extracted."""
    rows = cohort.cases(name)
    return rows[rows.index.isin(features.values.index)]


def study_flow(cohort: Cohort, features: FeatureTable) -> tuple[FlowStep, ...]:
    """Count who entered and who was lost at extraction, per cohort."""
    steps = []
    failed = features.failures[
        (features.failures["level"] == CASE) & (features.failures["reader"] == "first")
    ]["case_id"].nunique()
    for step in cohort.flow():
        rows = complete_cases(cohort, features, step.cohort)
        lost = step.n_cases - len(rows)
        reason = "features could not be extracted (failures.csv)" if lost and failed else ""
        steps += [
            step,
            FlowStep(
                "analysed", step.cohort, len(rows), int(rows["subject_id"].nunique()), lost, reason
            ),
        ]
    return tuple(steps)


def baseline_tables(cohort: Cohort) -> dict[str, BaselineTable]:
    """Describe every cohort by outcome."""
    variables = list(cohort.config.clinical_variables)
    if not variables:
        return {}
    tables = {}
    for name, rows in cohort.clinical.groupby("cohort", sort=False):
        if rows["outcome"].nunique() == 2:
            tables[str(name)] = baseline_table(rows, "outcome", variables, by_cohort=False)
    return tables


def missing_values(cohort: Cohort) -> pd.DataFrame:
    """Count missing clinical values per cohort."""
    variables = list(cohort.config.clinical_variables)
    rows = []
    for name, table in cohort.clinical.groupby("cohort", sort=False):
        for variable in variables:
            count = int(table[variable].isna().sum())
            if count:
                rows.append((variable, str(name), count, count / len(table)))
    return pd.DataFrame(rows, columns=["variable", "cohort", "n_missing", "share"])


def example_crops(cohort: Cohort, features: FeatureTable, work: Path) -> tuple[Example, ...]:
    """Pick ROI crops of a few cases of each outcome, evenly over the cohort."""
    cache = Cache(work / "cache")
    outcome = cohort.clinical["outcome"]
    shown = []
    for view, rows in features.crops.groupby("view", sort=False):
        rows = rows[rows["case_id"].isin(features.values.index)]
        for value in (0, 1):
            chosen = rows[rows["case_id"].map(outcome) == value]
            step = max(len(chosen) // (EXAMPLES // 2), 1)
            for case, key in chosen[["case_id", "key"]].iloc[::step].head(EXAMPLES // 2).values:
                crop = cache.read_array("crops", key)
                if crop is not None:
                    shown.append(Example(str(case), str(view), value, crop))
    return tuple(shown)


def input_hashes(cohort: Cohort) -> dict[str, str]:
    """Return one SHA-256 over the content of all images and masks, and how many there are.

    It covers who each file belongs to (case, view, reader, label) and what is in it, but not where
    it lies, so that a copied cohort keeps its hash. A file that is absent counts as such.
    """
    columns = ["case_id", "view", "reader", "mask_label", "mask_segment", "image", "mask"]
    rows = cohort.images[columns].astype(str)
    absent = total = 0
    for kind in ("image", "mask"):
        paths = sorted(set(rows[kind]))
        with ThreadPoolExecutor() as pool:
            found = pool.map(_sha256_or_absent, paths, [kind] * len(paths))
            hashes = dict(zip(paths, found, strict=True))
        rows[kind] = rows[kind].map(hashes)
        absent += sum(value == ABSENT for value in hashes.values())
        total += len(paths)
    return {
        "images and masks": f"{total} files" + (f", {absent} absent" if absent else ""),
        "images and masks sha256": content_key(sorted(rows.to_numpy().tolist())),
    }


def _sha256_or_absent(path: str, kind: str) -> str:
    try:
        return input_sha256(path, kind)
    except (OSError, CaseError):
        return ABSENT


def provenance(config: StudyConfig, features: FeatureTable) -> dict[str, str]:
    """Record with what the results were made."""
    packages = ("dlr", "numpy", "scipy", "pandas", "scikit-learn", "statsmodels")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seed": str(config.seed),
        f"{config.images.name} sha256": file_sha256(config.images),
        f"{config.clinical.name} sha256": file_sha256(config.clinical),
        "platform": platform.platform(),
        **{f"version {name}": version(name) for name in packages},
        **features.provenance,
    }
