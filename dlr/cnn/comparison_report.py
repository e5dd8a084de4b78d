"""The report of several networks, and of human readers where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dlr import figures
from dlr.cnn.cohort import target_names
from dlr.cnn.compare import NetworkComparison, judged_scores, quoted_cases
from dlr.cnn.reader_table import MODEL, ratings_of, read_ratings
from dlr.cnn.readers import ReaderStudy, compare_readers, plot_readers
from dlr.cnn.report import write_page
from dlr.cnn.settings import CnnStudyConfig
from dlr.errors import DlrError, InputError
from dlr.models.cases import groups_of
from dlr.report._blocks import Block, Figure, Report, Section, Text
from dlr.report._shared import slug
from dlr.report._tables import plain_table
from dlr.stats import RocCurve, roc_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIMULATED_READERS = "The readers are simulated: their numbers say nothing about radiologists."


@dataclass(frozen=True, eq=False)
class ReaderComparisons:
    """What the readers' table allows to compare.

    Attributes
    ----------
    studies : mapping of (str, str) to ReaderStudy
        By network and target.
    problems : tuple of str
        Sentences: which targets' readers cannot be compared, which rated cases are left out.
    """

    studies: Mapping[tuple[str, str], ReaderStudy]
    problems: tuple[str, ...] = ()


def write_comparison(
    comparison: NetworkComparison, config: CnnStudyConfig, folder: str | Path
) -> Path:
    """Write one folder per network (scores, report, bundle) and the report of the comparison.

    Parameters
    ----------
    comparison : NetworkComparison
    config : CnnStudyConfig
        Names the readers' table, where there is one.
    folder : path

    Returns
    -------
    Path
        The comparison's ``report.html``.
    """
    folder = Path(folder)
    for name, study in comparison.studies.items():
        study.save(folder / name)
    return write_page(comparison_report(comparison, config), folder)


def reader_studies(
    comparison: NetworkComparison, config: CnnStudyConfig
) -> dict[tuple[str, str], ReaderStudy]:
    """Compare the readers with every network, by network and target, where that can be done.

    Cases of all cohorts are taken together: out-of-fold and bagged scores, each at its locked
    threshold.
    """
    return dict(compare_all_readers(comparison, config).studies)


def compare_all_readers(comparison: NetworkComparison, config: CnnStudyConfig) -> ReaderComparisons:
    """Compare the readers with every network; what cannot be compared is said, not raised.

    Hours of training lie behind the networks: their report must not fail for want of a reader.
    """
    settings = config.readers
    if settings is None:
        return ReaderComparisons({})
    try:
        ratings = read_ratings(settings.table, target_names(config))
    except InputError as error:  # the table was sound before the training, but is no longer
        reasons = "; ".join(fault.message for fault in error.faults)
        return ReaderComparisons({}, (f"The readers are not compared: {reasons}.",))
    level = config.evaluation.confidence_level
    studies: dict[tuple[str, str], ReaderStudy] = {}
    problems: list[str] = []
    for name, result in comparison.results.items():
        scores = judged_scores(result)
        for target, part in scores.groupby("target", sort=False):
            table = ratings_of(ratings, str(target))
            if table.empty:
                problems.append(f"No reader rated '{target}'.")
                continue
            problems += _left_out(str(target), table.index.difference(pd.Index(part["case_id"])))
            try:
                studies[name, str(target)] = compare_readers(part, table, settings, level)
            except DlrError as error:
                reason = str(error).removesuffix(".")
                problems.append(f"The readers of '{target}' are not compared: {reason}.")
    return ReaderComparisons(studies, tuple(dict.fromkeys(problems)))


def _left_out(target: str, cases: pd.Index) -> list[str]:
    """Name rated cases that no network judged: misspelt, say, or without a readable picture."""
    if cases.empty:
        return []
    return [
        f"Cases rated for '{target}' but left out, having no score (names are compared exactly): "
        f"{quoted_cases(cases)}."
    ]


def comparison_report(comparison: NetworkComparison, config: CnnStudyConfig) -> Report:
    """Turn a comparison into sections."""
    sections = [_networks(comparison)]
    readers = compare_all_readers(comparison, config)
    if readers.studies or readers.problems:
        sections.append(_readers(readers))
    return Report(
        title=f"{config.name}: networks compared",
        subtitle="All networks learnt and were judged on the same folds, divided by patient.",
        made_from="simulated data" if config.simulated else "the pictures and labels given",
        simulated=config.simulated,
        sections=tuple(sections),
        files={},
        numbers={"performance": comparison.performance.to_dict("records")},
    )


def _networks(comparison: NetworkComparison) -> Section:
    keys = ["network", "cohort", "target", "n", "n_positive", "auc", "auc_low", "auc_high"]
    measures = ["accuracy", "sensitivity", "specificity", "ppv", "npv", "f1"]
    blocks: list[Block] = [
        plain_table(
            "networks", "Performance at locked thresholds.", comparison.performance[keys + measures]
        )
    ]
    for (cohort, target), matrix in comparison.delong.items():
        stem = slug(f"{cohort}_{target}")
        where = f"{target}, {cohort} cohort"
        curves = _curves(comparison, cohort, target)
        blocks += [
            Figure(f"roc_{stem}", f"ROC curves ({where}).", partial(figures.plot_roc, curves)),
            Figure(
                f"delong_{stem}",
                f"P values of paired DeLong tests ({where}); AUCs on the diagonal.",
                partial(figures.plot_delong_matrix, matrix),
            ),
        ]
    blocks += [
        plain_table("pairs", "Every paired test, P adjusted by Holm.", comparison.pairs()),
        plain_table("confusion", "Normalised confusion matrices.", comparison.confusion()),
    ]
    lead = "Which network tells the outcomes apart best, and whether the difference is chance."
    return Section("networks", "Networks", lead, tuple(blocks))


def _curves(comparison: NetworkComparison, cohort: str, target: str) -> dict[str, RocCurve]:
    found = {}
    for name, result in comparison.results.items():
        scores = judged_scores(result)
        here = scores[(scores["cohort"] == cohort) & (scores["target"] == target)]
        known = here.dropna(subset=["outcome"])
        groups = groups_of(known["subject_id"])
        found[name] = roc_curve(known["outcome"], known["probability"], groups)
    return found


def _readers(readers: ReaderComparisons) -> Section:
    blocks: list[Block] = []
    if any(study.simulated for study in readers.studies.values()):
        blocks.append(Text(_SIMULATED_READERS, "warning"))
    blocks += [Text(sentence, "warning") for sentence in readers.problems]
    for (network, target), study in readers.studies.items():
        stem, where = slug(f"{network}_{target}"), f"{network}, {target}, {_cases(study)}"
        points = study.operating_points.assign(
            reader=[network if name == MODEL else name for name in study.operating_points["reader"]]
        )
        blocks += [
            Figure(f"readers_{stem}", f"Readers and {where}.", _drawer(study)),
            plain_table(f"points_{stem}", f"Readers and {where}.", points),
            plain_table(f"mcnemar_{stem}", "Model minus reader; McNemar.", study.comparisons),
            plain_table(f"kappa_{stem}", "Agreement (kappa).", study.agreement),
            plain_table(f"summary_{stem}", "All readers together (fixed).", study.summary),
        ]
    lead = "Human readers and networks on the same cases."
    return Section("readers", "Readers", lead, tuple(blocks))


def _cases(study: ReaderStudy) -> str:
    """Say how many cases are compared, and why not all that were rated."""
    if study.n == study.n_rated:
        return f"{study.n} cases"
    return f"{study.n} of {study.n_rated} cases, those that every reader rated"


def _drawer(study: ReaderStudy) -> partial[Axes]:
    return partial(plot_readers, study)
