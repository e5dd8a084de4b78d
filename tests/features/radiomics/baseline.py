"""Read the upstream baseline tables of PyRadiomics: settings and expected values per test case."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import SimpleITK as sitk

from dlr.features.radiomics.reader import parse_settings
from dlr.features.radiomics.settings import ParameterFile

CLASSES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")


@dataclass(frozen=True)
class BaselineCase:
    """One column of one baseline table."""

    feature_class: str
    case: str
    image: str
    parameters: ParameterFile
    expected: dict[str, float]


def read_case(folder: Path, image: str) -> tuple[sitk.Image, sitk.Image]:
    """Read image and mask of one upstream test case."""
    return (
        sitk.ReadImage(str(folder / f"{image}_image.nrrd")),
        sitk.ReadImage(str(folder / f"{image}_label.nrrd")),
    )


def read_baseline(folder: Path) -> list[BaselineCase]:
    """Read every case whose image and mask are there, but the stale shape of ``brain1``."""
    cases = []
    for feature_class in CLASSES:
        table = pd.read_csv(folder / f"baseline_{feature_class}.csv", index_col=0, dtype=str)
        for case in table.columns:
            if feature_class == "shape" and case == "brain1":
                continue
            cases.append(_case(feature_class, case, table[case]))
    return cases


def _case(feature_class: str, case: str, column: pd.Series[str]) -> BaselineCase:
    settings: dict[str, Any] = ast.literal_eval(column["diagnostics_Configuration_Settings"])
    settings.pop("enableCExtensions", None)  # an option of PyRadiomics 1
    raw = {
        "imageType": {"Original": {}},
        "featureClass": {feature_class: []},
        "setting": {key: value for key, value in settings.items() if value is not None},
    }
    expected = {
        str(name): float(value)
        for name, value in column.items()
        if not str(name).startswith("diagnostics") and isinstance(value, str)
    }
    parameters = parse_settings(raw, case)
    return BaselineCase(feature_class, case, case.split("_")[0], parameters, expected)
