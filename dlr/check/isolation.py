"""Images examined in other processes, one of which may die of an image without harm to the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from joblib import Parallel, delayed

from dlr.check.facts import RoiCheck
from dlr.features.worker import ImageTask

Examine = Callable[[ImageTask], list[RoiCheck]]

CRASHED = (
    "The program that reads images died of this one, also when it was tried by itself: the file"
    " is damaged, or memory ran out; write image and mask again from the program that made them."
)


def examine_each(
    examine: Examine, tasks: Sequence[ImageTask], workers: int
) -> Iterator[list[RoiCheck]]:
    """Examine images in parallel, in the order of `tasks`.

    Parameters
    ----------
    examine : callable
        Examines one image.
    tasks : sequence of ImageTask
    workers : int
        Processes. One is the calling process itself: a crash of compiled code then ends it.

    Yields
    ------
    list of RoiCheck
        What `examine` returns; where a process died of an ROI, its fault is `CRASHED`.
    """
    done = 0
    while done < len(tasks):
        try:
            parallel = Parallel(n_jobs=workers, return_as="generator", batch_size=1)
            for checks in parallel(delayed(examine)(task) for task in tasks[done:]):
                yield checks
                done += 1
        except BrokenProcessPool:
            # Any of those that were under way may have done it; later ones come round again.
            for task in tasks[done : done + workers]:
                yield _alone(examine, task)
                done += 1


def _alone(examine: Examine, task: ImageTask) -> list[RoiCheck]:
    """Examine one image with the machine for itself, ROI by ROI if it ends its process."""
    try:
        # Two, because one would be this very process.
        (checks,) = Parallel(n_jobs=2)([delayed(examine)(task)])
    except BrokenProcessPool:
        if len(task.rois) == 1:
            return [RoiCheck(task.rois[0], task.image, fault=CRASHED)]
        parts = (replace(task, rois=(roi,)) for roi in task.rois)
        return [check for part in parts for check in _alone(examine, part)]
    return list(checks)
