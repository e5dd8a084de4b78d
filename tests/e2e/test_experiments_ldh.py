"""Both lumbar disc herniation experiments, run small as their READMEs say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def run_small(name: str, out: Path, *arguments: str) -> dict:
    """Run an experiment in a process of its own, as a reader would; return its results."""
    command = [sys.executable, str(EXPERIMENTS / name / "run.py"), "--small", "--workers", "1"]
    done = subprocess.run(
        [*command, "--out", str(out), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_simulated_surgery_study_by_both_protocols(tmp_path: Path) -> None:
    results = run_small("ldh_surgery_dlrn", tmp_path)
    assert results["simulated"]
    assert set(results["table_4"]) == {
        "Clinic",
        "Rad_sag",
        "Rad_axi",
        "DL_sag",
        "DL_axi",
        "DLR",
        "Nomogram",
    }
    sound, published = (results["protocols"][name] for name in ("sound", "published"))
    assert sound["judged_on"].startswith("training")
    assert published["judged_on"] == "external"
    # The published way promises more than the sound one keeps, on the very same patients.
    gap = pd.DataFrame(results["optimism"]).T
    assert gap["published, apparent"].mean() > gap["sound, out-of-fold"].mean()
    for protocol in ("sound", "published"):
        report = (tmp_path / protocol / "report.html").read_text(encoding="utf-8")
        assert "imulated" in report


def test_committed_table_of_published_numbers_is_what_the_counts_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = EXPERIMENTS / "ldh_surgery_dlrn"
    monkeypatch.syspath_prepend(str(folder))
    import published_tables

    got = published_tables.recompute().astype(str)
    committed = pd.read_csv(folder / "published_tables.csv", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(got.reset_index(drop=True), committed, check_dtype=False)
    wrong = got[(got["table"] == "3") & (got["agrees"] == "False")].set_index("row")["really"]
    assert wrong.to_dict() == {
        "SLRT": "Reflex",
        "Reflex": "SLRT",
        "MMFI": "ESMFI",
        "ESMFI": "MMFI",
    }


@pytest.mark.slow
@pytest.mark.real_data
def test_rad_score_on_real_discs(tmp_path: Path, data_root: Path) -> None:
    results = run_small("ldh_treatment_radscore", tmp_path, "--root", str(data_root))
    assert results["features_left"][0] == ["extracted", 1046]
    assert 0.7 < results["second_reader_dice"] < 1
    estimates = {row["estimate"] for row in results["performance"]}
    assert estimates == {"out-of-fold", "apparent", "frozen"}
    formula = results["published_formula"]["lumbar_ivd_t2"]
    assert len(formula) == 10
    assert all(-10 < score < 10 for score in formula.values())
    corrected = pd.read_csv(tmp_path / "bias_corrected_calibration.csv")
    assert {"predicted", "apparent", "corrected", "ideal"} <= set(corrected)
