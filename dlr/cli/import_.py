"""``dlr import``: a PACS export becomes images.csv."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dlr.dicom.importing import ImportedExport

OK, SOME_FAILED = 0, 4
_SHOWN = 10


def import_(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the export.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for images.csv, unpaired.csv, scanners.csv."),
    ],
    pseudonymise: Annotated[
        Path | None,
        typer.Option(
            "--pseudonymise",
            metavar="KEYFILE",
            help="Call subjects by keyed hashes of their PatientID, made with this key.",
        ),
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a new random key and keep it in KEYFILE.")
    ] = False,
    clinical: Annotated[
        Path | None,
        typer.Option(
            "--clinical",
            help="Clinical table to copy to clinical.csv with the same pseudonyms.",
        ),
    ] = None,
    descriptions: Annotated[
        bool,
        typer.Option("--descriptions", help="Add the series' descriptions, which people type in."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace tables that are there already.")
    ] = False,
) -> int:
    """Turn what a PACS exported into images.csv, by reading headers only.

    Masks (DICOM segmentations and RTSTRUCT) are paired with the series they name, or with the
    only series of the same frame of reference. What has no partner is in unpaired.csv with the
    reason. Names and dates stay in the export.
    """
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console
    from dlr.dicom.importing import import_export

    key = _key(pseudonymise, new_key, out)
    if clinical is not None and key is None:
        raise typer.BadParameter("--clinical goes with --pseudonymise")
    with progress_bars() as progress:
        result = import_export(folder, out, key, descriptions, progress)
    result.write(out, overwrite)
    _summary(result, out)
    if clinical is not None and key is not None:
        _copy_clinical(clinical, out / "clinical.csv", key, overwrite)
    if len(result.images):
        console.print(f"Next: dlr init {out}, which writes the study file for these tables")
    lost = int((result.unpaired["kind"] != "image").sum())
    return SOME_FAILED if lost or result.images.empty else OK


def _key(path: Path | None, new: bool, out: Path) -> bytes | None:
    """Read or make the key of the pseudonyms."""
    from dlr.cli.show import console
    from dlr.dicom.identity import create_key, read_key

    if path is None:
        if new:
            raise typer.BadParameter("--new-key goes with --pseudonymise KEYFILE")
        return None
    if path.resolve().is_relative_to(out.resolve()):
        raise typer.BadParameter(
            "keep the key file outside the output folder: whoever gets both can undo the pseudonyms"
        )
    if not new:
        return read_key(path)
    key = create_key(path)
    console.print(
        f"Made a new key: {path}. Keep it secret and keep it safe: with it anybody can tell whose"
        " pseudonym is whose, and without it nobody can add to this study."
    )
    return key


def _summary(result: ImportedExport, out: Path) -> None:
    from rich.markup import escape

    from dlr.cli.show import console
    from dlr.report._words import plural

    images, unpaired = result.images, result.unpaired
    console.print(
        f"{plural(result.n_files, 'DICOM file')} read, {plural(result.n_other, 'other')} left "
        f"aside → {plural(len(images), 'ROI')} of "
        f"{plural(images['subject_id'].nunique(), 'subject')} in {out / 'images.csv'}"
    )
    for (view, modality), rows in images.groupby(["view", "modality"]):
        console.print(f"  {escape(str(view or 'no'))} view, {escape(str(modality))}: {len(rows)}")
    if result.telling_paths:
        console.print(
            f"[yellow]{result.telling_paths} rows have paths that tell who the patient is[/];"
            " rename these folders and import again before the tables go anywhere."
        )
    if unpaired.empty:
        console.print("[green]✓[/] Every mask and every image has its partner.")
        return
    counts = unpaired["kind"].value_counts()
    shown = ", ".join(plural(count, str(kind)) for kind, count in counts.items())
    console.print(f"[yellow]Not paired: {shown}[/]. All are in {out / 'unpaired.csv'}:")
    order = unpaired.sort_values("kind", key=lambda kind: kind == "image", kind="stable")
    for row in order.head(_SHOWN).itertuples():
        console.print(escape(f"  {row.kind} {row.file}: {row.reason}"))
    if len(unpaired) > _SHOWN:
        console.print(f"  … and {len(unpaired) - _SHOWN} more")


def _copy_clinical(path: Path, target: Path, key: bytes, overwrite: bool) -> None:
    """Copy a clinical table with pseudonyms, and say what in it may tell who somebody is."""
    from rich.markup import escape

    from dlr.cli.show import console
    from dlr.safety.pseudonyms import pseudonymise_file

    copy = pseudonymise_file(path, target, key, overwrite)
    columns = ", ".join(copy.copied) or "none"
    console.print(
        f"{escape(str(target))} has the same subjects; its other columns are copied as they are, so"
        f" check that none tells who somebody is: {escape(columns)}"
    )
    if copy.n_telling:
        console.print(
            f"[yellow]{copy.n_telling} rows of it still hold the identifier[/] in one of them;"
            " leave that column out with: dlr pseudonymise --drop"
        )
