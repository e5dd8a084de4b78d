"""Which feature of the Image Biomarker Standardisation Initiative (IBSI) each feature is.

IBSI reference manual, version 11; Zwanenburg et al., Radiology 295:328-338, 2020. The tags are
those of IBSI's tables of reference values; texture features are the three-dimensional ones,
averaged over directions (``3D_avg``), which is PyRadiomics' way.
"""

from __future__ import annotations

from types import MappingProxyType

_SHAPE = {
    "MeshVolume": "morph_volume", "VoxelVolume": "morph_vol_approx",
    "SurfaceArea": "morph_area_mesh", "SurfaceVolumeRatio": "morph_av",
    "Sphericity": "morph_sphericity", "Maximum3DDiameter": "morph_diam",
    "MajorAxisLength": "morph_pca_maj_axis", "MinorAxisLength": "morph_pca_min_axis",
    "LeastAxisLength": "morph_pca_least_axis", "Elongation": "morph_pca_elongation",
    "Flatness": "morph_pca_flatness", "Compactness1": "morph_comp_1",
    "Compactness2": "morph_comp_2", "SphericalDisproportion": "morph_sph_dispr",
}  # fmt: skip
_FIRST_ORDER = {
    "Mean": "stat_mean", "Variance": "stat_var", "Skewness": "stat_skew", "Kurtosis": "stat_kurt",
    "Median": "stat_median", "Minimum": "stat_min", "10Percentile": "stat_p10",
    "90Percentile": "stat_p90", "Maximum": "stat_max", "InterquartileRange": "stat_iqr",
    "Range": "stat_range", "MeanAbsoluteDeviation": "stat_mad",
    "RobustMeanAbsoluteDeviation": "stat_rmad", "Energy": "stat_energy",
    "RootMeanSquared": "stat_rms", "Entropy": "ih_entropy", "Uniformity": "ih_uniformity",
}  # fmt: skip
_GLCM = {
    "MaximumProbability": "joint_max", "JointAverage": "joint_avg", "SumSquares": "joint_var",
    "JointEntropy": "joint_entr", "DifferenceAverage": "diff_avg", "DifferenceVariance": "diff_var",
    "DifferenceEntropy": "diff_entr", "SumAverage": "sum_avg", "SumEntropy": "sum_entr",
    "JointEnergy": "energy", "Contrast": "contrast", "Id": "inv_diff", "Idn": "inv_diff_norm",
    "Idm": "inv_diff_mom", "Idmn": "inv_diff_mom_norm", "InverseVariance": "inv_var",
    "Correlation": "corr", "Autocorrelation": "auto_corr", "ClusterTendency": "clust_tend",
    "ClusterShade": "clust_shade", "ClusterProminence": "clust_prom", "Imc1": "info_corr1",
    "Imc2": "info_corr2",
}  # fmt: skip
_GLRLM = {
    "ShortRunEmphasis": "sre", "LongRunEmphasis": "lre", "LowGrayLevelRunEmphasis": "lgre",
    "HighGrayLevelRunEmphasis": "hgre", "ShortRunLowGrayLevelEmphasis": "srlge",
    "ShortRunHighGrayLevelEmphasis": "srhge", "LongRunLowGrayLevelEmphasis": "lrlge",
    "LongRunHighGrayLevelEmphasis": "lrhge", "GrayLevelNonUniformity": "glnu",
    "GrayLevelNonUniformityNormalized": "glnu_norm", "RunLengthNonUniformity": "rlnu",
    "RunLengthNonUniformityNormalized": "rlnu_norm", "RunPercentage": "r_perc",
    "GrayLevelVariance": "gl_var", "RunVariance": "rl_var", "RunEntropy": "rl_entr",
}  # fmt: skip
_GLSZM = {
    "SmallAreaEmphasis": "sze", "LargeAreaEmphasis": "lze", "LowGrayLevelZoneEmphasis": "lgze",
    "HighGrayLevelZoneEmphasis": "hgze", "SmallAreaLowGrayLevelEmphasis": "szlge",
    "SmallAreaHighGrayLevelEmphasis": "szhge", "LargeAreaLowGrayLevelEmphasis": "lzlge",
    "LargeAreaHighGrayLevelEmphasis": "lzhge", "GrayLevelNonUniformity": "glnu",
    "GrayLevelNonUniformityNormalized": "glnu_norm", "SizeZoneNonUniformity": "zsnu",
    "SizeZoneNonUniformityNormalized": "zsnu_norm", "ZonePercentage": "z_perc",
    "GrayLevelVariance": "gl_var", "ZoneVariance": "zs_var", "ZoneEntropy": "zs_entr",
}  # fmt: skip
_NGTDM = {
    "Coarseness": "coarseness", "Contrast": "contrast", "Busyness": "busyness",
    "Complexity": "complexity", "Strength": "strength",
}  # fmt: skip
_GLDM = {
    "SmallDependenceEmphasis": "lde", "LargeDependenceEmphasis": "hde",
    "LowGrayLevelEmphasis": "lgce", "HighGrayLevelEmphasis": "hgce",
    "SmallDependenceLowGrayLevelEmphasis": "ldlge", "SmallDependenceHighGrayLevelEmphasis": "ldhge",
    "LargeDependenceLowGrayLevelEmphasis": "hdlge", "LargeDependenceHighGrayLevelEmphasis": "hdhge",
    "GrayLevelNonUniformity": "glnu", "DependenceNonUniformity": "dcnu",
    "DependenceNonUniformityNormalized": "dcnu_norm", "GrayLevelVariance": "gl_var",
    "DependenceVariance": "dc_var", "DependenceEntropy": "dc_entr",
}  # fmt: skip


def _tags() -> dict[str, str]:
    tags = {f"shape_{name}": tag for name, tag in _SHAPE.items()}
    tags |= {f"firstorder_{name}": tag for name, tag in _FIRST_ORDER.items()}
    for feature_class, prefix, suffix, table in (
        ("glcm", "cm", "3D_avg", _GLCM),
        ("glrlm", "rlm", "3D_avg", _GLRLM),
        ("glszm", "szm", "3D", _GLSZM),
        ("ngtdm", "ngt", "3D", _NGTDM),
        ("gldm", "ngl", "3D", _GLDM),
    ):
        tags |= {
            f"{feature_class}_{name}": f"{prefix}_{tag}_{suffix}" for name, tag in table.items()
        }
    return tags


IBSI_TAGS = MappingProxyType(_tags())
"""IBSI tag of each feature (``<class>_<feature>``) that IBSI defines."""

_AXES = "PyRadiomics divides the variance along an axis by n, IBSI's reference values by n - 1"
DEVIATIONS = MappingProxyType(
    {
        "firstorder_Kurtosis": "PyRadiomics does not subtract the 3 of a normal distribution",
        "shape_MajorAxisLength": _AXES,
        "shape_MinorAxisLength": _AXES,
        "shape_LeastAxisLength": _AXES,
    }
)
"""Features defined otherwise than by IBSI; ``ibsi: true`` follows IBSI."""
