"""Scores as ONNX files: the same numbers as the bundle's, for every classifier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.models.bundle import Bundle
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.frozen import FrozenChain
from dlr.models.harmonisation import ComBat
from dlr.models.onnx_export import TOLERANCE, export_onnx
from dlr.models.onnx_graph import Tree, TreeEnsemble
from dlr.models.signature import FusedSignature, Signature

PLAIN = ("sag.rad.a", "sag.rad.b", "sag.rad.c__missing", "sag.dl.pca01", "sag.dl.pca02")
DEEP = tuple(f"sag.dl.{number:04d}" for number in range(12))
COLUMNS = ("sag.rad.a", "sag.rad.b", "sag.rad.c", *DEEP)


def make_cases(n: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    cases = pd.DataFrame(random.normal(size=(n, len(COLUMNS))), columns=list(COLUMNS))
    cases["sag.rad.a"] = 100 + 30 * cases["sag.rad.a"]
    cases.loc[random.random(n) < 0.2, "sag.rad.c"] = np.nan
    cases.loc[random.random(n) < 0.1, "sag.rad.b"] = np.nan
    return cases


def make_signature(algorithm: str, name: str, selected: tuple[str, ...] = PLAIN) -> Signature:
    """Fit a classifier behind a chain with every kind of step."""
    random = np.random.default_rng(1)
    components = np.linalg.qr(random.normal(size=(12, 2)))[0].T
    block = "sag.dl"
    has_deep = any("pca" in feature for feature in selected)
    chain = FrozenChain(
        selected,
        pd.Series({feature: 0.3 for feature in selected}),
        pd.Series({feature: 100.0 if feature.endswith(".a") else 0.1 for feature in selected}),
        pd.Series({feature: 30.0 if feature.endswith(".a") else 0.9 for feature in selected}),
        {block: DEEP} if has_deep else {},
        {block: random.normal(size=12)} if has_deep else {},
        {block: components} if has_deep else {},
        algorithm=algorithm,
    )
    cases = make_cases(160, 2)
    scaled = chain.scaled(cases).to_numpy()
    outcome = (scaled[:, 0] + random.normal(size=len(cases)) > 0).astype(int)
    classifier = CLASSIFIERS[algorithm].make(0).fit(scaled, outcome)
    return Signature(name, replace(chain, classifier=classifier), -0.2, 1.3)


def make_bundle(signatures: dict[str, Signature | FusedSignature]) -> Bundle:
    config = StudyConfig.model_validate(
        {
            "name": "small", "images": "i.csv", "clinical": "c.csv", "views": {"sag": {}},
            "outcome": {"column": "y", "positive": 1},
        }
    )  # fmt: skip
    return Bundle(
        config, signatures, None, None, None, dict.fromkeys(signatures, 0.4),
        pd.DataFrame({"low": [10.0], "high": [190.0], "sd": [30.0]}, index=["sag.rad.a"]),
        {}, {"trained": "2026-01-01"},
    )  # fmt: skip


def run(path: Path, cases: pd.DataFrame, level: str = "ORT_ENABLE_ALL") -> tuple[np.ndarray, ...]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    values = cases[json.loads(about["inputs"])].to_numpy(dtype=float)
    return tuple(session.run(["log_odds", "probability"], {"features": values}))


@pytest.mark.parametrize("algorithm", list(CLASSIFIERS))
def test_every_classifier_gives_its_scores_back(algorithm: str, tmp_path: Path) -> None:
    bundle = make_bundle({"DLR": make_signature(algorithm, "DLR")})
    cases = make_cases(500, 3)
    exported = export_onnx(bundle, tmp_path, cases)
    assert exported.files[0].difference <= TOLERANCE
    expected = bundle.score(cases, pd.DataFrame(index=cases.index))["DLR"].to_numpy()
    for level in ("ORT_ENABLE_ALL", "ORT_DISABLE_ALL"):
        log_odds, probability = run(tmp_path / "DLR.onnx", cases, level)
        np.testing.assert_allclose(log_odds, expected, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(probability, 1 / (1 + np.exp(-expected)), rtol=0, atol=1e-9)


@pytest.mark.parametrize("algorithm", ["svm", "logistic", "xgboost"])
def test_a_single_feature_keeps_double_precision(algorithm: str, tmp_path: Path) -> None:
    bundle = make_bundle({"Rad_sag": make_signature(algorithm, "Rad_sag", ("sag.rad.b",))})
    assert export_onnx(bundle, tmp_path).files[0].difference < 1e-6


def test_late_fusion_is_one_file(tmp_path: Path) -> None:
    first = make_signature("svm", "Rad_sag", ("sag.rad.a", "sag.rad.b"))
    second = make_signature("logistic", "DL_sag", ("sag.dl.pca01", "sag.dl.pca02"))
    fused = FusedSignature("both", (first, second), (0.4, 0.7), -0.1)
    exported = export_onnx(make_bundle({"both": fused}), tmp_path)
    assert exported.files[0].algorithm == "svm, logistic"
    cases = make_cases(50, 4)
    log_odds, _ = run(tmp_path / "both.onnx", cases)
    np.testing.assert_allclose(log_odds, fused.score(cases), rtol=0, atol=1e-9)


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    bundle = make_bundle({"DLR": make_signature("logistic", "DLR")})
    exported = export_onnx(bundle, tmp_path)
    session = onnxruntime.InferenceSession(str(tmp_path / "DLR.onnx"))
    about = session.get_modelmeta().custom_metadata_map
    assert tuple(json.loads(about["inputs"])) == exported.files[0].inputs
    assert float(about["threshold"]) == 0.4
    assert "no medical device" in about["use"]
    assert list(exported.to_frame()["file"]) == ["DLR.onnx"]


def test_harmonised_scores_are_refused_with_the_reason(tmp_path: Path) -> None:
    signature = make_signature("logistic", "DLR")
    chain = replace(signature.chain, harmonisation=ComBat())
    bundle = make_bundle({"DLR": replace(signature, chain=chain)})
    with pytest.raises(DlrError, match="it harmonises centres"):
        export_onnx(bundle, tmp_path)


def test_a_file_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle({"DLR": make_signature("logistic", "DLR")})
    monkeypatch.setattr("dlr.models.onnx_export._largest_difference", lambda *_: 2e-6)
    with pytest.raises(DlrError, match="differs from the bundle by 2e-06"):
        export_onnx(bundle, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_tree_of_one_leaf_gets_a_node() -> None:
    leaf = Tree(np.array([0]), np.zeros(1), np.array([-1]), np.array([-1]), np.array([0.7]))
    attributes = TreeEnsemble((leaf,)).attributes()
    assert attributes["nodes_trueleafs"] == attributes["nodes_falseleafs"] == [1]
    assert list(attributes["leaf_weights"]) == [0.7]
