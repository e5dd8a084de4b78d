"""Settings of images, masks, views and of the features taken from them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from dlr.settings.base import Settings


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
    device: str = Field(
        "cpu",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        description="`cuda`: the native engine's textures of many ROIs at once on a GPU",
    )

    @model_validator(mode="after")
    def _device_of_the_native_engine(self) -> RadiomicsSettings:
        if self.device != "cpu" and self.engine != "native":
            raise ValueError("only the engine 'native' works on another device than 'cpu'")
        return self


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
    runtime: Literal["torch", "openvino"] = Field(
        "torch", description='`openvino` is faster on processors (`pip install "dlr[openvino]"`)'
    )
    precision: Literal["full", "mixed"] = Field(
        "full", description="`mixed` is faster on a GPU and leaves three digits"
    )
