"""What is written down after every epoch, and the metric it is judged by."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlr.errors import MissingDependencyError
from dlr.safe_files import write_atomically
from dlr.stats import auc


def mean_auc(logits: NDArray[np.float32], targets: NDArray[np.float32], n_labels: int) -> float:
    """Return the mean AUC over the labels with both classes; NaN where there is none."""
    found = []
    for column in range(n_labels):
        known = np.isfinite(targets[:, column])
        truth = targets[known, column]
        if 0 < truth.sum() < len(truth):
            found.append(auc(truth, logits[known, column]).value)
    return float(np.mean(found)) if found else float("nan")


def write_log(history: list[dict[str, float]], path: Path) -> None:
    """Write one row per epoch as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]))
    writer.writeheader()
    writer.writerows(history)
    write_atomically(path, text.getvalue().encode())


def write_tensorboard(row: dict[str, float], folder: Path) -> None:
    """Add one epoch to the folder's TensorBoard log.

    Raises
    ------
    MissingDependencyError
        If TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ImportError:
        raise MissingDependencyError.of("training.tensorboard", "TensorBoard", "cnn") from None
    with SummaryWriter(str(folder)) as writer:
        for name, value in row.items():
            if name != "epoch":
                writer.add_scalar(name, value, int(row["epoch"]))
