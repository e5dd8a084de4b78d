"""Targets and the masked loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.tasks import MaskedLoss, Targets, _positive_weight, make_targets

from .conftest import LEVELS, make_config

NAN = float("nan")


def make(values, labels=2, weight=(1.0, 0.5), positive=(1.0, 3.0)):
    array = np.array(values, dtype=np.float32)
    names = tuple("ab"[:labels])
    return Targets(
        array, names, ("age",), np.array(positive, np.float32), weight, np.zeros(1), np.ones(1)
    )


def test_missing_targets_add_nothing_and_get_no_gradient():
    targets = make([[1, NAN, NAN], [0, 1, 2.0]])
    outputs = torch.zeros(2, 3, requires_grad=True)
    loss = MaskedLoss(targets, torch.device("cpu"))
    sums, counts = loss.sums(outputs, torch.from_numpy(targets.values))
    assert counts.tolist() == [3, 1]
    log2 = np.log(2)
    np.testing.assert_allclose(sums.detach(), [log2 + log2 + 3 * log2, 4.0], rtol=1e-6)
    total = loss.mean(sums, counts)
    assert float(total.detach()) == pytest.approx(5 * log2 / 3 + 0.5 * 4, rel=1e-6)
    total.backward()
    assert outputs.grad[0, 1] == 0
    assert outputs.grad[0, 2] == 0
    assert outputs.grad[1, 1] != 0


def test_a_batch_without_any_label_has_no_loss():
    targets = make([[NAN, NAN, NAN]])
    loss = MaskedLoss(targets, torch.device("cpu"))
    assert float(loss.mean(*loss.sums(torch.ones(1, 3), torch.full((1, 3), NAN)))) == 0


def test_sums_of_parts_are_the_sums_of_the_whole():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, (9, 3)).astype(np.float32)
    targets, outputs = make(values), torch.from_numpy(rng.normal(size=(9, 3)).astype(np.float32))
    loss = MaskedLoss(targets, torch.device("cpu"))
    whole = loss.sums(outputs, torch.from_numpy(values))
    parts = [loss.sums(outputs[i::2], torch.from_numpy(values[i::2])) for i in range(2)]
    for one, two, together in zip(*parts, whole):
        torch.testing.assert_close(one + two, together)


def test_weights_and_scale_come_from_the_training_part_alone(tables):
    labels = [{"column": name, "positive": "yes", "negative": "no"} for name in LEVELS]
    task = {
        "kind": "multitask",
        "labels": labels,
        "regressions": [{"column": "age"}],
        "positive_weight": "balanced",
    }
    cohort = CnnCohort.load(make_config(*tables, task=task))
    rows = np.arange(0, 20)
    targets = make_targets(cohort, rows)
    assert abs(targets.values[rows, 3].mean()) < 1e-6
    labels = targets.values[rows, 0]
    assert targets.positive_weight[0] == pytest.approx((labels == 0).sum() / (labels == 1).sum())


def test_a_label_without_negatives_is_still_learnt():
    labels = np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert _positive_weight(labels, True).tolist() == [1.0, 2.0]
