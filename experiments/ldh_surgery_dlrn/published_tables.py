"""The paper's tables against its own counts: which printed numbers follow, and which do not.

Paper:    Fan et al. 2024 (system 1 in the README), Tables 2 and 3
Data:     the printed counts and odds ratios, transcribed in tests/data
Command:  python experiments/ldh_surgery_dlrn/published_tables.py
Expected: published_tables.csv beside this file, one row per printed number; a few seconds

Table 2 prints how many patients of either outcome have each level of a categorical variable. That
is all a univariate logistic regression needs, so the odds ratio, its profile-likelihood interval
and its p value in Table 3, and the chi-squared p value of Table 2, follow exactly.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dlr.stats import baseline_table, univariate_logistic

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "tests" / "data"
WITHOUT_EVENTS = ("Special diet", "PMMFI")  # no event among one patient: no maximum likelihood
NOT_CATEGORICAL = ("MSU classification",)  # Table 3 enters ten grades as one number
HALF_DIGIT = 0.0005
SPLINE = 5e-4  # R interpolates the profile likelihood: its limits are off by about this share


def cases(counts: pd.DataFrame, variable: str, cohort: str = "training") -> pd.DataFrame:
    """Write out the patients that the counts of one variable stand for."""
    rows = counts[counts["variable"] == variable]
    levels: list[str] = []
    outcome: list[int] = []
    for event, column in enumerate((f"{cohort}_conservative", f"{cohort}_surgical")):
        for level, count in zip(rows["level"], rows[column]):
            levels += [level] * count
            outcome += [event] * count
    values = pd.Categorical(levels, categories=list(rows["level"]))
    return pd.DataFrame({"surgery": outcome, variable: values})


def odds_ratios(counts: pd.DataFrame) -> pd.DataFrame:
    """Fit the univariate logistic regression of every two-level variable of Table 2."""
    left_out = {*WITHOUT_EVENTS, *NOT_CATEGORICAL}
    rows = {}
    for variable in counts["variable"].unique():
        if variable in left_out:
            continue
        row = univariate_logistic(cases(counts, variable), "surgery", [variable]).to_frame().loc[0]
        rows[variable] = row[["odds_ratio", "profile_low", "profile_high", "p_value"]]
    return pd.DataFrame(rows).T.astype(float)


def fits(printed: pd.Series, computed: pd.Series) -> bool:
    """Tell whether a printed odds ratio and its limits are a computed one's, up to rounding."""
    pairs = (("odds_ratio", "odds_ratio"), ("low", "profile_low"), ("high", "profile_high"))
    for name, other in pairs:
        value = float(printed[name])
        slack = HALF_DIGIT * (10 if value >= 10 else 1) + SPLINE * value
        if abs(value - computed[other]) > slack:
            return False
    return True


def table_3(counts: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Set every printed row beside its own variable, and find the variable it really is."""
    computed = odds_ratios(counts)
    rows = []
    for name, row in printed.iterrows():
        if name not in computed.index:
            continue
        own = computed.loc[name]
        really = [other for other in computed.index if fits(row, computed.loc[other])]
        rows.append(
            {
                "table": "3",
                "row": name,
                "cohort": "training",
                "printed": f"{row['odds_ratio']} ({row['low']}–{row['high']})",
                "recomputed": (
                    f"{own['odds_ratio']:.3f} ({own['profile_low']:.3f}–{own['profile_high']:.3f})"
                ),
                "agrees": fits(row, own),
                "really": ", ".join(really),
            }
        )
    return pd.DataFrame(rows)


def table_2(counts: pd.DataFrame) -> pd.DataFrame:
    """Recompute every categorical p value: chi-squared with continuity correction, and Fisher."""
    rows = []
    for variable in counts["variable"].unique():
        for cohort in ("training", "external"):
            printed = str(counts.loc[counts["variable"] == variable, f"{cohort}_p"].iloc[0])
            frame = cases(counts, variable, cohort)
            chi, fisher = (
                baseline_table(
                    frame, "surgery", [variable], by_cohort=False, tests={variable: test}
                ).tests.loc[0, "p_value"]
                for test in ("chi-squared", "fisher")
            )
            rows.append(
                {
                    "table": "2",
                    "row": variable,
                    "cohort": cohort,
                    "printed": printed,
                    "recomputed": "no patient has it" if np.isnan(chi) else f"{chi:.4f}",
                    "agrees": _p_agrees(printed, float(chi)),
                    "really": "" if np.isnan(fisher) else f"Fisher: {fisher:.4f}",
                }
            )
    return pd.DataFrame(rows)


def _p_agrees(printed: str, computed: float) -> bool:
    if np.isnan(computed):
        return False
    if printed.startswith("<"):
        return computed < float(printed[1:])
    # The paper cuts some p values after the third decimal instead of rounding them.
    return -HALF_DIGIT <= computed - float(printed) < 2 * HALF_DIGIT


def recompute() -> pd.DataFrame:
    """Return one row per printed number that the counts determine."""
    counts = pd.read_csv(
        DATA / "ldh_surgery_table2_counts.csv", dtype={"training_p": str, "external_p": str}
    )
    printed = pd.read_csv(DATA / "ldh_surgery_table3_univariate.csv", index_col="printed_row")
    return pd.concat([table_2(counts), table_3(counts, printed)], ignore_index=True)


def main() -> None:
    rows = recompute()
    for table, part in rows.groupby("table"):
        print(f"Table {table}: {part['agrees'].sum()} of {len(part)} printed numbers reproduced")
    wrong = rows[~rows["agrees"]]
    print(wrong.to_string(index=False))
    path = HERE / "published_tables.csv"
    rows.to_csv(path, index=False, lineterminator="\n")
    print(f"all rows: {path}")


if __name__ == "__main__":
    main()
