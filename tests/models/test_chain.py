"""The chain: exact components, missing values, and a frozen form that gives the same values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from dlr.errors import DlrError
from dlr.models.cases import TrainingData
from dlr.models.chain import ChainSettings, fit_selection
from dlr.models.classifiers import make_classifier
from dlr.models.deep_pca import LARGE, DeepPCA
from dlr.models.folds import grouped_folds
from dlr.models.frozen import MISSING, FittedSelection, FrozenChain
from dlr.models.grid import fit_grid
from dlr.models.signature import FittedSignature, fuse, signature_of
from dlr.settings import AgreementSettings, ModelSettings, SelectionSettings

MODEL = ModelSettings(components=4, inner_folds=3, classifier="svm", tune=False)
SETTINGS = ChainSettings(SelectionSettings(), MODEL)


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


def cases(
    features: pd.DataFrame,
    outcome: pd.Series,
    subjects: pd.Series,
    second: pd.DataFrame | None = None,
    centers: pd.Series | None = None,
) -> TrainingData:
    clinical = pd.DataFrame(index=features.index)
    reader = features.iloc[:0] if second is None else second
    return TrainingData(features, clinical, outcome, subjects, reader, centers)


def fit(features: pd.DataFrame, **settings: object) -> FittedSelection:
    _, outcome, subjects = data(len(features))
    chosen = ChainSettings(**{**vars(SETTINGS), **settings})  # type: ignore[arg-type]
    return fit_selection(cases(features, outcome, subjects), chosen, seed=0)


def fit_chain(features: pd.DataFrame) -> FrozenChain:
    _, outcome, _ = data(len(features))
    selection = fit(features)
    scaled = selection.frozen.scaled(features).to_numpy()
    return selection.with_classifier("svm", make_classifier("svm", 0).fit(scaled, outcome))


def test_the_frozen_chain_repeats_the_pipeline_by_hand() -> None:
    features, outcome, _ = data()
    chain = fit_chain(features)
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
    chain = fit_chain(features)
    assert chain.median["sag.rad.f0"] == features["sag.rad.f0"].median()
    hole = features.copy()
    hole.loc["c7", "sag.rad.f0"] = np.nan
    filled = hole.fillna({"sag.rad.f0": chain.median["sag.rad.f0"]})
    assert chain.decision(hole)["c7"] == chain.decision(filled)["c7"]


def test_constant_and_empty_columns_are_removed() -> None:
    features, _, _ = data()
    features["sag.rad.flat"] = 3.0
    features["sag.rad.empty"] = np.nan
    selected = fit(features).frozen.selected
    assert not {"sag.rad.flat", "sag.rad.empty"} & set(selected)


def test_absent_columns_are_named() -> None:
    features, _, _ = data()
    chain = fit_chain(features)
    with pytest.raises(DlrError, match=f"the first is '{chain.input_columns[0]}'"):
        chain.decision(features.drop(columns=chain.input_columns[0]))


def test_the_agreement_gate_uses_the_fitted_cases_only() -> None:
    features, outcome, subjects = data()
    second = features.copy()
    second.iloc[30:, 0] = 100.0  # disagreement outside the cases that are fitted
    gate = ChainSettings(
        SETTINGS.selection, SETTINGS.model, AgreementSettings(reader="b", threshold=0.75)
    )
    part = list(range(30))
    fitted = fit_selection(cases(features, outcome, subjects, second).take(part), gate, 0)
    assert ("ICC > 0.75", 26) in fitted.steps
    second.iloc[:30, 0] = np.arange(30)  # disagreement among them
    fitted = fit_selection(cases(features, outcome, subjects, second).take(part), gate, 0)
    assert "sag.rad.f0" not in fitted.frozen.selected


def test_the_gate_takes_the_agreement_over_perturbed_rois() -> None:
    features, outcome, subjects = data()
    measured = [name for name in features.columns if ".rad." in name]
    icc = pd.Series(0.9, index=measured)
    icc["sag.rad.f0"], icc["sag.rad.f2"] = 0.2, np.nan  # an undefined agreement does not pass
    gate = ChainSettings(
        SETTINGS.selection,
        SETTINGS.model,
        AgreementSettings(stability="stability.csv"),  # type: ignore[arg-type]
        stability=icc,
    )
    fitted = fit_selection(cases(features, outcome, subjects), gate, 0)
    assert ("ICC > 0.75", 24) in fitted.steps
    assert "sag.rad.f0" not in fitted.frozen.selected


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


def signature(features: pd.DataFrame, seed: int = 0, name: str = "Rad") -> FittedSignature:
    _, outcome, subjects = data(len(features))
    grid = fit_grid(name, cases(features, outcome, subjects), SETTINGS, seed)
    return signature_of(grid, "svm", outcome)


def test_a_score_without_evidence_is_nearly_flat_and_never_turned_round() -> None:
    features, _, _ = data(40, seed=3)
    noise = pd.DataFrame(
        np.random.default_rng(7).normal(size=features.shape), features.index, features.columns
    )
    fitted = signature(noise).signature
    assert fitted.slope > 0  # type: ignore[union-attr]


def test_inner_scores_come_from_folds_that_left_the_case_out() -> None:
    features, outcome, subjects = data()
    fitted = signature(features)
    train, test = grouped_folds(outcome, subjects, 3, 0)[0]
    inner = fit_selection(cases(features, outcome, subjects).take(train), SETTINGS, 0)
    svm = make_classifier("svm", 0).fit(
        inner.frozen.scaled(features.iloc[train]).to_numpy(), outcome.iloc[train]
    )
    line = fitted.signature
    decisions = svm.decision_function(inner.frozen.scaled(features.iloc[test]).to_numpy())
    expected = line.intercept + line.slope * decisions  # type: ignore[union-attr]
    np.testing.assert_allclose(fitted.inner_scores.iloc[test], expected, atol=1e-12)


def test_late_fusions_average_or_weigh_the_members() -> None:
    features, outcome, _ = data()
    members = [
        signature(features[[c for c in features if family in c]], name=family)
        for family in (".rad.", ".dl.")
    ]
    scores = [member.signature.score(features) for member in members]
    mean = fuse("late", members, "average", outcome)
    np.testing.assert_allclose(mean.signature.score(features), (scores[0] + scores[1]) / 2)
    stacked = fuse("late", members, "stack", outcome).signature
    w = stacked.weights  # type: ignore[union-attr]
    expected = stacked.intercept + w[0] * scores[0] + w[1] * scores[1]
    np.testing.assert_allclose(stacked.score(features), expected)


def test_missing_marks_can_be_selected() -> None:
    features, outcome, _ = data()
    features.loc[outcome == 1, "sag.rad.f2"] = np.nan
    features.iloc[0, 2] = np.nan
    marked = fit(features, model=MODEL.model_copy(update={"missing_indicators": True})).frozen
    assert f"sag.rad.f2{MISSING}" in marked.selected
    assert "sag.rad.f2" in marked.input_columns
    values = marked.values(features)
    assert values[f"sag.rad.f2{MISSING}"].tolist() == features["sag.rad.f2"].isna().tolist()


def test_the_grid_tries_every_setting_and_keeps_the_best() -> None:
    features, outcome, subjects = data(seed=2)
    model = MODEL.model_copy(
        update={"classifier": "vote", "algorithms": ("logistic", "knn"), "tune": True}
    )
    settings = ChainSettings(SelectionSettings(), model)
    grid = fit_grid("DLR", cases(features, outcome, subjects), settings, 0)
    assert list(grid.algorithms) == ["logistic", "knn"]
    for key in grid.algorithms:
        fixed = ChainSettings(SelectionSettings(), model.model_copy(update={"tune": False}))
        default = fit_grid("DLR", cases(features, outcome, subjects), fixed, 0).algorithms[key]
        assert grid.algorithms[key].inner_auc >= default.inner_auc
