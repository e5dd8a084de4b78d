"""Which features there were, and how stable they were."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dlr import figures
from dlr.report._blocks import Block, Figure, Section, Text
from dlr.report._shared import MOST_ROWS, fold
from dlr.report._tables import capped, plain_table
from dlr.report._training import cluster_figures, component_figures, entropy_figures
from dlr.report._words import plural, set_meaning

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlr.models.centre_scatter import CentreScatter
    from dlr.results import StudyResult
    from dlr.settings import AgreementSettings


def features_section(result: StudyResult) -> Section | None:
    """Show the number of features, and their agreement between readers or perturbations."""
    if not result.traces:
        return None
    counts = pd.DataFrame(
        {
            "feature_set": list(result.traces),
            "made_of": [set_meaning(name) for name in result.traces],
            "features": [trace.steps[0][1] for trace in result.traces.values()],
            "selected": [trace.steps[-1][1] for trace in result.traces.values()],
        }
    )
    caption = "Features of every set: measured, and selected in the final fit."
    blocks: list[Block] = [plain_table("feature_counts", caption, counts)]
    blocks += _agreement(result)
    if result.centers is not None:
        between = result.centers.between
        blocks.append(
            Figure(
                "centres",
                "Training centres on the first two principal components of all features, before "
                "and after ComBat. Share of the variance between centres: "
                f"{between['before']:.1%} before, {between['after']:.1%} after.",
                partial(_centre_axes, result.centers),
                wide=True,
            )
        )
    blocks += component_figures(result)
    pictures = [*entropy_figures(result), *cluster_figures(result)]
    if pictures:
        blocks.append(fold("What the features look at", pictures, opened=True))
    lead = "What was measured on the images, and whether it stays the same when drawn again."
    return Section("features", "Features and stability", lead, tuple(blocks))


def _agreement(result: StudyResult) -> list[Block]:
    settings = result.config.agreement
    if settings is None or (result.agreement is None and result.stability is None):
        return [
            Text(
                "Nothing here tells how stable the features are: the study has neither a second "
                "reader nor perturbed regions ('agreement' in the study file).",
                "note",
            )
        ]
    blocks: list[Block] = []
    if result.agreement is not None:
        frame = result.agreement.to_frame()
        blocks.append(
            Figure(
                "reader_agreement",
                "Agreement of two readers' regions, feature by feature; those above "
                f"{settings.threshold:g} (blue) were kept. 1 is perfect.",
                partial(figures.plot_agreement, result.agreement, settings.threshold),
            )
        )
        caption = f"ICC({settings.form}) of two readers' regions, feature by feature."
        table = plain_table("reader_agreement", caption, frame.reset_index())
        blocks.append(capped(table, MOST_ROWS))
    if result.stability is not None:
        blocks.append(_histogram(result.stability, settings))
        frame = result.stability.rename("icc").rename_axis("feature").reset_index()
        caption = "ICC over perturbed regions, feature by feature."
        blocks.append(capped(plain_table("perturbation_icc", caption, frame), MOST_ROWS))
    return blocks


def _histogram(icc: pd.Series, settings: AgreementSettings) -> Figure:
    kept = int((icc > settings.threshold).sum())
    return Figure(
        "perturbation_icc",
        f"ICC over perturbed regions: {kept} of {plural(len(icc), 'feature')} lie above "
        f"{settings.threshold:g} (blue).",
        partial(figures.plot_icc_histogram, icc, threshold=settings.threshold),
    )


def _centre_axes(centers: CentreScatter) -> Axes:
    return figures.plot_centre_scatter(centers).axes[0]
