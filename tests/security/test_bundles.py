"""Bundles of strangers: each forged one is refused in one sentence, and nothing of it runs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from dlr import Bundle
from dlr.errors import DlrError, InputError
from dlr.models.classifier_files import TYPES, load_classifier, save_classifier
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.skops_check import check_skops

from .small_bundle import forge, save_bundle, sign


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return save_bundle(tmp_path / "bundle")


def test_a_sound_bundle_opens_and_scores(bundle: Path) -> None:
    assert Bundle.load(bundle).feature_sets == ("Clinic", "Rad_sag", "DLR", "Late")


@pytest.mark.parametrize(
    "name", ["../../secret.txt", "/etc/hostname", "a/b.skops", "..\\x", ".hidden", "CON.json", ""]
)
def test_names_of_files_lead_nowhere(bundle: Path, name: str) -> None:
    (bundle.parent.parent / "secret.txt").write_text("x")
    sign(bundle, **{name: "0" * 64})
    with pytest.raises(InputError, match="no plain file name"):
        Bundle.load(bundle)


@pytest.mark.parametrize("target", ["parameters", "weights", "signature", "algorithm"])
@pytest.mark.parametrize("name", ["../../secret.yaml", "/etc/passwd", "elsewhere.yaml"])
def test_paths_inside_the_settings_lead_nowhere(bundle: Path, target: str, name: str) -> None:
    def change(content: dict[str, Any]) -> None:
        if target == "parameters":
            content["config"]["radiomics"]["parameters"] = name
        elif target == "weights":
            content["config"]["embedding"] = {"backbone": "resnet34", "weights": name}
        elif target == "signature":
            content["signatures"] = {name: content["signatures"]["DLR"]}
        else:
            content["signatures"]["DLR"]["algorithm"] = name

    with pytest.raises(InputError, match=r"plain file name|not in its list|unknown"):
        Bundle.load(forge(bundle, change))


def test_no_network_is_fetched_because_a_bundle_says_so(bundle: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["config"]["embedding"] = {"backbone": "resnet34", "weights": "torchvision"}
        content["config"]["views"]["sag"]["embedding"] = True

    with pytest.raises(InputError, match="weights of a network are not in it"):
        Bundle.load(forge(bundle, change))


@pytest.mark.parametrize("warnings", ["do not use", [1], {"a": "b"}])
def test_warnings_are_a_list_of_texts(bundle: Path, warnings: object) -> None:
    def change(content: dict[str, Any]) -> None:
        content["summary"]["warnings"] = warnings

    with pytest.raises(InputError, match="warnings"):
        Bundle.load(forge(bundle, change))


def test_names_of_files_in_the_summary_are_a_mapping(bundle: Path) -> None:
    with pytest.raises(InputError, match="the files of the summary are no dict"):
        Bundle.load(forge(bundle, lambda content: content["summary"].update(files=["x"])))


def test_links_are_refused(bundle: Path) -> None:
    (bundle / "radiomics.yaml").unlink()
    os.symlink("/etc/hostname", bundle / "radiomics.yaml")
    sign(bundle)
    with pytest.raises(InputError, match="is a link"):
        Bundle.load(bundle)


def test_an_oversized_json_is_not_read(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (bundle / "bundle.json").open("ab") as stream:
        stream.truncate(80_000_000)  # of zeros that take no space
    sign(bundle)
    with pytest.raises(InputError, match="more than 64,000,000 bytes"):
        Bundle.load(bundle)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_refused(bundle: Path, depth: int) -> None:
    (bundle / "bundle.json").write_text("[" * depth + "]" * depth)
    sign(bundle)
    with pytest.raises(InputError, match="levels deep"):
        Bundle.load(bundle)


def test_a_number_of_a_million_digits_is_refused(bundle: Path) -> None:
    (bundle / "bundle.json").write_text("9" * 1_000_000)
    sign(bundle)
    with pytest.raises(InputError, match="not readable JSON"):
        Bundle.load(bundle)


FORGERIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "no signatures": lambda c: c.pop("signatures"),
    "a list": lambda c: c.update(signatures=[1, 2]),
    "format": lambda c: c.update(format="x"),
    "nan": lambda c: c["signatures"]["DLR"].update(slope=float("nan")),
    "negative slope": lambda c: c["signatures"]["DLR"].update(slope=-1.0),
    "text for a number": lambda c: c["signatures"]["DLR"].update(intercept="1"),
    "infinite mean": lambda c: c["signatures"]["DLR"]["features"][0].update(mean=float("inf")),
    "zero scale": lambda c: c["signatures"]["DLR"]["features"][0].update(scale=0),
    "features missing": lambda c: c["signatures"]["DLR"].update(features=[]),
    "twice": lambda c: c["signatures"]["DLR"]["features"].append(
        c["signatures"]["DLR"]["features"][0]
    ),
    "unknown member": lambda c: c["signatures"]["Late"].update(members=["x", "y"]),
    "fusion of itself": lambda c: c["signatures"]["Late"].update(members=["Late"]),
    "weights": lambda c: c["signatures"]["Late"].update(weights=[1]),
    "threshold": lambda c: c["thresholds"].update(DLR=7),
    "threshold missing": lambda c: c["thresholds"].pop("DLR"),
    "ranges": lambda c: c["ranges"].update(age={"low": "a"}),
    "range of nothing": lambda c: c["ranges"].update({"../x": {"low": 0, "high": 1, "sd": 1}}),
    "digits in ranges": lambda c: next(iter(c["ranges"].values())).update(low="1.5"),
    "digits in means": lambda c: c["signatures"]["DLR"]["features"][0].update(mean="1.5"),
    "levels of nothing": lambda c: c["levels"].update(x=["a"]),
    "levels": lambda c: c["levels"].update(sex=[1, {}]),
    "summary": lambda c: c.update(summary=[]),
    "config": lambda c: c["config"].update(surprise=1),
    "columns": lambda c: c["signatures"]["DLR"]["deep_columns"].update({"sag.dl": ["x"]}),
    "coefficients": lambda c: c["clinic"]["logistic"].update(coefficients={"a": None}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_settings_and_numbers_are_refused(bundle: Path, forgery: str) -> None:
    with pytest.raises(InputError, match=r"not as dlr writes it|do not fit together|takes"):
        Bundle.load(forge(bundle, FORGERIES[forgery]))


@pytest.mark.parametrize("fault", ["shape", "dtype", "nan", "missing", "text", "truncated"])
def test_wrong_tensors_are_refused(bundle: Path, fault: str) -> None:
    path = bundle / "components.safetensors"
    tensors, name = load_file(path), "DLR/sag.dl/components"
    changed = {
        "shape": np.ones((3, 2)),
        "dtype": np.ones((1, 5), dtype=np.int64),
        "nan": np.full((1, 5), np.nan),
    }
    if fault in changed:
        save_file({**tensors, name: changed[fault]}, path)
    elif fault == "missing":
        save_file({key: value for key, value in tensors.items() if key != name}, path)
    elif fault == "text":
        path.write_text("no tensors")
    else:
        path.write_bytes(path.read_bytes()[:-20])
    sign(bundle)
    with pytest.raises(InputError):
        Bundle.load(bundle)


def test_a_header_of_tensors_that_promises_more_than_there_is_is_refused(bundle: Path) -> None:
    header = {"a": {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 8 * 10**12]}}
    text = json.dumps(header).encode()
    path = bundle / "components.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    sign(bundle)
    with pytest.raises(InputError):
        Bundle.load(bundle)


def test_a_zip_bomb_is_not_unpacked(bundle: Path) -> None:
    with (
        zipfile.ZipFile(bundle / "DLR.skops", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("schema.json", "w") as member,
    ):
        for _ in range(100):
            member.write(b" " * 1_000_000)
    sign(bundle)
    with pytest.raises(InputError, match="times its size, as zip bombs do"):
        Bundle.load(bundle)


def rewrite_schema(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Write a .skops file anew with another description of its objects."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(content["schema.json"])
    content["schema.json"] = json.dumps(change(schema) or schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def method_node(target: str) -> dict[str, Any]:
    module, _, name = target.rpartition(".")
    return {
        "__class__": name,
        "__module__": module,
        "__loader__": "MethodNode",
        "content": {"func": name, "obj": {}},
        "__id__": 7,
    }


@pytest.mark.parametrize(
    "target",
    ["os.system", "builtins.eval", "subprocess.Popen", "sklearn.pipeline.Pipeline", "numpy.load"],
)
def test_types_outside_the_list_are_refused_before_anything_is_built(
    bundle: Path, target: str
) -> None:
    def change(schema: dict[str, Any]) -> None:
        schema["content"]["content"]["extra"] = method_node(target)

    rewrite_schema(bundle / "DLR.skops", change)
    sign(bundle)
    with pytest.raises(InputError, match="which a bundle never does"):
        Bundle.load(bundle)


def test_a_function_of_an_allowed_type_is_refused(bundle: Path) -> None:
    node = method_node("builtins.str") | {"__loader__": "FunctionNode"}
    rewrite_schema(bundle / "DLR.skops", lambda s: s["content"]["content"].update(extra=node))
    sign(bundle)
    with pytest.raises(InputError, match="which a bundle never does"):
        Bundle.load(bundle)


def test_a_pickle_in_place_of_an_array_is_not_read(bundle: Path) -> None:
    path = bundle / "DLR.skops"
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    np.save(buffer, np.array([object], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, buffer.getvalue() if name.endswith(".npy") else data)
    sign(bundle)
    with pytest.raises(InputError, match="not as dlr writes it"):
        Bundle.load(bundle)


def fitted(algorithm: str) -> Any:
    generator = np.random.default_rng(0)
    cases = generator.normal(size=(60, 3))
    return CLASSIFIERS[algorithm].make(0).fit(cases, (cases[:, 0] > 0).astype(int))


def endless(tree: Any) -> None:
    """Make a node its own child."""
    state = tree.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 0
    tree.tree_.__setstate__(state)


def foreign_input(tree: Any) -> None:
    state = tree.tree_.__getstate__()
    state["nodes"]["feature"][0] = 10**6
    tree.tree_.__setstate__(state)


CRIPPLED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "tree in a circle": ("decision-tree", endless),
    "tree of foreign inputs": ("decision-tree", foreign_input),
    "forest in a circle": ("extra-trees", lambda m: endless(m.estimators_[3])),
    "number of trees": ("extra-trees", lambda m: setattr(m, "n_estimators", 10**9)),
    "support vectors": ("svm", lambda m: setattr(m, "support_vectors_", np.ones((2, 3)))),
    "counts": ("svm", lambda m: setattr(m, "_n_support", np.array([-5, 10**6], dtype=np.int32))),
    "dual": ("svm", lambda m: setattr(m, "_dual_coef_", np.ones((1, 1)))),
    "coefficients": ("logistic", lambda m: setattr(m, "coef_", np.full((1, 3), np.nan))),
    "processes": ("knn", lambda m: setattr(m, "n_jobs", 5000)),
    "distance": ("knn", lambda m: setattr(m, "effective_metric_", "nan_euclidean")),
    "layers": ("mlp", lambda m: setattr(m, "coefs_", [np.ones((3, 2)), np.ones((5, 1))])),
    "inputs": ("logistic", lambda m: setattr(m, "n_features_in_", 4)),
    "classes": ("logistic", lambda m: setattr(m, "classes_", np.array([0, 1, 2]))),
}


@pytest.mark.parametrize("case", CRIPPLED)
def test_classifiers_whose_parts_do_not_fit_are_refused(case: str, tmp_path: Path) -> None:
    algorithm, cripple = CRIPPLED[case]
    model = fitted(algorithm)
    cripple(model)
    save_classifier(algorithm, model, tmp_path, "a")
    with pytest.raises(InputError, match="classifier"):
        load_classifier(algorithm, tmp_path, "a", 3)


def test_a_tree_never_reads_more_nodes_than_it_has(tmp_path: Path) -> None:
    path = save_classifier("decision-tree", fitted("decision-tree"), tmp_path, "a")

    def change(schema: dict[str, Any]) -> None:
        text = json.dumps(schema)
        place = text.index('"node_count"')
        start = text.index('"content": "', place) + len('"content": "')
        schema.update(json.loads(text[:start] + "99999999" + text[text.index('"', start) :]))

    rewrite_schema(path, change)
    # Newer versions of scikit-learn count the nodes themselves, older ones believe the file.
    with contextlib.suppress(InputError):
        tree = load_classifier("decision-tree", tmp_path, "a", 3).tree_
        assert tree.node_count == tree.capacity < 99999999


def tree_node(content: Any) -> dict[str, Any]:
    """Find the first tree of a description."""
    if isinstance(content, dict) and content.get("__loader__") == "TreeNode":
        return content
    inner = content.values() if isinstance(content, dict) else content
    found = (tree_node(item) for item in inner if isinstance(item, dict | list))
    return next((item for item in found if item), {})


def more_outputs(tree: dict[str, Any]) -> None:
    tree["__reduce__"]["args"]["content"][2]["content"] = "4000"


def other_array(tree: dict[str, Any]) -> None:
    state = tree["content"]["content"]
    tree["__reduce__"]["args"]["content"][1]["file"] = state["values"]["file"]


def array_under_a_used_number(tree: dict[str, Any]) -> None:
    state = tree["content"]["content"]
    tree["__reduce__"]["args"]["content"][1]["__id__"] = state["values"]["__id__"]


def arguments_under_a_used_number(tree: dict[str, Any]) -> None:
    tree["__reduce__"]["args"]["__id__"] = tree["content"]["key_types"]["__id__"]


@pytest.mark.parametrize(
    "forge",
    [more_outputs, other_array, array_under_a_used_number, arguments_under_a_used_number],
)
@pytest.mark.parametrize("algorithm", ["decision-tree", "random-forest"])
def test_what_compiled_trees_believe_is_checked_before_they_are_built(
    algorithm: str, forge: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    # Fuzzing found a file of this kind that ended the process: compiled code believes sizes.
    path = save_classifier(algorithm, fitted(algorithm), tmp_path, "a")
    rewrite_schema(path, lambda schema: forge(tree_node(schema)))
    with pytest.raises(InputError, match="not as dlr writes it"):
        check_skops(path, algorithm, TYPES[algorithm])


def edit_trees(path: Path, change: Callable[[str], str]) -> None:
    content = json.loads(path.read_text())
    content["trees"] = change(content["trees"])
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("algorithm", "old", "new"),
    [
        ("xgboost", '"left_children":[1', '"left_children":[0'),
        ("xgboost", '"left_children":[1', '"left_children":[99999'),
        ("xgboost", '"split_indices":[0', '"split_indices":[77777'),
        ("xgboost", '"num_feature":"3"', '"num_feature":"999999999"'),
        ("xgboost", '"name":"gbtree"', '"name":"dart"'),
        ("lightgbm", "\nleft_child=1", "\nleft_child=0"),
        ("lightgbm", "\nleft_child=1", "\nleft_child=999999"),
        ("lightgbm", "\nsplit_feature=0", "\nsplit_feature=7"),
        ("lightgbm", "\ntree_sizes=", "\ntree_sizes=9"),
        ("lightgbm", "\nnum_leaves=4", "\nnum_leaves=4000000"),
        ("lightgbm", "\nmax_feature_idx=2", "\nmax_feature_idx=222222222"),
    ],
)
def test_boosted_trees_whose_parts_do_not_fit_are_refused(
    algorithm: str, old: str, new: str, tmp_path: Path
) -> None:
    path = save_classifier(algorithm, fitted(algorithm), tmp_path, "a")
    assert load_classifier(algorithm, tmp_path, "a", 3) is not None
    text = json.loads(path.read_text())["trees"]
    assert old in text
    edit_trees(path, lambda found: found.replace(old, new, 1))
    with pytest.raises(DlrError, match="boosted trees"):
        load_classifier(algorithm, tmp_path, "a", 3)


@pytest.mark.parametrize("algorithm", sorted(CLASSIFIERS))
def test_every_setting_of_every_classifier_still_opens(algorithm: str, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    cases = generator.normal(size=(60, 3))
    labels = (cases[:, 0] > 0).astype(int)
    for number, parameters in enumerate(CLASSIFIERS[algorithm].search):
        model = CLASSIFIERS[algorithm].make(0, parameters).fit(cases, labels)
        save_classifier(algorithm, model, tmp_path, f"m{number}")
        back = load_classifier(algorithm, tmp_path, f"m{number}", 3)
        score = CLASSIFIERS[algorithm].score
        np.testing.assert_array_equal(score(back, cases), score(model, cases))
