"""What supervisor and worker processes tell each other: JSON, one message a line, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlr.config import StudyConfig
from dlr.features.cache import Cache
from dlr.features.worker import Failure, ImageProcessor, ImageTask, RoiRequest, RoiResult

READY, RESULT, DONE, FATAL = "ready", "result", "done", "fatal"
"""Kinds of message of a worker process."""


@dataclass(frozen=True)
class Message:
    """What a worker process says.

    Parameters
    ----------
    kind : str
        ``"ready"``: started. ``"result"``: one ROI is done, in the order of its task. ``"done"``:
        the task is. ``"fatal"``: nothing can be stored, the run has to stop.
    content : mapping
        The ROI's result, or ``reason`` of what is fatal.
    """

    kind: str
    content: Mapping[str, Any]

    def encode(self) -> bytes:
        """Return the message as a line."""
        return json.dumps({"kind": self.kind, "content": dict(self.content)}).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Message:
        """Read a line."""
        return cls(**json.loads(line))


def encode_job(config: StudyConfig, cache: Cache) -> str:
    """Return, as one line, what is the same for all tasks of a run."""
    settings = config.model_dump(mode="json")
    folder = str(cache.folder.absolute())
    return json.dumps({"config": settings, "cache": folder, "opened": cache.opened})


def decode_job(text: str | bytes) -> ImageProcessor:
    """Return the processor of a run."""
    job = json.loads(text)
    cache = Cache(Path(job["cache"]), job["opened"])
    return ImageProcessor(StudyConfig.model_validate(job["config"]), cache)


def encode_task(task: ImageTask) -> str:
    """Return a task as one line."""
    return json.dumps(asdict(task))


def decode_task(text: str | bytes) -> ImageTask:
    """Read a task."""
    task = json.loads(text)
    return ImageTask(task["image"], tuple(RoiRequest(**roi) for roi in task["rois"]))


def result_content(result: RoiResult) -> dict[str, Any]:
    """Return a result as JSON holds it."""
    return asdict(result)


def read_result(content: Mapping[str, Any]) -> RoiResult:
    """Return the result that :func:`result_content` wrote."""
    failures = tuple(Failure(**failure) for failure in content["failures"])
    request = RoiRequest(**content["request"])
    return RoiResult(**{**content, "request": request, "failures": failures})
