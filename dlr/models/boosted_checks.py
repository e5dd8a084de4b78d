"""Whether the text of boosted trees describes trees, before their packages read it.

The packages are compiled code that trusts its model files: children are followed and inputs read
wherever the numbers say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dlr.errors import DlrError

MOST_TREES = 100_000


def check_boosted(package: str, text: Any, n_features: int) -> None:
    """Refuse text that is no model of boosted trees for `n_features` inputs.

    Parameters
    ----------
    package : {"xgboost", "lightgbm"}
    text : str
    n_features : int

    Raises
    ------
    DlrError
        If a tree has circles, unknown inputs, numbers that are not finite, or anything that dlr's
        own settings never make (categories, linear leaves, other objectives).
    """
    _require(isinstance(text, str), "they are no text")
    if package == "xgboost":
        _xgboost(json.loads(text), n_features)
    else:
        _lightgbm(text, n_features)


def _xgboost(content: Any, n_features: int) -> None:
    learner = content["learner"]
    _require(int(learner["learner_model_param"]["num_feature"]) == n_features, "unknown inputs")
    _require(int(learner["learner_model_param"]["num_target"]) == 1, "several outcomes")
    _require(int(learner["learner_model_param"]["num_class"]) == 0, "several classes")
    _require(learner["objective"]["name"] == "binary:logistic", "an unknown objective")
    booster = learner["gradient_booster"]
    _require(booster["name"] == "gbtree", "an unknown kind of trees")
    model = booster["model"]
    trees, settings = model["trees"], model["gbtree_model_param"]
    _require(int(settings["num_parallel_tree"]) == 1, "several trees at once")
    _require(len(trees) == int(settings["num_trees"]) <= MOST_TREES, "a wrong number of trees")
    _require(model["tree_info"] == [0] * len(trees), "trees of several classes")
    _require(model["iteration_indptr"] == list(range(len(trees) + 1)), "a wrong order of trees")
    cats = model.get("cats", {})
    _require(not any(cats.values()), "categories")
    for number, tree in enumerate(trees):
        _xgboost_tree(tree, number, n_features)


_NODE_ARRAYS = (
    "base_weights",
    "default_left",
    "left_children",
    "loss_changes",
    "parents",
    "right_children",
    "split_conditions",
    "split_indices",
    "split_type",
    "sum_hessian",
)


def _xgboost_tree(tree: Mapping[str, Any], number: int, n_features: int) -> None:
    settings = tree["tree_param"]
    count = int(settings["num_nodes"])
    _require(int(settings["num_feature"]) == n_features, "unknown inputs")
    _require(int(settings["size_leaf_vector"]) <= 1 and int(tree["id"]) == number, "a wrong tree")
    _require(0 <= int(settings["num_deleted"]) < count, "a wrong number of nodes")
    for name in _NODE_ARRAYS:
        _require(len(tree[name]) == count, "arrays of different length")
        _finite(tree[name])
    for name in ("categories", "categories_nodes", "categories_segments", "categories_sizes"):
        _require(not tree[name], "categories")
    _require(not any(tree["split_type"]), "categories")
    _require(all(0 <= index < n_features for index in tree["split_indices"]), "unknown inputs")
    inner = {
        node: (left, right)
        for node, (left, right) in enumerate(
            zip(tree["left_children"], tree["right_children"], strict=True)
        )
        if (left, right) != (-1, -1)
    }
    _walk(inner, count)


def _lightgbm(text: str, n_features: int) -> None:
    head, *parts = text.split("\nTree=")
    header = _fields(head)
    _require(head.startswith("tree\n"), "no trees")
    _require(int(header["max_feature_idx"]) == n_features - 1, "unknown inputs")
    for name in ("num_class", "num_tree_per_iteration"):
        _require(int(header[name]) == 1, "several classes")
    _require(header["objective"].split()[0] == "binary", "an unknown objective")
    for name in ("feature_names", "feature_infos"):
        _require(len(header[name].split()) == n_features, "unknown inputs")
    _require("linear_tree" not in header, "linear leaves")
    _require(1 <= len(parts) <= MOST_TREES, "a wrong number of trees")
    last, end, _ = parts[-1].partition("end of trees")
    _require(bool(end), "an open end")
    trees = [*parts[:-1], last]
    _check_tree_sizes(header, trees)
    for number, tree in enumerate(trees):
        _lightgbm_tree(tree, number, n_features)


def _check_tree_sizes(header: Mapping[str, str], trees: Sequence[str]) -> None:
    """Compare the lengths by which the reader jumps from tree to tree with the trees."""
    sizes = [len(f"Tree={tree}".encode()) for tree in trees]
    # Between trees stands one line feed, which splitting took away; before the end stands none.
    found = [size + 1 for size in sizes[:-1]] + sizes[-1:]
    _require([int(size) for size in header["tree_sizes"].split()] == found, "trees of other sizes")


def _lightgbm_tree(text: str, number: int, n_features: int) -> None:
    lines = text.split("\n", 1)
    _require(int(lines[0]) == number, "a wrong order of trees")
    fields = _fields(lines[1])
    leaves = int(fields["num_leaves"])
    _require(leaves >= 1 and int(fields["num_cat"]) == 0, "categories")
    _require(int(fields.get("is_linear", 0)) == 0, "linear leaves")
    _finite([float(fields["shrinkage"])])
    values = [float(value) for value in fields["leaf_value"].split()]
    _require(len(values) == leaves, "arrays of different length")
    _finite(values)
    if leaves == 1:
        return
    integers = {
        name: [int(value) for value in fields[name].split()]
        for name in ("split_feature", "decision_type", "left_child", "right_child")
    }
    lengths = {len(found) for found in integers.values()}
    lengths |= {len(fields[name].split()) for name in ("threshold", "split_gain")}
    _require(lengths == {leaves - 1}, "arrays of different length")
    for name, length in (("leaf_weight", leaves), ("leaf_count", leaves)):
        _require(len(fields[name].split()) in (0, length), "arrays of different length")
    for name in ("internal_value", "internal_weight", "internal_count"):
        _require(len(fields[name].split()) in (0, leaves - 1), "arrays of different length")
    _finite([float(value) for value in fields["threshold"].split()])
    _require(all(0 <= found < n_features for found in integers["split_feature"]), "unknown inputs")
    # Bit 0 of the type of a decision stands for categories.
    _require(all(0 <= kind < 16 and not kind & 1 for kind in integers["decision_type"]), "a type")
    _require(all(child >= -leaves for child in integers["left_child"]), "unknown leaves")
    _require(all(child >= -leaves for child in integers["right_child"]), "unknown leaves")
    children = zip(integers["left_child"], integers["right_child"], strict=True)
    _walk(dict(enumerate(children)), leaves - 1)


def _walk(children: Mapping[int, tuple[int, int]], count: int) -> None:
    """Refuse children that are no nodes, or that are reached twice; below 0 are leaves."""
    seen = {0}
    waiting = [0]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child < 0:
                continue
            _require(child < count and child not in seen, "nodes in circles")
            seen.add(child)
            waiting.append(child)


def _fields(text: str) -> dict[str, str]:
    found = [line.partition("=") for line in text.split("\n") if "=" in line]
    names = sorted(name for name, _, _ in found)
    # Which of two lines counts is the reader's choice, so none may be there twice.
    _require(all(first != second for first, second in pairwise(names)), "a line is there twice")
    return {name: value for name, _, value in found}


def _finite(values: Sequence[Any]) -> None:
    good = all(isinstance(v, int | float) and math.isfinite(v) for v in values)
    _require(good, "numbers that are not finite")


def _require(condition: bool, fault: str) -> None:
    if not condition:
        raise DlrError(f"the text of the boosted trees is not as dlr writes it: {fault}")
