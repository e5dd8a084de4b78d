"""The report of a frozen model on another cohort."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from dlr.external import POOLED, evaluations_of
from dlr.figures._text import number
from dlr.report._blocks import Block, Bullets, Fact, Facts, Report, Section, Table, Text
from dlr.report._cases import cases_section
from dlr.report._chosen import best_model
from dlr.report._evaluation import calibration_blocks, evaluation_blocks
from dlr.report._evidence import validation_evidence
from dlr.report._external import (
    applied_note,
    cohorts_blocks,
    recalibration_section,
    subgroups_section,
)
from dlr.report._methods import methods_paragraphs, references
from dlr.report._scores import scores_figures, waterfalls
from dlr.report._shared import (
    MOST_ROWS,
    cohort_section,
    failures_section,
    fold,
    nomogram_section,
    reproducibility_section,
)
from dlr.report._study import SIMULATED
from dlr.report._tables import capped, plain_table
from dlr.report._warnings import small_cohort
from dlr.report._words import (
    auc_detail,
    auc_remark,
    auc_words,
    calibration_words,
    listed,
    lost_cases,
    one_sided,
    outcome_name,
    plural,
    worse_than_chance,
)

if TYPE_CHECKING:
    from dlr.results import ValidationResult


NEW = "the cases given to the frozen model; not declared as simulated"
MOST_SCORES = 50
_RANGE_HEADS = {
    "N outside": "Inputs outside",
    "Share outside": "Share of inputs",
    "Missing": "Inputs filled in",
    "Worst feature": "Furthest outside",
    "Worst distance": "How far (training SDs)",
}


def validation_report(result: ValidationResult) -> Report:
    """Turn a validation, or predictions without outcomes, into sections."""
    config = result.config
    sections = [
        _summary(result),
        cohort_section(result),
        _evaluation_section(result),
        _calibration_section(result),
        recalibration_section(result),
        subgroups_section(result),
        _scores_section(result),
        cases_section(result.cases, config),
        _range_section(result.flags),
        nomogram_section(result.nomogram) if result.nomogram is not None else None,
        _methods_section(result),
        failures_section(result.failures),
        reproducibility_section(config, result.provenance),
    ]
    kept = tuple(section for section in sections if section is not None and section.blocks)
    numbers: dict[str, object] = {"thresholds": dict(result.thresholds)}
    evaluations = evaluations_of(result)
    if evaluations:
        level = config.evaluation.confidence_level
        rows = [item.to_frame(level).to_dict("records") for item in evaluations]
        numbers["performance"] = [row for table in rows for row in table]
    return Report(
        title=f"{config.name}: {result.cohort}",
        subtitle="The frozen model on cases it never saw; nothing was fitted here.",
        made_from=SIMULATED if config.simulated else NEW,
        simulated=config.simulated,
        sections=kept,
        files={"scores": result.scores},
        numbers=numbers,
        evidence=validation_evidence(result, kept),
    )


def _summary(result: ValidationResult) -> Section:
    config = result.config
    level = config.evaluation.confidence_level
    n_cases = result.scores["case_id"].nunique()
    failed = lost_cases(result.failures)
    outside = int((result.flags["n_outside"] > 0).sum()) if len(result.flags) else 0
    facts = [Fact("Cases scored", str(n_cases))]
    warnings = [f"Known since training: {warning}" for warning in result.warnings]
    sentences = [
        f"The frozen model for {outcome_name(config)} scored {plural(n_cases, 'case')} of the "
        f"{_cohorts(result)}; {plural(failed, 'case')} failed.",
    ]
    if result.evaluation is None:
        sentences.append(
            "Outcomes are not known, so nothing can be said here about how good it is."
        )
    else:
        model = result.evaluation.models.get("Nomogram") or best_model(result.evaluation)
        value, detail = number(model.roc.auc.value), auc_detail(model, level)
        if model.roc.auc.note:
            detail += "; see the remark below"
        facts.append(Fact(f"AUC of {model.feature_set}", value, detail))
        warnings += _small(result)
        where = f" in the {model.cohort} cases" if len(evaluations_of(result)) > 1 else ""
        sentences.append(
            f"{model.feature_set} reached an AUC of {auc_words(model, level)}{where} (0.5 is a "
            "coin toss, 1 is perfect)."
            f"{worse_than_chance(model, level)}{one_sided(model.at_locked)}"
            f"{auc_remark(model)}"
        )
        words = calibration_words(model)
        if words:
            sentences.append(f"Calibration: {words}.")
    facts += [
        Fact("Outside the training range", str(outside), "cases with at least one such input"),
        Fact("Failed cases", str(failed), "listed under Failures"),
    ]
    sentences.append(
        f"{plural(outside, 'case')} had inputs outside the range seen in training; their scores "
        "are extrapolations."
    )
    limits = "Research use only, no medical device: the scores must not decide about anyone's care."
    blocks: list[Block] = [Facts(tuple(facts)), Bullets(tuple(sentences))]
    blocks += [Text(warning, "warning") for warning in warnings]
    blocks.append(Text(limits, "note"))
    blocks[1:1] = applied_note(result)
    if config.simulated:
        blocks.insert(1, Text(f"Made from: {SIMULATED}.", "warning"))
    lead = "What the frozen model said about these cases, and how far to trust it."
    return Section("summary", "Summary", lead, tuple(blocks))


def _small(result: ValidationResult) -> list[str]:
    """Name the cohorts too small to judge by; where all together are, they alone are named."""
    training = result.config.cohorts.training
    found = {
        item.cohort: small_cohort(item, item.cohort)
        for item in evaluations_of(result)
        if item.cohort != training
    }
    return [found[POOLED]] if found.get(POOLED) else [text for text in found.values() if text]


def _cohorts(result: ValidationResult) -> str:
    names = result.cohort.split(", ")
    return f"{listed(names)} cohort{'' if len(names) == 1 else 's'}"


def _scores_section(result: ValidationResult) -> Section:
    wide = result.scores.pivot_table(
        index="case_id", columns="feature_set", values="probability", sort=False
    ).reset_index()
    wide.columns.name = None
    names = [str(name) for name in wide.columns if name in ("DLR", "Nomogram")]
    if not names:
        names = [str(wide.columns[-1])]
    blocks = scores_figures(result.scores, names, result.config, result.thresholds)
    blocks += waterfalls(result.scores, result.config, result.thresholds)
    shown = wide.map(lambda value: value if isinstance(value, str) else number(value, 3))
    shown = shown.rename(columns={"case_id": "Case"})
    table = Table("probabilities", "Predicted probability by feature set.", shown, wide)
    lead = "The predicted probability of every case."
    return Section("scores", "Scores", lead, (*blocks, capped(table, MOST_SCORES)))


def _evaluation_section(result: ValidationResult) -> Section | None:
    if result.evaluation is None:
        return None
    blocks = cohorts_blocks(result)
    blocks += evaluation_blocks(result.evaluation, result.config, "Nomogram")
    for item in evaluations_of(result):
        if item is not result.evaluation:
            title = f"The {item.cohort} cohort alone"
            blocks.append(fold(title, evaluation_blocks(item, result.config)))
    lead = "How well the frozen model told the outcomes apart, all feature sets side by side."
    return Section("evaluation", "Evaluation", lead, tuple(blocks))


def _calibration_section(result: ValidationResult) -> Section | None:
    if result.evaluation is None:
        return None
    blocks = calibration_blocks(result.evaluation, ("Nomogram", "DLR"))
    for item in evaluations_of(result):
        if item is not result.evaluation:
            title = f"The {item.cohort} cohort alone"
            blocks.append(fold(title, calibration_blocks(item, ("Nomogram", "DLR"))))
    lead = "Whether a predicted risk of, say, 30% means that 30 in 100 such patients are affected."
    return Section("calibration", "Calibration", lead, tuple(blocks))


def _range_section(flags: pd.DataFrame) -> Section:
    lead = "Cases whose inputs lie outside what the model saw in training."
    flagged = flags[flags["n_outside"] > 0] if len(flags) else flags
    if not len(flagged):
        text = Text("No input lies outside the training range.")
        return Section("range", "Training range", lead, (text,))
    ordered = flagged.sort_values("n_outside", ascending=False, kind="stable")
    note = (
        "How far: beyond the least or greatest value of that input in training, in SDs of the "
        "training cases. A level never seen is named first; the distance is then that of the "
        "furthest number."
    )
    table = plain_table("out_of_range", "Flagged cases, most inputs outside first.", ordered, note)
    table = replace(table, shown=table.shown.rename(columns=_RANGE_HEADS))
    return Section("range", "Training range", lead, (capped(table, MOST_ROWS),))


def _methods_section(result: ValidationResult) -> Section:
    blocks: list[Block] = [
        *methods_paragraphs(result.config, result.provenance),
        Bullets(tuple(references(result.config))),
    ]
    lead = "How the model was made; it was applied here unchanged."
    return Section("methods", "Methods", lead, tuple(blocks))
