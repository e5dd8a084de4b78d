"""``dlr extract``, ``dlr train`` and ``dlr demo``."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlr.cli.closing import close, exit_code, record, record_evaluations, warn
from dlr.cli.options import (
    CASE_TIMEOUT_S,
    CaseMemory,
    CaseTimeout,
    Out,
    Pdf,
    Root,
    Scheduler,
    Strict,
    StudyFile,
    Work,
    Workers,
    execution,
)

if TYPE_CHECKING:
    from dlr.features.table import FeatureTable


def extract(
    study: StudyFile,
    root: Root = None,
    work: Work = None,
    workers: Workers = 1,
    strict: Strict = False,
    case_timeout: CaseTimeout = CASE_TIMEOUT_S,
    case_memory: CaseMemory = None,
    scheduler: Scheduler = None,
) -> int:
    """Compute radiomics and deep features of every case; interrupted runs go on where they were."""
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console, show_failures
    from dlr.run_lock import run_lock
    from dlr.study import Study

    chosen = Study.from_yaml(study, work, root)
    cohort = chosen.cohort()
    how = execution(workers, case_timeout, case_memory, scheduler)
    with run_lock(chosen.work), progress_bars() as progress:
        table = chosen.extract(cohort, how, progress)
    _show_summary(table)
    n_cases, n_features = table.values.shape
    record(n_cases=n_cases, n_features=n_features)
    console.print(f"{n_cases} of {len(cohort.clinical)} cases, {n_features} features each.")
    failed = show_failures(table.failures)
    close(features=chosen.work / "features.parquet")
    return exit_code(failed, strict)


def train(
    study: StudyFile,
    out: Out,
    root: Root = None,
    work: Work = None,
    workers: Workers = 1,
    strict: Strict = False,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report.")] = False,
    pdf: Pdf = False,
    case_timeout: CaseTimeout = CASE_TIMEOUT_S,
    case_memory: CaseMemory = None,
    scheduler: Scheduler = None,
) -> int:
    """Select features, fit all models, judge them, and write report and model bundle.

    Features that were not extracted yet are computed first.
    """
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console, show_evaluation, show_failures
    from dlr.run_lock import run_lock
    from dlr.study import Study

    chosen = Study.from_yaml(study, work, root)
    cohort = chosen.cohort()
    how = execution(workers, case_timeout, case_memory, scheduler)
    with run_lock(out), progress_bars() as progress:
        table = chosen.extract(cohort, how, progress)
        if strict and not table.failures.empty:
            return exit_code(show_failures(table.failures), strict)
        trained = chosen.train(cohort, table, workers, progress)
        report = trained.save(out, pdf=pdf, progress=progress)
    _show_summary(table)
    if chosen.config.simulated:
        console.print("[bold yellow]SIMULATED DATA[/]: these numbers say nothing about patients.")
    level = chosen.config.evaluation.confidence_level
    for evaluation in trained.result.evaluations:
        show_evaluation(evaluation, level)
    record_evaluations(trained.result.evaluations, level)
    warn(trained.bundle.warnings)
    failed = show_failures(table.failures)
    close(report=report, bundle=out / "bundle")
    if trained.bundle.chart is not None:
        close(nomogram=out / "nomogram.html")
    if open_report:
        webbrowser.open(report.resolve().as_uri())
    return exit_code(failed, strict)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything.")] = Path("demo"),
    full: Annotated[
        bool, typer.Option("--full", help="The published size, 1,066 + 191 patients (hours).")
    ] = False,
    workers: Workers = 2,
    open_report: Annotated[bool, typer.Option("--open/--no-open", help="Open the report.")] = True,
) -> int:
    """Simulate a two-centre cohort, run the whole study on it, and open the report."""
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console
    from dlr.cohort.simulation import simulate_cohort

    with progress_bars() as progress:
        study = simulate_cohort(
            out / "cohort",
            full=full,
            n_workers=workers,
            progress=lambda done, total: progress("simulated patients", done, total),
        )
    console.print(f"Simulated cohort: {study.parent}")
    return train(study, out / "run", None, None, workers, False, open_report)


def _show_summary(table: FeatureTable) -> None:
    from dlr.cli.show import console

    if table.summary is not None:
        console.print(table.summary.describe())
