"""Deep features depend on the crop alone, and survive saving of the weights."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dlr.errors import DlrError, MissingDependencyError, WeightsError
from dlr.features.embedding import Backbone, load_backbone
from dlr.features.embedding_compute import InBatches, OneByOne, Preparation
from dlr.settings import EmbeddingSettings

SETTINGS = EmbeddingSettings(backbone="efficientnet_lite0", weights="packaged")


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone(SETTINGS)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(0).random((7, 224, 224), dtype=np.float32)


def test_shape_and_type(backbone: Backbone, crops: np.ndarray) -> None:
    features = backbone.embed(crops)
    assert features.shape == (7, backbone.dimension) == (7, 1280)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert len(np.unique(features, axis=0)) == 7
    assert backbone.embed(crops[:0]).shape == (0, 1280)


def test_features_do_not_depend_on_order_or_neighbours(
    backbone: Backbone, crops: np.ndarray
) -> None:
    features = backbone.embed(crops)
    assert np.array_equal(backbone.embed(crops[::-1])[::-1], features)
    assert np.array_equal(backbone.embed(crops[2:3]), features[2:3])
    other = load_backbone(SETTINGS.model_copy(update={"batch_size": 3}))
    assert np.array_equal(other.embed(crops), features)
    resumed = np.concatenate([backbone.embed(crops[:4]), backbone.embed(crops[4:])])
    assert np.array_equal(resumed, features)


def test_features_do_not_depend_on_the_number_of_threads(
    backbone: Backbone, crops: np.ndarray
) -> None:
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(backbone.embed(crops))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_full_batches_of_fixed_size_agree_with_single_crops(
    backbone: Backbone, crops: np.ndarray
) -> None:
    # What a GPU does: three batches of three, the last one filled up.
    prepare = Preparation.of(backbone.network)
    batched = InBatches(backbone.network.module, prepare, 3, torch.device("cpu"))
    found = batched(crops)
    np.testing.assert_allclose(found, backbone.embed(crops), rtol=1e-3, atol=1e-4)
    assert np.array_equal(batched(crops[::-1].copy())[::-1], found)


def eager(backbone: Backbone, crops: np.ndarray) -> np.ndarray:
    """Return what the network itself gives, one crop after the other."""
    prepare = Preparation.of(backbone.network)
    with torch.inference_mode():
        rows = [
            backbone.network.module(prepare(torch.from_numpy(crop[None]))).flatten(1)
            for crop in crops
        ]
    return torch.cat(rows).numpy()


def test_fast_form_gives_the_networks_own_features(backbone: Backbone, crops: np.ndarray) -> None:
    expected = eager(backbone, crops)
    assert np.abs(backbone.embed(crops) - expected).max() <= 1e-5 * np.abs(expected).max()
    assert backbone.numerics == "2 torch"
    # The network itself is untouched: weights are saved and hashed as they were trained.
    assert any(
        isinstance(layer, torch.nn.BatchNorm2d) for layer in backbone.network.module.modules()
    )
    assert isinstance(backbone.compute, OneByOne)
    assert not any(
        isinstance(layer, torch.nn.BatchNorm2d) for layer in backbone.compute.module.modules()
    )


def test_openvino_gives_the_networks_own_features(crops: np.ndarray) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install 'dlr[openvino]'")
    found = load_backbone(SETTINGS.model_copy(update={"runtime": "openvino"}))
    expected = eager(found, crops)
    features = found.embed(crops)
    assert np.abs(features - expected).max() <= 1e-5 * np.abs(expected).max()
    assert found.numerics == "2 openvino"
    assert np.array_equal(found.embed(crops[::-1])[::-1], features)
    assert np.array_equal(found.embed(crops[2:3]), features[2:3])
    assert found.embed(crops[:0]).shape == (0, 1280)


def test_openvino_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "dlr\[openvino\]"'):
        load_backbone(SETTINGS.model_copy(update={"runtime": "openvino"}))


def test_loading_draws_no_random_numbers(crops: np.ndarray) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_backbone(SETTINGS)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("crops", "message"),
    [
        (np.zeros((224, 224)), r"must have the shape \(n, height, width\), but got \(224, 224\)"),
        (np.full((1, 8, 8), 255.0), r"must lie in \[0, 1\], but got values from 255 to 255"),
        (np.full((1, 8, 8), np.nan), r"must lie in \[0, 1\]"),
    ],
)
def test_crops_that_are_no_pictures_are_refused(
    backbone: Backbone, crops: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        backbone.embed(crops)


def test_saved_weights_give_the_same_features(
    backbone: Backbone, crops: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "w.safetensors"
    backbone.save_weights(path)
    again = load_backbone(SETTINGS.model_copy(update={"weights": str(path)}))
    assert again.sha256 == backbone.sha256
    assert again.weights_name == backbone.weights_name
    assert np.array_equal(again.embed(crops[:2]), backbone.embed(crops[:2]))


def test_saved_weights_know_their_network(backbone: Backbone, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    backbone.save_weights(path)
    with pytest.raises(
        WeightsError, match="were saved for 'efficientnet_lite0', not for 'resnet18'"
    ):
        load_backbone(EmbeddingSettings(backbone="resnet18", weights=str(path)))
    with pytest.raises(ValueError, match=r"saved as a \.safetensors file, but got 'w\.pth'"):
        backbone.save_weights(tmp_path / "w.pth")


def test_crops_of_other_sizes_are_resized(backbone: Backbone) -> None:
    assert backbone.embed(np.full((1, 50, 80), 0.5, np.float32)).shape == (1, 1280)


@pytest.mark.parametrize(
    ("name", "dimension"), [("resnext50_32x4d", 2048), ("densenet121", 1024), ("resnet34", 512)]
)
def test_torchvision_backbones_give_their_penultimate_pool(
    name: str, dimension: int, tmp_path: Path
) -> None:
    from torchvision.models import get_model

    torch.manual_seed(0)
    network = get_model(name, weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    loaded = load_backbone(EmbeddingSettings(backbone=name, weights=str(tmp_path / "w.pth")))
    assert loaded.dimension == dimension
    crop = np.random.default_rng(1).random((1, 224, 224), dtype=np.float32)
    # The head applied to the features must give the classifier's own output.
    head = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)][-1]
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    sd = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    with torch.inference_mode():
        expected = network((torch.from_numpy(crop)[:, None].expand(-1, 3, -1, -1) - mean) / sd)
        found = head(torch.from_numpy(loaded.embed(crop)))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DlrError, match="no GPU is there; use 'auto' or 'cpu'"):
        load_backbone(SETTINGS.model_copy(update={"device": "cuda"}))
