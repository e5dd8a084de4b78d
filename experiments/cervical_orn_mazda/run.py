"""System 3's MaZda nomogram on real lumbar discs as stand-in lesions, and its published formula.

Paper:    cervical osteoradionecrosis or metastasis, 279 MaZda features (system 3 in the README)
Data:     SPIDER's lumbar discs, severe degeneration as the stand-in diagnosis; second reader
          simulated: each disc's mask shifted by a voxel and eroded or dilated at random
Command:  python experiments/cervical_orn_mazda/run.py --root DATA --out runs/cervical_orn_mazda
Smaller:  --small takes the first patients only
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from dlr import Study
from dlr.cli.show import progress_bars, show_evaluation
from dlr.config import StudyConfig
from dlr.models.published import load_signature, measure_images

HERE = Path(__file__).parent
MANIFEST = HERE.parents[1] / "data_manifest" / "spider_disc_degeneration"
SMALL_PATIENTS = 14


def second_reader(mask: Path, target: Path, seed: int) -> None:
    """Draw every label of a map again: a voxel off, and a little larger or smaller."""
    if target.is_file():
        return
    image = sitk.ReadImage(str(mask))
    labels = sitk.GetArrayFromImage(image)
    drawn = np.zeros_like(labels)
    for label in np.unique(labels[labels > 0]):
        generator = np.random.default_rng([seed, int(label)])
        region = sitk.GetImageFromArray((labels == label).astype(np.uint8))
        change = generator.choice(["erode", "keep", "dilate"])
        if change == "erode" and int((labels == label).sum()) > 400:
            region = sitk.BinaryErode(region, [1, 1, 0])
        elif change == "dilate":
            region = sitk.BinaryDilate(region, [1, 1, 0])
        shift = generator.integers(-1, 2, size=2)
        moved = np.roll(sitk.GetArrayFromImage(region), tuple(shift), axis=(1, 2))
        drawn[(moved > 0) & (drawn == 0)] = label
    result = sitk.GetImageFromArray(drawn)
    result.CopyInformation(image)
    target.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(result, str(target), useCompression=True)


def tables(root: Path, out: Path, small: bool, seed: int) -> tuple[Path, Path]:
    """Write the image table with both readers, and the clinical table."""
    images = pd.read_csv(MANIFEST / "images.csv", dtype=str)
    clinical = pd.read_csv(MANIFEST / "clinical.csv", dtype=str)
    if small:
        # Whole patients of both cohorts.
        patients = clinical.groupby("cohort")["subject_id"].unique()
        chosen = [p for names in patients for p in names[: SMALL_PATIENTS // 2 + 3]]
        images = images[images["subject_id"].isin(chosen)]
        clinical = clinical[clinical["subject_id"].isin(chosen)]
    first = images.assign(reader="first")
    for column in ("image", "mask"):
        first[column] = [str((root / path).resolve()) for path in first[column]]
    second = first.assign(reader="second")
    redrawn = {}
    for number, mask in enumerate(first["mask"].unique()):
        redrawn[mask] = str((out / "second_reader" / Path(mask).name).resolve())
        second_reader(Path(mask), Path(redrawn[mask]), seed + number)
    second["mask"] = second["mask"].map(redrawn)
    image_table, clinical_table = out / "images.csv", out / "clinical.csv"
    pd.concat([first, second]).to_csv(image_table, index=False)
    clinical.to_csv(clinical_table, index=False)
    return image_table, clinical_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/cervical_orn_mazda"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="a few patients")
    options = parser.parse_args()
    started = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    config = StudyConfig.from_yaml(HERE / "study.yaml")
    images, clinical = tables(options.root, options.out, options.small, config.seed)
    changes: dict[str, object] = {"images": images, "clinical": clinical}
    if options.small:
        changes["model"] = config.model.model_copy(update={"folds": 3, "inner_folds": 3})
        changes["audit"] = None
    study = Study(config.model_copy(update=changes), options.out / "work")

    cohort = study.cohort()
    with progress_bars() as progress:
        features = study.extract(cohort, options.workers, progress)
        trained = study.train(cohort, features, options.workers, progress)
    report = trained.save(options.out)
    for evaluation in trained.result.evaluations:
        show_evaluation(evaluation, level=0.95)

    formula = published_formula(images, options.small)
    rows = [
        row
        for item in trained.result.evaluations
        for row in item.to_frame().round(4).to_dict("records")
    ]
    steps = {name: list(trace.steps) for name, trace in trained.result.traces.items()}
    results = {
        "cases": int(trained.result.scores["case_id"].nunique()),
        "performance": rows,
        "features_left": steps,
        "published_formula": formula,
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    path.write_text(json.dumps(results, indent=1, default=str), encoding="utf-8")
    print(f"published formula on these discs: {formula}")
    print(f"report: {report}\nresults: {path}")


def published_formula(images: Path, small: bool) -> dict[str, float]:
    """Apply the printed formula to the first reader's discs: what it gives, not how well."""
    table = pd.read_csv(images, dtype=str).query("reader == 'first'")
    table = table.drop_duplicates("subject_id").head(5 if small else 20)
    part = images.with_name("images_formula.csv")
    table.to_csv(part, index=False)
    signature = load_signature("cervical-orn-mazda")
    measured = measure_images(signature, part)
    scores = signature.score(measured.values).dropna()
    return {
        "n": len(scores),
        "mean": round(float(scores.mean()), 2),
        "sd": round(float(scores.std()), 2),
    }


if __name__ == "__main__":
    main()
