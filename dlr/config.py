"""The schema of ``study.yaml``: every setting of a study, with its default and its meaning.

Unknown keys are errors that name the nearest known key. The models are frozen: a study's
settings do not change once it has started, and the ones used are saved beside its results.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from dlr.config_faults import read_yaml, settings_fault
from dlr.errors import InputError
from dlr.features.mazda.settings import MazdaSettings

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]


def _as_text(value: object) -> object:
    """Let a level or a centre be written as a number; catch YAML's reading of yes and no."""
    if isinstance(value, bool):
        raise ValueError("YAML reads yes, no, on and off as true and false; write them in quotes")
    return str(value) if isinstance(value, int) else value


Label = Annotated[str, BeforeValidator(_as_text)]


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OutcomeSettings(Settings):
    """What is predicted: the column of the clinical table and its positive class."""

    column: str = Field(description="Column of the clinical table")
    positive: str | int | float | bool = Field(description="Value that means the event")
    negative: str | int | float | bool | None = Field(
        None, description="Value that means no event; needed if the column holds a third value"
    )
    label: str | None = Field(None, description="How tables and figures call the positive class")


class SplitSettings(Settings):
    """A split into training and external cohort, drawn once with the study's seed."""

    method: Literal["random", "date", "center"] = Field(
        description="Drawn with the seed and written beside the table; by day; by centre"
    )
    fraction: float = Field(0.7, gt=0, lt=1, description="Share of subjects that train (random)")
    column: str | None = Field(None, description="Date or centre column")
    before: date | None = Field(None, description="Subjects seen before this day train (date)")
    training_centers: tuple[Label, ...] = Field((), description="Centres that train (center)")

    @model_validator(mode="after")
    def _complete(self) -> SplitSettings:
        if self.method == "date" and (self.column is None or self.before is None):
            raise ValueError("a split by date needs 'column' (the date) and 'before' (a day)")
        if self.method == "center" and not self.training_centers:
            raise ValueError("a split by center needs 'training_centers' (the list that trains)")
        return self


class CohortSettings(Settings):
    """Which cases train and which judge the frozen model."""

    column: str = Field("cohort", description="Column of the clinical table that names the cohort")
    training: Label = Field("training", description="Value of the column that means training")
    external: tuple[Label, ...] | None = Field(
        None, description="Values that mean external validation; all others when left out"
    )
    split: SplitSettings | None = Field(
        None, description="Draw the cohorts instead of reading them"
    )


class ClinicalVariable(Settings):
    """One clinical variable: how it is coded and what it is compared with."""

    type: Literal["continuous", "categorical"] = Field(description="How it enters the models")
    reference: Label | None = Field(None, description="Reference level of a categorical variable")
    levels: tuple[Label, ...] | None = Field(None, description="All levels, in order")
    label: str | None = Field(None, description="How tables and figures call it")

    @model_validator(mode="after")
    def _reference_is_a_level(self) -> ClinicalVariable:
        if self.levels and self.reference is not None and self.reference not in self.levels:
            known = ", ".join(self.levels)
            raise ValueError(f"the reference '{self.reference}' is none of the levels: {known}")
        return self


class MaskSettings(Settings):
    """How masks are read and when an ROI is refused."""

    minimum_voxels: int = Field(10, ge=1, description="A smaller ROI is refused")
    threshold: float | None = Field(None, description="Binarise a non-integer mask at this value")
    resample: bool = Field(False, description="Resample a mask to its image (nearest neighbour)")
    tolerance: float = Field(
        1e-3, gt=0, le=0.1, description="Allowed geometry difference in voxels"
    )
    rgb: str = Field(
        "error",
        pattern=r"^(error|luma|channel:[0-3])$",
        description="Colour images: refuse, take the brightness, or one channel (`channel:0`)",
    )


class IntensitySettings(Settings):
    """Intensity normalisation of the image, before any feature is computed."""

    method: Literal["none", "zscore", "musigma", "percentile"] = Field(
        "none", description="z-score x `scale`; clip to mean ± `sigmas` SD; clip to `percentiles`"
    )
    region: Literal["image", "roi"] = Field("image", description="Where mean and SD are taken")
    scale: float = Field(100.0, gt=0, description="Factor after the z-score")
    sigmas: float = Field(3.0, gt=0, description="Half width of the mu-sigma window")
    percentiles: tuple[float, float] = Field((1.0, 99.0), description="Lower and upper")


class ViewSettings(Settings):
    """One view of a case: which rows of ``images.csv`` it takes and how it is cut."""

    source: str | None = Field(None, description="Value of the 'view' column; the view's own name")
    plane: Literal["native", "sagittal", "axial", "coronal"] = Field(
        "native", description="Slice plane; another than the scan's own is reformatted"
    )
    dimension: Literal["3d", "2.5d", "2d"] = Field(
        "3d", description="Radiomics on the volume, slice by slice, or on the largest ROI slice"
    )
    spacing_mm: float | None = Field(None, gt=0, description="Pixel size after reformatting")
    margin_mm: float = Field(10.0, ge=0, description="Margin around the ROI in the crop")
    radiomics: bool = Field(True, description="Compute radiomics of this view")
    mazda: bool = Field(True, description="Compute MaZda features of this view, where it is on")
    embedding: bool = Field(True, description="Compute deep features of this view")
    intensity: IntensitySettings | None = Field(None, description="Overrides the study's")


class RadiomicsSettings(Settings):
    """Handcrafted radiomics: the engine and PyRadiomics' own parameter file."""

    engine: str = Field("native", description="`native` or `pyradiomics`: the same values")
    parameters: str = Field(
        "original",
        description="A PyRadiomics parameter file, 'original' or 'original-log-wavelet'",
    )


class EmbeddingSettings(Settings):
    """Deep features: a pretrained classifier without its head."""

    backbone: str = Field(
        "resnext50_32x4d", description="Any torchvision or timm classifier, or `efficientnet_lite0`"
    )
    weights: str = Field(
        "torchvision",
        description="'torchvision' or 'timm' (by name), 'packaged' (EfficientNet-Lite0), or a file",
    )
    sha256: str | None = Field(None, description="Checksum the weights file must have")
    batch_size: int = Field(16, ge=1, description="Crops per batch; changes no value")
    device: str = Field("auto", description="`auto`, `cpu` or `cuda`")


class AgreementSettings(Settings):
    """The ICC gate: features on which two readers' ROIs, or perturbed ROIs, agree."""

    reader: str | None = Field(None, description="Second reader, as named in the 'reader' column")
    stability: Path | None = Field(
        None, description="Table of `dlr stability`, where there is no second reader"
    )
    threshold: float = Field(0.75, ge=-1, le=1, description="Features need an ICC above it")
    form: Literal["1,1", "2,1", "3,1"] = Field("2,1", description="Shrout and Fleiss' form")
    bound: Literal["estimate", "lower"] = Field(
        "estimate", description="Gate on the estimate or on the lower confidence bound"
    )
    average: bool = Field(
        False, description="Use the mean of both readers' features where both drew the ROI"
    )

    @model_validator(mode="after")
    def _one_source(self) -> AgreementSettings:
        if (self.reader is None) == (self.stability is None):
            raise ValueError("give either 'reader' or 'stability'")
        if self.average and self.reader is None:
            raise ValueError("'average' needs a second 'reader'")
        return self


class LassoSettings(Settings):
    """LASSO: family of the outcome and rule for the penalty."""

    family: Literal["gaussian", "binomial"] = Field("binomial", description="Loss, as in glmnet")
    rule: Literal["min", "1se"] = Field("min", description="λ.min or λ.1se")
    folds: int = Field(10, ge=2, description="Of its own cross-validation, by subject")
    convention: Literal["glmnet", "published"] = Field(
        "glmnet",
        description="`published`: scikit-learn's linear LASSO on 0/1 outcomes with contiguous "
        "folds, whatever family and rule say",
    )


class FcmSettings(Settings):
    """MaZda's joint selection: the union of the best features by three measures."""

    fisher: int = Field(10, ge=0, description="Features by Fisher coefficient")
    poe_acc: int = Field(10, ge=0, description="By classification error and correlation")
    mutual_information: int = Field(10, ge=0, description="By mutual information")


class SelectionSettings(Settings):
    """The selection chain; a step set to null is left out."""

    mann_whitney_p: float | None = Field(0.05, gt=0, le=1, description="Keep p below it")
    spearman: float | None = Field(0.9, gt=0, le=1, description="Keep |ρ| at or below it")
    redundancy: Literal["degree", "published"] = Field(
        "degree", description="Order-independent deletion, or the published column-order variant"
    )
    lasso: LassoSettings | None = Field(LassoSettings(), description="Penalised selection")
    fcm: FcmSettings | None = Field(
        None, description="MaZda's choice before all others: Fisher, POE+ACC, mutual information"
    )


Algorithm = Literal[
    "logistic", "svm", "linear-svm", "knn", "decision-tree", "random-forest", "extra-trees",
    "xgboost", "mlp", "lightgbm",
]  # fmt: skip
"""Keys of all classifiers; see :mod:`dlr.models.classifiers`."""


class ModelSettings(Settings):
    """From selected features to the DLR score, and how it is cross-validated."""

    classifier: Algorithm | Literal["vote"] = Field(
        "vote",
        description="One algorithm for all feature sets; `vote`: the one that is most often among "
        "the best three by inner cross-validation",
    )
    algorithms: tuple[Algorithm, ...] = Field(
        (
            "logistic",
            "svm",
            "knn",
            "decision-tree",
            "random-forest",
            "extra-trees",
            "xgboost",
            "mlp",
            "lightgbm",
        ),
        min_length=1,
        description="Candidates of the vote",
    )
    tune: bool = Field(
        True, description="Choose each algorithm's settings by inner cross-validation, too"
    )
    components: int | None = Field(
        32, ge=1, description="PCA components per deep block; null: none"
    )
    folds: int = Field(5, ge=2, description="Outer folds: what out-of-fold scores come from")
    inner_folds: int = Field(5, ge=2, description="Folds inside each training part")
    nomogram_score: Name = Field("DLR", description="Feature set whose score enters the nomogram")
    missing_indicators: bool = Field(
        False, description="Tell the model which features were missing, beside their median"
    )
    resampling: Literal["none", "oversample", "undersample", "smote"] = Field(
        "none", description="Balance the classes inside the folds; class weights do without"
    )

    @property
    def candidates(self) -> tuple[str, ...]:
        """Algorithms to try."""
        return self.algorithms if self.classifier == "vote" else (self.classifier,)


class FeatureSetSettings(Settings):
    """One feature set of the study's own: blocks side by side, or a fusion of scores."""

    blocks: tuple[str, ...] = Field(
        (), description="`view.family` patterns: `sag.rad`, `*.dl`, `axi.mazda`"
    )
    members: tuple[Name, ...] = Field((), description="Feature sets whose scores are fused instead")
    fusion: Literal["concatenate", "average", "stack"] = Field(
        "concatenate", description="Of blocks: concatenate; of members' scores: average or stack"
    )
    components: int | Literal["study"] | None = Field(
        "study", description="PCA components per deep block in this set; null: none"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> FeatureSetSettings:
        if bool(self.blocks) == bool(self.members):
            raise ValueError("give either 'blocks' (early fusion) or 'members' (late fusion)")
        if bool(self.members) == (self.fusion == "concatenate"):
            raise ValueError("blocks are concatenated; members are fused by 'average' or 'stack'")
        return self


class HarmonisationSettings(Settings):
    """ComBat between centres, fitted on training cases only."""

    reference: Label | None = Field(None, description="Centre the others are brought to")
    unseen: Literal["reference", "skip", "fail"] = Field(
        "fail",
        description="A centre that did not train: estimate its shift from its own features "
        "(`reference`), leave it as it is (`skip`), or stop",
    )
    covariates: tuple[str, ...] = Field(
        (), description="Clinical variables whose effect is kept; never the outcome"
    )


class AuditSettings(Settings):
    """The optimism audit: what the published protocol would have reported on the same data."""

    permutations: int = Field(2, ge=0, description="Runs of both protocols on shuffled outcomes")
    bootstrap: int = Field(20, ge=0, description="Resamples of the corrected AUC and of stability")


class ClinicalModelSettings(Settings):
    """Choice of the clinical variables."""

    method: Literal["published", "all", "penalised"] = Field(
        "published",
        description="`published`: significant alone and together, then the best by AUC; `all`: "
        "every variable; `penalised`: every variable, shrunk (ridge, strength by cross-validation)",
    )
    variables: tuple[str, ...] | None = Field(
        None, description="Fixed choice; null: chosen by data"
    )
    p_value: float = Field(0.05, gt=0, le=1, description="Needed alone and in the joint model")
    maximum: int = Field(5, ge=1, description="At most so many, by single-variable AUC")
    missing: Literal["fill", "indicator"] = Field(
        "fill",
        description="Median or most frequent level of the training cases; `indicator`: and a "
        "column that tells where",
    )
    multiple_imputation: int = Field(
        0, ge=0, description="Imputations of the joint regression table (Rubin); 0: complete cases"
    )


class EvaluationSettings(Settings):
    """How results are quoted."""

    confidence_level: float = Field(0.95, gt=0.5, lt=1, description="Of all intervals")
    calibration_groups: int = Field(10, ge=2, description="Groups of the Hosmer-Lemeshow test")
    decision_range: tuple[float, float] = Field(
        (0.01, 0.99), description="Threshold probabilities of the decision curves"
    )
    bootstrap: int = Field(500, ge=0, description="Resamples of interval estimates in figures")


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
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            raise InputError(
                settings_fault(path, detail, cls) for detail in error.errors()
            ) from None
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


def _anchored_weights(settings: EmbeddingSettings, folder: Path) -> EmbeddingSettings:
    """Take the path of a weights file from the folder the study file lies in."""
    if not (folder / settings.weights).is_file():
        return settings
    return settings.model_copy(update={"weights": str(folder / settings.weights)})
