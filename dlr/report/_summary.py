"""The summary in plain language: what, in whom, how good, how sure, what not to use it for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlr.figures._text import number, p_text, with_level
from dlr.report._blocks import Block, Bullets, Fact, Facts, Section, Text
from dlr.report._chosen import best_model, externals, out_of_fold
from dlr.report._cohorts import cohort_title
from dlr.report._tables import at
from dlr.report._warnings import cohort_warnings, model_warnings, sample_warnings
from dlr.report._words import (
    WORSE,
    auc_detail,
    auc_remark,
    auc_words,
    calibration_words,
    listed,
    lost_cases,
    one_sided,
    outcome_name,
    set_meaning,
    unit,
    variable_label,
    worse_than_chance,
)

if TYPE_CHECKING:
    from dlr.config import StudyConfig
    from dlr.results import CohortEvaluation, StudyResult

_IDEAL_SLOPE = "ideal 1; below 1: predictions too extreme"
_PUBLISHED = (
    "This study ran the published protocol: features were selected on all training cases before "
    "anything was cross-validated, scores entered the nomogram in-sample, and the algorithm was "
    "voted on by looking at the cohort that judges it. Its figures are too good; run it with "
    "'protocol: sound' for figures to trust."
)


def summary_section(result: StudyResult) -> Section:
    """Write the summary of a study."""
    config = result.config
    blocks: list[Block] = [Facts(headline_facts(result))]
    if config.simulated:
        blocks.append(
            Text(
                "This study was made from a simulated cohort. No number in it says anything about "
                "patients; it shows what the software does.",
                "warning",
            )
        )
    if config.protocol == "published":
        blocks.append(Text(_PUBLISHED, "warning"))
    blocks.append(Bullets(tuple(_sentences(result)), headed=True))
    warnings = [*model_warnings(result), *cohort_warnings(result), *sample_warnings(result)]
    blocks += [Text(warning, "warning") for warning in warnings]
    blocks.append(Text(_limits(config), "note"))
    lead = "What was predicted, in whom, how well it worked, and how far it can be trusted."
    return Section("summary", "Summary", lead, tuple(blocks))


def headline_facts(result: StudyResult) -> tuple[Fact, ...]:
    """Return the numbers a reader looks for first."""
    level = result.config.evaluation.confidence_level
    facts = []
    training = out_of_fold(result)
    if training is not None:
        best = best_model(training)
        facts.append(
            Fact(
                f"AUC of {best.feature_set}, out-of-fold",
                number(best.roc.auc.value),
                auc_detail(best, level),
            )
        )
        for evaluation in externals(result):
            model = evaluation.models.get(best.feature_set)
            if model is None:
                continue
            facts.append(
                Fact(
                    f"AUC of {model.feature_set}, {_name(result, evaluation)} cohort",
                    number(model.roc.auc.value),
                    auc_detail(model, level),
                )
            )
            calibrated = model.calibration
            if calibrated is not None and calibrated.slope == calibrated.slope:
                low, high = calibrated.confidence_interval("slope", level)
                meaning = WORSE if calibrated.slope < 0 else _IDEAL_SLOPE
                facts.append(
                    Fact(
                        f"Calibration slope, {_name(result, evaluation)} cohort",
                        number(calibrated.slope),
                        f"{with_level(low, high, level)}; {meaning}",
                    )
                )
    facts.append(Fact("Failed cases", str(lost_cases(result.failures)), "listed under Failures"))
    return tuple(facts)


def _name(result: StudyResult, evaluation: CohortEvaluation) -> str:
    return cohort_title(result.config, evaluation.cohort)


def _sentences(result: StudyResult) -> list[str]:
    sentences = [_question(result)]
    training = out_of_fold(result)
    if training is not None:
        sentences.append(_winner(result, training))
        sentences += [_comparison(training)]
    for evaluation in externals(result):
        sentences.append(_external(result, evaluation, training))
        sentences.append(_comparison(evaluation))
    sentences += _calibration(result, training)
    sentences.append(_apparent(result))
    return [sentence for sentence in sentences if sentence]


def _question(result: StudyResult) -> str:
    config = result.config
    families = []
    if config.radiomics is not None:
        families.append("handcrafted radiomics")
    if config.embedding is not None:
        families.append("deep features of a pretrained network")
    sources = f"{listed(families)} of the regions of interest" if families else "the images"
    views = listed([f"'{view}'" for view in config.views])
    clinical = [variable_label(config, name) for name in result.clinical_variables]
    extra = f" and from {listed(clinical)}" if clinical else ""
    return (
        f"What was predicted: {outcome_name(config)}, for each {unit(config)}, from {sources} "
        f"({'view' if len(config.views) == 1 else 'views'} {views}){extra}. {_cohorts(result)}"
    )


def _cohorts(result: StudyResult) -> str:
    parts = []
    for evaluation in result.evaluations:
        if evaluation.estimate == "apparent":
            continue
        model = next(iter(evaluation.models.values()))
        share = model.n_positive / model.n if model.n else float("nan")
        name = _name(result, evaluation)
        parts.append(f"{name} {model.n} cases ({model.n_positive}, {share:.0%})")
    return f"Cohorts, with the number of cases that had the outcome: {listed(parts)}."


def _winner(result: StudyResult, training: CohortEvaluation) -> str:
    best = best_model(training)
    level = result.config.evaluation.confidence_level
    doubt = _chance(best.roc.auc.confidence_interval(level).low)
    doubt += worse_than_chance(best, level) + auc_remark(best)
    return (
        f"How good in the training cohort: judged on cases left out of the fit, {best.feature_set} "
        f"({set_meaning(best.feature_set)}) did best, with an AUC of {auc_words(best, level)}. "
        "An AUC of 0.5 is a coin toss, 1 is perfect; the brackets hold the "
        f"{level:.0%} confidence interval.{doubt}"
    )


def _chance(low: float) -> str:
    """Say so where the lower limit of an AUC leaves room for chance."""
    if low > 0.5:
        return ""
    if low <= 0.5:
        return " The interval includes 0.5, so it may be no better than chance."
    return " There are too few cases for an interval, so it may be no better than chance."


def _external(
    result: StudyResult, evaluation: CohortEvaluation, training: CohortEvaluation | None
) -> str:
    level = result.config.evaluation.confidence_level
    top = best_model(evaluation)
    name = best_model(training).feature_set if training is not None else top.feature_set
    model = evaluation.models.get(name, top)
    metrics = model.at_locked
    where = _name(result, evaluation)
    text = (
        f"How good in the {where} cohort: the frozen {model.feature_set} model, chosen "
        f"on the training cohort, reached an AUC of {auc_words(model, level)}; at the threshold "
        f"fixed in training it found {metrics.sensitivity.numerator} of "
        f"{metrics.sensitivity.denominator} cases with the outcome and cleared "
        f"{metrics.specificity.numerator} of {metrics.specificity.denominator} without."
    )
    text += worse_than_chance(model, level) + one_sided(metrics) + auc_remark(model)
    if top.feature_set != model.feature_set:
        text += f" {top.feature_set} was highest there, with {auc_words(top, level)}."
    return text


def _comparison(evaluation: CohortEvaluation) -> str:
    """Say which differences from the best feature set are more than chance (DeLong)."""
    matrix = evaluation.delong
    if matrix is None or len(matrix.names) < 2:
        return ""
    best = best_model(evaluation).feature_set
    if best not in matrix.names:
        return ""
    beaten: list[str] = []
    equal: list[str] = []
    for name in matrix.names:
        if name == best:
            continue
        p = at(matrix.p_adjusted, best, name)
        if p == p:
            (beaten if p < 0.05 else equal).append(f"{name} ({p_text(p)})")
    where = f"Differences in the {evaluation.cohort} cohort (DeLong test, adjusted for many tests)"
    if not beaten and not equal:
        return f"{where}: there are too few cases to test any."
    if not beaten:
        return f"{where}: {best} was not significantly better than any other: {listed(equal)}."
    text = f"{where}: {best} was significantly better than {listed(beaten)}"
    return f"{text}, but not than {listed(equal)}." if equal else f"{text}."


def _calibration(result: StudyResult, training: CohortEvaluation | None) -> list[str]:
    if training is None:
        return []
    name = best_model(training).feature_set
    sentences = []
    for evaluation in [training, *externals(result)]:
        model = evaluation.models.get(name)
        words = calibration_words(model) if model is not None else ""
        if words:
            where = _name(result, evaluation)
            sentences.append(f"Calibration of {name} in the {where} cohort: {words}.")
    return sentences


def _apparent(result: StudyResult) -> str:
    apparent = next((item for item in result.evaluations if item.estimate == "apparent"), None)
    training = out_of_fold(result)
    if apparent is None or training is None:
        return ""
    name = best_model(training).feature_set
    model = apparent.models.get(name)
    if model is None:
        return ""
    gap = model.roc.auc.value - training.models[name].roc.auc.value
    return (
        f"Apparent figures: those of {name} (AUC {number(model.roc.auc.value)}) are fitted and "
        "judged on the same cases: too good by construction. They are shown only so that the "
        f"optimism ({number(gap)} here) can be seen."
    )


def _limits(config: StudyConfig) -> str:
    text = (
        "What it must not be used for: this is a research result, not a medical device. It must "
        "not decide about a patient's care. It holds for patients, scanners and ways of drawing "
        "the regions like those studied here, and for no others until tested there."
    )
    if config.simulated:
        text += " A model trained on simulated images must not be applied to real ones at all."
    return text
