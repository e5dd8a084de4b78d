"""A complete small study result, from the real statistics on synthetic scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.config import StudyConfig
from dlr.models.evaluation import evaluate, lock_thresholds, score_table
from dlr.models.nomogram import Nomogram
from dlr.results import (
    Example,
    FlowStep,
    LassoPath,
    SelectionTrace,
    StudyResult,
    ValidationResult,
)
from dlr.stats import baseline_table, icc_table, multivariable_logistic, univariate_logistic

SETS = {"Clinic": 1.0, "Rad_sag": 0.9, "DL_sag": 0.4, "DLR": 1.3, "Nomogram": 1.7}
VARIABLES = ["odi", "slrt"]


def make_config(simulated: bool) -> StudyConfig:
    """Return the settings of a small study."""
    return StudyConfig.model_validate(
        {
            "name": "Disc <herniation> & surgery",
            "description": "Surgery within two years.",
            "simulated": simulated,
            "seed": 7,
            "images": "/data/images.csv",
            "clinical": "/data/clinical.csv",
            "outcome": {"column": "surgery", "positive": 1, "label": "surgery"},
            "clinical_variables": {
                "odi": {"type": "continuous", "label": "ODI (%)"},
                "slrt": {"type": "categorical", "reference": "negative", "label": "Leg raise"},
            },
            "views": {"sag": {}},
            "agreement": {"reader": "B"},
            "evaluation": {"bootstrap": 20},
        }
    )


def make_clinical(n: int, cohort: str, seed: int) -> pd.DataFrame:
    """Return a clinical table, indexed by case."""
    random = np.random.default_rng(seed)
    outcome = (np.arange(n) % 5 < 2).astype(int)
    cases = [f"{cohort}{number:03d}" for number in range(n)]
    leg = np.where(random.random(n) < 0.3 + 0.4 * outcome, "positive", "negative")
    return pd.DataFrame(
        {
            "subject_id": cases,
            "center": "A" if cohort == "training" else "B",
            "cohort": cohort,
            "outcome": outcome,
            "odi": 40 + 8 * outcome + random.normal(0, 10, n),
            "slrt": leg,
        },
        index=pd.Index(cases, name="case_id"),
    )


def make_scores(clinical: pd.DataFrame, estimate: str, gain: float, seed: int) -> pd.DataFrame:
    """Return the long score table of one cohort; `gain` is added to every set's signal."""
    random = np.random.default_rng(seed)
    outcome = clinical["outcome"].to_numpy()
    columns = {
        name: (signal + gain) * (2 * outcome - 1) / 1.5 - 0.4 + random.normal(0, 1, len(outcome))
        for name, signal in SETS.items()
    }
    scores = pd.DataFrame(columns, index=clinical.index)
    return score_table(scores, clinical, str(clinical["cohort"].iloc[0]), estimate)


def make_trace(name: str) -> SelectionTrace:
    """Return the record of a selection with a plausible LASSO path."""
    features = tuple(f"sag.rad.original_glcm_Feature{number:02d}" for number in range(12))
    lambdas = np.exp(np.linspace(-1, -6, 40))
    random = np.random.default_rng(len(name))
    grown = np.clip((np.arange(40)[:, None] - 3 * np.arange(12)[None, :]) / 30, 0, None)
    coefficients = grown * random.normal(0, 1, 12)
    error = 1.3 - 0.4 * np.exp(-((np.log(lambdas) + 3.5) ** 2) / 3)
    best = int(np.argmin(error))
    chosen = pd.Series(coefficients[best], index=list(features))
    chosen = chosen[chosen != 0]
    path = LassoPath(
        features, lambdas, coefficients, error, np.full(40, 0.05),
        float(lambdas[best]), float(lambdas[best - 8]), float(lambdas[best]),
    )  # fmt: skip
    return SelectionTrace(
        name,
        (("extracted", 107), ("Mann-Whitney p < 0.05", 30), ("LASSO (binomial, min)", len(chosen))),
        chosen,
        pd.Series(random.uniform(0.2, 1, 12), index=list(features)),
        path,
        ("Mann-Whitney p < 0.05",) if name == "DL_sag" else (),
    )


def make_nomogram(clinical: pd.DataFrame) -> Nomogram:
    """Return a nomogram of the clinical variables."""
    return Nomogram.fit(clinical, "outcome", VARIABLES)


def make_examples() -> tuple[Example, ...]:
    """Return four crops."""
    y, x = np.mgrid[:64, :64] / 63
    crop = (0.5 + 0.5 * np.sin(9 * x) * np.cos(7 * y)).astype(np.float32)
    return tuple(
        Example(f"training{number:03d}", "sag", number % 2 if number else None, crop)
        for number in range(4)
    )


FAILURES = pd.DataFrame(
    {
        "case_id": ["training080", "external040", "training001"],
        "view": "sag",
        "reader": ["first", "first", "second"],
        "family": "rad",
        "level": "case",
        "reason": ["empty mask in a.nii.gz", "image and mask differ in spacing", "empty mask"],
    }
)


def build_study(simulated: bool) -> StudyResult:
    """Return a finished study of 80 training and 40 external cases."""
    config = make_config(simulated)
    training = make_clinical(80, "training", 1)
    external = make_clinical(40, "external", 2)
    honest = make_scores(training, "out-of-fold", 0.0, 3)
    tables = [
        honest,
        make_scores(training, "apparent", 1.5, 4),
        make_scores(external, "frozen", -0.1, 5),
    ]
    thresholds = lock_thresholds(honest)
    random = np.random.default_rng(6)
    first = pd.DataFrame(random.normal(0, 1, (20, 30)), columns=[f"f{i}" for i in range(30)])
    second = first + random.normal(0, 1, first.shape) * np.linspace(0.05, 1.5, 30)
    ranking = pd.DataFrame(
        {
            "variable": VARIABLES,
            "auc": [0.71, 0.68],
            "p_univariate": [0.0004, 0.002],
            "p_multivariable": [0.001, np.nan],
            "chosen": [True, False],
        }
    )
    return StudyResult(
        config=config,
        flow=(
            FlowStep("listed in the tables", "training", 83, 83),
            FlowStep("outcome known", "training", 81, 81, 2, "outcome missing"),
            FlowStep("analysed", "training", 80, 80, 1, "features could not be extracted"),
            FlowStep("listed in the tables", "external", 41, 41),
            FlowStep("analysed", "external", 40, 40, 1, "features could not be extracted"),
        ),
        scores=pd.concat(tables, ignore_index=True),
        evaluations=tuple(evaluate(t, thresholds, config.evaluation, config.seed) for t in tables),
        traces={name: make_trace(name) for name in ("Rad_sag", "DL_sag", "DLR")},
        baseline={
            "training": baseline_table(training, "outcome", VARIABLES, by_cohort=False),
            "external": baseline_table(external, "outcome", VARIABLES, by_cohort=False),
        },
        univariate=univariate_logistic(training, "outcome", VARIABLES),
        multivariable=multivariable_logistic(training, "outcome", VARIABLES),
        clinical_variables=("odi",),
        clinical_ranking=ranking,
        nomogram=make_nomogram(training),
        thresholds=thresholds,
        agreement=icc_table(first, second, form="2,1"),
        missing=pd.DataFrame(
            {"variable": ["odi"], "cohort": ["training"], "n_missing": [2], "share": [0.025]}
        ),
        failures=FAILURES,
        examples=make_examples(),
        provenance={"version dlr": "0.1.0", "images.csv sha256": "ab" * 32},
    )


def build_validation(judged: bool) -> ValidationResult:
    """Return a frozen model's scores on new cases, with or without outcomes."""
    config = make_config(simulated=False)
    clinical = make_clinical(40, "new", 2)
    thresholds = dict.fromkeys(SETS, 0.45)
    scores = make_scores(clinical, "frozen", 0.0, 5)
    evaluation = evaluate(scores, thresholds, config.evaluation, 0) if judged else None
    if not judged:
        scores["outcome"] = np.nan
    flags = pd.DataFrame(
        {
            "case_id": clinical.index[:3],
            "n_outside": [0, 2, 1],
            "share_outside": [0.0, 0.2, 0.1],
            "worst_feature": ["", "sag.rad.original_shape_Volume", "odi"],
            "worst_distance": [0.0, 3.21, 0.4],
        }
    )
    return ValidationResult(
        config=config,
        cohort="new",
        flow=(FlowStep("listed in the tables", "new", 40, 40),),
        scores=scores,
        evaluation=evaluation,
        baseline={},
        flags=flags,
        nomogram=None,
        thresholds=thresholds,
        missing=pd.DataFrame(columns=["variable", "cohort", "n_missing", "share"]),
        failures=FAILURES.iloc[:0],
    )


@pytest.fixture(scope="session")
def simulated_study() -> StudyResult:
    """Return a study of a simulated cohort."""
    return build_study(simulated=True)


@pytest.fixture(scope="session")
def real_study() -> StudyResult:
    """Return a study not declared as simulated."""
    return build_study(simulated=False)


@pytest.fixture(scope="session")
def judged() -> ValidationResult:
    """Return a validation with known outcomes."""
    return build_validation(judged=True)


@pytest.fixture(scope="session")
def unjudged() -> ValidationResult:
    """Return predictions for cases of unknown outcome."""
    return build_validation(judged=False)
