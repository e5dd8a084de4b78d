"""Published signatures: formulas from papers, applied as they were printed.

A signature is a small JSON file with features, coefficients and the settings its features must be
extracted with. ``load_signature("ldh-treatment-radscore").score(features)`` applies it.
"""

from dlr.models.published.catalogue import list_signatures, load_signature
from dlr.models.published.images import SignatureFeatures, measure_images
from dlr.models.published.signature import (
    MazdaExtraction,
    PublishedSignature,
    RadiomicsExtraction,
)
from dlr.models.published.tables import read_feature_table

__all__ = [
    "MazdaExtraction",
    "PublishedSignature",
    "RadiomicsExtraction",
    "SignatureFeatures",
    "list_signatures",
    "load_signature",
    "measure_images",
    "read_feature_table",
]
