"""Write docs/radiomics_parity.md: the native engine and PyRadiomics, feature by feature.

Run ``python docs/make_radiomics_parity.py ../shared/data`` (about six minutes; it needs
PyRadiomics, scikit-image and trimesh). Cases are real: PyRadiomics' own test images, lumbar discs
of two data sets.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from scipy import special

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
  levels shifts the coefficient in the ninth digit; the native engine leaves it out. Matrices that
  are not symmetrical it takes for such that are, which may cost several per cent or give NaN; the
  native engine equals the singular values.
- **Laplacian of Gaussian**: filtered within 16 sigma around the region instead of on the whole
  image. Almost all voxels are bit-equal, the others differ in the last bit of single precision.
  Values near zero (a mean, a skewness) show this as a relative difference of up to about 1e-7.
- **Regions without a single pair of neighbours**: PyRadiomics gives 0 for `glcm_InverseVariance`,
  `glrlm_RunEntropy` and `glrlm_RunVariance`, and NaN for the rest of their classes; here, NaN.
- **Axis lengths of flat regions**: roots of eigenvalues that are 0 up to rounding, so up to 1e-7 mm
  in PyRadiomics and 0 here. For two axes of equal length its routine may give a complex pair, which
  counts as NaN; here, the length.
- **Small integer types**: with an integer `binWidth`, PyRadiomics computes bin edges of 8-bit
  images in 8 bits, which overflows under NumPy 2. Both engines of dlr avoid it.
- **A region that one filter cannot serve**: PyRadiomics refuses the whole case, the native engine
  gives NaN with the reason for that image only. More than {levels} grey levels count as such.
- **One voxel** is refused by both.
- **Missing or infinite intensities in the region** (some filtered images have them, such as LBP of
  flat spots): NaN for that image here; PyRadiomics leaves them out of first-order features and
  counts them as a grey level of their own in textures.
- **Distances larger than the region**: PyRadiomics refuses the case; here the co-occurrence
  features are NaN. A repeated distance or sigma is refused here.
- **B-splines in an image of two slices**: SimpleITK reads from outside the image, and the numbers
  change from run to run; refused here.
- **Masks with values between whole labels** are cut down by PyRadiomics and refused here; so are
  images of two dimensions.
- **LBP2D** with more than 31 samples: the codes of `default` and `ror` overflow in scikit-image;
  here NaN with the reason.
- **LBP3D** in PyRadiomics needs a function that SciPy 1.15 removed, and is left out silently
  without it; for this document it was given the function again, and `tests/features/radiomics`
  holds values that it gave with SciPy 1.14. With `lbp3DLevels: 1` it fails; here that is the first
  image and the kurtosis.
- **Numbered interpolators**: PyRadiomics documents 3 as B-splines, but hands the number to
  SimpleITK, where it has lost that meaning, and fails; dlr takes the documented one.
"""

SLICE = {"force2D": True}
SIGMA = {"resegmentMode": "sigma"}
SETTINGS: dict[str, dict[str, Any]] = {
    "binWidth 25": {"binWidth": 25},
    "binCount 32": {"binCount": 32},
    "distances 1, 2": {"distances": [1, 2]},
    "weightingNorm manhattan": {"weightingNorm": "manhattan"},
    "weightingNorm euclidean": {"weightingNorm": "euclidean"},
    "weightingNorm infinity": {"weightingNorm": "infinity"},
    "weightingNorm no_weighting": {"weightingNorm": "no_weighting"},
    "symmetricalGLCM false, gldm_a 2": {"symmetricalGLCM": False, "gldm_a": 2},
    "force2D, force2Ddimension 1": {**SLICE, "force2Ddimension": 1},
    "force2D, force2Ddimension 2": {**SLICE, "force2Ddimension": 2},
    "voxelArrayShift 300": {"voxelArrayShift": 300},
    "normalize, scale 100, removeOutliers 2": {
        "normalize": True, "normalizeScale": 100, "removeOutliers": 2,
    },
    "resampled to 2 mm, B-spline": {"resampledPixelSpacing": [2, 2, 2]},
    "resampled to 1 mm in plane, linear, padDistance 10": {
        "resampledPixelSpacing": [1, 1, 0], "interpolator": "sitkLinear", "padDistance": 10,
    },
    "resampled, nearest neighbour": {
        "resampledPixelSpacing": [1.5, 1.5, 3], "interpolator": "sitkNearestNeighbor",
    },
    "resampled, Gaussian": {
        "resampledPixelSpacing": [1.5, 1.5, 3], "interpolator": "sitkGaussian",
    },
    "resampled, label Gaussian": {
        "resampledPixelSpacing": [1.5, 1.5, 3], "interpolator": "sitkLabelGaussian",
    },
    "resampled, Lanczos": {
        "resampledPixelSpacing": [1.5, 1.5, 3], "interpolator": "sitkLanczosWindowedSinc",
    },
    "resegmentRange -2, 2, sigma": {"resegmentRange": [-2, 2], **SIGMA},
    "resegmentRange 50, absolute": {"resegmentRange": [50]},
    "resegmentRange 0.2, 0.9, relative, resegmentShape": {
        "resegmentRange": [0.2, 0.9], "resegmentMode": "relative", "resegmentShape": True,
    },
    "preCrop, padDistance 8": {"preCrop": True, "padDistance": 8},
}  # fmt: skip
VAR = {"lbp2DMethod": "var", "binCount": 32}
FILTERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Square, SquareRoot, Logarithm, Exponential": (
        {"Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}}, {},
    ),
    "Gradient": ({"Gradient": {}}, {}),
    "Gradient, gradientUseSpacing false": ({"Gradient": {"gradientUseSpacing": False}}, {}),
    "LoG sigma 0.5, 2.5, preCrop, padDistance 12": (
        {"LoG": {"sigma": [0.5, 2.5]}}, {"preCrop": True, "padDistance": 12},
    ),
    "Wavelet db3, level 2": ({"Wavelet": {"wavelet": "db3", "level": 2}}, {}),
    "Wavelet haar, start_level 1": ({"Wavelet": {"wavelet": "haar", "start_level": 1}}, {}),
    "Wavelet bior2.2, force2D": ({"Wavelet": {"wavelet": "bior2.2"}}, SLICE),
    "LBP2D uniform": ({"LBP2D": {"binWidth": 1}}, SLICE),
    "LBP2D default, 6 samples, radius 2, force2Ddimension 1": (
        {"LBP2D": {"lbp2DMethod": "default", "lbp2DSamples": 6, "lbp2DRadius": 2, "binWidth": 4}},
        {"force2Ddimension": 1},
    ),
    "LBP2D ror, 9 samples, radius 2.5": (
        {"LBP2D": {"lbp2DMethod": "ror", "lbp2DSamples": 9, "lbp2DRadius": 2.5}}, {},
    ),
    "LBP2D var, normalised": ({"LBP2D": VAR}, {"normalize": True, "normalizeScale": 100}),
    "LBP3D": ({"LBP3D": {"binWidth": 0.5}}, {}),
    "LBP3D 3 levels, radius 1.5, subdivision 2": (
        {
            "LBP3D": {
                "lbp3DLevels": 3, "lbp3DIcosphereRadius": 1.5, "lbp3DIcosphereSubdivision": 2,
                "binWidth": 0.5,
            },
        },
        {"normalize": True, "normalizeScale": 100},
    ),
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
    textures = {name: [] for name in CLASSES if not name.startswith("shape")}
    for title, (kinds, setting) in FILTERS.items():
        setting = {"additionalInfo": False, **setting}
        raw = {"imageType": kinds, "featureClass": textures, "setting": setting}
        yield title, parse_settings(raw, title), "3d"


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


def give_scipy_its_old_function() -> None:
    """Define ``scipy.special.sph_harm``, which PyRadiomics imports, where SciPy has it no more."""

    def sph_harm(m: int, n: int, azimuth: Any, polar: Any) -> Any:
        share = (2 * n + 1) * special.poch(n + m + 1, -2 * m) / (4 * math.pi)
        values = special.lpmv(abs(m), n, np.cos(polar))
        if m < 0:
            values = values * ((-1) ** m * special.poch(n - m + 1, 2 * m))
        return values * math.sqrt(share) * np.exp(1j * m * azimuth)

    if not hasattr(special, "sph_harm"):
        special.sph_harm = sph_harm


@dataclass
class Worst:
    """The largest differences, in the ways in which the document lists them."""

    by_class: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    by_case: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    by_image: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    by_feature: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    n_values: int = 0

    def add(self, title: str, case: str, name: str, gap: float) -> None:
        """Count the difference of one value."""
        filtered, feature_class, feature = name.split("_")
        feature = f"{feature_class}_{feature}"
        kind = "-".join(filtered.split("-")[: 2 if filtered.startswith("lbp") else 1])
        for table, key in (
            (self.by_class, (title, feature_class)),
            (self.by_case, (title, case)),
            (self.by_image, (feature, kind)),
            (self.by_feature, (feature, case)),
        ):
            table[key] = max(table[key], gap)
        self.n_values += 1


def main() -> None:
    """Run both engines on everything and write the document."""
    give_scipy_its_old_function()
    pairs = cases(Path(sys.argv[1]))
    worst = Worst()
    for title, parameters, dimension in configurations():
        engines = [make_engine(name, parameters, dimension) for name in ("native", "pyradiomics")]
        for case, (image, mask) in pairs.items():
            place = largest_slice(mask) if dimension == "2d" else slice(None)
            one = (image[:, :, place], mask[:, :, place])
            native, upstream = (engine.execute(*one).values for engine in engines)
            for name, value in native.items():
                worst.add(title, case, name, difference(value, upstream[name]))
        largest = max(worst.by_case[title, case] for case in pairs)
        sys.stderr.write(f"{title}: {largest:.0e}\n")
    write(list(pairs), worst)


def write(names: list[str], worst: Worst) -> None:
    """Write the document."""
    import radiomics

    from dlr.features.radiomics.native.discretisation import MOST_LEVELS

    text = INTRODUCTION.format(
        cases=", ".join(names), version=radiomics.__version__.lstrip("v"), levels=f"{MOST_LEVELS:,}"
    )
    lines = [text, f"{worst.n_values:,} values were compared.\n"]
    lines += table("Feature class by setting, over all cases", "setting", worst.by_class)
    lines += table("Case by setting, over all features", "setting", worst.by_case)
    lines += table("Feature by image, over all cases and settings", "feature", worst.by_image)
    lines += table("Feature by case, over all images and settings", "feature", worst.by_feature)
    TARGET.write_text("\n".join(lines), encoding="utf-8")


def table(title: str, rows: str, worst: dict[tuple[str, str], float]) -> list[str]:
    """Return the lines of a table with a row per first and a column per second part of the keys."""
    columns = list(dict.fromkeys(column for _, column in worst))
    order = [name for name in CLASSES if name in columns] or columns
    lines = [f"## {title}\n", f"| {rows} | " + " | ".join(order) + " |"]
    lines.append("|---" * (len(order) + 1) + "|")
    for row in dict.fromkeys(row for row, _ in worst):
        cells = [f"{worst[row, name]:.0e}" if (row, name) in worst else "" for name in order]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
