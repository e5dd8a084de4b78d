"""Write the manifest of the external validation: SPIDER's discs, divided by the patients' age.

Command (only needed to make the committed files anew):
    python experiments/external_validation/make_manifest.py --root DATA

The discs are those of data_manifest/spider_disc_degeneration. Development: the data set's training
patients up to 63 years; ``older``: its training patients above; ``validation``: its own validation
patients.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

MANIFESTS = Path(__file__).parents[2] / "data_manifest"
SOURCE, TARGET = MANIFESTS / "spider_disc_degeneration", MANIFESTS / "external_validation"
OLDEST = 63.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder with spider_lumbar/")
    folder = parser.parse_args().root / "spider_lumbar"
    age = pd.read_csv(folder / "patients.csv").set_index("patient")["age"]
    clinical = pd.read_csv(SOURCE / "clinical.csv")
    clinical["age"] = clinical["subject_id"].map(age).astype(int)
    training = clinical["cohort"] == "training"
    clinical.loc[training & (clinical["age"] <= OLDEST), "cohort"] = "development"
    clinical.loc[training & (clinical["age"] > OLDEST), "cohort"] = "older"
    TARGET.mkdir(parents=True, exist_ok=True)
    clinical.to_csv(TARGET / "clinical.csv", index=False)
    pd.read_csv(SOURCE / "images.csv").to_csv(TARGET / "images.csv", index=False)
    counts = clinical.groupby("cohort").agg(
        patients=("subject_id", "nunique"),
        discs=("roi", "size"),
        severe=("severe_degeneration", lambda column: (column == "yes").sum()),
        youngest=("age", "min"),
        oldest=("age", "max"),
    )
    print(counts.to_string())


if __name__ == "__main__":
    main()
