"""What a run can prove for reporting checklists: a sentence for each point, and where it is shown.

A point is only there if the result itself holds it; nothing is assumed of the authors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlr.external import ExternalValidation, evaluations_of
from dlr.report._cohorts import cohort_origin
from dlr.report._evidence_settings import settings_evidence
from dlr.report._shared import slug
from dlr.report._words import listed, lost_cases, plural
from dlr.results import StudyResult

if TYPE_CHECKING:
    from dlr.report._blocks import Section
    from dlr.results import CohortEvaluation, ValidationResult

Evidence = dict[str, tuple[str, str]]


def study_evidence(result: StudyResult, sections: tuple[Section, ...]) -> Evidence:
    """Return what a study proves.

    Parameters
    ----------
    result : StudyResult
    sections : tuple of Section
        Of its report; what would point to another is left out.

    Returns
    -------
    dict of str to (str, str)
        A sentence and the section that shows it, by the names the checklists use.
    """
    found = _common(result) | _learning(result) | _optional(result)
    return _shown(found, sections)


def validation_evidence(result: ValidationResult, sections: tuple[Section, ...]) -> Evidence:
    """Return what a validation proves; see :func:`study_evidence`."""
    found = _common(result)
    outside = int((result.flags["n_outside"] > 0).sum()) if len(result.flags) else 0
    found["range_flags"] = (
        f"{plural(outside, 'case')} with inputs outside the training range are listed.", "range"
    )  # fmt: skip
    if isinstance(result, ExternalValidation):
        if result.subgroups:
            names = list(dict.fromkeys(table.column for table in result.subgroups))
            found["subgroups"] = (f"Performance in groups by {listed(names)}.", "subgroups")
        if result.recalibrations:
            found["recalibration"] = (
                "Updates of intercept and slope were worked out; none was applied.",
                "recalibration",
            )
    return _shown(found, sections)


def _shown(found: Evidence, sections: tuple[Section, ...]) -> Evidence:
    names = {section.name for section in sections}
    return {key: item for key, item in found.items() if item[1] in names}


def _common(result: StudyResult | ValidationResult) -> Evidence:
    """Say what studies and validations have in common: cases, data, performance."""
    found = settings_evidence(result.config, result.provenance)
    lost = lost_cases(result.failures)
    found["failures"] = (f"{plural(lost, 'case')} could not be processed; listed.", "failures")
    if result.flow:
        cohorts = list(dict.fromkeys(step.cohort for step in result.flow))
        found["flow"] = (f"Flow of cases with exclusions in {listed(cohorts)}.", "cohort")
    if result.baseline:
        names = listed(list(result.baseline))
        found["baseline"] = (f"Characteristics by outcome: {names}.", "cohort")
        training = result.config.cohorts.training
        if training in result.baseline and len(result.baseline) > 1:
            found["external_baseline"] = (
                f"The same table for {names}, one after the other.", "cohort"
            )  # fmt: skip
    if result.config.clinical_variables:
        found["missing_counts"] = _missing(result)
    centers = sorted({str(name) for name in result.scores["center"].dropna()} - {""})
    if len(centers) > 1:
        where = "data" if isinstance(result, StudyResult) else "cohort"
        found["centres"] = (f"{len(centers)} centres: {listed(centers)}.", where)
    one = "" if isinstance(result, StudyResult) else "evaluation"
    origin = {}
    if isinstance(result, StudyResult):
        known = dict.fromkeys(str(name) for name in result.scores["cohort"])
        origin = {name: cohort_origin(result.config, result.scores, name) for name in known}
    training = result.config.cohorts.training
    return found | _performance(evaluations_of(result), training, one, origin)


def _missing(result: StudyResult | ValidationResult) -> tuple[str, str]:
    if not len(result.missing):
        return "No clinical value is missing.", "cohort"
    return f"Missing values counted for {plural(len(result.missing), 'variable')}.", "cohort"


def _performance(
    evaluations: tuple[CohortEvaluation, ...],
    training: str,
    one: str = "",
    origin: Mapping[str, str] | None = None,
) -> Evidence:
    """Say what was measured, on honest estimates only.

    `one` is the section if there is one; `origin` says of each cohort whether it is ``"inside"``
    or ``"outside"`` the hospitals that trained, where that is known.
    """
    honest = [item for item in evaluations if item.estimate in ("out-of-fold", "frozen")]
    external = [e for e in honest if e.estimate == "frozen" and e.cohort != training]
    found: Evidence = {}
    if not honest:
        return found
    chief = (external or honest)[0]
    first = one or slug(f"evaluation_{chief.cohort}_{chief.estimate}")
    where = listed([f"{item.cohort} ({item.estimate})" for item in honest])
    found["discrimination"] = (f"AUC with confidence intervals: {where}.", first)
    if any(m.calibration is not None for item in honest for m in item.models.values()):
        found["calibration"] = (
            "Calibration curves, slope, calibration in the large, Brier score, ICI.", "calibration"
        )  # fmt: skip
    if any(item.decision is not None for item in honest):
        found["decision"] = ("Decision curves: net benefit against treating all or none.", first)
    if any(item.delong is not None and len(item.delong.names) > 1 for item in honest):
        found["comparison"] = ("Paired DeLong tests, adjusted for many comparisons.", first)
    sets = {name for item in honest for name in item.models}
    if "Clinic" in sets and len(sets) > 1:
        found["clinical_comparison"] = (
            "The clinical variables alone (Clinic) stand beside every other feature set"
            f"{' and their combination (Nomogram)' if 'Nomogram' in sets else ''}.",
            first,
        )
    found["events"] = (_events(honest), first)
    if external:
        found |= _other_cohorts(external, first, origin)
    if len([item for item in external if item.cohort != "pooled"]) > 1:
        found["cohort_heterogeneity"] = ("Performance cohort by cohort.", first)
    return found


def _other_cohorts(
    evaluations: list[CohortEvaluation], section: str, origin: Mapping[str, str] | None
) -> Evidence:
    """Say on which other cohorts the frozen model was judged, and where they come from."""
    names = [item.cohort for item in evaluations]
    where = dict(origin or {})
    found: Evidence = {
        "another_cohort": (f"Judged on {listed(names)}, which trained nothing.", section),
        "frozen": (f"Model and threshold were frozen before {listed(names)} was scored.", section),
    }
    inside = [name for name in names if where.get(name) == "inside"]
    outside = [name for name in names if where.get(name) == "outside"]
    if inside:
        text = f"Judged on {listed(inside)}, kept apart, of the centres that trained."
        found["hold_out"] = (text, section)
    if outside:
        text = f"Judged on {listed(outside)}, whose centres trained nothing."
        found["external"] = (text, section)
    return found


def _events(evaluations: list[CohortEvaluation]) -> str:
    parts = []
    for item in evaluations:
        model = next(iter(item.models.values()))
        parts.append(
            f"{item.cohort} {plural(model.n, 'case')}, {plural(model.n_positive, 'event')}"
        )
    return f"Cases and events: {'; '.join(dict.fromkeys(parts))}."


def _learning(result: StudyResult) -> Evidence:
    """Say how the model came about."""
    config = result.config
    found: Evidence = {
        "purpose": ("Outcome, unit of prediction and inputs in one sentence.", "summary"),
        "candidates": (_candidates(result), "selection"),
        "feature_counts": ("Number of features of every set and step.", "selection"),
        "selection": ("Features left after every step, and which were chosen.", "selection"),
    }
    training = next((e for e in result.evaluations if e.estimate == "out-of-fold"), None)
    if training is not None and config.protocol == "sound":
        found["internal_validation"] = (
            f"{config.model.folds}-fold cross-validation by subject with the whole chain, "
            "selection included, inside the folds.",
            slug(f"evaluation_{training.cohort}_{training.estimate}"),
        )
    if training is not None:
        model = next(iter(training.models.values()))
        fewer = min(model.n_positive, model.n - model.n_positive)
        text = f"{plural(fewer, 'case')} of the rarer outcome for {_candidates(result)}"
        found["sample_size"] = found["dimension"] = (text, "selection")
    grid = result.grid
    if grid is not None and len(grid.votes) > 1:
        text = f"{len(grid.votes)} algorithms; chosen by vote, judged on {grid.judged_on}."
        found["model_choice"] = (text, "algorithms")
        if "logistic" in grid.votes.index:
            text = "Logistic regression stands beside the other algorithms."
            found["classical_comparison"] = (text, "algorithms")
    return found


def _candidates(result: StudyResult) -> str:
    most = max((trace.steps[0][1] for trace in result.traces.values()), default=0)
    clinical = len(result.clinical_ranking)
    return f"{plural(most, 'image feature')} and {plural(clinical, 'clinical variable')}."


def _optional(result: StudyResult) -> Evidence:
    """Say what not every study has."""
    found: Evidence = {}
    if result.agreement is not None:
        n = len(result.agreement.to_frame())
        found["agreement"] = (f"Two readers' regions: ICC of {plural(n, 'feature')}.", "features")
    elif result.stability is not None:
        n = len(result.stability)
        found["agreement"] = (f"Perturbed regions: ICC of {plural(n, 'feature')}.", "features")
    if result.audit is not None:
        text = "Published and sound protocol on the same cases, and on shuffled outcomes."
        found["optimism"] = (text, "optimism")
    if result.nomogram is not None:
        found["full_model"] = (
            "The nomogram gives every coefficient but those inside the image score.", "nomogram"
        )  # fmt: skip
        found["explanation"] = ("The nomogram shows what each variable adds.", "nomogram")
    return found
