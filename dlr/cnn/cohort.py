"""The cases of a CNN study: which pictures belong to whom, with which labels, in which cohort."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import numpy as np
import pandas as pd

from dlr.cnn.cohort_names import NEW, named_cohorts, study_cohorts
from dlr.cnn.settings import CnnStudyConfig
from dlr.cohort import rules
from dlr.cohort.reading import case_ids, cohort_columns, only_cohort, read_both
from dlr.cohort.splits import TRAINING
from dlr.cohort.tables import (
    IMAGE_ALIASES,
    ROW,
    read_clinical_table,
    read_text_table,
    require_columns,
    standard_names,
)
from dlr.cohort.values import code_outcome, code_variable, with_gaps
from dlr.config import StudyConfig
from dlr.errors import Fault, InputError
from dlr.settings import ClinicalVariable

ANY = "any"
"""Name of the target of an `any` task."""


@dataclass(frozen=True, eq=False)
class CnnCohort:
    """Validated tables of a CNN study.

    Parameters
    ----------
    config : CnnStudyConfig
    cases : pandas.DataFrame
        One row per case, indexed by ``case_id``: ``subject_id``, ``roi``, ``center``, ``cohort``,
        one column per target (1, 0 or NaN) and per regression, and matching covariates.
    pictures : pandas.DataFrame
        One row per picture: ``case_id``, ``subject_id``, ``image`` and ``mask`` (absolute paths;
        mask may be empty), ``view``, ``row``.
    """

    config: CnnStudyConfig
    cases: pd.DataFrame
    pictures: pd.DataFrame

    @classmethod
    def load(cls, config: CnnStudyConfig) -> Self:
        """Read and validate both tables of a study.

        Raises
        ------
        InputError
            With every fault of both tables.
        """
        return cls._build(config, new=False, only=None, by_cohort=False)

    @classmethod
    def load_new(
        cls,
        config: CnnStudyConfig,
        images: Path,
        clinical: Path,
        image_root: Path | None = None,
        only: str | None = None,
        by_cohort: bool = False,
    ) -> Self:
        """Read tables of new patients for a frozen model; labels and cohort may be absent.

        Parameters
        ----------
        config : CnnStudyConfig
            Settings of the trained study.
        images, clinical : Path
            The new tables.
        image_root : Path, optional
            Folder the image paths start from; that of `images` when left out.
        only : str, optional
            Take only the rows whose cohort column holds this value.
        by_cohort : bool
            Keep the cohorts apart if the cohort column holds several, or the one that the study
            calls training: its rows come back as ``"training"``. Otherwise all cases are of the
            cohort ``"new"``.

        Raises
        ------
        InputError
            As :meth:`load`; with `by_cohort`, also if a cell of the cohort column is empty.
        """
        paths = {"images": images, "clinical": clinical, "image_root": image_root}
        config = config.model_copy(update={**paths, "matching": None})
        return cls._build(config, True, only, by_cohort)

    @classmethod
    def _build(cls, config: CnnStudyConfig, new: bool, only: str | None, by_cohort: bool) -> Self:
        required = _required(config, new, only)
        pictures, clinical = read_both(
            lambda: _read_pictures(config.images),
            lambda: read_clinical_table(config.clinical, required),
        )
        shared = cast(StudyConfig, config)  # the rules read only what both kinds of study have
        faults: list[Fault] = []
        for table, path in ((pictures, config.images), (clinical, config.clinical)):
            table["case_id"] = case_ids(table, config.unit)
            faults += rules.roi_faults(table, path, shared)
        faults += rules.duplicate_case_faults(clinical, config.clinical)
        if only is not None:
            pictures, clinical = only_cohort(
                pictures, clinical, only, config.cohorts.column, config.clinical
            )
        cases, found = _code(clinical, config, new)
        faults += found + _unmatched(cases, clinical, pictures, config)
        if not new and not any(fault.code.startswith("outcome") for fault in faults):
            cases["cohort"], found = study_cohorts(
                clinical, cases, config, list(target_names(config))
            )
            faults += found
        if by_cohort:
            cases["cohort"], found = named_cohorts(clinical, config)
            faults += found
        if faults:
            raise InputError(sorted(faults, key=lambda fault: (str(fault.file), fault.row or 0)))
        root = config.image_root or config.images.parent
        for column in ("image", "mask"):
            pictures[column] = [str(root / cell) if cell else "" for cell in pictures[column]]
        columns = ["case_id", "subject_id", "image", "mask", "view", ROW]
        return cls(config, cases.set_index("case_id"), pictures[columns].reset_index(drop=True))

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the binary targets, in the order of the network's outputs."""
        return target_names(self.config)

    @property
    def external_names(self) -> tuple[str, ...]:
        """Names of the cohorts that are not trained on, in order."""
        return tuple(str(n) for n in pd.unique(self.cases["cohort"]) if n != TRAINING)

    def picture_rows(self, case_ids: pd.Index) -> np.ndarray:
        """Return the positions in ``pictures`` of all pictures of these cases, rising."""
        return np.flatnonzero(self.pictures["case_id"].isin(case_ids).to_numpy())

    def column(self, name: str) -> pd.Series:
        """Return any column of the clinical table as text, indexed by case; NaN where missing.

        Raises
        ------
        InputError
            If the table has no such column.
        """
        table = read_clinical_table(self.config.clinical, (name,))
        values = table[name].set_axis(case_ids(table, self.config.unit))
        return with_gaps(values.loc[self.cases.index].rename(name))

    def without_pictures(self, rows: list[int]) -> CnnCohort:
        """Return the cohort without these rows of ``pictures``, and without cases left bare."""
        kept = self.pictures.drop(index=rows).reset_index(drop=True)
        cases = self.cases[self.cases.index.isin(kept["case_id"])]
        return CnnCohort(self.config, cases, kept)


def target_names(config: CnnStudyConfig) -> tuple[str, ...]:
    """Return the names of a study's binary targets."""
    if config.task.kind == "any":
        return (ANY,)
    return tuple(label.column for label in config.task.labels)


def _read_pictures(path: Path) -> pd.DataFrame:
    """Read the table of pictures; unlike the radiomics table it needs no mask."""
    table = standard_names(read_text_table(path, "images"), IMAGE_ALIASES)
    require_columns(table, path, ("subject_id", "image"))
    for column in IMAGE_ALIASES:
        if column not in table:
            table[column] = ""
    return table


def _required(config: CnnStudyConfig, new: bool, only: str | None) -> tuple[str, ...]:
    required = ["roi"] if config.unit == "roi" else []
    if only is not None:
        required.append(config.cohorts.column)
    if not new:
        required += [label.column for label in config.task.labels]
        required += [item.column for item in config.task.regressions]
        required += list(config.matching.covariates) if config.matching else []
        required += cohort_columns(config.cohorts)
    return tuple(dict.fromkeys(required))


def _code(
    clinical: pd.DataFrame, config: CnnStudyConfig, new: bool
) -> tuple[pd.DataFrame, list[Fault]]:
    """Code labels, regressions and covariates; keep who and where."""
    cases = clinical[["case_id", "subject_id"]].copy()
    for column in ("roi", "center"):
        cases[column] = clinical.get(column, "")
    cases["cohort"] = NEW if new else TRAINING
    required = not new and config.task.missing == "error"
    faults: list[Fault] = []
    coded: dict[str, pd.Series] = {}
    for label in config.task.labels:
        if label.column in clinical:
            coded[label.column], found = code_outcome(clinical, label, config.clinical, required)
            faults += found
        else:
            coded[label.column] = pd.Series(np.nan, index=clinical.index)
    if config.task.kind == "any":
        coded = {ANY: _any(pd.DataFrame(coded))}
    number = ClinicalVariable(type="continuous")
    for item in config.task.regressions:
        if item.column in clinical:
            coded[item.column], found = code_variable(
                clinical, item.column, number, config.clinical
            )
            faults += found
        else:
            coded[item.column] = pd.Series(np.nan, index=clinical.index)
    for name in config.matching.covariates if config.matching else ():
        if name not in coded:
            coded[name] = _covariate(clinical[name])
    return cases.assign(**coded), faults


def _any(labels: pd.DataFrame) -> pd.Series:
    """Tell whether any label is positive; unknown where none is and some are missing."""
    highest = labels.max(axis=1)
    return highest.where((highest == 1) | labels.notna().all(axis=1))


def _covariate(text: pd.Series) -> pd.Series:
    """Return numbers where all cells are numbers, the text otherwise."""
    numbers = pd.to_numeric(text.where(text != ""), errors="coerce")
    return numbers if numbers.notna().sum() == (text != "").sum() else text.where(text != "")


def _unmatched(
    cases: pd.DataFrame, clinical: pd.DataFrame, pictures: pd.DataFrame, config: CnnStudyConfig
) -> list[Fault]:
    """Report cases without picture, pictures without case, and pictures listed twice."""
    faults = []
    pictured, known = set(pictures["case_id"]), set(cases["case_id"])
    for case, row in zip(clinical["case_id"], clinical[ROW], strict=True):
        if case not in pictured:
            message = f"case '{case}' has no row in {config.images.name}; add the picture or delete"
            faults.append(Fault(f"{message} the row", config.clinical, int(row), code="no-image"))
    for case, image, row, again in zip(
        pictures["case_id"],
        pictures["image"],
        pictures[ROW],
        pictures.duplicated(["case_id", "image"]),
        strict=True,
    ):
        if case not in known:
            message = f"case '{case}' has no row in {config.clinical.name}; add it or delete this"
            fault = Fault(f"{message} row", config.images, int(row), code="no-clinical-row")
            faults.append(fault)
        elif again:
            message = f"the picture '{image}' is listed twice for case '{case}'; delete one row"
            faults.append(Fault(message, config.images, int(row), "image", "duplicate-image"))
    return faults
