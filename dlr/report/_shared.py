"""Sections that a study's report and a validation's report have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dlr import figures
from dlr.report._blocks import Block, Figure, Fold, Listing, Section, Table, Text
from dlr.report._tables import (
    baseline_table,
    calibration_table,
    capped,
    delong_table,
    performance_table,
    plain_table,
    youden_table,
)
from dlr.report._words import ESTIMATES, class_labels, lost_cases, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlr.config import StudyConfig
    from dlr.models.nomogram import Nomogram
    from dlr.results import CohortEvaluation, Example, FlowStep, ModelEvaluation
    from dlr.stats import BaselineTable

MOST_ROWS = 200
MOST_CROPS = 24


def cohort_section(
    flow: Sequence[FlowStep],
    baseline: Mapping[str, BaselineTable],
    missing: pd.DataFrame,
    examples: Sequence[Example],
    config: StudyConfig,
) -> Section:
    """Who was studied, who was left out, and what they were like."""
    blocks: list[Block] = []
    if flow:
        blocks.append(
            Figure(
                "flowchart",
                "Flow of cases through the study; exclusions stand beside the arrows.",
                partial(figures.plot_flowchart, flow),
                wide=True,
            )
        )
        blocks.append(_flow_table(flow))
    for cohort, table in baseline.items():
        blocks.append(
            baseline_table(
                table,
                f"baseline_{slug(cohort)}",
                f"Baseline characteristics of the {cohort} cohort by outcome.",
                config,
            )
        )
    if len(missing):
        caption = "Missing values of the clinical variables."
        blocks.append(plain_table("missing_values", caption, missing))
    if examples:
        blocks.append(
            Figure(
                "examples",
                "Crops of the regions of interest as the network saw them; frames: blue without, "
                "orange with the outcome, grey unknown.",
                partial(figures.plot_examples, list(examples)[:MOST_CROPS]),
                wide=True,
                raster=True,
            )
        )
    lead = "Who was studied, who was left out and why, and what the patients were like."
    return Section("cohort", "Cohort", lead, tuple(blocks))


def _flow_table(flow: Sequence[FlowStep]) -> Table:
    rows = [
        {
            "cohort": step.cohort,
            "step": step.label,
            "cases": step.n_cases,
            "subjects": step.n_subjects,
            "excluded": step.excluded,
            "reason": step.reason,
        }
        for step in flow
    ]
    return plain_table("flow", "The same as numbers.", pd.DataFrame(rows))


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
        *_comparison_figures(evaluation, where, stem, level),
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
    return blocks + [Text(note, "note") for note in model_notes(evaluation)]


def model_notes(evaluation: CohortEvaluation) -> list[str]:
    """Return what the statistics remark about single feature sets."""
    remarks = []
    for name, model in evaluation.models.items():
        found = dict.fromkeys((model.roc.auc.note, model.note))
        remarks += [f"{name}: {remark}." for remark in found if remark]
    return remarks


def _comparison_figures(
    evaluation: CohortEvaluation, where: str, stem: str, level: float
) -> list[Figure]:
    """Draw all feature sets side by side: ROC, DeLong tests, decision curves."""
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
        found.append(
            Figure(
                f"decision_{stem}",
                f"Decision curves ({where}): net benefit of acting on each model against treating "
                "all or none. Higher is better, at the thresholds a clinician would use.",
                partial(figures.plot_decision, evaluation.decision, lines=lines),
            )
        )
    return found


def _model_figures(model: ModelEvaluation, config: StudyConfig, stem: str) -> list[Figure]:
    """Draw one feature set alone: its ROC with a band, its confusion matrix."""
    name = model.feature_set
    level = config.evaluation.confidence_level
    return [
        Figure(
            f"roc_band_{stem}_{slug(name)}",
            f"ROC curve of {name} with the pointwise {level:.0%} band of the sensitivity.",
            partial(figures.plot_roc, model.roc, level=level),
        ),
        Figure(
            f"confusion_{stem}_{slug(name)}",
            f"{name} at the locked threshold: how many cases were called right and wrong.",
            partial(figures.plot_confusion, model.at_locked, labels=class_labels(config)),
        ),
    ]


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


def nomogram_section(nomogram: Nomogram) -> Section:
    """Show the nomogram and say how to read it."""
    how = (
        "How to read it: find the patient's value on the axis of each variable and go straight up "
        "to the Points axis; add the points of all variables; find the sum on the Total points "
        "axis and go straight down to read the predicted probability."
    )
    figure = Figure(
        "nomogram",
        "Nomogram: logistic regression of the chosen clinical variables and the DLR score.",
        partial(figures.plot_nomogram, nomogram),
        wide=True,
    )
    warning = (
        "The DLR score comes from the images through the model bundle; it cannot be estimated by "
        "eye. Outside the range of the axes the nomogram must not be used."
    )
    lead = "A drawing with which the model's probability can be worked out by hand."
    return Section("nomogram", "Nomogram", lead, (Text(how), figure, Text(warning, "note")))


def failures_section(failures: pd.DataFrame) -> Section:
    """List the cases that could not be processed, each with its reason."""
    lead = "What could not be processed, and why; lost cases are in no result above."
    if not len(failures):
        return Section("failures", "Failures", lead, (Text("No case failed."),))
    caption = f"{plural(lost_cases(failures), 'case')} lost; {plural(len(failures), 'row')} in all."
    table = plain_table("failures", caption, failures)
    return Section("failures", "Failures", lead, (capped(table, MOST_ROWS),))


def reproducibility_section(config: StudyConfig, provenance: Mapping[str, str]) -> Section:
    """Versions, checksums and settings."""
    import yaml

    rows = pd.DataFrame({"item": list(provenance), "value": [str(v) for v in provenance.values()]})
    settings = yaml.safe_dump(
        config.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=96
    )
    blocks: list[Block] = []
    if len(rows):
        caption = "Versions and checksums this report was made with."
        blocks.append(plain_table("provenance", caption, rows))
    listing = Listing("study.yaml", settings)
    blocks.append(Text(f"Random seed {config.seed}; the same seed gives the same numbers."))
    lead = "Everything needed to repeat the study: versions, checksums, and every setting."
    blocks.append(listing)
    return Section("reproducibility", "Reproducibility", lead, tuple(blocks))


def fold(title: str, blocks: Sequence[Block], *, opened: bool = False) -> Fold:
    """Fold tables, figures and texts away under a title."""
    kept = tuple(block for block in blocks if isinstance(block, Text | Table | Figure))
    return Fold(title, kept, opened)


def slug(text: str) -> str:
    """Return a text as a file name: letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in text.strip()).strip("_").lower()
