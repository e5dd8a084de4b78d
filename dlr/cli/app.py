"""The commands of ``dlr``. Exit codes: 0 fine, 2 usage, 3 invalid input, 4 some cases failed."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlr.cli.ablate import ablate
from dlr.cli.check import check
from dlr.cli.cnn import app as cnn
from dlr.cli.cnn import predict as predict_cnn
from dlr.cli.cnn import validate as validate_cnn
from dlr.cli.diff import diff
from dlr.cli.execution import (
    CASE_TIMEOUT_S,
    CaseMemory,
    CaseTimeout,
    Scheduler,
    execution,
)
from dlr.cli.export import export
from dlr.cli.import_ import import_
from dlr.cli.init import init
from dlr.cli.nomogram import nomogram
from dlr.cli.pseudonymise import pseudonymise
from dlr.cli.report import report
from dlr.cli.score import score
from dlr.cli.stability import stability
from dlr.errors import DlrError, InputError

if TYPE_CHECKING:
    from dlr.features.table import FeatureTable

OK, INVALID, SOME_FAILED = 0, 3, 4

app = typer.Typer(
    name="dlr",
    help=(
        "Honest deep-learning radiomics: from images, ROI masks and a spreadsheet to an externally "
        "validated study.\n\nThe usual order: [bold]check[/] the data, [bold]extract[/] features, "
        "[bold]train[/], then [bold]validate[/] the bundle at the other hospital. "
        "[bold]dlr demo[/] shows all of it on a simulated cohort.\n\n"
        "Exit codes: 0 fine, 1 two runs differ, 2 usage, 3 invalid input, 4 finished but some "
        "cases failed."
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyFile = Annotated[Path, typer.Argument(help="The study.yaml.", show_default=False)]
Workers = Annotated[int, typer.Option("--workers", "-j", min=1, help="Processes to use.")]
Root = Annotated[
    Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
]
Work = Annotated[
    Path | None,
    typer.Option("--work", help="Folder of cache and feature tables [dlr-work beside the study]."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop if any case fails.")]
Images = Annotated[Path, typer.Option("--images", help="images.csv of the new cohort.")]
Clinical = Annotated[Path, typer.Option("--clinical", help="clinical.csv or .xlsx of it.")]
BundleFolder = Annotated[Path, typer.Argument(help="The bundle folder of a trained run.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for report, tables and scores.")]
Only = Annotated[
    str | None, typer.Option("--cohort", help="Take only the rows of this cohort of the table.")
]


app.command()(check)


@app.command()
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
    from dlr.cli.show import console, progress_bars, show_failures
    from dlr.run_lock import run_lock
    from dlr.study import Study

    chosen = Study.from_yaml(study, work, root)
    cohort = chosen.cohort()
    how = execution(workers, case_timeout, case_memory, scheduler)
    with run_lock(chosen.work), progress_bars() as progress:
        table = chosen.extract(cohort, how, progress)
    _show_summary(table)
    console.print(
        f"{len(table.values)} of {len(cohort.clinical)} cases, {table.values.shape[1]} features "
        f"each → {chosen.work / 'features.parquet'}"
    )
    return _after_failures(show_failures(table.failures), strict)


@app.command()
def train(
    study: StudyFile,
    out: Out,
    root: Root = None,
    work: Work = None,
    workers: Workers = 1,
    strict: Strict = False,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report.")] = False,
    case_timeout: CaseTimeout = CASE_TIMEOUT_S,
    case_memory: CaseMemory = None,
    scheduler: Scheduler = None,
) -> int:
    """Select features, fit all models, judge them, and write report and model bundle.

    Features that were not extracted yet are computed first.
    """
    from dlr.cli.show import console, progress_bars, show_evaluation, show_failures
    from dlr.run_lock import run_lock
    from dlr.study import Study

    chosen = Study.from_yaml(study, work, root)
    cohort = chosen.cohort()
    how = execution(workers, case_timeout, case_memory, scheduler)
    with run_lock(out):
        with progress_bars() as progress:
            table = chosen.extract(cohort, how, progress)
            if strict and not table.failures.empty:
                return _after_failures(show_failures(table.failures), strict)
            trained = chosen.train(cohort, table, workers, progress)
        report = trained.save(out)
    _show_summary(table)
    if chosen.config.simulated:
        console.print("[bold yellow]SIMULATED DATA[/]: these numbers say nothing about patients.")
    for evaluation in trained.result.evaluations:
        show_evaluation(evaluation, chosen.config.evaluation.confidence_level)
    failed = show_failures(table.failures)
    console.print(f"Report: {report}\nBundle: {out / 'bundle'}")
    if (out / "nomogram.html").is_file():
        console.print(f"Nomogram: {out / 'nomogram.html'}")
    if open_report:
        webbrowser.open(report.resolve().as_uri())
    return _after_failures(failed, strict)


@app.command()
def validate(
    bundle: BundleFolder,
    images: Images,
    clinical: Clinical,
    out: Out,
    root: Root = None,
    work: Work = None,
    cohort: Only = None,
    subgroup: Annotated[
        list[str] | None,
        typer.Option("--subgroup", help="Judge by a column, too: sex, age:40,60 (repeatable)."),
    ] = None,
    workers: Workers = 1,
    case_timeout: CaseTimeout = CASE_TIMEOUT_S,
    case_memory: CaseMemory = None,
    scheduler: Scheduler = None,
) -> int:
    """Score other cohorts with the frozen model and judge the scores; nothing is refitted.

    Several cohorts in one table are judged one by one and pooled. Recalibration is worked out and
    written to recalibration.json, and never applied by itself.
    """
    from dlr.cli.show import console, progress_bars, show_evaluation, show_failures
    from dlr.outputs import write_run
    from dlr.run_lock import run_lock
    from dlr.validation import validate as run_validation

    if _is_cnn(bundle):
        return validate_cnn(bundle, images, clinical, out, root, work, cohort, subgroup, workers)
    how = execution(workers, case_timeout, case_memory, scheduler)
    with run_lock(out):
        with progress_bars() as progress:
            result = run_validation(
                bundle,
                images,
                clinical,
                work or out / "work",
                root,
                cohort,
                how,
                progress,
                subgroup or (),
            )
        report = write_run(result, out)
    for evaluation in result.evaluations:
        show_evaluation(evaluation, result.config.evaluation.confidence_level)
    for name, reason in result.not_judged.items():
        console.print(f"[yellow]–[/] {name}: not judged, {reason}")
    _show_flags(int((result.flags["n_outside"] > 0).sum()), len(result.flags))
    failed = show_failures(result.failures)
    console.print(f"Report: {report}\nScores: {out / 'scores.csv'}")
    return _after_failures(failed, strict=False)


@app.command()
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
    case_timeout: CaseTimeout = CASE_TIMEOUT_S,
    case_memory: CaseMemory = None,
    scheduler: Scheduler = None,
) -> int:
    """Score new patients with the frozen model; no outcome is needed."""
    from dlr.cli.show import console, progress_bars, show_failures
    from dlr.outputs import write_run
    from dlr.run_lock import run_lock
    from dlr.validation import predict as run_prediction

    if _is_cnn(bundle):
        if recalibrate is not None:
            raise DlrError(
                f"{bundle} is the bundle of a CNN study, whose scores are never recalibrated; "
                "leave --recalibrate out"
            )
        return predict_cnn(bundle, images, clinical, out, root, work, cohort, workers)
    how = execution(workers, case_timeout, case_memory, scheduler)
    with run_lock(out):
        with progress_bars() as progress:
            result = run_prediction(
                bundle,
                images,
                clinical,
                work or out / "work",
                root,
                cohort,
                how,
                progress,
                recalibrate,
            )
        report = write_run(result, out)
    if result.applied is not None:
        console.print(f"[yellow]{result.applied.describe()}[/]")
    cases = result.scores["case_id"].nunique()
    console.print(f"{cases} case(s) scored → {out / 'scores.csv'}\nReport: {report}")
    _show_flags(int((result.flags["n_outside"] > 0).sum()), len(result.flags))
    return _after_failures(show_failures(result.failures), strict=False)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything.")] = Path("demo"),
    full: Annotated[
        bool, typer.Option("--full", help="The published size, 1,066 + 191 patients (hours).")
    ] = False,
    workers: Workers = 2,
    open_report: Annotated[bool, typer.Option("--open/--no-open", help="Open the report.")] = True,
) -> int:
    """Simulate a two-centre cohort, run the whole study on it, and open the report."""
    from dlr.cli.show import console, progress_bars
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


@app.command()
def doctor() -> int:
    """Show versions, GPU and weights, what is missing and how to get it."""
    from dlr.cli.show import console
    from dlr.doctor import examine

    for finding in examine():
        mark = {"ok": "[green]✓[/]", "missing": "[yellow]–[/]"}[finding.state]
        console.print(f"{mark} {finding.what}: {finding.detail}")
    return OK


app.command()(ablate)
app.command()(stability)
app.command()(score)
app.command()(diff)
app.command()(export)
app.command()(init)
app.command()(report)
app.command()(nomogram)
app.command("import")(import_)
app.command()(pseudonymise)
app.add_typer(cnn)


def _is_cnn(bundle: Path) -> bool:
    from dlr.cnn.bundle import is_cnn_bundle

    return is_cnn_bundle(bundle)


def _show_summary(table: FeatureTable) -> None:
    from dlr.cli.show import console

    if table.summary is not None:
        console.print(table.summary.describe())


def _show_flags(outside: int, total: int) -> None:
    from dlr.cli.show import console

    if outside:
        console.print(
            f"[yellow]{outside} of {total} cases[/] have inputs outside the training range: their "
            "scores are extrapolations (see the report)."
        )


def _after_failures(failed: int, strict: bool) -> int:
    if failed and strict:
        return INVALID
    return SOME_FAILED if failed else OK


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; faults become plain sentences."""
    from dlr.cli.show import errors, show_faults

    try:
        code = app(arguments, standalone_mode=False)
    except InputError as error:
        show_faults(error.faults)
        return INVALID
    except DlrError as error:
        errors.print(f"[red]✗[/] {error}")
        return INVALID
    except typer.Exit as error:
        return error.exit_code
    except typer.Abort as error:
        kept = "Interrupted; what was computed is kept, run the same command to go on."
        errors.print(str(error.__cause__ or "") or kept)
        return 130
    except Exception as error:
        # Usage errors of the command-line library know how to show themselves; anything else is
        # a defect of dlr, whose traceback is what we need to see.
        show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
        if show is None or code is None:
            raise
        show()
        return int(code)
    return int(code or 0)
