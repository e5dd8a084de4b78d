"""Outputs of a trained network for many pictures."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dlr.cnn.distributed import Place
from dlr.cnn.networks import CnnNetwork
from dlr.cnn.store import PictureStore


def predict_logits(
    network: CnnNetwork,
    store: PictureStore,
    indices: NDArray[np.int64],
    place: Place,
    batch_size: int = 32,
    *,
    module: nn.Module | None = None,
) -> NDArray[np.float32]:
    """Return the network's outputs for pictures by position.

    Parameters
    ----------
    network : CnnNetwork
    store : PictureStore
    indices : numpy.ndarray of int
    place : Place
        Each process takes its share; all get all outputs.
    batch_size : int
        Pictures per pass; changes results by rounding only.
    module : torch.nn.Module, optional
        Weights other than the network's current ones (an average).

    Returns
    -------
    numpy.ndarray of float32, shape (len(indices), n_outputs)
        Logits of the labels, then z-scores of the numbers.
    """
    model = network.module if module is None else module
    model.eval()
    mine = indices[place.rank :: place.world]
    parts = []
    with torch.inference_mode():
        for start in range(0, len(mine), batch_size):
            pictures = torch.from_numpy(store.read(mine[start : start + batch_size])).unsqueeze(1)
            outputs = model(network.normalise(pictures.to(place.device)))
            parts.append(outputs.float().cpu().numpy())
    gathered = [part for part in place.gather(np.concatenate(parts) if parts else None)]
    width = next(part.shape[1] for part in gathered if part is not None)
    logits = np.empty((len(indices), width), dtype=np.float32)
    for rank, part in enumerate(gathered):
        if part is not None:
            logits[rank :: place.world] = part
    return logits
