"""The optimism audit: inflation of the published recipe on noise, chance for the sound protocol."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dlr.config import StudyConfig
from dlr.models.cases import TrainingData
from dlr.models.resamples import draw_subjects
from dlr.progress import silent
from dlr.protocol import ProtocolRun, known_outcomes, run_protocol
from dlr.results import OptimismAudit
from dlr.stats import auc


def study(**settings: object) -> StudyConfig:
    model = {
        "classifier": "vote", "algorithms": ["logistic", "svm"], "tune": False, "folds": 3,
        "inner_folds": 3,
    }  # fmt: skip
    return StudyConfig.model_validate(
        {
            "name": "audit",
            "images": "i.csv",
            "clinical": "c.csv",
            "outcome": {"column": "y", "positive": 1},
            "views": {"scan": {}},
            "model": model,
            "audit": {"permutations": 2, "bootstrap": 4},
            **settings,
        }
    )


def noise(seed: int, n: int = 70) -> TrainingData:
    generator = np.random.default_rng(seed)
    index = pd.Index([f"{seed}-{i:03d}" for i in range(n)], name="case_id")
    features = pd.DataFrame(
        generator.normal(size=(n, 150)), index, [f"scan.rad.f{i:03d}" for i in range(150)]
    )
    outcome = pd.Series(generator.permutation(np.arange(n) % 2), index)
    subjects = pd.Series(index, index)
    return TrainingData(features, pd.DataFrame(index=index), outcome, subjects, features.iloc[:0])


@pytest.fixture(scope="module")
def run() -> ProtocolRun:
    return run_protocol(noise(1), {"there": noise(2)}, study(), 1, silent)


@pytest.fixture(scope="module")
def audit(run: ProtocolRun) -> OptimismAudit:
    assert run.audit is not None
    return run.audit


def value(table: pd.DataFrame, protocol: str, estimate: str) -> float:
    rows = table[(table["protocol"] == protocol) & (table["estimate"] == estimate)]
    return float(rows.loc[rows["feature_set"] == "Rad_scan", "auc"].iloc[0])


def test_noise_looks_like_signal_in_the_published_protocol_only(audit: OptimismAudit) -> None:
    for table in (audit.table, audit.permuted):
        nested = value(table, "sound", "nested")
        assert nested < 0.65
        assert value(table, "published", "apparent") > max(0.7, nested + 0.15)
        assert value(table, "published", "cross-validated") > nested + 0.1
    assert value(audit.table, "sound", "there") < 0.7
    corrected = value(audit.table, "published", "bootstrap-corrected")
    assert corrected < value(audit.table, "published", "apparent")


def test_the_audit_repeats_the_numbers_of_the_run(run: ProtocolRun, audit: OptimismAudit) -> None:
    data = noise(1)
    nested = auc(data.outcome, run.training["out-of-fold"]["Rad_scan"]).value
    assert value(audit.table, "sound", "nested") == nested
    assert audit.algorithms["sound"] == run.grid.winner
    assert run.grid.votes.sum() == 2 * 2  # both of two algorithms are among the best three
    assert set(run.grid.auc) == {"training", "there"}


def test_only_the_published_selection_depends_on_the_order_of_columns(
    audit: OptimismAudit,
) -> None:
    sound = audit.stability[audit.stability["protocol"] == "sound"]
    assert (sound["order_changed"] == 0).all()
    assert audit.stability["stability"].between(-0.2, 0.6).all()
    assert audit.frequency["frequency"].between(0, 1).all()


def test_permuting_keeps_whole_subjects_where_they_have_one_outcome() -> None:
    data = noise(3)
    pairs = pd.Series(np.repeat(np.arange(35), 2), data.features.index)
    outcome = pd.Series(np.repeat(np.arange(35) % 2, 2), data.features.index)
    clustered = replace(data, subjects=pairs, outcome=outcome).permuted(0)
    assert (clustered.outcome.groupby(pairs.to_numpy()).nunique() == 1).all()
    assert sorted(clustered.outcome) == sorted(outcome)
    free = data.permuted(0)
    assert sorted(free.outcome) == sorted(data.outcome)
    assert (free.outcome != data.outcome).any()


def test_resamples_draw_subjects_of_both_classes() -> None:
    data = noise(4)
    data = replace(data, subjects=pd.Series(np.arange(70) // 2, data.features.index))
    drawn = draw_subjects(data, 0)
    counts = pd.Series(drawn).value_counts()
    assert (counts[0::2].sort_index() > 0).all()
    for first in range(0, 70, 2):
        assert counts.get(first, 0) == counts.get(first + 1, 0)
    assert data.outcome.iloc[drawn].nunique() == 2


def test_cohorts_without_both_outcomes_are_not_judged() -> None:
    data = noise(5)
    one = replace(data, outcome=data.outcome * 0)
    partly = replace(data, outcome=data.outcome.where(np.arange(70) > 10))
    known = known_outcomes({"one": one, "partly": partly})
    assert list(known) == ["partly"]
    assert len(known["partly"].outcome) == 59


def test_the_published_protocol_runs_as_a_study_of_its_own() -> None:
    run = run_protocol(noise(1), {"there": noise(2)}, study(protocol="published"), 1, silent)
    assert list(run.training) == ["apparent", "cross-validated"]
    assert run.grid.judged_on == "there"
    assert run.audit is None


def test_a_resample_may_miss_a_small_centre() -> None:
    data = noise(3, n=60)
    centers = pd.Series(["A"] * 29 + ["B"] * 29 + ["C"] * 2, data.features.index)
    data = replace(data, centers=centers)
    config = study(harmonisation={}, audit={"permutations": 0, "bootstrap": 6})
    found = run_protocol(data, {}, config, 1, silent).audit
    assert found is not None
    assert "bootstrap-corrected" in set(found.table["estimate"])
