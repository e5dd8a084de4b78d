"""The scores of single cases: by outcome, and one bar per case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import logit

from dlr import figures
from dlr.report._blocks import Block, Figure
from dlr.report._shared import fold, slug
from dlr.report._words import class_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlr.config import StudyConfig


def scores_figures(
    scores: pd.DataFrame,
    names: Sequence[str],
    config: StudyConfig,
    thresholds: Mapping[str, float],
) -> list[Block]:
    """Draw the predicted probability of every case by outcome."""
    known = set(scores["feature_set"]) if len(scores) else set()
    labels = class_labels(config)
    return [
        Figure(
            f"scores_{slug(name)}",
            f"Predicted probability by {name} for every case; boxes hold the middle half. The "
            "dashed line is the threshold locked in training.",
            partial(_scores, scores, name, thresholds.get(name), labels),
            raster=len(scores) > 3000,
        )
        for name in names
        if name in known
    ]


def _scores(
    scores: pd.DataFrame, name: str, threshold: float | None, labels: tuple[str, str]
) -> Axes:
    return figures.plot_scores(scores, name, threshold=threshold, labels=labels)


def waterfalls(
    scores: pd.DataFrame, config: StudyConfig, thresholds: Mapping[str, float]
) -> list[Block]:
    """Draw the image score of every case as a bar, cohort by cohort.

    The score that feeds the nomogram stands open, those of radiomics alone are folded. Apparent
    scores are left out: they flatter.
    """
    honest = scores[scores["estimate"] != "apparent"]
    known = list(dict.fromkeys(honest["feature_set"]))
    chief = config.model.nomogram_score
    others = [name for name in known if name.startswith("Rad") and name != chief]
    found: list[Block] = []
    if chief in known:
        found += _bars(honest, chief, config, thresholds)
    folded = [block for name in others for block in _bars(honest, name, config, thresholds)]
    return [*found, fold("Waterfalls of the radiomics scores", folded)] if folded else found


def _bars(
    scores: pd.DataFrame, name: str, config: StudyConfig, thresholds: Mapping[str, float]
) -> list[Figure]:
    labels = class_labels(config)
    line, words = _line(thresholds.get(name))
    drawn = []
    rows = scores[scores["feature_set"] == name]
    for (cohort, estimate), part in rows.groupby(["cohort", "estimate"], sort=False):
        outcome = part["outcome"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        drawn.append(
            Figure(
                f"waterfall_{slug(f'{cohort}_{estimate}_{name}')}",
                f"{name} score of every case, lowest first ({cohort} cohort, {estimate}), in "
                f"log-odds. {words} A bar of the other colour is a wrong call.",
                partial(
                    figures.plot_waterfall,
                    part["score"].to_numpy(dtype=float),
                    outcome,
                    threshold=line,
                    labels=labels,
                    name=f"{name} score (log-odds)",
                ),
            )
        )
    return drawn


def _line(threshold: float | None) -> tuple[float, str]:
    """Return where the bars start, in log-odds, and what that is."""
    if threshold is None:
        return 0.0, "Bars start at even odds, as there is no threshold."
    if not 0 < threshold < 1:
        return 0.0, "Bars start at even odds, as the locked threshold calls everyone alike."
    return float(logit(threshold)), "Bars start at the threshold locked in training."
