"""Write PneumoniaMNIST as pictures and tables of a CNN study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

COHORTS = {"train": "training", "val": "training", "test": "test"}


def write_pneumonia(root: Path, folder: Path, share: float = 1.0) -> None:
    """Write both tables and the pictures; `share` takes only the first of each part."""
    data = np.load(root / "pneumoniamnist" / "pneumoniamnist.npz")
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    rows = []
    for part, cohort in COHORTS.items():
        labels, values = data[f"{part}_labels"].ravel(), data[f"{part}_images"]
        for number in range(int(len(labels) * share)):
            name = f"{part}{number:04d}"
            Image.fromarray(values[number]).save(pictures / f"{name}.png")
            pneumonia = "yes" if labels[number] else "no"
            rows.append({"subject_id": name, "cohort": cohort, "pneumonia": pneumonia})
    clinical = pd.DataFrame(rows)
    clinical.to_csv(folder / "clinical.csv", index=False)
    images = clinical[["subject_id"]].assign(image="pictures/" + clinical["subject_id"] + ".png")
    images.to_csv(folder / "images.csv", index=False)
