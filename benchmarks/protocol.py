"""Time the nested protocol against the script a user would write with scikit-learn.

    python benchmarks/protocol.py [--cases 200] [--features 120] [--folds 3] [--workers 2]
    python benchmarks/protocol.py --cases 1066 --features 402 --folds 5 --only dlr

Both cross-validate all of this in every outer fold: PCA of the deep features, standardisation,
Mann-Whitney, Spearman, LASSO, nine algorithms with the same settings to choose from by inner
cross-validation, on six feature sets; then fit everything once more on all cases. The plain script
puts the steps into a Pipeline and the settings into GridSearchCV, which selects features again for
each candidate; its boosted trees come from the packages' own scikit-learn classes. Both use the
same folds. Out-of-fold AUCs of both are printed side by side.

Both spend most of their time in the two forests, which bounds the ratio. Expected: three minutes
with the defaults, four for the second line.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from scipy.stats import mannwhitneyu, spearmanr
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LassoCV, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from dlr.config import StudyConfig
from dlr.models.cases import TrainingData
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.crossfit import cross_fit
from dlr.models.feature_sets import feature_sets
from dlr.models.folds import grouped_folds
from dlr.settings import LassoSettings, ModelSettings, OutcomeSettings, SelectionSettings

SEED, COMPONENTS = 0, 32


def simulate(cases: int, features: int) -> TrainingData:
    """Draw correlated features of two views and two families, a tenth of them informative."""
    random = np.random.default_rng(SEED)
    outcome = (random.random(cases) < 0.38).astype(int)
    columns = [
        f"{view}.{family}.f{number:04d}"
        for view in ("sag", "axi")
        for family in ("rad", "dl")
        for number in range(features // 4)
    ]
    factors = random.normal(size=(cases, features // 8))
    values = factors[:, random.integers(factors.shape[1], size=len(columns))]
    values = values + 0.6 * random.normal(size=values.shape)
    values[:, ::10] += 0.5 * outcome[:, None]
    index = pd.Index([f"case{number}" for number in range(cases)], name="case_id")
    table = pd.DataFrame(values, index, columns)
    return TrainingData(
        table,
        pd.DataFrame(index=index),
        pd.Series(outcome, index, name="outcome"),
        pd.Series(index, index, name="subject"),
        table.iloc[:0],
    )


def settings(folds: int) -> StudyConfig:
    """Return the study's settings: two views and, as sixth set, radiomics of both."""
    return StudyConfig(
        name="benchmark",
        images="images.csv",
        clinical="clinical.csv",
        outcome=OutcomeSettings(column="outcome", positive="1"),
        views={"sag": {}, "axi": {}},
        feature_sets={"Rad": {"blocks": ["*.rad"]}},
        selection=SelectionSettings(lasso=LassoSettings(family="gaussian")),
        model=ModelSettings(folds=folds, inner_folds=folds, components=COMPONENTS),
        seed=SEED,
    )


class MannWhitney(TransformerMixin, BaseEstimator):
    """Keep the features with p < 0.05, or the best one."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> MannWhitney:
        """Test every column."""
        p_value = mannwhitneyu(X[y == 1], X[y == 0]).pvalue
        self.kept_ = np.flatnonzero(p_value < 0.05)
        if not len(self.kept_):
            self.kept_ = np.array([p_value.argmin()])
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Keep the columns."""
        return X[:, self.kept_]


class Spearman(TransformerMixin, BaseEstimator):
    """Drop the feature with most partners above 0.9 until there is none."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Spearman:  # noqa: ARG002
        """Correlate all columns and delete greedily."""
        kept = np.arange(X.shape[1])
        if len(kept) > 2:
            close = np.abs(spearmanr(X).statistic) > 0.9
            np.fill_diagonal(close, val=False)
            while (counts := close[np.ix_(kept, kept)].sum(axis=0)).max() > 0:
                kept = np.delete(kept, counts.argmax())
        self.kept_ = kept
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Keep the columns."""
        return X[:, self.kept_]


class Lasso(TransformerMixin, BaseEstimator):
    """Keep the features with a coefficient at the best of 100 penalties, or the first one."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Lasso:
        """Cross-validate the path in ten folds."""
        coefficients = LassoCV(cv=10).fit(X, y).coef_
        self.kept_ = np.flatnonzero(coefficients)
        if not len(self.kept_):
            self.kept_ = np.array([0])
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Keep the columns."""
        return X[:, self.kept_]


def candidates() -> dict[str, tuple[Any, dict[str, list[Any]] | list[dict[str, list[Any]]]]]:
    """Return the nine algorithms with the search spaces of `dlr.models.classifiers`."""
    balanced = {"class_weight": "balanced"}
    estimators: dict[str, Any] = {
        "logistic": LogisticRegression(max_iter=5000, **balanced),
        "svm": SVC(**balanced),
        "knn": KNeighborsClassifier(),
        "decision-tree": DecisionTreeClassifier(random_state=SEED, **balanced),
        "random-forest": RandomForestClassifier(200, random_state=SEED, **balanced),
        "extra-trees": ExtraTreesClassifier(200, random_state=SEED, **balanced),
        "xgboost": XGBClassifier(
            n_estimators=100, min_child_weight=2, subsample=0.8, n_jobs=1, random_state=SEED
        ),
        "mlp": MLPClassifier((32,), solver="lbfgs", max_iter=200, random_state=SEED),
        "lightgbm": LGBMClassifier(
            n_estimators=100, min_child_samples=10, n_jobs=1, verbosity=-1, random_state=SEED,
            **balanced,
        ),
    }  # fmt: skip
    return {
        key: (
            estimator,
            [{f"model__{k}": [v] for k, v in item.items()} for item in CLASSIFIERS[key].search],
        )
        for key, estimator in estimators.items()
    }


def plain(data: TrainingData, sets: dict[str, list[str]], folds: int, workers: int) -> pd.DataFrame:
    """Run the protocol as a script of pipelines; AUC of each algorithm and feature set."""
    y, groups = data.outcome, data.subjects
    outer = grouped_folds(y, groups, folds, SEED)
    areas: dict[str, dict[str, float]] = {}
    for name, columns in sets.items():
        X = data.features[columns]
        areas[name] = {}
        for key, (estimator, grid) in candidates().items():
            scores = np.zeros(len(y))
            for train, test in [*outer, (np.arange(len(y)), np.array([], dtype=int))]:
                inner = grouped_folds(y.iloc[train], groups.iloc[train], folds, SEED)
                search = GridSearchCV(
                    pipeline(X, estimator, len(train) * (folds - 1) // folds),
                    grid, scoring="roc_auc", cv=inner, n_jobs=workers,
                )  # fmt: skip
                search.fit(X.iloc[train], y.iloc[train].to_numpy())
                if len(test):
                    scores[test] = decision(search, X.iloc[test])
            parts = [roc_auc_score(y.iloc[test], scores[test]) for _, test in outer]
            areas[name][key] = float(np.mean(parts))
    return pd.DataFrame(areas)


def pipeline(X: pd.DataFrame, estimator: Any, cases: int) -> Pipeline:
    """Return the chain of one feature set; every deep block gets a PCA of its own."""
    blocks: dict[str, list[str]] = {}
    for name in X:
        blocks.setdefault(name.rsplit(".", 1)[0], []).append(name)
    parts = [
        (
            block.replace(".", "_"),
            PCA(min(COMPONENTS, len(names), cases - 2)) if block.endswith("dl") else "passthrough",
            names,
        )
        for block, names in blocks.items()
    ]
    return Pipeline(
        [
            ("blocks", ColumnTransformer(parts)),
            ("scale", StandardScaler()),
            ("test", MannWhitney()),
            ("redundant", Spearman()),
            ("lasso", Lasso()),
            ("model", estimator),
        ]
    )


def decision(search: GridSearchCV, X: pd.DataFrame) -> np.ndarray:
    """Return the decision values of the best pipeline."""
    if hasattr(search, "decision_function"):
        return search.decision_function(X)
    return search.predict_proba(X)[:, 1]


def ours(data: TrainingData, config: StudyConfig, workers: int) -> pd.DataFrame:
    """Run dlr's protocol; AUC of each algorithm and feature set, mean over the outer folds."""
    fit = cross_fit(data, config, workers, lambda *_: None)
    outer = grouped_folds(data.outcome, data.subjects, config.model.folds, SEED)
    return pd.DataFrame(
        {
            str(name): {
                key: np.mean(
                    [
                        roc_auc_score(data.outcome.iloc[test], table[name].iloc[test])
                        for _, test in outer
                    ]
                )
                for key, table in (fit.algorithms or {}).items()
            }
            for name in fit.out_of_fold
        }
    )


def main() -> None:
    """Run both and print seconds, ratio and both tables of AUCs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--features", type=int, default=120)
    parser.add_argument("--folds", type=int, default=3, help="outer and inner")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("dlr", "plain"))
    arguments = parser.parse_args()
    data, config = simulate(arguments.cases, arguments.features), settings(arguments.folds)
    # Numba compiles and workers start outside the measurement, as on any second run.
    warm = settings(2)
    ours(simulate(60, 16), warm, arguments.workers)
    sets = {
        name: list(item.columns)
        for name, item in feature_sets(list(data.features.columns), config).items()
    }
    seconds: dict[str, float] = {}
    tables: dict[str, pd.DataFrame] = {}
    if arguments.only != "plain":
        start = time.perf_counter()
        tables["dlr"] = ours(data, config, arguments.workers)
        seconds["dlr"] = time.perf_counter() - start
    if arguments.only != "dlr":
        start = time.perf_counter()
        tables["plain"] = plain(data, sets, arguments.folds, arguments.workers)
        seconds["plain"] = time.perf_counter() - start
    size = f"{arguments.cases} x {data.features.shape[1]}, {arguments.folds} x {arguments.folds}"
    for name, table in tables.items():
        print(f"\n{name}, {size} folds, {arguments.workers} workers: {seconds[name]:.1f} s")
        print(table.round(3).to_string())
    if len(tables) == 2:
        gap = (tables["dlr"] - tables["plain"]).abs().to_numpy()
        print(f"\nratio {seconds['plain'] / seconds['dlr']:.1f}")
        print(f"difference of AUCs: median {np.median(gap):.4f}, largest {gap.max():.3f}")


if __name__ == "__main__":
    main()
