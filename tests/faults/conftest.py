"""A tiny study that every test may harm, and the numbers it has when nothing goes wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml

from dlr.cli.app import run
from dlr.cohort.simulation import write_tiny_cohort
from dlr.features import extraction
from dlr.features.supervisor import Supervisor
from dlr.study import Study

PATIENCE_S = 180.0


@dataclass
class Harmed:
    """A study in a folder of its own, and the commands that tests run on it."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def study(self) -> Path:
        return self.folder / "study.yaml"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def arguments(self, *more: str) -> list[str]:
        return ["extract", str(self.study), "--work", str(self.work), *more]

    def extract(self, *more: str) -> int:
        """Run ``dlr extract`` in this process; return its exit code."""
        return run(self.arguments(*more))

    def run(self, *arguments: str) -> int:
        """Run another command in this process."""
        return run(list(arguments))

    def start(self, *more: str, before: str = "") -> subprocess.Popen[str]:
        """Start ``dlr extract`` in a process of its own; `before` is code that runs first."""
        return self.start_command(self.arguments(*more), before)

    def start_command(self, arguments: Sequence[str], before: str = "") -> subprocess.Popen[str]:
        code = f"{before}\nfrom dlr.cli import main\nmain()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def resume(self, expected: pd.DataFrame) -> str:
        """Extract what is left, in this process; return the summary's sentence."""
        chosen = Study.from_yaml(self.study, self.work)
        table = chosen.extract(chosen.cohort())
        pd.testing.assert_frame_equal(table.values, expected, check_exact=True)
        assert table.failures.empty
        assert table.summary is not None
        return table.summary.describe()

    def entries(self) -> list[Path]:
        """Return the cache entries that are whole."""
        return [path for path in self.work.glob("cache/rad/*/*") if ".partial" not in path.name]

    def values(self) -> pd.DataFrame:
        return pd.read_parquet(self.work / "features.parquet")

    def failed(self) -> dict[str, str]:
        """Return the reason for each case of which nothing is there."""
        table = pd.read_csv(self.work / "failures.csv")
        table = table[table["level"] == "case"]
        return dict(zip(table["case_id"], table["reason"]))


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Harmed:
    """The study extracted without any fault."""
    path = write_tiny_cohort(tmp_path_factory.mktemp("sound") / "study", n_subjects=18)
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings |= {"embedding": None, "audit": None}
    settings["views"] = {"sag": settings["views"]["sag"]}
    settings["clinical_variables"] = {"age": settings["clinical_variables"]["age"]}
    settings["model"] |= {"algorithms": ["logistic"], "tune": False}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    study = Harmed(path.parent)
    assert study.extract() == 0
    return study


@pytest.fixture(scope="session")
def expected(sound: Harmed) -> pd.DataFrame:
    return sound.values()


@pytest.fixture
def study(sound: Harmed, tmp_path: Path) -> Iterator[Harmed]:
    """A copy of the study of which nothing was extracted yet; no process may be left of it."""
    copied = shutil.copytree(sound.folder, tmp_path / "s", ignore=shutil.ignore_patterns("work"))
    harmed = Harmed(copied)
    yield harmed
    for process in harmed.started:
        process.kill()
        process.communicate()
    # A worker's environment, not its command line, would name the folder: all are looked at.
    wait_until(lambda: not [child for child in psutil.Process().children() if is_worker(child)])


@pytest.fixture
def faulty(study: Harmed, monkeypatch: pytest.MonkeyPatch) -> Harmed:
    """The study with worker processes that heed ``faults.json``; see ``faulty_worker.py``."""
    command = (sys.executable, "-P", str(Path(__file__).with_name("faulty_worker.py")))
    monkeypatch.setattr(extraction, "Supervisor", partial(Supervisor, command=command))
    study.work.mkdir()
    return study


def is_worker(process: psutil.Process) -> bool:
    try:
        return "worker" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def wait_until(
    condition: Callable[[], object], process: subprocess.Popen[str] | None = None
) -> None:
    """Look again and again until something is so, as long as a process runs."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if process is not None and process.poll() is not None:
            pytest.fail(f"ended too early: {process.communicate()}")
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)
