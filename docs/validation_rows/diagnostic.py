"""Discrimination, calibration, net benefit, reclassification and internal validation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from dlr.stats import (
    auc,
    calibration,
    calibration_bootstrap,
    classification_metrics,
    concordance,
    decision_curve,
    delong_matrix,
    delong_test_unpaired,
    hosmer_lemeshow,
    optimism_bootstrap,
    reclassification,
    sample_size_binary,
    spiegelhalter,
    youden_threshold,
)
from validation_rows.row import Row, load

PROC, HMISC, RMS, R = "pROC 1.18.0", "Hmisc 4.8-0", "rms 6.5-0", "R 4.2.2"
DCURVES = "R formula = dcurves 1.1.7"


def rows(reference: Path) -> Iterator[Row]:
    """Compare everything of this subject; `reference` is the folder of reference values."""
    yield from _roc(reference)
    yield from _at_threshold(reference)
    yield from _concordance(reference)
    yield from _calibration(reference)
    yield from _hosmer_lemeshow(reference)
    yield from _decision(reference)
    yield from _reclassification(reference)
    yield from _internal_validation(reference)
    size = sample_size_binary(0.174, 24, r2_cox_snell=0.288)
    needed = [size.n_shrinkage, size.n_optimism, size.n_risk]
    yield Row("sample size, three criteria", "published", "pmsampsize", [623, 662, 221], needed)


def _roc(reference: Path) -> Iterator[Row]:
    expected = load(reference, "roc_delong")["aSAH"]
    table = pd.read_csv(reference / "data" / "aSAH.csv")
    y = table.outcome_poor
    for marker, want in expected["single"].items():
        data, area = f"aSAH, {marker}", auc(y, table[marker])
        yield Row("AUC", data, PROC, want["auc"], area.value)
        yield Row("AUC, DeLong variance", data, PROC, want["var"], area.variance)
        yield Row("AUC, 95 % CI", data, PROC, want["ci95"], list(area.confidence_interval()))
        best = youden_threshold(y, table[marker])
        exact = want["youden_exact_ties"]["thresholds"]
        yield Row("Youden threshold", data, PROC, exact, best.tied_thresholds)
    matrix = delong_matrix(y, table[["s100b", "ndka", "wfns"]])
    for pair, want in expected["paired"].items():
        a, b = pair.split("_vs_")
        data = f"aSAH, {a} vs {b}"
        yield Row("DeLong Z, paired", data, PROC, want["Z"], matrix.statistic.loc[a, b])
        yield Row("DeLong p, paired", data, PROC, want["p"], matrix.p_value.loc[a, b])
    women, men = (table[table.gender == gender] for gender in ("Female", "Male"))
    for marker, want in expected["unpaired_by_gender"].items():
        test = delong_test_unpaired(
            women.outcome_poor, women[marker], men.outcome_poor, men[marker]
        )
        got = [test.statistic, test.degrees_of_freedom or 0.0, test.p_value]
        data = f"aSAH, {marker} by sex"
        yield Row("DeLong D, df, p, unpaired", data, PROC, [want["D"], want["df"], want["p"]], got)


def _at_threshold(reference: Path) -> Iterator[Row]:
    table = pd.read_csv(reference / "data" / "aSAH.csv")
    want = load(reference, "roc_delong")["aSAH"]["single"]["s100b"]["at_first_best"]
    metrics = classification_metrics(table.outcome_poor, table.s100b, want["threshold"])
    for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy"):
        share = getattr(metrics, name)
        for method in ("wilson", "clopper-pearson"):
            interval = list(share.confidence_interval(method=method))
            key = method.replace("-", "_")
            yield Row(f"{name}, {method} CI", "aSAH, s100b >= 0.205", R, want[name][key], interval)


def _concordance(reference: Path) -> Iterator[Row]:
    table = pd.read_csv(reference / "data" / "aSAH.csv")
    for marker, want in load(reference, "cindex")["aSAH"].items():
        r, result = want["rcorr_cens"], concordance(table.outcome_poor, table[marker])
        got = [result.c, result.standard_deviation]
        yield Row("C, S.D.", f"aSAH, {marker}", HMISC, [r["C Index"], r["S.D."]], got)


def _calibration(reference: Path) -> Iterator[Row]:
    for data, want in load(reference, "validate_calibrate")["val_prob"].items():
        result = calibration(want["y"], want["p"])
        line, offset = want["recalibration_converged"], want["calibration_in_the_large"]
        slope = [result.slope, *result.confidence_interval("slope")]
        yield Row("calibration slope, CI", data, R, [line["slope"], *line["slope_ci"]], slope)
        large = list(result.confidence_interval("calibration_in_the_large"))
        yield Row("calibration-in-the-large CI", data, R, offset["ci"], large)
        yield Row("Brier score", data, RMS, want["brier"], result.brier)
        yield Row("scaled Brier score", data, R, want["brier_scaled"], result.scaled_brier)
        for name in ("ICI", "E50", "E90", "Emax"):
            exact = want["loess_direct"][name]
            yield Row(f"{name}, direct loess", data, R, exact, getattr(result, name.lower()))
        z = spiegelhalter(want["y"], want["p"]).statistic
        yield Row("Spiegelhalter z", data, RMS, want["val_prob"]["S:z"], z)


def _hosmer_lemeshow(reference: Path) -> Iterator[Row]:
    for data, sets in load(reference, "hosmer_lemeshow").items():
        if data == "meta":
            continue
        for groups in (10, 5):
            want, test = sets[f"g{groups}"], hosmer_lemeshow(sets["y"], sets["p"], groups)
            pair, got = [want["X2"], want["p_df_bins_minus_2"]], [test.statistic, test.p_value]
            yield Row(f"Hosmer-Lemeshow X2, p, g = {groups}", data, R, pair, got)


def _decision(reference: Path) -> Iterator[Row]:
    for data, want in load(reference, "dca").items():
        if data == "meta":
            continue
        curve = decision_curve(want["y"], want["prob"], want["thresholds"])
        for model, values in want["models"].items():
            benefit = curve.net_benefit[model].tolist()
            yield Row(f"net benefit, {model}", data, DCURVES, values["net_benefit"], benefit)


def _reclassification(reference: Path) -> Iterator[Row]:
    data = load(reference, "reclass")
    want, cuts = data["improveProb"], data["categorical"]
    result = reclassification(data["y"], data["p_old"], data["p_new"], cuts["cuts"])
    for name, estimate in (("nri", result.nri), ("idi", result.idi)):
        pair = [want[name], want[f"se.{name}"]]
        got = [estimate.value, estimate.standard_error]
        yield Row(f"{name.upper()}, SE", "birthwt", HMISC, pair, got)
    total = result.categorical_nri
    if total is not None:
        got = [total.value, total.p_value]
        yield Row("categorical NRI, p", "birthwt", R, [cuts["nri"], cuts["p"]], got)


def _internal_validation(reference: Path) -> Iterator[Row]:
    expected = load(reference, "validate_calibrate")["birthwt"]
    resamples = np.array(load(reference, "validate_indices")["indices0"])
    table = pd.read_csv(reference / "data" / "birthwt.csv")
    columns = {
        "intercept": table.low * 0 + 1,
        "age": table.age,
        "lwt": table.lwt,
        "black": table.race == "black",
        "other": table.race == "other",
        "smoke": table.smoke,
        "ptl_any": table.ptl > 0,
        "ht": table.ht,
        "ui": table.ui,
    }
    X = pd.DataFrame(columns).astype(float).to_numpy()
    names = {"dxy": "Dxy", "brier": "B", "auc": "AUC", "intercept": "Intercept", "slope": "Slope"}
    result = optimism_bootstrap(_fit, _predict, X, table.low, list(names), resamples=resamples)
    r = expected["validate_converged"]
    want = dict(zip(r["colnames"], r["values"][r["rownames"].index("index.corrected")]))
    for name, key in names.items():
        quantity = f"{key}, optimism-corrected, 200 resamples"
        yield Row(quantity, "birthwt", RMS, want[key], result.corrected[name])
    curve = calibration_bootstrap(_fit, _predict, X, table.low, resamples=resamples).curve
    corrected = expected["calibrate_converged"]["corrected"]
    yield Row("calibration curve, corrected", "birthwt", RMS, corrected, curve.corrected.tolist())


def _fit(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    beta = np.zeros(X.shape[1])
    for _ in range(30):
        p = expit(X @ beta)
        beta = beta + np.linalg.solve((X.T * (p * (1 - p))) @ X, X.T @ (y - p))
    return beta


def _predict(beta: np.ndarray, X: np.ndarray) -> np.ndarray:
    return expit(X @ beta)
