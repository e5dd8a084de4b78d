"""Tables of a report: formatted for readers, unrounded for the CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from dlr.figures._text import DASH, interval, number, p_cell
from dlr.report._blocks import Table
from dlr.report._methods_outcome import fallback_sentences
from dlr.report._words import WORSE, class_labels, useless_threshold, variable_label

if TYPE_CHECKING:
    from dlr.config import StudyConfig
    from dlr.results import CohortEvaluation, ModelEvaluation, SelectionTrace
    from dlr.stats import (
        BaselineTable,
        ClassificationMetrics,
        DelongMatrix,
        Proportion,
    )

_METRICS = ("accuracy", "sensitivity", "specificity", "ppv", "npv")
_TESTS = {
    "Student": "t",
    "Welch": "Welch t",
    "Mann-Whitney": "Mann-Whitney",
    "Chi-squared": "\N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO}",
    "Fisher": "Fisher",
}
LONG = 30
"""Longer tables are folded until clicked."""
_HEADINGS = {
    "smd": "SMD",
    "auc": "AUC",
    "mean auc": "Mean AUC",
    "icc": "ICC",
    "n": "n",
    "case id": "Case",
    "n missing": "Missing",
}
_METRIC_NAMES = {"ppv": "PPV", "npv": "NPV"}


def plain_table(name: str, caption: str, frame: pd.DataFrame, note: str = "") -> Table:
    """Make a table of any frame: numbers shortened, P values as journals print them."""
    shown = pd.DataFrame({heading(key): _cells(key, frame[key]) for key in frame.columns})
    return Table(name, caption, shown, frame, note, len(frame) > LONG)


def heading(name: object) -> str:
    """Turn a column name into a heading: ``p_value`` becomes ``P``; ``Rad_sag`` stays."""
    text = str(name).replace("_", " ").strip()
    if text.lower() in ("p value", "p"):
        return "P"
    own = str(name) if text != text.lower() else text[:1].upper() + text[1:]
    return _HEADINGS.get(text.lower(), own)  # what has capitals is a name, of a feature set say


def _cells(name: object, column: pd.Series) -> list[str]:
    is_p = str(name).lower().split("_")[0] in ("p", "p-value", "pvalue")
    return [_cell(value, is_p=is_p) for value in column]


def _cell(value: object, *, is_p: bool) -> str:
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    if isinstance(value, int) or float(str(value)).is_integer():
        return str(int(float(str(value))))
    return p_cell(float(str(value))) if is_p else number(float(str(value)), 3)


_WHENCE = {
    "out-of-fold": "Each fold was judged at the threshold that is best on the other folds; the one "
    "threshold given is that of all folds together, which other cohorts are judged at, so counting "
    "these scores at it gives other shares.",
    "apparent": "The threshold was chosen on these very cases.",
    "cross-validated": "The threshold was chosen on these very cases.",
    "frozen": "The threshold was fixed on the training cohort.",
}


def performance_table(evaluation: CohortEvaluation, name: str, caption: str, level: float) -> Table:
    """One row per feature set: AUC and the metrics at the locked threshold, with intervals."""
    rows = []
    for key, model in evaluation.models.items():
        auc = model.roc.auc
        limits = auc.confidence_interval(level)
        row = {
            "Feature set": key,
            "n (events)": f"{model.n} ({model.n_positive})",
            "AUC": interval(auc.value, limits.low, limits.high),
            **_metric_cells(model.at_locked, level),
        }
        rows.append(row)
    note = (
        f"Values in brackets are {level:.0%} confidence intervals (AUC: DeLong; shares: Wilson). "
        + _WHENCE[evaluation.estimate]
    )
    note += _remarks(evaluation)
    if any(model.roc.auc.n_clusters for model in evaluation.models.values()):
        note += (
            " They allow for several cases of one subject (AUC: Obuchowski; shares: cases divided "
            "by the design effect)."
        )
    return Table(name, caption, pd.DataFrame(rows), evaluation.to_frame(level), note)


def _remarks(evaluation: CohortEvaluation) -> str:
    """Put an AUC below chance and a threshold that calls everyone alike into words."""
    models = evaluation.models
    worse = [name for name, model in models.items() if model.roc.auc.value < 0.5]
    text = f" AUC below 0.5 ({', '.join(worse)}): {WORSE}." if worse else ""
    alike = [name for name, model in models.items() if "useless" in _threshold(model.at_locked)]
    if alike:
        text += (
            f" Useless threshold ({', '.join(alike)}): everyone is called alike, so the shares "
            "beside it say nothing about the score."
        )
    return text


def youden_table(evaluation: CohortEvaluation, name: str, level: float) -> Table:
    """Show the metrics at the threshold that is best on this very cohort, which flatters."""
    rows, data = [], []
    for key, model in evaluation.models.items():
        metrics = model.at_youden
        rows.append({"Feature set": key, **_metric_cells(metrics, level)})
        values = {metric: getattr(metrics, metric).value for metric in _METRICS}
        data.append({"feature_set": key, "threshold": metrics.threshold, **values})
    return Table(
        name,
        f"{evaluation.cohort} cohort ({evaluation.estimate}) at its own Youden threshold",
        pd.DataFrame(rows),
        pd.DataFrame(data),
        "Optimistic: the threshold was chosen on the same cases it is judged on. Given only for "
        "comparison with papers that report it so.",
        folded=True,
    )


def _metric_cells(metrics: ClassificationMetrics, level: float) -> dict[str, str]:
    cells = {"Threshold": _threshold(metrics)}
    for name in _METRICS:
        label = _METRIC_NAMES.get(name, name.capitalize())
        cells[label] = share(getattr(metrics, name), level)
    return cells


def _threshold(metrics: ClassificationMetrics) -> str:
    """Return the threshold, and whether it calls everyone alike."""
    called = metrics.true_positive + metrics.false_positive
    cleared = metrics.true_negative + metrics.false_negative
    if called and cleared and not useless_threshold(metrics.threshold):
        return number(metrics.threshold)
    whom = "all" if not cleared or metrics.threshold <= 0 else "none"
    return f"{number(metrics.threshold)} (useless: {whom} positive)"


def share(value: Proportion, level: float) -> str:
    """Return a proportion with its Wilson interval."""
    limits = value.confidence_interval(level)
    return interval(value.value, limits.low, limits.high)


def calibration_table(evaluation: CohortEvaluation, name: str, caption: str) -> Table | None:
    """Calibration measures and the Hosmer-Lemeshow test; None when no set has them."""
    rows, data = [], []
    for key, model in evaluation.models.items():
        if model.calibration is None:
            continue
        rows.append({"Feature set": key, **_calibration_cells(model)})
        data.append({"feature_set": key, **_calibration_numbers(model)})
    if not rows:
        return None
    note = (
        "Values in brackets are confidence intervals. Ideal values: slope 1, in the large 0 (above "
        "0: risks predicted too low), Brier, ICI and Emax 0. Hosmer-Lemeshow: a small P value "
        "speaks against good calibration; a large one does not prove it."
    )
    turned = [
        key
        for key, model in evaluation.models.items()
        if model.calibration is not None and model.calibration.slope < 0
    ]
    if turned:
        note += (
            f" Slope below 0 ({', '.join(turned)}): {WORSE}; the higher the predicted risk, the "
            "fewer have the outcome."
        )
    return Table(name, caption, pd.DataFrame(rows), pd.DataFrame(data), note)


def _calibration_cells(model: ModelEvaluation) -> dict[str, str]:
    item, test = model.calibration, model.hosmer_lemeshow
    assert item is not None
    tested = DASH
    if test is not None:
        tested = f"{number(test.statistic, 1)} ({test.degrees_of_freedom}), {p_cell(test.p_value)}"
    return {
        "Slope": interval(item.slope, *item.confidence_interval("slope", item.level)),
        "In the large": interval(
            item.calibration_in_the_large,
            *item.confidence_interval("calibration_in_the_large", item.level),
        ),
        "Brier": number(item.brier, 3),
        "Scaled Brier": number(item.scaled_brier),
        "ICI": number(item.ici, 3),
        "Emax": number(item.emax, 3),
        "Hosmer-Lemeshow \N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO} (df), P": tested,
    }


def _calibration_numbers(model: ModelEvaluation) -> dict[str, float]:
    names = ("slope", "intercept", "calibration_in_the_large", "brier", "scaled_brier")
    names += ("ici", "e50", "e90", "emax")  # type: ignore[assignment]
    item = model.calibration
    assert item is not None
    numbers = {name: float(getattr(item, name)) for name in names}
    for name in ("slope", "intercept", "calibration_in_the_large"):
        limits = item.confidence_interval(name, item.level)
        numbers |= {f"{name}_low": limits.low, f"{name}_high": limits.high}
    if model.hosmer_lemeshow is not None:
        test = model.hosmer_lemeshow
        numbers["hosmer_lemeshow_statistic"] = float(test.statistic)
        numbers["hosmer_lemeshow_df"] = float(test.degrees_of_freedom)
        numbers["hosmer_lemeshow_p"] = float(test.p_value)
    return numbers


def delong_table(matrix: DelongMatrix, name: str, caption: str) -> Table:
    """All pairs of feature sets with the difference of their AUCs and the P values."""
    rows, data = [], []
    names = list(matrix.names)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            difference = float(matrix.auc[first]) - float(matrix.auc[second])
            p = at(matrix.p_value, first, second)
            adjusted = at(matrix.p_adjusted, first, second)
            data.append(
                {"a": first, "b": second, "difference": difference, "p": p, "p_adjusted": adjusted}
            )
            rows.append(
                {
                    "Comparison": f"{first} {DASH} {second}",
                    "Difference of AUCs": number(difference, 3),
                    "P": p_cell(p),
                    f"P ({matrix.adjustment.capitalize()})": p_cell(adjusted),
                }
            )
    return Table(name, caption, pd.DataFrame(rows), pd.DataFrame(data), folded=True)


def at(frame: pd.DataFrame, row: str, column: str) -> float:
    """Return one number of a frame."""
    return float(str(frame.loc[row, column]))


def baseline_table(table: BaselineTable, name: str, caption: str, config: StudyConfig) -> Table:
    """Variables by outcome as papers print them."""
    frame = table.to_frame()
    negative, positive = class_labels(config)
    if not config.outcome.label:
        negative, positive = heading(negative), heading(positive)
    groups = {
        "all": f"All (n = {table.n})",
        "negative": f"{negative} (n = {table.n_negative})",
        "positive": f"{positive} (n = {table.n_positive})",
    }
    first = ~frame["variable"].duplicated()
    names = [variable_label(config, str(item)) for item in frame["variable"]]
    columns: dict[str, list[str]] = {
        "Variable": [label if new else "" for label, new in zip(names, first)],
        "Level": [str(level) for level in frame["level"].fillna("")],
    }
    for key, title in groups.items():
        columns[title] = [str(text).replace(" %", "%") for text in frame[key].fillna("")]
    columns["P"] = [p_cell(p) if new else "" for p, new in zip(frame["p_value"], first)]
    columns["Test"] = [_test(str(test)) for test in frame["test"].fillna("")]
    columns["SMD"] = [number(smd) if new else "" for smd, new in zip(frame["smd"], first)]
    if (frame["n_missing"] > 0).any():
        missing = zip(frame["n_missing"], first)
        columns["Missing"] = [str(count) if new else "" for count, new in missing]
    note = (
        "Mean \N{PLUS-MINUS SIGN} SD, median (quartiles) where not normal, or number (%). SMD: "
        "standardised mean difference."
    )
    return Table(name, caption, pd.DataFrame(columns), frame, note, len(frame) > LONG)


def _test(name: str) -> str:
    """Return the short name of a test, or the name itself."""
    return next((short for start, short in _TESTS.items() if name.startswith(start)), name)


def steps_table(traces: Mapping[str, SelectionTrace]) -> Table:
    """How many features each set had after each step."""
    longest_first = sorted(traces.values(), key=lambda trace: -len(trace.steps))
    steps = list(dict.fromkeys(step for trace in longest_first for step, _ in trace.steps))
    rows, data = [], []
    for name, trace in traces.items():
        counts = dict(trace.steps)
        data.append({"feature_set": name, **{step: counts.get(step) for step in steps}})
        cells: dict[str, str] = {"Feature set": name}
        for step in steps:
            mark = "*" if step in trace.fallbacks else ""
            cells[heading(step)] = f"{counts[step]}{mark}" if step in counts else DASH
        rows.append(cells)
    fallen = fallback_sentences(traces)
    note = f"* A step that would have left nothing. {' '.join(fallen)}" if fallen else ""
    caption = "Features left after each step of the selection, final fit on the training cohort."
    return Table("selection_steps", caption, pd.DataFrame(rows), pd.DataFrame(data), note)


def capped(table: Table, most: int, names: Sequence[str] = ()) -> Table:
    """Show only the first rows of a long table; the CSV keeps them all."""
    shown = table.shown[list(names)] if names else table.shown
    if len(shown) <= most:
        return Table(table.name, table.caption, shown, table.data, table.note, table.folded)
    note = f"{table.note} The first {most} of {len(shown)} rows; all are in {table.name}.csv."
    return Table(
        table.name, table.caption, shown.head(most), table.data, note.strip(), table.folded
    )
