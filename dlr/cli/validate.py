"""``dlr validate`` and ``dlr predict``: other patients through a frozen model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlr.cli.closing import close, exit_code, record, record_evaluations, warn
from dlr.cli.cnn import predict as predict_cnn
from dlr.cli.cnn import validate as validate_cnn
from dlr.cli.options import (
    CASE_TIMEOUT_S,
    BundleFolder,
    CaseMemory,
    CaseTimeout,
    Clinical,
    Images,
    Only,
    Out,
    Pdf,
    Root,
    Scheduler,
    Subgroups,
    Work,
    Workers,
    execution,
)
from dlr.errors import DlrError

if TYPE_CHECKING:
    import pandas as pd


def validate(
    bundle: BundleFolder,
    images: Images,
    clinical: Clinical,
    out: Out,
    root: Root = None,
    work: Work = None,
    cohort: Only = None,
    subgroup: Subgroups = None,
    workers: Workers = 1,
    pdf: Pdf = False,
    case_timeout: CaseTimeout = CASE_TIMEOUT_S,
    case_memory: CaseMemory = None,
    scheduler: Scheduler = None,
) -> int:
    """Score other cohorts with the frozen model and judge the scores; nothing is refitted.

    Several cohorts in one table are judged one by one and pooled. Recalibration is worked out and
    written to recalibration.json, and never applied by itself.
    """
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console, show_evaluation, show_failures
    from dlr.outputs import write_run
    from dlr.run_lock import run_lock
    from dlr.validation import validate as run_validation

    if _is_cnn(bundle):
        _refuse(bundle, pdf, case_timeout, case_memory, scheduler)
        return validate_cnn(bundle, images, clinical, out, root, work, cohort, subgroup, workers)
    how = execution(workers, case_timeout, case_memory, scheduler)
    cache, groups = work or out / "work", subgroup or ()
    with run_lock(out), progress_bars() as progress:
        result = run_validation(
            bundle, images, clinical, cache, root, cohort, how, progress, groups
        )
        report = write_run(result, out, pdf=pdf, progress=progress)
    level = result.config.evaluation.confidence_level
    for evaluation in result.evaluations:
        show_evaluation(evaluation, level)
    record_evaluations(result.evaluations, level)
    for name, reason in result.not_judged.items():
        console.print(f"[yellow]–[/] {name}: not judged, {reason}")
    warn(result.warnings)
    _show_flags(result.flags)
    failed = show_failures(result.failures)
    close(report=report, scores=out / "scores.csv")
    return exit_code(failed)


def predict(
    bundle: BundleFolder,
    images: Images,
    clinical: Clinical,
    out: Out,
    root: Root = None,
    work: Work = None,
    cohort: Only = None,
    recalibrate: Annotated[
        Path | None,
        typer.Option("--recalibrate", help="Apply the update of a validation's JSON file."),
    ] = None,
    workers: Workers = 1,
    pdf: Pdf = False,
    case_timeout: CaseTimeout = CASE_TIMEOUT_S,
    case_memory: CaseMemory = None,
    scheduler: Scheduler = None,
) -> int:
    """Score new patients with the frozen model; no outcome is needed."""
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console, show_failures
    from dlr.outputs import write_run
    from dlr.run_lock import run_lock
    from dlr.validation import predict as run_prediction

    if _is_cnn(bundle):
        _refuse(bundle, pdf, case_timeout, case_memory, scheduler, recalibrate)
        return predict_cnn(bundle, images, clinical, out, root, work, cohort, workers)
    how = execution(workers, case_timeout, case_memory, scheduler)
    cache = work or out / "work"
    with run_lock(out), progress_bars() as progress:
        result = run_prediction(
            bundle, images, clinical, cache, root, cohort, how, progress, recalibrate
        )
        report = write_run(result, out, pdf=pdf, progress=progress)
    if result.applied is not None:
        console.print(f"[yellow]{result.applied.describe()}[/]")
    n_cases = result.scores["case_id"].nunique()
    record(n_cases=n_cases)
    console.print(f"{n_cases} case(s) scored.")
    warn(result.warnings)
    _show_flags(result.flags)
    failed = show_failures(result.failures)
    close(report=report, scores=out / "scores.csv")
    return exit_code(failed)


def _is_cnn(bundle: Path) -> bool:
    from dlr.cnn.bundle import is_cnn_bundle

    return is_cnn_bundle(bundle)


def _refuse(
    bundle: Path,
    pdf: bool,
    case_timeout: float,
    case_memory: float | None,
    scheduler: str | None,
    recalibrate: Path | None = None,
) -> None:
    """Refuse what a CNN bundle would ignore."""
    given = {
        "--recalibrate": recalibrate is not None,
        "--pdf": pdf,
        "--case-timeout": case_timeout != CASE_TIMEOUT_S,
        "--case-memory": case_memory is not None,
        "--scheduler": scheduler is not None,
    }
    names = [name for name, wanted in given.items() if wanted]
    if names:
        raise DlrError(
            f"{bundle} is the bundle of a CNN study, which knows no such option; "
            f"leave {' and '.join(names)} out"
        )


def _show_flags(flags: pd.DataFrame) -> None:
    from dlr.cli.show import console

    outside, filled = (int((flags[name] > 0).sum()) for name in ("n_outside", "n_missing"))
    record(n_outside_training_range=outside, n_filled=filled)
    if outside:
        console.print(
            f"[yellow]{outside} of {len(flags)} cases[/] have inputs outside the training range: "
            "their scores are extrapolations (see the report)."
        )
    if filled:
        console.print(
            f"[yellow]{filled} of {len(flags)} cases[/] lack inputs, which were filled in as in "
            "training (n_missing in flags.csv)."
        )
