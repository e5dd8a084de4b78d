"""What the command line shows: summaries, failures, faults."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from rich.console import Console
from rich.table import Table

from dlr.errors import Fault
from dlr.fault_groups import group_faults
from dlr.results import CohortEvaluation

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

SHOWN_FAILURES = 10


def show_faults(faults: Iterable[Fault]) -> None:
    """Print each fault on a line of its own; those that say the same of other rows once."""
    for group in group_faults(faults):
        errors.print(f"[red]✗[/] {plain(str(group))}")


def show_failures(failures: pd.DataFrame) -> int:
    """Print the cases that failed and return how many; lists the first few reasons."""
    if failures.empty:
        return 0
    lost = failures[(failures["level"] == "case") & (failures["reader"] == "first")]
    cases, n_lost = failures["case_id"].nunique(), lost["case_id"].nunique()
    others = cases - n_lost
    parts = [f"{n_lost} could not be processed"] if n_lost else []
    parts += [f"{others} lack single features or the second reader's ROI"] if others else []
    console.print(
        f"[yellow]{cases} case(s) with problems[/]: {', '.join(parts)}. "
        "All are listed in failures.csv:"
    )
    for row in failures.head(SHOWN_FAILURES).itertuples():
        where = f"{row.case_id} ({row.view}, {row.reader} reader)"
        console.print(f"  {where}: {plain(str(row.reason))}")
    if len(failures) > SHOWN_FAILURES:
        console.print(f"  … and {len(failures) - SHOWN_FAILURES} more")
    return cases


def show_evaluation(evaluation: CohortEvaluation, level: float) -> None:
    """Print one row per feature set."""
    words = {
        "out-of-fold": "out-of-fold: judged on cases left out of the fit",
        "apparent": "apparent: judged on the cases it was fitted on, too good by construction",
        "cross-validated": "cross-validated after selection on all cases: too good as well",
        "frozen": "frozen model on cases it never saw",
    }
    title = f"{evaluation.cohort} ({words[evaluation.estimate]})"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("Feature set", "n", "AUC", f"{level:.0%} CI", "Sensitivity", "Specificity"):
        table.add_column(name, justify="left" if name == "Feature set" else "right")
    for row in evaluation.to_frame(level).itertuples():
        table.add_row(
            str(row.feature_set),
            str(row.n),
            f"{row.auc:.3f}",
            interval_words(float(str(row.auc_low)), float(str(row.auc_high))),
            f"{row.sensitivity:.2f}",
            f"{row.specificity:.2f}",
        )
    console.print(table)


def interval_words(low: float, high: float) -> str:
    """Return an interval as words; too few cases have none."""
    return f"{low:.3f} to {high:.3f}" if low == low else "no interval"


def plain(text: str) -> str:
    """Keep rich from reading brackets in a message as markup."""
    return text.replace("[", r"\[")
