"""The report of several networks, and of human readers where there are any."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dlr import figures
from dlr.cnn.compare import NetworkComparison, judged_scores
from dlr.cnn.readers import MODEL, ReaderStudy, compare_readers, plot_readers, read_readers
from dlr.cnn.report import write_page
from dlr.cnn.settings import CnnStudyConfig
from dlr.report._blocks import Block, Figure, Report, Section, Text
from dlr.report._shared import slug
from dlr.report._tables import plain_table
from dlr.stats import RocCurve, roc_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIMULATED_READERS = "The readers are simulated: their numbers say nothing about radiologists."


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
    """Compare the readers with every network, by network and target.

    Cases of all cohorts are taken together: out-of-fold and bagged scores, each at its locked
    threshold.
    """
    settings = config.readers
    if settings is None:
        return {}
    level = config.evaluation.confidence_level
    found = {}
    for name, result in comparison.results.items():
        scores = judged_scores(result)
        for target, part in scores.groupby("target", sort=False):
            ratings = read_readers(settings.table, str(target))
            if len(ratings):
                study = compare_readers(part, ratings, settings, level)
                found[name, str(target)] = study
    return found


def comparison_report(comparison: NetworkComparison, config: CnnStudyConfig) -> Report:
    """Turn a comparison into sections."""
    sections = [_networks(comparison)]
    readers = reader_studies(comparison, config)
    if readers:
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
        groups = known["subject_id"] if known["subject_id"].duplicated().any() else None
        found[name] = roc_curve(known["outcome"], known["probability"], groups)
    return found


def _readers(studies: dict[tuple[str, str], ReaderStudy]) -> Section:
    blocks: list[Block] = []
    if any(study.simulated for study in studies.values()):
        blocks.append(Text(_SIMULATED_READERS, "warning"))
    for (network, target), study in studies.items():
        stem, where = slug(f"{network}_{target}"), f"{network}, {target}, {study.n} cases"
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


def _drawer(study: ReaderStudy) -> partial[Axes]:
    return partial(plot_readers, study)
