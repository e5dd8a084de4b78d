"""Activation maps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from dlr.cnn.activation import (
    activation_maps,
    control_maps,
    map_similarity,
    mass_inside,
    target_layer,
)
from dlr.cnn.crossfit import train_study
from dlr.cnn.explain import _CONTROL_SEED, explain_cnn
from dlr.cnn.networks import TESTED, build_classifier
from dlr.cnn.settings import NetworkSettings
from dlr.cnn.sheets import overlay
from dlr.errors import CaseError, DlrError, InputError

from .conftest import make_config, write_cohort


def picture(size):
    noise = np.random.default_rng(0).integers(0, 80, (1, size, size), dtype=np.uint8)
    noise[:, size // 4 : size // 2, size // 4 : size // 2] += 150
    return noise


@pytest.mark.parametrize("method", ["gradcam", "hirescam"])
@pytest.mark.parametrize("name", TESTED)
def test_maps_of_every_published_network_vary_over_the_picture(name, method):
    network = build_classifier(NetworkSettings(architecture=name, weights="none"), 6, 96, seed=1)
    # In a random network something in the picture speaks for some of the labels only.
    maps = [activation_maps(network, picture(96), output, method)[0] for output in range(6)]
    assert all(each.shape == (96, 96) for each in maps)
    assert max(each.std() for each in maps) > 0.01
    assert all(0 <= each.min() <= each.max() <= 1 for each in maps)


def test_maps_leave_the_network_as_it_was():
    network = build_classifier(NetworkSettings(architecture="resnet10t", weights="none"), 1, 32)
    before = {key: value.clone() for key, value in network.module.state_dict().items()}
    activation_maps(network, picture(32), 0)
    assert all(
        torch.equal(before[key], value) for key, value in network.module.state_dict().items()
    )
    assert not any(module._forward_hooks for module in network.module.modules())
    assert all(parameter.grad is None for parameter in network.module.parameters())


def test_a_transformer_has_no_such_map():
    network = build_classifier(
        NetworkSettings(architecture="vit_tiny_patch16_224", weights="none"), 1, 224
    )
    with pytest.raises(DlrError, match="no class activation map"):
        target_layer(network)


def test_mass_and_similarity_are_what_they_say():
    maps = np.zeros((3, 4, 4), np.float32)
    maps[0, 0, 0], maps[1, :2] = 1, 1
    masks = np.zeros((3, 4, 4), bool)
    masks[:, 0] = True
    np.testing.assert_allclose(mass_inside(maps, masks), [1, 0.5, np.nan])
    ramp = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert map_similarity(ramp, ramp**2)[0] == pytest.approx(1)
    assert map_similarity(ramp, -ramp)[0] == pytest.approx(-1)
    assert np.isnan(map_similarity(ramp, ramp * 0)[0])


def test_an_empty_map_leaves_the_picture_grey():
    grey = picture(32)[0]
    drawn = overlay(grey, np.zeros((32, 32), np.float32))
    np.testing.assert_array_equal(drawn, np.stack([grey] * 3, axis=2))


def test_maps_of_a_trained_network_lie_on_the_planted_sign(tmp_path):
    images, clinical = write_cohort(tmp_path, 40, size=64)
    mask = np.zeros((64, 64), np.uint8)
    mask[0:24, 12:52] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    pd.read_csv(images).assign(mask="mask.png").to_csv(images, index=False)
    training = {"epochs": 8, "batch_size": 8, "stopping": None, "device": "cpu"}
    config = make_config(
        images, clinical, pictures={"size": 64}, training=training, simulated=True,
        network={"architecture": "resnet10t", "weights": "none"},
    )  # fmt: skip
    bundle = train_study(config, tmp_path / "work").bundle
    found = explain_cnn(bundle, images, clinical, tmp_path / "out", only="external")
    top = found.to_frame().set_index("kind").loc["top"]
    assert top["mass_in_roi"] > 1.3 * top["roi_share"]
    assert abs(top["control"]) < 0.8
    assert all(path.is_file() for path in found.sheets)
    assert (tmp_path / "out" / "cam.csv").is_file()


def test_a_network_with_random_weights_has_a_map_to_compare_with():
    pictures = np.random.default_rng(0).integers(0, 255, (3, 64, 64)).astype(np.uint8)
    settings = NetworkSettings(architecture="resnet10t", weights="none")
    network = build_classifier(settings, 1, 64, _CONTROL_SEED, load=False)
    assert np.ptp(activation_maps(network, pictures, 0)) == 0  # nothing speaks for the label
    assert (np.ptp(control_maps(network, pictures, 0), axis=(1, 2)) > 0).all()
    again = activation_maps(network, pictures, 0, against=True)
    np.testing.assert_array_equal(control_maps(network, pictures, 0), again)


def test_masks_that_are_absent_or_of_another_size_are_refused(study, tables, tmp_path):
    images = pd.read_csv(tables[0])
    table = images.assign(mask="none.png")
    table.to_csv(tmp_path / "i.csv", index=False)
    arguments = (tmp_path / "i.csv", tables[1], tmp_path / "out")
    root = tables[0].parent
    with pytest.raises(InputError, match=r"the mask .*none.png.* does not exist"):
        explain_cnn(study.bundle, *arguments, image_root=root)
    Image.fromarray(np.ones((10, 60), np.uint8)).save(tmp_path / "m.png")
    images.assign(mask=str(tmp_path / "m.png")).to_csv(tmp_path / "i.csv", index=False)
    with pytest.raises(CaseError, match="has 60 x 10 pixels, its picture 32 x 32"):
        explain_cnn(study.bundle, *arguments, image_root=root)


def test_tables_of_maps_name_no_folder_of_this_machine(study, tables, tmp_path):
    found = explain_cnn(study.bundle, *tables, tmp_path / "out")
    assert found.table["image"].str.match(r"p\d\d_\d\.png").all()
