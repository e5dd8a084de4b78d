"""The command line: a thin shell over the public functions."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``dlr``; the console script's entry point."""
    from dlr.cli.app import run

    sys.exit(run(sys.argv[1:]))
