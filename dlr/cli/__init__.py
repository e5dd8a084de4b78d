"""The command line: a thin shell over the public functions."""

from __future__ import annotations

import signal
import sys

from dlr.cli.closing import INTERRUPTED


def main() -> None:
    """Run ``dlr``; the console script's entry point."""
    try:
        from dlr.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program was starting, or ending after another one
        code = INTERRUPTED
    if code == INTERRUPTED:  # it is on its way out: one more Ctrl-C must not look like a crash
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
