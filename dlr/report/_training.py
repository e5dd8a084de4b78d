"""Pictures of the training cohort: redundancy, components, clusters, local entropy, calibration."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure as Canvas

from dlr import figures
from dlr.report._blocks import Block, Figure
from dlr.report._shared import slug
from dlr.report._words import class_labels, plural, variable_label
from dlr.roi_pictures import RoiPicture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlr.results import StudyResult
    from dlr.training_views import ComponentsView, NomogramCalibration, RedundancyView

MOST_CURVES = 10
"""Clinical variables whose ROC curves are drawn; more are a tangle."""


def redundancy_figures(result: StudyResult) -> list[Block]:
    """Draw the clusters of correlated features before and after the redundancy filter."""
    view = None if result.views is None else result.views.redundancy
    if view is None or view.values.shape[1] < 2 or len(view.values) < 3:
        return []
    before, after = view.values.shape[1], len(view.kept)
    limit = result.config.selection.spearman
    return [
        Figure(
            f"correlation_{slug(view.feature_set)}",
            f"Absolute Spearman correlations between the features of {view.feature_set} (training "
            f"cohort, apparent) before and after those correlated above {limit:g} were removed: "
            f"{plural(before, 'feature')}, then {after:,}. Alike ones stand side by side; bright "
            "squares are redundant features.",
            partial(_correlation, view),
            wide=True,
            raster=True,
        )
    ]


def _correlation(view: RedundancyView) -> Axes:
    return figures.plot_correlation_clusters(view.values, view.kept).axes[0]


def component_figures(result: StudyResult) -> list[Block]:
    """Draw what every principal component of the deep features explains."""
    views = () if result.views is None else result.views.components
    return [_scree(view) for view in views]


def _scree(view: ComponentsView) -> Figure:
    kept = float(view.explained[: view.kept].sum())
    return Figure(
        f"scree_{slug(view.block)}",
        f"Principal components of the deep features {view.block} (training cohort): share of the "
        f"variance each explains. The first {view.kept}, {kept:.0%} together, were offered to the "
        "selection.",
        partial(figures.plot_scree, view.explained, kept=view.kept),
    )


def cluster_figures(result: StudyResult) -> list[Block]:
    """Draw the training cases in the space of their features, view by view."""
    found = {} if result.views is None else result.views.clusters
    labels = class_labels(result.config)
    return [
        Figure(
            f"clusters_{slug(block)}",
            f"Training cases on the first two principal components of the features {block}; "
            "shapes: two clusters found without looking at the outcome (k-means). Where colours "
            "do not follow the shapes, the features' main directions are not about the outcome.",
            partial(figures.plot_feature_clusters, clusters, labels=labels),
            raster=len(clusters.outcome) > 1500,
        )
        for block, clusters in found.items()
    ]


def entropy_figures(result: StudyResult) -> list[Block]:
    """Draw one region of interest per view beside the local entropy of its slice."""
    return [
        Figure(
            f"entropy_{slug(picture.view)}",
            f"A region of interest in view '{picture.view}' ({case}) and the local entropy of its "
            "slice: bright is varied, dark is uniform. It shows what texture features look at; no "
            "model uses this map.",
            partial(_entropy, picture),
            wide=True,
            raster=True,
        )
        for case, picture in _one_per_view(result)
    ]


def _entropy(picture: RoiPicture) -> Axes:
    """Draw the region on its slice, and beside it the local entropy."""
    sheet = Canvas(figsize=(5.6, 2.5), layout="constrained")
    left, right = sheet.subplots(1, 2)
    figures.plot_local_entropy(picture, right, title="Local entropy")
    title = "Region of interest" if picture.outline else "Slice"
    return figures.plot_roi(picture, left, title=title)


def _one_per_view(result: StudyResult) -> list[tuple[str, RoiPicture]]:
    """Take the first case with an outline, or the first crop where no case has one."""
    found: dict[str, tuple[str, RoiPicture]] = {}
    for case in () if result.cases is None else result.cases.cases:
        for picture in case.pictures:
            if picture.outline:
                found.setdefault(picture.view, (case.case_id, picture))
    for example in result.examples:
        pixels = np.round(255 * np.clip(example.crop, 0, 1)).astype(np.uint8)
        plain = RoiPicture(example.view, pixels, ())
        found.setdefault(example.view, (example.case_id, plain))
    return [found[view] for view in result.config.views if view in found]


def corrected_calibration(result: StudyResult) -> list[Block]:
    """Draw the nomogram's calibration on its training cases, apparent and corrected."""
    found = None if result.views is None else result.views.calibration
    return [] if found is None else [_corrected(result, found)]


def _corrected(result: StudyResult, found: NomogramCalibration) -> Figure:
    score = "in-sample" if result.config.protocol == "published" else "inner out-of-fold"
    count = plural(found.bootstrap.n_resamples, "bootstrap resample")
    return Figure(
        "corrected_calibration",
        "Calibration of the nomogram on its own training cases: apparent, corrected for optimism "
        f"by {count}, and ideal. Only the regression was refitted, on {score} image scores; what "
        "choosing variables and features cost is not in the correction, so the out-of-fold "
        "curve above is the stricter one.",
        partial(figures.plot_corrected_calibration, found.bootstrap, predicted=found.predicted),
    )


def clinical_roc(result: StudyResult) -> list[Block]:
    """Draw the ROC curve of every clinical variable alone."""
    found = {} if result.views is None else result.views.clinical_roc
    if not found:
        return []
    level = result.config.evaluation.confidence_level
    curves = {variable_label(result.config, name): curve for name, curve in found.items()}
    best = f" The {MOST_CURVES} of highest AUC, of {len(curves)}." * (len(curves) > MOST_CURVES)
    return [
        Figure(
            "clinical_roc",
            "ROC curves of the clinical variables, each alone (training cohort, apparent), AUC "
            f"with {level:.0%} CI.{best}",
            partial(figures.plot_clinical_roc, curves, level=level, most=MOST_CURVES),
        )
    ]
