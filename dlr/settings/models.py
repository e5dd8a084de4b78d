"""Settings of the models: classifiers, feature sets, the clinical model, how they are judged."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from dlr.settings.base import Name, Settings

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
    missing: Literal["fill", "indicator", "iterative"] = Field(
        "fill",
        description="Median or most frequent level of the training cases; `indicator`: and a "
        "column that tells where; `iterative`: numbers by regression on the other variables",
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
    clinical_range: tuple[float, float] | None = Field(
        None,
        description="Threshold probabilities at which a clinician would act: what lies outside is "
        "greyed in decision curves; null: half to twice the odds of the outcome",
    )
    bootstrap: int = Field(500, ge=0, description="Resamples of interval estimates in figures")

    @model_validator(mode="after")
    def _range_rises(self) -> EvaluationSettings:
        low, high = self.decision_range
        if not 0 < low < high < 1:
            raise ValueError(
                "decision_range must rise from one probability above 0 to a larger one below 1"
            )
        limits = self.clinical_range
        if limits is None:
            return self
        if not 0 <= limits[0] < limits[1] <= 1:
            raise ValueError("clinical_range must rise from one probability to a larger one")
        if limits[0] >= high or limits[1] <= low:
            raise ValueError("clinical_range must overlap decision_range, where curves are drawn")
        return self
