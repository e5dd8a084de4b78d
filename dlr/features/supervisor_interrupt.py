"""Ctrl-C while cases are processed: once lets the running ones finish, twice stops at once."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LOG = logging.getLogger("dlr")


class Interrupted(KeyboardInterrupt):
    """The user stopped the work; the message says what is kept and how to go on.

    It is logged as well: what catches a KeyboardInterrupt seldom shows its message.
    """

    def __init__(self, message: str) -> None:
        _LOG.warning(message)
        super().__init__(message)


class StopRequest:
    """Whether the user asked to stop."""

    def __init__(self) -> None:
        self.made = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Take note of Ctrl-C."""
        if self.made:
            raise Interrupted(
                "Stopped at once; every case that was finished is kept, the same command goes on."
            )
        self.made = True
        _LOG.warning("Finishing the running cases; press Ctrl-C again to stop at once.")


@contextmanager
def stop_on_interrupt() -> Iterator[StopRequest]:
    """Catch Ctrl-C within the block; outside the main thread Python sends it nowhere else."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = signal.signal(signal.SIGINT, request)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, before)
