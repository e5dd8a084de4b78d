"""The study protocol, from tables to results; :meth:`Study.train` reads like a methods section."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import pandas as pd

from dlr.cohort import Cohort
from dlr.cohort.splits import TRAINING
from dlr.config import StudyConfig
from dlr.describe import (
    baseline_tables,
    complete_cases,
    example_crops,
    missing_values,
    provenance,
    study_flow,
)
from dlr.errors import DlrError
from dlr.features.extraction import Progress, extract_features, silent
from dlr.features.table import FeatureTable
from dlr.models.bundle import Bundle, training_ranges
from dlr.models.chart import study_nomogram
from dlr.models.crossfit import DLR, CrossFit, TrainingData, cross_fit, score_all
from dlr.models.evaluation import evaluate, lock_thresholds, score_table
from dlr.outputs import write_run
from dlr.results import (
    SelectionTrace,
    StudyResult,
)
from dlr.stats import (
    IccTable,
    LogisticTable,
    icc_table,
    multivariable_logistic,
    univariate_logistic,
)


@dataclass(frozen=True, eq=False)
class TrainedStudy:
    """What training gives: the result to read and the bundle to carry elsewhere."""

    result: StudyResult
    bundle: Bundle

    def save(self, folder: str | Path) -> Path:
        """Write report, tables, scores and bundle into `folder`; return the report's path."""
        folder = Path(folder)
        report = write_run(self.result, folder)
        self.bundle.save(folder / "bundle")
        return report


@dataclass(frozen=True)
class Study:
    """A study defined by its settings.

    Examples
    --------
    >>> study = Study.from_yaml("study.yaml")                       # doctest: +SKIP
    >>> cohort = study.cohort()                                     # doctest: +SKIP
    >>> trained = study.train(cohort, study.extract(cohort))        # doctest: +SKIP
    >>> trained.save("runs/mine")                                   # doctest: +SKIP
    """

    config: StudyConfig
    work: Path

    @classmethod
    def from_yaml(
        cls, path: str | Path, work: str | Path | None = None, root: str | Path | None = None
    ) -> Self:
        """Read a study file.

        Parameters
        ----------
        path : path
            The ``study.yaml``.
        work : path, optional
            Folder of cache and feature tables; ``dlr-work`` beside the study file if left out.
        root : path, optional
            Folder the image paths start from; overrides ``image_root``.

        Raises
        ------
        InputError
            With every fault of the file.
        """
        config = StudyConfig.from_yaml(path)
        if root is not None:
            config = config.model_copy(update={"image_root": Path(root).resolve()})
        folder = Path(work) if work is not None else Path(path).resolve().parent / "dlr-work"
        return cls(config, folder)

    def cohort(self) -> Cohort:
        """Read and validate the two tables."""
        return Cohort.load(self.config)

    def extract(
        self, cohort: Cohort, workers: int = 1, progress: Progress = silent
    ) -> FeatureTable:
        """Compute all features, taking from the cache what was computed before.

        The feature table and the list of failures are written into the work folder.
        """
        table = extract_features(cohort, self.work, workers, progress)
        table.save(self.work)
        return table

    def train(
        self,
        cohort: Cohort,
        features: FeatureTable,
        workers: int = 1,
        progress: Progress = silent,
    ) -> TrainedStudy:
        """Run the protocol.

        The training cohort alone decides everything: features, penalties, classifiers, clinical
        variables, thresholds. External cohorts are scored once, by the frozen models.

        Parameters
        ----------
        cohort : Cohort
        features : FeatureTable
        workers : int
            Processes; the numbers do not depend on it.
        progress : callable

        Returns
        -------
        TrainedStudy

        Raises
        ------
        DlrError
            If too few training cases are left after failures.
        """
        config = self.config
        training = training_data(cohort, features)
        fit = cross_fit(training, config, workers, progress)
        clinical = cohort.clinical.loc[training.features.index]
        out_of_fold = score_table(fit.out_of_fold, clinical, TRAINING, "out-of-fold")
        thresholds = lock_thresholds(out_of_fold)
        apparent = score_all(fit.final, training.features, training.clinical)
        tables = [out_of_fold, score_table(apparent, clinical, TRAINING, "apparent")]
        for name in cohort.external_names:
            external = complete_cases(cohort, features, name)
            if not external.empty:
                values = features.values.loc[external.index]
                scores = score_all(fit.final, values, external)
                tables.append(score_table(scores, external, name, "frozen"))
        evaluations = tuple(
            evaluate(table, thresholds, config.evaluation, config.seed) for table in tables
        )
        chart = study_nomogram(
            fit.final.nomogram,
            training.clinical,
            fit.final.signatures[DLR].inner_scores,
            config,
        )
        result = StudyResult(
            config=config,
            flow=study_flow(cohort, features),
            scores=pd.concat(tables, ignore_index=True),
            evaluations=evaluations,
            traces=_traces(fit),
            baseline=baseline_tables(cohort),
            **_regressions(cohort, fit),
            clinical_variables=() if fit.final.choice is None else fit.final.choice.chosen,
            clinical_ranking=pd.DataFrame() if not fit.final.choice else fit.final.choice.ranking,
            nomogram=chart,
            thresholds=thresholds,
            agreement=_agreement(training, config),
            missing=missing_values(cohort),
            failures=features.failures,
            examples=example_crops(cohort, features, self.work),
            provenance=provenance(config, features),
        )
        return TrainedStudy(result, _freeze(cohort, training, fit, result))


def training_data(cohort: Cohort, features: FeatureTable) -> TrainingData:
    """Put features, clinical variables and outcome of the training cohort side by side."""
    rows = complete_cases(cohort, features, TRAINING)
    if rows["outcome"].nunique() < 2:
        raise DlrError(
            f"only {len(rows)} training cases were extracted and they have one outcome; "
            "see failures.csv for the cases that failed"
        )
    return TrainingData(
        features.values.loc[rows.index],
        rows[list(cohort.config.clinical_variables)],
        rows["outcome"].astype(int),
        rows["subject_id"],
        features.second_reader[features.second_reader.index.isin(rows.index)],
    )


def _regressions(cohort: Cohort, fit: CrossFit) -> dict[str, LogisticTable | None]:
    """Run the univariate and multivariable regressions of the clinical variables."""
    choice, clinic = fit.final.choice, fit.final.clinic
    if choice is None or clinic is None:
        return {"univariate": None, "multivariable": None}
    config = cohort.config
    rows = cohort.cases(TRAINING)
    references = {
        name: settings.reference
        for name, settings in config.clinical_variables.items()
        if settings.reference is not None and (rows[name] == settings.reference).any()
    }
    significant = choice.ranking.loc[choice.ranking["p_multivariable"].notna(), "variable"]
    joint = list(significant) or list(choice.chosen)
    return {
        "univariate": univariate_logistic(
            rows, "outcome", list(config.clinical_variables), references=references
        ),
        "multivariable": multivariable_logistic(rows, "outcome", joint, references=references),
    }


def _traces(fit: CrossFit) -> dict[str, SelectionTrace]:
    """Record what became of the features of each set."""
    traces = {}
    for name, signature in fit.final.signatures.items():
        folds = fit.selected[name]
        counts = pd.Series([feature for fold in folds for feature in fold]).value_counts()
        fitted = signature.fitted
        traces[name] = SelectionTrace(
            name,
            fitted.steps,
            fitted.coefficients,
            counts / len(folds),
            fitted.lasso,
            fitted.fallbacks,
        )
    return traces


def _agreement(training: TrainingData, config: StudyConfig) -> IccTable | None:
    """Measure the readers' agreement on the double-read training cases, for the report."""
    both = training.features.index.intersection(training.second_reader.index)
    if config.agreement is None or len(both) < 3:
        return None
    columns = [c for c in training.features.columns if ".rad." in c]
    first, second = training.features.loc[both, columns], training.second_reader.loc[both, columns]
    return icc_table(first, second, form=config.agreement.form)


def _freeze(
    cohort: Cohort,
    training: TrainingData,
    fit: CrossFit,
    result: StudyResult,
) -> Bundle:
    """Put the final models into a bundle, with the ranges they were trained on."""
    config = cohort.config
    signatures = {name: fitted.signature for name, fitted in fit.final.signatures.items()}
    used = () if fit.final.clinic is None else fit.final.clinic.encoder.variables
    continuous = [variable.name for variable in used if not variable.levels]
    levels = {variable.name: variable.levels for variable in used if variable.levels}
    performance = [
        {
            "cohort": item.cohort,
            "estimate": item.estimate,
            "auc": {name: model.roc.auc.value for name, model in item.models.items()},
        }
        for item in result.evaluations
    ]
    summary = {
        "name": config.name,
        "simulated": config.simulated,
        "n_training": len(training.outcome),
        "n_positive": int(training.outcome.sum()),
        "n_subjects": int(training.subjects.nunique()),
        "prevalence": float(training.outcome.mean()),
        "performance": performance,
        "dlr": version("dlr"),
        "trained": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    return Bundle(
        config,
        signatures,
        fit.final.clinic,
        fit.final.nomogram,
        result.nomogram,
        result.thresholds,
        training_ranges(signatures, training.features, training.clinical[continuous]),
        levels,
        summary,
    )
