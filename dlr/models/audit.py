"""The optimism audit: what each protocol reports on the same data, and on shuffled outcomes.

The published recipe is run beside dlr's own protocol. Its apparent and cross-validated AUCs, a
bootstrap correction of them, the nested AUC and the external ones stand side by side; the same on
shuffled outcomes shows how much of each is the recipe's own making.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dlr.config import StudyConfig
from dlr.models.cases import TrainingData, groups_of
from dlr.models.chain import ChainSettings
from dlr.models.crossfit import cross_fit, score_all
from dlr.models.feature_sets import feature_sets
from dlr.models.published_recipe import PublishedFit, published_fit, published_settings
from dlr.models.resamples import (
    PUBLISHED,
    SOUND,
    Resample,
    resample_sets,
    selection_frequency,
    selection_stability,
)
from dlr.progress import Progress, silent
from dlr.results import OptimismAudit
from dlr.stats import auc

STAGE = "optimism audit"


def optimism_audit(
    data: TrainingData,
    externals: Mapping[str, TrainingData],
    config: StudyConfig,
    out_of_fold: pd.DataFrame,
    frozen: Mapping[str, pd.DataFrame],
    winner: str,
    workers: int,
    progress: Progress,
    stability: pd.Series | None = None,
) -> OptimismAudit:
    """Set both protocols side by side.

    Parameters
    ----------
    data : TrainingData
    externals : mapping of str to TrainingData
        Cohorts with known outcomes.
    config : StudyConfig
        ``audit`` says how many permutations and resamples.
    out_of_fold : pandas.DataFrame
        Nested scores of the training cases, from :func:`dlr.models.crossfit.cross_fit`.
    frozen : mapping of str to pandas.DataFrame
        Scores of the external cohorts by the sound protocol's final models.
    winner : str
        Algorithm of the sound protocol; it is kept on shuffled outcomes.
    workers : int
    progress : callable
    stability : pandas.Series, optional

    Returns
    -------
    OptimismAudit
    """
    settings = config.audit
    if settings is None:
        raise ValueError("the study has no audit settings")
    sets = feature_sets(list(data.features.columns), config)
    total = 1 + settings.permutations + settings.bootstrap
    progress(STAGE, 0, total)
    published = published_fit(data, externals, config, stability)
    progress(STAGE, 1, total)
    rows = _published_rows(data, externals, published)
    rows += _rows(SOUND, "nested", out_of_fold, data)
    for name, scores in frozen.items():
        rows += _rows(SOUND, name, scores, externals[name])
    permuted = []
    for run in range(settings.permutations):
        permuted += _permuted_rows(data, config, winner, config.seed + 1 + run, workers, stability)
        progress(STAGE, 2 + run, total)
    chains = published_settings(config, stability), ChainSettings.of(config, stability)
    early = {name: item for name, item in sets.items() if not item.members}
    resamples: list[Resample] = []
    for run in range(settings.bootstrap):
        resamples += resample_sets(
            data, early, chains, published.final.vote.winner, config.seed + run, workers
        )
        progress(STAGE, 2 + settings.permutations + run, total)
    if resamples:
        rows += _corrected_rows(rows, resamples)
    return OptimismAudit(
        table=pd.DataFrame(rows),
        permuted=_summarise(pd.DataFrame(permuted)),
        stability=selection_stability(data, early, chains, resamples, config.seed),
        frequency=selection_frequency(resamples),
        algorithms={PUBLISHED: published.final.vote.winner, SOUND: winner},
    )


def _rows(
    protocol: str, estimate: str, scores: pd.DataFrame, cases: TrainingData
) -> list[dict[str, object]]:
    rows = []
    for name in scores:
        known = scores[name].notna() & cases.outcome.loc[scores.index].notna()
        area = auc(
            cases.outcome.loc[scores.index][known],
            scores[name][known],
            groups=groups_of(cases.subjects.loc[scores.index][known]),
        )
        interval = area.confidence_interval()
        rows.append(
            {
                "feature_set": str(name),
                "protocol": protocol,
                "estimate": estimate,
                "auc": area.value,
                "low": interval.low,
                "high": interval.high,
                "n": int(known.sum()),
            }
        )
    return rows


def _published_rows(
    data: TrainingData, externals: Mapping[str, TrainingData], fit: PublishedFit
) -> list[dict[str, object]]:
    rows = _rows(PUBLISHED, "apparent", score_all(fit.final, data), data)
    rows += _rows(PUBLISHED, "cross-validated", fit.cross_validated, data)
    for name, cases in externals.items():
        rows += _rows(PUBLISHED, name, score_all(fit.final, cases), cases)
    return rows


def _permuted_rows(
    data: TrainingData,
    config: StudyConfig,
    winner: str,
    seed: int,
    workers: int,
    stability: pd.Series | None,
) -> list[dict[str, object]]:
    """Run both protocols on shuffled outcomes; the sound one keeps its algorithm."""
    shuffled = data.permuted(seed)
    published = published_fit(shuffled, {}, config, stability)
    rows = _published_rows(shuffled, {}, published)
    model = config.model.model_copy(update={"classifier": winner, "tune": False})
    nested = cross_fit(
        shuffled, config.model_copy(update={"model": model}), workers, silent, stability
    )
    return rows + _rows(SOUND, "nested", nested.out_of_fold, shuffled)


def _summarise(permuted: pd.DataFrame) -> pd.DataFrame:
    if permuted.empty:
        return permuted
    keys = ["feature_set", "protocol", "estimate"]
    grouped = permuted.groupby(keys, sort=False)["auc"]
    return grouped.agg(auc="mean", low="min", high="max", runs="count").reset_index()


def _corrected_rows(
    rows: list[dict[str, object]], resamples: list[Resample]
) -> list[dict[str, object]]:
    """Take the mean optimism off the apparent AUC (Harrell, Regression Modeling Strategies)."""
    optimism = pd.DataFrame([(r.feature_set, r.optimism) for r in resamples]).groupby(0)[1].mean()
    corrected = []
    for row in rows:
        name = str(row["feature_set"])
        if row["estimate"] == "apparent" and name in optimism.index:
            value = float(str(row["auc"])) - float(optimism[name])
            corrected.append(
                {
                    **row,
                    "estimate": "bootstrap-corrected",
                    "auc": value,
                    "low": np.nan,
                    "high": np.nan,
                }
            )
    return corrected
