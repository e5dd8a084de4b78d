"""Images worked through by a Dask cluster: ``--scheduler ADDRESS``.

The workers put what they compute into the cache, which lies on a folder that all machines see
under the same path; over the network go only file names and reasons of failure. Dask hands the
tasks of a dead worker to another one. Of a task that was on several workers when they died, each
ROI is tried once more at the very end, one after the other with the cluster for itself, since Dask
suspects also those that merely waited there; the one that ends workers again is listed as failed.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlr.config import StudyConfig
from dlr.errors import DlrError, MissingDependencyError, StorageError
from dlr.features.cache import Cache
from dlr.features.execution import Execution
from dlr.features.supervisor import Supervisor
from dlr.features.supervisor_wire import (
    decode_job,
    decode_task,
    encode_job,
    encode_task,
    read_result,
    result_content,
)
from dlr.features.worker import ImageProcessor, ImageTask, RoiResult, failed_result
from dlr.safe_files import write_atomically

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_S = 20
"""Seconds in which the scheduler has to answer."""

TASKS_AHEAD = 4
"""Tasks handed to the cluster for each of its threads: memory here does not grow with a cohort."""

RECOUNT_S = 5
"""Seconds between two counts of the cluster's threads."""

_LOG = logging.getLogger("dlr")
_kept = threading.local()  # of a thread of a Dask worker: its supervisor


def run_on_cluster(
    config: StudyConfig, cache: Cache, tasks: Iterable[ImageTask], execution: Execution
) -> Iterator[RoiResult]:
    """Process images on the workers of a Dask cluster; results come as they are ready.

    Parameters
    ----------
    config : StudyConfig
    cache : Cache
        In a folder that this machine and all workers see under the same path.
    tasks : iterable of ImageTask
    execution : Execution
        With the scheduler's address, and the limits of one ROI.

    Raises
    ------
    MissingDependencyError
        If Dask is not installed.
    DlrError
        If the scheduler does not answer, a worker runs another version of dlr or does not see the
        cache's folder.
    StorageError
        If a worker cannot write the cache.
    """
    marker = cache.folder.absolute() / f".run-{uuid.uuid4().hex}"
    write_atomically(marker, b"")
    with _client(str(execution.scheduler)) as client:
        try:
            yield from _Run(client, encode_job(config, cache), str(marker), execution).run(tasks)
        finally:
            marker.unlink(missing_ok=True)


def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise MissingDependencyError.of("a Dask cluster", "distributed", "cluster") from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise DlrError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}); start one with "
            "'dask scheduler' and give its address as tcp://HOST:8786"
        ) from None
    if not client.ncores():
        _LOG.warning("The scheduler at %s has no workers yet; waiting for them.", address)
    return client


class _Run:
    """Hands out the tasks of one run and collects the results."""

    def __init__(self, client: Client, job: str, marker: str, execution: Execution) -> None:
        self._client = client
        self._job = job
        self._marker = marker
        self._limits = (execution.case_timeout_s, execution.case_memory_gb)
        self._task_of: dict[str, ImageTask] = {}
        self._suspects: deque[ImageTask] = deque()
        self._n_ahead, self._ahead_until = 0, 0.0

    def run(self, tasks: Iterable[ImageTask]) -> Iterator[RoiResult]:
        from distributed import as_completed

        waiting = iter(tasks)
        running = as_completed(loop=self._client.loop)
        while True:
            while len(self._task_of) < self._ahead() and (task := next(waiting, None)) is not None:
                running.add(self._submit(task))
            alone = not self._task_of
            if alone and not self._suspects:
                return
            if alone:
                running.add(self._submit(self._suspects.popleft()))
            yield from self._collect(next(running), alone)

    def _ahead(self) -> int:
        """Return how many tasks the cluster may hold; workers come and go."""
        if time.monotonic() > self._ahead_until:
            self._ahead_until = time.monotonic() + RECOUNT_S
            self._n_ahead = TASKS_AHEAD * max(sum(self._client.ncores().values()), 1)
        return self._n_ahead

    def _submit(self, task: ImageTask) -> Future:
        arguments = (self._job, encode_task(task), self._marker, self._limits, version("dlr"))
        future = self._client.submit(process_on_worker, *arguments, pure=False)
        self._task_of[str(future.key)] = task
        return future

    def _collect(self, future: Future, alone: bool) -> Iterator[RoiResult]:
        """Return what a task gave; `alone`: it is a suspect and the cluster did nothing else."""
        from distributed import KilledWorker

        task = self._task_of.pop(str(future.key))
        try:
            found = future.result()
        except KilledWorker as error:
            if not alone:
                self._suspects.extend(ImageTask(task.image, (roi,)) for roi in task.rois)
                return
            n_ended = error.allowed_failures + 1
            workers = "1 worker of the cluster" if n_ended == 1 else f"{n_ended} workers in a row"
            reason = f"ended {workers} that did nothing else; see the log of the Dask workers"
            yield failed_result(task.rois[0], reason)
        except ImportError as error:
            raise DlrError(
                f"a worker of the cluster cannot run dlr ({error}); install the same version of "
                "dlr on all machines"
            ) from None
        except (CancelledError, OSError):
            raise DlrError(
                "the Dask scheduler was lost or restarted; what was computed is kept, and the same "
                "command goes on"
            ) from None
        else:
            yield from (read_result(content) for content in found)


def process_on_worker(
    job: str, task: str, marker: str, limits: tuple[float | None, float | None], expected: str
) -> list[dict[str, Any]]:
    """Process one image; runs on a worker of the cluster.

    Parameters
    ----------
    job, task : str
        See :mod:`dlr.features.supervisor_wire`.
    marker : str
        A file that is there when the worker sees the cache's folder.
    limits : tuple of (float or None, float or None)
        Seconds and 10^9 bytes of one ROI; with any, a process of its own does the work.
    expected : str
        The version of dlr that this has to be.

    Returns
    -------
    list of dict
        Results as JSON holds them, in the order of the task's ROIs where there are no limits.

    Raises
    ------
    DlrError
        If the worker does not see the folder or runs another version.
    """
    here = socket.gethostname()
    if version("dlr") != expected:
        raise DlrError(
            f"the Dask worker on {here} runs dlr {version('dlr')}, but {expected} is needed; "
            "install the same version on all machines"
        )
    folder = Path(marker).parent
    if not Path(marker).exists():
        raise StorageError(
            f"the Dask worker on {here} does not see the folder {folder}; choose a --work folder "
            "that all machines see under the same path"
        )
    image_task = decode_task(task)
    if limits == (None, None):
        results = _processor(job)(image_task)
    else:
        results = list(_supervisor(job, limits).run([image_task]))
    return [result_content(result) for result in results]


@lru_cache(maxsize=4)
def _processor(job: str) -> ImageProcessor:
    return decode_job(job)


def _supervisor(job: str, limits: tuple[float | None, float | None]) -> Supervisor:
    """Return the supervisor of this thread, whose process waits between two tasks."""
    known = getattr(_kept, "supervisor", None)
    if known is not None and known[0] == (job, limits):
        supervisor: Supervisor = known[1]
        return supervisor
    if known is not None:
        known[1].close()
    processor = decode_job(job)
    execution = Execution(case_timeout_s=limits[0], case_memory_gb=limits[1])
    supervisor = Supervisor(processor.config, processor.cache, execution)
    _kept.supervisor = ((job, limits), supervisor)
    return supervisor
