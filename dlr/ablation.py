"""Ablation: the study rerun with one thing left out or changed, under the same folds.

Every variant is the whole nested protocol on the fused score and the nomogram, judged on the same
training cases by the same folds as the full model, which is the study itself, so that differences
are paired. Where the study votes on the algorithm, its winner of each fold serves the variants
too: they differ in one thing. Features come from the cache; only a variant that changes how
features are computed extracts anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from dlr.config import StudyConfig
from dlr.config_faults import settings_faults
from dlr.errors import DlrError, InputError
from dlr.features.cache import Cache
from dlr.features.table import block_of, is_deep
from dlr.features.worker import ImageProcessor
from dlr.models.cases import TrainingData, groups_of
from dlr.models.crossfit import CrossFit, cross_fit
from dlr.models.feature_sets import NOMOGRAM, feature_sets
from dlr.progress import Progress, silent
from dlr.readers import perturbation_icc, reader_values
from dlr.results import Ablation
from dlr.settings import FeatureSetSettings
from dlr.stats import adjust_p_values, auc, delong_test
from dlr.study import Study, training_data

FULL = "full model"
COMPONENTS = (8, 16, 32, 64)
_EXTRACTION = ("views", "masks", "intensity", "radiomics", "mazda", "embedding", "embeddings")


@dataclass(frozen=True)
class Variant:
    """One changed study.

    Parameters
    ----------
    name, group : str
        For the table: what was changed, and of which kind it is.
    config : StudyConfig
    """

    name: str
    group: str
    config: StudyConfig


def ablate(study: Study, workers: int = 1, progress: Progress = silent) -> Ablation:
    """Rerun the study without one block, step or setting at a time.

    Parameters
    ----------
    study : Study
        Its ``ablation`` settings name further variants.
    workers : int
    progress : callable

    Returns
    -------
    Ablation

    Raises
    ------
    DlrError
        If the study runs the published protocol, which has no out-of-fold scores to compare.
    """
    if study.config.protocol == "published":
        raise DlrError("ablation compares out-of-fold scores: set 'protocol: sound'")
    data = _training(study, workers, progress)
    variants = [Variant(FULL, "", study.config), *standard_variants(study.config, data)]
    variants += [_named(study.config, name, changes) for name, changes in _own(study.config)]
    for variant in variants:
        _check_engines(variant, study)
    rows: list[dict[str, object]] = []
    full: CrossFit | None = None
    for number, variant in enumerate(variants):
        progress("ablation", number, len(variants))
        cases = data
        if _extracts(variant.config, study.config):
            cases = _training(replace(study, config=variant.config), workers, progress)
        fit = _fit(variant.config, cases, workers, full)
        full = full or fit
        rows += _rows(variant, cases, fit, data, full, study.config)
    progress("ablation", len(variants), len(variants))
    return Ablation(_adjusted(pd.DataFrame(rows)), FULL, study.config)


def _training(study: Study, workers: int, progress: Progress) -> TrainingData:
    """Read a study's training cases as its own training does."""
    cohort = study.cohort()
    return training_data(cohort, reader_values(cohort, study.extract(cohort, workers, progress)))


def _fit(config: StudyConfig, cases: TrainingData, workers: int, full: CrossFit | None) -> CrossFit:
    """Cross-fit the study itself, or a variant of it with the algorithms the study voted for.

    The vote looks at all feature sets, of which a variant fits one. A vote on that one alone would
    make the full model another than the study's, and mix its change with the variant's.
    """
    stability = perturbation_icc(config, cases.features.columns)
    if full is None:
        return cross_fit(cases, config, workers, silent, stability)
    voted = () if config.model.classifier != "vote" else full.voted
    only = config.model.nomogram_score
    return cross_fit(cases, config, workers, silent, stability, only=only, voted=voted)


def _check_engines(variant: Variant, study: Study) -> None:
    """Build what a variant would measure with, so that a fault shows before any work is done."""
    if not _extracts(variant.config, study.config):
        return
    processor = ImageProcessor(variant.config, Cache(study.work / "cache"))
    try:
        for view in variant.config.views:
            processor.measuring(view)
    except DlrError as error:
        raise DlrError(f"ablation '{variant.name}': {error}") from None


def _adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """Add p values adjusted for the number of variants of each score (Holm)."""
    table = table.assign(p_adjusted=np.nan)
    compared = table["variant"] != FULL
    for _, rows in table[compared].groupby("score", sort=False):
        table.loc[rows.index, "p_adjusted"] = adjust_p_values(rows["p_value"])
    return table


def standard_variants(config: StudyConfig, data: TrainingData) -> list[Variant]:
    """List what can be left out of this study."""
    columns = list(data.features.columns)
    variants = []
    for name, settings in _smaller_sets(config, columns).items():
        sets = {**config.feature_sets, config.model.nomogram_score: settings}
        changed = config.model_copy(update={"feature_sets": sets})
        variants.append(Variant(f"without {name}", "block", changed))
    steps = _steps(config, any(is_deep(column) for column in columns))
    variants += [_variant(config, name, "step", changes) for name, changes in steps.items()]
    settings_changed = _settings(config, any(is_deep(column) for column in columns))
    variants += [
        _variant(config, name, "setting", changes) for name, changes in settings_changed.items()
    ]
    for name in config.clinical_variables:
        kept = {key: item for key, item in config.clinical_variables.items() if key != name}
        fixed = config.clinical_model.variables
        if kept and (fixed is None or name not in fixed):
            changed = config.model_copy(update={"clinical_variables": kept})
            variants.append(Variant(f"without {name}", "clinical variable", changed))
    return variants


def _smaller_sets(config: StudyConfig, columns: list[str]) -> dict[str, FeatureSetSettings]:
    """Leave one block, or one fused score, out of the set whose score enters the nomogram."""
    full = feature_sets(columns, config)[config.model.nomogram_score]
    if full.members:
        kept = {name: tuple(m for m in full.members if m != name) for name in full.members}
        return {
            name: FeatureSetSettings.model_validate({"members": rest, "fusion": full.fusion})
            for name, rest in kept.items()
            if rest
        }
    blocks = list(dict.fromkeys(block_of(column) for column in full.columns))
    kept = {name: tuple(b for b in blocks if b != name) for name in blocks}
    return {
        name: FeatureSetSettings.model_validate({"blocks": rest, "components": full.components})
        for name, rest in kept.items()
        if rest
    }


def _steps(config: StudyConfig, deep: bool) -> dict[str, dict[str, Any]]:
    """List the steps of the chain that are there and can be left out."""
    chosen = config.selection
    steps: dict[str, dict[str, Any]] = {}
    if config.agreement is not None:
        steps["no ICC gate"] = {"agreement": None}
    if config.harmonisation is not None:
        steps["no ComBat"] = {"harmonisation": None}
    if deep and config.model.components is not None:
        steps["no PCA"] = {"model.components": None}
    if chosen.fcm is not None:
        steps["no FCM"] = {"selection.fcm": None}
    if chosen.mann_whitney_p is not None:
        steps["no Mann-Whitney"] = {"selection.mann_whitney_p": None}
    if chosen.spearman is not None:
        steps["no Spearman"] = {"selection.spearman": None}
    if chosen.lasso is not None:
        steps["no LASSO"] = {"selection.lasso": None}
    return steps


def _settings(config: StudyConfig, deep: bool) -> dict[str, dict[str, Any]]:
    """List settings worth changing: components, the LASSO's rule, the classifier."""
    changes: dict[str, dict[str, Any]] = {}
    if deep:
        changes |= {
            f"{count} components": {"model.components": count}
            for count in COMPONENTS
            if count != config.model.components
        }
    if config.selection.lasso is not None:
        other = "1se" if config.selection.lasso.rule == "min" else "min"
        changes[f"LASSO at lambda.{other}"] = {"selection.lasso.rule": other}
    if config.model.classifier == "vote":
        changes |= {f"only {key}": {"model.classifier": key} for key in config.model.algorithms}
    return changes


def _own(config: StudyConfig) -> list[tuple[str, Mapping[str, Any]]]:
    return list(config.ablation.items())


def _named(config: StudyConfig, name: str, changes: Mapping[str, Any]) -> Variant:
    return _variant(config, name, "own", dict(changes))


def _variant(config: StudyConfig, name: str, group: str, changes: dict[str, Any]) -> Variant:
    """Change settings by their dotted names, checked as the study file is."""
    raw = config.model_dump(mode="python")
    for dotted, value in changes.items():
        *path, last = dotted.split(".")
        place = raw
        for key in path:
            if not isinstance(place.get(key), dict):
                raise DlrError(f"ablation '{name}': the study has no setting '{dotted}'")
            place = place[key]
        place[last] = value
    try:
        return Variant(name, group, StudyConfig.model_validate(raw))
    except ValidationError as error:
        where = Path(f"ablation '{name}'")
        raise InputError(settings_faults(where, error, StudyConfig)) from None


def _extracts(variant: StudyConfig, full: StudyConfig) -> bool:
    """Tell whether a variant computes other features than the full study."""
    return any(getattr(variant, name) != getattr(full, name) for name in _EXTRACTION)


def _rows(
    variant: Variant,
    cases: TrainingData,
    fit: CrossFit,
    data: TrainingData,
    full: CrossFit,
    config: StudyConfig,
) -> list[dict[str, object]]:
    """Judge one variant against the full model on the cases both have."""
    fused = config.model.nomogram_score
    both = data.features.index.intersection(cases.features.index)
    known = [name for name in (fused, NOMOGRAM) if name in fit.out_of_fold]
    lost = len(data.features) - len(both)
    note = f"{lost} cases without these features" if lost else ""
    rows = []
    for name in known:
        outcome, groups = data.outcome.loc[both], groups_of(data.subjects.loc[both])
        own, reference = fit.out_of_fold.loc[both, name], full.out_of_fold.loc[both, name]
        area = auc(outcome, own, groups=groups)
        limits = area.confidence_interval(config.evaluation.confidence_level)
        row: dict[str, object] = {
            "variant": variant.name,
            "group": variant.group,
            "score": name,
            "n": len(both),
            "n_features": float(np.mean([len(chosen) for chosen in fit.selected[fused]]))
            if fused in fit.selected
            else np.nan,
            "auc": area.value,
            "low": limits.low,
            "high": limits.high,
        }
        test = delong_test(outcome, own, reference, groups=groups)
        interval = test.confidence_interval(config.evaluation.confidence_level)
        row |= {
            "difference": test.difference,
            "difference_low": interval.low,
            "difference_high": interval.high,
            "p_value": test.p_value if variant.name != FULL else np.nan,
            "note": note,
        }
        rows.append(row)
    return rows
