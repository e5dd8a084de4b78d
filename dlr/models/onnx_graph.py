"""A few lines that build ONNX graphs in double precision, and the trees among their nodes.

The converters there are compute support vector machines and single trees in single precision and
miss the scores by up to 5e-6; decision values here are simple enough to be written down exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlr.errors import MissingDependencyError

OPSET, TREE_OPSET = 18, 5
_LEQ, _LT = 0, 1
_SUM = 1


def require_onnx() -> None:
    """Raise MissingDependencyError unless onnx and onnxruntime are installed."""
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise MissingDependencyError.of("the export", package, "onnx")


class GraphBuilder:
    """Collects nodes and constants; every method returns the name of its result.

    Parameters
    ----------
    name : str
        Of the graph.
    """

    def __init__(self, name: str) -> None:
        require_onnx()
        self.name = name
        self._onnx: Any = import_module("onnx")
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: ArrayLike, kind: type = np.float64) -> str:
        """Add a constant array."""
        name = f"c{len(self._constants)}"
        array: np.ndarray = np.ascontiguousarray(values, dtype=kind).reshape(np.shape(values))
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node of the standard operators."""
        name = output or f"n{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def columns(self, values: str, positions: Sequence[int]) -> str:
        """Take some columns of a matrix."""
        return self.node("Gather", values, self.constant(positions, np.int64), axis=1)

    def scalar(self, kind: str, values: str, number: float) -> str:
        """Add a node of two operands, the second of which is a number."""
        return self.node(kind, values, self.constant(number))

    def clip(self, values: str, low: float, high: float) -> str:
        """Keep values within limits."""
        return self.node("Clip", values, self.constant(low), self.constant(high))

    def log_odds(self, share: str, edge: float) -> str:
        """Return the log-odds of probabilities kept `edge` away from 0 and 1."""
        kept = self.clip(share, edge, 1 - edge)
        other = self.node("Sub", self.constant(1.0), kept)
        return self.node("Sub", self.node("Log", kept), self.node("Log", other))

    def smallest(self, values: str, count: int) -> str:
        """Return the positions of the `count` smallest values of each row."""
        size = self.constant([count], np.int64)
        names = [f"n{len(self._nodes)}_values", f"n{len(self._nodes)}_positions"]
        node = self._onnx.helper.make_node("TopK", [values, size], names, axis=1, largest=0)
        self._nodes.append(node)
        return names[1]

    def float32_sum(self, values: str, start: float) -> str:
        """Add the columns of a matrix to `start` from left to right in single precision."""
        first = self.node(
            "Expand",
            self.constant(start),
            self.node(
                "Concat", self.node("Shape", values, end=1), self.constant([1], np.int64), axis=0
            ),
        )
        terms = self.node("Concat", first, values, axis=1)
        single = self.node("Cast", terms, to=self._onnx.TensorProto.FLOAT)
        sums = self.node("CumSum", single, self.constant(1, np.int64))
        last = self.node("Gather", sums, self.constant(-1, np.int64), axis=1)
        return self.node("Cast", last, to=self._onnx.TensorProto.DOUBLE)

    def as_float32(self, values: str) -> str:
        """Round to single precision, as trees see their features, and come back."""
        single = self.node("Cast", values, to=self._onnx.TensorProto.FLOAT)
        return self.node("Cast", single, to=self._onnx.TensorProto.DOUBLE)

    def missing(self, values: str) -> str:
        """Return 1.0 where a value is NaN and 0.0 elsewhere."""
        marks = self.node("IsNaN", values)
        return self.node("Cast", marks, to=self._onnx.TensorProto.DOUBLE)

    def trees(self, values: str, ensemble: TreeEnsemble) -> str:
        """Return the leaves that rows fall into: (n_cases, 1) or, apart, (n_cases, n_trees)."""
        tensor = self._onnx.numpy_helper.from_array
        attributes = ensemble.attributes()
        for name in ("nodes_splits", "leaf_weights", "nodes_modes"):
            attributes[name] = tensor(attributes[name])
        return self.node("TreeEnsemble", values, domain="ai.onnx.ml", **attributes)

    def model(self, n_inputs: int, outputs: Sequence[str], about: Mapping[str, str]) -> Any:
        """Return the model: input ``features`` of (n_cases, n_inputs), vectors as outputs."""
        helper, double = self._onnx.helper, self._onnx.TensorProto.DOUBLE
        graph = helper.make_graph(
            self._nodes,
            self.name,
            [helper.make_tensor_value_info("features", double, ["n_cases", n_inputs])],
            [helper.make_tensor_value_info(name, double, ["n_cases"]) for name in outputs],
            self._constants,
        )
        versions = [
            helper.make_opsetid("", OPSET),
            helper.make_opsetid("ai.onnx.ml", TREE_OPSET),
        ]
        model = helper.make_model(graph, opset_imports=versions, ir_version=10)
        helper.set_model_props(model, dict(about))
        self._onnx.checker.check_model(model, full_check=True)
        return model


@dataclass(frozen=True, eq=False)
class Tree:
    """One binary tree as arrays over its nodes; node 0 is the root.

    Parameters
    ----------
    feature : array of int
    threshold : array of float
    left, right : array of int
        Next node where the comparison holds and where it does not; -1 at leaves.
    value : array of float
        What a leaf gives.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """Trees whose leaves are summed, or with `apart` given one column each.

    `strict` compares by < instead of <=.
    """

    trees: tuple[Tree, ...]
    strict: bool = False
    apart: bool = False

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of ONNX's TreeEnsemble operator (ai.onnx.ml 5)."""
        nodes: dict[str, list[float]] = {
            key: [] for key in ("feature", "split", "true", "false", "true_leaf", "false_leaf")
        }
        leaves: list[float] = []
        roots: list[int] = []
        targets: list[int] = []
        for number, tree in enumerate(self.trees):
            roots.append(len(nodes["feature"]))
            _add_tree(tree, nodes, leaves)
            targets += [number if self.apart else 0] * (len(leaves) - len(targets))
        mode = _LT if self.strict else _LEQ
        return {
            "tree_roots": roots,
            "n_targets": len(self.trees) if self.apart else 1,
            "aggregate_function": _SUM,
            "post_transform": 0,
            "nodes_featureids": nodes["feature"],
            "nodes_splits": np.array(nodes["split"], dtype=np.float64),
            "nodes_modes": np.full(len(nodes["feature"]), mode, dtype=np.uint8),
            "nodes_truenodeids": nodes["true"],
            "nodes_falsenodeids": nodes["false"],
            "nodes_trueleafs": nodes["true_leaf"],
            "nodes_falseleafs": nodes["false_leaf"],
            "leaf_targetids": targets,
            "leaf_weights": np.array(leaves, dtype=np.float64),
        }


def _add_tree(tree: Tree, nodes: dict[str, list[float]], leaves: list[float]) -> None:
    """Append one tree: inner nodes and leaves are numbered apart from each other."""
    inner = np.flatnonzero(tree.left >= 0)
    start = len(nodes["feature"])
    place = {int(node): start + index for index, node in enumerate(inner)}
    if not len(inner):
        # The operator knows no tree without a node: both ways lead to the only leaf.
        leaves.append(float(tree.value[0]))
        row = (0, 0.0, len(leaves) - 1, len(leaves) - 1, 1, 1)
        for key, value in zip(nodes, row, strict=True):
            nodes[key].append(value)
        return
    for node in inner:
        nodes["feature"].append(int(tree.feature[node]))
        nodes["split"].append(float(tree.threshold[node]))
        for key, child in (("true", int(tree.left[node])), ("false", int(tree.right[node]))):
            is_leaf = child not in place
            nodes[f"{key}_leaf"].append(int(is_leaf))
            if is_leaf:
                leaves.append(float(tree.value[child]))
            nodes[key].append(len(leaves) - 1 if is_leaf else place[child])
