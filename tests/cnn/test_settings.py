"""The schema of a CNN study file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from dlr.cnn.settings import CnnStudyConfig, candidates
from dlr.errors import InputError

from .conftest import LEVELS, make_config

LABELS = [{"column": name, "positive": "yes"} for name in LEVELS]


@pytest.mark.parametrize("step", [{"name": "horizontal_flip"}, {"name": "rotation", "amount": 180}])
def test_flips_are_refused_for_levels_unless_forced(step):
    task = {"kind": "multilabel", "labels": LABELS, "levels": True}
    with pytest.raises(ValidationError, match="anatomical levels"):
        make_config(Path("i"), Path("c"), task=task, augmentation=[step])
    forced = make_config(Path("i"), Path("c"), task=task, augmentation=[step], force_flips=True)
    assert len(forced.augmentation) == 1


def test_small_rotations_suit_levels_and_nothing_is_augmented_unasked():
    task = {"kind": "multilabel", "labels": LABELS, "levels": True}
    turned = [{"name": "rotation", "amount": 5}]
    assert make_config(Path("i"), Path("c"), task=task, augmentation=turned).augmentation
    assert make_config(Path("i"), Path("c")).augmentation == ()


def test_tasks_that_do_not_fit_are_refused():
    with pytest.raises(ValidationError, match="exactly one label"):
        make_config(Path("i"), Path("c"), task={"labels": LABELS})
    with pytest.raises(ValidationError, match="regressions"):
        make_config(Path("i"), Path("c"), task={"kind": "multitask", "labels": LABELS})


def test_the_grid_is_every_combination_and_needs_inner_patients():
    grid = {"optimisers": ["adam", "sgd"], "sizes": [32, 48], "learning_rates": [1e-3]}
    inner = {"stopping": {"data": "inner"}}
    config = make_config(Path("i"), Path("c"), search=grid, training=inner)
    found = {(c.optimiser.name, c.pictures.size) for c in candidates(config)}
    assert found == {("adam", 32), ("adam", 48), ("sgd", 32), ("sgd", 48)}
    with pytest.raises(ValidationError, match="inner patients"):
        make_config(Path("i"), Path("c"), search=grid, training={"stopping": {"data": "fold"}})


def test_unknown_keys_name_the_nearest(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(
        "name: a\nimages: i.csv\nclinical: c.csv\ntask: {labels: [{column: x, positive: 1}]}\n"
        "trainning: {epochs: 3}\nnetwork: {architecure: resnet18}\n"
    )
    with pytest.raises(InputError) as caught:
        CnnStudyConfig.from_yaml(path)
    text = str(caught.value)
    assert "did you mean 'training'" in text
    assert "did you mean 'architecture'" in text


def test_paths_start_from_the_study_file(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(
        "name: a\nimages: i.csv\nclinical: c.csv\ntask: {labels: [{column: x, positive: 1}]}\n"
    )
    assert CnnStudyConfig.from_yaml(path).images == tmp_path.resolve() / "i.csv"
