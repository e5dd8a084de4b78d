"""The study protocol, from tables to results; :meth:`Study.train` reads like a methods section."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import pandas as pd

from dlr.case_views import case_views
from dlr.cohort import Cohort
from dlr.cohort.splits import TRAINING
from dlr.config import StudyConfig
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
from dlr.features.execution import Execution
from dlr.features.extraction import extract_features
from dlr.features.table import FeatureTable, is_deep
from dlr.models.bundle import Bundle, training_ranges
from dlr.models.cases import TrainingData
from dlr.models.chain import MINIMUM_DOUBLE_READ
from dlr.models.chart import study_nomogram
from dlr.models.crossfit import FinalModels
from dlr.models.evaluation import evaluate, lock_thresholds, score_table
from dlr.models.feature_sets import NOMOGRAM
from dlr.models.model_card import write_model_card
from dlr.models.risk_distribution import training_risks
from dlr.outputs import write_run
from dlr.progress import Progress, silent
from dlr.protocol import ProtocolRun, run_protocol
from dlr.readers import perturbation_icc, reader_values
from dlr.regressions import clinical_regressions, harmonised_centers
from dlr.report._warnings import model_warnings
from dlr.results import SelectionTrace, StudyResult
from dlr.safe_files import staged
from dlr.stats import IccTable, icc_table
from dlr.training_views import training_views


@dataclass(frozen=True, eq=False)
class TrainedStudy:
    """What training gives: the result to read and the bundle to carry elsewhere."""

    result: StudyResult
    bundle: Bundle

    def save(self, folder: str | Path, *, pdf: bool = False, progress: Progress = silent) -> Path:
        """Write report, web nomogram, tables, scores and bundle; return the report's path.

        With `pdf` every figure is saved as PDF, too. Files of a run that was there before and
        that this one does not have are removed.
        """
        folder = Path(folder)
        with staged(folder, "study") as stage:
            report = write_run(self.result, stage, pdf=pdf, progress=progress)
            for place in (stage, stage / "bundle"):
                write_model_card(self.bundle, place, self.result)
            self.bundle.save(stage / "bundle")
            if self.bundle.chart is not None:
                from dlr.report.nomogram_page import WebNomogram, write_nomogram_page

                page = WebNomogram.from_bundle(self.bundle, self.result.scores)
                write_nomogram_page(page, stage / "nomogram.html")
        return folder / report.relative_to(stage)


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
        self, cohort: Cohort, workers: int | Execution = 1, progress: Progress = silent
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
        features = reader_values(cohort, features)
        training = training_data(cohort, features)
        cohorts = {name: case_data(cohort, features, name) for name in cohort.external_names}
        externals = {name: cases for name, cases in cohorts.items() if len(cases.outcome)}
        stability = perturbation_icc(config, features.values.columns)
        run = run_protocol(training, externals, config, workers, progress, stability)
        tables = [
            score_table(
                scores,
                cohort.clinical,
                TRAINING,
                estimate,
                run.folds if estimate == "out-of-fold" else None,
            )
            for estimate, scores in run.training.items()
        ]
        thresholds = lock_thresholds(tables[0])
        tables += [
            score_table(scores, cohort.clinical, name, "frozen")
            for name, scores in run.external.items()
        ]
        progress("evaluation", 0, len(tables))
        evaluations = []
        for number, table in enumerate(tables, start=1):
            evaluations.append(evaluate(table, thresholds, config.evaluation, config.seed))
            progress("evaluation", number, len(tables))
        chart = study_nomogram(
            run.final.nomogram,
            training.clinical,
            run.final.signatures[run.final.nomogram_score].inner_scores,
            config,
        )
        regressions = clinical_regressions(cohort, run.final)
        result = StudyResult(
            config=config,
            flow=study_flow(cohort, features),
            scores=pd.concat(tables, ignore_index=True),
            evaluations=tuple(evaluations),
            traces=_traces(run),
            baseline=baseline_tables(cohort),
            univariate=regressions.univariate,
            multivariable=regressions.multivariable,
            pooled=regressions.pooled,
            clinical_variables=() if run.final.choice is None else run.final.choice.chosen,
            clinical_ranking=pd.DataFrame() if not run.final.choice else run.final.choice.ranking,
            nomogram=chart,
            thresholds=thresholds,
            agreement=_agreement(training, config),
            missing=missing_values(cohort),
            failures=features.failures,
            examples=example_crops(cohort, features, self.work),
            provenance={**provenance(config, features), **input_hashes(cohort)},
            grid=run.grid,
            audit=run.audit,
            stability=stability,
            centers=harmonised_centers(training, config),
            views=training_views(training, run.final, config, stability),
        )
        bundle = _freeze(cohort, training, run.final, result)
        views = case_views(bundle, cohort, features, result.scores, self.work, progress=progress)
        return TrainedStudy(replace(result, cases=views), bundle)


def training_data(cohort: Cohort, features: FeatureTable) -> TrainingData:
    """Put features, clinical variables and outcome of the training cohort side by side.

    Raises
    ------
    DlrError
        If the cases that were extracted have one outcome only.
    """
    cases = case_data(cohort, features, TRAINING)
    if cases.outcome.nunique() < 2:
        raise DlrError(
            f"only {len(cases.outcome)} training cases were extracted and they have one outcome; "
            "see failures.csv for the cases that failed"
        )
    return replace(cases, outcome=cases.outcome.astype(int))


def case_data(cohort: Cohort, features: FeatureTable, name: str) -> TrainingData:
    """Put features, clinical variables and outcome of one cohort side by side.

    Cases whose features failed are left out; outcomes of an external cohort may be missing.
    """
    rows = complete_cases(cohort, features, name)
    return TrainingData(
        features.values.loc[rows.index],
        rows[list(cohort.config.clinical_variables)],
        rows["outcome"],
        rows["subject_id"],
        features.second_reader[features.second_reader.index.isin(rows.index)],
        rows.get("center"),
    )


def _traces(run: ProtocolRun) -> dict[str, SelectionTrace]:
    """Record what became of the features of each set."""
    traces = {}
    for name, signature in run.final.signatures.items():
        fitted = signature.fitted
        if fitted is None:
            continue
        folds = run.selected.get(name, [])
        counts = pd.Series([feature for fold in folds for feature in fold]).value_counts()
        traces[name] = SelectionTrace(
            name,
            fitted.steps,
            fitted.coefficients,
            counts / max(len(folds), 1),
            fitted.lasso,
            fitted.fallbacks,
        )
    return traces


def _agreement(training: TrainingData, config: StudyConfig) -> IccTable | None:
    """Measure the readers' agreement on the double-read training cases, for the report."""
    both = training.features.index.intersection(training.second_reader.index)
    if config.agreement is None or len(both) < MINIMUM_DOUBLE_READ:
        return None
    columns = [c for c in training.features.columns if not is_deep(c)]
    first, second = training.features.loc[both, columns], training.second_reader.loc[both, columns]
    return icc_table(first, second, form=config.agreement.form)


def _freeze(
    cohort: Cohort,
    training: TrainingData,
    models: FinalModels,
    result: StudyResult,
) -> Bundle:
    """Put the final models into a bundle, with the ranges they were trained on."""
    config = cohort.config
    signatures = {name: fitted.signature for name, fitted in models.signatures.items()}
    used = () if models.clinic is None else models.clinic.encoder.variables
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
    risks = training_risks(result.scores, TRAINING, NOMOGRAM)
    summary = {
        "training_risks": None if risks is None else risks.to_dict(),
        "name": config.name,
        "simulated": config.simulated,
        "n_training": len(training.outcome),
        "n_positive": int(training.outcome.sum()),
        "n_subjects": int(training.subjects.nunique()),
        "prevalence": float(training.outcome.mean()),
        "performance": performance,
        # The bundle's copies of these files have names of their own.
        "files": config.file_names,
        # The report stays behind when the bundle goes to another hospital; the warnings must not.
        "warnings": model_warnings(result),
        "dlr": version("dlr"),
        "trained": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    return Bundle(
        config,
        signatures,
        models.clinic,
        models.nomogram,
        result.nomogram,
        result.thresholds,
        training_ranges(
            signatures, training.features, training.clinical[continuous], training.centers
        ),
        levels,
        summary,
    )
