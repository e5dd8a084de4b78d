"""Classifiers of torchvision and timm with a new last layer."""

from __future__ import annotations

import pytest
import torch

from dlr.cnn.networks import TESTED, build_classifier
from dlr.cnn.settings import NetworkSettings
from dlr.errors import WeightsError


def scratch(name, **options):
    return NetworkSettings(architecture=name, weights="none", **options)


@pytest.mark.parametrize("name", TESTED)
def test_every_published_network_takes_pictures_and_gives_the_outputs(name):
    network = build_classifier(scratch(name, dropout=0.1), 3, 64)
    network.set_mode(training=False)
    pictures = torch.randint(0, 256, (2, 1, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        assert network.module(network.normalise(pictures)).shape == (2, 3)
    assert len(list(network.head.parameters())) == 2
    assert "from scratch" in network.weights_name


def test_the_same_seed_gives_the_same_weights_and_leaves_the_users_numbers_alone():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    states = [build_classifier(scratch("resnet10t"), 1, 32, seed=5).module.state_dict()] * 2
    assert torch.equal(before, torch.random.get_rng_state())
    other = build_classifier(scratch("resnet10t"), 1, 32, seed=6).module.state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], other[key]) for key in other)


def test_packaged_weights_are_loaded():
    settings = NetworkSettings(architecture="efficientnet_lite0", weights="packaged")
    network = build_classifier(settings, 2, 64)
    assert "ImageNet" in network.weights_name
    random = build_classifier(scratch("efficientnet_lite0"), 2, 64).module.state_dict()
    assert not torch.equal(
        random["conv_stem.weight"], network.module.state_dict()["conv_stem.weight"]
    )


def test_a_weights_file_is_loaded_and_one_of_another_network_refused(tmp_path):
    source = build_classifier(scratch("resnet10t"), 4, 32, seed=9).module
    torch.save(source.state_dict(), tmp_path / "w.pth")
    path = str(tmp_path / "w.pth")
    loaded = build_classifier(NetworkSettings(architecture="resnet10t", weights=path), 1, 32)
    torch.testing.assert_close(
        loaded.module.state_dict()["conv1.0.weight"], source.state_dict()["conv1.0.weight"]
    )
    with pytest.raises(WeightsError, match=r"network\.architecture"):
        build_classifier(NetworkSettings(architecture="resnet34", weights=path), 1, 32)


def test_missing_weights_are_never_replaced_by_random_ones(tmp_path):
    gone = NetworkSettings(architecture="resnet34", weights=str(tmp_path / "gone.pth"))
    with pytest.raises(WeightsError, match=r"network\.weights"):
        build_classifier(gone, 1, 32)


@pytest.fixture
def no_downloads(monkeypatch, tmp_path):
    """No internet, and nothing fetched before."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def refuse(*_):
        raise ConnectionError("no internet")

    for name in ("download", "hub_file"):
        monkeypatch.setattr(f"dlr.features.weights.{name}", refuse)


@pytest.mark.parametrize(
    "settings",
    [
        {"architecture": "resnet34"},
        {"architecture": "resnet10t", "weights": "timm"},
        {"architecture": "resnet34", "weights": "packaged"},
        {"architecture": "no_such_net", "weights": "timm"},
        {"architecture": "squeezenet1_0"},
        {"architecture": "resnet34", "weights": "embedding.pth", "sha256": "0" * 64},
        {"architecture": "resnet34", "weights": "embedding.pth"},
        {"architecture": "resnet34", "weights": "gone.pth"},
    ],
)
def test_messages_name_the_keys_of_a_cnn_study(settings, no_downloads, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"x": torch.zeros(1)}, "embedding.pth")
    with pytest.raises(WeightsError) as caught:
        build_classifier(NetworkSettings(**settings), 1, 64)
    text = str(caught.value)
    assert ("network." in text) or ("'network: {architecture:" in text)
    # The name of a file stays what it is, everything else is said in the keys of this study.
    assert ("embedding.pth" in text) == (settings.get("weights") == "embedding.pth")
    rest = text.replace("embedding.pth", "")
    assert "embedding" not in rest
    assert "backbone" not in rest


@pytest.mark.parametrize(
    ("name", "size", "match"),
    [
        ("densenet121", 16, r"pictures\.size"),
        ("inception_v3", 128, "second output"),
        ("resnet3", 64, r"network\.architecture is 'resnet3'"),
    ],
)
def test_unsuitable_networks_are_refused(name, size, match):
    with pytest.raises(WeightsError, match=match):
        build_classifier(scratch(name), 1, size)


def test_a_frozen_backbone_keeps_weights_and_statistics():
    network = build_classifier(scratch("resnet10t"), 1, 32)
    network.set_mode(training=True, frozen=True)
    assert not any(p.requires_grad for p in network.backbone_parameters())
    assert all(p.requires_grad for p in network.head.parameters())
    assert not network.module.bn1.training
    network.set_mode(training=True)
    assert all(p.requires_grad for p in network.module.parameters())
