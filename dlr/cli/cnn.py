"""``dlr cnn``: training, predicting, explaining and comparing end-to-end image classifiers.

Several devices: ``torchrun --nproc-per-node 4 --no-python dlr cnn train study.yaml --out run``.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from math import isnan, nan
from pathlib import Path
from typing import Annotated, Any

import typer

from dlr.cli.closing import OK, close, exit_code, record
from dlr.cli.cnn_tables import crops, fuse
from dlr.cli.options import Clinical, Images, Only, Out, Root, Subgroups
from dlr.errors import DlrError

app = typer.Typer(
    name="cnn",
    help="CNN studies: pictures and labels in, cross-validated and frozen networks out.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

StudyFile = Annotated[Path, typer.Argument(help="The CNN study.yaml.", show_default=False)]
BundleFolder = Annotated[Path, typer.Argument(help="The bundle folder of a 'dlr cnn train'.")]
Work = Annotated[
    Path | None,
    typer.Option("--work", help="Pictures, checkpoints; by default OUT/work."),
]
Workers = Annotated[int, typer.Option("--workers", "-j", min=1, help="Processes that read files.")]


@app.command()
def train(
    study: StudyFile,
    out: Out,
    root: Root = None,
    work: Work = None,
    workers: Workers = 1,
    strict: Annotated[bool, typer.Option("--strict", help="Stop if a picture fails.")] = False,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Measure a few steps, print the expected hours.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume/--anew", help="Go on from checkpoints, or train anew.")
    ] = True,
) -> int:
    """Cross-validate by patient, bag the fold models, judge them, write report and bundle."""
    from dlr.cli.bars import progress_bars
    from dlr.cnn.crossfit import train_study
    from dlr.cnn.settings import CnnStudyConfig

    config = CnnStudyConfig.from_yaml(study)
    if root is not None:
        config = config.model_copy(update={"image_root": root.resolve()})
    if dry:
        return _dry_run(config)
    folder = work or out / "work"
    if not resume:
        _forget(folder)
    with _alone_in(out):
        with progress_bars() as progress:
            trained = train_study(config, folder, workers, progress, strict=strict)
        if _is_helper():
            return OK  # the first of several processes writes
        report = trained.save(out)
    return _finish(trained.result, report=report, bundle=out / "bundle")


@app.command()
def predict(
    bundle: BundleFolder,
    images: Images,
    clinical: Clinical,
    out: Out,
    root: Root = None,
    work: Work = None,
    cohort: Only = None,
    workers: Workers = 1,
) -> int:
    """Score new patients with the frozen networks; no label is needed."""
    from dlr.cli.bars import progress_bars
    from dlr.cnn.outputs import write_cnn_run
    from dlr.cnn.validation import predict_cnn

    with _alone_in(out):
        with progress_bars() as progress:
            result = predict_cnn(
                bundle, images, clinical, work or out / "work", root, cohort, workers, progress
            )
        report = write_cnn_run(result, out)
    return _finish(result, report=report, scores=out / "scores.csv")


@app.command()
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
) -> int:
    """Score other cohorts with the frozen networks and judge each, and all together.

    Rows of the cohort that the study calls training are judged apart, as apparent.
    """
    from dlr.cli.bars import progress_bars
    from dlr.cnn.outputs import write_cnn_run
    from dlr.cnn.validation import validate_cnn

    cache, groups = work or out / "work", subgroup or ()
    with _alone_in(out):
        with progress_bars() as progress:
            result = validate_cnn(
                bundle, images, clinical, cache, root, cohort, workers, progress, groups
            )
        report = write_cnn_run(result, out)
    return _finish(result, report=report, scores=out / "scores.csv")


@app.command()
def explain(
    bundle: BundleFolder,
    images: Images,
    clinical: Clinical,
    out: Out,
    root: Root = None,
    work: Work = None,
    cohort: Only = None,
    workers: Workers = 1,
) -> int:
    """Draw class activation maps of the most confident pictures and of the errors."""
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console
    from dlr.cnn.explain import explain_cnn

    with progress_bars() as progress:
        found = explain_cnn(bundle, images, clinical, out, work, root, cohort, workers, progress)
    console.print(found.to_frame().round(3).to_string(index=False, na_rep="–"))
    if found.n_empty:
        console.print(
            f"[yellow]{found.n_empty} of {len(found.table)} maps show nothing[/]: what speaks "
            "against the label only has none, nor has a network whose last map is a single pixel "
            "(then give larger pictures, 'pictures.size')."
        )
    close(**{f"{len(found.sheets)} sheet(s)": out / "cam"})
    return exit_code(len(found.failures))


@app.command()
def compare(
    study: StudyFile,
    out: Out,
    root: Root = None,
    work: Work = None,
    workers: Workers = 1,
) -> int:
    """Train every network of the study file on the same folds; compare them, and the readers."""
    from dlr.cli.bars import progress_bars
    from dlr.cnn.compare import compare_networks
    from dlr.cnn.comparison_report import write_comparison
    from dlr.cnn.settings import CnnStudyConfig

    config = CnnStudyConfig.from_yaml(study)
    if root is not None:
        config = config.model_copy(update={"image_root": root.resolve()})
    with _alone_in(out):
        with progress_bars() as progress:
            comparison = compare_networks(config, work or out / "work", workers, progress)
        if _is_helper():
            return OK
        report = write_comparison(comparison, config, out)
    for row in comparison.performance.to_dict("records"):
        _show_row(row, f"{row['network']}, ")
    close(report=report)
    return OK


@app.command()
def export(bundle: BundleFolder, out: Out) -> int:
    """Write the fold models as ONNX files, each checked against torch to 1e-4."""
    from dlr.cli.show import console
    from dlr.cnn.onnx import export_onnx

    for path in export_onnx(bundle, out):
        console.print(str(path))
    return OK


app.command()(crops)
app.command()(fuse)


def _is_helper() -> bool:
    """Whether torchrun started this process beside the one that writes."""
    return int(os.environ.get("RANK", 0)) > 0


def _alone_in(out: Path) -> AbstractContextManager[None]:
    """Keep the folder for this run; the processes of one torchrun are one run."""
    from dlr.run_lock import run_lock

    return nullcontext() if _is_helper() else run_lock(out)


def _dry_run(config: object) -> int:
    from dlr.cli.show import console
    from dlr.cnn.dry_run import estimate_hours
    from dlr.cnn.settings import CnnStudyConfig

    assert isinstance(config, CnnStudyConfig)
    found = estimate_hours(config)
    console.print(
        f"{found.pictures} training pictures on {found.device}.\n"
        f"Reading: {found.read_per_s:.1f} pictures/s and process → {found.hours_reading:.2f} h, "
        f"once.\nTraining: {found.train_per_s:.1f} pictures/s → {found.hours_training:.2f} h for "
        f"{config.folds} folds x {config.training.epochs} epochs (less when stopped early)."
    )
    return 0


def _forget(folder: Path) -> None:
    """Delete the checkpoints of earlier trainings."""
    for path in (folder / "training").glob("*/checkpoint.pt"):
        try:
            path.unlink()
        except OSError as error:
            raise DlrError(f"{path} cannot be deleted ({error.strerror}); delete it") from None


def _finish(result: object, **paths: Path) -> int:
    """Show the sound numbers and the failures; return the exit code."""
    from dlr.cli.show import console
    from dlr.cnn.report import headline_rows
    from dlr.cnn.results import CnnResult

    assert isinstance(result, CnnResult)
    if result.config.simulated:
        console.print("[bold yellow]SIMULATED DATA[/]: these numbers say nothing about patients.")
    rows = headline_rows(result).to_dict("records")
    for row in rows:
        _show_row(row)
    record(evaluations=rows)
    failed = len(result.failures)
    if failed:
        console.print(f"[yellow]{failed} picture(s) could not be read[/]; see failures.csv")
    close(**paths)
    return exit_code(failed)


def _show_row(row: Mapping[Hashable, Any], whose: str = "") -> None:
    """Print one AUC, or why there is none; labels that are not there at all are no news."""
    from dlr.cli.show import console, interval_words

    about = f"{whose}{row['cohort']}, {row['estimate']}, {row['target']}"
    area = row.get("auc", nan)
    if not isnan(area):
        between = interval_words(row["auc_low"], row["auc_high"])
        console.print(f"{about}: AUC {area:.3f} ({between}), n {row['n']}")
    elif row["n"]:
        console.print(f"{about}: not judged, one class only, n {row['n']}")
