"""Deep features of crops, in the cache: computed a batch at a time where they are not there yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from dlr.features.cache import Cache, content_key
from dlr.features.worker import RoiResult
from dlr.progress import Progress

if TYPE_CHECKING:
    from dlr.features.embedding import Backbone


def deep_key(crop_key: str, backbone: Backbone) -> str:
    """Return the key of a crop's embedding by a backbone."""
    parts = (backbone.name, backbone.sha256, backbone.input_size, backbone.numerics)
    return content_key(crop_key, *parts)


def embed_missing(
    results: Iterable[RoiResult],
    backbone: Backbone,
    batch_size: int,
    cache: Cache,
    progress: Progress,
) -> None:
    """Embed the crops that have no embedding yet, a batch at a time.

    A crop that cannot be read any more is passed over.
    """
    crops = dict.fromkeys(r.crop_key for r in results if r.crop_key is not None)
    keys = [key for key in crops if not cache.has("deep", deep_key(key, backbone))]
    stage = f"deep features ({backbone.name})"
    progress(stage, len(crops) - len(keys), len(crops))
    for start in range(0, len(keys), batch_size):
        found = [(key, cache.read_array("crops", key)) for key in keys[start : start + batch_size]]
        batch = [(key, array) for key, array in found if array is not None]
        if batch:
            features = backbone.embed(np.stack([array for _, array in batch]))
            for (key, _), row in zip(batch, features, strict=True):
                cache.write_array("deep", deep_key(key, backbone), row)
        progress(stage, len(crops) - len(keys) + start + len(found), len(crops))
