"""The two experiments run in small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def run_small(name: str, root: Path, out: Path) -> dict[str, object]:
    """Run an experiment's script and return its results."""
    command = [sys.executable, str(EXPERIMENTS / name / "run.py"), "--small"]
    done = subprocess.run(
        [*command, "--root", str(root), "--out", str(out)],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, object] = json.loads((out / "results.json").read_text())
    return found


@pytest.mark.slow
@pytest.mark.real_data
def test_radiographs_by_level_and_chest_radiographs(data_root, tmp_path):
    results = run_small("hnp_radiographs", data_root, tmp_path)
    assert set(results["radiographs (simulated)"]) == {"any", "by_level", "multitask", "maps"}
    assert "simulated data" in (tmp_path / "by_level" / "report.html").read_text()
    assert list((tmp_path / "multitask" / "cam").glob("*.png"))


@pytest.mark.slow
@pytest.mark.real_data
def test_networks_on_discs_with_simulated_readers(data_root, tmp_path):
    results = run_small("disc_cnn_comparison", data_root, tmp_path)
    assert "ResNet34 and simulated readers" in results["severe_degeneration"]
    page = (tmp_path / "severe_degeneration" / "report.html").read_text()
    assert "The readers are simulated" in page
