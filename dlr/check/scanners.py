"""Which scanners and protocols the centres used: from headers where known, else from geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.check.facts import RoiCheck
from dlr.check.finding import Finding, finding
from dlr.cohort import Cohort
from dlr.cohort.tables import read_text_table
from dlr.dicom.export import SCANNER_COLUMNS
from dlr.errors import InputError

FILE = "scanners.csv"
APART = 1.5
"""Voxel sizes that differ by more than this factor make texture features incomparable."""


@dataclass(frozen=True)
class ScannerCheck:
    """Scanners by centre.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per centre, view and kind of scanner (or of geometry), with the number of
        ``images`` and ``subjects``.
    from_headers : bool
        Whether headers were at hand (``scanners.csv`` of `dlr import`).
    findings : tuple of Finding
    """

    table: pd.DataFrame
    from_headers: bool
    findings: tuple[Finding, ...]


def check_scanners(checks: Sequence[RoiCheck], cohort: Cohort) -> ScannerCheck:
    """Count scanners and protocols by centre; ``scanners.csv`` is sought beside the images table.

    Parameters
    ----------
    checks : sequence of RoiCheck
        All ROIs; an image counts once per view.
    cohort : Cohort
    """
    images = _images(checks, cohort)
    path = cohort.config.images.parent / FILE
    found = _spacing_findings(images, cohort)
    if images.empty or not path.is_file():
        return ScannerCheck(_grouped(images, _GEOMETRY), False, tuple(found))
    try:
        headers = read_text_table(path, "scanners")
    except InputError as error:
        found += [finding("warning", "scanners", fault.message, path) for fault in error.faults]
        return ScannerCheck(_grouped(images, _GEOMETRY), False, tuple(found))
    return _from_headers(images, headers, path, cohort, found)


_GEOMETRY = ["pixel_mm", "slice_distance_mm"]


def _images(checks: Sequence[RoiCheck], cohort: Cohort) -> pd.DataFrame:
    """Return one row per image and view."""
    clinical = cohort.clinical
    rows = []
    for check in checks:
        if check.facts is None:
            continue
        spacing, size = check.facts.spacing, check.facts.size
        axis = check.facts.slice_axis
        within = [spacing[index] for index in range(3) if index != axis]
        case = clinical.loc[check.request.case_id]
        rows.append(
            {
                "center": str(case["center"]) or str(case["cohort"]),
                "view": check.request.view,
                "subject_id": case["subject_id"],
                "image": check.image,
                "slices": size[axis],
                "pixel_mm": round(min(within), 2),
                "slice_distance_mm": round(spacing[axis], 1) if size[axis] > 1 else None,
            }
        )
    columns = ["center", "view", "subject_id", "image", "slices", *_GEOMETRY]
    return pd.DataFrame(rows, columns=columns).drop_duplicates(["image", "view"])


def _grouped(images: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Count images and subjects of every kind."""
    groups = images.groupby(["center", "view", *by], dropna=False, sort=True)
    table = groups.agg(
        fewest_slices=("slices", "min"),
        most_slices=("slices", "max"),
        images=("image", "nunique"),
        subjects=("subject_id", "nunique"),
    )
    table = table.reset_index()
    order = ["center", "view", "images"]
    return table.sort_values(order, ascending=[True, True, False], ignore_index=True)


def _from_headers(
    images: pd.DataFrame, headers: pd.DataFrame, path: Path, cohort: Cohort, found: list[Finding]
) -> ScannerCheck:
    known = [column for column in ("modality", *SCANNER_COLUMNS) if column in headers]
    if "image" not in headers or not known:
        message = "the table has no columns of 'dlr import' (image, manufacturer, ...); delete it"
        found.append(finding("warning", "scanners", message, path))
        return ScannerCheck(_grouped(images, _GEOMETRY), False, tuple(found))
    root = cohort.config.image_root or cohort.config.images.parent
    headers = headers.assign(image=[str(root / cell) for cell in headers["image"]])
    headers = headers.drop_duplicates("image")[["image", *known]]
    joined = images.merge(headers, on="image", how="left")
    unlisted = int(joined[known[0]].isna().sum())
    if unlisted:
        message = f"{unlisted} of {len(joined)} images are not in the table; run 'dlr import' again"
        found.append(finding("note", "scanners", message, path))
    filled = joined.fillna(dict.fromkeys(known, "not listed"))
    used = [column for column in known if (filled[column] != "").any()]
    found += _one_maker_each(filled, used, path)
    return ScannerCheck(_grouped(filled, [*used, "slice_distance_mm"]), True, tuple(found))


def _one_maker_each(images: pd.DataFrame, used: list[str], path: Path) -> list[Finding]:
    """Tell where centre and maker of the scanner are the same thing."""
    if "manufacturer" not in used or images["center"].nunique() < 2:
        return []
    makers = images.groupby("center")["manufacturer"].agg(set)
    if len(set().union(*makers)) < 2 or any(len(each) > 1 for each in makers):
        return []
    message = (
        "every centre has scanners of one maker only, so centre and scanner cannot be told apart; "
        "consider 'harmonisation'"
    )
    return [finding("note", "one-maker-per-centre", message, path)]


def _spacing_findings(images: pd.DataFrame, cohort: Cohort) -> list[Finding]:
    """Warn of voxel sizes that differ much where nothing brings them to one size."""
    from dlr.features.radiomics import load_settings

    config, found = cohort.config, []
    radiomics = config.radiomics
    evened = radiomics is not None and load_settings(radiomics.parameters).settings.resamples
    for view, settings in config.views.items():
        sizes = images.loc[images["view"] == view, ["pixel_mm", "slice_distance_mm"]]
        low, high = sizes["pixel_mm"].min(), sizes["pixel_mm"].max()
        if evened or settings.spacing_mm is not None or not high > APART * low:
            continue
        message = (
            f"pixels of view '{view}' measure {low:g} to {high:g} mm, and texture depends on "
            "their size: set 'spacing_mm' of the view (with its 'plane'), or resampledPixelSpacing "
            "in the radiomics parameters"
        )
        found.append(finding("warning", "pixel-sizes", message, config.images))
    return found
