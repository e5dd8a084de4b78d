"""The schema of a CNN study file: what is learnt from which pictures, by which network, and how.

The tables are those of every dlr study. Unknown keys are errors that name the nearest known key.
Augmentations happen only where the file names them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from dlr.config_faults import read_yaml, settings_faults
from dlr.errors import Fault, InputError
from dlr.settings import CohortSettings, EvaluationSettings, Name, OutcomeSettings, Settings

FLIPS = ("horizontal_flip", "vertical_flip")
_LARGEST_TURN = 45.0  # degrees; beyond it a spine no longer has its head end up


class RegressionSettings(Settings):
    """A number learnt beside the labels, such as the age (the published multitask)."""

    column: str = Field(description="Column of the clinical table, a number or empty")
    weight: float = Field(1.0, gt=0, description="Weight of its loss (mean squared z-score error)")


class TaskSettings(Settings):
    """What the network learns."""

    kind: Literal["binary", "any", "multilabel", "multitask"] = Field(
        "binary",
        description="One label; whether any of several is positive; one output per label; labels "
        "and numbers together",
    )
    labels: tuple[OutcomeSettings, ...] = Field(
        min_length=1, description="Columns of the clinical table with their positive values"
    )
    levels: bool = Field(
        False, description="The labels are anatomical levels, which a flip would confuse"
    )
    regressions: tuple[RegressionSettings, ...] = Field((), description="For `multitask`")
    missing: Literal["error", "mask"] = Field(
        "error", description="An empty label is a fault, or is left out of the loss"
    )
    positive_weight: Literal["none", "balanced"] = Field(
        "none", description="Weigh positives by negatives / positives of the training part"
    )

    @model_validator(mode="after")
    def _fits(self) -> TaskSettings:
        if self.kind == "binary" and len(self.labels) != 1:
            raise ValueError("a binary task has exactly one label; use any, multilabel, multitask")
        if (self.kind == "multitask") != bool(self.regressions):
            raise ValueError("'regressions' belong to a multitask, and a multitask needs them")
        names = [label.column for label in self.labels]
        if len(set(names)) < len(names):
            raise ValueError("two labels have the same column")
        return self


class ClaheSettings(Settings):
    """Contrast-limited adaptive histogram equalisation (Zuiderveld 1994)."""

    clip_limit: float = Field(2.0, gt=0, description="Contrast limit, as in OpenCV")
    tiles: int = Field(8, ge=1, description="Tiles per side")


class PictureSettings(Settings):
    """From a file to the grey square that the network sees."""

    size: int = Field(224, ge=16, description="Pixels per side")
    window: Literal["none", "percentile"] | tuple[float, float] = Field(
        "none",
        description="Grey values to black and white: `none` (8-bit files only), `percentile`, or "
        "[low, high] in the file's own units",
    )
    percentiles: tuple[float, float] = Field((0.5, 99.5), description="For `window: percentile`")
    colour: Literal["error", "luma"] = Field("error", description="Colour pictures: refuse or grey")
    clahe: ClaheSettings | None = Field(None, description="Equalise the histogram locally")
    shape: Literal["stretch", "pad"] = Field(
        "stretch", description="Make it square by stretching, or by black margins"
    )
    minimum_side: int = Field(16, ge=2, description="Smaller pictures are refused")
    cache: bool = Field(True, description="Keep prepared pictures in the work folder")
    memory_mb: int = Field(
        2000, ge=0, description="Hold all prepared pictures in memory up to this size"
    )


class Augmentation(Settings):
    """One random change of training pictures."""

    name: Literal[
        "horizontal_flip", "vertical_flip", "rotation", "translation", "scale", "brightness",
        "contrast", "noise",
    ] = Field(description="What is changed")  # fmt: skip
    amount: float = Field(
        0.1, gt=0, description="Degrees (rotation); share of the side, size or grey range (others)"
    )
    probability: float = Field(0.5, gt=0, le=1, description="How often")


class NetworkSettings(Settings):
    """Which network, from which weights it starts, and when they are free to move."""

    architecture: str = Field("resnet34", description="Any torchvision or timm classifier")
    weights: str = Field(
        "torchvision",
        description="'torchvision', 'timm', 'packaged', a file, or 'none' (from scratch)",
    )
    sha256: str | None = Field(None, description="Checksum the weights file must have")
    dropout: float = Field(0.0, ge=0, lt=1, description="Before the new last layer")
    freeze_epochs: int = Field(0, ge=0, description="Epochs in which only the last layer learns")
    backbone_rate: float = Field(
        1.0, gt=0, le=1, description="Learning rate of all other layers, as a share"
    )


class OptimiserSettings(Settings):
    """How weights are changed."""

    name: Literal["adam", "adamw", "sgd"] = Field("adam", description="The algorithm")
    learning_rate: float = Field(1e-4, gt=0, description="Peak learning rate")
    weight_decay: float = Field(0.0, ge=0, description="L2 (adam, sgd) or decoupled (adamw)")
    momentum: float = Field(0.9, ge=0, lt=1, description="For sgd")
    schedule: Literal["constant", "cosine_restarts", "one_cycle"] = Field(
        "cosine_restarts", description="Learning rate over time"
    )
    restart_epochs: int = Field(10, ge=1, description="Epochs until the first warm restart")
    restart_factor: int = Field(1, ge=1, description="Each period is so many times the last")
    clip_norm: float | None = Field(None, gt=0, description="Largest norm of the gradient")


class StoppingSettings(Settings):
    """When training ends early, and which epoch's weights are kept."""

    metric: Literal["loss", "auc"] = Field("auc", description="Watched quantity")
    patience: int = Field(5, ge=1, description="Epochs without improvement")
    data: Literal["inner", "fold"] = Field(
        "inner",
        description="Watch patients set aside inside the training part, or (as published, "
        "optimistic) the left-out fold itself",
    )
    share: float = Field(0.15, gt=0, lt=0.5, description="Share of patients set aside (inner)")


class TrainingSettings(Settings):
    """The training loop."""

    epochs: int = Field(20, ge=1, description="At most")
    batch_size: int = Field(32, ge=2, description="Pictures per step on all devices together")
    accumulate: int = Field(1, ge=1, description="Batches per optimiser step")
    precision: Literal["float32", "bfloat16", "float16"] = Field("float32", description="Compute")
    ema: float | None = Field(None, gt=0, lt=1, description="Decay of averaged weights; null: none")
    stopping: StoppingSettings | None = Field(StoppingSettings(), description="null: all epochs")
    loaders: int = Field(0, ge=0, description="Processes that load pictures")
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`")
    tensorboard: bool = Field(False, description="Write TensorBoard logs beside the CSV ones")


class SearchSettings(Settings):
    """A small grid, searched inside every fold on its inner patients; empty lists: one value."""

    optimisers: tuple[Literal["adam", "adamw", "sgd"], ...] = Field((), description="Algorithms")
    learning_rates: tuple[float, ...] = Field((), description="Learning rates")
    sizes: tuple[int, ...] = Field((), description="Picture sizes")
    batch_sizes: tuple[int, ...] = Field((), description="Batch sizes")


class ReaderSettings(Settings):
    """Human readers of the same cases."""

    table: Path = Field(description="Columns reader, case_id, rating (and label, if several)")
    threshold: float = Field(0.5, description="A rating at or above it is a positive call")
    simulated: bool = Field(False, description="The readers are simulated: said at every number")


class MatchingSettings(Settings):
    """Propensity-score matching of external to training cases (published by system 5)."""

    covariates: tuple[str, ...] = Field(min_length=1, description="Columns such as age, sex, BMI")
    caliper: float | None = Field(0.2, gt=0, description="In SD of the log-odds; null: none")


class ExplanationSettings(Settings):
    """Class activation maps."""

    method: Literal["gradcam", "hirescam"] = Field("gradcam", description="Which map")
    top: int = Field(300, ge=1, description="Cases shown, most confident first")


class CnnStudyConfig(Settings):
    """A whole CNN ``study.yaml``."""

    kind: Literal["cnn"] = Field("cnn", description="Tells CNN studies from radiomics studies")
    name: str = Field(description="Title of the report")
    description: str = Field("", description="One paragraph for the report")
    simulated: bool = Field(False, description="The cohort is simulated: stamped everywhere")
    seed: int = Field(0, ge=0, description="Same seed, same numbers")
    images: Path = Field(description="Table of pictures: subject_id, image; view, mask, roi")
    clinical: Path = Field(description="Clinical table with the labels")
    image_root: Path | None = Field(None, description="Folder the image paths start from")
    unit: Literal["subject", "roi"] = Field("subject", description="A case: patient, or ROI")
    cohorts: CohortSettings = Field(CohortSettings(), description="Who trains, who judges")
    task: TaskSettings = Field(description="What is learnt")
    pictures: PictureSettings = Field(PictureSettings(), description="Preparing pictures")
    augmentation: tuple[Augmentation, ...] = Field((), description="Random changes; none unless")
    force_flips: bool = Field(False, description="Allow flips although labels are levels")
    network: NetworkSettings = Field(NetworkSettings(), description="The network")
    networks: dict[Name, NetworkSettings] = Field(
        default_factory=dict, description="Networks of `dlr cnn compare`, by a name of yours"
    )
    optimiser: OptimiserSettings = Field(OptimiserSettings(), description="Optimiser")
    training: TrainingSettings = Field(TrainingSettings(), description="Training")
    search: SearchSettings = Field(SearchSettings(), description="Small grid")
    folds: int = Field(4, ge=2, description="Of the cross-validation, by patient")
    evaluation: EvaluationSettings = Field(EvaluationSettings(), description="How it is judged")
    readers: ReaderSettings | None = Field(None, description="Human readers")
    matching: MatchingSettings | None = Field(None, description="Propensity matching")
    explanation: ExplanationSettings = Field(ExplanationSettings(), description="Maps")

    @model_validator(mode="after")
    def _sensible(self) -> CnnStudyConfig:
        turned = [step.name for step in self.augmentation if _reverses(step)]
        if self.task.levels and turned and not self.force_flips:
            raise ValueError(
                f"the labels are anatomical levels, which '{turned[0]}' would confuse; remove it "
                "from 'augmentation', or set 'force_flips: true'"
            )
        stopping = self.training.stopping
        if len(candidates(self)) > 1 and (stopping is None or stopping.data != "inner"):
            raise ValueError("a 'search' is judged on inner patients: set training.stopping.data")
        return self

    @classmethod
    def from_yaml(cls, path: str | Path) -> CnnStudyConfig:
        """Read a study file; paths in it are taken from the folder it lies in.

        Raises
        ------
        InputError
            If the file is missing, is not YAML, has unknown keys or values out of range; every
            fault is listed.
        """
        path = Path(path)
        raw = read_yaml(path)
        if "views" in raw and "task" not in raw:
            message = "this is a radiomics study; use 'dlr train' and its fellows, without 'cnn'"
            raise InputError([Fault(message, path, code="study-kind")])
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            raise InputError(settings_faults(path, error, cls)) from None
        return config._anchored(path.resolve().parent)

    def _anchored(self, folder: Path) -> CnnStudyConfig:
        updates: dict[str, Any] = {
            "images": folder / self.images,
            "clinical": folder / self.clinical,
            "network": _anchored_network(self.network, folder),
            "networks": {key: _anchored_network(net, folder) for key, net in self.networks.items()},
        }
        if self.image_root is not None:
            updates["image_root"] = folder / self.image_root
        if self.readers is not None:
            table = folder / self.readers.table
            updates["readers"] = self.readers.model_copy(update={"table": table})
        return self.model_copy(update=updates)


def candidates(config: CnnStudyConfig) -> list[CnnStudyConfig]:
    """Return the configurations of the small grid, the study's own when there is no grid."""
    grid = config.search
    found = []
    for name in grid.optimisers or (config.optimiser.name,):
        for rate in grid.learning_rates or (config.optimiser.learning_rate,):
            for size in grid.sizes or (config.pictures.size,):
                for batch in grid.batch_sizes or (config.training.batch_size,):
                    updates = {
                        "optimiser": config.optimiser.model_copy(
                            update={"name": name, "learning_rate": rate}
                        ),
                        "pictures": config.pictures.model_copy(update={"size": size}),
                        "training": config.training.model_copy(update={"batch_size": batch}),
                    }
                    found.append(config.model_copy(update=updates))
    return found


def _reverses(step: Augmentation) -> bool:
    return step.name in FLIPS or (step.name == "rotation" and step.amount > _LARGEST_TURN)


def _anchored_network(network: NetworkSettings, folder: Path) -> NetworkSettings:
    if (folder / network.weights).is_file():
        return network.model_copy(update={"weights": str(folder / network.weights)})
    return network
