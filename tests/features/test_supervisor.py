"""Whatever a worker process does, every ROI comes back once, and only what cannot be done fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from dlr.config import StudyConfig
from dlr.errors import DlrError, StorageError
from dlr.features import supervisor as module
from dlr.features.cache import Cache
from dlr.features.execution import Execution
from dlr.features.supervisor import Supervisor
from dlr.features.supervisor_interrupt import Interrupted
from dlr.features.supervisor_wire import (
    Message,
    decode_job,
    decode_task,
    encode_job,
    encode_task,
    read_result,
    result_content,
)
from dlr.features.worker import FEATURE, Failure, ImageTask, RoiRequest, RoiResult, failed_result

STUB = (sys.executable, "-S", "-E", str(Path(__file__).with_name("stub_worker.py")))
CONFIG = StudyConfig.model_validate(
    {
        "name": "stub",
        "images": "images.csv",
        "clinical": "clinical.csv",
        "outcome": {"column": "outcome", "positive": "1"},
        "views": {"sag": {}},
        "radiomics": {"parameters": "original"},
        "embedding": None,
    }
)


def roi(case: str) -> RoiRequest:
    return RoiRequest(case, "sag", "first", f"{case}_mask.nii", "1", "")


def task(*cases: str) -> ImageTask:
    return ImageTask(f"{cases[0]}.nii", tuple(roi(case) for case in cases))


def attempts(folder: Path) -> Counter[str]:
    lines = (folder / "attempts.txt").read_text().splitlines()
    return Counter(line.rsplit(" ", 1)[0] for line in lines)


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.is_running() and "stub_worker.py" in " ".join(child.cmdline())
    ]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[object]:
    """Give a function that runs tasks with the stub; no process may be left at the end."""

    def run(
        tasks: Sequence[ImageTask], command: Sequence[str] = STUB, **limits: float
    ) -> dict[str, RoiResult]:
        execution = Execution(int(limits.pop("workers", 2)), **limits)
        with Supervisor(CONFIG, Cache(tmp_path / "cache"), execution, command) as supervisor:
            results = list(supervisor.run(tasks))
        found = {result.request.case_id: result for result in results}
        assert len(found) == len(results)  # every ROI once
        return found

    yield run
    assert not children()


def test_all_rois_come_back_once_from_no_more_processes_than_allowed(
    supervise, tmp_path: Path
) -> None:
    tasks = [task(f"fine-{number}", f"fine-{number}b") for number in range(12)]
    found = supervise(tasks, workers=2)
    assert set(found) == {r.case_id for item in tasks for r in item.rois}
    assert not any(result.failures for result in found.values())
    lines = (tmp_path / "attempts.txt").read_text().splitlines()
    assert len({line.rsplit(" ", 1)[1] for line in lines}) <= 2


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("segfault-1", "killed by signal 11 (segmentation fault) twice"),
        ("exit-1", "ended with exit code 7 twice"),
        ("half-1", "ended with exit code 7 twice"),
    ],
)
def test_an_roi_that_ends_two_processes_fails_alone(
    supervise, tmp_path: Path, case: str, reason: str
) -> None:
    found = supervise([task("fine-1", case, "fine-2"), task("fine-3"), task("fine-4")])
    assert reason in found.pop(case).failures[0].reason
    assert set(found) == {"fine-1", "fine-2", "fine-3", "fine-4"}
    assert not any(result.failures for result in found.values())
    counted = attempts(tmp_path)
    assert counted.pop(case) == 2
    assert set(counted.values()) == {1}  # nothing that was done is done again


def test_the_second_attempt_comes_last_and_may_succeed(supervise, tmp_path: Path) -> None:
    found = supervise([task("segfault once-1", "fine-1"), task("fine-2"), task("fine-3")])
    assert not any(result.failures for result in found.values())
    lines = (tmp_path / "attempts.txt").read_text().splitlines()
    assert lines[-1].startswith("segfault once-1 ")
    pids = [line.rsplit(" ", 1)[1] for line in lines]
    assert pids[-1] not in pids[:-1]


def test_an_roi_that_hangs_is_given_up_after_its_time_and_not_tried_again(
    supervise, tmp_path: Path
) -> None:
    begin = time.monotonic()
    found = supervise([task("hang-1", "fine-1"), task("fine-2")], case_timeout_s=0.5)
    assert time.monotonic() - begin < 10
    assert "took longer than 0.5 s" in found.pop("hang-1").failures[0].reason
    assert not any(result.failures for result in found.values())
    assert attempts(tmp_path)["hang-1"] == 1


def test_the_time_is_that_of_one_roi_not_of_its_image(supervise) -> None:
    found = supervise([task("slow-1", "slow-2", "slow-3", "slow-4")], case_timeout_s=0.9)
    assert not any(result.failures for result in found.values())


def test_an_roi_that_outgrows_the_memory_guard_fails_and_one_that_does_once_does_not(
    supervise, tmp_path: Path
) -> None:
    found = supervise(
        [task("swell-1", "fine-1"), task("swell once-1"), task("fine-2")], case_memory_gb=0.2
    )
    assert "more than 0.2 GB of memory twice" in found.pop("swell-1").failures[0].reason
    assert set(found) == {"fine-1", "fine-2", "swell once-1"}
    assert not any(result.failures for result in found.values())
    assert attempts(tmp_path)["swell once-1"] == 2


def test_the_largest_process_ends_when_the_machine_runs_short(
    supervise, monkeypatch: pytest.MonkeyPatch
) -> None:
    def machine() -> SimpleNamespace:
        sizes = [child.memory_info().rss for child in children()]
        return SimpleNamespace(total=100, available=1 if max(sizes, default=0) > 2e8 else 50)

    monkeypatch.setattr(module.psutil, "virtual_memory", machine)
    found = supervise([task("swell once-1"), *(task(f"slow-{n}") for n in range(4))])
    assert not any(result.failures for result in found.values())


def test_a_process_that_cannot_be_killed_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[subprocess.Popen[bytes]] = []
    with monkeypatch.context() as patched:  # so does one that waits for a share that is gone
        patched.setattr(subprocess.Popen, "kill", lambda process: killed.append(process))
        patched.setattr("dlr.features.supervisor_process.GONE_S", 0.2)
        execution = Execution(2, case_timeout_s=0.3)
        with Supervisor(CONFIG, Cache(tmp_path / "cache"), execution, STUB) as supervisor:
            tasks = [task("hang-1", "fine-1"), *(task(f"fine-{n}") for n in range(2, 6))]
            found = {result.request.case_id: result for result in supervisor.run(tasks)}
    for process in set(killed):
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            pipe.close()  # type: ignore[union-attr]
    assert "took longer than 0.3 s" in found.pop("hang-1").failures[0].reason
    assert set(found) == {f"fine-{n}" for n in range(1, 6)}
    assert not any(result.failures for result in found.values())


def test_processes_that_never_start_end_the_run_with_a_sentence(supervise) -> None:
    with pytest.raises(DlrError, match=r"no worker process could be started.*--workers 1"):
        supervise([task("fine-1")], (sys.executable, "-S", "-c", "raise SystemExit(3)"))


def test_a_full_disk_ends_the_run(supervise) -> None:
    with pytest.raises(StorageError, match="the disk is full"):
        supervise([task("fine-1"), task("full-1"), task("slow-1"), task("slow-2")])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGBUS])
def test_a_process_that_is_killed_costs_nothing(supervise, tmp_path: Path, number: int) -> None:
    def kill_first() -> None:
        path = tmp_path / "attempts.txt"
        while not path.exists() or "slow-1 " not in path.read_text():
            time.sleep(0.005)
        os.kill(int(path.read_text().split("slow-1 ")[1].split()[0]), number)

    killer = threading.Thread(target=kill_first)
    killer.start()
    found = supervise([task("slow-1", "slow-2"), task("slow-3")])
    killer.join()
    assert len(found) == 3
    assert not any(result.failures for result in found.values())


def interrupt_at(folder: Path, case: str, times: int) -> threading.Thread:
    """Press Ctrl-C once a case has begun."""

    def press() -> None:
        path = folder / "attempts.txt"
        while not path.exists() or f"{case} " not in path.read_text():
            time.sleep(0.005)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def test_ctrl_c_lets_running_cases_finish(tmp_path: Path) -> None:
    done: list[RoiResult] = []
    with Supervisor(CONFIG, Cache(tmp_path / "cache"), Execution(2), STUB) as supervisor:
        presser = interrupt_at(tmp_path, "slow-0", times=1)
        with pytest.raises(Interrupted, match=r"ROIs are done and kept.*the same command goes on"):
            done.extend(supervisor.run([task(f"slow-{n}") for n in range(30)]))
        presser.join()
    assert {result.request.case_id for result in done} == set(
        attempts(tmp_path)
    )  # what had begun is done
    assert 0 < len(done) < 30
    assert not children()


def test_ctrl_c_twice_stops_at_once(tmp_path: Path) -> None:
    begin = time.monotonic()
    with Supervisor(CONFIG, Cache(tmp_path / "cache"), Execution(2), STUB) as supervisor:
        presser = interrupt_at(tmp_path, "hang-0", times=2)
        with pytest.raises(Interrupted, match="every case that was finished is kept"):
            list(supervisor.run([task("hang-0")]))
        presser.join()
    assert time.monotonic() - begin < 10
    assert not children()


def test_everything_said_survives_the_wire(tmp_path: Path) -> None:
    item = task("a-ü", "b")
    assert decode_task(encode_task(item)) == item
    processor = decode_job(encode_job(CONFIG, Cache(tmp_path)))
    assert (processor.config, processor.cache) == (CONFIG, Cache(tmp_path))
    failures = (Failure("rad", FEATURE, "line\nend"),)
    result = RoiResult(roi("a"), {"rad": "key"}, "crop", failures, True, 2)
    message = Message("result", result_content(result))
    assert read_result(Message.decode(message.encode()).content) == result
    assert message.encode().count(b"\n") == 1
    failed = failed_result(roi("b"), "why")
    assert read_result(result_content(failed)) == failed
