"""The cohort: who is studied, which files belong to whom, which outcome, which cohort."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pandas as pd

from dlr.cohort import rules
from dlr.cohort.reading import case_ids, only_cohort, read_tables, required_columns
from dlr.cohort.splits import TRAINING, split_cohorts
from dlr.cohort.tables import ROW, read_clinical_table
from dlr.cohort.values import code_outcome, code_variable, one_class_fault, with_gaps
from dlr.config import StudyConfig
from dlr.errors import Fault, InputError
from dlr.results import FlowStep


@dataclass(frozen=True, eq=False)
class Cohort:
    """Validated tables of a study.

    Parameters
    ----------
    config : StudyConfig
    clinical : pandas.DataFrame
        One row per case, indexed by ``case_id``: ``subject_id``, ``roi``, ``center``, ``cohort``,
        ``outcome`` (1, 0 or missing) and the declared clinical variables, coded.
    images : pandas.DataFrame
        One row per case, view and reader: ``case_id``, ``subject_id``, ``view`` (a view of the
        study), ``reader`` (``"first"`` or ``"second"``), ``image`` and ``mask`` (absolute
        paths), ``mask_label``, ``mask_segment``, ``row``.
    """

    config: StudyConfig
    clinical: pd.DataFrame
    images: pd.DataFrame

    @classmethod
    def load(cls, config: StudyConfig) -> Self:
        """Read and validate both tables of a study.

        Raises
        ------
        InputError
            With every fault of both tables: missing cells, duplicates, a subject in two
            cohorts, outcomes that are missing, of one class or not as declared, clinical rows
            without image and images without clinical row.
        """
        images, clinical = read_tables(config, required_columns(config))
        return cls._build(config, images, clinical, needs_outcome=True)

    @classmethod
    def load_new(
        cls,
        config: StudyConfig,
        images: Path,
        clinical: Path,
        variables: tuple[str, ...],
        image_root: Path | None = None,
        only: str | None = None,
        by_cohort: bool = False,
    ) -> Self:
        """Read tables of new patients for a frozen model; outcome and cohort may be absent.

        Parameters
        ----------
        config : StudyConfig
            Settings of the trained study.
        images, clinical : Path
            The new tables.
        variables : tuple of str
            Clinical variables the model needs; others may be absent.
        image_root : Path, optional
            Folder the image paths start from; that of `images` when left out.
        only : str, optional
            Take only the rows whose cohort column holds this value.
        by_cohort : bool
            Keep the cohorts apart if the cohort column holds several; otherwise all cases are of
            the cohort ``"new"``.

        Raises
        ------
        InputError
            As :meth:`load`.
        """
        paths = {"images": images, "clinical": clinical, "image_root": image_root}
        agreement = config.agreement
        second = agreement.reader if agreement else None
        config = config.model_copy(update={**paths, "agreement": None})
        required = [*variables, *(["roi"] if config.unit == "roi" else [])]
        required += [config.cohorts.column] if only is not None else []
        image_table, clinical_table = read_tables(config, tuple(required))
        # The second reader served the agreement of the training cohort; scores need one ROI, or
        # the mean of both where the model learnt from means.
        if agreement and agreement.average and (image_table["reader"] == second).any():
            config = config.model_copy(update={"agreement": agreement})
        elif second is not None:
            image_table = image_table[image_table["reader"] != second].reset_index(drop=True)
        # New patients need not include anybody of the reference level: the model knows it.
        present = {
            name: variable.model_copy(update={"reference": None})
            for name, variable in config.clinical_variables.items()
            if name in clinical_table
        }
        config = config.model_copy(update={"clinical_variables": present})
        if only is not None:
            image_table, clinical_table = only_cohort(
                image_table, clinical_table, only, config.cohorts.column, clinical
            )
        cohort = cls._build(config, image_table, clinical_table, needs_outcome=False)
        column = config.cohorts.column
        if by_cohort and column in clinical_table and clinical_table[column].nunique() > 1:
            return cohort._divided(clinical_table)
        return cohort

    def _divided(self, table: pd.DataFrame) -> Self:
        """Return the same cases in the cohorts the table names."""
        column = self.config.cohorts.column
        empty = table.loc[table[column] == "", ROW]
        if len(empty):
            message = "the cohort is empty; fill it in, or choose one cohort"
            raise InputError(
                Fault(message, self.config.clinical, int(row), column, "empty") for row in empty
            )
        named = table.set_index("case_id")[column].loc[self.clinical.index]
        return replace(self, clinical=self.clinical.assign(cohort=named))

    def column(self, name: str) -> pd.Series:
        """Return any column of the clinical table as text, indexed by case; NaN where missing.

        Raises
        ------
        InputError
            If the table has no such column.
        """
        table = read_clinical_table(self.config.clinical, (name,))
        values = table[name].set_axis(case_ids(table, self.config.unit))
        settings = self.config.clinical_variables.get(name)
        return with_gaps(values.loc[self.clinical.index].rename(name), settings)

    @classmethod
    def _build(
        cls, config: StudyConfig, images: pd.DataFrame, clinical: pd.DataFrame, needs_outcome: bool
    ) -> Self:
        faults: list[Fault] = []
        faults += rules.roi_faults(images, config.images, config)
        faults += rules.roi_faults(clinical, config.clinical, config)
        faults += rules.duplicate_case_faults(clinical, config.clinical)
        coded, found = _code_clinical(clinical, config, needs_outcome)
        faults += found
        views, found = _match_views(images, config)
        faults += found
        faults += rules.unmatched_faults(clinical, images, views, config)
        if needs_outcome and not any(fault.code.startswith("outcome") for fault in faults):
            coded["cohort"], found = _cohorts(clinical, coded, config)
            faults += found
        if faults:
            raise InputError(sorted(faults, key=lambda fault: (str(fault.file), fault.row or 0)))
        return cls(config, coded.set_index("case_id"), views.reset_index(drop=True))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all cohorts, in order."""
        return tuple(str(name) for name in pd.unique(self.clinical["cohort"]))

    @property
    def external_names(self) -> tuple[str, ...]:
        """Names of the external cohorts, in order."""
        return tuple(name for name in self.names if name != TRAINING)

    def cases(self, cohort: str) -> pd.DataFrame:
        """Return the clinical rows of one cohort."""
        return self.clinical[self.clinical["cohort"] == cohort]

    def flow(self) -> tuple[FlowStep, ...]:
        """Count cases and subjects per cohort."""
        return tuple(
            FlowStep("in the tables", str(name), len(rows), int(rows["subject_id"].nunique()))
            for name, rows in self.clinical.groupby("cohort", sort=False)
        )


def _code_clinical(
    clinical: pd.DataFrame, config: StudyConfig, needs_outcome: bool
) -> tuple[pd.DataFrame, list[Fault]]:
    """Code outcome and clinical variables; keep who and where."""
    coded = clinical[["case_id", "subject_id"]].copy()
    for column in ("roi", "center"):
        coded[column] = clinical.get(column, "")
    coded["cohort"] = TRAINING if needs_outcome else "new"
    faults: list[Fault] = []
    if config.outcome.column in clinical:
        outcome, faults = code_outcome(clinical, config.outcome, config.clinical, needs_outcome)
        coded["outcome"] = outcome
    else:
        coded["outcome"] = float("nan")
    for name, settings in config.clinical_variables.items():
        coded[name], found = code_variable(clinical, name, settings, config.clinical)
        faults += found
    return coded, faults


def _match_views(images: pd.DataFrame, config: StudyConfig) -> tuple[pd.DataFrame, list[Fault]]:
    """Give each view of the study its rows, one per case and reader."""
    second = config.agreement.reader if config.agreement else None
    images = images.assign(
        reader_name=images["reader"],
        reader=["second" if second and name == second else "first" for name in images["reader"]],
    )
    root = config.image_root or config.images.parent
    for column in ("image", "mask"):
        images[column] = [_place(root, cell) for cell in images[column]]
    parts = []
    for view, settings in config.views.items():
        source = settings.source or view
        # A table without view names serves every view: both planes come from one volume.
        rows = images if (images["view"] == "").all() else images[images["view"] == source]
        parts.append(rows.assign(view=view))
    views = pd.concat(parts)
    faults = rules.duplicate_image_faults(views, config)
    if second and not (images["reader"] == "second").any():
        message = f"no row has reader '{second}', which 'agreement.reader' names"
        faults.append(Fault(message, config.images, column="reader", code="reader"))
    columns = ["case_id", "subject_id", "view", "reader", "image", "mask"]
    return views[[*columns, "mask_label", "mask_segment", ROW]], faults


def _place(root: Path, cell: str) -> str:
    """Return the path that a cell names from a folder, without ``..`` in it.

    Tables of an import lie beside the export, so their paths lead out of their folder first; in
    messages the folder is cut off, and what is left must not be an export's folders.
    """
    path = str(root / cell)
    plain = os.path.normpath(path)
    if plain == path or os.path.realpath(plain) == os.path.realpath(path):
        return plain
    # A link on the way: ".." leads to the folder above its target.
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _cohorts(
    clinical: pd.DataFrame, coded: pd.DataFrame, config: StudyConfig
) -> tuple[pd.Series, list[Fault]]:
    """Read the cohort column or draw the split; the training cohort is always ``"training"``."""
    settings = config.cohorts
    if settings.split is not None:
        table = clinical.assign(outcome=coded["outcome"])
        cohort = split_cohorts(table, settings.split, config.seed, config.clinical)
    else:
        cohort = clinical[settings.column]
        faults = rules.cohort_faults(clinical, config)
        if faults:
            return cohort, faults
        cohort = cohort.where(cohort != settings.training, TRAINING)
    faults = rules.subject_in_two_cohorts_faults(clinical.assign(cohort=cohort), config.clinical)
    for name, rows in coded.groupby(cohort):
        faults += one_class_fault(
            rows["outcome"], str(name), config.clinical, config.outcome.column
        )
    return cohort, faults
