"""Order and augmentation depend on seed, epoch and picture alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dlr.cnn.augmentation import Augmenter
from dlr.cnn.dataset import EpochBatches, PictureDataset, make_loader
from dlr.cnn.settings import Augmentation, PictureSettings
from dlr.cnn.store import PictureStore

NAMES = (
    "horizontal_flip", "vertical_flip", "rotation", "translation", "scale", "brightness",
    "contrast", "noise",
)  # fmt: skip


def small_store(n=10):
    rng = np.random.default_rng(0)
    held = rng.integers(0, 255, (n, 16, 16), dtype=np.uint8)
    return PictureStore(tuple(map(str, range(n))), PictureSettings(size=16), None, held)


def test_processes_share_every_batch_and_each_picture_comes_once():
    indices = np.arange(21)
    whole = EpochBatches(indices, 8, seed=1)
    halves = [EpochBatches(indices, 8, 1, rank, 2) for rank in range(2)]
    for batch, one, two in zip(whole, *halves):
        assert sorted(batch) == sorted(one + two)
    assert sorted(i for batch in whole for _, i in batch) == list(range(21))
    assert {len(batch) for batch in whole} == {7}
    first = list(whole)
    whole.epoch = 1
    assert list(whole) != first


@pytest.mark.parametrize("name", NAMES)
def test_an_augmentation_changes_the_picture_the_same_way_each_time(name):
    step = Augmentation(name=name, amount=5 if name == "rotation" else 0.2, probability=1)
    picture = torch.from_numpy(small_store().held[:1])
    first, again = Augmenter([step], 3)(picture, 0, 7), Augmenter([step], 3)(picture, 0, 7)
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, picture.float() / 255)
    assert 0 <= first.min() <= first.max() <= 1
    if "flip" not in name:
        assert not torch.equal(first, Augmenter([step], 3)(picture, 1, 7))


def test_loading_processes_change_nothing():
    steps = [Augmentation(name="noise", amount=0.1, probability=0.7)]
    store, targets = small_store(), np.zeros((10, 1), np.float32)
    found = []
    for loaders in (0, 2):
        data = PictureDataset(store, targets, Augmenter(steps, 1))
        batches = EpochBatches(np.arange(10), 4, seed=2)
        loader = make_loader(data, batches, loaders, torch.device("cpu"))
        found.append(torch.cat([batch.pictures for batch in loader]))
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)
