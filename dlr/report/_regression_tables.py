"""Tables of the clinical variables: how they were chosen, and their odds ratios."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from dlr.figures._text import DASH, p_cell, ratio
from dlr.report._blocks import Table
from dlr.report._tables import LONG, plain_table
from dlr.report._words import plural, variable_label

if TYPE_CHECKING:
    from dlr.config import StudyConfig
    from dlr.stats import ImputedLogistic, LogisticTable


def whole_test(*, repeated: bool) -> str:
    """Name the test of a variable with all its levels; `repeated`: subjects have several cases."""
    return "Wald, whole variable" if repeated else "likelihood ratio"


def logistic_table(
    table: LogisticTable, name: str, caption: str, config: StudyConfig, *, repeated: bool = False
) -> Table:
    """Odds ratios as papers print them; `repeated`: subjects have several cases."""
    frame = table.to_frame()
    head = f"P ({whole_test(repeated=repeated)})"
    first = ~frame["variable"].duplicated()
    rows = [
        _logistic_row(row, table.level, config)
        | {
            "P (Wald)": p_cell(float(row["p_value"])),
            head: p_cell(float(row["p_likelihood_ratio"])) if new else "",
        }
        for row, new in zip(frame.to_dict("records"), first, strict=True)
    ]
    note = (
        f"{_complete(frame, table.kind)} An odds ratio above 1 means that the outcome is more "
        "likely; of a continuous variable, per unit (in brackets where the study file names it). "
        "Intervals go with the Wald test of that row; the other test is of the variable with all "
        "its levels, and differs from Wald's where cases are few."
    )
    if not repeated:
        note += " The CSV has profile-likelihood intervals too, which go with it."
    if frame["separated"].any():
        note += " * Separated data, fitted by Firth's penalised likelihood"
        note += "." if repeated else ", which its likelihood-ratio test compares, too."
    return Table(name, caption, pd.DataFrame(rows), frame, note, len(frame) > LONG)


def _complete(frame: pd.DataFrame, kind: str) -> str:
    """Say which cases a regression was fitted on."""
    least, most = int(frame["n"].min()), int(frame["n"].max())
    count = plural(most, "case") if least == most else f"{least:,} to {most:,} cases"
    models = "all variables of the model" if kind == "multivariable" else "the variable of the row"
    return f"Maximum likelihood on the {count} complete in {models}; nothing is filled in."


def _logistic_row(
    row: Mapping[Hashable, object], level: float, config: StudyConfig
) -> dict[str, str]:
    value, low, high = (float(str(row[key])) for key in ("odds_ratio", "low", "high"))
    against = f"{row['level']} (against {row['reference']})" if row["level"] else ""
    mark = "*" if row.get("separated") else ""
    odds = DASH if value != value else f"{ratio(value)} ({ratio(low)}{DASH}{ratio(high)}){mark}"
    return {
        "Variable": variable_label(config, str(row["variable"])),
        "Level": against,
        f"Odds ratio ({level:.0%} CI)": odds,
    }


def imputed_table(pooled: ImputedLogistic, config: StudyConfig) -> Table:
    """Odds ratios over several imputations."""
    frame = pooled.to_frame()
    rows = [
        _logistic_row(row, pooled.level, config)
        | {
            "P (Wald)": p_cell(float(row["p_value"])),
            "Missing": str(row["n_missing"]),
            "Information missing": _share(float(row["fraction_missing"])),
        }
        for row in frame.to_dict("records")
    ]
    count = config.clinical_model.multiple_imputation
    caption = f"Multivariable logistic regression over {count} imputations (Rubin's rules)."
    note = (
        f"All {plural(pooled.n, 'case')} of known outcome. Imputation uses the outcome, as it "
        "should for odds ratios; no prediction of this report rests on it."
    )
    if pooled.separated:
        note += f" Firth's penalised likelihood in {plural(pooled.separated, 'imputation')}, where "
        note += "the data are separated."
    return Table("imputed_logistic", caption, pd.DataFrame(rows), frame, note, len(frame) > LONG)


def _share(value: float) -> str:
    return DASH if value != value else f"{value:.0%}"


def choice_table(ranking: pd.DataFrame, n_cases: int, *, repeated: bool) -> Table:
    """Show how the clinical variables were chosen.

    Parameters
    ----------
    ranking : pandas.DataFrame
        A study's ``clinical_ranking``, variables by their labels.
    n_cases : int
        Training cases it was made on.
    repeated : bool
        Whether subjects have several cases.
    """
    test = whole_test(repeated=repeated)
    caption = (
        f"Choice of the clinical variables ({plural(n_cases, 'training case')}, missing values "
        "filled in)."
    )
    by, there = "P by Wald's test of the whole variable", ""
    if not repeated:
        by = "P by the ordinary likelihood, also where data are separated"
        there = " and take Firth's penalised likelihood where data are separated"
    note = (
        f"{by}; missing values filled in by the median or the most frequent level. The tables of "
        f"odds ratios leave incomplete cases out{there}, so a P there may differ. Jointly: among "
        "the variables significant alone."
    )
    table = plain_table("clinical_ranking", caption, ranking, note)
    heads = {
        "AUC": "AUC alone",
        "P univariate": f"P alone ({test})",
        "P multivariable": f"P jointly ({test})",
    }
    return replace(table, shown=table.shown.rename(columns=heads))
