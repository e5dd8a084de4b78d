"""The ``dlr`` program: its commands, and what every one of them has in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from dlr.cli.ablate import ablate
from dlr.cli.check import check
from dlr.cli.closing import INTERRUPTED, INVALID, OK, as_json, faults_of, record, recording
from dlr.cli.cnn import app as cnn
from dlr.cli.diff import diff
from dlr.cli.export import export
from dlr.cli.import_ import import_
from dlr.cli.init import init
from dlr.cli.nomogram import nomogram
from dlr.cli.pseudonymise import pseudonymise
from dlr.cli.report import report
from dlr.cli.score import score
from dlr.cli.stability import stability
from dlr.cli.train import demo, extract, train
from dlr.cli.validate import predict, validate
from dlr.errors import DlrError, InputError

app = typer.Typer(
    name="dlr",
    help=(
        "Honest deep-learning radiomics: from images, ROI masks and a spreadsheet to an externally "
        "validated study.\n\nThe usual order: **init** or **import** to begin, "
        "**check** the data, **extract** features, **train**, then "
        "**validate** the bundle at the other hospital. **dlr demo** shows all of it on "
        "a simulated cohort.\n\n"
        "Exit codes: 0 fine, 1 two runs differ, 2 usage, 3 invalid input, 4 finished but some "
        "cases failed, 130 interrupted."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def common(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but what went wrong.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object at the end, for programs.")
    ] = False,
) -> None:
    """Set how much is said; both options may also follow the command."""
    from dlr.cli.show import console, errors

    console.quiet = quiet or json
    errors.quiet = json


def doctor() -> int:
    """Show versions, GPU and weights, what is missing and how to get it."""
    from dlr.cli.show import console
    from dlr.doctor import examine

    found = examine()
    for finding in found:
        mark = {"ok": "[green]✓[/]", "missing": "[yellow]–[/]"}[finding.state]
        console.print(f"{mark} {finding.what}: {finding.detail}")
    record(findings=[vars(finding) for finding in found])
    return OK


_FIRST: tuple[Callable[..., int], ...] = (
    init, check, extract, train, validate, predict, report, nomogram, ablate,
)  # fmt: skip
_THEN: tuple[Callable[..., int], ...] = (
    stability, score, diff, export, pseudonymise, demo, doctor,
)  # fmt: skip
for command in _FIRST:
    app.command()(command)
app.command("import")(import_)
for command in _THEN:
    app.command()(command)
app.add_typer(cnn)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; faults become plain sentences."""
    from dlr.cli.show import console, errors

    ordered = _common_first(arguments)
    with recording() as facts:
        try:
            code = _run(ordered)
        finally:
            console.quiet = errors.quiet = False  # a program may run several commands
    if "--json" in ordered and "--help" not in ordered:
        typer.echo(as_json({"exit_code": code, **facts}))
    return code


def _run(arguments: list[str]) -> int:
    from dlr.cli.show import errors, plain, show_faults

    try:
        code = app(arguments, standalone_mode=False)
    except DlrError as error:
        record(faults=faults_of(error))
        if isinstance(error, InputError):
            show_faults(error.faults)
        else:
            errors.print(f"[red]✗[/] {plain(str(error))}")
        return INVALID
    except typer.Exit as error:
        return error.exit_code
    except typer.Abort:
        code = INTERRUPTED
    except Exception as error:
        # Usage errors of the command-line library know how to show themselves; anything else is
        # a defect of dlr, whose traceback is what we need to see.
        show, usage = getattr(error, "show", None), getattr(error, "exit_code", None)
        if show is None or usage is None:
            raise
        record(faults=[{"message": getattr(error, "format_message", error.__str__)()}])
        show()
        return int(usage)
    if code == INTERRUPTED:  # typer returns it after Ctrl-C, or raises Abort
        errors.print("Interrupted; what was computed is kept, run the same command to go on.")
    return int(code or OK)


def _common_first(arguments: Sequence[str]) -> list[str]:
    """Move the options of all commands, which may be written anywhere, to where they are read."""
    options = {"--quiet", "-q", "--json"}
    own = list(arguments)
    end = own.index("--") if "--" in own else len(own)
    common = [item for item in own[:end] if item in options]
    return common + [item for item in own[:end] if item not in options] + own[end:]
