"""A checksum that tells a frozen model from any other, wherever it lies."""

from __future__ import annotations

import hashlib

import numpy as np

from dlr.features.cache import content_key
from dlr.models.bundle import Bundle
from dlr.models.bundle_files import clinical_content, signature_content
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.signature import FusedSignature, Signature

_PROBES, _DIGITS = 64, 6


def model_identity(bundle: Bundle) -> str:
    """Return a SHA-256 of all that decides a score; the same before and after saving.

    It covers the selected features with their constants, PCA loadings, ComBat, the classifiers,
    the log-odds lines, the clinical model, the nomogram, the locked thresholds and the training
    ranges; not the day of training. Classifiers enter by their decision values on fixed random
    points, to six digits, so that processors which round differently agree.
    """
    ranges = {
        str(name): {str(key): repr(float(value)) for key, value in row.items()}
        for name, row in bundle.ranges.to_dict("index").items()
    }
    signatures = {
        name: [signature_content(item), *_parts(item)] for name, item in bundle.signatures.items()
    }
    models = [clinical_content(bundle.clinic), clinical_content(bundle.nomogram)]
    return content_key(dict(bundle.thresholds), signatures, models, ranges)


def _parts(signature: Signature | FusedSignature) -> list[str]:
    """Return checksums of what JSON does not hold."""
    if isinstance(signature, FusedSignature):
        return []
    chain = signature.chain
    arrays = [
        array for block in chain.deep_columns
        for array in (chain.pca_mean[block], chain.pca_components[block])
    ]  # fmt: skip
    points = np.random.default_rng(0).normal(size=(_PROBES, len(chain.selected)))
    decisions = CLASSIFIERS[chain.algorithm].score(chain.classifier, points)
    texts = ",".join(f"{value:.{_DIGITS}g}" for value in decisions)
    return [*(_sha256(array) for array in arrays), texts]


def _sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, dtype=np.float64).tobytes()).hexdigest()
