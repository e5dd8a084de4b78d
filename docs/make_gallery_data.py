"""Example data of the gallery: simulated with fixed seeds, no patients."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit

from dlr.results import CohortEvaluation, FlowStep, LassoPath, ModelEvaluation, SelectionTrace
from dlr.roi_pictures import RoiPicture, outline_of
from dlr.stats import calibration, classification_metrics, delong_matrix, roc_curve

N = 240
SIGNALS = {"Clinic": 1.0, "Rad_sag": 0.9, "Rad_axi": 0.7, "DL_sag": 0.9, "DLR": 1.4,
           "Nomogram": 1.7}  # fmt: skip
FLOW = (
    FlowStep("listed in the tables", "all", 262, 262),
    FlowStep("assigned", "training", 190, 190),
    FlowStep("analysed", "training", 184, 184, 6, "no mask: 4, image too small: 2"),
    FlowStep("assigned", "external", 72, 72),
    FlowStep("analysed", "external", 56, 56, 16, "geometry differs: 16"),
)


def random(seed: int) -> np.random.Generator:
    """Return a generator with its own seed."""
    return np.random.default_rng(seed)


@cache
def outcome() -> np.ndarray:
    """Return the outcome of the simulated cases, 38 % positive."""
    return (random(1).random(N) < 0.38).astype(int)


@cache
def log_odds() -> dict[str, np.ndarray]:
    """Return a score per feature set, better ones from stronger signals."""
    shared = random(2).normal(0, 0.8, N)
    return {
        name: signal * (outcome() - 0.4) - 0.4 + shared + random(10 + k).normal(0, 0.8, N)
        for k, (name, signal) in enumerate(SIGNALS.items())
    }


@cache
def clinical() -> pd.DataFrame:
    """Return clinical variables, the outcome and two groups of patients."""
    rng, y = random(3), outcome()
    leg = np.where(y == 1, rng.choice(3, N, p=(0.3, 0.4, 0.3)), rng.choice(3, N, p=(0.6, 0.3, 0.1)))
    return pd.DataFrame(
        {
            "outcome": y,
            "age": np.round(np.clip(rng.normal(32 + 3 * y, 7, N), 16, 60)),
            "odi": np.round(np.clip(rng.normal(34 + 8 * y, 13, N), 0, 90)),
            "leg": pd.Categorical.from_codes(leg, ["no", "one leg", "both legs"]),
            "smoker": np.where(rng.random(N) < 0.3 + 0.1 * y, "yes", "no"),
            "dlr_score": log_odds()["DLR"],
            "center": rng.choice(["A", "B"], N, p=(0.7, 0.3)),
        }
    )


@cache
def score_table() -> pd.DataFrame:
    """Return a long score table of a training and an external cohort."""
    parts = []
    for cohort, estimate, rows in (
        ("training", "out-of-fold", slice(0, 184)),
        ("external", "frozen", slice(184, N)),
    ):
        for name, values in log_odds().items():
            part = pd.DataFrame({"outcome": outcome()[rows], "score": values[rows]})
            part["probability"] = expit(part["score"])
            parts.append(part.assign(cohort=cohort, estimate=estimate, feature_set=name))
    return pd.concat(parts, ignore_index=True)


@cache
def evaluation(estimate: str = "out-of-fold") -> CohortEvaluation:
    """Return all feature sets judged on one cohort."""
    rows = slice(0, 184) if estimate == "out-of-fold" else slice(184, N)
    cohort = "training" if estimate == "out-of-fold" else "external"
    y, models = outcome()[rows], {}
    for name, values in log_odds().items():
        calls = classification_metrics(y, expit(values[rows]), 0.4)
        models[name] = ModelEvaluation(
            name, cohort, estimate, len(y), int(y.sum()), roc_curve(y, values[rows]), calls, calls,
            calibration(y, expit(values[rows])), None,
        )  # fmt: skip
    scores = {name: values[rows] for name, values in log_odds().items()}
    return CohortEvaluation(cohort, estimate, models, delong_matrix(y, scores), None)


@cache
def features(count: int = 60) -> pd.DataFrame:
    """Return radiomics-like features in blocks of redundant ones; the first block is prognostic."""
    rng = random(4)
    blocks = rng.normal(size=(N, 9))
    blocks[:, 0] += 1.6 * (outcome() - 0.4)
    block = np.sort(rng.integers(0, 9, count))
    values = blocks[:, block] + rng.normal(0, 0.25, (N, count)) * rng.uniform(0.3, 1.6, count)
    names = [f"sag.rad.original_glcm_{k:02d}" for k in range(count)]
    return pd.DataFrame(values, columns=names)[list(rng.permutation(names))]


@cache
def deep_features() -> pd.DataFrame:
    """Return 32 deep-like features that carry the outcome in some directions."""
    rng = random(5)
    hidden = rng.normal(size=(N, 6)) + 2.2 * (outcome() - 0.4)[:, None] * [1, 0.6, 0, 0, 0, 0]
    values = hidden @ rng.normal(size=(6, 32)) + rng.normal(0, 1.2, (N, 32))
    return pd.DataFrame(values, columns=[f"sag.dl.{k:04d}" for k in range(32)])


@cache
def lasso() -> LassoPath:
    """Return a LASSO path like those of a study."""
    lambdas, steps = np.exp(np.linspace(-1, -6, 40)), np.arange(40)[:, None]
    start, slope = random(6).integers(3, 36, 14), random(7).normal(0, 0.03, 14)
    coefficients = np.clip(steps - start, 0, None) * slope
    error = 1.05 + 0.05 * (np.log(lambdas) + 4.1) ** 2
    best = int(error.argmin())
    return LassoPath(
        tuple(f"f{k}" for k in range(14)), lambdas, coefficients, error, np.full(40, 0.06),
        float(lambdas[best]), float(lambdas[best - 8]), float(lambdas[best]),
    )  # fmt: skip


@cache
def trace() -> SelectionTrace:
    """Return a selection of features with their frequency over the folds."""
    names = list(features().columns[:12])
    weights = pd.Series(np.sort(random(8).normal(0, 0.5, 12))[::-1], index=names)
    share = pd.Series(np.clip(random(9).uniform(0.2, 1.2, 12), 0, 1), index=names)
    return SelectionTrace("Rad_sag", (("extracted", 60), ("LASSO", 12)), weights, share, lasso())


@cache
def pictures() -> dict[str, tuple[RoiPicture, ...]]:
    """Return slices of the package's simulated lumbar spines with the outline of a disc."""
    from dlr.cohort.simulation.anatomy import draw_anatomy
    from dlr.cohort.simulation.grid import Grid
    from dlr.cohort.simulation.sagittal import paint_sagittal
    from dlr.cohort.simulation.scanner import SCANNERS, acquire

    grid, found = Grid(3, 112, 112, 0.7, 4.4), {}
    for number in range(8):
        rng = random(100 + number)
        row = {"outcome": number % 2, "center": "A"}
        anatomy = draw_anatomy(row, rng)
        place = anatomy.spaces[anatomy.target_index]
        volume = paint_sagittal(anatomy, grid, (place.a, place.s), (anatomy.target,), rng)
        picture = acquire(volume.signal, grid, SCANNERS["A"], rng)[1].astype(float)
        low, high = np.percentile(picture, [1, 99])
        crop = np.round(255 * np.clip((picture - low) / (high - low), 0, 1)).astype(np.uint8)
        inside = next(iter(volume.regions.values()))[1]
        found[f"P{number + 1:03d}"] = (RoiPicture("sag", crop, outline_of(inside)),)
    return found
