"""What the publications on MaZda leave open, as settings with defaults."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Neighbour = Literal["left", "upper-left", "upper", "upper-right"]
NEIGHBOURS: tuple[Neighbour, ...] = ("left", "upper-left", "upper", "upper-right")


class MazdaSettings(BaseModel):
    """How the MaZda family is computed; every choice that its sources leave open has a name.

    The defaults are those of published studies (±3 sigma; 6 bits per pixel for run lengths and
    co-occurrence, 4 for the gradient) and of the definitions in MaZda's publications.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    normalisation: Literal["none", "musigma", "percentile"] = Field(
        "musigma",
        description="Gray-level range: as it is, mean ± `sigmas` SD, or between `percentiles`",
    )
    normalisation_region: Literal["roi", "image"] = Field(
        "roi", description="Where mean, SD and percentiles are taken: in the ROI or in its slice"
    )
    sigmas: float = Field(3.0, gt=0, description="Half width of the range, in SDs (divisor n)")
    percentiles: tuple[float, float] = Field((1.0, 99.0), description="Lower and upper")
    intensity_range: tuple[float, float] | None = Field(
        None, description="Range for `normalisation: none`; null: of the slice"
    )
    rounding: Literal["floor", "nearest"] = Field(
        "floor", description="Levels of equal width, or the nearest of 2^bits equidistant levels"
    )
    orientation: Literal["upright", "stored"] = Field(
        "upright", description="Turn the slice as it is looked at, or keep the rows of the file"
    )

    histogram: Literal["normalised", "original"] = Field(
        "normalised", description="Gray levels of `histogram_bits`, or intensities as they are"
    )
    histogram_bits: int = Field(8, ge=1, le=16, description="Bits per pixel")
    excess_kurtosis: bool = Field(True, description="Kurtosis minus 3 (0 for a normal histogram)")

    gradient_bits: int = Field(4, ge=1, le=16, description="Bits per pixel")
    gradient_size: Literal[3, 5] = Field(5, description="Neighbourhood in pixels")
    gradient_support: Literal["window", "arms"] = Field(
        "window", description="The ROI must hold the whole window, or the pixels used"
    )
    gradient_nonzeros: Literal["fraction", "percent"] = Field(
        "fraction", description="Unit of GrNonZeros"
    )

    run_length_bits: int = Field(6, ge=1, le=8, description="Bits per pixel")

    co_occurrence_bits: int = Field(6, ge=1, le=8, description="Bits per pixel")
    symmetric: bool = Field(True, description="Count each pair in both directions")
    pairs: Literal["both-inside", "first-inside"] = Field(
        "both-inside", description="Which pixels of a pair must lie in the ROI"
    )
    first_level: Literal[0, 1] = Field(1, description="Number of the darkest gray level")
    log_base: Literal["10", "e", "2"] = Field("10", description="Of the three entropies")
    difference_variance: Literal["mean", "marginal-mean"] = Field(
        "mean", description="DifVarnc about the mean difference, or about the mean gray level"
    )
    flat_correlation: float = Field(
        1.0, description="Correlat where the gray levels of the pairs do not vary"
    )
    y_axis: Literal["down", "up"] = Field(
        "down",
        description="Where the second offset of S(d,d) points: S(d,d) to lower or upper right",
    )

    autoregressive_bits: int = Field(8, ge=1, le=16, description="Bits per pixel")
    autoregressive_neighbours: tuple[Neighbour, Neighbour, Neighbour, Neighbour] = Field(
        ("left", "upper-left", "upper", "upper-right"),
        description="The neighbours that Teta1 to Teta4 weight",
    )
    autoregressive_scale: Literal["levels", "standardised"] = Field(
        "levels", description="Sigma in gray levels, or as a share of the ROI's SD"
    )

    wavelet_bits: int = Field(8, ge=1, le=16, description="Bits per pixel")
    wavelet_norm: Literal["mean", "orthonormal"] = Field(
        "mean", description="LL is the window's mean at each scale, or 2^scale times it"
    )
    wavelet_step: Literal["every-pixel", "decimated"] = Field(
        "every-pixel", description="Windows at every pixel, or side by side"
    )
    wavelet_first_letter: Literal["horizontal", "vertical"] = Field(
        "horizontal", description="Direction that the first letter of LH and HL filters"
    )

    @model_validator(mode="after")
    def _consistent(self) -> MazdaSettings:
        if set(self.autoregressive_neighbours) != set(NEIGHBOURS):
            raise ValueError(f"autoregressive_neighbours must name each once: {list(NEIGHBOURS)}")
        low, high = self.percentiles
        if not 0 <= low < high <= 100:
            raise ValueError("percentiles must be rising and between 0 and 100")
        if self.intensity_range is not None and not (
            self.intensity_range[0] < self.intensity_range[1]
        ):
            raise ValueError("intensity_range must be rising")
        return self
