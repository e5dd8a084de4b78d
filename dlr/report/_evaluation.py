"""How well the feature sets did on one cohort: tables, ROC, decision and calibration curves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from dlr import figures
from dlr.report._blocks import Block, Figure, Text
from dlr.report._shared import slug
from dlr.report._tables import calibration_table, delong_table, performance_table, youden_table
from dlr.report._words import ESTIMATES, class_labels, listed

if TYPE_CHECKING:
    from dlr.config import StudyConfig
    from dlr.figures._confusion import Normalise
    from dlr.results import CohortEvaluation, ModelEvaluation


def evaluation_blocks(
    evaluation: CohortEvaluation, config: StudyConfig, main: str = ""
) -> list[Block]:
    """Show one cohort and one kind of estimate; `main` gets figures of its own."""
    where = f"{evaluation.cohort} cohort, {evaluation.estimate}"
    stem = slug(f"{evaluation.cohort}_{evaluation.estimate}")
    level = config.evaluation.confidence_level
    caption = f"Performance in the {where}: {ESTIMATES[evaluation.estimate]}."
    blocks: list[Block] = [
        performance_table(evaluation, f"performance_{stem}", caption, level),
        *_comparison_figures(evaluation, where, stem, config),
    ]
    model = evaluation.models.get(main)
    if model is not None:
        blocks += _model_figures(model, config, stem)
    matrix = evaluation.delong
    if matrix is not None and len(matrix.names) > 1:
        caption = f"Differences between feature sets ({where})."
        blocks.append(delong_table(matrix, f"delong_{stem}", caption))
    if evaluation.estimate == "frozen":
        blocks.append(youden_table(evaluation, f"youden_{stem}", level))
    notes = model_notes(evaluation)
    return blocks + ([Text(" ".join(notes), "note", "Mind")] if notes else [])


def model_notes(evaluation: CohortEvaluation) -> list[str]:
    """Return what the statistics remark about feature sets, each remark once."""
    whose: dict[str, list[str]] = {}
    for name, model in evaluation.models.items():
        for note in (model.roc.auc.note, model.note):
            for remark in filter(None, note.split("; ")):
                names = whose.setdefault(remark.rstrip("."), [])
                names += [name] if name not in names else []
    every = list(evaluation.models) if len(evaluation.models) > 1 else None
    return [
        f"{'All feature sets' if names == every else listed(names)}: {remark}."
        for remark, names in whose.items()
    ]


def _comparison_figures(
    evaluation: CohortEvaluation, where: str, stem: str, config: StudyConfig
) -> list[Figure]:
    """Draw all feature sets side by side: ROC, DeLong tests, decision curves."""
    level = config.evaluation.confidence_level
    lines = figures.line_styles(list(evaluation.models))
    curves = {name: model.roc for name, model in evaluation.models.items()}
    found = [
        Figure(
            f"roc_{stem}",
            f"ROC curves ({where}), AUC with {level:.0%} CI. Nearer the upper left is better; the "
            "dotted diagonal is chance.",
            partial(figures.plot_roc, curves, level=level, lines=lines),
        )
    ]
    if evaluation.delong is not None and len(evaluation.delong.names) > 1:
        found.append(
            Figure(
                f"delong_{stem}",
                f"P values of pairwise DeLong tests ({where}); AUCs on the diagonal. Blue: the two "
                "AUCs differ by more than chance would explain.",
                partial(figures.plot_delong_matrix, evaluation.delong),
            )
        )
    if evaluation.decision is not None:
        limits, words = sensible_range(evaluation, config)
        found.append(
            Figure(
                f"decision_{stem}",
                f"Decision curves ({where}): net benefit of acting on each model against treating "
                f"all or none. Higher is better. {words}",
                partial(figures.plot_decision, evaluation.decision, lines=lines, sensible=limits),
            )
        )
    return found


def sensible_range(
    evaluation: CohortEvaluation, config: StudyConfig
) -> tuple[tuple[float, float], str]:
    """Return the thresholds at which a clinician would act, and a sentence that says whence.

    The study's own range where it names one (``evaluation.clinical_range``). Otherwise from half
    to twice the odds of the outcome: a threshold far below the prevalence treats
    nearly all, one far above it nearly none.
    """
    own = config.evaluation.clinical_range
    if own is not None:
        return own, f"White: thresholds of {own[0]:.0%} to {own[1]:.0%}, as the study names them."
    model = next(iter(evaluation.models.values()))
    prevalence = model.n_positive / max(model.n, 1)
    odds = prevalence / max(1 - prevalence, 1e-9)
    low, high = (factor * odds / (1 + factor * odds) for factor in (0.5, 2.0))
    return (low, high), (
        f"White: thresholds of {low:.0%} to {high:.0%}, half to twice the odds of the outcome here "
        f"(prevalence {prevalence:.0%}), as the study names no range (evaluation.clinical_range)."
        if prevalence
        else "No case has the outcome."
    )


def _model_figures(model: ModelEvaluation, config: StudyConfig, stem: str) -> list[Figure]:
    """Draw one feature set alone: its ROC with a band, its confusion matrices."""
    name = model.feature_set
    labels = class_labels(config)
    # No single threshold made the counts of folds, so none is written beside them.
    folds = model.estimate == "out-of-fold"
    where = "other folds' thresholds" if folds else "locked threshold"
    calls = model.at_locked.confusion_matrix().to_numpy() if folds else model.at_locked
    shares: tuple[tuple[Normalise, str, str], ...] = (
        ("true", "", "of those with and without the outcome (sensitivity and specificity)"),
        ("predicted", "_calls", "of those called positive and negative (predictive values)"),
    )
    return [
        _band_figure(model, config.evaluation.confidence_level, stem),
        *(
            Figure(
                f"confusion_{stem}_{slug(name)}{suffix}",
                f"{name} at the {where}: how many cases were called right and wrong, "
                f"and their shares {whose}.",
                partial(figures.plot_confusion, calls, labels=labels, normalise=way),
            )
            for way, suffix, whose in shares
        ),
    ]


def _band_figure(model: ModelEvaluation, level: float, stem: str) -> Figure:
    """Draw the ROC curve with its band.

    The simultaneous band is not taken: in simulations it covers the whole curve in every sample,
    and is so wide that it holds the chance diagonal where the AUC clearly differs from 0.5.
    """
    name = model.feature_set
    clustered = model.roc.auc.n_clusters is not None
    whom = "whole subjects, as one subject has several cases" if clustered else "cases by class"
    return Figure(
        f"roc_band_{stem}_{slug(name)}",
        f"ROC curve of {name} with the pointwise {level:.0%} band of the sensitivity (bootstrap of "
        f"{whom}).",
        partial(figures.plot_roc, model.roc, level=level, band="bootstrap"),
    )


def calibration_blocks(
    evaluation: CohortEvaluation, main: Sequence[str], where: str = ""
) -> list[Block]:
    """Calibration of one cohort: the table, and a curve for each of the main feature sets."""
    where = where or f"{evaluation.cohort} cohort, {evaluation.estimate}"
    stem = slug(f"{evaluation.cohort}_{evaluation.estimate}")
    table = calibration_table(evaluation, f"calibration_{stem}", f"Calibration in the {where}.")
    if table is None:
        return []
    blocks: list[Block] = [table]
    for name in main:
        model = evaluation.models.get(name)
        if model is None or model.calibration is None:
            continue
        blocks.append(
            Figure(
                f"calibration_{stem}_{slug(name)}",
                f"Calibration of {name} ({where}). On the dashed line predicted and observed risk "
                "agree; above it the risk is predicted too low, below it too high. Bars below: "
                "how many cases had each predicted risk.",
                partial(figures.plot_calibration, model.calibration),
            )
        )
    return blocks
