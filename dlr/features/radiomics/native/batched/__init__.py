"""The native engine's features for many regions at once, on a graphics card (or any torch device).

Optional: nothing else in the engine needs it, and torch is imported only here.
"""

from dlr.features.radiomics.native.batched.engine import BatchedEngine
from dlr.features.radiomics.native.batched.features import (
    TextureRegion,
    intensity_features_many,
)

__all__ = ["BatchedEngine", "TextureRegion", "intensity_features_many"]
