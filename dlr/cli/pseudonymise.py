"""``dlr pseudonymise``: tables whose subjects have keyed pseudonyms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OK = 0


def pseudonymise(
    tables: Annotated[
        list[Path],
        typer.Argument(help="Tables with a subject_id: images.csv, clinical.xlsx, scores.csv."),
    ],
    key: Annotated[Path, typer.Option("--key", metavar="KEYFILE", help="File of the secret key.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the new tables.")],
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a new random key and keep it in KEYFILE.")
    ] = False,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", help="Leave out a column, such as a name (repeatable)."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace tables that are there already.")
    ] = False,
) -> int:
    """Copy tables with subjects called by keyed hashes of their identifiers (HMAC-SHA256).

    The same key gives the same pseudonyms as 'dlr import --pseudonymise', so that tables made at
    different times fit together. Train and validate on the new tables, and no output of dlr holds
    an identifier. All other columns are copied as they are.
    """
    from dlr.cli.show import console
    from dlr.dicom.identity import create_key, read_key
    from dlr.safety.pseudonyms import pseudonymise_files

    if key.resolve().is_relative_to(out.resolve()):
        raise typer.BadParameter(
            "keep the key file outside the output folder: whoever gets both can undo the pseudonyms"
        )
    secret = create_key(key) if new_key else read_key(key)
    written = pseudonymise_files(tables, out, secret, tuple(drop or ()), overwrite)
    for item in written:
        console.print(f"{item.n_subjects} subjects → {item.path}")
        if item.copied:
            console.print(
                "  copied as they are, so check that none tells who somebody is: "
                f"{', '.join(item.copied)}",
                markup=False,
            )
        if item.n_telling:
            console.print(
                f"[yellow]{item.n_telling} rows still hold the identifier in another column[/],"
                " such as a path; rename these files, or use --drop"
            )
    return OK
