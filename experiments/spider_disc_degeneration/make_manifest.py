"""Write the manifest of the SPIDER experiment from the data set's own tables.

Command (only needed to make the committed files anew):
    python experiments/spider_disc_degeneration/make_manifest.py --root DATA

One row per graded disc that has a mask: the outcome is severe degeneration (Pfirrmann grade 4 or
5); the cohorts are the data set's own ``training`` and ``validation`` patients.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import SimpleITK as sitk

MANIFEST = Path(__file__).parents[2] / "data_manifest" / "spider_disc_degeneration"
LEVELS = {1: "L5/S1", 2: "L4/5", 3: "L3/4", 4: "L2/3", 5: "L1/2"}
FIRST_DISC = 200  # mask value of disc number i is 200 + i


def masked_discs(mask: Path) -> set[int]:
    """Return the numbers of the discs a mask holds."""
    values = set(map(int, set(sitk.GetArrayFromImage(sitk.ReadImage(str(mask))).ravel())))
    return {value - FIRST_DISC for value in values if value > FIRST_DISC}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder with spider_lumbar/")
    folder = parser.parse_args().root / "spider_lumbar"
    gradings = pd.read_csv(folder / "disc_gradings.csv")
    patients = pd.read_csv(folder / "patients.csv").set_index("patient")

    images, clinical, left_out = [], [], []
    for patient, discs in gradings.groupby("patient"):
        mask = folder / "t2_space" / f"{patient}_mask.nii.gz"
        if not mask.is_file():
            continue  # this patient has no T2 SPACE volume in the sample
        present = masked_discs(mask)
        for disc in discs.itertuples():
            if disc.ivd not in present:
                left_out.append(f"patient {patient} disc {disc.ivd}: graded, but not in the mask")
                continue
            roi = f"ivd{disc.ivd}"
            volume = f"spider_lumbar/t2_space/{patient}"
            images.append(
                (patient, roi, f"{volume}_image.nii.gz", f"{volume}_mask.nii.gz",
                 FIRST_DISC + disc.ivd)
            )  # fmt: skip
            clinical.append(
                {
                    "subject_id": patient,
                    "roi": roi,
                    "center": patients.loc[patient, "manufacturer"],
                    "cohort": patients.loc[patient, "subset"],
                    "severe_degeneration": "yes" if disc.pfirrmann >= 4 else "no",
                    "sex": patients.loc[patient, "sex"],
                    "disc_level": LEVELS.get(disc.ivd, "T12/L1 or above"),
                    "modic": "yes" if disc.modic > 0 else "no",
                    "endplate_change": "yes" if disc.up_endplate or disc.low_endplate else "no",
                    "spondylolisthesis": "yes" if disc.spondylolisthesis else "no",
                }
            )
    columns = ["subject_id", "roi", "image", "mask", "mask_label"]
    MANIFEST.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(images, columns=columns).to_csv(MANIFEST / "images.csv", index=False)
    pd.DataFrame(clinical).to_csv(MANIFEST / "clinical.csv", index=False)
    print(f"{len(images)} discs of {len({row[0] for row in images})} patients → {MANIFEST}")
    print("\n".join(f"left out: {reason}" for reason in left_out))


if __name__ == "__main__":
    main()
