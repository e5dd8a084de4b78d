"""A real worker process that misbehaves at the cases named in ``faults.json`` beside the cache.

The file holds an object of case, or case/reader, to behaviour: ``"segfault"``, ``"abort"``,
``"hang"``, ``"swell"``, ``"raise"`` or ``"chatter"``; with `` once`` behind it the second attempt
goes well.
"""

from __future__ import annotations

import faulthandler
import json
import os
import time
from typing import Any

from dlr.features.supervisor_worker import main
from dlr.features.worker import ImageProcessor, RoiRequest

_sound = ImageProcessor._process_readable


def faulty(self: ImageProcessor, source: Any, roi: RoiRequest) -> Any:
    work = self.cache.folder.parent
    planted = json.loads((work / "faults.json").read_text())
    behaviour = planted.get(f"{roi.case_id}/{roi.reader}", planted.get(roi.case_id, ""))
    if behaviour.endswith(" once"):
        attempted = work / f"{roi.case_id}.attempted"
        behaviour = "" if attempted.exists() else behaviour.removesuffix(" once")
        attempted.touch()
    misbehave(behaviour)
    return _sound(self, source, roi)


def misbehave(behaviour: str) -> None:
    if behaviour == "segfault":
        faulthandler._sigsegv()  # type: ignore[attr-defined]
    elif behaviour == "abort":
        os.abort()
    elif behaviour == "hang":
        time.sleep(60)
    elif behaviour == "swell":
        swollen = bytearray(os.urandom(1024) * 900_000)
        time.sleep(60)
        del swollen
    elif behaviour == "raise":
        raise RuntimeError("a defect\nof an engine")
    elif behaviour == "chatter":
        os.write(1, b"a library that prints\n")


def dask_setup(_worker: object) -> None:
    """Make a Dask worker that preloads this file misbehave, too."""
    ImageProcessor._process_readable = faulty  # type: ignore[method-assign]


if __name__ == "__main__":
    dask_setup(None)
    main()
