"""Nothing that dlr reads can run code: no unpickling, no evaluation, skops by an allow-list."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import dlr

ROOT = Path(dlr.__file__).parent
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle"}
HARMLESS_NAMES = {"UnpicklingError"}  # the error that refusing a pickle raises
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pd.read_pickle",
    "pandas.read_pickle", "joblib.load", "joblib.dump", "yaml.load", "yaml.unsafe_load",
    "yaml.full_load", "yaml.load_all", "skops.io.loads", "torch.hub.load", "ElementTree.parse",
    "minidom.parse", "xgboost.Booster.load_config", "pd.eval", "np.fromregex",
}  # fmt: skip
FORBIDDEN_METHODS = {"read_pickle", "to_pickle", "query", "load_state_dict_from_url"}


def sources() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keyword(call: ast.Call, name: str) -> object:
    values = [k.value for k in call.keywords if k.arg == name]
    return values[0].value if values and isinstance(values[0], ast.Constant) else None


def test_no_module_that_unpickles_is_imported() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not {a.name.split(".")[0] for a in node.names} & FORBIDDEN_MODULES, path
            if isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES:
                assert {alias.name for alias in node.names} <= HARMLESS_NAMES, path


def test_nothing_evaluates_text_or_unpickles() -> None:
    for path in sources():
        for name, _ in calls(path):
            assert name not in FORBIDDEN_CALLS, f"{path}: {name}"
            assert name.rsplit(".", 1)[-1] not in FORBIDDEN_METHODS, f"{path}: {name}"


def test_arrays_tensors_and_yaml_are_read_in_their_safe_ways() -> None:
    found = set()
    for path in sources():
        for name, call in calls(path):
            if name in ("np.load", "numpy.load"):
                assert keyword(call, "allow_pickle") is False, path
            elif name == "torch.load":
                assert keyword(call, "weights_only") is True, path
            elif name == "np.save":
                assert keyword(call, "allow_pickle") is False, path
            elif name.startswith("yaml.") and name.split(".")[1] in ("compose", "parse"):
                loaders = [ast.unparse(k.value) for k in call.keywords if k.arg == "Loader"]
                assert loaders == ["yaml.SafeLoader"], path
            else:
                continue
            found.add(name)
    assert {"np.load", "torch.load", "yaml.compose"} <= found


def test_skops_is_called_in_one_place_with_its_allow_list() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skops")
    }
    assert users == {"models/classifier_files.py"}
    path = ROOT / "models" / "classifier_files.py"
    loads = [call for name, call in calls(path) if name == "load"]
    assert [ast.unparse(k.value) for c in loads for k in c.keywords] == ["sorted(trusted)"]
    text = path.read_text(encoding="utf-8")
    assert (
        text.index("check_skops(path")
        < text.index("get_untrusted_types(file")
        < text.index("load(path, trusted")
    )


@pytest.mark.parametrize("package", ["skops", "torch"])
def test_versions_without_known_ways_to_run_code_are_required(package: str) -> None:
    from importlib.metadata import version

    # CVE-2025-54412, -54413 and -54886 of skops; CVE-2025-32434 of torch.load(weights_only=True).
    least = {"skops": (0, 13), "torch": (2, 6)}[package]
    assert tuple(map(int, version(package).split("+")[0].split(".")[:2])) >= least
