"""Works through images in processes that may die, hang or swell without harm to the batch.

Every process has one image at a time and tells of each ROI as it is done. When it dies, what was
done is kept, what it had not begun goes to another process, and the ROI it was at is tried once
more at the very end: by a fresh process, with the machine for itself. So an ROI is lost only when
it ends two processes by itself, or takes longer than the limit.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import psutil

from dlr.config import StudyConfig
from dlr.errors import DlrError, StorageError
from dlr.features.cache import Cache
from dlr.features.execution import Execution
from dlr.features.supervisor_interrupt import Interrupted, StopRequest, stop_on_interrupt
from dlr.features.supervisor_process import WORKER_COMMAND, WorkerProcess
from dlr.features.supervisor_wire import (
    DONE,
    FATAL,
    READY,
    RESULT,
    Message,
    encode_job,
    read_result,
)
from dlr.features.worker import ImageTask, RoiRequest, RoiResult, failed_result

POLL_S = 0.1
"""Seconds between two looks at limits."""

START_ATTEMPTS = 3
"""So many processes in a row that die before they are ready end the run."""

LOW_MEMORY = 0.04
"""Share of the machine's memory: with less left, the largest of several processes is ended."""


class Supervisor:
    """Hands out images to worker processes and outlives them.

    Parameters
    ----------
    config : StudyConfig
    cache : Cache
        Where the processes put what they compute.
    execution : Execution
        How many processes, and the limits of one ROI.
    command : sequence of str
        Starts a worker process.
    """

    def __init__(
        self,
        config: StudyConfig,
        cache: Cache,
        execution: Execution,
        command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        self._job = encode_job(config, cache)
        self._cache = cache
        self._execution = execution
        self._command = command
        self._events: queue.Queue[tuple[WorkerProcess, Message | None]] = queue.Queue()
        self._processes: list[WorkerProcess] = []
        self._waiting: deque[ImageTask] = deque()
        self._again: deque[ImageTask] = deque()
        self._endings: dict[tuple[str, RoiRequest], str] = {}  # of first attempts
        self._failed_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes; none is left behind."""
        for process in self._processes:
            process.close()
        self._processes.clear()

    def run(self, tasks: Iterable[ImageTask]) -> Iterator[RoiResult]:
        """Process images; results come as they are ready.

        Raises
        ------
        StorageError
            If the cache cannot be written.
        DlrError
            If no worker process can be started.
        Interrupted
            After Ctrl-C, when the running cases are done; a second one stops at once.
        """
        self._waiting, self._again = deque(tasks), deque()
        self._endings.clear()
        n_done = 0
        try:
            with stop_on_interrupt() as stop:
                while self._hand_out(stop):
                    for result in self._listen():
                        n_done += 1
                        yield result
                    self._enforce_limits()
                if stop.made:
                    raise Interrupted(self._farewell(n_done))
        except BaseException:
            self.close()
            raise

    def _farewell(self, n_done: int) -> str:
        left = sum(len(task.rois) for task in (*self._waiting, *self._again))
        return (
            f"Interrupted: {n_done} ROIs are done and kept in {self._cache.folder}, {left} are "
            "left; the same command goes on with them."
        )

    def _hand_out(self, stop: StopRequest) -> bool:
        """Give tasks to whoever is free; tell whether anything is left to wait for."""
        busy = any(process.busy for process in self._processes)
        if stop.made:
            return busy
        while self._waiting:
            process = self._idle()
            if process is None:
                return True
            process.start(self._waiting.popleft())
        if busy or any(process.busy for process in self._processes):
            return True
        if not self._again:
            return False
        self.close()  # the second attempt has the machine for itself
        self._start_process().start(self._again.popleft(), alone=True)
        return True

    def _idle(self) -> WorkerProcess | None:
        """Return a free process, a new one where there may be more."""
        for process in self._processes:
            if not process.busy:
                return process
        if len(self._processes) < self._execution.workers:
            return self._start_process()
        return None

    def _start_process(self) -> WorkerProcess:
        process = WorkerProcess(self._job, self._events, self._command)
        self._processes.append(process)
        return process

    def _listen(self) -> Iterator[RoiResult]:
        """Wait a moment for a message and act on it."""
        try:
            process, message = self._events.get(timeout=POLL_S)
        except queue.Empty:
            return
        if process not in self._processes:
            return  # a last word of one that was closed
        if message is None:
            yield from self._bury(process)
        elif message.kind == READY:
            process.note_ready()
            self._failed_starts = 0
        elif message.kind == RESULT:
            process.roi_done()
            yield read_result(message.content)
        elif message.kind == DONE:
            process.task = None
        elif message.kind == FATAL:
            raise StorageError(message.content["reason"])

    def _bury(self, process: WorkerProcess) -> Iterator[RoiResult]:
        """Save what a dead process left undone, and judge the ROI it was at."""
        ending = process.ending()
        self._processes.remove(process)
        process.close()
        if not process.ready:
            self._note_failed_start(ending)
            if process.task is not None:
                (self._again if process.alone else self._waiting).appendleft(process.task)
            return
        roi, ahead = process.current_roi(), process.rois_ahead()
        if process.task is None or roi is None:
            return
        image = process.task.image
        if process.convicted not in (None, roi):
            ahead = (roi, *ahead)  # the convicted one was done before the blow fell
        if ahead:
            self._waiting.appendleft(ImageTask(image, ahead))
        if roi in ahead:
            return
        if ending == self._too_slow():
            yield failed_result(roi, ending)
        elif process.alone:
            first = self._endings.pop((image, roi), ending)
            twice = f"{ending} twice" if first == ending else f"{first}; then {ending}"
            yield failed_result(roi, f"{twice}, the second time in a fresh process")
        else:
            self._endings[image, roi] = ending
            self._again.append(ImageTask(image, (roi,)))

    def _note_failed_start(self, ending: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= START_ATTEMPTS:
            raise DlrError(
                f"no worker process could be started: {ending} before it was ready, "
                f"{START_ATTEMPTS} times; what it wrote above says why, and --workers 1 does "
                "without other processes"
            )

    def _too_slow(self) -> str:
        return (
            f"took longer than {self._execution.case_timeout_s:g} s and was given up; see whether "
            "image and ROI are what they should be, or raise --case-timeout"
            if self._execution.case_timeout_s is not None
            else ""
        )

    def _enforce_limits(self) -> None:
        """End the processes that took too long or too much."""
        seconds, memory = self._execution.case_timeout_s, self._execution.case_memory_gb
        busy = [process for process in self._processes if process.busy]
        for process in busy:
            if process.stuck:
                self._events.put((process, None))  # as good as dead
            elif seconds is not None and process.seconds_on_roi() > seconds:
                process.kill(self._too_slow())
            elif memory is not None and process.memory_bytes() > memory * 1e9:
                process.kill(f"the process needed more than {memory:g} GB of memory")
        # One that is only starting has nothing to give back: another program took the memory.
        at_work = [process for process in busy if process.ready]
        if len(at_work) > 1:
            machine = psutil.virtual_memory()
            if machine.available < LOW_MEMORY * machine.total:
                largest = max(at_work, key=WorkerProcess.memory_bytes)
                largest.kill("the process was ended because the machine's memory ran out")
                largest.wait()
