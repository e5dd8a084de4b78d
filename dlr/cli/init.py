"""``dlr init``: start a study from a folder of images and masks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder of images and masks, in any folders below.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write; by default that folder."),
    ] = None,
    clinical: Annotated[
        Path | None,
        typer.Option(
            "--clinical", help="Clinical table; by default the only CSV or Excel file there."
        ),
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="Its outcome column, where names do not tell.")
    ] = None,
    mask_label: Annotated[
        str | None,
        typer.Option(
            "--mask-label", help="The ROI's value, or its segment's name, in masks of several."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier files.")] = False,
) -> int:
    """Write a commented study.yaml and images.csv from a folder of images and masks.

    Masks are told by words in their names or folders (mask, seg, roi, label) and paired with the
    image whose name they share; views (sag, axi) and readers (reader1, r2) are read from names,
    outcome, cohorts and variables from the clinical table. What has no partner is listed in
    unmatched.csv. DICOM: 'dlr import' first, then 'dlr init' on the folder of its tables.
    """
    from rich.markup import escape

    from dlr.cli.show import console
    from dlr.report._words import plural
    from dlr.scaffold import make_scaffold

    made = make_scaffold(folder, out or folder, clinical, outcome, overwrite, mask_label)
    images, unmatched = made.pairing.images, made.pairing.unmatched
    views = sorted({view for view in images["view"] if view})
    readers = sorted({reader for reader in images["reader"] if reader})
    console.print(
        f"{plural(len(images), 'ROI')} on {plural(images['image'].nunique(), 'image')} of "
        f"{plural(images['subject_id'].nunique(), 'subject')}"
        + (f"; views {', '.join(views)}" if views else "")
        + (f"; readers {', '.join(readers)}" if readers else "")
    )
    if len(unmatched):
        lost = plural(len(unmatched), "file")
        console.print(f"[yellow]{lost} without a partner[/] (unmatched.csv):")
        for row in unmatched.head(8).itertuples():
            console.print(escape(f"  {row.file}: {row.reason}"))
    found = made.guess
    if found is not None:
        cases = f"outcome '{found.outcome}' (event: {found.positive})" if found.outcome else ""
        parts = [
            f"{found.n_matched} of {plural(images['subject_id'].nunique(), 'subject')} in "
            f"'{found.subject_column}'",
            cases,
            plural(len(found.variables), "variable"),
        ]
        console.print(escape(f"{made.clinical.name}: {'; '.join(part for part in parts if part)}"))
        for column, why in found.left_out.items():
            console.print(f"left out: {escape(column)} ({why})")
    for question in made.open_questions:
        console.print(f"[yellow]To do:[/] {escape(question)}")
    console.print(escape(f"Next: dlr check {made.study}"))
    return 0
