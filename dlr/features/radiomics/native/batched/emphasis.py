"""Features of many matrices "grey level × size" at once; see the engine's own ``emphasis``."""

from __future__ import annotations

import math

import torch

from dlr.features.radiomics.native.first_order import EPSILON


def emphasis_features(
    matrices: torch.Tensor, levels: torch.Tensor, sizes: torch.Tensor
) -> torch.Tensor:
    """Compute sixteen features of each matrix, in the order of the engine's ``emphasis``.

    Parameters
    ----------
    matrices : Tensor of float64, shape (..., n_levels, n_sizes)
        How often a grey level occurs with a size.
    levels : Tensor of float64, shape (..., n_levels)
        Grey levels; what fills up short rows is not used.
    sizes : Tensor of float64, shape (n_sizes,)
        The sizes.

    Returns
    -------
    Tensor, shape (..., 16)
        NaN for a matrix that is empty.
    """
    total = matrices.sum((-2, -1))
    by_level, by_size = matrices.sum(-1), matrices.sum(-2)
    share = total[..., None]
    level2 = torch.where(levels > 0, levels * levels, 1.0)
    size2 = sizes * sizes
    p = matrices / share[..., None]
    p_level, p_size = by_level / share, by_size / share
    # sums over sizes first: what is left has one row of grey levels per matrix
    over_size2, times_size2 = (p / size2).sum(-1), (p * size2).sum(-1)
    level_uniformity, size_uniformity = (p_level**2).sum(-1), (p_size**2).sum(-1)
    features = [
        (p_size / size2).sum(-1),
        (p_size * size2).sum(-1),
        level_uniformity * total,
        level_uniformity,
        size_uniformity * total,
        size_uniformity,
        total / (by_size * sizes).sum(-1),
        _variance(p_level, levels),
        _variance(p_size, sizes),
        -(p * torch.log2(p + EPSILON)).sum((-2, -1)),
        (p_level / level2).sum(-1),
        (p_level * level2).sum(-1),
        (over_size2 / level2).sum(-1),
        (over_size2 * level2).sum(-1),
        (times_size2 / level2).sum(-1),
        (times_size2 * level2).sum(-1),
    ]
    rows = torch.stack(features, -1)
    return torch.where(share > 0, rows, math.nan)


def _variance(p: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    mean = (p * values).sum(-1, keepdim=True)
    return (p * (values - mean) ** 2).sum(-1)
