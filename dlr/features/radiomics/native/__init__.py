"""dlr's own radiomics engine."""

from dlr.features.radiomics.native.engine import NativeEngine
from dlr.features.radiomics.native.warm_up import is_compiled, warm_up

__all__ = ["NativeEngine", "is_compiled", "warm_up"]
