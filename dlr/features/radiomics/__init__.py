"""Handcrafted radiomic features behind one interface.

``make_engine(name, load_settings(parameters), dimension).execute(image, mask)`` gives the features
of one region of interest; the settings are PyRadiomics' own parameter file.
"""

from dlr.features.radiomics.engine import RadiomicsEngine, RadiomicsResult, make_engine
from dlr.features.radiomics.reader import PRESETS, load_settings
from dlr.features.radiomics.settings import Dimension, ParameterFile

__all__ = [
    "PRESETS",
    "Dimension",
    "ParameterFile",
    "RadiomicsEngine",
    "RadiomicsResult",
    "load_settings",
    "make_engine",
]
