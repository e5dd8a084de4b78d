"""dlr's own radiomics engine."""

from dlr.features.radiomics.native.engine import NativeEngine

__all__ = ["NativeEngine"]
