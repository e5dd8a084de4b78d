"""What may be in a ``.skops`` file: looked up before anything of it is built.

skops trusts hundreds of types of scikit-learn, scipy and numpy by itself, and its loaders include
ones that call functions. A bundle needs a dozen pairs of loader and type; all others are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from dlr.errors import Fault, InputError
from dlr.safety.archives import check_archive
from dlr.safety.malformed import malformed_as_fault

LARGEST_SCHEMA = 64_000_000
"""Bytes of the description of the objects; a forest of 100 trees has about 1 MB."""
LARGEST_SKOPS = 512_000_000
"""Bytes of all arrays together."""
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
        for node in _nodes(schema):
            found = (str(node.get("__loader__")), f"{node['__module__']}.{node['__class__']}")
            if found not in allowed:
                message = f"the file holds the object type '{found[1]}', which a bundle never does"
                raise InputError([Fault(message, path, code="untrusted")])


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
