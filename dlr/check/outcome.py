"""How often the outcome occurs, and whether there are enough events for what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import exp, log
from typing import Any

import pandas as pd

from dlr.check.finding import Finding, finding
from dlr.cohort import Cohort
from dlr.cohort.splits import TRAINING
from dlr.config import StudyConfig
from dlr.features.mazda import make_mazda_engine
from dlr.features.radiomics import load_settings, make_engine
from dlr.report._words import plural
from dlr.stats import Proportion, sample_size_binary

NAGELKERKE = 0.15
"""Share of the largest possible R-squared that Riley et al. (BMJ 2020;368:m441) advise to expect
where nothing is known."""

EXTERNAL_EVENTS = 100
"""Fewest events, and fewest others, for an external validation (Vergouwe et al., J Clin Epidemiol
2005;58:475; Collins et al., Stat Med 2016;35:214)."""

CLINICAL, IMAGES = "Clinical model", "Image score"
_APART = 0.2
_WHOLE_CENTRE = 10


@dataclass(frozen=True)
class OutcomeCheck:
    """Outcome and numbers of a study.

    Attributes
    ----------
    prevalence : pandas.DataFrame
        One row per cohort, and per centre within it where there are several: ``cohort``,
        ``center``, ``cases``, ``subjects``, ``events``, ``prevalence`` (0 to 1) with its 95 %
        Wilson interval ``low``, ``high``.
    sample_size : pandas.DataFrame
        One row per model: ``model``, ``candidate_parameters``, ``cases``, ``events``,
        ``events_per_parameter`` as they are in training, ``cases_needed``, ``events_needed``,
        ``events_per_parameter_needed``.
    findings : tuple of Finding
    """

    prevalence: pd.DataFrame
    sample_size: pd.DataFrame
    findings: tuple[Finding, ...]


Row = dict[str, Any]


def check_outcome(cohort: Cohort) -> OutcomeCheck:
    """Count outcomes per cohort and centre, and compare events with Riley's minimum."""
    counts, sizes = _prevalence(cohort), _sample_sizes(cohort)
    found = [*_cohort_findings(cohort, counts), *_size_findings(cohort, sizes)]
    return OutcomeCheck(pd.DataFrame(counts), pd.DataFrame(sizes), tuple(found))


def _prevalence(cohort: Cohort) -> list[Row]:
    rows = []
    for name in sorted(cohort.names, key=lambda name: name != TRAINING):
        cases = cohort.cases(name)
        rows.append(_count(cases, name, ""))
        if cases["center"].nunique() > 1:
            rows += [_count(part, name, str(key)) for key, part in cases.groupby("center")]
    return rows


def _count(cases: pd.DataFrame, cohort: str, center: str) -> Row:
    known = cases["outcome"].dropna()
    share = Proportion.of(int(known.sum()), len(known))
    limits = share.confidence_interval()
    return {
        "cohort": cohort,
        "center": center,
        "cases": len(cases),
        "subjects": int(cases["subject_id"].nunique()),
        "events": int(known.sum()),
        "prevalence": share.value,
        "low": limits.low,
        "high": limits.high,
    }


def _cohort_findings(cohort: Cohort, counts: list[Row]) -> Iterator[Finding]:
    config = cohort.config
    found = partial(finding, file=config.clinical, column=config.outcome.column)
    training = next(row["prevalence"] for row in counts if row["cohort"] == TRAINING)
    for row in counts:
        name, share, events = row["cohort"], row["prevalence"], row["events"]
        if row["center"]:
            if share in (0.0, 1.0) and row["cases"] >= _WHOLE_CENTRE:
                message = (
                    f"all {row['cases']} cases of centre '{row['center']}' in cohort '{name}' have "
                    "the same outcome, so a model can learn the scanner instead of the disease; "
                    "add cases of the other class, or leave the centre out"
                )
                yield found("warning", "one-class-centre", message)
            continue
        if abs(share - training) > _APART:
            message = (
                f"the outcome occurs in {share:.0%} of cohort '{name}' and in {training:.0%} of "
                "training: check that it is coded alike; predicted risks will be off there unless "
                "recalibrated"
            )
            yield found("warning", "prevalence", message)
        if name != TRAINING and min(events, row["cases"] - events) < EXTERNAL_EVENTS:
            message = (
                f"cohort '{name}' has {plural(events, 'event')} in {row['cases']} cases; fewer "
                f"than {EXTERNAL_EVENTS} of either class judge a model roughly (Collins 2016): "
                "expect wide intervals"
            )
            yield found("note", "few-external-events", message)


def candidate_parameters(config: StudyConfig, clinical: pd.DataFrame) -> dict[str, int]:
    """Count what is offered to each model, which is what Riley's criteria count.

    Parameters
    ----------
    config : StudyConfig
    clinical : pandas.DataFrame
        Coded variables, as in `Cohort.clinical`.

    Returns
    -------
    dict of str to int
        ``"Clinical model"``: one for a continuous variable, levels less one for a categorical,
        and one more for the mark of missing values where the study has them;
        ``"Image score"``: every feature that is screened, deep blocks by their principal
        components. A model without candidates is left out.
    """
    marked = config.clinical_model.missing == "indicator"
    counts = {
        CLINICAL: sum(
            (1 if item.type == "continuous" else max(clinical[name].nunique() - 1, 1))
            + int(marked and clinical[name].isna().any())
            for name, item in config.clinical_variables.items()
        ),
        IMAGES: sum(_features(config, view) for view in config.views),
    }
    return {name: count for name, count in counts.items() if count}


def _features(config: StudyConfig, view: str) -> int:
    """Count the features of one view."""
    settings, count = config.views[view], 0
    if config.radiomics is not None and settings.radiomics:
        # The native engine names the same features as PyRadiomics and is always there.
        parameters = load_settings(config.radiomics.parameters)
        count += len(make_engine("native", parameters, settings.dimension).feature_names())
    if config.mazda is not None and settings.mazda:
        count += len(make_mazda_engine(config.mazda).feature_names())
    if settings.embedding:
        count += len(config.backbones) * (config.model.components or 0)
    return count


def _sample_sizes(cohort: Cohort) -> list[Row]:
    training = cohort.cases(TRAINING)
    # Several ROIs of a subject tell less than as many subjects; the criteria count the latter.
    by_subject = training.groupby("subject_id")["outcome"].max()
    cases, events = len(by_subject), int(by_subject.sum())
    prevalence = events / cases
    if prevalence in (0.0, 1.0):
        return []
    null = prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)
    r2 = NAGELKERKE * (1 - exp(2 * null))
    rows = []
    for model, count in candidate_parameters(cohort.config, training).items():
        needed = sample_size_binary(prevalence, count, r2_cox_snell=r2)
        rows.append(
            {
                "model": model,
                "candidate_parameters": count,
                "cases": cases,
                "events": events,
                "events_per_parameter": events / count,
                "cases_needed": needed.n,
                "events_needed": needed.events,
                "events_per_parameter_needed": needed.events_per_parameter,
            }
        )
    return rows


def _size_findings(cohort: Cohort, sizes: list[Row]) -> Iterator[Finding]:
    path = cohort.config.clinical
    for row in sizes:
        if row["cases"] >= row["cases_needed"]:
            continue
        counts = (
            f"{plural(row['candidate_parameters'], 'candidate parameter')} for "
            f"{plural(row['events'], 'event')} in "
            f"{row['cases']} training subjects "
            f"({_short(row['events_per_parameter'])} per parameter); "
            f"Riley's criteria ask for {row['cases_needed']:,} subjects "
            f"({_short(row['events_per_parameter_needed'])} events per parameter)"
        )
        if row["model"] == CLINICAL:
            message = (
                f"the clinical model has {counts}: drop variables before looking at outcomes, or "
                "collect more cases"
            )
            yield finding("warning", "sample-size", message, path)
        else:
            message = (
                f"the image score screens {counts}: believe its out-of-fold and external results "
                "only, never the apparent ones"
            )
            yield finding("note", "sample-size", message, path)


def _short(value: float) -> str:
    """Write two digits, or all before the point."""
    return f"{value:.2g}" if value < 100 else f"{value:,.0f}"
