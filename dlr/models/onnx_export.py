"""A bundle's scores as ONNX files, for programs without Python; checked against the bundle.

One file per feature set: from the features as measured (missing ones as NaN) over principal
components, imputation, scaling and classifier to log-odds and probability, all in double
precision. Extraction is not in it: features have to be computed with the bundle's settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from dlr.errors import DlrError
from dlr.features.table import block_of
from dlr.models.bundle import Bundle
from dlr.models.feature_sets import CLINIC, NOMOGRAM
from dlr.models.frozen import MISSING, FrozenChain, is_component
from dlr.models.identity import model_identity
from dlr.models.onnx_classifiers import decision_nodes
from dlr.models.onnx_graph import GraphBuilder, require_onnx
from dlr.models.signature import FusedSignature, Signature
from dlr.safe_files import write_atomically

TOLERANCE = 1e-6
"""Largest difference allowed between the file's scores and the bundle's, in log-odds."""
CASES = 256
"""Made-up cases the two are compared on."""


@dataclass(frozen=True)
class OnnxFile:
    """One exported score.

    Attributes
    ----------
    feature_set : str
    path : Path
    algorithm : str
    inputs : tuple of str
        Columns of the feature table, in the order of the file's input.
    difference : float
        Largest difference to the bundle's log-odds on the cases compared.
    """

    feature_set: str
    path: Path
    algorithm: str
    inputs: tuple[str, ...]
    difference: float


@dataclass(frozen=True)
class OnnxExport:
    """What was exported, and which scores could not be, with the reason."""

    files: tuple[OnnxFile, ...]
    left_out: Mapping[str, str]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per file."""
        rows = [
            {
                "feature_set": item.feature_set,
                "file": item.path.name,
                "algorithm": item.algorithm,
                "n_inputs": len(item.inputs),
                "largest_difference": item.difference,
            }
            for item in self.files
        ]
        return pd.DataFrame(rows)


def export_onnx(
    bundle: Bundle, folder: str | Path, features: pd.DataFrame | None = None
) -> OnnxExport:
    """Write one ONNX file per feature set and check it with ONNX Runtime.

    Parameters
    ----------
    bundle : Bundle
    folder : path
        Gets ``<feature set>.onnx``. Its input ``features`` holds one row per case, in the order of
        the columns in the file's metadata ``inputs``; its outputs are ``log_odds`` and
        ``probability``. The metadata hold the locked ``threshold`` too.
    features : pandas.DataFrame, optional
        Real cases to compare scores on, besides made-up ones in and around the training range.

    Returns
    -------
    OnnxExport

    Raises
    ------
    DlrError
        If nothing can be exported, or a file's scores differ by more than 1e-6.
    MissingDependencyError
        If onnx or onnxruntime is not installed.
    """
    require_onnx()
    target = Path(folder)
    files: list[OnnxFile] = []
    left_out: dict[str, str] = {}
    for name in bundle.feature_sets:
        reason = _obstacle(bundle, name)
        if reason:
            left_out[name] = reason
            continue
        files.append(_export(bundle, bundle.signatures[name], target, features))
    if not files:
        name, reason = next(iter(left_out.items()), ("the bundle", "it holds no score"))
        raise DlrError(f"nothing can be exported as ONNX; {name}: {reason}")
    return OnnxExport(tuple(files), left_out)


def _obstacle(bundle: Bundle, name: str) -> str:
    """Say why a score has no ONNX form; empty where it has one."""
    if name in (CLINIC, NOMOGRAM):
        return "a logistic regression; its coefficients are in bundle.json"
    if any(chain.harmonisation is not None for chain in _chains(bundle.signatures[name])):
        return "it harmonises centres, which needs more than one case's features; score with dlr"
    return ""


def _chains(signature: Signature | FusedSignature) -> list[FrozenChain]:
    members = signature.members if isinstance(signature, FusedSignature) else (signature,)
    return [member.chain for member in members]


def _export(
    bundle: Bundle,
    signature: Signature | FusedSignature,
    folder: Path,
    features: pd.DataFrame | None,
) -> OnnxFile:
    name = signature.feature_set
    chains = _chains(signature)
    inputs = tuple(dict.fromkeys(column for c in chains for column in c.input_columns))
    graph = GraphBuilder(name)
    log_odds = _score_nodes(graph, signature, inputs)
    graph.node("Identity", log_odds, output="log_odds")
    graph.node("Sigmoid", log_odds, output="probability")
    about = {
        "dlr": version("dlr"),
        "feature_set": name,
        "inputs": json.dumps(inputs),
        "threshold": repr(float(bundle.thresholds[name])),
        "model": model_identity(bundle),
        "use": "Research use only, no medical device.",
    }
    content = graph.model(len(inputs), ("log_odds", "probability"), about).SerializeToString()
    cases = _made_up_cases(bundle, signature, inputs)
    if features is not None:
        cases = pd.concat([cases, features[list(inputs)].astype(float)], ignore_index=True)
    difference = _largest_difference(content, signature, cases)
    if not difference <= TOLERANCE:
        raise DlrError(
            f"the ONNX file of {name} differs from the bundle by {difference:.2g} in log-odds, "
            f"more than {TOLERANCE:g}; it was not written, score with dlr"
        )
    path = folder / f"{name}.onnx"
    write_atomically(path, content)
    used = dict.fromkeys(chain.algorithm for chain in chains)
    return OnnxFile(name, path, ", ".join(used), inputs, difference)


def _score_nodes(
    graph: GraphBuilder, signature: Signature | FusedSignature, inputs: tuple[str, ...]
) -> str:
    """Add a score in log-odds."""
    if isinstance(signature, Signature):
        scaled = _scaled_nodes(graph, signature.chain, inputs)
        chain = signature.chain
        decision = decision_nodes(graph, chain.algorithm, chain.classifier, scaled)
        return graph.scalar(
            "Add", graph.scalar("Mul", decision, signature.slope), signature.intercept
        )
    total = ""
    for member, weight in zip(signature.members, signature.weights, strict=True):
        part = graph.scalar("Mul", _score_nodes(graph, member, inputs), weight)
        total = graph.node("Add", total, part) if total else part
    return graph.scalar("Add", total, signature.intercept)


def _scaled_nodes(graph: GraphBuilder, chain: FrozenChain, inputs: tuple[str, ...]) -> str:
    """Add the chain's own steps: components, marks of missing values, imputation, Z-scores."""
    place = {column: index for index, column in enumerate(inputs)}
    parts: list[str] = []
    names: list[str] = []
    if chain.measured:
        measured = graph.columns("features", [place[name] for name in chain.measured])
        parts.append(measured)
        names += chain.measured
    marked = [name for name in chain.selected if name.endswith(MISSING)]
    if marked:
        sources = [place[name.removesuffix(MISSING)] for name in marked]
        parts.append(graph.missing(graph.columns("features", sources)))
        names += marked
    for block, columns in chain.deep_columns.items():
        deep = graph.columns("features", [place[column] for column in columns])
        centre = graph.constant(np.asarray(chain.pca_mean[block])[None, :])
        loadings = graph.constant(np.asarray(chain.pca_components[block]).T)
        parts.append(graph.node("MatMul", graph.node("Sub", deep, centre), loadings))
        names += [n for n in chain.selected if is_component(n) and block_of(n) == block]
    together = graph.node("Concat", *parts, axis=1)
    chosen = graph.columns(together, [names.index(name) for name in chain.selected])
    order = list(chain.selected)
    median, mean, scale = (
        column.loc[order].to_numpy(dtype=float)[None, :]
        for column in (chain.median, chain.mean, chain.scale)
    )
    centred = graph.node("Sub", chosen, graph.constant(mean))
    scores = graph.node("Div", centred, graph.constant(scale))
    # Imputed last: ONNX Runtime would merge a division by one number with the matrix product
    # that follows, and round that number to single precision.
    filled = graph.constant((median - mean) / scale)
    return graph.node("Where", graph.node("IsNaN", scores), filled, scores)


def _made_up_cases(
    bundle: Bundle, signature: Signature | FusedSignature, inputs: tuple[str, ...]
) -> pd.DataFrame:
    """Draw cases in and around the training range, some with missing values."""
    random = np.random.default_rng(0)
    cases = pd.DataFrame(random.normal(size=(CASES, len(inputs))), columns=list(inputs))
    for chain in _chains(signature):
        for name in chain.measured:
            low, high = _range(bundle, chain, name)
            width = 0.1 * (high - low)
            values = random.uniform(low - width, high + width, CASES)
            cases[name] = np.where(random.random(CASES) < 0.03, np.nan, values)
        for block, columns in chain.deep_columns.items():
            cases[list(columns)] = _deep_cases(chain, block, random)
    return cases


def _range(bundle: Bundle, chain: FrozenChain, name: str) -> tuple[float, float]:
    if name in bundle.ranges.index:
        limits = bundle.ranges.loc[name, ["low", "high"]].to_numpy(dtype=float)
        return float(limits[0]), float(limits[1])
    centre = float(chain.mean.get(name, 0.0))
    spread = float(chain.scale.get(name, 1.0))
    return centre - 3 * spread, centre + 3 * spread


def _deep_cases(chain: FrozenChain, block: str, random: np.random.Generator) -> np.ndarray:
    """Draw deep features whose components spread as in training."""
    names = [n for n in chain.selected if is_component(n) and block_of(n) == block]
    mean, scale = (c.loc[names].to_numpy(dtype=float) for c in (chain.mean, chain.scale))
    components = mean + scale * random.normal(size=(CASES, len(names)))
    values: np.ndarray = chain.pca_mean[block] + components @ chain.pca_components[block]
    return values + 0.01 * random.normal(size=values.shape)


def _largest_difference(
    content: bytes, signature: Signature | FusedSignature, cases: pd.DataFrame
) -> float:
    """Compare log-odds and probabilities of the file with those of the signature."""
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    found = session.run(["log_odds", "probability"], {"features": cases.to_numpy(dtype=float)})
    expected = signature.score(cases).to_numpy(dtype=float)
    return float(max(np.abs(found[0] - expected).max(), np.abs(found[1] - expit(expected)).max()))
