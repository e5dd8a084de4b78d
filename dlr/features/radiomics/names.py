"""The names of all radiomic features, known from the settings alone.

The order within a class and the order of the filtered images are PyRadiomics' own, so that a table
of dlr can be laid beside one of PyRadiomics.
"""

from __future__ import annotations

from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlr.features.radiomics.settings import ExtractionSettings, ImageType, ParameterFile

_NAMES = {
    "shape": """
        Elongation Flatness LeastAxisLength MajorAxisLength Maximum2DDiameterColumn
        Maximum2DDiameterRow Maximum2DDiameterSlice Maximum3DDiameter MeshVolume MinorAxisLength
        Sphericity SurfaceArea SurfaceVolumeRatio VoxelVolume""",
    "shape2D": """
        Elongation MajorAxisLength MaximumDiameter MeshSurface MinorAxisLength Perimeter
        PerimeterSurfaceRatio PixelSurface Sphericity""",
    "firstorder": """
        10Percentile 90Percentile Energy Entropy InterquartileRange Kurtosis Maximum
        MeanAbsoluteDeviation Mean Median Minimum Range RobustMeanAbsoluteDeviation RootMeanSquared
        Skewness TotalEnergy Uniformity Variance""",
    "glcm": """
        Autocorrelation ClusterProminence ClusterShade ClusterTendency Contrast Correlation
        DifferenceAverage DifferenceEntropy DifferenceVariance Id Idm Idmn Idn Imc1 Imc2
        InverseVariance JointAverage JointEnergy JointEntropy MCC MaximumProbability SumAverage
        SumEntropy SumSquares""",
    "gldm": """
        DependenceEntropy DependenceNonUniformity DependenceNonUniformityNormalized
        DependenceVariance GrayLevelNonUniformity GrayLevelVariance HighGrayLevelEmphasis
        LargeDependenceEmphasis LargeDependenceHighGrayLevelEmphasis
        LargeDependenceLowGrayLevelEmphasis LowGrayLevelEmphasis SmallDependenceEmphasis
        SmallDependenceHighGrayLevelEmphasis SmallDependenceLowGrayLevelEmphasis""",
    "glrlm": """
        GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance
        HighGrayLevelRunEmphasis LongRunEmphasis LongRunHighGrayLevelEmphasis
        LongRunLowGrayLevelEmphasis LowGrayLevelRunEmphasis RunEntropy RunLengthNonUniformity
        RunLengthNonUniformityNormalized RunPercentage RunVariance ShortRunEmphasis
        ShortRunHighGrayLevelEmphasis ShortRunLowGrayLevelEmphasis""",
    "glszm": """
        GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance
        HighGrayLevelZoneEmphasis LargeAreaEmphasis LargeAreaHighGrayLevelEmphasis
        LargeAreaLowGrayLevelEmphasis LowGrayLevelZoneEmphasis SizeZoneNonUniformity
        SizeZoneNonUniformityNormalized SmallAreaEmphasis SmallAreaHighGrayLevelEmphasis
        SmallAreaLowGrayLevelEmphasis ZoneEntropy ZonePercentage ZoneVariance""",
    "ngtdm": "Busyness Coarseness Complexity Contrast Strength",
}

FEATURE_NAMES = MappingProxyType({name: tuple(text.split()) for name, text in _NAMES.items()})
"""Feature names of every class, in PyRadiomics' order."""

EXTRA_NAMES = MappingProxyType(
    {
        "shape": ("Compactness1", "Compactness2", "SphericalDisproportion"),
        "shape2D": ("SphericalDisproportion",),
        "firstorder": ("StandardDeviation",),
    }
)
"""Features that PyRadiomics computes only when they are asked for by name."""

SHAPE_CLASSES = ("shape", "shape2D")


def feature_names(parameters: ParameterFile) -> list[str]:
    """Return the names of all features that `parameters` ask for, without looking at a case.

    Parameters
    ----------
    parameters : ParameterFile
        Settings resolved for a dimension (:meth:`ParameterFile.for_dimension`).

    Returns
    -------
    list of str
        ``<image>_<class>_<feature>``: shape first, then each (filtered) image in turn.
    """
    classes = parameters.feature_classes
    names = [
        f"original_{chosen.name}_{feature}"
        for shape in SHAPE_CLASSES
        for chosen in classes
        if chosen.name == shape
        for feature in chosen.features
    ]
    for image_type in parameters.image_types:
        for image in image_names(image_type, parameters.settings_of(image_type)):
            names += [
                f"{image}_{chosen.name}_{feature}"
                for chosen in classes
                if chosen.name not in SHAPE_CLASSES
                for feature in chosen.features
            ]
    return names


def image_names(image_type: ImageType, settings: ExtractionSettings) -> list[str]:
    """Return the names of the images that one image type yields, such as ``wavelet-LLH``."""
    simple = {"LBP2D": ["lbp-2D"], "LBP3D": _lbp3d_names(settings)}
    if image_type.name == "LoG":
        return [log_name(sigma) for sigma in settings.sigma]
    if image_type.name == "Wavelet":
        return wavelet_names(settings)
    return simple.get(image_type.name, [image_type.name.lower()])


def log_name(sigma: float) -> str:
    """Return the name of the Laplacian-of-Gaussian image of one sigma (mm)."""
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"


def wavelet_names(settings: ExtractionSettings) -> list[str]:
    """Return the names of all sub-bands: details of each level, then the last approximation.

    The letters (L low-pass, H high-pass) stand for the array's last axis first (x, y, z).
    """
    axes = 2 if settings.force2D else 3
    details = ["".join(letters) for letters in product("LH", repeat=axes)][1:]
    names = [
        f"{_level_prefix(level)}-{letters}"
        for level in range(1, settings.level + 1)
        for letters in details
    ]
    return [*names, f"{_level_prefix(settings.level)}-{'L' * axes}"]


def _level_prefix(level: int) -> str:
    return "wavelet" if level == 1 else f"wavelet{level}"


def _lbp3d_names(settings: ExtractionSettings) -> list[str]:
    return [*(f"lbp-3D-m{level + 1}" for level in range(settings.lbp3DLevels)), "lbp-3D-k"]
