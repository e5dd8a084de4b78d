"""The LASSO and the nomogram."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from dlr.models.nomogram import Nomogram
from dlr.selection import LassoSelector
from validation_rows.row import Row, load

GLMNET, RMS = "glmnet 4.1-6", "rms 6.5-0"


def rows(reference: Path) -> Iterator[Row]:
    """Compare everything of this subject; `reference` is the folder of reference values."""
    yield from _lasso(reference)
    yield from _nomogram(reference)


def _lasso(reference: Path) -> Iterator[Row]:
    expected = load(reference, "lasso")
    table = pd.read_csv(reference / "data" / "breast_cancer.csv")
    features = table.iloc[:, :30]
    X = (features - features.mean()) / features.std(ddof=0)
    for family in ("binomial", "gaussian"):
        want = expected[f"{family}_fixed_lambda"]
        model = LassoSelector(family, standardize=False, minimum_gain=0)
        model.fit(X, table["malignant"], fold_id=table["foldid"])
        data = f"breast_cancer, {family}"
        yield Row("LASSO penalties", data, GLMNET, want["lambda"], model.lambdas_)
        yield Row("LASSO out-of-fold loss", data, GLMNET, want["cvm"], model.cv_mean_)
        yield Row("LASSO standard error of the loss", data, GLMNET, want["cvsd"], model.cv_sd_)
        choices = [want["lambda_min"], want["lambda_1se"]]
        found = [model.lambda_min_, model.lambda_1se_]
        yield Row("LASSO lambda.min, lambda.1se", data, GLMNET, choices, found)
        for rule, position in (("min", want["index_min0"]), ("1se", want["index_1se0"])):
            coefficients = want[f"at_{rule}"]["coef"]
            quantity = f"LASSO coefficients at lambda.{rule}"
            yield Row(quantity, data, GLMNET, coefficients, model.coefficient_path_[position])


def _nomogram(reference: Path) -> Iterator[Row]:
    table = pd.read_csv(reference / "data" / "birthwt.csv")
    for column in ("smoke", "ht", "ui", "ptl_any"):
        table[column] = table[column].map({0: "no", 1: "yes"})
    for key, splines in (("birthwt", {}), ("birthwt_rcs", {"lwt": 4})):
        want = load(reference, "nomogram")[key]
        nomogram = Nomogram.fit(
            table, "low", list(want["variables"]), splines=splines, references={"race": "white"},
            risks=want["risk_axis"]["risk_requested"],
        )  # fmt: skip
        data = "birthwt, spline of lwt" if splines else "birthwt"
        scale = [want["sc_points_per_lp"], want["intercept_lp_at_zero_points"]]
        found = [nomogram.scale, nomogram.origin]
        yield Row("nomogram scale, log-odds at 0 points", data, RMS, scale, found)
        for axis in nomogram.axes:
            points = dict(
                zip(want["variables"][axis.variable]["values"],
                    want["variables"][axis.variable]["points"], strict=True)
            )  # fmt: skip
            reached = [points[tick] for tick in axis.levels or axis.ticks]
            yield Row(f"nomogram points of {axis.variable}", data, RMS, reached, axis.points)
        risk = nomogram.probability_axis
        exact = want["risk_axis"]["total_points_exact"][: len(risk.ticks)]
        yield Row("nomogram probability axis", data, RMS, exact, risk.points)
        cases = table.iloc[want["examples"]["row0"]]
        totals = want["examples"]["total_points"]
        yield Row("total points of patients", data, RMS, totals, nomogram.total_points(cases))
        risks = want["examples"]["risk"]
        yield Row("probability of patients", data, RMS, risks, nomogram.probability(cases))
