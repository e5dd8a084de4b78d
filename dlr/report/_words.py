"""Names and phrases that several parts of the report share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlr.figures._text import interval, number, signed, with_level

if TYPE_CHECKING:
    import pandas as pd

    from dlr.config import StudyConfig
    from dlr.results import ModelEvaluation
    from dlr.stats import ClassificationMetrics

ESTIMATES = {
    "out-of-fold": "each case judged by models that never saw it (cross-validation)",
    "apparent": "fitted and judged on the same cases: too good by construction",
    "cross-validated": "classifiers judged on cases they left out, after features had been "
    "selected on all cases: too good as well",
    "frozen": "the finished model, unchanged, on a cohort it never saw",
}
"""What the kinds of estimate mean, in one phrase each."""


def listed(items: Sequence[str]) -> str:
    """Join words as in a sentence: ``a, b and c``."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 case``, ``2 cases``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def unit(config: StudyConfig) -> str:
    """Return what one case is."""
    return "patient" if config.unit == "subject" else "region of interest"


def outcome_name(config: StudyConfig) -> str:
    """Return what the predicted event is called: its label, as the study file has it."""
    return config.outcome.label or f"{config.outcome.column} = {config.outcome.positive}"


def variable_label(config: StudyConfig, name: str) -> str:
    """Return a clinical variable's label, or its name where it has none, with its unit."""
    variable = config.clinical_variables.get(name)
    return name if variable is None else variable.shown(name)


def class_labels(config: StudyConfig) -> tuple[str, str]:
    """Return what outcome 0 and outcome 1 are called on figures and in tables."""
    event = outcome_name(config)
    return (f"no {event}", event) if config.outcome.label else ("negative", "positive")


def set_meaning(name: str) -> str:
    """Say in words what a feature set is made of."""
    family, _, view = name.partition("_")
    fixed = {
        "clinic": "clinical variables only",
        "clinical": "clinical variables only",
        "dlr": "radiomics and deep features of all views, fused",
        "nomogram": "clinical variables and the DLR score",
    }
    if name.lower() in fixed:
        return fixed[name.lower()]
    families = {"rad": "handcrafted radiomics", "dl": "deep features", "mazda": "MaZda features"}
    meaning = families.get(family.lower().split("-")[0])
    return f"{meaning}, view '{view}'" if meaning and view else "as named in the settings"


def lost_cases(failures: pd.DataFrame) -> int:
    """Count the cases that are lost; a second reader's failure or a missing feature loses none."""
    lost = failures
    if "level" in lost:
        lost = lost[lost["level"] == "case"]
    if "reader" in lost:
        lost = lost[lost["reader"] == "first"]
    return int(lost["case_id"].nunique()) if len(lost) else 0


def auc_words(model: ModelEvaluation, level: float) -> str:
    """Return an AUC with its interval."""
    auc = model.roc.auc
    limits = auc.confidence_interval(level)
    return interval(auc.value, limits.low, limits.high)


WORSE = "ranks patients worse than chance"


def auc_detail(model: ModelEvaluation, level: float) -> str:
    """Return what stands under an AUC: how sure it is, and of how many cases."""
    auc = model.roc.auc.confidence_interval(level)
    cases = f"{plural(model.n, 'case')}, {plural(model.n_positive, 'event')}"
    worse = f"{WORSE}; " if model.roc.auc.value < 0.5 else ""
    return f"{worse}{with_level(auc.low, auc.high, level)}; {cases}"


def auc_remark(model: ModelEvaluation) -> str:
    """Return what the statistics say about an AUC whose interval cannot be trusted."""
    note = model.roc.auc.note
    return f" Mind: {note}." if note else ""


def worse_than_chance(model: ModelEvaluation, level: float) -> str:
    """Say what an AUC below 0.5 means; empty above."""
    auc = model.roc.auc
    if not auc.value < 0.5:
        return ""
    sure = (
        "more than chance explains, so something is turned round"
        if auc.confidence_interval(level).high < 0.5
        else "as chance alone makes it do where a score knows nothing"
    )
    return (
        f" An AUC below 0.5: here it {WORSE}, those with the outcome tend to get the lower scores "
        f"({sure})."
    )


def useless_threshold(threshold: float) -> bool:
    """Tell whether a threshold on the probability calls everyone alike."""
    return not 0 < threshold < 1


def one_sided(metrics: ClassificationMetrics) -> str:
    """Say where a threshold calls all cases alike; empty where it does not."""
    called = metrics.true_positive + metrics.false_positive
    cleared = metrics.true_negative + metrics.false_negative
    if not cleared:
        return " The threshold is useless here: it calls every case positive."
    if not called:
        return " The threshold is useless here: it calls no case positive."
    return ""


def calibration_words(model: ModelEvaluation) -> str:
    """Say how well predicted risks fit observed ones; empty where it is not known."""
    item = model.calibration
    if item is None:
        return ""
    if item.slope != item.slope:
        return f"cannot be judged ({item.note})" if item.note else ""
    large = item.calibration_in_the_large
    if item.slope < 0:
        return (
            f"the model {WORSE} here: the higher the risk it predicts, the fewer patients have the "
            f"outcome (calibration slope {number(item.slope)}, ideal 1); its risks must not be "
            f"used (calibration in the large {signed(large)}, ideal 0)"
        )
    if item.slope < 0.8:
        spread = "too extreme (high risks too high, low risks too low)"
    elif item.slope > 1.25:
        spread = "too cautious (too close to the average)"
    else:
        spread = "about right in their spread"
    level = "about right on average"
    if large > 0.2:
        level = "too low on average"
    elif large < -0.2:
        level = "too high on average"
    return (
        f"predicted risks are {spread} (calibration slope {number(item.slope)}, ideal 1) and "
        f"{level} (calibration in the large {signed(large)}, ideal 0)"
    )
