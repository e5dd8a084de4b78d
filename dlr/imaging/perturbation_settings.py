"""How regions of interest are perturbed when their stability is measured."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PerturbationStep = Literal["noise", "rotation", "translation", "volume", "contour"]
STEPS: tuple[PerturbationStep, ...] = ("noise", "rotation", "translation", "volume", "contour")


class PerturbationSettings(BaseModel):
    """Which perturbations are chained, and how strong they are.

    The default chain is the one that Zwanenburg et al. (Sci Rep 9:614, 2019) found to come
    closest to test-retest imaging: noise, translation, volume change and contour randomisation.
    ``("volume", "contour")`` leaves the image alone and imitates another reader only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[PerturbationStep, ...] = Field(
        ("noise", "translation", "volume", "contour"),
        min_length=1,
        description="What is chained; the order in which it is done is fixed",
    )
    noise: float = Field(
        1.0, gt=0, le=10, description="Added noise, as a multiple of the noise in the image"
    )
    rotation_degrees: float = Field(
        5.0, gt=0, le=45, description="Largest angle, in the slice plane, either way"
    )
    translation: float = Field(
        0.5, gt=0, le=1, description="Largest shift within slices, in voxels, either way"
    )
    volume: float = Field(
        0.15, gt=0, le=0.9, description="Largest share by which the ROI grows or shrinks"
    )
    supervoxels_across: float = Field(
        6.0, ge=2, le=50, description="Supervoxels across the ROI; fewer move its contour more"
    )
    always_outside: float = Field(
        0.2, gt=0, lt=1, description="A supervoxel with less of itself in the ROI is left out"
    )
    always_inside: float = Field(
        0.9, gt=0, le=1, description="One with so much of itself in the ROI is taken; others drawn"
    )

    @model_validator(mode="after")
    def _consistent(self) -> PerturbationSettings:
        if len(set(self.steps)) < len(self.steps):
            raise ValueError("each of 'steps' can be named once")
        if self.always_outside > self.always_inside:
            raise ValueError("'always_outside' must not be above 'always_inside'")
        return self
