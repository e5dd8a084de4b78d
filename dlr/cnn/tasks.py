"""What the outputs mean: targets of every picture, and the loss that leaves missing labels out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from dlr.cnn.cohort import CnnCohort, target_names
from dlr.cnn.settings import CnnStudyConfig


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of all pictures, and how the loss weighs them.

    Attributes
    ----------
    values : numpy.ndarray of float32, shape (n_pictures, n_labels + n_regressions)
        Labels 1, 0 or NaN, then numbers as z-scores or NaN.
    labels, regressions : tuple of str
        Names of the outputs, in order.
    positive_weight : numpy.ndarray, shape (n_labels,)
        Factor of the loss of positives.
    weights : tuple of float
        Weight of the labels' loss (1), then of each regression's.
    mean, standard_deviation : numpy.ndarray, shape (n_regressions,)
        Of the training part, for turning z-scores back.
    """

    values: NDArray[np.float32]
    labels: tuple[str, ...]
    regressions: tuple[str, ...]
    positive_weight: NDArray[np.float32]
    weights: tuple[float, ...]
    mean: NDArray[np.float64]
    standard_deviation: NDArray[np.float64]

    @property
    def n_outputs(self) -> int:
        """Number of outputs the network needs."""
        return len(self.labels) + len(self.regressions)


def output_names(config: CnnStudyConfig) -> tuple[str, ...]:
    """Return the names of the network's outputs: labels, then numbers."""
    return (*target_names(config), *(item.column for item in config.task.regressions))


def make_targets(cohort: CnnCohort, training: NDArray[np.int64]) -> Targets:
    """Give every picture the targets of its case.

    Parameters
    ----------
    cohort : CnnCohort
    training : numpy.ndarray of int
        Positions of the pictures that train: weights and z-scores are learnt from these alone.
    """
    task = cohort.config.task
    labels = cohort.targets
    names = [item.column for item in task.regressions]
    table = cohort.cases.loc[cohort.pictures["case_id"], [*labels, *names]]
    values = table.to_numpy(dtype=np.float64, copy=True)
    numbers = values[:, len(labels) :]
    mean, sd = np.zeros(len(names)), np.ones(len(names))
    for column in range(len(names)):
        known = numbers[training, column]
        known = known[np.isfinite(known)]
        if len(known) > 1 and known.std() > 0:
            mean[column], sd[column] = known.mean(), known.std()
    values[:, len(labels) :] = (numbers - mean) / sd
    return Targets(
        values.astype(np.float32),
        labels,
        tuple(names),
        _positive_weight(values[training, : len(labels)], task.positive_weight == "balanced"),
        (1.0, *(item.weight for item in task.regressions)),
        mean,
        sd,
    )


def _positive_weight(labels: NDArray[np.float64], balanced: bool) -> NDArray[np.float32]:
    weight = np.ones(labels.shape[1], dtype=np.float32)
    if balanced:
        positive, negative = (labels == 1).sum(axis=0), (labels == 0).sum(axis=0)
        both = (positive > 0) & (negative > 0)  # a weight of 0 would teach nothing
        weight = np.where(both, negative / np.maximum(positive, 1), 1).astype(np.float32)
    return weight


class MaskedLoss:
    """Binary cross-entropy of the labels plus weighted squared errors of the numbers.

    Missing targets add nothing. Sums and counts come apart, so that several devices can share
    one mean: what a batch contributes does not depend on how it was divided.

    Parameters
    ----------
    targets : Targets
    device : torch.device
    """

    def __init__(self, targets: Targets, device: torch.device) -> None:
        self.n_labels = len(targets.labels)
        self.positive_weight = torch.from_numpy(targets.positive_weight).to(device)
        self.weights = torch.tensor(targets.weights, device=device)

    def sums(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return sum and count of each part of the loss, shape (1 + n_regressions,).

        Parameters
        ----------
        outputs, targets : torch.Tensor, shape (n, n_outputs)
            Logits and z-scores; targets may hold NaN.
        """
        known = torch.isfinite(targets)
        filled = torch.where(known, targets, torch.zeros_like(targets))
        n = self.n_labels
        cross_entropy = binary_cross_entropy_with_logits(
            outputs[:, :n], filled[:, :n], pos_weight=self.positive_weight, reduction="none"
        )
        squared = (outputs[:, n:] - filled[:, n:]) ** 2
        parts = torch.cat([cross_entropy, squared], dim=1) * known
        per_output, counts = parts.sum(dim=0), known.sum(dim=0).to(parts.dtype)
        return (
            torch.cat([per_output[:n].sum().reshape(1), per_output[n:]]),
            torch.cat([counts[:n].sum().reshape(1), counts[n:]]),
        )

    def mean(self, sums: Tensor, counts: Tensor) -> Tensor:
        """Return the weighted loss from sums and (global) counts."""
        return (self.weights * sums / counts.clamp(min=1)).sum()
