"""Bootstrap resamples of the selection: its optimism, its stability, its dependence on order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from dlr.features.table import block_of, is_deep
from dlr.models.cases import TrainingData
from dlr.models.chain import ChainSettings, fit_selection
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.feature_sets import FeatureSet
from dlr.stats import auc, nogueira_stability
from dlr.workers import replaced_quietly

PUBLISHED, SOUND = "published", "sound"


@dataclass(frozen=True, eq=False)
class Resample:
    """One bootstrap resample of one feature set."""

    feature_set: str
    optimism: float
    published: tuple[str, ...]
    sound: tuple[str, ...]


def resample_sets(
    data: TrainingData,
    sets: Mapping[str, FeatureSet],
    chains: tuple[ChainSettings, ChainSettings],
    algorithm: str,
    seed: int,
    workers: int,
) -> list[Resample]:
    """Draw subjects with replacement and learn every feature set on them."""
    positions = draw_subjects(data, seed)
    with replaced_quietly():
        return list(
            Parallel(n_jobs=workers)(
                delayed(_resample)(data, positions, item, chains, algorithm, seed)
                for item in sets.values()
            )
        )


def draw_subjects(data: TrainingData, seed: int) -> np.ndarray:
    """Return positions of the cases of subjects drawn with replacement, within each class.

    A subject with an event in any case counts as positive; every resample keeps both classes.
    """
    generator = np.random.default_rng(seed)
    positive = data.outcome.groupby(data.subjects.to_numpy()).max()
    where = pd.Series(np.arange(len(data.subjects))).groupby(data.subjects.to_numpy()).apply(list)
    drawn: list[int] = []
    for label in (0, 1):
        members = positive.index[positive == label]
        for subject in generator.choice(members, len(members)):
            drawn += where[subject]
    return np.asarray(drawn)


def _resample(
    data: TrainingData,
    positions: np.ndarray,
    item: FeatureSet,
    chains: tuple[ChainSettings, ChainSettings],
    algorithm: str,
    seed: int,
) -> Resample:
    """Learn on a resample, judge on it and on the original cases (Harrell's optimism)."""
    own = data.with_columns(list(item.columns))
    drawn = _renamed(own.take(positions))
    spec = CLASSIFIERS[algorithm]
    lenient = [chain.lenient() for chain in chains]  # a resample may miss a small centre
    with threadpool_limits(1):
        published = fit_selection(drawn, replace(lenient[0], components=item.components), seed)
        inside = published.frozen.scaled(drawn.features, drawn.centers).to_numpy()
        classifier = spec.make(seed).fit(inside, drawn.outcome.to_numpy())
        original = published.frozen.scaled(own.features, own.centers).to_numpy()
        optimism = (
            auc(drawn.outcome, spec.score(classifier, inside)).value
            - auc(own.outcome, spec.score(classifier, original)).value
        )
        sound = fit_selection(drawn, replace(lenient[1], components=item.components), seed)
    return Resample(item.name, optimism, published.frozen.selected, sound.frozen.selected)


def _renamed(cases: TrainingData) -> TrainingData:
    """Give repeated cases names of their own; a subject drawn twice stays one subject."""
    index = pd.Index([f"{name}#{n}" for n, name in enumerate(cases.features.index)])
    return replace(
        cases,
        features=cases.features.set_axis(index),
        clinical=cases.clinical.set_axis(index),
        outcome=cases.outcome.set_axis(index),
        subjects=cases.subjects.set_axis(index),
        second_reader=_second_reader(cases, index),
        centers=None if cases.centers is None else cases.centers.set_axis(index),
    )


def _second_reader(cases: TrainingData, index: pd.Index) -> pd.DataFrame:
    names = cases.features.index
    known = names.isin(cases.second_reader.index)
    return cases.second_reader.loc[names[known]].set_axis(index[known])


def selection_stability(
    data: TrainingData,
    sets: Mapping[str, FeatureSet],
    chains: tuple[ChainSettings, ChainSettings],
    resamples: list[Resample],
    seed: int,
) -> pd.DataFrame:
    """Tell, by feature set and protocol, how stable the selected set is.

    Parameters
    ----------
    data : TrainingData
    sets : mapping of str to FeatureSet
    chains : tuple of ChainSettings
        The published and the sound chain.
    resamples : list of Resample
    seed : int

    Returns
    -------
    pandas.DataFrame
        See :class:`dlr.results.OptimismAudit`.
    """
    rows = []
    for name, item in sets.items():
        for protocol, chain in zip((PUBLISHED, SOUND), chains, strict=True):
            row: dict[str, object] = {"feature_set": name, "protocol": protocol}
            chosen = [getattr(r, protocol) for r in resamples if r.feature_set == name]
            if len(chosen) > 1:
                row.update(_index_of_stability(chosen, item, chain))
            row["order_changed"] = _order_changed(data, item, chain, seed)
            rows.append(row)
    return pd.DataFrame(rows)


def _index_of_stability(
    chosen: list[tuple[str, ...]], item: FeatureSet, chain: ChainSettings
) -> dict[str, object]:
    names = _candidates(item, chain) | {name for one in chosen for name in one}
    table = pd.DataFrame(
        [[name in one for name in sorted(names)] for one in map(set, chosen)],
        columns=sorted(names),
    )
    index = nogueira_stability(table)
    interval = index.confidence_interval()
    return {
        "stability": index.value,
        "low": interval.low,
        "high": interval.high,
        "selected": float(np.mean([len(one) for one in chosen])),
    }


def _candidates(item: FeatureSet, chain: ChainSettings) -> set[str]:
    """Return the names a chain could select: measured features and components."""
    count = replace(chain, components=item.components).n_components
    if count is None:
        return set(item.columns)
    measured = {column for column in item.columns if not is_deep(column)}
    blocks = {block_of(column) for column in item.columns if is_deep(column)}
    return measured | {f"{block}.pca{i:02d}" for block in blocks for i in range(1, count + 1)}


def _order_changed(data: TrainingData, item: FeatureSet, chain: ChainSettings, seed: int) -> int:
    """Count the features that enter or leave when the columns are turned round."""
    settings = replace(chain, components=item.components)
    chosen = []
    for columns in (list(item.columns), list(item.columns)[::-1]):
        with threadpool_limits(1):
            fitted = fit_selection(data.with_columns(columns), settings, seed)
        chosen.append(set(fitted.frozen.selected))
    return len(chosen[0] ^ chosen[1])


def selection_frequency(resamples: list[Resample]) -> pd.DataFrame:
    """Return the share of resamples that select a feature, most frequent first."""
    rows = [
        (r.feature_set, protocol, feature)
        for r in resamples
        for protocol in (PUBLISHED, SOUND)
        for feature in getattr(r, protocol)
    ]
    frame = pd.DataFrame(rows, columns=["feature_set", "protocol", "feature"])
    counts = frame.value_counts(sort=False).rename("frequency").reset_index()
    runs = pd.Series([r.feature_set for r in resamples]).value_counts()
    counts["frequency"] = counts["frequency"] / counts["feature_set"].map(runs)
    return counts.sort_values(
        ["feature_set", "protocol", "frequency", "feature"], ascending=[True, True, False, True]
    ).reset_index(drop=True)
