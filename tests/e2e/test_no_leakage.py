"""Permuted outcomes give chance on every out-of-fold figure a user can get."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr.config import StudyConfig
from dlr.models.cases import TrainingData
from dlr.models.crossfit import cross_fit
from dlr.models.evaluation import evaluate, lock_thresholds, score_table
from dlr.progress import silent
from dlr.settings import EvaluationSettings
from dlr.stats import auc

PERMUTATIONS = 5
PATHS: dict[str, dict[str, object]] = {
    "default": {},
    "published redundancy, gaussian LASSO": {
        "selection": {"redundancy": "published", "lasso": {"family": "gaussian", "folds": 5}}
    },
    "no LASSO, logistic": {"selection": {"lasso": None}, "model": {"classifier": "logistic"}},
    "no PCA, 1se": {"model": {"components": None}, "selection": {"lasso": {"rule": "1se"}}},
    "agreement gate": {"agreement": {"reader": "second"}},
    "vote and search": {
        "model": {"classifier": "vote", "tune": True, "algorithms": ["logistic", "knn", "svm"]}
    },
    "late fusion": {
        "feature_sets": {
            "late": {"members": ["Rad_sag", "DL_sag"], "fusion": "stack"},
            "mean": {"members": ["Rad_sag", "DL_sag"], "fusion": "average"},
        },
        "model": {"nomogram_score": "late"},
    },
    "every other algorithm": {
        "model": {
            "classifier": "vote",
            "algorithms": [
                "linear-svm",
                "decision-tree",
                "random-forest",
                "extra-trees",
                "xgboost",
                "mlp",
                "lightgbm",
            ],
        }
    },
    "undersampling": {"model": {"resampling": "undersample", "classifier": "logistic"}},
    "ComBat to a reference, with a covariate": {
        "harmonisation": {"reference": "north", "unseen": "reference", "covariates": ["grade"]}
    },
    "oversampling, no tuning": {"model": {"resampling": "oversample"}},
    "SMOTE": {"model": {"resampling": "smote"}},
    "FCM": {"selection": {"fcm": {"fisher": 4, "poe_acc": 4, "mutual_information": 4}}},
    "ComBat": {"harmonisation": {}},
    "penalised clinical model": {"clinical_model": {"method": "penalised"}},
    "regressed clinical values": {"clinical_model": {"method": "all", "missing": "iterative"}},
    "all clinical variables, indicators": {
        "clinical_model": {"method": "all", "missing": "indicator"},
        "model": {"missing_indicators": True},
    },
}


def study(**settings: object) -> StudyConfig:
    own = settings.pop("model", {})
    model = {"folds": 4, "inner_folds": 3, "classifier": "svm", "tune": False, **own}  # type: ignore[dict-item]
    return StudyConfig.model_validate(
        {
            "name": "permuted",
            "images": Path("i.csv"),
            "clinical": Path("c.csv"),
            "outcome": {"column": "y", "positive": 1},
            "views": {"sag": {}},
            "clinical_variables": {
                "age": {"type": "continuous"},
                "grade": {"type": "categorical"},
            },
            "model": model,
            **settings,
        }
    )


def permuted_data(seed: int, n_subjects: int = 60) -> TrainingData:
    """Two cases per subject with common features, and outcomes that nothing explains."""
    generator = np.random.default_rng(seed)
    n = 2 * n_subjects
    subject = np.repeat(np.arange(n_subjects), 2)
    common = generator.normal(size=(n_subjects, 60))[subject]
    values = common + generator.normal(size=(n, 60))
    columns = [f"sag.rad.f{i:02d}" for i in range(20)] + [f"sag.dl.{i:04d}" for i in range(40)]
    index = pd.Index([f"c{i:03d}" for i in range(n)], name="case_id")
    features = pd.DataFrame(values, index=index, columns=columns)
    clinical = pd.DataFrame(
        {"age": generator.normal(50, 10, n), "grade": generator.choice(["a", "b", "c"], n)},
        index=index,
    )
    clinical.loc[index[::9], "age"] = np.nan
    features.loc[index[::7], columns[:20:3]] = np.nan
    # Permuted within the table, subjects kept: the share of events is exactly one half.
    outcome = pd.Series(generator.permutation(np.tile([0, 1], n_subjects))[:n], index=index)
    second = features.iloc[:40] + generator.normal(scale=0.3, size=(40, 60))
    subjects = pd.Series(subject.astype(str), index=index)
    centers = pd.Series(np.where(subject % 3 == 0, "north", "south"), index=index)
    return TrainingData(features, clinical, outcome, subjects, second, centers)


@pytest.mark.parametrize("path", PATHS)
def test_permuted_outcomes_give_chance_level(path: str) -> None:
    areas = []
    for seed in range(PERMUTATIONS):
        data = permuted_data(seed)
        fit = cross_fit(data, study(**dict(PATHS[path])), workers=1, progress=silent)
        assert not fit.out_of_fold.isna().any().any()
        tables = {"": fit.out_of_fold, **(fit.algorithms or {})}
        areas.append(
            {
                f"{key} {name}": auc(data.outcome, table[name]).value
                for key, table in tables.items()
                for name in table
            }
        )
    means = pd.DataFrame(areas).mean()
    # One AUC of 60 + 60 cases has SD 0.053; the mean of five 0.024. Pooled folds lie a little low.
    assert means.between(0.40, 0.58).all(), means.to_dict()


def test_locked_thresholds_of_permuted_outcomes_classify_at_chance() -> None:
    """Youden's threshold of the judged scores themselves would give an index of 0.1 to 0.2."""
    generator = np.random.default_rng(99)
    indices = []
    for _ in range(40):
        outcome = pd.Series(generator.permutation(np.repeat([0.0, 1.0], 40)))
        outcome.index.name = "case_id"
        clinical = pd.DataFrame({"subject_id": outcome.index, "center": "", "outcome": outcome})
        scores = pd.DataFrame({"DLR": generator.normal(size=80)}, index=outcome.index)
        folds = pd.Series(np.arange(80) % 5 + 1)
        table = score_table(scores, clinical, "training", "out-of-fold", folds)
        settings = EvaluationSettings(bootstrap=0)
        judged = evaluate(table, lock_thresholds(table), settings, seed=0).models["DLR"]
        found = [
            metrics.sensitivity.value + metrics.specificity.value - 1
            for metrics in (judged.at_locked, judged.at_youden)
        ]
        indices.append(found)
    locked, own = np.mean(indices, axis=0)
    assert abs(locked) < 0.05  # SD of one run 0.11, of the mean 0.018
    assert own > 0.12


def test_every_out_of_fold_case_has_its_fold() -> None:
    data = permuted_data(99)
    fit = cross_fit(data, study(), workers=1, progress=silent)
    assert fit.folds.index.equals(fit.out_of_fold.index)
    assert sorted(fit.folds.unique()) == [1, 2, 3, 4]
    assert pd.crosstab(data.subjects, fit.folds).gt(0).sum(axis=1).eq(1).all()


def test_a_leak_between_the_cases_of_a_subject_is_caught_by_grouping() -> None:
    """Features that give a subject away tell the outcome of its other case, and nothing else."""
    grouped, torn = [], []
    for seed in range(3):
        data = fingerprints(seed)
        settings = study(
            model={"classifier": "svm", "tune": True},
            selection={"lasso": None, "mann_whitney_p": None, "spearman": None},
        )
        fit = cross_fit(data, settings, workers=1, progress=silent)
        grouped.append(auc(data.outcome, fit.out_of_fold["Rad_sag"]).value)
        cases = pd.Series(data.features.index, data.features.index)
        fit = cross_fit(replace(data, subjects=cases), settings, workers=1, progress=silent)
        torn.append(auc(data.outcome, fit.out_of_fold["Rad_sag"]).value)
    assert np.mean(grouped) < 0.62, grouped
    assert np.mean(torn) > 0.85, torn


def fingerprints(seed: int, n_subjects: int = 60) -> TrainingData:
    """Two nearly equal cases per subject with the same outcome, which nothing explains."""
    data = permuted_data(seed, n_subjects)
    generator = np.random.default_rng(seed)
    subject = np.repeat(np.arange(n_subjects), 2)
    common = generator.normal(size=(n_subjects, 60))[subject]
    values = common + generator.normal(scale=0.05, size=common.shape)
    features = pd.DataFrame(values, data.features.index, data.features.columns)
    labels = generator.permutation(np.tile([0, 1], n_subjects // 2))[subject]
    return replace(data, features=features, outcome=pd.Series(labels, data.features.index))


def test_a_real_signal_is_found() -> None:
    data = permuted_data(5)
    data.features["sag.rad.f03"] += 2.0 * data.outcome
    fit = cross_fit(data, study(), workers=1, progress=silent)
    assert auc(data.outcome, fit.out_of_fold["Rad_sag"]).value > 0.8
    assert all("sag.rad.f03" in fold for fold in fit.selected["Rad_sag"])
