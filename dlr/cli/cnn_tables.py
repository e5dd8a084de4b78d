"""``dlr cnn crops`` and ``dlr cnn fuse``: from a radiomics study to a CNN study, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dlr.cnn.roi_crops import DiscCrops
    from dlr.progress import Progress

OK, SOME_FAILED = 0, 4
_SHOWN = 10


def crops(
    table: Annotated[
        Path,
        typer.Argument(
            help="images.csv with volumes and disc masks, or the study.yaml that names it.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for pictures and images.csv.")],
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
    ] = None,
    view: Annotated[
        str | None, typer.Option("--view", help="Take only this view (the sagittal one).")
    ] = None,
    above_below: Annotated[
        float, typer.Option("--above-below", min=0, help="Margin above and below, mm; paper: 8-12.")
    ] = 10.0,
    front_back: Annotated[
        float, typer.Option("--front-back", min=0, help="Margin in front and behind, mm.")
    ] = 5.0,
    size: Annotated[
        int, typer.Option("--size", min=0, help="Pixels per side, by stretching; 0: as scanned.")
    ] = 224,
) -> int:
    """Cut the rectangle around every disc from sagittal MRI, for a CNN study.

    Taken is the sagittal slice with the largest disc area. Use a study.yaml where masks need its
    'masks' settings; its second reader is left out.
    """
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console
    from dlr.errors import DlrError

    with progress_bars() as progress:
        found = _cut(table, out, root, view, (above_below, front_back), size or None, progress)
    console.print(f"{len(found.images)} disc(s) → {out / 'images.csv'}")
    if found.failures.empty:
        return OK
    for row in found.failures.head(_SHOWN).itertuples():
        console.print(f"  row {row.row}, {row.subject_id} {row.roi}: {row.reason}", markup=False)
    if found.images.empty:
        raise DlrError(f"no disc could be cut; the reasons are in {out / 'failures.csv'}")
    console.print(f"[yellow]{len(found.failures)} disc(s) failed[/]; see failures.csv")
    return SOME_FAILED


def _cut(
    table: Path,
    out: Path,
    root: Path | None,
    view: str | None,
    margins: tuple[float, float],
    size: int | None,
    progress: Progress,
) -> DiscCrops:
    """Cut what a table or a study file names."""
    from dlr.cnn.roi_crops import write_disc_crops
    from dlr.config import StudyConfig

    if table.suffix.lower() not in (".yaml", ".yml"):
        return write_disc_crops(table, out, root, *margins, size, progress, view=view)
    config = StudyConfig.from_yaml(table)
    second = config.agreement.reader if config.agreement else None
    return write_disc_crops(
        config.images,
        out,
        root or config.image_root,
        *margins,
        size,
        progress,
        masks=config.masks,
        view=view,
        not_reader=second,
    )


def fuse(
    run: Annotated[
        Path,
        typer.Argument(
            help="Folder of a 'dlr cnn' run, or its cnn_features.csv.", show_default=False
        ),
    ],
    clinical: Annotated[
        Path, typer.Option("--clinical", help="clinical.csv or .xlsx of the radiomics study.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="CSV to write: that table with the scores.")
    ],
    column: Annotated[str, typer.Option("--column", help="Name of the new column.")] = "cnn_score",
) -> int:
    """Add the CNN's score to the clinical table of a radiomics study, as one more variable."""
    from dlr.cli.show import console
    from dlr.cnn.fusion import STACKED, add_scores_to_clinical

    found = add_scores_to_clinical(run, clinical, out, column)
    counts = ", ".join(f"{number} {name}" for name, number in found.estimates.items())
    console.print(f"{out}: scores of {found.estimates.sum()} row(s): {counts}")
    console.print("In the study.yaml, point 'clinical' to that file and declare:")
    console.print("clinical_variables:", markup=False)
    for name in found.columns:
        label = ", label: CNN score (stacked)" if found.stacked else ""
        console.print(f"  {name}: {{type: continuous{label}}}", markup=False)
    if found.stacked:
        console.print(f"[yellow]Mind[/]: {STACKED}.")
    return OK
