"""Why the networks say what they say: maps of the most confident cases and of the errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from dlr.cnn.activation import activation_maps, control_maps, map_similarity, mass_inside
from dlr.cnn.bundle import CnnBundle
from dlr.cnn.cohort import CnnCohort
from dlr.cnn.networks import CnnNetwork, build_classifier
from dlr.cnn.outputs import relative_paths
from dlr.cnn.pictures import decode
from dlr.cnn.results import BAGGED
from dlr.cnn.sheets import write_sheets
from dlr.cnn.store import PictureStore, prepare_pictures
from dlr.cnn.tasks import output_names
from dlr.cnn.validation import load_new_cohort, score_with_bundle
from dlr.cohort.tables import ROW
from dlr.errors import CaseError, DlrError, Fault, InputError
from dlr.progress import Progress, silent
from dlr.report._shared import slug
from dlr.safety.paths import quoted
from dlr.safety.spreadsheets import write_csv_table

_CONTROL_SEED = 77_001


@dataclass(frozen=True, eq=False)
class Explanation:
    """Activation maps of a frozen CNN.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per picture shown: ``target``, ``kind`` ("top" or "errors"), ``case_id``,
        ``image``, ``outcome``, ``probability``, ``roi_share`` (of the picture's area) and
        ``mass_in_roi`` (of the map; NaN without mask), and ``control``: Spearman's correlation with
        the map of the same network with random weights (near 0 when the map shows what was
        learnt; NaN for maps without variation, which show nothing).
    sheets : tuple of Path
    failures : pandas.DataFrame
        Pictures that could not be read.
    """

    table: pd.DataFrame
    sheets: tuple[Path, ...]
    failures: pd.DataFrame

    @property
    def n_empty(self) -> int:
        """Pictures whose maps, or their controls, show nothing in any fold."""
        return int(self.table["control"].isna().sum())

    def to_frame(self) -> pd.DataFrame:
        """Return means per target and kind: mass in the ROI, its area, and the control."""
        columns = ["probability", "roi_share", "mass_in_roi", "control"]
        grouped = self.table.groupby(["target", "kind"], sort=False)
        means = grouped[columns].mean()
        return means.assign(n=grouped.size()).reset_index()


def explain_cnn(
    bundle: CnnBundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    out: str | Path,
    work: str | Path | None = None,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Explanation:
    """Draw the maps of the most confident pictures and of all errors, mean of the fold models.

    Parameters
    ----------
    bundle : CnnBundle or path
        Its ``explanation`` settings name the method and how many pictures are shown.
    images, clinical : path
        Tables of the cases to explain; a column ``mask`` allows the share inside the ROI.
    out : path
        Gets ``cam/<target>_top_01.png``, ``cam/<target>_errors_01.png`` and ``cam.csv``.
    work : path, optional
        Folder of prepared pictures; ``<out>/work`` if left out.
    image_root, only, workers, progress
        As for :func:`dlr.cnn.validation.validate_cnn`.

    Raises
    ------
    InputError
        If the tables are faulty, or a mask is absent.
    MissingDependencyError
        If pytorch-grad-cam is not installed.
    """
    frozen = bundle if isinstance(bundle, CnnBundle) else CnnBundle.load(bundle)
    out = Path(out)
    work = Path(work) if work is not None else out / "work"
    cohort = load_new_cohort(frozen, images, clinical, image_root, only)
    _require_masks(cohort)
    prepared = prepare_pictures(cohort, work, workers, progress)
    cohort = prepared.cohort
    scores = score_with_bundle(frozen, prepared, work, workers, progress)
    bagged = scores[scores["fold"] == BAGGED].reset_index(drop=True)
    folds = _folds(frozen, cohort, prepared.store, work, workers)
    tables, sheets = [], []
    for output, target in enumerate(cohort.targets):
        chosen = _choose(bagged, cohort, target, frozen)
        for kind, rows in chosen.groupby("kind", sort=False):
            shown = _Shown(rows.reset_index(drop=True), target, str(kind))
            table, paths = _explain_rows(shown, output, folds, cohort, prepared.store, out)
            tables.append(table)
            sheets += paths
        progress("activation maps", output + 1, len(cohort.targets))
    if not tables:
        raise DlrError("no picture is called positive or wrongly, so there is nothing to explain")
    table = pd.concat(tables, ignore_index=True)
    table = table.drop(columns="position").assign(image=relative_paths(table["image"], cohort))
    write_csv_table(table, out / "cam.csv")
    return Explanation(table, tuple(sheets), prepared.failures)


def _require_masks(cohort: CnnCohort) -> None:
    """Refuse masks that are not there, before any picture is read."""
    faults = [
        Fault(
            f"the mask {quoted(mask)} does not exist; correct its path, or empty the cell",
            cohort.config.images, int(row), "mask", "file-missing",
        )
        for mask, row in cohort.pictures[["mask", ROW]].itertuples(index=False)
        if mask and not Path(str(mask)).is_file()
    ]  # fmt: skip
    if faults:
        raise InputError(faults)


@dataclass(frozen=True, eq=False)
class _Fold:
    """One fold's network, the same with random weights, and the pictures in its size."""

    network: CnnNetwork
    control: CnnNetwork
    store: PictureStore


@dataclass(frozen=True, eq=False)
class _Shown:
    """The rows of one set of sheets."""

    rows: pd.DataFrame
    target: str
    kind: str


def _folds(
    bundle: CnnBundle, cohort: CnnCohort, store: PictureStore, work: Path, workers: int
) -> list[_Fold]:
    n_outputs = len(output_names(cohort.config))
    found = []
    for item in bundle.folds:
        size, own = item.config.pictures.size, store
        if size != cohort.config.pictures.size:
            resized = cohort.config.model_copy(update={"pictures": item.config.pictures})
            other = CnnCohort(resized, cohort.cases, cohort.pictures)
            own = prepare_pictures(other, work, workers).store
        control = build_classifier(item.config.network, n_outputs, size, _CONTROL_SEED, load=False)
        found.append(_Fold(item.network(n_outputs), control, own))
    return found


def _choose(
    bagged: pd.DataFrame, cohort: CnnCohort, target: str, bundle: CnnBundle
) -> pd.DataFrame:
    """Choose the most confident positive calls, and all wrong calls where the truth is known."""
    place = cohort.pictures.reset_index().set_index(["case_id", "image"])["index"]
    table = pd.DataFrame(
        {
            "target": target,
            "case_id": bagged["case_id"],
            "image": bagged["image"],
            "outcome": cohort.cases.loc[bagged["case_id"], target].to_numpy(),
            "probability": bagged[target],
        }
    )
    keys = pd.MultiIndex.from_frame(table[["case_id", "image"]])
    table["position"] = place.loc[keys].to_numpy()
    called = table["probability"] >= bundle.thresholds[target]
    limit = bundle.config.explanation.top
    top = table[called].nlargest(limit, "probability").assign(kind="top")
    wrong = table["outcome"].notna() & (called != (table["outcome"] == 1))
    distance = (table["probability"] - bundle.thresholds[target]).abs()
    errors = table[wrong].loc[distance[wrong].sort_values(ascending=False).index].head(limit)
    return pd.concat([top, errors.assign(kind="errors")], ignore_index=True)


def _explain_rows(
    shown: _Shown,
    output: int,
    folds: list[_Fold],
    cohort: CnnCohort,
    store: PictureStore,
    out: Path,
) -> tuple[pd.DataFrame, list[Path]]:
    config, rows = cohort.config, shown.rows
    positions = rows["position"].to_numpy(dtype=np.int64)
    pictures = store.read(positions)
    maps, similarity = [], []
    for fold in folds:
        method = config.explanation.method
        seen = fold.store.read(positions)
        found = activation_maps(fold.network, seen, output, method)
        control = control_maps(fold.control, seen, output, method)
        maps.append(_resized(found, config.pictures.size))
        similarity.append(map_similarity(found, control))
    mean = np.stack(maps).mean(axis=0)
    masks = [_mask(cohort, position) for position in positions]
    # A map without variation says nothing; where no fold has another, it stays unknown.
    resemblance = pd.DataFrame(similarity).mean(axis=0).to_numpy()
    table = rows.assign(control=resemblance, **_inside(mean, masks))
    paths = write_sheets(
        pictures, mean, _captions(rows), out / "cam", f"{slug(shown.target)}_{shown.kind}",
        simulated=config.simulated,
    )  # fmt: skip
    return table, paths


def _resized(maps: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if maps.shape[1] == size:
        return maps
    pages = [Image.fromarray(page).resize((size, size), Image.Resampling.BILINEAR) for page in maps]
    return np.stack([np.asarray(page, dtype=np.float32) for page in pages])


def _captions(rows: pd.DataFrame) -> list[str]:
    truth = rows["outcome"].map({1.0: "  positive", 0.0: "  negative"}).fillna("")
    return [
        f"{case}  p {probability:.2f}{word}"
        for case, probability, word in zip(rows["case_id"], rows["probability"], truth)
    ]


def _inside(
    maps: NDArray[np.float32], masks: list[NDArray[np.bool_] | None]
) -> dict[str, list[float]]:
    """Return the ROI's share of the picture and of the map; NaN without mask."""
    shares: dict[str, list[float]] = {"roi_share": [], "mass_in_roi": []}
    for activation, mask in zip(maps, masks, strict=True):
        if mask is None:
            shares["roi_share"].append(float("nan"))
            shares["mass_in_roi"].append(float("nan"))
        else:
            shares["roi_share"].append(float(mask.mean()))
            shares["mass_in_roi"].append(float(mass_inside(activation[None], mask[None])[0]))
    return shares


def _mask(cohort: CnnCohort, position: int) -> NDArray[np.bool_] | None:
    """Return a picture's ROI, brought to its size the same way; None where it has none.

    Raises
    ------
    CaseError
        If the mask cannot be read or has another size than its picture.
    """
    path = str(cohort.pictures["mask"].iloc[position])
    if not path:
        return None
    settings = cohort.config.pictures
    if settings.shape == "pad":
        raise CaseError(
            f"the mask {quoted(path)} cannot be used with 'pictures.shape: pad'; use stretch, or "
            "leave the masks out"
        )
    values = decode(Path(path), "luma")
    picture = decode(Path(str(cohort.pictures["image"].iloc[position])), "luma")
    if values.shape != picture.shape:
        raise CaseError(
            f"the mask {quoted(path)} has {values.shape[1]} x {values.shape[0]} pixels, its "
            f"picture {picture.shape[1]} x {picture.shape[0]}; draw it on the picture itself"
        )
    grey = Image.fromarray((np.asarray(values) > 0).astype(np.uint8))
    resized = grey.resize((settings.size,) * 2, Image.Resampling.NEAREST)
    return np.asarray(resized) > 0
