"""The chain: exact components, missing values, and a frozen form that gives the same values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from dlr.config import AgreementSettings, ModelSettings, SelectionSettings
from dlr.errors import DlrError
from dlr.models.chain import ChainSettings, FittedChain, fit_chain
from dlr.models.deep_pca import LARGE, DeepPCA
from dlr.models.folds import grouped_folds
from dlr.models.signature import fit_signature

SETTINGS = ChainSettings(SelectionSettings(), ModelSettings(components=4, inner_folds=3), None)


def data(n: int = 60, seed: int = 0) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    generator = np.random.default_rng(seed)
    index = pd.Index([f"c{i}" for i in range(n)], name="case_id")
    outcome = pd.Series(np.arange(n) % 2, index=index)
    columns = [f"sag.rad.f{i}" for i in range(6)] + [f"sag.dl.{i:04d}" for i in range(20)]
    values = generator.normal(size=(n, len(columns)))
    values[:, 0] += 1.5 * outcome
    values[:, 6:12] += outcome.to_numpy()[:, None]
    subjects = pd.Series([f"s{i}" for i in range(n)], index=index)
    return pd.DataFrame(values, index, columns), outcome, subjects


def fit(features: pd.DataFrame, **settings: object) -> FittedChain:
    _, outcome, subjects = data(len(features))
    chosen = ChainSettings(**{**vars(SETTINGS), **settings})  # type: ignore[arg-type]
    return fit_chain(features, outcome, subjects, chosen, features.iloc[:0], seed=0)


def test_the_frozen_chain_repeats_the_pipeline_by_hand() -> None:
    features, outcome, _ = data()
    chain = fit(features).chain
    deep = [c for c in features if ".dl." in c]
    pca = PCA(4, svd_solver="full").fit(features[deep])
    scores = pd.DataFrame(
        pca.transform(features[deep]), features.index, [f"sag.dl.pca{i:02d}" for i in range(1, 5)]
    )
    raw = pd.concat([features, scores], axis=1)[list(chain.selected)]
    scaled = (raw - raw.mean()) / raw.std(ddof=0)
    expected = chain.classifier.decision_function(scaled.to_numpy())
    np.testing.assert_allclose(chain.decision(features), expected, rtol=0, atol=1e-9)
    assert "sag.rad.f0" in chain.selected
    assert outcome.corr(chain.decision(features)) > 0.5


def test_missing_values_take_the_training_median() -> None:
    features, _, _ = data()
    features.iloc[3, 0] = np.nan
    chain = fit(features).chain
    assert chain.median["sag.rad.f0"] == features["sag.rad.f0"].median()
    hole = features.copy()
    hole.loc["c7", "sag.rad.f0"] = np.nan
    filled = hole.fillna({"sag.rad.f0": chain.median["sag.rad.f0"]})
    assert chain.decision(hole)["c7"] == chain.decision(filled)["c7"]


def test_constant_and_empty_columns_are_removed() -> None:
    features, _, _ = data()
    features["sag.rad.flat"] = 3.0
    features["sag.rad.empty"] = np.nan
    selected = fit(features).chain.selected
    assert not {"sag.rad.flat", "sag.rad.empty"} & set(selected)


def test_absent_columns_are_named() -> None:
    features, _, _ = data()
    chain = fit(features).chain
    with pytest.raises(DlrError, match=f"the first is '{chain.input_columns[0]}'"):
        chain.decision(features.drop(columns=chain.input_columns[0]))


def test_the_agreement_gate_uses_the_fitted_cases_only() -> None:
    features, outcome, subjects = data()
    second = features.copy()
    second.iloc[30:, 0] = 100.0  # disagreement outside the cases that are fitted
    gate = ChainSettings(
        SETTINGS.selection, SETTINGS.model, AgreementSettings(reader="b", threshold=0.75)
    )
    part = slice(0, 30)
    fitted = fit_chain(
        features.iloc[part], outcome.iloc[part], subjects.iloc[part], gate, second, 0
    )
    assert ("ICC > 0.75", 26) in fitted.steps
    second.iloc[:30, 0] = np.arange(30)  # disagreement among them
    fitted = fit_chain(
        features.iloc[part], outcome.iloc[part], subjects.iloc[part], gate, second, 0
    )
    assert "sag.rad.f0" not in fitted.chain.selected


def test_pca_of_many_cases_equals_the_exact_one() -> None:
    generator = np.random.default_rng(1)
    shape = (LARGE + 20, LARGE + 40)
    values = generator.normal(size=shape) / np.sqrt(np.arange(1, shape[1] + 1))
    X = pd.DataFrame(values, columns=[f"sag.dl.{i:04d}" for i in range(shape[1])])
    found = DeepPCA(8).fit_transform(X)
    exact = PCA(8, svd_solver="full").fit_transform(values)
    np.testing.assert_allclose(found, exact, atol=1e-9)
    few = DeepPCA(32).fit_transform(X.iloc[:5])
    assert few.shape == (5, 4)


def test_folds_keep_subjects_together_and_shrink_with_the_smaller_class() -> None:
    outcome = pd.Series([1] * 6 + [0] * 30)
    subjects = pd.Series([0, 0, 1, 1, 2, 2, *range(3, 33)])
    folds = grouped_folds(outcome, subjects, 5, seed=1)
    assert len(folds) == 3
    for train, test in folds:
        assert not set(subjects[train]) & set(subjects[test])
    with pytest.raises(DlrError, match="at least two subjects of each class, but got 1"):
        grouped_folds(pd.Series([1, 1, 0, 0]), pd.Series([0, 0, 1, 2]), 5, 0)


def test_a_score_without_evidence_is_nearly_flat_and_never_turned_round() -> None:
    features, outcome, subjects = data(40, seed=3)
    noise = pd.DataFrame(
        np.random.default_rng(7).normal(size=features.shape), features.index, features.columns
    )
    signature = fit_signature(
        "Rad", noise, outcome, subjects, SETTINGS, noise.iloc[:0], seed=0
    ).signature
    assert signature.slope > 0
