"""Ways to damage a cohort."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk
import yaml

from dlr.check import Check, run_check
from dlr.config import StudyConfig


def check(folder: Path, **options: bool) -> Check:
    """Check a cohort's folder."""
    return run_check(StudyConfig.from_yaml(folder / "study.yaml"), **options)


def places(found: Check, code: str) -> list[tuple[str, int | None]]:
    """Return level and row of all findings of one kind."""
    return [(item.level, item.what.row) for item in found.findings if item.code == code]


def settings(folder: Path, change: Callable[[dict], object]) -> None:
    """Change a study file in place."""
    path = folder / "study.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def edit(path: Path, change: Callable[[pd.DataFrame], object]) -> None:
    """Change a table in place."""
    table = read_table(path)
    change(table)
    table.to_csv(path, index=False)


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the voxels of an image; its geometry stays."""
    image = sitk.ReadImage(str(path))
    changed = sitk.GetImageFromArray(change(sitk.GetArrayFromImage(image)))
    changed.CopyInformation(image)
    sitk.WriteImage(changed, str(path))


def rewrite_geometry(path: Path, pixel_mm: float) -> None:
    """Change the pixel size of an image; its voxels stay."""
    image = sitk.ReadImage(str(path))
    image.SetSpacing((pixel_mm, pixel_mm, image.GetSpacing()[2]))
    sitk.WriteImage(image, str(path))
