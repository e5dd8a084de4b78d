"""What kind of validation a cohort is: a hold-out of the same hospital is no external cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlr.cohort.splits import HOLD_OUT, TRAINING
from dlr.report._words import listed

if TYPE_CHECKING:
    import pandas as pd

    from dlr.config import StudyConfig


def is_hold_out(config: StudyConfig, cohort: str) -> bool:
    """Tell whether a cohort was drawn at random from the same patients as the training cohort."""
    split = config.cohorts.split
    return split is not None and split.method == "random" and cohort == HOLD_OUT


def cohort_title(config: StudyConfig, cohort: str) -> str:
    """Return what a cohort is called in a heading or a sentence."""
    return f"{cohort} (internal)" if is_hold_out(config, cohort) else cohort


def shared_centers(scores: pd.DataFrame, cohort: str) -> tuple[str, ...]:
    """Return the centres of a cohort if every one of them trained, too; otherwise nothing."""
    own = _centers(scores[scores["cohort"] == cohort])
    training = _centers(scores[scores["cohort"] == TRAINING])
    return tuple(sorted(own)) if own and own <= training else ()


def _centers(rows: pd.DataFrame) -> set[str]:
    return {str(name) for name in rows["center"].dropna()} - {""}


def cohort_origin(config: StudyConfig, scores: pd.DataFrame, cohort: str) -> str:
    """Return ``"inside"`` or ``"outside"`` the centres that trained; empty where not known."""
    if is_hold_out(config, cohort):
        return "inside"
    own = _centers(scores[scores["cohort"] == cohort])
    training = _centers(scores[scores["cohort"] == TRAINING])
    if not own or not training:
        return ""
    if own <= training:
        return "inside"
    return "" if own & training else "outside"


def cohort_warning(config: StudyConfig, scores: pd.DataFrame, cohort: str) -> str:
    """Say where a cohort the models never saw is no external validation all the same."""
    if is_hold_out(config, cohort):
        return (
            "The hold-out cohort is an internal validation: it was drawn at random from the same "
            "patients as the training cohort, so it shares their hospital, scanners and time. It "
            "tells how the model does on more such patients, not how it does elsewhere; that "
            "needs patients of another hospital."
        )
    centers = shared_centers(scores, cohort)
    if not centers:
        return ""
    names = f"centre {centers[0]}" if len(centers) == 1 else f"centres {listed(centers)}"
    return (
        f"The {cohort} cohort comes from {names}, which trained, too. Whatever it is called, it "
        "tells nothing about other hospitals."
    )


def split_file(config: StudyConfig) -> str:
    """Say where a random split was written; empty where none was drawn."""
    split = config.cohorts.split
    if split is None or split.method != "random":
        return ""
    table = config.clinical
    return (
        f"The split was written to {table.with_suffix('.split.csv').name} in the folder of the "
        f"clinical table {table.name} when it was drawn; later runs read it from there, so it "
        "stays the same. Keep the file with the data; deleting it draws a new split."
    )
