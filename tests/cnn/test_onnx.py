"""ONNX files give what torch gives."""

from __future__ import annotations

import pytest

from dlr.cnn.crossfit import train_study
from dlr.cnn.networks import build_classifier
from dlr.cnn.onnx import TOLERANCE, export_network, export_onnx
from dlr.cnn.settings import NetworkSettings

from .conftest import make_config


@pytest.mark.parametrize("name", ["resnet34", "densenet121", "mobilevit_s"])
def test_networks_are_exported_within_the_tolerance(tmp_path, name):
    network = build_classifier(NetworkSettings(architecture=name, weights="none"), 2, 64)
    assert export_network(network, 64, tmp_path / "a.onnx") < TOLERANCE


def test_a_bundle_is_exported_fold_by_fold(tables, tmp_path):
    config = make_config(*tables, training={"epochs": 1, "stopping": None})
    bundle = train_study(config, tmp_path / "work").bundle
    paths = export_onnx(bundle, tmp_path / "onnx")
    assert [path.name for path in paths] == ["fold0.onnx", "fold1.onnx"]
