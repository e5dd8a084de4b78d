"""Measuring the features of a signature on images, with the signature's own settings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dlr.cohort.tables import read_images_table
from dlr.errors import DlrError, Fault, InputError
from dlr.models.published.signature import PublishedSignature
from dlr.safety.paths import quoted
from dlr.settings import IntensitySettings, MaskSettings, ViewSettings

if TYPE_CHECKING:
    import SimpleITK as sitk

    from dlr.features.radiomics import RadiomicsResult

Measure = Callable[["sitk.Image", "sitk.Image"], "RadiomicsResult"]


@dataclass(frozen=True, eq=False)
class SignatureFeatures:
    """Features of a signature for all ROIs of a table.

    Attributes
    ----------
    values : pandas.DataFrame
        Index ``case_id`` and ``reader``, one column per feature of the formula; NaN for one that
        cannot be computed. ROIs that failed are not there.
    failures : pandas.DataFrame
        ``case_id``, ``view``, ``reader``, ``family``, ``level``, ``reason``, as in a study.
    """

    values: pd.DataFrame
    failures: pd.DataFrame


def measure_images(
    signature: PublishedSignature,
    images: str | Path,
    root: str | Path | None = None,
    view: str | None = None,
    masks: MaskSettings | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> SignatureFeatures:
    """Extract the features of a signature as it asks for, from a table of images and masks.

    Parameters
    ----------
    signature : PublishedSignature
    images : path
        ``images.csv`` as for a study; a case is a subject, or a subject's ROI where the table has
        the column ``roi``.
    root : path, optional
        Folder the image paths start from; that of the table if left out.
    view : str, optional
        Value of the column ``view`` to take; needed where it has several.
    masks : MaskSettings, optional
        How masks are read.
    progress : callable, optional
        Called with what is being done, how many are done, and how many there are.

    Returns
    -------
    SignatureFeatures

    Raises
    ------
    InputError
        If the table is faulty, or has several views and none is named.
    """
    path = Path(images)
    table = _rows_of_view(read_images_table(path), path, view)
    start = Path(root) if root is not None else path.resolve().parent
    reader = _Reader(signature, masks or MaskSettings())
    values: dict[tuple[str, str], dict[str, float]] = {}
    failures = []
    for done, (_, row) in enumerate(table.sort_values("image", kind="stable").iterrows()):
        if progress is not None:
            progress("images and features", done, len(table))
        key = (row["case_id"], row["reader"] or "first")
        where = (key[0], row["view"], key[1], signature.extraction.family)
        try:
            found, problems = reader.measure(start / row["image"], start / row["mask"], row)
        except DlrError as error:
            failures.append((*where, "case", str(error)))
            continue
        values[key] = found
        failures += [(*where, "feature", f"{name}: {reason}") for name, reason in problems.items()]
    if progress is not None:
        progress("images and features", len(table), len(table))
    index = pd.MultiIndex.from_tuples(list(values), names=["case_id", "reader"])
    columns = list(signature.features)
    frame = pd.DataFrame(list(values.values()), index, columns).sort_index()
    if signature.readers == "average":
        frame = _average(frame)
    columns = ["case_id", "view", "reader", "family", "level", "reason"]
    return SignatureFeatures(frame, pd.DataFrame(failures, columns=columns))


def _rows_of_view(table: pd.DataFrame, path: Path, view: str | None) -> pd.DataFrame:
    """Take the rows of one view and name their cases."""
    known = [name for name in pd.unique(table["view"]) if name]
    if view is None and len(known) > 1:
        message = f"the table has several views, name one of them: {', '.join(known)}"
        raise InputError([Fault(message, path, column="view", code="view")])
    if view is not None and known:
        table = table[table["view"] == view]
        if table.empty:
            message = f"no row has the view '{view}'; the column holds: {', '.join(known)}"
            raise InputError([Fault(message, path, column="view", code="view")])
    parts = [
        f"{subject}_{roi}" if roi else subject
        for subject, roi in zip(table["subject_id"], table["roi"])
    ]
    table = table.assign(case_id=parts)
    twice = table[table.duplicated(["case_id", "reader"])]
    if not twice.empty:
        row = twice.iloc[0]
        message = f"the case '{row['case_id']}' occurs twice; give each ROI a name in 'roi'"
        raise InputError([Fault(message, path, int(row["_row"]), "subject_id", "duplicate")])
    return table


def _average(frame: pd.DataFrame) -> pd.DataFrame:
    """Average the readers' values of each case; a case read once keeps its own."""
    readers = frame.groupby(level="case_id").size()
    mean = frame.groupby(level="case_id").mean()
    named = [f"mean of {n}" if n > 1 else "single" for n in readers]
    mean.index = pd.MultiIndex.from_arrays([mean.index, named], names=["case_id", "reader"])
    return mean


class _Reader:
    """Reads ROIs and measures them; image and label map stay until others are asked for."""

    def __init__(self, signature: PublishedSignature, masks: MaskSettings) -> None:
        self._signature = signature
        self._masks = masks
        self._engine = _measure(signature)
        extraction = signature.extraction
        self._view = ViewSettings(plane=extraction.plane, dimension=extraction.dimension)
        self._image: tuple[Path, sitk.Image] | None = None
        self._label_map: tuple[Path, sitk.Image, sitk.Image] | None = None

    def measure(
        self, image_path: Path, mask_path: Path, row: pd.Series
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Return the signature's features of one ROI, and what could not be computed."""
        from dlr.imaging import check_geometry, check_intensity, check_roi, prepare_view

        image = self._read(image_path)
        mask = self._read_mask(mask_path, row["mask_label"], row["mask_segment"], image)
        mask = check_geometry(image, mask, self._masks, image_path, mask_path)
        check_roi(mask, self._masks)
        check_intensity(image, mask)
        prepared = prepare_view(image, mask, self._view, IntensitySettings())
        result = self._engine(prepared.image, prepared.mask)
        known = {**result.diagnostics, **result.values}
        values = {name: float(known.get(name, math.nan)) for name in self._signature.features}
        missing = [name for name, value in values.items() if math.isnan(value)]
        reasons = {name: result.problems.get(name, "not computed") for name in missing}
        return values, reasons

    def _read(self, path: Path) -> sitk.Image:
        from dlr.imaging import read_image

        if self._image is None or self._image[0] != path:
            _require(path, "image")
            self._image = (path, read_image(path, self._masks.rgb))
        return self._image[1]

    def _read_mask(self, path: Path, label: str, segment: str, image: sitk.Image) -> sitk.Image:
        """Read a mask; a label map that holds many ROIs stays in memory between them."""
        from dlr.imaging import read_label_map, read_mask, select_label

        _require(path, "mask")
        if segment:
            return read_mask(path, segment=segment, settings=self._masks, reference=image)
        known = self._label_map
        if known is None or known[0] != path or known[1] is not image:
            known = (path, image, read_label_map(path, self._masks, image))
            self._label_map = known
        return select_label(known[2], _label(label), path, self._masks)


def _measure(signature: PublishedSignature) -> Measure:
    extraction = signature.extraction
    if extraction.family == "mazda":
        from dlr.features.mazda.engine import make_mazda_engine

        return make_mazda_engine(extraction.settings).execute
    from dlr.features.radiomics import load_settings, make_engine

    parameters = load_settings(extraction.parameters)
    return make_engine("native", parameters, extraction.dimension).execute


def _require(path: Path, kind: str) -> None:
    from dlr.dicom import input_exists

    if not input_exists(path):
        raise DlrError(
            f"the {kind} file does not exist: {quoted(path)}; check its path in the table"
        )


def _label(text: str) -> int | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number.is_integer():
        raise DlrError(f"mask_label must be a whole number, but got '{text}'; correct the table")
    return int(number)
