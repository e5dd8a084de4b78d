"""What may be in a ``.skops`` file: looked up before anything of it is built.

skops trusts hundreds of types of scikit-learn, scipy and numpy by itself, and its loaders include
ones that call functions. A bundle needs a dozen pairs of loader and type; all others are refused.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from dlr.errors import Fault, InputError
from dlr.safety.archives import check_archive
from dlr.safety.malformed import malformed_as_fault

LARGEST_SCHEMA = 64_000_000
"""Bytes of the description of the objects; a forest of 100 trees has about 1 MB."""
LARGEST_SKOPS = 512_000_000
"""Bytes of all arrays together."""
_LEAVES = ("JsonNode", "NdArrayNode")
MOST_FEATURES = 1_000_000
_DEEPEST = 200

_PLAIN = frozenset(
    {
        ("DictNode", "builtins.dict"),
        ("JsonNode", "builtins.str"),
        ("ListNode", "builtins.list"),
        ("NdArrayNode", "numpy.float64"),
        ("NdArrayNode", "numpy.int64"),
        ("NdArrayNode", "numpy.ndarray"),
        ("TupleNode", "builtins.tuple"),
        ("TypeNode", "builtins.str"),
    }
)
_TREE = ("TreeNode", "sklearn.tree._tree.Tree")
_ONE_TREE = ("ObjectNode", "sklearn.tree._classes.DecisionTreeClassifier")
_PARTS = {
    "decision-tree": {_TREE},
    "random-forest": {_TREE, _ONE_TREE},
    "extra-trees": {_TREE, ("ObjectNode", "sklearn.tree._classes.ExtraTreeClassifier")},
    "mlp": {
        ("ObjectNode", "sklearn.preprocessing._label.LabelBinarizer"),
        ("RandomStateNode", "numpy.random.mtrand.RandomState"),
    },
}


def check_skops(path: Path, algorithm: str, kind: str) -> None:
    """Refuse a ``.skops`` file that holds anything but one classifier of an algorithm.

    Parameters
    ----------
    path : Path
    algorithm : str
        Key of the classifier.
    kind : str
        Its type, with the module.

    Raises
    ------
    InputError
        If it is no such file, unpacks to too much, or holds a type or loader that a classifier of
        `algorithm` does not have; nothing of it was built.
    """
    check_archive(path, largest=LARGEST_SKOPS)
    with malformed_as_fault(path, "the file"), ZipFile(path) as archive:
        if archive.getinfo("schema.json").file_size > LARGEST_SCHEMA:
            message = f"its description of objects has more than {LARGEST_SCHEMA:,} bytes"
            raise InputError([Fault(message, path, code="too-large")])
        schema = json.loads(archive.read("schema.json"))
        allowed = _PLAIN | _PARTS.get(algorithm, set()) | {("ObjectNode", kind)}
        nodes = list(_nodes(schema))
        for node in nodes:
            found = (str(node.get("__loader__")), f"{node['__module__']}.{node['__class__']}")
            if found not in allowed:
                message = f"the file holds the object type '{found[1]}', which a bundle never does"
                raise InputError([Fault(message, path, code="untrusted")])
        trees = [node for node in nodes if node["__loader__"] == _TREE[0]]
        if trees:
            _check_numbering(nodes, trees)
        for tree in trees:
            _check_tree(tree, archive)


def _check_numbering(nodes: list[dict[str, Any]], trees: list[dict[str, Any]]) -> None:
    """Refuse two objects under one number: skops builds one and takes it for the other."""
    known: dict[Any, dict[str, Any]] = {}
    parts = [part for tree in trees for part in (tree["__reduce__"]["args"], tree["content"])]
    leaves = [node for node in nodes if node["__loader__"] in _LEAVES]
    for node in (*parts, *leaves):
        if known.setdefault(node["__id__"], node) != node:
            raise ValueError("two different objects have the same number")
    whole = {part["__id__"] for part in parts}
    others = {id(part) for part in parts}
    if any(node.get("__id__") in whole and id(node) not in others for node in nodes):
        raise ValueError("two different objects have the same number")


def _check_tree(node: Mapping[str, Any], archive: ZipFile) -> None:
    """Refuse arguments that scikit-learn's compiled tree would believe.

    A tree of a bundle has one outcome of two classes, and as many nodes as its table has rows.
    """
    n_features, classes, outputs = node["__reduce__"]["args"]["content"]
    state = node["content"]["content"]
    rows = len(_array(state["nodes"], archive))
    if (
        _number(outputs) != 1
        or not 0 < _number(n_features) <= MOST_FEATURES
        or _number(state["node_count"]) != rows
        or not 0 <= _number(state["max_depth"]) <= rows
        or rows < 1
        or _array(classes, archive).tolist() != [2]
        or _array(state["values"], archive).shape[:2] != (rows, 1)
    ):
        raise ValueError("a tree whose parts do not fit one another")


def _number(node: Mapping[str, Any]) -> int:
    if node["__loader__"] != "JsonNode" or not node["is_json"]:
        raise ValueError("a tree of something else than numbers")
    return int(json.loads(node["content"]))


def _array(node: Mapping[str, Any], archive: ZipFile) -> np.ndarray:
    if node["__loader__"] != "NdArrayNode" or node["type"] != "numpy":
        raise ValueError("a tree of something else than arrays")
    array = np.load(io.BytesIO(archive.read(node["file"])), allow_pickle=False)
    return np.asarray(array)


def _nodes(content: Any) -> Iterator[dict[str, Any]]:
    """Yield everything that skops would build, level by level."""
    level = [content]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                if not item.keys().isdisjoint({"__loader__", "__class__", "__module__"}):
                    yield item
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return
    raise ValueError(f"objects are nested more than {_DEEPEST} levels deep")
