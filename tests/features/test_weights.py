"""Weights are verified, and their absence is one sentence that says how to get them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torchvision.models import resnet18

from dlr.config import EmbeddingSettings
from dlr.errors import WeightsError
from dlr.features.embedding import load_backbone
from dlr.features.weights import find_weights, weights_inventory

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
    import timm
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


def test_unreachable_weights_say_which_file_goes_where(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    with pytest.raises(WeightsError) as caught:
        load_backbone(EmbeddingSettings())
    message = str(caught.value)
    assert "the weights of 'resnext50_32x4d' could not be downloaded" in message
    assert str(hub) in message
    assert "weights: PATH" in message


def test_a_download_put_into_place_is_used_after_its_checksum_fits(
    hub: Path, resnet_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Enum:
        class DEFAULT:
            url = "x"

            @staticmethod
            def transforms() -> object:
                return type("T", (), {"crop_size": [224]})

    checksum = hashlib.sha256(resnet_file.read_bytes()).hexdigest()
    Enum.DEFAULT.url = f"https://example.invalid/resnet18-{checksum[:8]}.pth"
    monkeypatch.setattr("torchvision.models.get_model_weights", lambda _: Enum)
    placed = hub / f"resnet18-{checksum[:8]}.pth"
    placed.write_bytes(resnet_file.read_bytes())
    assert load_backbone(EmbeddingSettings(backbone="resnet18")).dimension == 512
    placed.write_bytes(b"cut short")
    with pytest.raises(WeightsError, match="is damaged: its checksum starts with"):
        load_backbone(EmbeddingSettings(backbone="resnet18"))


def test_timm_without_network_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    settings = EmbeddingSettings(backbone="resnet10t", weights="timm")
    with pytest.raises(WeightsError, match=r"is not reachable \(no route\); fetch timm/resnet10t"):
        load_backbone(settings)


def test_unknown_names_are_refused() -> None:
    for settings, message in (
        (EmbeddingSettings(weights="/none.pth"), "neither a file nor one of torchvision, timm"),
        (EmbeddingSettings(weights="packaged"), "the only packaged weights are those of"),
        (EmbeddingSettings(weights="timm", backbone="resnet18x"), "neither torchvision nor timm"),
    ):
        with pytest.raises(ValueError, match=message):
            load_backbone(settings)


def test_the_inventory_names_what_is_missing(hub: Path) -> None:
    entries = {entry.name: entry for entry in weights_inventory()}
    assert entries["efficientnet_lite0"].available
    assert not entries["resnext50_32x4d"].available
    assert "fetch resnext50_32x4d" in entries["resnext50_32x4d"].detail
