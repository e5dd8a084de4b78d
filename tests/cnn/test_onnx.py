"""ONNX files give what torch gives."""

from __future__ import annotations

import pytest

from dlr.cnn.networks import TESTED, build_classifier
from dlr.cnn.onnx import TOLERANCE, export_network, export_onnx
from dlr.cnn.settings import NetworkSettings


@pytest.mark.parametrize("name", TESTED)
def test_networks_are_exported_within_the_tolerance(tmp_path, name):
    network = build_classifier(NetworkSettings(architecture=name, weights="none"), 2, 64)
    assert export_network(network, 64, tmp_path / "a.onnx") < TOLERANCE


def test_a_bundle_is_exported_fold_by_fold(bundle_folder, tmp_path):
    paths = export_onnx(bundle_folder, tmp_path / "onnx")
    assert [path.name for path in paths] == ["fold0.onnx", "fold1.onnx"]
