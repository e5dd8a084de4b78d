"""The published protocol equals a plain script, flatters, and depends on what it should not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr.config import StudyConfig
from dlr.models.cases import TrainingData
from dlr.models.published_recipe import leaky_scores, published_fit
from dlr.models.signature import platt_line
from dlr.stats import auc

_spec = importlib.util.spec_from_file_location(
    "plain_recipe", Path(__file__).with_name("plain_recipe.py")
)
assert _spec is not None
assert _spec.loader is not None
_plain = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_plain)

TABLES = ("WORC-Lipo", "WORC-CRLM", "Arita2018", "Li2020", "Sasaki2019")


def study(**settings: object) -> StudyConfig:
    return StudyConfig.model_validate(
        {
            "name": "table",
            "images": "i.csv",
            "clinical": "c.csv",
            "outcome": {"column": "Target", "positive": 1},
            "views": {"scan": {}},
            "protocol": "published",
            "model": {"classifier": "svm"},
            **settings,
        }
    )


def table(folder: Path, name: str) -> tuple[TrainingData, TrainingData]:
    """Read one table; every third case is the external cohort."""
    frame = pd.read_csv(folder / "radmlbench" / f"{name}.gz", compression="gzip")
    index = pd.Index([f"c{i:03d}" for i in range(len(frame))], name="case_id")
    features = frame.drop(columns=["ID", "Target"]).set_index(index).astype(float)
    features.columns = [f"scan.rad.{column}" for column in features]
    outcome = pd.Series(frame["Target"].to_numpy(), index=index)
    cases = TrainingData(
        features, pd.DataFrame(index=index), outcome, pd.Series(index, index), features.iloc[:0]
    )
    external = np.arange(len(frame)) % 3 == 2
    return cases.take(np.flatnonzero(~external)), cases.take(np.flatnonzero(external))


@pytest.mark.real_data
@pytest.mark.parametrize("name", TABLES)
def test_the_recipe_equals_a_plain_script(data_root: Path, name: str) -> None:
    train, external = table(data_root, name)
    fit = published_fit(train, {"external": external}, study())
    grid = fit.grids["Rad_scan"]
    names, apparent, held_out, judged = _plain.plain_recipe(
        train.features, train.outcome, external.features
    )
    assert list(grid.selection.frozen.selected) == names
    signature = fit.final.signatures["Rad_scan"].signature
    chain = signature.chain  # type: ignore[union-attr]
    np.testing.assert_allclose(chain.decision(train.features), apparent, rtol=0, atol=1e-10)
    np.testing.assert_allclose(chain.decision(external.features), judged, rtol=0, atol=1e-10)
    intercept, slope = platt_line(pd.Series(held_out, train.features.index), train.outcome)
    np.testing.assert_allclose(
        leaky_scores(grid.selection, "svm", train, 0), intercept + slope * held_out, atol=1e-10
    )


def noise(seed: int) -> TrainingData:
    generator = np.random.default_rng(seed)
    index = pd.Index([f"c{i:03d}" for i in range(80)], name="case_id")
    values = generator.normal(size=(80, 400))
    features = pd.DataFrame(values, index, [f"scan.rad.f{i:03d}" for i in range(400)])
    outcome = pd.Series(generator.permutation(np.tile([0, 1], 40)), index)
    return TrainingData(
        features, pd.DataFrame(index=index), outcome, pd.Series(index, index), features.iloc[:0]
    )


def test_the_recipe_finds_signal_in_noise() -> None:
    apparent, leaky = [], []
    for seed in range(3):
        data = noise(seed)
        fit = published_fit(data, {}, study())
        scores = fit.final.signatures["Rad_scan"].signature.score(data.features)
        apparent.append(auc(data.outcome, scores).value)
        leaky.append(auc(data.outcome, fit.cross_validated["Rad_scan"]).value)
    assert min(apparent) > 0.9
    assert min(leaky) > 0.8


def test_the_vote_looks_at_the_external_cohort() -> None:
    data, other = noise(1), noise(2)
    model = {"classifier": "vote", "algorithms": ["logistic", "svm", "knn"]}
    fit = published_fit(data, {"there": other}, study(model=model))
    assert fit.judged_on == "there"
    areas = {key: item.inner_auc for key, item in fit.grids["DLR"].algorithms.items()}
    chain = fit.grids["DLR"].selection.with_classifier(
        "svm", fit.grids["DLR"].algorithms["svm"].classifier
    )
    assert areas["svm"] == auc(other.outcome, chain.decision(other.features)).value
    assert published_fit(data, {}, study()).judged_on == "training"
