"""The report of a study: which sections, in which order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dlr import figures
from dlr.report._ablation import no_ablation_section
from dlr.report._blocks import Block, Bullets, Figure, Report, Section, Table, Text, Tone
from dlr.report._cases import cases_section
from dlr.report._chosen import best_model, externals, out_of_fold, repeated_subjects
from dlr.report._cohorts import cohort_title, cohort_warning, split_file
from dlr.report._evaluation import calibration_blocks, evaluation_blocks
from dlr.report._evidence import study_evidence
from dlr.report._features import features_section
from dlr.report._methods import methods_paragraphs, references
from dlr.report._protocol import audit_section, grid_section
from dlr.report._regression_tables import choice_table, imputed_table, logistic_table
from dlr.report._scores import scores_figures, waterfalls
from dlr.report._shared import (
    cohort_section,
    failures_section,
    fold,
    nomogram_section,
    reproducibility_section,
    slug,
)
from dlr.report._summary import summary_section
from dlr.report._tables import plain_table, steps_table
from dlr.report._training import clinical_roc, corrected_calibration, redundancy_figures
from dlr.report._words import ESTIMATES, outcome_name, set_meaning

if TYPE_CHECKING:
    from dlr.case_views import CaseViews
    from dlr.results import CohortEvaluation, SelectionTrace, StudyResult

SIMULATED = "a simulated cohort: no real patients, no real images"
REAL = "the cohort the study file names; not declared as simulated"


def study_report(result: StudyResult) -> Report:
    """Turn a finished study into sections."""
    views: CaseViews | None = result.cases
    config = result.config
    sections = [
        summary_section(result),
        _data_section(result),
        cohort_section(result),
        _methods_section(result),
        _clinical_section(result),
        features_section(result),
        _selection_section(result),
        grid_section(result),
        _models_section(result),
        *(_evaluation_section(result, item) for item in _judged(result)),
        _calibration_section(result),
        _nomogram_section(result),
        cases_section(views, config),
        audit_section(result),
        no_ablation_section(),
        failures_section(result.failures),
        reproducibility_section(config, result.provenance),
    ]
    kept = tuple(section for section in sections if section is not None and section.blocks)
    return Report(
        title=config.name,
        subtitle=config.description,
        made_from=SIMULATED if config.simulated else REAL,
        simulated=config.simulated,
        sections=kept,
        files={"scores": result.scores},
        numbers=_numbers(result),
        evidence=study_evidence(result, kept),
    )


def _nomogram_section(result: StudyResult) -> Section | None:
    if result.nomogram is None:
        return None
    return nomogram_section(
        result.nomogram, None if result.views is None else result.views.nomogram_cases
    )


def _judged(result: StudyResult) -> list[CohortEvaluation]:
    """Honest evaluations first, those that flatter last."""
    order = {"out-of-fold": 0, "frozen": 1, "cross-validated": 2, "apparent": 3}
    return sorted(result.evaluations, key=lambda item: order[item.estimate])


def _numbers(result: StudyResult) -> dict[str, object]:
    level = result.config.evaluation.confidence_level
    frames = [item.to_frame(level) for item in result.evaluations]
    rows = [row for frame in frames for row in frame.to_dict("records")]
    return {"performance": rows, "thresholds": dict(result.thresholds)}


def _data_section(result: StudyResult) -> Section:
    config = result.config
    tone: Tone = "warning" if config.simulated else "plain"
    made = SIMULATED if config.simulated else REAL
    lines = [
        f"{cohort}: {_known_centers(part['center'])}"
        for cohort, part in result.scores.groupby("cohort", sort=False)
    ]
    blocks: list[Block] = [
        Text(f"Made from: {made}.", tone),
        Text(
            f"Image table: {config.images.name}; clinical table: {config.clinical.name}. "
            f"Outcome: {outcome_name(config)}. Centres by cohort: {'; '.join(lines)}. Checksums "
            "of the inputs are listed under Reproducibility."
        ),
    ]
    written = split_file(config)
    blocks += [Text(written)] if written else []
    return Section("data", "Data", "Where the data of this report come from.", tuple(blocks))


def _known_centers(names: pd.Series) -> str:
    known = sorted({str(name) for name in names.dropna()} - {""})
    return ", ".join(known) if known else "not given"


def _clinical_section(result: StudyResult) -> Section | None:
    config, labels, repeated = result.config, _labels(result), repeated_subjects(result)
    blocks: list[Block] = []
    if len(result.clinical_ranking):
        ranking = result.clinical_ranking
        blocks.append(
            Figure(
                "clinical_ranking",
                "How well each clinical variable alone tells the outcome (training cohort, "
                "apparent); filled: chosen for the clinical model.",
                partial(figures.plot_clinical_ranking, _labelled(result, ranking)),
                wide=True,
            )
        )
        own = result.scores["estimate"] != "frozen"
        n_cases = result.scores.loc[own, "case_id"].nunique()
        blocks.append(choice_table(_labelled(result, ranking), n_cases, repeated=repeated))
    blocks += clinical_roc(result)
    for table, name, title in (
        (result.univariate, "univariate", "Univariate logistic regression (training cohort)."),
        (
            result.multivariable,
            "multivariable",
            "Multivariable logistic regression (training cohort).",
        ),
    ):
        if table is None or not len(table.to_frame()):
            continue
        blocks.append(logistic_table(table, f"{name}_logistic", title, config, repeated=repeated))
        blocks.append(
            Figure(
                f"{name}_odds_ratios",
                f"{title} Right of the dotted line: the outcome is more likely.",
                partial(figures.plot_odds_ratios, table, labels=labels),
                wide=True,
            )
        )
    if result.pooled is not None:
        blocks.append(imputed_table(result.pooled, config))
    lead = "Which clinical variables go with the outcome, alone and together."
    return Section("clinical", "Clinical variables", lead, tuple(blocks)) if blocks else None


def _labels(result: StudyResult) -> dict[str, str]:
    return {name: item.shown(name) for name, item in result.config.clinical_variables.items()}


def _labelled(result: StudyResult, ranking: pd.DataFrame) -> pd.DataFrame:
    labels = _labels(result)
    return ranking.assign(variable=ranking["variable"].map(lambda name: labels.get(name, name)))


def _selection_section(result: StudyResult) -> Section | None:
    if not result.traces:
        return None
    blocks: list[Block] = [steps_table(result.traces), *redundancy_figures(result)]
    names = sorted(result.traces, key=lambda name: name != "DLR")
    for index, name in enumerate(names):
        blocks.append(fold(name, _trace_blocks(result.traces[name]), opened=index == 0))
    lead = "Which features were kept at each step, and how often the folds agreed."
    return Section("selection", "Feature selection", lead, tuple(blocks))


def _trace_blocks(trace: SelectionTrace) -> list[Block]:
    name, stem = trace.feature_set, slug(trace.feature_set)
    blocks: list[Block] = []
    if trace.lasso is not None:
        blocks += [
            Figure(
                f"lasso_path_{stem}",
                f"LASSO of {name}: coefficients against the penalty; those kept are coloured.",
                partial(figures.plot_lasso_path, trace.lasso),
            ),
            Figure(
                f"lasso_cv_{stem}",
                f"LASSO of {name}: cross-validation error with its standard error.",
                partial(figures.plot_lasso_cv, trace.lasso),
            ),
        ]
    if len(trace.coefficients):
        blocks.append(
            Figure(
                f"coefficients_{stem}",
                f"Selected features of {name}. Orange raises, blue lowers the predicted risk; "
                "right: share of the cross-validation folds that selected the feature too.",
                partial(figures.plot_coefficients, trace),
                wide=True,
            )
        )
    blocks.append(_features_table(trace, stem))
    return blocks


def _features_table(trace: SelectionTrace, stem: str) -> Table:
    names = trace.coefficients.index.union(trace.frequency.index, sort=False)
    data = pd.DataFrame(
        {
            "feature": names,
            "coefficient": trace.coefficients.reindex(names).to_numpy(),
            "selected_in_share_of_folds": trace.frequency.reindex(names).to_numpy(),
        }
    )
    table = plain_table(f"features_{stem}", f"Features of {trace.feature_set}.", data)
    note = "Without coefficient: selected in some fold, not in the final fit."
    return Table(table.name, table.caption, table.shown, data, note, folded=True)


def _models_section(result: StudyResult) -> Section:
    level = result.config.evaluation.confidence_level
    judged = _judged(result)
    sets = list(dict.fromkeys(name for item in judged for name in item.models))
    meaning = pd.DataFrame({"feature set": sets, "made of": [set_meaning(name) for name in sets]})
    lead = "Every feature set on every cohort at a glance; details follow cohort by cohort."
    kinds = tuple(f"{item.cohort}, {item.estimate}: {ESTIMATES[item.estimate]}." for item in judged)
    blocks: list[Block] = [
        plain_table("feature_sets", "What each feature set is made of.", meaning),
        Bullets(kinds),
        Figure(
            "auc_forest",
            f"AUC of every feature set with {level:.0%} CI. Hollow: apparent, too good by "
            "construction. The dotted line is chance.",
            partial(figures.plot_auc_forest, judged, level=level),
            wide=True,
        ),
        *scores_figures(result.scores, _main_sets(result), result.config, result.thresholds),
        *waterfalls(result.scores, result.config, result.thresholds),
    ]
    return Section("models", "Models", lead, tuple(blocks))


def _main_sets(result: StudyResult) -> list[str]:
    """Name the feature sets that get figures of their own: the best, the DLR, the nomogram."""
    training = out_of_fold(result)
    names = [best_model(training).feature_set] if training is not None else []
    known = {name for item in result.evaluations for name in item.models}
    return list(dict.fromkeys([*names, *(n for n in ("DLR", "Nomogram") if n in known)]))


def _evaluation_section(result: StudyResult, evaluation: CohortEvaluation) -> Section:
    cohort, estimate = evaluation.cohort, evaluation.estimate
    name = cohort_title(result.config, cohort)
    title = f"{name[:1].upper()}{name[1:]} cohort ({estimate})"
    flatters = estimate in ("apparent", "cross-validated")
    main = next(iter(_main_sets(result)), "") if not flatters else ""
    blocks = evaluation_blocks(evaluation, result.config, main)
    lead = f"How well each feature set did here: {ESTIMATES[estimate]}."
    if flatters:
        warning = (
            f"{ESTIMATES[estimate].capitalize()}. Do not quote these figures as the performance "
            "of a model."
        )
        blocks = [Text(warning, "warning"), *blocks]
    elif estimate == "frozen":
        kind = cohort_warning(result.config, result.scores, cohort)
        blocks = [*([Text(kind, "note")] if kind else []), *blocks]
    return Section(slug(f"evaluation_{cohort}_{estimate}"), title, lead, tuple(blocks))


def _calibration_section(result: StudyResult) -> Section | None:
    training = out_of_fold(result)
    honest = ([training] if training is not None else []) + externals(result)
    blocks: list[Block] = []
    for evaluation in honest:
        blocks += calibration_blocks(evaluation, _main_sets(result)[:2])
    blocks += corrected_calibration(result)
    lead = "Whether a predicted risk of, say, 30% means that 30 in 100 such patients are affected."
    return Section("calibration", "Calibration", lead, tuple(blocks)) if blocks else None


def _methods_section(result: StudyResult) -> Section:
    blocks: list[Block] = [
        *methods_paragraphs(result.config, result.provenance, result),
        Bullets(tuple(references(result.config))),
    ]
    lead = "Written from the settings that were used; ready to paste into a manuscript and edit."
    return Section("methods", "Methods", lead, tuple(blocks))
