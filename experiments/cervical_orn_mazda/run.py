"""System 3's MaZda nomogram on real lumbar discs as stand-in lesions, and its published formula.

Paper:    cervical osteoradionecrosis or metastasis, 142 lesions of 71 patients (system 3)
Data:     SPIDER, 196 lumbar discs of 26 patients as stand-in lesions, severe degeneration as the
          stand-in diagnosis; second reader SIMULATED: each disc shifted by a pixel and eroded or
          dilated at random
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
from dlr.cli.bars import progress_bars
from dlr.cli.show import show_evaluation
from dlr.config import StudyConfig
from dlr.figures import plot_decision, plot_nomogram, plot_scores, save_figure
from dlr.models.nomogram import Nomogram
from dlr.models.published import load_signature, measure_images
from dlr.results import StudyResult
from dlr.stats import (
    Proportion,
    auc,
    calibration,
    classification_metrics,
    decision_curve,
    hosmer_lemeshow,
    youden_threshold,
)

HERE = Path(__file__).parent
MANIFEST = HERE.parents[1] / "data_manifest" / "cervical_orn_mazda"
SIGNATURE = "MaZda_sag"
RISKS = (0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
SMALL_PATIENTS = 10  # of the training cohort, and as many as there are of the other


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
        patients = clinical.groupby("cohort")["subject_id"].unique()
        chosen = [patient for names in patients for patient in names[:SMALL_PATIENTS]]
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


def scores_of(result: StudyResult, cohort: str, estimate: str) -> pd.DataFrame:
    """Return the signature's scores in one cohort: ``score`` (log-odds), ``outcome``, ..."""
    table = result.scores.set_index("case_id")
    chosen = (table["cohort"] == cohort) & (table["estimate"] == estimate)
    return table[chosen & (table["feature_set"] == SIGNATURE)]


def nomogram(scores: pd.DataFrame) -> Nomogram:
    """Draw up the paper's nomogram: a logistic regression of the signature alone."""
    frame = pd.DataFrame({"Signature": scores["score"], "severe": scores["outcome"].astype(int)})
    return Nomogram.fit(frame, "severe", ["Signature"], risks=RISKS)


def risks_of(chart: Nomogram, scores: pd.DataFrame) -> pd.Series:
    """Read every lesion's risk off the nomogram."""
    values = [chart.probability({"Signature": value}) for value in scores["score"]]
    return pd.Series(values, scores.index)


def judge(
    scores: pd.DataFrame, risk: pd.Series, threshold: float, external: bool
) -> dict[str, object]:
    """Return the paper's Table 4 for one cohort, with intervals clustered by patient."""
    area = auc(scores["outcome"], risk, groups=scores["subject_id"])
    interval = area.confidence_interval()
    calls = classification_metrics(scores["outcome"], risk, threshold)
    fit = hosmer_lemeshow(scores["outcome"], risk, external=external)
    line = calibration(scores["outcome"], risk)
    return {
        "lesions": len(scores),
        "patients": int(scores["subject_id"].nunique()),
        "severe": int(scores["outcome"].sum()),
        "auc": [round(float(value), 4) for value in (area.value, interval.low, interval.high)],
        "threshold": round(threshold, 4),
        "sensitivity": fraction(calls.sensitivity),
        "specificity": fraction(calls.specificity),
        "accuracy": fraction(calls.accuracy),
        "hosmer_lemeshow_p": round(fit.p_value, 4),
        "calibration_slope": round(float(line.slope), 3),
        "calibration_in_the_large": round(float(line.calibration_in_the_large), 3),
    }


def fraction(share: Proportion) -> str:
    """Write a proportion as the paper does."""
    return f"{100 * share.value:.1f}% ({share.numerator}/{share.denominator})"


def useful_range(curve: pd.DataFrame) -> list[float]:
    """List the thresholds, by tenths, where the nomogram beats treating all and treating none."""
    others = curve[["treat all", "treat none"]].max(axis=1)
    better = curve.index[curve["nomogram"] > others + 1e-9]
    return [float(value) for value in better if round(float(value) * 100) % 10 == 0]


def paper_tables(result: StudyResult, out: Path) -> dict[str, object]:
    """Nomogram, its Table 4, and the decision curve of both cohorts together."""
    honest, apparent, other = (
        scores_of(result, *key)
        for key in (("training", "out-of-fold"), ("training", "apparent"), ("validation", "frozen"))
    )
    chart = nomogram(honest)
    save_figure(plot_nomogram(chart).figure, out / "nomogram")
    axes = plot_scores(
        pd.concat([honest, other]).reset_index(), SIGNATURE, labels=("other", "severe")
    )
    save_figure(axes.figure, out / "signature")
    risks = {"training": risks_of(chart, honest), "validation": risks_of(chart, other)}
    locked = youden_threshold(honest["outcome"], risks["training"]).threshold
    flattered = risks_of(nomogram(apparent), apparent)
    best = youden_threshold(apparent["outcome"], flattered).threshold
    together = pd.concat([honest, other])
    curve = decision_curve(together["outcome"], {"nomogram": pd.concat(risks.values())})
    save_figure(plot_decision(curve).figure, out / "decision_both_cohorts")
    return {
        "training, out-of-fold": judge(honest, risks["training"], locked, external=False),
        "training, apparent": judge(apparent, flattered, best, external=False),
        "validation": judge(other, risks["validation"], locked, external=True),
        "decision_curve_better_at": useful_range(curve.net_benefit),
    }


def published_formula(images: Path, clinical: Path, small: bool) -> dict[str, object]:
    """Apply the printed formula to the discs, both readers averaged: what it gives elsewhere."""
    if small:
        table = pd.read_csv(images, dtype=str)
        images = images.with_name("images_formula.csv")
        table[table["roi"] == "ivd1"].to_csv(images, index=False)
    measured = measure_images(load_signature("cervical-orn-mazda"), images)
    scores = load_signature("cervical-orn-mazda").score(measured.values).dropna()
    scores = scores.droplevel("reader") if scores.index.nlevels > 1 else scores
    table = pd.read_csv(clinical, dtype=str)
    table.index = pd.Index(table["subject_id"] + "_" + table["roi"])
    table = table.loc[scores.index]
    area = auc(table["severe_degeneration"] == "yes", scores, groups=table["subject_id"])
    interval = area.confidence_interval()
    return {
        "n": len(scores),
        "mean": round(float(scores.mean()), 2),
        "sd": round(float(scores.std()), 2),
        "share_above_0": round(float((scores > 0).mean()), 3),
        "auc_severe": [round(float(v), 4) for v in (area.value, interval.low, interval.high)],
    }


def settings(options: argparse.Namespace) -> StudyConfig:
    """Read the study, and name the tables of this run; small: fewer folds, no audit."""
    config = StudyConfig.from_yaml(HERE / "study.yaml")
    images, clinical = tables(options.root, options.out, options.small, config.seed)
    changes: dict[str, object] = {"images": images.resolve(), "clinical": clinical.resolve()}
    if options.small:
        changes["model"] = config.model.model_copy(update={"folds": 3, "inner_folds": 3})
        changes["audit"] = None
    return config.model_copy(update=changes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/cervical_orn_mazda"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="a few patients")
    options = parser.parse_args()
    options.root = Path(options.root)
    started = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    study = Study(settings(options), options.out / "work")
    cohort = study.cohort()
    with progress_bars() as progress:
        features = study.extract(cohort, options.workers, progress)
        trained = study.train(cohort, features, options.workers, progress)
    report = trained.save(options.out)
    for evaluation in trained.result.evaluations:
        show_evaluation(evaluation, level=0.95)

    result = trained.result
    trace = result.traces[SIGNATURE]
    audit = None if result.audit is None else result.audit.table
    if audit is not None:
        audit = audit[audit["feature_set"] == SIGNATURE].drop(columns="feature_set")
    record = {
        "features_left": list(trace.steps),
        "lambda": None if trace.lasso is None else round(trace.lasso.lambda_used, 4),
        "coefficients": trace.coefficients.round(4).to_dict(),
        "nomogram": paper_tables(result, options.out),
        "audit": [] if audit is None else json.loads(audit.round(4).to_json(orient="records")),
        "published_formula": published_formula(
            options.out / "images.csv", options.out / "clinical.csv", options.small
        ),
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    print(f"report: {report}\nresults: {path}")


if __name__ == "__main__":
    main()
