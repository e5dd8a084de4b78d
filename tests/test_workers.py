"""joblib's remark about a worker it has replaced never reaches a user."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from contextlib import nullcontext
from joblib import Parallel, delayed
from dlr.workers import replaced_quietly

kept = []

def grow(number):
    import joblib.externals.loky.process_executor as executor
    import time, warnings
    executor._MAX_MEMORY_LEAK_SIZE, executor._MEMORY_LEAK_CHECK_DELAY = 1_000_000, 0.0
    kept.append(bytearray(30_000_000))
    time.sleep(0.05)
    return number

with replaced_quietly() if sys.argv[1] == "quiet" else nullcontext():
    assert list(Parallel(2, return_as="generator")(delayed(grow)(n) for n in range(16))) == [
        *range(16)
    ]
"""


@pytest.mark.parametrize("how", ["quiet", "plain"])
def test_a_worker_that_grows_is_replaced_quietly(tmp_path: Path, how: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), how], capture_output=True, text=True, check=True, timeout=120
    )
    assert ("A worker stopped" in done.stderr) == (how == "plain")
