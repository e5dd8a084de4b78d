"""Tables 2 and 3 of the published study of lumbar disc herniation, from its own counts.

The counts by outcome are those of Table 2; every odds ratio and interval of a categorical variable
in Table 3, and every P value of a categorical variable in Table 2, follows from them.
"""

from __future__ import annotations

import io
from importlib import resources

import pandas as pd
import pytest

from dlr.stats import baseline_table, univariate_logistic

TABLE = pd.read_csv(
    io.StringIO(
        resources.files("dlr.cohort.simulation")
        .joinpath("published_table.csv")
        .read_text(encoding="utf-8")
    )
)

# Table 2: P in the training and in the external cohort.
P_VALUES = {
    "sex": ("0.561", "0.988"),
    "labor": ("0.872", "0.078"),
    "smoking": ("0.953", "0.314"),
    "alcohol": ("0.001", "0.964"),
    "duration": ("<0.001", "0.01"),
    "special_diet": ("1.000", "1.000"),
    "drug_abuse": ("0.003", "1.000"),
    "education": ("0.02", "<0.001"),
    "income": ("0.235", "<0.001"),
    "diabetes": ("<0.001", "0.324"),
    "hypertension": ("<0.001", "0.303"),
    "surgery_history": ("0.02", "1.000"),
    "low_back_pain": ("0.444", "0.371"),
    "sciatica": ("<0.001", "<0.001"),
    "earlier_treatment": ("0.786", "0.783"),
    "sensation": ("0.045", "<0.001"),
    "reflex": ("<0.001", "0.481"),
    "weakness": ("<0.001", "<0.001"),
    "slrt": ("<0.001", "<0.001"),
    "msu": ("<0.001", "<0.001"),
    "pfirrmann": ("<0.001", "0.011"),
    "modic": ("<0.001", "<0.001"),
    "annular_tear": ("0.001", "<0.001"),
    "myofascitis": ("0.943", "0.075"),
    "pmmfi": ("1.000", None),  # one level only in the external cohort; the paper prints 1.000
    "qlmfi": ("0.059", "0.347"),
    "esmfi": ("<0.001", "0.129"),
    "mmfi": ("<0.001", "0.044"),
}

# Table 3: odds ratio, profile-likelihood limits, P; by what the row really holds.
ODDS_RATIOS = {
    "labor": (0.972, 0.755, 1.249, "0.822"),
    "smoking": (0.972, 0.672, 1.396, "0.879"),
    "alcohol": (2.18, 1.383, 3.46, "0.001"),
    "duration": (1.576, 1.221, 2.04, "0.001"),
    "drug_abuse": (8.376, 2.194, 54.67, "0.006"),
    "education": (1.403, 1.062, 1.852, "0.017"),
    "income": (1.221, 0.895, 1.663, "0.205"),
    "diabetes": (3.585, 1.942, 6.906, "<0.001"),
    "hypertension": (9.058, 2.995, 39.12, "<0.001"),
    "surgery_history": (1.552, 1.083, 2.219, "0.016"),
    "low_back_pain": (1.126, 0.854, 1.489, "0.404"),
    "sciatica": (0.635, 0.492, 0.817, "<0.001"),
    "earlier_treatment": (1.044, 0.813, 1.339, "0.738"),
    "sensation": (0.504, 0.257, 0.926, "0.035"),
    "weakness": (4.818, 3.484, 6.722, "<0.001"),
    "pfirrmann": (2.686, 2.065, 3.501, "<0.001"),
    "modic": (2.443, 1.752, 3.418, "<0.001"),
    "annular_tear": (0.638, 0.484, 0.836, "0.001"),
    "myofascitis": (1.033, 0.703, 1.507, "0.866"),
    "qlmfi": (1.976, 1.023, 3.861, "0.043"),
    # Rows that the paper prints under each other's names.
    "reflex": (2.388, 1.828, 3.126, "<0.001"),  # printed as SLRT
    "slrt": (4.149, 2.192, 8.302, "<0.001"),  # printed as Reflex
    "esmfi": (2.982, 1.977, 4.548, "<0.001"),  # printed as MMFI
    "mmfi": (2.307, 1.619, 3.3, "<0.001"),  # printed as ESMFI
}
PERMUTED = {"reflex": "slrt", "slrt": "reflex", "esmfi": "mmfi", "mmfi": "esmfi"}


def cases(variable: str, cohort: str = "training") -> pd.DataFrame:
    """Rebuild the cases of one variable from its counts."""
    rows = TABLE[TABLE["variable"] == variable]
    columns = {0.0: f"{cohort}_conservative", 1.0: f"{cohort}_surgical"}
    return pd.DataFrame(
        [
            {"outcome": outcome, variable: row["row"]}
            for row in rows.to_dict("records")
            for outcome, column in columns.items()
            for _ in range(int(row[column]))
        ]
    )


def odds_ratio(variable: str) -> pd.Series:
    first = str(TABLE.loc[TABLE["variable"] == variable, "row"].iloc[0])
    table = univariate_logistic(cases(variable), "outcome", [variable], {variable: first})
    return table.to_frame().iloc[0]


def same_p(value: float, printed: str) -> bool:
    """Say whether a p value rounds, or was cut off, to what is printed."""
    if printed.startswith("<"):
        return value < 0.001
    return abs(value - float(printed)) <= 0.5005 * 10 ** -len(printed.partition(".")[2])


@pytest.mark.parametrize("variable", P_VALUES)
def test_p_values_of_table_2(variable):
    """All are chi-squared with continuity correction, also where counts are small."""
    for cohort, printed in zip(("training", "external"), P_VALUES[variable]):
        frame = cases(variable, cohort)
        table = baseline_table(
            frame, "outcome", [variable], by_cohort=False, tests={variable: "chi-squared"}
        )
        test = table.tests.iloc[0]
        if printed is None:
            assert test["note"] == "not done: only one row or column has any cases"
        else:
            assert same_p(test["p_value"], printed), (cohort, test["p_value"], printed)


@pytest.mark.parametrize("variable", ODDS_RATIOS)
def test_univariate_odds_ratios_of_table_3(variable):
    value, low, high, printed = ODDS_RATIOS[variable]
    row = odds_ratio(variable)
    assert round(row["odds_ratio"], 3) == value
    # The paper's limits are R's, interpolated by a spline: 3e-4 off at most here.
    assert row["profile_low"] == pytest.approx(low, abs=6e-4, rel=3e-4)
    assert row["profile_high"] == pytest.approx(high, abs=6e-4, rel=3e-4)
    assert same_p(row["p_value"], printed)
    assert row["method"] == "maximum likelihood"


@pytest.mark.parametrize("variable", PERMUTED)
def test_rows_of_table_3_are_permuted(variable):
    """What the paper prints under this name belongs to another variable."""
    printed_here = ODDS_RATIOS[PERMUTED[variable]][0]
    assert abs(odds_ratio(variable)["odds_ratio"] - printed_here) > 0.5


@pytest.mark.parametrize("variable", ["special_diet", "pmmfi"])
def test_separated_rows_of_table_3(variable):
    """The paper prints 0 (NA-3.165): no estimate exists, one case alone has the level."""
    row = odds_ratio(variable)
    assert row["separated"]
    assert row["method"] == "firth"
    assert 0 < row["profile_low"] < row["odds_ratio"] < 1 < row["profile_high"]
