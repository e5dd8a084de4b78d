"""Whether a bundle is what it says: its files unaltered, its numbers fit for one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dlr.errors import Fault, InputError
from dlr.features.cache import file_sha256
from dlr.features.table import block_of
from dlr.models.bundle import Bundle
from dlr.models.clinical import ClinicalModel
from dlr.models.frozen import MISSING, FrozenChain, is_component
from dlr.models.harmonisation import POLICIES, ComBat
from dlr.models.signature import FusedSignature, Signature
from dlr.safety.documents import read_json
from dlr.safety.paths import file_inside

CHECKSUMS = "checksums.json"
_MOST_FILES = 1000
_LARGEST_LIST = 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def verified_files(folder: Path, needed: Sequence[str]) -> frozenset[str]:
    """Compare every file of a bundle with its checksum.

    Parameters
    ----------
    folder : Path
    needed : sequence of str
        Files that must be among them.

    Returns
    -------
    frozenset of str
        Names of the files, all of them plain names of regular files in `folder`.

    Raises
    ------
    InputError
        If the folder holds no bundle, a file is missing, altered, or lies elsewhere.
    """
    path = folder / CHECKSUMS
    if not path.is_file():
        message = "this folder holds no model bundle; give the 'bundle' folder of a trained run"
        if not folder.is_dir():
            message = "this folder does not exist; give the 'bundle' folder of a trained run"
        elif (folder / "bundle" / CHECKSUMS).is_file():
            message = f"this is the folder of a run; its model bundle is {folder / 'bundle'}"
        raise InputError([Fault(message, folder, code="no-bundle")])
    listed = read_json(path, _LARGEST_LIST)
    if not isinstance(listed, dict) or not set(needed) <= set(listed) or len(listed) > _MOST_FILES:
        message = "this is no list of a bundle's files; copy the bundle again"
        raise InputError([Fault(message, path, code="malformed")])
    faults = []
    for name, checksum in listed.items():
        file = file_inside(folder, name)
        if not file.is_file():
            faults.append(Fault("the bundle lacks this file; copy it again", file))
        elif not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
            faults.append(Fault(f"the file '{name}' has no checksum; copy it again", path))
        elif file_sha256(file) != checksum:
            faults.append(Fault("the file was altered after training; copy it again", file))
    if faults:
        raise InputError(faults)
    return frozenset(listed)


def check_bundle(bundle: Bundle) -> None:
    """Refuse numbers that do not fit one another.

    Raises
    ------
    ValueError
        Or whatever comparing values of a wrong kind raises.
    """
    if not bundle.feature_sets:
        raise ValueError("there is no score")
    for name, signature in bundle.signatures.items():
        _check_signature(name, signature)
    for model in (bundle.clinic, bundle.nomogram):
        _check_clinical(model)
    # A nomogram without any score in the bundle serves as a chart.
    entering = bundle.config.model.nomogram_score
    if bundle.nomogram is not None and bundle.signatures and entering not in bundle.signatures:
        raise ValueError("the nomogram's score is not there")
    _finite("thresholds", [_number(value) for value in bundle.thresholds.values()])
    missing = set(bundle.feature_sets) - set(bundle.thresholds)
    if missing or not all(0 <= value <= 1 for value in bundle.thresholds.values()):
        raise ValueError("thresholds must be probabilities, one for each score")
    _check_ranges(bundle)
    if not isinstance(bundle.summary, dict):
        raise TypeError("the summary is no mapping")
    for key, kind in (("warnings", list), ("files", dict)):
        if not isinstance(bundle.summary.get(key, kind()), kind):
            raise TypeError(f"the {key} of the summary are no {kind.__name__}")
    _texts("warnings", bundle.warnings)


def _check_ranges(bundle: Bundle) -> None:
    """Look at what cases outside the training range are told by."""
    if list(bundle.ranges.columns) != ["low", "high", "sd"]:
        raise ValueError("ranges need 'low', 'high' and 'sd'")
    # A feature that every training case lacks has no extremes.
    _finite("ranges", bundle.ranges.fillna(0.0).to_numpy())
    foreign = set(bundle.ranges.index) - _inputs(bundle)
    if foreign:
        raise ValueError(f"there are ranges of '{min(map(str, foreign))}', which enters no score")
    if not set(bundle.levels) <= set(bundle.config.clinical_variables):
        raise ValueError("there are levels of a variable that the study does not have")
    for levels in bundle.levels.values():
        _texts("levels", levels)


def _inputs(bundle: Bundle) -> set[str]:
    """Return the names of inputs whose ranges a bundle may hold."""
    variables = bundle.config.clinical_variables.items()
    names = {name for name, settings in variables if settings.type == "continuous"}
    for name, signature in bundle.signatures.items():
        if isinstance(signature, FusedSignature):
            continue  # its members are there
        for column in signature.chain.selected:
            made = is_component(column) or column.endswith(MISSING)
            names.add(f"{name}/{column}" if made else column)
    return names


def _check_signature(name: str, signature: Signature | FusedSignature) -> None:
    if isinstance(signature, FusedSignature):
        _finite(name, [_number(value) for value in (*signature.weights, signature.intercept)])
        if len(signature.weights) != len(signature.members) or not signature.members:
            raise ValueError(f"the weights of {name} are not one for each member")
        return
    _finite(name, [_number(signature.intercept), _number(signature.slope)])
    if signature.slope <= 0:
        raise ValueError(f"the slope of {name} is not positive")
    _check_chain(name, signature.chain)


def _check_chain(name: str, chain: FrozenChain) -> None:
    _texts(f"features of {name}", chain.selected)
    for column in (chain.median, chain.mean, chain.scale):
        _finite(name, column)
    if not (chain.scale > 0).all() or not chain.median.index.is_unique:
        raise ValueError(f"a feature of {name} is there twice, or its scale is not positive")
    if chain.unseen not in POLICIES:
        raise ValueError("the rule for unseen centres is unknown")
    blocks = {block_of(feature) for feature in chain.selected if is_component(feature)}
    if not blocks <= set(chain.deep_columns):
        raise ValueError(f"components of {name} have no loadings")
    for block, columns in chain.deep_columns.items():
        _texts(f"deep features of {name}", columns)
        count = sum(is_component(f) and block_of(f) == block for f in chain.selected)
        _shaped(f"{name}/{block}/mean", chain.pca_mean[block], (len(columns),))
        _shaped(f"{name}/{block}/components", chain.pca_components[block], (count, len(columns)))
    _check_combat(chain.harmonisation)


def _check_combat(combat: ComBat | None) -> None:
    if combat is None:
        return
    for values in (combat.alpha_, combat.sigma_, combat.gamma_, combat.delta_):
        _finite("harmonisation", values.to_numpy())
    if not (combat.sigma_ > 0).all() or not (combat.delta_.to_numpy() > 0).all():
        raise ValueError("a spread of the harmonisation is not positive")


def _check_clinical(model: ClinicalModel | None) -> None:
    if model is None:
        return
    _texts("variables", model.variables)
    _finite("coefficients", model.logistic.coefficients)
    if not isinstance(model.with_score, bool):
        raise TypeError("'with_score' is neither true nor false")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a number is needed, not {type(value).__name__}")
    return float(value)


def _texts(what: str, values: Sequence[object]) -> None:
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{what} must be text")


def _finite(what: str, values: Sequence[float] | np.ndarray | pd.Series) -> None:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":  # texts of digits would pass as numbers here, and fail later
        array = np.array([_number(value) for value in array.ravel()], dtype=float)
    if not np.isfinite(array).all():
        raise ValueError(f"{what} must be finite numbers")


def _shaped(what: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape != shape or values.dtype.kind != "f":
        found = f"{values.dtype} {values.shape}"
        raise ValueError(f"'{what}' is {found}, but must be numbers of the shape {shape}")
    _finite(f"'{what}'", values)
