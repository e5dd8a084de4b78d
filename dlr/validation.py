"""The frozen model on patients it has never seen: nothing is refitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dlr.case_views import CaseViews, case_views
from dlr.cohort import Cohort
from dlr.describe import (
    baseline_tables,
    complete_cases,
    example_crops,
    input_hashes,
    missing_values,
    provenance,
    study_flow,
)
from dlr.errors import DlrError
from dlr.external import ExternalValidation
from dlr.features.execution import Execution
from dlr.features.extraction import extract_features
from dlr.features.table import FeatureTable
from dlr.judgeable import judgeable_parts, subgroup_values
from dlr.models.bundle import Bundle
from dlr.models.cases import groups_of
from dlr.models.evaluation import evaluate, score_table
from dlr.models.feature_sets import NOMOGRAM
from dlr.models.identity import model_identity
from dlr.models.recalibration import Recalibration, recalibrate
from dlr.models.recalibration_file import RecalibrationFile
from dlr.progress import Progress, silent
from dlr.readers import reader_values
from dlr.subgroups import SubgroupColumn, SubgroupTable, judge_subgroups

NEW = "new"
"""Name of the cohort where the clinical table names none, or only one is looked at."""


def validate(
    bundle: Bundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int | Execution = 1,
    progress: Progress = silent,
    subgroups: Sequence[str] = (),
) -> ExternalValidation:
    """Score other cohorts with a frozen model and, as outcomes are known, judge the scores.

    Where the cohort column of the clinical table holds several values, each cohort is judged, and
    all of them together as ``"pooled"``; rows of the cohort that the bundle calls training are
    judged on their own and never pooled.

    Parameters
    ----------
    bundle : Bundle or path
        A trained bundle or its folder.
    images, clinical : path
        Tables of the new cohorts, laid out as for training.
    work : path
        Folder of the feature cache.
    image_root : path, optional
        Folder the image paths start from; that of `images` if left out.
    only : str, optional
        Take only the rows of this cohort.
    workers : int or Execution
        Where images are worked through; no number depends on it.
    progress : callable
    subgroups : sequence of str
        Columns of the clinical table to judge by, such as ``"sex"`` or ``"age:40,60"``; see
        :class:`dlr.subgroups.SubgroupColumn`.

    Returns
    -------
    ExternalValidation
        With recalibrations on offer; none is applied.

    Raises
    ------
    InputError
        If the tables are faulty, the outcome column is absent, or no outcome is known.
    """
    columns = [SubgroupColumn.parse(text) for text in subgroups]
    request = _Request(bundle, images, clinical, work, image_root, only)
    frozen, cohort = request.read(by_cohort=True)
    config = frozen.config
    # What the tables alone tell must not wait until hours of extraction are over.
    parts, _ = judgeable_parts(cohort.clinical.reset_index(), cohort, config.cohorts.training)
    values = subgroup_values(columns, parts, cohort)
    scored = request.score(frozen, cohort, workers, progress)
    table = scored.table()
    parts, reasons = judgeable_parts(table, cohort, config.cohorts.training)
    evaluations = tuple(
        evaluate(part, frozen.thresholds, config.evaluation, config.seed) for part in parts
    )
    training = config.cohorts.training
    main = parts[-1]
    return scored.result(
        table,
        evaluation=evaluations[-1],
        evaluations=evaluations,
        not_judged=reasons,
        baseline=baseline_tables(scored.cohort),
        subgroups=_subgroups(main, columns, values, scored),
        recalibrations={
            item.cohort: _recalibrations(part)
            for part, item in zip(parts, evaluations, strict=True)
            if item.cohort != training
        },
    )


def predict(
    bundle: Bundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int | Execution = 1,
    progress: Progress = silent,
    recalibration: RecalibrationFile | str | Path | None = None,
) -> ExternalValidation:
    """Score new patients; no outcome is needed or used.

    The first parameters are those of :func:`validate`.

    Parameters
    ----------
    recalibration : RecalibrationFile or path, optional
        Update the scores as a validation's ``recalibration.json`` says; the result says so. The
        thresholds move along, so that the same cases are called positive.

    Returns
    -------
    ExternalValidation
        With ``evaluation`` None.

    Raises
    ------
    InputError
        If the tables or the recalibration file are faulty.
    DlrError
        If the recalibration was fitted for another model.
    """
    update = recalibration
    if update is not None and not isinstance(update, RecalibrationFile):
        update = RecalibrationFile.read(update)
    request = _Request(bundle, images, clinical, work, image_root, only)
    frozen, cohort = request.read(by_cohort=False, update=update)
    scored = request.score(frozen, cohort, workers, progress, update)
    return scored.result(scored.table(), evaluation=None, baseline={})


@dataclass(frozen=True)
class _Request:
    """Which cases are to be scored by which model."""

    bundle: Bundle | str | Path
    images: str | Path
    clinical: str | Path
    work: str | Path
    image_root: str | Path | None
    only: str | None

    def read(
        self, by_cohort: bool, update: RecalibrationFile | None = None
    ) -> tuple[Bundle, Cohort]:
        """Read the bundle and the tables; images are not touched."""
        frozen = self.bundle if isinstance(self.bundle, Bundle) else Bundle.load(self.bundle)
        if update is not None:
            update.check(frozen)
        cohort = Cohort.load_new(
            frozen.config,
            Path(self.images).resolve(),
            Path(self.clinical).resolve(),
            frozen.clinical_variables,
            None if self.image_root is None else Path(self.image_root).resolve(),
            self.only,
            by_cohort,
        )
        return frozen, cohort

    def score(
        self,
        frozen: Bundle,
        cohort: Cohort,
        workers: int | Execution,
        progress: Progress,
        update: RecalibrationFile | None = None,
    ) -> _Scored:
        """Extract the features and score the cases."""
        features = reader_values(
            cohort, extract_features(cohort, Path(self.work), workers, progress)
        )
        if features.values.empty:
            failed = features.failures["reason"]
            reason = failed.iloc[0] if len(failed) else "no case given"
            raise DlrError(f"no case could be processed; the first reason: {reason}")
        cases = pd.concat([complete_cases(cohort, features, name) for name in cohort.names])
        scores = frozen.score(features.values.loc[cases.index], cases)
        return _Scored(frozen, cohort, features, cases, scores, Path(self.work), update)


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scored cases, before anything is judged."""

    bundle: Bundle
    cohort: Cohort
    features: FeatureTable
    cases: pd.DataFrame
    scores: pd.DataFrame
    work: Path
    update: RecalibrationFile | None

    def table(self) -> pd.DataFrame:
        """Return the long score table, each case under its cohort's name."""
        scores = self.scores if self.update is None else self.update.apply(self.scores)
        table = score_table(scores, self.cases, NEW, "frozen")
        table["cohort"] = self.cases["cohort"].loc[table["case_id"]].to_numpy()
        table.loc[table["cohort"] == self.bundle.config.cohorts.training, "estimate"] = "apparent"
        if self.update is not None:
            table["recalibrated"] = table["feature_set"].isin(list(self.update.updates))
        return table

    def _views(self, table: pd.DataFrame) -> CaseViews | None:
        """Take single cases apart for the report."""
        return case_views(
            self.bundle,
            self.cohort,
            self.features,
            table,
            self.work,
            thresholds=self.bundle.thresholds,
        )

    def result(self, table: pd.DataFrame, **found: Any) -> ExternalValidation:
        """Describe the cases around what was found."""
        bundle, update = self.bundle, self.update
        redrawn = update is not None and NOMOGRAM in update.updates
        thresholds = bundle.thresholds
        said = {f"bundle {key}": str(name) for key, name in bundle.summary.get("files", {}).items()}
        if update is not None:
            thresholds = update.thresholds(bundle.thresholds)
            said["recalibration"] = update.describe()
        model = model_identity(bundle)
        return ExternalValidation(
            config=self.cohort.config,
            cohort=", ".join(self.cohort.names),
            flow=study_flow(self.cohort, self.features),
            scores=table,
            flags=bundle.flags(self.features.values.loc[self.cases.index], self.cases),
            # A drawing of the old coefficients beside new probabilities would mislead.
            nomogram=None if redrawn else bundle.chart,
            thresholds=thresholds,
            missing=missing_values(self.cohort),
            failures=self.features.failures,
            examples=example_crops(self.cohort, self.features, self.work),
            # Points and contributions are the frozen model's, not the recalibrated one's.
            cases=None if update is not None else self._views(table),
            provenance={
                **provenance(self.cohort.config, self.features),
                **input_hashes(self.cohort),
                "bundle trained": str(bundle.summary["trained"]),
                "bundle study": str(bundle.summary["name"]),
                "bundle sha256": model,
                **said,
            },
            warnings=bundle.warnings,
            applied=update,
            model=model,
            **found,
        )


def _recalibrations(part: pd.DataFrame) -> dict[str, Recalibration]:
    """Fit the updates of every score on one cohort."""
    found = {}
    for name, rows in part[part["outcome"].notna()].groupby("feature_set", sort=False):
        groups = groups_of(rows["subject_id"])
        found[str(name)] = recalibrate(rows["outcome"], rows["score"], str(name), groups=groups)
    return found


def _subgroups(
    part: pd.DataFrame,
    columns: Sequence[SubgroupColumn],
    values: Mapping[str, pd.Series],
    scored: _Scored,
) -> tuple[SubgroupTable, ...]:
    level = scored.bundle.config.evaluation.confidence_level
    return tuple(
        judge_subgroups(
            rows, values[column.column], column, scored.bundle.thresholds[str(name)], level
        )
        for name, rows in part.groupby("feature_set", sort=False)
        for column in columns
    )
