"""Warnings of the summary: too few cases, no external cohort, scores that say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlr.figures._text import number, signed
from dlr.models.clinical import DLR_SCORE
from dlr.report._chosen import best_model, externals, out_of_fold
from dlr.report._cohorts import cohort_title, cohort_warning, is_hold_out
from dlr.report._words import WORSE, listed, plural, useless_threshold

if TYPE_CHECKING:
    from dlr.models.nomogram_terms import Term
    from dlr.results import CohortEvaluation, StudyResult

FEW_EVENTS = 10
"""Fewer events per candidate parameter than this are too few by the common rule of thumb."""


FEW_EXTERNAL = 100
"""Fewer events, or non-events, than this are too few to validate a model on."""

TINY = 0.1
"""A score that differs by less than this between all cases, in log-odds, is the same for all."""


def cohort_warnings(result: StudyResult) -> list[str]:
    """Say which cohorts are no external validation."""
    found = [
        cohort_warning(result.config, result.scores, item.cohort) for item in externals(result)
    ]
    return [warning for warning in dict.fromkeys(found) if warning]


def model_warnings(result: StudyResult) -> list[str]:
    """Say where a score is degenerate, ranks worse than chance or has a useless threshold."""
    found = [_degenerate(result), *_ranks_backwards(result), _thresholds(result)]
    return [warning for warning in found if warning]


def _degenerate(result: StudyResult) -> str:
    """Say where the image score is the same for everyone or lowers the risk it should raise."""
    name = result.config.model.nomogram_score
    term = _score_term(result)
    spread = _spread(result, name) if term is None else term.high - term.low
    if spread < TINY:
        return (
            f"Degenerate {name} score: it is nearly the same for every training case (range "
            f"{number(spread, 3)} in log-odds). The images told the outcomes apart in no way the "
            "model could use; neither this score nor a nomogram with it should be used."
        )
    if term is None:
        return ""
    slope = term.coefficients[0]
    if slope < 0:
        return (
            f"Degenerate {name} score: in the nomogram a higher score lowers the risk (coefficient "
            f"{number(slope)}), so its axis runs backwards, although the score was built to rise "
            "with the risk. It carries no information on cases it was not fitted on; do not use "
            "the nomogram."
        )
    if slope * spread < TINY:
        return (
            f"Idle {name} score: over its whole range it moves the nomogram by "
            f"{signed(slope * spread, 3)} log-odds. The nomogram rests on the clinical variables "
            "alone."
        )
    return ""


def _score_term(result: StudyResult) -> Term | None:
    terms = () if result.nomogram is None else result.nomogram.terms
    return next((term for term in terms if term.variable == DLR_SCORE), None)


def _spread(result: StudyResult, name: str) -> float:
    rows = result.scores[
        (result.scores["feature_set"] == name)
        & result.scores["estimate"].isin(("out-of-fold", "cross-validated"))
    ]
    values = rows["score"].to_numpy(dtype=float)
    return float(np.ptp(values)) if len(values) else float("inf")


def _ranks_backwards(result: StudyResult) -> list[str]:
    """Name the feature sets whose order of cases is worse than a coin toss, per cohort."""
    found = []
    training = out_of_fold(result)
    for evaluation in [*([training] if training is not None else []), *externals(result)]:
        models = evaluation.models.items()
        worse = [
            f"{name} (AUC {number(model.roc.auc.value)})"
            for name, model in models
            if model.roc.auc.value < 0.5
        ]
        if worse:
            where = cohort_title(result.config, evaluation.cohort)
            verb = "ranks" if len(worse) == 1 else "rank"
            found.append(
                f"{listed(worse)} {verb} patients {WORSE.removeprefix('ranks patients ')} in the "
                f"{where} cohort ({evaluation.estimate}): those with the outcome tend to get the "
                "lower scores. Chance alone does this to a score that knows nothing."
            )
    return found


def _thresholds(result: StudyResult) -> str:
    useless = [name for name, value in result.thresholds.items() if useless_threshold(value)]
    if not useless:
        return ""
    each = "its" if len(useless) == 1 else "their"
    return (
        f"Useless threshold of {listed(useless)}: the best that could be found on training cases "
        f"calls everyone alike, so sensitivity and specificity at {each} threshold say nothing."
    )


def sample_warnings(result: StudyResult) -> list[str]:
    """Say where there are too few cases to learn from, or to judge by."""
    warnings = [_few_to_learn(result)]
    for evaluation in externals(result):
        name = cohort_title(result.config, evaluation.cohort)
        kind = "a" if is_hold_out(result.config, evaluation.cohort) else "an external"
        warnings.append(small_cohort(evaluation, name, kind))
    return [warning for warning in warnings if warning]


def small_cohort(evaluation: CohortEvaluation, name: str, kind: str = "an external") -> str:
    """Say where a cohort is too small to judge a model by; empty where it is not."""
    model = next(iter(evaluation.models.values()))
    fewer = min(model.n_positive, model.n - model.n_positive)
    if fewer >= FEW_EXTERNAL:
        return ""
    return (
        f"Small {name} cohort: {plural(fewer, 'case')} of the rarer outcome. "
        f"At least {FEW_EXTERNAL} are recommended for {kind} validation (Collins et "
        "al. Stat Med 2016;35:214-226), so its figures can only be rough."
    )


def _few_to_learn(result: StudyResult) -> str:
    training = out_of_fold(result)
    if training is None:
        return ""
    model = best_model(training)
    fewer = min(model.n_positive, model.n - model.n_positive)
    candidates = max((trace.steps[0][1] for trace in result.traces.values()), default=0)
    candidates += len(result.clinical_ranking)
    if not candidates or fewer / candidates >= FEW_EVENTS:
        return ""
    return (
        f"Small training sample: {plural(fewer, 'case')} of the rarer outcome for {candidates:,} "
        f"candidate features and variables, {fewer / candidates:.2g} per candidate ({FEW_EVENTS} "
        "or more are usually asked for). Which features were selected is therefore unstable, and "
        "the intervals, wide as they are, hold for this cohort only."
    )
