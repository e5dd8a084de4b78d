"""Write the manifest of the Rad-Score experiment from the data sets' own tables.

Command (only needed to make the committed files anew):
    python experiments/ldh_treatment_radscore/make_manifest.py --root DATA

One row per graded SPIDER disc that has a mask; the outcome is severe degeneration (Pfirrmann grade
4 or 5), the cohorts are drawn 7:3 by patient. A second table lists the ten discs of lumbar_ivd_t2,
to which only the published formula is applied.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import SimpleITK as sitk

MANIFEST = Path(__file__).parents[2] / "data_manifest" / "ldh_treatment_radscore"
LEVELS = {1: "L5/S1", 2: "L4/5", 3: "L3/4", 4: "L2/3", 5: "L1/2"}
FIRST_DISC = 200  # mask value of SPIDER's disc number i is 200 + i
FORMULA_VOLUMES = ("IVD11", "IVD20")
COLUMNS = ["subject_id", "roi", "image", "mask", "mask_label"]


def graded_discs(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List the graded discs that have a mask: images and clinical table."""
    patients = pd.read_csv(folder / "patients.csv").set_index("patient")
    images, clinical = [], []
    for patient, discs in pd.read_csv(folder / "disc_gradings.csv").groupby("patient"):
        mask = folder / "t2_space" / f"{patient}_mask.nii.gz"
        if not mask.is_file():
            continue  # this patient has no T2 SPACE volume in the sample
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(mask)))
        present = set(labels.ravel().tolist())
        for disc in discs.itertuples():
            label = FIRST_DISC + disc.ivd
            if label not in present:
                continue
            roi, volume = f"ivd{disc.ivd}", f"spider_lumbar/t2_space/{patient}"
            images.append((patient, roi, f"{volume}_image.nii.gz", f"{volume}_mask.nii.gz", label))
            clinical.append(
                {
                    "subject_id": patient,
                    "roi": roi,
                    "center": patients.loc[patient, "manufacturer"],
                    "severe_degeneration": "yes" if disc.pfirrmann >= 4 else "no",
                    "pfirrmann": disc.pfirrmann,
                    "herniation": "yes" if disc.herniation else "no",
                    "disc_level": LEVELS.get(disc.ivd, "T12/L1 or above"),
                }
            )
    return pd.DataFrame(images, columns=COLUMNS), pd.DataFrame(clinical)


def formula_discs() -> pd.DataFrame:
    """List the discs the published formula is applied to, labels 1 (L5/S1) to 5 (L1/2)."""
    rows = [
        (
            volume,
            f"ivd{label}",
            f"lumbar_ivd_t2/{volume}_img.nii.gz",
            f"lumbar_ivd_t2/{volume}_mask.nii.gz",
            label,
        )
        for volume in FORMULA_VOLUMES
        for label in LEVELS
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder with spider_lumbar/")
    images, clinical = graded_discs(parser.parse_args().root / "spider_lumbar")
    MANIFEST.mkdir(parents=True, exist_ok=True)
    images.to_csv(MANIFEST / "images.csv", index=False)
    clinical.to_csv(MANIFEST / "clinical.csv", index=False)
    formula_discs().to_csv(MANIFEST / "images_formula.csv", index=False)
    print(f"{len(images)} discs of {images['subject_id'].nunique()} patients → {MANIFEST}")
    print(clinical[["severe_degeneration", "herniation"]].value_counts().to_string())


if __name__ == "__main__":
    main()
