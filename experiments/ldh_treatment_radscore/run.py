"""A Rad-Score on real lumbar discs, after system 2, and the published formula on two more spines.

Paper:    nomogram of a radiomics label, surgery or conservative treatment (system 2 in the README)
Data:     SPIDER, 196 discs of 26 patients, severe degeneration as the stand-in outcome; second
          reader SIMULATED (readers.py); formula on lumbar_ivd_t2, 10 discs of 2 volumes
Command:  python experiments/ldh_treatment_radscore/run.py --root DATA --out runs/ldh_radscore
Expected: see README.md and results.json (10 minutes on two shared cores)
Smaller:  --small takes the lower discs of 15 patients, three folds and few resamples
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from readers import both_readers
from scipy.special import expit

from dlr import Study
from dlr.cli.bars import progress_bars
from dlr.cli.show import show_evaluation
from dlr.config import StudyConfig
from dlr.figures import plot_decision, plot_nomogram, plot_scores, save_figure
from dlr.models.cases import TrainingData
from dlr.models.chain import ChainSettings
from dlr.models.crossfit import fit_set
from dlr.models.feature_sets import FeatureSet
from dlr.models.nomogram import Nomogram
from dlr.models.published import load_signature, measure_images
from dlr.models.signature import signature_of
from dlr.results import StudyResult
from dlr.stats import (
    CalibrationBootstrap,
    auc,
    calibration_bootstrap,
    hosmer_lemeshow,
    optimism_bootstrap,
    shapiro_wilk_test,
    t_test,
)
from dlr.study import training_data

HERE = Path(__file__).parent
MANIFEST = HERE.parents[1] / "data_manifest" / "ldh_treatment_radscore"
RAD_SCORE = "Rad_sag"
SMALL_DISCS = ("ivd1", "ivd2", "ivd3")


def options_given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/ldh_radscore"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=100, help="of the corrected estimates")
    parser.add_argument("--small", action="store_true", help="15 patients, few resamples")
    return parser.parse_args()


def settings(options: argparse.Namespace) -> StudyConfig:
    """Read the study, draw the second reader's masks, and name the tables of this run."""
    config = StudyConfig.from_yaml(HERE / "study.yaml")
    images = pd.read_csv(config.images, dtype=str)
    changes: dict[str, object] = {"images": options.out.resolve() / "images.csv"}
    if options.small:
        clinical = pd.read_csv(config.clinical, dtype=str)
        clinical = clinical[clinical["roi"].isin(SMALL_DISCS)]
        # Patients with both outcomes: few patients must still fill nested folds.
        both = clinical.groupby("subject_id")["severe_degeneration"].transform("nunique") == 2
        clinical = clinical[both]
        images = images.merge(clinical[["subject_id", "roi"]])
        changes["clinical"] = options.out.resolve() / "clinical.csv"
        clinical.to_csv(changes["clinical"], index=False)
        changes["model"] = config.model.model_copy(update={"folds": 3, "inner_folds": 3})
        lasso = config.selection.lasso.model_copy(update={"folds": 5})
        changes["selection"] = config.selection.model_copy(update={"lasso": lasso})
        changes["evaluation"] = config.evaluation.model_copy(update={"bootstrap": 20})
    table = both_readers(images, options.root, options.out / "second_reader", config.seed)
    table.to_csv(changes["images"], index=False)
    return config.model_copy(update=changes)


class Procedure:
    """The whole model, from correlated features to probability, for refitting on resamples.

    The agreement gate stays outside: it looks at no outcome.
    """

    def __init__(self, data: TrainingData, config: StudyConfig, gated: list[str]) -> None:
        self.table = data.features[gated].assign(
            subject=data.subjects, row=range(len(data.outcome))
        )
        self.settings = ChainSettings.of(config.model_copy(update={"agreement": None}))
        self.item = FeatureSet(RAD_SCORE, tuple(gated))
        self.seed = config.seed
        self.known: dict[bytes, Any] = {}  # both corrections draw the same resamples

    def fit(self, table: pd.DataFrame, outcome: np.ndarray) -> Any:
        """Learn correlation filter, LASSO, logistic regression and its probability scale."""
        key = table["row"].to_numpy().tobytes()
        if key not in self.known:
            self.known[key] = self._learn(table, outcome)
        return self.known[key]

    def _learn(self, table: pd.DataFrame, outcome: np.ndarray) -> Any:
        features, subjects = table.drop(columns=["subject", "row"]), table["subject"]
        labels = pd.Series(outcome, table.index)
        none = features.iloc[:0]
        data = TrainingData(features, pd.DataFrame(index=table.index), labels, subjects, none)
        grid = fit_set(data, self.item, self.settings, self.seed)
        return signature_of(grid, "logistic", labels).signature

    def predict(self, model: Any, table: pd.DataFrame) -> np.ndarray:
        """Return probabilities."""
        return expit(model.score(table.drop(columns=["subject", "row"])).to_numpy())


def rad_scores(result: StudyResult, cohort: str, estimate: str) -> pd.DataFrame:
    """Return the Rad-Scores of one cohort: ``score`` (log-odds), ``probability``, ``outcome``."""
    table = result.scores.set_index("case_id")
    chosen = (table["cohort"] == cohort) & (table["estimate"] == estimate)
    return table[chosen & (table["feature_set"] == RAD_SCORE)]


def distribution(scores: pd.DataFrame) -> dict[str, object]:
    """Describe Rad-Scores as the paper does: mean and SD by group, Shapiro-Wilk, t test."""
    groups = [scores.loc[scores["outcome"] == value, "score"] for value in (1, 0)]
    names = ("severe", "other")
    return {
        **{
            name: f"{part.mean():.3f} ± {part.std():.3f} (n = {len(part)})"
            for name, part in zip(names, groups)
        },
        "shapiro_wilk_p": round(shapiro_wilk_test(scores["score"]).p_value, 4),
        "t_test_p": float(f"{t_test(*groups).p_value:.3g}"),
    }


def nomogram(scores: pd.DataFrame) -> Nomogram:
    """Draw up the paper's nomogram: a logistic regression of the Rad-Score alone."""
    frame = pd.DataFrame({"Rad-Score": scores["score"], "severe": scores["outcome"].astype(int)})
    risks = (0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
    return Nomogram.fit(frame, "severe", ["Rad-Score"], risks=risks)


def judged_nomogram(chart: Nomogram, scores: pd.DataFrame, external: bool) -> dict[str, float]:
    """Hosmer-Lemeshow of the nomogram; its AUC is the Rad-Score's, of which it is monotone."""
    risk = [chart.probability({"Rad-Score": value}) for value in scores["score"]]
    test = hosmer_lemeshow(scores["outcome"], risk, external=external)
    area = auc(scores["outcome"], risk, groups=scores["subject_id"])
    return {
        "auc": round(area.value, 4),
        "hosmer_lemeshow": round(test.statistic, 3),
        "degrees_of_freedom": test.degrees_of_freedom,
        "p_value": round(test.p_value, 4),
    }


def bias_corrected(
    procedure: Procedure, outcome: pd.Series, resamples: int, seed: int
) -> tuple[CalibrationBootstrap, pd.DataFrame]:
    """Correct calibration and AUC for optimism, the whole model refitted on every resample."""
    arguments = {
        "X": procedure.table,
        "y": outcome.to_numpy(),
        "B": resamples,
        "groups": procedure.table["subject"].to_numpy(),
        "random_state": seed,
    }
    curve = calibration_bootstrap(procedure.fit, procedure.predict, **arguments)
    return curve, optimism_bootstrap(procedure.fit, procedure.predict, **arguments).to_frame()


def published_formula(options: argparse.Namespace, discs: Path) -> dict[str, object]:
    """Apply the printed formula to lumbar_ivd_t2, and to SPIDER's discs (first reader)."""
    signature = load_signature("ldh-treatment-radscore")
    raw = measure_images(signature, MANIFEST / "images_formula.csv", options.root)
    scores = signature.score(raw.values).droplevel("reader")
    first = options.out / "images_first_reader.csv"
    pd.read_csv(discs, dtype=str).query("reader == 'first'").to_csv(first, index=False)
    spider = signature.score(measure_images(signature, first).values).droplevel("reader").dropna()
    clinical = pd.read_csv(MANIFEST / "clinical.csv", dtype=str)
    clinical.index = pd.Index(clinical["subject_id"] + "_" + clinical["roi"])
    clinical = clinical.loc[spider.index]
    severe = (clinical["severe_degeneration"] == "yes").astype(int)
    area = auc(severe, spider, groups=clinical["subject_id"])
    interval = area.confidence_interval()
    terms = signature.terms(raw.values).droplevel("reader")
    return {
        "lumbar_ivd_t2": scores.round(3).to_dict(),
        "lumbar_ivd_t2_terms_mean": terms.mean().round(3).to_dict(),
        "spider": {
            "n": len(spider),
            "mean": round(float(spider.mean()), 3),
            "sd": round(float(spider.std()), 3),
            "share_above_0": round(float((spider > 0).mean()), 3),
            "auc_severe": [round(v, 4) for v in (area.value, interval.low, interval.high)],
        },
    }


def main() -> None:
    options = options_given()
    options.root = Path(options.root)
    started = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    resamples = 2 if options.small else options.resamples
    config = settings(options)
    study = Study(config, options.out / "work")
    cohort = study.cohort()
    with progress_bars() as progress:
        features = study.extract(cohort, options.workers, progress)
        trained = study.train(cohort, features, options.workers, progress)
    result = trained.result
    report = trained.save(options.out)
    for evaluation in result.evaluations:
        show_evaluation(evaluation, level=0.95)

    honest, apparent, external = (
        rad_scores(result, *key)
        for key in (
            ("training", "out-of-fold"),
            ("training", "apparent"),
            ("hold-out", "frozen"),
        )
    )
    chart = nomogram(honest)
    save_figure(plot_nomogram(chart).figure, options.out / "nomogram")
    judged = pd.concat([honest, external]).reset_index()
    axes = plot_scores(judged, RAD_SCORE, labels=("other", "severe"))
    save_figure(axes.figure, options.out / "rad_scores")
    for item in result.evaluations:
        assert item.decision is not None
        axes = plot_decision(item.decision, models=[RAD_SCORE])
        save_figure(axes.figure, options.out / f"decision_{item.cohort}_{item.estimate}")

    data = training_data(cohort, features)
    agreement = result.agreement
    assert agreement is not None
    icc = agreement.to_frame()["icc"]
    gated = list(icc.index[icc > config.agreement.threshold])  # type: ignore[union-attr]
    procedure = Procedure(data, config, gated)
    curve, corrected = bias_corrected(procedure, data.outcome, resamples, config.seed)
    curve.to_frame().to_csv(options.out / "bias_corrected_calibration.csv", index=False)

    trace = result.traces[RAD_SCORE]
    record = {
        "discs": {"training": len(honest), "validation": len(external)},
        "patients": {
            "training": int(honest["subject_id"].nunique()),
            "validation": int(external["subject_id"].nunique()),
        },
        "second_reader_dice": round(
            float(pd.read_csv(config.images).query("reader == 'second'")["dice"].mean()), 3
        ),
        "features_left": list(trace.steps),
        "lambda": None if trace.lasso is None else round(trace.lasso.lambda_used, 4),
        "coefficients": trace.coefficients.round(4).to_dict(),
        "performance": [
            row
            for item in result.evaluations
            for row in item.to_frame()
            .query("feature_set == @RAD_SCORE")
            .round(4)
            .to_dict("records")
        ],
        "rad_score": {
            "training, out-of-fold": distribution(honest),
            "training, apparent": distribution(apparent),
            "validation": distribution(external),
        },
        "nomogram": {
            "training": judged_nomogram(chart, honest, external=False),
            "validation": judged_nomogram(chart, external, external=True),
        },
        "bootstrap": {
            "resamples": resamples,
            "corrected": corrected.round(4).to_dict("index"),
            "calibration_mean_absolute_error": round(curve.mean_absolute_error, 4),
            "calibration_e90": round(curve.e90, 4),
        },
        "published_formula": published_formula(options, Path(config.images)),
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    print(f"report: {report}\nresults: {path}")


if __name__ == "__main__":
    main()
