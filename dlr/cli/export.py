"""``dlr export``: a bundle's scores for programs without Python."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    bundle: Annotated[Path, typer.Argument(help="The bundle folder of a trained run.")],
    onnx: Annotated[Path, typer.Option("--onnx", help="Folder for one ONNX file per score.")],
) -> int:
    """Write the scores as ONNX files, each checked against the bundle to 1e-6.

    A file takes features as measured with the bundle's settings, missing ones as NaN, and gives
    log-odds and probability. Extraction of features is not in it.
    """
    from dlr.cli.show import console
    from dlr.models.bundle import Bundle
    from dlr.models.onnx_export import export_onnx

    exported = export_onnx(Bundle.load(bundle), onnx)
    for item in exported.files:
        console.print(
            f"[green]✓[/] {item.path}: {item.algorithm}, {len(item.inputs)} inputs, "
            f"within {item.difference:.1g} of the bundle"
        )
    for name, reason in exported.left_out.items():
        console.print(f"[yellow]–[/] {name}: {reason}")
    return 0
