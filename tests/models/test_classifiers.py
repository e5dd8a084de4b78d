"""The algorithms: scores in the right direction, repeatable, and the same after a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import SVC

from dlr.errors import DlrError, InputError, MissingDependencyError
from dlr.models import boosted_trees
from dlr.models.classifier_files import load_classifier, save_classifier
from dlr.models.classifiers import CLASSIFIERS, make_classifier, vote
from dlr.stats import auc

KEYS = list(CLASSIFIERS)


def data(n: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = (random.random(n) < 0.35).astype(int)
    X = random.normal(size=(n, 6))
    X[:, :2] += 1.5 * y[:, None]
    return X, y


def test_the_registry_holds_the_nine_algorithms_and_the_linear_svm() -> None:
    assert KEYS == [
        "logistic", "svm", "linear-svm", "knn", "decision-tree", "random-forest", "extra-trees",
        "xgboost", "mlp", "lightgbm",
    ]  # fmt: skip


def test_the_three_first_classifiers_are_what_they_always_were() -> None:
    X, y = data()
    former = {
        "svm": SVC(kernel="rbf", C=1.0, gamma="scale", class_weight="balanced"),
        "linear-svm": SVC(kernel="linear", C=0.1, class_weight="balanced"),
        "logistic": LogisticRegression(
            C=1.0, class_weight="balanced", max_iter=5000, random_state=3
        ),
    }
    for key, estimator in former.items():
        expected = estimator.fit(X, y).decision_function(X)
        np.testing.assert_array_equal(
            make_classifier(key, 3).fit(X, y).decision_function(X), expected
        )


@pytest.mark.parametrize("key", KEYS)
def test_scores_are_finite_high_for_the_event_and_repeatable(key: str) -> None:
    spec = CLASSIFIERS[key]
    X, y = data()
    new, truth = data(seed=1)
    for parameters in spec.search:
        score = spec.score(spec.make(5, parameters).fit(X, y), new)
        assert score.shape == (len(new),)
        assert np.isfinite(score).all()
        assert auc(truth, score).value > 0.7
        again = spec.score(clone(spec.make(5, parameters)).fit(X, y), new)
        np.testing.assert_array_equal(score, again)


@pytest.mark.parametrize("key", KEYS)
def test_a_classifier_comes_back_from_its_file_to_the_last_bit(key: str, tmp_path: Path) -> None:
    spec = CLASSIFIERS[key]
    X, y = data()
    new, _ = data(400, seed=1)
    fitted = spec.make(5).fit(X, y)
    path = save_classifier(key, fitted, tmp_path, "Rad_sag")
    back = load_classifier(key, tmp_path, "Rad_sag", X.shape[1])
    np.testing.assert_array_equal(spec.score(back, new), spec.score(fitted, new))
    assert path.stem == "Rad_sag"
    assert b"pickle" not in path.read_bytes()


@pytest.mark.parametrize("key", KEYS)
def test_tiny_and_one_sided_training_parts_do_not_stop_an_algorithm(key: str) -> None:
    spec = CLASSIFIERS[key]
    X, y = data(8)
    y[:] = [1, 0, 0, 0, 0, 0, 0, 1]
    for parameters in spec.search:
        assert np.isfinite(spec.score(spec.make(0, parameters).fit(X, y), X)).all()


@pytest.mark.parametrize("key", KEYS)
def test_single_case_scores_do_not_depend_on_the_others(key: str) -> None:
    spec = CLASSIFIERS[key]
    X, y = data()
    new, _ = data(20, seed=1)
    fitted = spec.make(0).fit(X, y)
    alone = np.concatenate([spec.score(fitted, row[None]) for row in new])
    np.testing.assert_allclose(alone, spec.score(fitted, new), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("key", ["xgboost", "lightgbm"])
def test_boosted_trees_say_how_to_install_what_they_need(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boosted_trees, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=f"pip install {key}"):
        make_classifier(key, 0)


@pytest.mark.parametrize("key", ["xgboost", "lightgbm"])
def test_balancing_raises_the_scores_of_a_rare_event(key: str) -> None:
    X, y = data(90)
    y[:] = np.repeat([1, 0, 0], 30)
    spec = CLASSIFIERS[key]
    plain = spec.make(0, {"class_weight": None}).fit(X, y)
    balanced = spec.make(0).fit(X, y)
    assert spec.score(balanced, X).mean() > spec.score(plain, X).mean() + 0.3
    with pytest.raises(DlrError, match="needs two classes"):
        spec.make(0).fit(X, np.zeros(90))


def test_an_unknown_algorithm_is_named_with_the_known_ones() -> None:
    with pytest.raises(DlrError, match=r"must be one of logistic, svm.*but got 'vote'"):
        make_classifier("vote", 0)


def test_files_with_foreign_objects_are_refused(tmp_path: Path) -> None:
    from skops.io import dump

    with pytest.raises(DlrError, match="'logistic' has no classifier of the type"):
        save_classifier("logistic", LinearRegression(), tmp_path, "a")
    with pytest.raises(DlrError, match="'xgboost' has no classifier of the type"):
        save_classifier("xgboost", LinearRegression(), tmp_path, "a")
    dump(LinearRegression(), tmp_path / "a.skops")
    with pytest.raises(InputError, match=r"object type .*LinearRegression"):
        load_classifier("svm", tmp_path, "a", 3)
    X, y = data()
    dump(CLASSIFIERS["mlp"].make(0).fit(X, y), tmp_path / "b.skops")
    with pytest.raises(InputError, match=r"object type 'dlr\.models\.perceptron\.Perceptron'"):
        load_classifier("svm", tmp_path, "b", 3)


def test_the_file_of_boosted_trees_is_plain_json(tmp_path: Path) -> None:
    X, y = data()
    path = save_classifier("lightgbm", make_classifier("lightgbm", 0).fit(X, y), tmp_path, "a")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["package"] == "lightgbm"
    assert content["parameters"]["num_leaves"] == 4


def test_boosting_packages_are_imported_only_when_used() -> None:
    code = (
        "import sys, dlr.models.classifiers; "
        "sys.exit(any(name in sys.modules for name in ('xgboost', 'lightgbm')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_vote_counts_the_best_three() -> None:
    table = pd.DataFrame(
        {
            "knn": [0.60, 0.70, 0.80],
            "svm": [0.90, 0.90, 0.70],
            "mlp": [0.80, 0.80, 0.90],
            "logistic": [0.85, 0.85, 0.85],
            "lightgbm": [0.50, np.nan, 0.50],
        },
        index=["Rad", "DL", "DLR"],
    )
    result = vote(table)
    assert result.counts.to_dict() == {"logistic": 3, "svm": 2, "knn": 1, "mlp": 3, "lightgbm": 0}
    assert result.winner == "logistic"
    assert result.to_frame().loc["logistic"].tolist() == [3, 0.85, True]
    assert vote(table[table.columns[::-1]]).winner == "logistic"
    assert vote(table, top=1).counts.to_dict() == {
        "logistic": 0, "svm": 2, "knn": 0, "mlp": 1, "lightgbm": 0
    }  # fmt: skip


def test_ties_of_the_vote_go_to_the_higher_mean_then_to_registry_order() -> None:
    same = pd.DataFrame({"mlp": [0.7, 0.7], "svm": [0.7, 0.7]})
    assert vote(same).winner == "svm"
    assert vote(same).counts.to_dict() == {"svm": 2, "mlp": 2}
    assert vote(same.assign(mlp=[0.7, 0.8])).winner == "mlp"
    with pytest.raises(DlrError, match="needs at least one AUC"):
        vote(same * np.nan)
