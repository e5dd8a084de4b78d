"""``dlr stability``: which features survive small differences of the ROI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option("--work", help="Folder of the cache [dlr-work beside the study].")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-j", min=1, help="Processes to use.")] = 1,
) -> int:
    """Perturb the training ROIs and measure which features stay the same (ICC).

    Stands in for a second reader: name the table as 'agreement: {stability: stability.csv}' in the
    study file and features below the threshold are dropped. Outcomes and external cohorts are not
    used. '--steps volume,contour' imitates another reader only and leaves the image alone.
    """
    from dlr.cli.show import console, progress_bars
    from dlr.errors import DlrError
    from dlr.figures import plot_icc_histogram, save_figure
    from dlr.figures._style import root_figure
    from dlr.stability import PerturbationSettings, stability_table
    from dlr.study import Study

    try:
        settings = PerturbationSettings(
            steps=tuple(step.strip() for step in steps.split(",")),
            noise=noise,
            rotation_degrees=rotation,
            translation=translation,
            volume=volume,
        )
    except ValueError as error:
        detail = error.errors()[0]  # type: ignore[attr-defined]
        message = detail["msg"].removeprefix("Value error, ")
        raise DlrError(f"'{'.'.join(map(str, detail['loc']))}': {message}") from None
    chosen = Study.from_yaml(study, work, root)
    with progress_bars() as progress:
        table = stability_table(
            chosen.cohort(), chosen.work, settings, repetitions, workers, progress
        )
    path = table.save(out)
    save_figure(root_figure(plot_icc_histogram(table.frame["icc"])), out / "stability")
    for name, part in table.frame.groupby(_feature_class, sort=False):
        console.print(
            f"{name}: {(part['icc'] > 0.75).sum()} of {len(part)} features with ICC > 0.75, "
            f"{(part['icc'] > 0.9).sum()} > 0.9"
        )
    if len(table.failures):
        console.print(
            f"[yellow]{len(table.failures)} copies could not be measured[/]: "
            f"{out / 'stability_failures.csv'}"
        )
    console.print(f"Table: {path}\nNext: 'agreement: {{stability: {path}}}' in {study.name}")
    return 4 if len(table.failures) else 0


def _feature_class(column: str) -> str:
    """Return view, family and feature class of a column."""
    view, family, name = column.split(".", 2)
    parts = name.split("_")
    feature_class = f" {parts[1]}" if family == "rad" and len(parts) > 2 else ""
    return f"{view} {family}{feature_class}"
