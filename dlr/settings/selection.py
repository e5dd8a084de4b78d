"""Settings of the selection of features: agreement, filters, LASSO, harmonisation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from dlr.settings.base import Label, Settings


class AgreementSettings(Settings):
    """The ICC gate: features on which two readers' ROIs, or perturbed ROIs, agree."""

    reader: str | None = Field(None, description="Second reader, as named in the 'reader' column")
    stability: Path | None = Field(
        None, description="Table of `dlr stability`, where there is no second reader"
    )
    threshold: float = Field(0.75, ge=-1, le=1, description="Features need an ICC above it")
    form: Literal["1,1", "2,1", "3,1"] = Field(
        "2,1", description="Shrout and Fleiss' form; a stability table has its own"
    )
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
