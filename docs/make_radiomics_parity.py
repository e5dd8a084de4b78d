"""Write docs/radiomics_parity.md: the native engine and PyRadiomics, feature by feature.

Run ``python docs/make_radiomics_parity.py ../shared/data`` (about three minutes). Cases are real:
PyRadiomics' own test images, lumbar discs of two data sets.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from dlr.features.radiomics import load_settings, make_engine
from dlr.features.radiomics.reader import parse_settings
from dlr.features.radiomics.settings import ParameterFile

TARGET = Path(__file__).with_name("radiomics_parity.md")
CLASSES = ("shape", "shape2D", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
TINY = 1e-12
"""Differences of values this small are rounding; ratios are taken to at least this."""

INTRODUCTION = """# Native engine and PyRadiomics, number by number

Written by `docs/make_radiomics_parity.py`; do not edit. Largest relative difference
|native - PyRadiomics| / |PyRadiomics| over the cases {cases}, for PyRadiomics {version}.

`tests/features/radiomics` holds both engines to the same numbers on random and degenerate images,
masks and settings as well, and both to the baseline values that PyRadiomics itself is tested with.

## Where they differ on purpose, or for good reason

- **MCC**: PyRadiomics adds 2.2e-16 to products of marginal probabilities, which for rare grey
  levels shifts the coefficient in the ninth digit; the native engine leaves it out.
- **Laplacian of Gaussian**: filtered within 16 sigma around the region instead of on the whole
  image. Almost all voxels are bit-equal, the others differ in the last bit of single precision.
  Values near zero (a mean, a skewness) show this as a relative difference of up to about 1e-7.
- **Regions without a single pair of neighbours**: PyRadiomics gives 0 for `glcm_InverseVariance`,
  `glrlm_RunEntropy` and `glrlm_RunVariance`, and NaN for the rest of their classes; here, NaN.
- **Axis lengths of flat regions**: roots of eigenvalues that are 0 up to rounding, so up to 1e-7 mm
  in PyRadiomics and 0 here.
- **Small integer types**: with an integer `binWidth`, PyRadiomics computes bin edges of 8-bit
  images in 8 bits, which overflows under NumPy 2. Both engines of dlr avoid it.
- **A region that one filter cannot serve**: PyRadiomics refuses the whole case, the native engine
  gives NaN with the reason for that image only. More than {levels} grey levels count as such.
- **One voxel** is refused by both. **LBP2D and LBP3D** are not made by the native engine, which
  says so; PyRadiomics leaves LBP3D out silently with current SciPy.
"""

SETTINGS: dict[str, dict[str, Any]] = {
    "binWidth 25": {"binWidth": 25},
    "binCount 32": {"binCount": 32},
    "distances 1, 2": {"distances": [1, 2]},
    "weighted, euclidean": {"weightingNorm": "euclidean"},
    "GLCM not symmetric, gldm_a 2": {"symmetricalGLCM": False, "gldm_a": 2},
    "force2D along array axis 1": {"force2D": True, "force2Ddimension": 1},
    "normalised, outliers cut": {"normalize": True, "normalizeScale": 100, "removeOutliers": 2},
    "resampled 2 mm, B-spline": {"resampledPixelSpacing": [2, 2, 2]},
    "resegmented, 2 sigma": {"resegmentRange": [-2, 2], "resegmentMode": "sigma"},
    "preCrop": {"preCrop": True, "padDistance": 8},
}
FILTERS = {
    "Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}, "Gradient": {},
    "Wavelet": {"wavelet": "db3", "level": 2},
}  # fmt: skip


def configurations() -> Iterator[tuple[str, ParameterFile, str]]:
    """Yield every configuration: its title, its parameters, the dimension."""
    for preset in ("original", "original-log-wavelet"):
        for dimension in ("3d", "2.5d") if preset != "original" else ("3d", "2.5d", "2d"):
            yield f"preset {preset}, {dimension}", load_settings(preset), dimension
    volume = {name: [] for name in CLASSES if name != "shape2D"}
    for title, setting in SETTINGS.items():
        raw = {"setting": {"additionalInfo": False, **setting}, "featureClass": volume}
        yield title, parse_settings(raw, title), "3d"
    raw = {"imageType": FILTERS, "featureClass": volume, "setting": {"additionalInfo": False}}
    yield "other filters, wavelet db3 level 2", parse_settings(raw, "filters"), "3d"


def cases(data: Path) -> dict[str, tuple[sitk.Image, sitk.Image]]:
    """Read image and mask of every case."""
    found = {}
    for name in ("brain1", "brain2", "breast1"):
        stem = data / "pyradiomics_baseline" / name
        found[name] = (sitk.ReadImage(f"{stem}_image.nrrd"), sitk.ReadImage(f"{stem}_label.nrrd"))
    lumbar = data / "lumbar_ivd_t2" / "IVD20"
    labels = sitk.ReadImage(f"{lumbar}_mask.nii.gz")
    found["disc L3/4 (lumbar_ivd_t2)"] = (sitk.ReadImage(f"{lumbar}_img.nii.gz"), labels == 3)
    image = min((data / "spider_lumbar" / "t2_space").glob("*_image.nii.gz"))
    labels = sitk.ReadImage(str(image).replace("_image", "_mask"))
    found["disc L4/5 (SPIDER)"] = (sitk.ReadImage(str(image)), labels == 202)
    return found


def difference(value: float, expected: float) -> float:
    """Return the relative difference; 0 when both are NaN."""
    if math.isnan(value) or math.isnan(expected):
        return 0.0 if math.isnan(value) and math.isnan(expected) else math.inf
    return abs(value - expected) / max(abs(expected), TINY)


def largest_slice(mask: sitk.Image) -> slice:
    """Return the slice with the most voxels of a region."""
    place = int(sitk.GetArrayViewFromImage(mask).sum((1, 2)).argmax())
    return slice(place, place + 1)


def main() -> None:
    """Run both engines on everything and write the document."""
    pairs = cases(Path(sys.argv[1]))
    by_class: dict[str, dict[str, float]] = {}
    by_feature: dict[tuple[str, str], float] = defaultdict(float)
    n_values = 0
    for title, parameters, dimension in configurations():
        worst: dict[str, float] = defaultdict(float)
        engines = [make_engine(name, parameters, dimension) for name in ("native", "pyradiomics")]
        for image, mask in pairs.values():
            place = largest_slice(mask) if dimension == "2d" else slice(None)
            one = (image[:, :, place], mask[:, :, place])
            native, upstream = (engine.execute(*one).values for engine in engines)
            for name, value in native.items():
                filtered, feature_class, feature = name.split("_")
                gap = difference(value, upstream[name])
                n_values += 1
                worst[feature_class] = max(worst[feature_class], gap)
                kind = filtered.split("-")[0]
                by_feature[f"{feature_class}_{feature}", kind] = max(
                    by_feature[f"{feature_class}_{feature}", kind], gap
                )
        by_class[title] = worst
        sys.stderr.write(f"{title}: {max(worst.values()):.0e}\n")
    write(pairs, by_class, by_feature, n_values)


def write(
    pairs: dict[str, Any],
    by_class: dict[str, dict[str, float]],
    by_feature: dict[tuple[str, str], float],
    n_values: int,
) -> None:
    """Write the document."""
    import radiomics

    from dlr.features.radiomics.native.discretisation import MOST_LEVELS

    text = INTRODUCTION.format(
        cases=", ".join(pairs), version=radiomics.__version__.lstrip("v"), levels=f"{MOST_LEVELS:,}"
    )
    lines = [text, f"## Feature class by setting ({n_values:,} values)\n"]
    lines.append("| setting | " + " | ".join(CLASSES) + " |")
    lines.append("|---" * (len(CLASSES) + 1) + "|")
    for title, worst in by_class.items():
        cells = [f"{worst[name]:.0e}" if name in worst else "" for name in CLASSES]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    kinds = list(dict.fromkeys(kind for _, kind in by_feature))
    lines.append("\n## Feature by image, over all settings\n")
    lines.append("| feature | " + " | ".join(kinds) + " |")
    lines.append("|---" * (len(kinds) + 1) + "|")
    for feature in dict.fromkeys(name for name, _ in by_feature):
        cells = [
            f"{by_feature[feature, kind]:.0e}" if (feature, kind) in by_feature else ""
            for kind in kinds
        ]
        lines.append(f"| {feature} | " + " | ".join(cells) + " |")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
