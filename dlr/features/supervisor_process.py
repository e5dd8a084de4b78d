"""One worker process as the supervisor sees it: its pipe, its task, its memory, its end."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import psutil

from dlr.features.supervisor_wire import Message, encode_task
from dlr.features.worker import ImageTask, RoiRequest

# "-P": a file in the current folder that is called like a module is not taken for it.
WORKER_COMMAND = (sys.executable, "-P", "-m", "dlr.features.supervisor_worker")

GONE_S = 10.0
"""Seconds within which a killed process has to be gone. One that waits for a network share that
has vanished cannot be killed by anybody: the run goes on without it."""

_SINGLE_THREADED = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)

_MEANINGS = {
    "SIGSEGV": "segmentation fault",
    "SIGBUS": "bus error",
    "SIGABRT": "abort",
    "SIGFPE": "arithmetic error",
    "SIGILL": "illegal instruction",
    "SIGKILL": "killed from outside, as the system does when memory runs out",
    "SIGTERM": "ended from outside",
}


class WorkerProcess:
    """A process that works through one task at a time.

    Parameters
    ----------
    job : str
        What is the same for all tasks; see :func:`dlr.features.supervisor_wire.encode_job`.
    events : queue.Queue
        Gets ``(this, message)`` for each message, and ``(this, None)`` when the process has ended.
    command : sequence of str
    """

    def __init__(
        self,
        job: str,
        events: queue.Queue[tuple[WorkerProcess, Message | None]],
        command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        self.task: ImageTask | None = None
        self.alone = False  # whether its task is a second attempt
        self.ready = False
        self.verdict = ""  # why the supervisor ended it
        self.convicted: RoiRequest | None = None  # at which ROI it did
        self._n_done = 0
        self._since = time.monotonic()
        self._killed_at: float | None = None
        self._popen = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            # Ctrl-C reaches the supervisor only, which lets running cases finish.
            process_group=0 if os.name == "posix" else None,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._reader = threading.Thread(target=self._read, args=(events,), daemon=True)
        self._reader.start()
        self._write(job)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._popen.pid

    @property
    def busy(self) -> bool:
        """Whether it has a task."""
        return self.task is not None

    def start(self, task: ImageTask, alone: bool = False) -> None:
        """Hand over a task."""
        self.task, self.alone, self._n_done = task, alone, 0
        self._since = time.monotonic()
        self._write(encode_task(task))

    def roi_done(self) -> None:
        """Note that the next ROI of the task is done."""
        self._n_done += 1
        self._since = time.monotonic()

    def note_ready(self) -> None:
        """Note that it has started; the clock of its first ROI starts now."""
        self.ready = True
        self._since = time.monotonic()

    def seconds_on_roi(self) -> float:
        """Return for how long it has been at the same ROI; 0 without a task."""
        return time.monotonic() - self._since if self.busy and self.ready else 0.0

    def current_roi(self) -> RoiRequest | None:
        """Return the ROI it is at."""
        if self.task is None or self._n_done >= len(self.task.rois):
            return None
        return self.task.rois[self._n_done]

    def rois_ahead(self) -> tuple[RoiRequest, ...]:
        """Return the ROIs of its task that it has not begun."""
        return () if self.task is None else self.task.rois[self._n_done + 1 :]

    def memory_bytes(self) -> int:
        """Return its resident memory; 0 when it has ended."""
        try:
            process = psutil.Process(self.pid)
            # In a virtual environment of Windows the process started is a launcher of another.
            family = [process, *process.children(recursive=True)] if os.name == "nt" else [process]
            return sum(item.memory_info().rss for item in family)
        except psutil.Error:
            return 0

    def kill(self, verdict: str = "") -> None:
        """End it at once; `verdict` is the reason to be reported."""
        if not self.verdict:
            self.verdict, self.convicted = verdict, self.current_roi()
        if self._killed_at is None:
            self._killed_at = time.monotonic()
        self._popen.kill()

    @property
    def stuck(self) -> bool:
        """Whether it was killed and does not go."""
        return self._killed_at is not None and time.monotonic() - self._killed_at > GONE_S

    def wait(self) -> bool:
        """Wait until it is gone, and tell whether it is; what it said last is still to be read."""
        try:
            self._popen.wait(0 if self.stuck else GONE_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End it and wait until it is gone."""
        self._popen.kill()
        if not self.wait():
            return  # its pipes stay open: closing them could wait for the process
        self._reader.join()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # closing flushes what the process did not read

    def ending(self) -> str:
        """Say how the process ended; it has to have ended."""
        return self.verdict or _describe_exit(self._popen.wait())

    def _write(self, line: str) -> None:
        stdin = self._popen.stdin
        if stdin is None:
            return
        try:
            stdin.write(line.encode() + b"\n")
            stdin.flush()
        except (BrokenPipeError, OSError):
            return  # it has died, which the reader tells

    def _read(self, events: queue.Queue[tuple[WorkerProcess, Message | None]]) -> None:
        for line in self._popen.stdout or ():
            if line.endswith(b"\n"):  # a process that dies may leave half a line
                events.put((self, Message.decode(line)))
        events.put((self, None))


def _environment() -> dict[str, str]:
    """Return the environment of a worker: one thread for each, and the caller's modules."""
    threads = dict.fromkeys(_SINGLE_THREADED, "1")
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return {**os.environ, **threads, "PYTHONPATH": path}


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"the process ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = ""
    return f"the process was killed by signal {-code} ({_MEANINGS.get(name, name or 'unknown')})"
