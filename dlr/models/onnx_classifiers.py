"""The decision value of every classifier as ONNX nodes; see :mod:`dlr.models.classifiers`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import logit

from dlr.models.onnx_graph import GraphBuilder, Tree, TreeEnsemble


def decision_nodes(graph: GraphBuilder, algorithm: str, classifier: Any, x: str) -> str:
    """Add the decision value of a fitted classifier; higher means positive.

    Parameters
    ----------
    graph : GraphBuilder
    algorithm : str
        A key of :data:`dlr.models.classifiers.CLASSIFIERS`.
    classifier : estimator
        Fitted.
    x : str
        Name of the scaled features, (n_cases, n_features).

    Returns
    -------
    str
        Name of the vector of decision values.
    """
    return _DECISIONS[algorithm](graph, classifier, x)


def _flat(graph: GraphBuilder, column: str) -> str:
    return graph.node("Reshape", column, graph.constant([-1], np.int64))


def _linear(graph: GraphBuilder, classifier: Any, x: str) -> str:
    weights = np.asarray(classifier.coef_, dtype=float).reshape(-1, 1)
    value = graph.node("MatMul", x, graph.constant(weights))
    return _flat(graph, graph.scalar("Add", value, float(classifier.intercept_[0])))


def _svc(graph: GraphBuilder, classifier: Any, x: str) -> str:
    if classifier.kernel == "linear":
        return _linear(graph, classifier, x)
    vectors = np.asarray(classifier.support_vectors_, dtype=float)
    distance = _squared_distances(graph, vectors, x)
    # scikit-learn keeps the number that gamma="scale" stood for in this attribute only.
    kernel = graph.node("Exp", graph.scalar("Mul", distance, -float(classifier._gamma)))
    weights = np.asarray(classifier.dual_coef_, dtype=float).reshape(-1, 1)
    value = graph.node("MatMul", kernel, graph.constant(weights))
    return _flat(graph, graph.scalar("Add", value, float(classifier.intercept_[0])))


def _squared_distances(graph: GraphBuilder, vectors: np.ndarray, x: str) -> str:
    """Return squared Euclidean distances, (n_cases, n_vectors), by |x|^2 + |v|^2 - 2 x v."""
    axis = graph.constant([1], np.int64)
    own = graph.node("ReduceSum", graph.node("Mul", x, x), axis, keepdims=1)
    product = graph.node("MatMul", x, graph.constant(-2 * vectors.T))
    sums = graph.node("Add", own, graph.constant((vectors**2).sum(axis=1)[None, :]))
    return graph.clip(graph.node("Add", sums, product), 0.0, float(np.finfo(float).max))


def _neighbours(graph: GraphBuilder, classifier: Any, x: str) -> str:
    votes = min(classifier.n_neighbors, classifier.n_samples_fit_)
    distance = _squared_distances(graph, np.asarray(classifier._fit_X, dtype=float), x)
    nearest = graph.smallest(distance, votes)
    labels = graph.constant(np.asarray(classifier._y).ravel())
    axis = graph.constant([1], np.int64)
    share = graph.node("ReduceMean", graph.node("Gather", labels, nearest), axis, keepdims=0)
    return graph.log_odds(share, 0.5 / (votes + 1))


def _perceptron(graph: GraphBuilder, classifier: Any, x: str) -> str:
    value = x
    last = len(classifier.coefs_) - 1
    for layer, (weights, bias) in enumerate(
        zip(classifier.coefs_, classifier.intercepts_, strict=True)
    ):
        product = graph.node("MatMul", value, graph.constant(weights))
        value = graph.node("Add", product, graph.constant(np.asarray(bias)[None, :]))
        if layer < last:
            value = graph.node("Relu", value)
    limit = float(logit(1 - 1e-15))
    return graph.clip(_flat(graph, value), -limit, limit)


def _tree(graph: GraphBuilder, classifier: Any, x: str) -> str:
    share = graph.trees(graph.as_float32(x), TreeEnsemble((_sklearn_tree(classifier.tree_, 1),)))
    return graph.log_odds(_flat(graph, share), 0.5 / (classifier.min_samples_leaf + 1))


def _forest(graph: GraphBuilder, classifier: Any, x: str) -> str:
    count = classifier.n_estimators
    trees = tuple(_sklearn_tree(item.tree_, count) for item in classifier.estimators_)
    share = graph.trees(graph.as_float32(x), TreeEnsemble(trees))
    return graph.log_odds(_flat(graph, share), 0.5 / (count + 1))


def _sklearn_tree(tree: Any, count: int) -> Tree:
    """Return a tree whose leaves give the share of the event, divided by the number of trees."""
    shares = tree.value[:, 0, -1] / tree.value[:, 0, :].sum(axis=1)
    return Tree(
        np.asarray(tree.feature, dtype=np.int64),
        np.asarray(tree.threshold, dtype=np.float64),
        np.asarray(tree.children_left, dtype=np.int64),
        np.asarray(tree.children_right, dtype=np.int64),
        shares / count,
    )


def _xgboost(graph: GraphBuilder, classifier: Any, x: str) -> str:
    content = json.loads(classifier.to_dict()["trees"])["learner"]
    trees = tuple(_xgboost_tree(item) for item in content["gradient_booster"]["model"]["trees"])
    share = np.float32(content["learner_model_param"]["base_score"].strip("[]"))
    base = -np.log(np.float32(1) / share - np.float32(1))
    # XGBoost compares and adds in single precision, tree by tree.
    ensemble = TreeEnsemble(trees, strict=True, apart=True)
    return graph.float32_sum(graph.trees(graph.as_float32(x), ensemble), float(base))


def _xgboost_tree(item: Mapping[str, Any]) -> Tree:
    splits = np.asarray(item["split_conditions"], dtype=np.float32).astype(np.float64)
    return Tree(
        np.asarray(item["split_indices"], dtype=np.int64),
        splits,
        np.asarray(item["left_children"], dtype=np.int64),
        np.asarray(item["right_children"], dtype=np.int64),
        splits,  # XGBoost keeps the value of a leaf where other nodes have their threshold
    )


def _lightgbm(graph: GraphBuilder, classifier: Any, x: str) -> str:
    content = classifier.booster_.dump_model()
    trees = tuple(_lightgbm_tree(item["tree_structure"]) for item in content["tree_info"])
    return _flat(graph, graph.trees(x, TreeEnsemble(trees)))


def _lightgbm_tree(root: Mapping[str, Any]) -> Tree:
    rows: list[list[float]] = []
    _walk(root, rows)
    table = np.array(rows, dtype=np.float64)
    return Tree(
        table[:, 0].astype(np.int64),
        table[:, 1],
        table[:, 2].astype(np.int64),
        table[:, 3].astype(np.int64),
        table[:, 4],
    )


def _walk(node: Mapping[str, Any], rows: list[list[float]]) -> int:
    """Append a node and everything below it; return its number."""
    number = len(rows)
    if "leaf_value" in node:
        rows.append([0, 0.0, -1, -1, float(node["leaf_value"])])
        return number
    rows.append([int(node["split_feature"]), float(node["threshold"]), -1, -1, 0.0])
    rows[number][2] = _walk(node["left_child"], rows)
    rows[number][3] = _walk(node["right_child"], rows)
    return number


_DECISIONS: Mapping[str, Callable[[GraphBuilder, Any, str], str]] = {
    "logistic": _linear,
    "svm": _svc,
    "linear-svm": _svc,
    "knn": _neighbours,
    "decision-tree": _tree,
    "random-forest": _forest,
    "extra-trees": _forest,
    "xgboost": _xgboost,
    "mlp": _perceptron,
    "lightgbm": _lightgbm,
}
