"""The options of PyRadiomics' ``setting`` section, with their defaults and allowed values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Positive = Annotated[int | float, Field(gt=0)]

INTERPOLATORS = (
    "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian", "sitkLabelGaussian",
    "sitkHammingWindowedSinc", "sitkCosineWindowedSinc", "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc", "sitkBlackmanWindowedSinc",
)  # fmt: skip


class ExtractionSettings(BaseModel):
    """Every option of PyRadiomics' ``setting`` section, under its own name, with its default.

    One is dlr's own: ``ibsi: true`` follows the Image Biomarker Standardisation Initiative where
    PyRadiomics deviates from it (engine native only).

    Numbers keep their type (``1`` stays an integer) because PyRadiomics puts them into the names
    of the filtered images.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimumROIDimensions: int = Field(2, ge=1, le=3)
    minimumROISize: int | None = Field(None, gt=0)
    geometryTolerance: float | None = Field(None, gt=0)
    correctMask: bool = False
    additionalInfo: bool = True
    label: int = Field(1, gt=0)
    label_channel: int = Field(0, ge=0)
    binWidth: Positive = 25
    binCount: int | None = Field(None, gt=0)
    normalize: bool = False
    normalizeScale: Positive = 1
    removeOutliers: Positive | None = None
    resampledPixelSpacing: tuple[float, float, float] | None = None
    interpolator: str | int | None = "sitkBSpline"
    padDistance: int = Field(5, ge=0)
    distances: tuple[Annotated[int, Field(gt=0)], ...] = Field((1,), min_length=1)
    force2D: bool = False
    force2Ddimension: int = Field(0, ge=0, le=2)
    resegmentRange: tuple[float, ...] | None = Field(None, min_length=1, max_length=2)
    resegmentMode: Literal["absolute", "relative", "sigma"] = "absolute"
    resegmentShape: bool = False
    preCrop: bool = False
    sigma: tuple[Positive, ...] = ()
    start_level: int = Field(0, ge=0)
    level: int = Field(1, gt=0)
    wavelet: str = "coif1"
    gradientUseSpacing: bool = True
    lbp2DRadius: Positive = 1
    lbp2DSamples: int = Field(8, ge=1)
    lbp2DMethod: Literal["default", "ror", "uniform", "var"] = "uniform"
    lbp3DLevels: int = Field(2, ge=1)
    lbp3DIcosphereRadius: Positive = 1
    lbp3DIcosphereSubdivision: int = Field(1, ge=0)
    voxelArrayShift: int = 0
    symmetricalGLCM: bool = True
    weightingNorm: Literal["manhattan", "euclidean", "infinity", "no_weighting"] | None = None
    gldm_a: int = Field(0, ge=0)
    ibsi: bool = Field(False, description="dlr's own: follow IBSI where PyRadiomics does not")

    @field_validator("interpolator")
    @classmethod
    def _known_interpolator(cls, value: str | int | None) -> str | None:
        if isinstance(value, str) and value not in INTERPOLATORS:
            raise ValueError(f"must be one of {', '.join(INTERPOLATORS)}")
        if not isinstance(value, int):
            return value
        if not 1 <= value <= len(INTERPOLATORS):
            raise ValueError("must be a name such as sitkBSpline, or a number from 1 to 10")
        # PyRadiomics' documentation numbers them; SimpleITK has since given B-splines another one
        return INTERPOLATORS[value - 1]

    @field_validator("distances", "sigma")
    @classmethod
    def _each_once(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(value)) < len(value):
            raise ValueError("each value may be given once only; delete the repeated one")
        return value

    @field_validator("resampledPixelSpacing")
    @classmethod
    def _spacing_not_negative(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and min(value) < 0:
            raise ValueError("spacings must be positive, or 0 to keep the mask's own")
        return value

    @field_validator("wavelet")
    @classmethod
    def _known_wavelet(cls, value: str) -> str:
        import pywt

        if value not in pywt.wavelist(kind="discrete"):
            raise ValueError("must be a discrete wavelet of PyWavelets, such as coif1 or haar")
        return value

    @property
    def resamples(self) -> bool:
        """Whether the image is brought to another voxel spacing."""
        return self.interpolator is not None and self.resampledPixelSpacing is not None


IMAGE_OPTIONS = frozenset(
    {
        "binWidth", "binCount", "distances", "force2D", "force2Ddimension", "sigma", "start_level",
        "level", "wavelet", "gradientUseSpacing", "lbp2DRadius", "lbp2DSamples", "lbp2DMethod",
        "lbp3DLevels", "lbp3DIcosphereRadius", "lbp3DIcosphereSubdivision", "voxelArrayShift",
        "symmetricalGLCM", "weightingNorm", "gldm_a",
    }
)  # fmt: skip
"""Options that PyRadiomics honours within one image type; the others act before any filter."""
