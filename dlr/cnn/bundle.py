"""The frozen model: a folder of JSON and safetensors that runs at another hospital.

``bundle.json`` (kind "cnn", settings, thresholds, training summary), ``fold<k>.safetensors`` (the
weights of each fold model) and ``checksums.json``. Loading executes nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dlr.cnn.settings import CnnStudyConfig
from dlr.errors import Fault, InputError, WeightsError
from dlr.features.cache import file_sha256
from dlr.models.bundle_checks import verified_files
from dlr.safety.documents import read_json
from dlr.safety.malformed import malformed_as_fault
from dlr.safety.paths import file_inside

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
        try:
            network.module.load_state_dict(dict(self.state))
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise WeightsError(
                f"the weights of fold {self.fold} do not fit its network ({reason}); copy the "
                "bundle again"
            ) from None
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
        folder = Path(folder)
        content, files = _verified(folder)
        with malformed_as_fault(folder / _JSON, "the bundle", "copy it again"):
            config = CnnStudyConfig.model_validate(content["config"])
            folds = tuple(_fold(item, folder, files) for item in content["folds"])
            thresholds = _thresholds(content["thresholds"])
            if not folds or not isinstance(content["summary"], dict):
                raise ValueError("it holds no model, or no summary")
            return cls(config, folds, thresholds, content["summary"])


def _fold(item: Mapping[str, Any], folder: Path, files: frozenset[str]) -> FrozenFold:
    """Read one fold's model."""
    import torch

    from dlr.features.weights_files import read_state

    number = item["fold"]
    if not isinstance(number, int):
        raise TypeError("the number of a fold is no whole number")
    path = file_inside(folder, f"fold{number}.safetensors")
    if path.name not in files:
        raise ValueError(f"'{path.name}' is not in the list of checksums")
    state = read_state(path)[0]
    bad = [
        name
        for name, tensor in state.items()
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())
    ]
    if bad:
        message = f"the weights '{bad[0]}' are not all finite; copy the bundle again"
        raise InputError([Fault(message, path, code="malformed")])
    mean, sd = (tuple(map(float, item[key])) for key in ("number_mean", "number_sd"))
    if len(mean) != len(sd) or not all(math.isfinite(value) for value in (*mean, *sd)):
        raise ValueError("the scale of the numbers is not one finite mean and SD for each")
    config = CnnStudyConfig.model_validate(item["config"])
    return FrozenFold(number, config, state, _thresholds(item["thresholds"]), mean, sd)


def _thresholds(content: Mapping[str, Any]) -> dict[str, float]:
    found = {str(name): float(value) for name, value in content.items()}
    if not all(math.isfinite(value) for value in found.values()):
        raise ValueError("a threshold is not finite")
    return found


def is_cnn_bundle(folder: str | Path) -> bool:
    """Tell whether a folder holds a CNN bundle (and not one of a radiomics study)."""
    try:
        content = read_json(Path(folder) / _JSON)
    except InputError:
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


def _verified(folder: Path) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the content of ``bundle.json`` after checking every file, and the files' names."""
    if not (folder / _CHECKSUMS).is_file() or not is_cnn_bundle(folder):
        message = "this folder holds no CNN bundle; give the 'bundle' folder of a 'dlr cnn train'"
        raise InputError([Fault(message, folder, code="no-bundle")])
    files = verified_files(folder, (_JSON,))
    content: dict[str, Any] = read_json(folder / _JSON)
    if not isinstance(content.get("format"), int) or content["format"] > FORMAT:
        message = f"the bundle has format {content.get('format')}, this dlr reads up to {FORMAT}"
        raise InputError([Fault(f"{message}; install a newer dlr", folder / _JSON)])
    return content, files
