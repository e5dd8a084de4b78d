"""``dlr stability``: which features survive small differences of image and ROI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dlr.imaging.perturbation_settings import PerturbationSettings
    from dlr.stability.table import StabilityTable

OK, SOME_FAILED = 0, 4


def stability(
    study: Annotated[Path, typer.Argument(help="The study.yaml.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the table and figure.")],
    repetitions: Annotated[
        int, typer.Option("--repetitions", "-k", min=1, help="Perturbed copies of every ROI.")
    ] = 10,
    steps: Annotated[
        str, typer.Option(help="Which of noise, rotation, translation, volume, contour.")
    ] = "noise,translation,volume,contour",
    noise: Annotated[float, typer.Option(help="Added noise, multiples of the image's.")] = 1.0,
    rotation: Annotated[float, typer.Option(help="Largest angle, degrees.")] = 5.0,
    translation: Annotated[float, typer.Option(help="Largest shift, voxels.")] = 0.5,
    volume: Annotated[float, typer.Option(help="Largest growth or shrinkage, share.")] = 0.15,
    form: Annotated[
        str, typer.Option(help="ICC: 1,1 (any difference counts) or 3,1 (consistency).")
    ] = "1,1",
    deep: Annotated[
        bool, typer.Option("--deep", help="Measure deep features, too; the gate ignores them.")
    ] = False,
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option("--work", help="Folder of the cache; by default dlr-work beside the study."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-j", min=1, help="Processes to use.")] = 1,
) -> int:
    """Perturb the training ROIs and measure which features stay the same (ICC).

    Stands in for a second reader: name the table as 'agreement: {stability: stability.csv}' in the
    study file and features below the threshold are dropped. Outcomes and external cohorts are not
    used. '--steps volume,contour' imitates another reader only: it leaves the image alone and is
    faster. Ten copies tell good features from bad; take 30 to report intervals. Interrupted runs
    go on where they were, and more copies are added to those measured.
    """
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console, plain
    from dlr.figures import save_figure, stamp_simulated
    from dlr.figures._style import root_figure
    from dlr.stability import stability_table
    from dlr.study import Study

    if form not in ("1,1", "3,1"):
        raise typer.BadParameter(f"--form is 1,1 or 3,1, but got {form}")
    settings = _settings(steps, noise, rotation, translation, volume)
    chosen = Study.from_yaml(study, work, root)
    with progress_bars() as progress:
        table = stability_table(
            chosen.cohort(),
            chosen.work,
            settings,
            repetitions,
            workers,
            progress,
            "1,1" if form == "1,1" else "3,1",
            deep,
        )
    path = table.save(out)
    agreement = chosen.config.agreement
    threshold = 0.75 if agreement is None else agreement.threshold
    figure = root_figure(table.plot(threshold=threshold))
    save_figure(stamp_simulated(figure) if chosen.config.simulated else figure, out / "stability")
    _show_summary(table, threshold)
    if len(table.failures):
        first = table.failures.iloc[0]
        example = plain(f"{first['case_id']}, {first['reason']}")
        console.print(
            f"[yellow]{len(table.failures)} copies could not be measured[/] (first: {example}): "
            f"{out / 'stability_failures.csv'}",
            markup=True,
        )
    console.print(f"Table: {path}\nNext: 'agreement: {{stability: {path}}}' in {study.name}")
    return SOME_FAILED if len(table.failures) else OK


def _settings(
    steps: str, noise: float, rotation: float, translation: float, volume: float
) -> PerturbationSettings:
    """Check what was asked for."""
    from pydantic import ValidationError

    from dlr.errors import DlrError
    from dlr.imaging.perturbation_settings import PerturbationSettings

    options = {
        "steps": tuple(step.strip() for step in steps.split(",")),
        "noise": noise,
        "rotation_degrees": rotation,
        "translation": translation,
        "volume": volume,
    }
    try:
        return PerturbationSettings.model_validate(options)
    except ValidationError as error:
        detail = error.errors()[0]
        name = str(detail["loc"][0]) if detail["loc"] else "steps"
        option = "rotation" if name == "rotation_degrees" else name
        message = detail["msg"].removeprefix("Value error, ")
        raise DlrError(f"--{option}: {message}") from None


def _show_summary(table: StabilityTable, threshold: float) -> None:
    """Print how many features of each class are stable."""
    from rich.table import Table

    from dlr.cli.show import console

    summary = table.summary(sorted({threshold, 0.75, 0.9}))
    title = f"Features by ICC({table.form}) over {table.frame['ratings'].max() - 1} copies"
    shown = Table(title=title, title_justify="left", title_style="bold")
    for name in ("Features", *summary.columns):
        shown.add_column(str(name), justify="left" if name == "Features" else "right")
    for name, *counts in summary.itertuples():
        shown.add_row(str(name), *(str(count) for count in counts))
    shown.add_row("all", *(str(count) for count in summary.sum()), style="bold")
    console.print(shown)
