"""A worker process that speaks the supervisor's language, does nothing, and misbehaves on demand.

What it does with an ROI is the ROI's ``case_id`` up to the first ``-``. It imports nothing of dlr,
so it starts at once. ``attempts.txt`` beside the cache's folder tells who was at which ROI.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path


def say(kind: str, **content: object) -> None:
    sys.stdout.write(json.dumps({"kind": kind, "content": content}) + "\n")
    sys.stdout.flush()


def attempt(folder: Path, case: str) -> int:
    """Note an attempt at a case; return how many there were."""
    with (folder / "attempts.txt").open("a") as stream:
        stream.write(f"{case} {os.getpid()}\n")
    return (folder / "attempts.txt").read_text().count(f"{case} ")


def process(roi: dict[str, str], folder: Path) -> None:
    behaviour, case = roi["case_id"].split("-")[0], roi["case_id"]
    number = attempt(folder, case)
    if behaviour == "segfault" or (behaviour == "segfault once" and number == 1):
        os.kill(os.getpid(), signal.SIGSEGV)
    elif behaviour == "exit":
        sys.exit(7)
    elif behaviour == "half":
        sys.stdout.write('{"kind": "result", "cont')
        sys.exit(7)
    elif behaviour == "hang":
        time.sleep(60)
    elif behaviour == "swell" or (behaviour == "swell once" and number == 1):
        swollen = bytearray(os.urandom(1024) * 300_000)
        time.sleep(60)
        del swollen
    elif behaviour == "slow":
        time.sleep(0.3)
    elif behaviour == "full":
        say("fatal", reason="the disk is full")
        return
    say(
        "result",
        request=roi,
        measured_keys={"rad": case},
        crop_key=None,
        failures=[],
        from_cache=False,
        n_damaged=0,
    )


def main() -> None:
    folder = Path(json.loads(sys.stdin.readline())["cache"]).parent
    say("ready")
    for line in sys.stdin:
        for roi in json.loads(line)["rois"]:
            process(roi, folder)
        say("done")


if __name__ == "__main__":
    main()
