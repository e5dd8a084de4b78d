"""Writing and reading a bundle's files.

``bundle.json`` (settings, selected features, coefficients, thresholds, ranges, summary),
``components.safetensors`` (loadings of principal components), ``<feature set>.skops`` or
``.json`` (the classifiers), ``radiomics.yaml`` (the parameter file), ``backbone.safetensors``
(the weights of the embedding; ``backbone_<name>.safetensors`` of further ones) and
``checksums.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from dlr.config import StudyConfig
from dlr.errors import Fault, InputError
from dlr.features.cache import file_sha256
from dlr.features.table import DEEP
from dlr.models.bundle import Bundle
from dlr.models.bundle_checks import check_bundle, verified_files
from dlr.models.classifier_files import classifier_path, load_classifier, save_classifier
from dlr.models.clinical import ClinicalModel
from dlr.models.encoding import ClinicalEncoder
from dlr.models.frozen import FrozenChain
from dlr.models.harmonisation import ComBat
from dlr.models.nomogram import Nomogram
from dlr.models.signature import FusedSignature, Signature
from dlr.safety.documents import read_json
from dlr.safety.malformed import malformed_as_fault
from dlr.safety.paths import file_inside
from dlr.stats import LogisticModel

FORMAT = 3
_JSON, _COMPONENTS, _CHECKSUMS = "bundle.json", "components.safetensors", "checksums.json"
NAMED_WEIGHTS = ("packaged", "torchvision", "timm")
_RADIOMICS, _BACKBONE = "radiomics.yaml", "backbone.safetensors"


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write all files of a bundle."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, np.ndarray] = {}
    for name, signature in bundle.signatures.items():
        if isinstance(signature, FusedSignature):
            continue
        save_classifier(signature.chain.algorithm, signature.chain.classifier, folder, name)
        for block in signature.chain.deep_columns:
            key = f"{name}/{block}"
            tensors[f"{key}/mean"] = signature.chain.pca_mean[block]
            components = np.ascontiguousarray(signature.chain.pca_components[block])
            tensors[f"{key}/components"] = components
    save_file(tensors, folder / _COMPONENTS)
    config = _self_contained(bundle.config, folder)
    content = {
        "format": FORMAT,
        "config": config,
        "signatures": {name: signature_content(s) for name, s in bundle.signatures.items()},
        "clinic": clinical_content(bundle.clinic),
        "nomogram": clinical_content(bundle.nomogram),
        "chart": None if bundle.chart is None else bundle.chart.to_dict(),
        "thresholds": dict(bundle.thresholds),
        "ranges": bundle.ranges.to_dict("index"),
        "levels": {name: list(levels) for name, levels in bundle.levels.items()},
        "summary": dict(bundle.summary),
    }
    (folder / _JSON).write_text(json.dumps(content, indent=1), encoding="utf-8")
    checksums = {
        path.name: file_sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != _CHECKSUMS
    }
    (folder / _CHECKSUMS).write_text(json.dumps(checksums, indent=1), encoding="utf-8")


def load_bundle(folder: Path) -> Bundle:
    """Read all files of a bundle; see :meth:`Bundle.load`.

    The bundle may come from anybody: names lead nowhere outside its folder, files are limited in
    size, nothing is executed, and numbers are compared with one another before they are used.
    """
    from safetensors.numpy import load_file

    files = verified_files(folder, (_JSON,))
    content = read_json(folder / _JSON)
    with malformed_as_fault(folder / _JSON, "the bundle", "copy it again"):
        _check_format(content, folder)
        _own(_COMPONENTS, folder, files)
        tensors = load_file(folder / _COMPONENTS)
        items = content["signatures"]
        plain = {
            name: _signature(name, item, tensors, folder, files)
            for name, item in items.items()
            if "members" not in item
        }
        signatures = {n: plain[n] if n in plain else _fused(n, i, plain) for n, i in items.items()}
        bundle = Bundle(
            config=_config(content["config"], folder, files),
            signatures=signatures,
            clinic=_clinical(content["clinic"]),
            nomogram=_clinical(content["nomogram"]),
            chart=Nomogram.from_dict(content["chart"]) if content["chart"] else None,
            thresholds=content["thresholds"],
            ranges=pd.DataFrame.from_dict(content["ranges"], orient="index"),
            levels={name: tuple(levels) for name, levels in content["levels"].items()},
            summary=content["summary"],
        )
        check_bundle(bundle)
    return bundle


def _check_format(content: dict[str, Any], folder: Path) -> None:
    """Refuse the bundle of a CNN study, which counts its formats by itself, and other formats."""
    if not isinstance(content, dict):
        raise TypeError("it is no mapping")
    if content.get("kind") == "cnn":
        message = "this is the bundle of a CNN study, not of a radiomics study; use 'dlr cnn'"
        raise InputError([Fault(message, folder / _JSON, code="bundle-kind")])
    found = content["format"]
    if found == FORMAT:
        return
    message = f"the bundle has format {found}, this dlr reads {FORMAT}; " + (
        "install a newer dlr" if found > FORMAT else "train it again, or use the dlr it came from"
    )
    raise InputError([Fault(message, folder / _JSON, code="bundle-format")])


def _self_contained(config: StudyConfig, folder: Path) -> dict[str, Any]:
    """Copy the parameter file and the backbone's weights into the bundle; drop local paths."""
    from dlr.features.embedding import load_backbone
    from dlr.features.radiomics import load_settings

    content = config.model_dump(mode="json", exclude={"images", "clinical", "image_root"})
    if config.radiomics is not None:
        parameters = load_settings(config.radiomics.parameters)
        text = yaml.safe_dump(parameters.to_dict(), sort_keys=False)
        (folder / _RADIOMICS).write_text(text, encoding="utf-8")
        # What is at hand where the bundle came from need not be where it goes.
        content["radiomics"].update(parameters=_RADIOMICS, device="cpu")
    if content.get("agreement") and content["agreement"].get("stability"):
        # The table served in training; where it lay concerns nobody else.
        content["agreement"]["stability"] = Path(content["agreement"]["stability"]).name
    if any(view.embedding for view in config.views.values()):
        for family, settings in config.backbones.items():
            name = _backbone_file(family)
            load_backbone(settings).save_weights(folder / name)
            stored = _backbone_content(content, family)
            stored.update(weights=name, sha256=file_sha256(folder / name))
            stored.update(device="auto", runtime="torch")
    return content


def _backbone_file(family: str) -> str:
    return (
        _BACKBONE if family == DEEP else f"backbone_{family.removeprefix(f'{DEEP}_')}.safetensors"
    )


def _backbone_content(content: dict[str, Any], family: str) -> dict[str, Any]:
    """Return the part of the settings that belongs to a backbone."""
    if family == DEEP:
        found: dict[str, Any] = content["embedding"]
    else:
        found = content["embeddings"][family.removeprefix(f"{DEEP}_")]
    return found


def _config(content: dict[str, Any], folder: Path, files: frozenset[str]) -> StudyConfig:
    """Rebuild the settings with paths that point into the bundle, and nowhere else."""
    from dlr.features.radiomics.reader import PRESETS

    radiomics = content.get("radiomics")
    if radiomics and radiomics["parameters"] not in PRESETS:
        radiomics["parameters"] = _own(radiomics["parameters"], folder, files)
    networks = [content.get("embedding"), *(content.get("embeddings") or {}).values()]
    for section in networks:
        # Sections that no view asks for have no weights in the bundle, and are never loaded.
        if section and section.get("weights") not in NAMED_WEIGHTS:
            section["weights"] = _own(section["weights"], folder, files)
    used = any(view.get("embedding", True) for view in content["views"].values())
    if used and any(section and section["weights"] in NAMED_WEIGHTS for section in networks):
        raise ValueError("the weights of a network are not in it")
    if content.get("agreement") and content["agreement"].get("stability"):
        content["agreement"]["stability"] = Path(content["agreement"]["stability"]).name
    return StudyConfig.model_validate(
        {**content, "images": "images.csv", "clinical": "clinical.csv", "image_root": None}
    )


def _own(name: object, folder: Path, files: frozenset[str]) -> str:
    """Return the path of a file of the bundle whose checksum was compared."""
    path = file_inside(folder, name)
    if path.name not in files:
        message = f"it needs the file '{path.name}', which is not in its list of checksums"
        raise InputError([Fault(message, folder / _CHECKSUMS, code="malformed")])
    return str(path)


def signature_content(signature: Signature | FusedSignature) -> dict[str, Any]:
    """Return what a signature is made of, as JSON holds it; arrays and classifier aside."""
    if isinstance(signature, FusedSignature):
        return {
            "intercept": signature.intercept,
            "members": [member.feature_set for member in signature.members],
            "weights": list(signature.weights),
        }
    chain = signature.chain
    return {
        "intercept": signature.intercept,
        "slope": signature.slope,
        "algorithm": chain.algorithm,
        "features": [
            {
                "name": name,
                "median": float(chain.median[name]),
                "mean": float(chain.mean[name]),
                "scale": float(chain.scale[name]),
            }
            for name in chain.selected
        ],
        "deep_columns": {block: list(columns) for block, columns in chain.deep_columns.items()},
        "harmonisation": None if chain.harmonisation is None else chain.harmonisation.to_dict(),
        "unseen": chain.unseen,
    }


def _signature(
    name: str,
    item: dict[str, Any],
    tensors: dict[str, np.ndarray],
    folder: Path,
    files: frozenset[str],
) -> Signature:
    _own(classifier_path(item["algorithm"], folder, name).name, folder, files)
    features = pd.DataFrame(item["features"]).set_index("name")
    deep = {block: tuple(columns) for block, columns in item["deep_columns"].items()}
    combat = item["harmonisation"]
    chain = FrozenChain(
        selected=tuple(features.index),
        median=features["median"],
        mean=features["mean"],
        scale=features["scale"],
        deep_columns=deep,
        pca_mean={block: tensors[f"{name}/{block}/mean"] for block in deep},
        pca_components={block: tensors[f"{name}/{block}/components"] for block in deep},
        harmonisation=None if combat is None else ComBat.from_dict(combat),
        unseen=item["unseen"],
        algorithm=item["algorithm"],
        classifier=load_classifier(item["algorithm"], folder, name, len(features)),
    )
    return Signature(name, chain, item["intercept"], item["slope"])


def _fused(name: str, item: dict[str, Any], plain: dict[str, Signature]) -> FusedSignature:
    members = tuple(plain[member] for member in item["members"])
    return FusedSignature(name, members, tuple(item["weights"]), item["intercept"])


def clinical_content(model: ClinicalModel | None) -> dict[str, Any] | None:
    """Return what a clinical model is made of, as JSON holds it."""
    if model is None:
        return None
    return {
        "encoder": model.encoder.to_dict(),
        "with_score": model.with_score,
        "logistic": model.logistic.to_dict(),
    }


def _clinical(item: dict[str, Any] | None) -> ClinicalModel | None:
    if item is None:
        return None
    encoder = ClinicalEncoder.from_dict(item["encoder"])
    return ClinicalModel(encoder, LogisticModel.from_dict(item["logistic"]), item["with_score"])
