"""The frozen model: a folder of JSON and safetensors that runs at another hospital.

``bundle.json`` (kind "cnn", settings, thresholds, training summary), ``fold<k>.safetensors`` (the
weights of each fold model) and ``checksums.json``. Loading executes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dlr.cnn.settings import CnnStudyConfig
from dlr.errors import Fault, InputError
from dlr.features.cache import file_sha256

if TYPE_CHECKING:
    from torch import Tensor

    from dlr.cnn.networks import CnnNetwork
    from dlr.cnn.results import CnnResult

FORMAT, KIND = 1, "cnn"
_JSON, _CHECKSUMS = "bundle.json", "checksums.json"


@dataclass(frozen=True, eq=False)
class FrozenFold:
    """One fold's frozen model: settings, weights, thresholds, and the numbers' scale."""

    fold: int
    config: CnnStudyConfig
    state: Mapping[str, Tensor]
    thresholds: Mapping[str, float]
    number_mean: tuple[float, ...]
    number_sd: tuple[float, ...]

    def network(self, n_outputs: int) -> CnnNetwork:
        """Build the network with these weights, ready to predict."""
        from dlr.cnn.networks import build_classifier

        network = build_classifier(
            self.config.network, n_outputs, self.config.pictures.size, load=False
        )
        network.module.load_state_dict(dict(self.state))
        network.set_mode(training=False)
        return network


@dataclass(frozen=True, eq=False)
class CnnBundle:
    """All fold models of a study, locked.

    Attributes
    ----------
    config : CnnStudyConfig
        Of the study; its tables' paths mean nothing elsewhere.
    folds : tuple of FrozenFold
    thresholds : mapping of str to float
        Of the bagged probability, by target.
    summary : mapping
        When and on how many it was trained, versions, weights.
    """

    config: CnnStudyConfig
    folds: tuple[FrozenFold, ...]
    thresholds: Mapping[str, float]
    summary: Mapping[str, Any]

    @classmethod
    def of(cls, result: CnnResult) -> Self:
        """Freeze the fold models of a study."""
        folds = tuple(
            FrozenFold(
                model.fold, model.config, model.state, model.thresholds,
                model.number_mean, model.number_sd,
            )
            for model in result.models
        )  # fmt: skip
        summary = {
            "name": result.config.name,
            "simulated": result.config.simulated,
            "trained": date.today().isoformat(),
            "cases": len(result.folds),
            **result.provenance,
        }
        return cls(result.config, folds, result.thresholds, summary)

    def save(self, folder: str | Path) -> None:
        """Write the bundle's files."""
        from dlr.features.weights_files import write_state

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for item in self.folds:
            record = {"kind": KIND, "architecture": item.config.network.architecture}
            write_state(item.state, folder / f"fold{item.fold}.safetensors", record)
        content = {
            "format": FORMAT,
            "kind": KIND,
            "config": _portable(self.config),
            "thresholds": dict(self.thresholds),
            "folds": [
                {
                    "fold": item.fold,
                    "config": _portable(item.config),
                    "thresholds": dict(item.thresholds),
                    "number_mean": item.number_mean,
                    "number_sd": item.number_sd,
                }
                for item in self.folds
            ],
            "summary": dict(self.summary),
        }
        (folder / _JSON).write_text(json.dumps(content, indent=1), encoding="utf-8")
        checksums = {
            path.name: file_sha256(path)
            for path in sorted(folder.iterdir())
            if path.is_file() and path.name != _CHECKSUMS
        }
        (folder / _CHECKSUMS).write_text(json.dumps(checksums, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a bundle.

        Raises
        ------
        InputError
            If the folder holds no CNN bundle, a file is missing or altered, or it was made by a
            newer dlr.
        """
        from dlr.features.weights_files import read_state

        folder = Path(folder)
        content = _verified(folder)
        folds = tuple(
            FrozenFold(
                item["fold"],
                CnnStudyConfig.model_validate(item["config"]),
                read_state(folder / f"fold{item['fold']}.safetensors")[0],
                item["thresholds"],
                tuple(item["number_mean"]),
                tuple(item["number_sd"]),
            )
            for item in content["folds"]
        )
        config = CnnStudyConfig.model_validate(content["config"])
        return cls(config, folds, content["thresholds"], content["summary"])


def is_cnn_bundle(folder: str | Path) -> bool:
    """Tell whether a folder holds a CNN bundle (and not one of a radiomics study)."""
    path = Path(folder) / _JSON
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return False
    return isinstance(content, dict) and content.get("kind") == KIND


def _portable(config: CnnStudyConfig) -> dict[str, Any]:
    """Return the settings without this machine's paths; weights come from the bundle itself."""
    content = config.model_dump(mode="json", exclude={"image_root", "readers", "networks"})
    content.update(images="images.csv", clinical="clinical.csv")
    network = content["network"]
    if network["weights"] not in ("torchvision", "timm", "packaged", "none"):
        network["weights"] = Path(network["weights"]).name
    return content


def _verified(folder: Path) -> dict[str, Any]:
    """Return the content of ``bundle.json`` after checking every file."""
    path = folder / _CHECKSUMS
    if not path.is_file() or not is_cnn_bundle(folder):
        message = "this folder holds no CNN bundle; give the 'bundle' folder of a 'dlr cnn train'"
        raise InputError([Fault(message, folder, code="no-bundle")])
    faults = []
    for name, checksum in json.loads(path.read_text(encoding="utf-8")).items():
        file = folder / name
        if not file.is_file():
            faults.append(Fault("the bundle lacks this file; copy it again", file))
        elif file_sha256(file) != checksum:
            faults.append(Fault("the file was altered after training; copy it again", file))
    if faults:
        raise InputError(faults)
    content: dict[str, Any] = json.loads((folder / _JSON).read_text(encoding="utf-8"))
    if content["format"] > FORMAT:
        message = f"the bundle has format {content['format']}, this dlr reads up to {FORMAT}"
        raise InputError([Fault(f"{message}; install a newer dlr", folder / _JSON)])
    return content
