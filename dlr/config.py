"""The schema of ``study.yaml``: every setting of a study, with its default and its meaning.

Unknown keys are errors that name the nearest known key. The models are frozen: a study's
settings do not change once it has started, and the ones used are saved beside its results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from dlr.config_faults import read_yaml, settings_faults
from dlr.errors import Fault, InputError
from dlr.features.mazda.settings import MazdaSettings
from dlr.settings import (
    AgreementSettings,
    AuditSettings,
    ClinicalModelSettings,
    ClinicalVariable,
    CohortSettings,
    EmbeddingSettings,
    EvaluationSettings,
    FeatureSetSettings,
    HarmonisationSettings,
    IntensitySettings,
    MaskSettings,
    ModelSettings,
    Name,
    OutcomeSettings,
    RadiomicsSettings,
    SelectionSettings,
    Settings,
    ViewSettings,
)


class StudyConfig(Settings):
    """A whole ``study.yaml``."""

    name: str = Field(description="Title of the report")
    description: str = Field("", description="One paragraph for the report")
    simulated: bool = Field(False, description="The cohort is simulated: stamped on every figure")
    seed: int = Field(0, ge=0, description="Same seed, same numbers, whatever the workers")
    protocol: Literal["sound", "published"] = Field(
        "sound",
        description="`sound`: nothing is judged on cases it was fitted on; `published`: the "
        "field's usual recipe, whose numbers flatter",
    )
    images: Path = Field(description="Table of images and masks")
    clinical: Path = Field(description="Clinical table, CSV or Excel")
    image_root: Path | None = Field(None, description="Folder the image paths start from")
    unit: Literal["subject", "roi"] = Field(
        "subject", description="A case is a patient, or one ROI (lesion, disc) of a patient"
    )
    outcome: OutcomeSettings = Field(description="What is predicted")
    cohorts: CohortSettings = Field(CohortSettings(), description="Who trains, who validates")
    clinical_variables: dict[str, ClinicalVariable] = Field(
        default_factory=dict, description="Candidates for the clinical model"
    )
    views: dict[Name, ViewSettings] = Field(min_length=1, description="How each ROI is looked at")
    masks: MaskSettings = Field(MaskSettings(), description="Reading masks and images")
    intensity: IntensitySettings = Field(IntensitySettings(), description="Normalisation")
    radiomics: RadiomicsSettings | None = Field(RadiomicsSettings(), description="null: none")
    mazda: MazdaSettings | None = Field(None, description="MaZda's 279 features; null: none")
    embedding: EmbeddingSettings | None = Field(EmbeddingSettings(), description="null: none")
    embeddings: dict[Name, EmbeddingSettings] = Field(
        default_factory=dict, description="Further backbones; their features are `dl_<name>`"
    )
    feature_sets: dict[Name, FeatureSetSettings] = Field(
        default_factory=dict, description="Further feature sets, by name"
    )
    agreement: AgreementSettings | None = Field(None, description="ICC gate; null: none")
    harmonisation: HarmonisationSettings | None = Field(None, description="ComBat; null: none")
    selection: SelectionSettings = Field(SelectionSettings(), description="Selection of features")
    model: ModelSettings = Field(ModelSettings(), description="Score and cross-validation")
    clinical_model: ClinicalModelSettings = Field(
        ClinicalModelSettings(), description="Choice of clinical variables"
    )
    evaluation: EvaluationSettings = Field(EvaluationSettings(), description="How it is judged")
    audit: AuditSettings | None = Field(AuditSettings(), description="Optimism audit; null: none")
    ablation: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Further variants of `dlr ablate`: name, and changed settings by dotted name",
    )

    @model_validator(mode="after")
    def _published_does_not_resample(self) -> StudyConfig:
        if self.protocol == "published" and self.model.resampling != "none":
            raise ValueError("the published protocol has no resampling; set 'resampling: none'")
        return self

    @classmethod
    def from_yaml(cls, path: str | Path) -> StudyConfig:
        """Read a study file; paths in it are taken from the folder it lies in.

        Raises
        ------
        InputError
            If the file is missing, is not YAML, has unknown keys or values out of range;
            every fault is listed.
        """
        path = Path(path)
        raw = read_yaml(path)
        if raw.get("kind") == "cnn" or ("task" in raw and "views" not in raw):
            message = "this is a CNN study; use the commands of 'dlr cnn', such as 'dlr cnn train'"
            raise InputError([Fault(message, path, code="study-kind")])
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            raise InputError(settings_faults(path, error, cls)) from None
        return config._anchored(path.resolve().parent)

    def _anchored(self, folder: Path) -> StudyConfig:
        """Make every path absolute, starting from `folder`."""
        updates: dict[str, Any] = {
            "images": folder / self.images,
            "clinical": folder / self.clinical,
        }
        if self.image_root is not None:
            updates["image_root"] = folder / self.image_root
        if self.agreement is not None and self.agreement.stability is not None:
            stability = folder / self.agreement.stability
            updates["agreement"] = self.agreement.model_copy(update={"stability": stability})
        if self.radiomics is not None and self.radiomics.parameters.endswith((".yaml", ".yml")):
            parameters = str(folder / self.radiomics.parameters)
            updates["radiomics"] = self.radiomics.model_copy(update={"parameters": parameters})
        updates["ablation"] = {
            name: {key: _anchored_file(value, folder) for key, value in changes.items()}
            for name, changes in self.ablation.items()
        }
        if self.embedding is not None:
            updates["embedding"] = _anchored_weights(self.embedding, folder)
        updates["embeddings"] = {
            name: _anchored_weights(item, folder) for name, item in self.embeddings.items()
        }
        return self.model_copy(update=updates)

    @property
    def backbones(self) -> dict[str, EmbeddingSettings]:
        """Settings of every backbone by the family of its features: ``dl``, ``dl_<name>``."""
        first = {} if self.embedding is None else {"dl": self.embedding}
        return first | {f"dl_{name}": item for name, item in self.embeddings.items()}

    @property
    def file_names(self) -> dict[str, str]:
        """What the study calls its radiomics ``parameters`` and ``weights``, without folders."""
        found = {}
        if self.radiomics is not None:
            found["parameters"] = Path(self.radiomics.parameters).name
        if self.embedding is not None:
            found["weights"] = Path(self.embedding.weights).name
        return found


def _anchored_file(value: Any, folder: Path) -> Any:
    """Take a file a variant names from the folder the study file lies in."""
    if isinstance(value, str) and value and (folder / value).is_file():
        return str(folder / value)
    return value


def _anchored_weights(settings: EmbeddingSettings, folder: Path) -> EmbeddingSettings:
    """Take the path of a weights file from the folder the study file lies in."""
    if not (folder / settings.weights).is_file():
        return settings
    return settings.model_copy(update={"weights": str(folder / settings.weights)})
