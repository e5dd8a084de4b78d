"""Cohorts drawn instead of read: random (stratified), by date, or by centre; always by subject."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dlr.errors import Fault, InputError
from dlr.safety.spreadsheets import read_csv_table, write_csv_table
from dlr.settings import SplitSettings

TRAINING, EXTERNAL, HOLD_OUT = "training", "external", "hold-out"
"""Cohorts of a split. What was drawn at random comes from the same hospitals: a hold-out."""


def split_cohorts(
    clinical: pd.DataFrame, settings: SplitSettings, seed: int, clinical_path: Path
) -> pd.Series:
    """Assign every case to ``"training"`` or the other cohort, whole subjects at a time.

    The other cohort is ``"external"`` where the split goes by date or centre, and ``"hold-out"``
    where it is drawn at random, which is an internal validation.

    A random split is drawn once and written beside the clinical table
    (``<name>.split.csv``); later runs read that file, so the split never changes silently.

    Parameters
    ----------
    clinical : pandas.DataFrame
        Columns ``subject_id``, ``outcome`` and, as the method needs, the date or centre column.
    settings : SplitSettings
    seed : int
        Seed of the random split.
    clinical_path : Path
        The clinical table.

    Returns
    -------
    pandas.Series
        Cohort of each row of `clinical`.

    Raises
    ------
    InputError
        If a needed cell cannot be read, a subject would fall into both cohorts, or the split
        file does not fit the table.
    """
    if settings.method == "random":
        path = clinical_path.with_suffix(".split.csv")
        return _random(clinical, settings.fraction, seed, path)
    if settings.method == "date":
        return _by_date(clinical, settings, clinical_path)
    column = settings.column or "center"
    chosen = clinical[column].isin(settings.training_centers)
    absent = sorted(set(settings.training_centers) - set(clinical[column]))
    if absent:
        known = ", ".join(sorted(set(clinical[column])))
        message = f"no case has center '{absent[0]}'; the centers are: {known}"
        raise InputError([Fault(message, clinical_path, column=column, code="split")])
    return _named(chosen)


def _named(training: pd.Series, other: str = EXTERNAL) -> pd.Series:
    return training.map({True: TRAINING, False: other}).rename("cohort")


def _random(clinical: pd.DataFrame, fraction: float, seed: int, path: Path) -> pd.Series:
    """Read the split drawn earlier, or draw it now and write it down."""
    if path.is_file():
        drawn = _drawn_earlier(path)
        unknown = sorted(set(clinical["subject_id"]) - set(drawn.index))
        if unknown:
            message = (
                f"the split was drawn before subject '{unknown[0]}' was added "
                f"({len(unknown)} new in all); add them to the file, or delete it to draw anew"
            )
            raise InputError([Fault(message, path, column="subject_id", code="split")])
        return clinical["subject_id"].map(drawn).rename("cohort")
    drawn = draw_random_split(clinical, fraction, seed)
    try:
        write_csv_table(drawn.rename_axis("subject_id").reset_index(), path)
    except OSError as error:
        message = f"the split cannot be written ({error.strerror}); make the folder writable"
        raise InputError([Fault(message, path, code="split")]) from None
    return clinical["subject_id"].map(drawn).rename("cohort")


def draw_random_split(clinical: pd.DataFrame, fraction: float, seed: int) -> pd.Series:
    """Draw the training subjects, stratified by whether a subject has any positive case.

    Parameters
    ----------
    clinical : pandas.DataFrame
        Columns ``subject_id`` and ``outcome``.
    fraction : float
        Share of subjects that train, in (0, 1).
    seed : int

    Returns
    -------
    pandas.Series
        Cohort by subject, sorted by subject.
    """
    positive = clinical.groupby("subject_id")["outcome"].max().sort_index()
    generator = np.random.default_rng(seed)
    training = pd.Series(False, index=positive.index)
    for value in sorted(positive.unique()):
        members = positive.index[positive == value].to_numpy()
        count = round(fraction * len(members))
        training.loc[generator.permutation(members)[:count]] = True
    return _named(training, HOLD_OUT)


def _by_date(clinical: pd.DataFrame, settings: SplitSettings, path: Path) -> pd.Series:
    assert settings.column is not None  # the schema requires it
    dates = pd.to_datetime(clinical[settings.column], errors="coerce", format="ISO8601")
    bad = clinical.index[dates.isna()]
    if len(bad):
        faults = [
            Fault(
                f"'{clinical.loc[i, settings.column]}' is not a date; write it as YYYY-MM-DD",
                path, int(clinical.loc[i, "_row"]), settings.column, "not-a-date",
            )
            for i in bad
        ]  # fmt: skip
        raise InputError(faults)
    # A subject seen on both sides of the day belongs where it was seen first.
    first = dates.groupby(clinical["subject_id"]).transform("min")
    return _named(first < pd.Timestamp(str(settings.before)))


def _drawn_earlier(path: Path) -> pd.Series:
    """Return the cohort of each subject from the file of an earlier draw."""
    try:
        drawn = read_csv_table(path, dtype=str, keep_default_na=False)
        found: pd.Series = drawn.drop_duplicates("subject_id").set_index("subject_id")["cohort"]
    except (KeyError, ValueError) as error:
        reason = " ".join(str(error).split())
        message = f"the file of the split cannot be read ({reason}); delete it to draw anew"
        raise InputError([Fault(message, path, code="split")]) from None
    # Earlier versions called the hold-out cohort external.
    return found.replace(EXTERNAL, HOLD_OUT)
