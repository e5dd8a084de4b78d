"""Reader agreement, classical tests, odds ratios and matching."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from dlr.stats import (
    GroupTest,
    analysis_of_variance,
    chi_squared_test,
    fisher_exact_test,
    icc,
    kruskal_wallis_test,
    mann_whitney_test,
    mcnemar_test,
    multivariable_logistic,
    propensity_match,
    spearman_test,
    t_test,
    univariate_logistic,
)
from validation_rows.row import Row, load

R, PSYCH, RMS, MATCHIT = "R 4.2.2", "psych 2.2.9", "rms 6.5-0", "MatchIt 4.5.1"
_ODDS = {
    "odds ratio": (["odds_ratio"], ["OR"]),
    "Wald interval": (["low", "high"], ["OR_wald_lo", "OR_wald_hi"]),
    "profile-likelihood interval": (
        ["profile_low", "profile_high"],
        ["OR_profile_exact_lo", "OR_profile_exact_hi"],
    ),
    "Wald p": (["p_value"], ["p"]),
}
_TWO_GROUPS = (
    ("birthwt_lwt_by_low", "birthwt", "lwt", "low", 1),
    ("birthwt_age_by_low", "birthwt", "age", "low", 1),
    ("aSAH_s100b_by_outcome", "aSAH", "s100b", "outcome", "Poor"),
)


def rows(reference: Path) -> Iterator[Row]:
    """Compare everything of this subject; `reference` is the folder of reference values."""
    yield from _agreement(reference)
    yield from _two_groups(reference)
    yield from _tables(reference)
    yield from _odds_ratios(reference)
    yield from _matching(reference)


def _agreement(reference: Path) -> Iterator[Row]:
    for name, want in load(reference, "icc").items():
        if name == "meta":
            continue
        forms = [f"{text[3]},{'k' if text.endswith('k') else 1}" for text in want["type"]]
        frame = icc(want["ratings_subjects_x_raters"]).all_forms().loc[forms]
        for quantity, column, key in (
            ("ICC, six forms", "icc", "ICC"),
            ("F of the ICC", "f", "F"),
            ("p of the ICC", "p_value", "p"),
            ("lower limit of the ICC", "low", "lower95"),
            ("upper limit of the ICC", "high", "upper95"),
        ):
            yield Row(quantity, name, PSYCH, want[key], frame[column].tolist())


def _pair(quantity: str, data: str, want: Any, test: GroupTest) -> Row:
    reference = [want["statistic"], want["p"]]
    return Row(f"{quantity}: statistic, p", data, R, reference, [test.statistic, test.p_value])


def _two_groups(reference: Path) -> Iterator[Row]:
    expected = load(reference, "tests")
    for name, stem, column, group, event in _TWO_GROUPS:
        table, want = _table(reference, stem), expected["two_group"][name]
        first = table.loc[table[group] == event, column]
        second = table.loc[table[group] != event, column]
        yield _pair("Welch's t test", name, want["welch"], t_test(first, second))
        yield _pair("Student's t test", name, want["pooled"], t_test(first, second, True))
        ranks = mann_whitney_test(first, second, "asymptotic")
        yield _pair("Mann-Whitney U test", name, want["wilcox_correct"], ranks)
        yield _pair(
            "Kruskal-Wallis test", name, want["kruskal"], kruskal_wallis_test(first, second)
        )
    table = _table(reference, "birthwt")
    want = expected["k_groups"]["birthwt_lwt_by_race"]
    groups = [part for _, part in table.groupby("race")["lwt"]]
    name = "birthwt_lwt_by_race"
    yield _pair("Kruskal-Wallis test", name, want["kruskal"], kruskal_wallis_test(*groups))
    anova = analysis_of_variance(*groups)
    pair = [want["anova"]["F"], want["anova"]["p"]]
    yield Row("analysis of variance: F, p", name, R, pair, [anova.statistic, anova.p_value])
    rank = expected["correlation"]["birthwt_age_lwt"]["spearman_asymptotic"]
    found = spearman_test(table["age"], table["lwt"])
    pair = [rank["estimate"][0], rank["p"]]
    yield Row("Spearman: rho, p", "birthwt_age_lwt", R, pair, [found.estimate, found.p_value])


def _tables(reference: Path) -> Iterator[Row]:
    expected = load(reference, "tests")
    for name, want in expected["contingency"].items():
        table = want["table"]
        plain = chi_squared_test(table, continuity=False)
        yield _pair("chi-squared, Yates", name, want["chisq_correct"], chi_squared_test(table))
        yield _pair("chi-squared", name, want["chisq_nocorrect"], plain)
        exact = fisher_exact_test(table)
        yield Row("Fisher's exact test: p", name, R, want["fisher"]["p"], exact.p_value)
    for name in ("s100b_vs_wfns", "s100b_vs_ndka"):
        want = expected["mcnemar"][name]
        corrected = mcnemar_test(want["table"], "continuity")
        yield _pair("McNemar, corrected", name, want["correct"], corrected)
        exact = mcnemar_test(want["table"])
        yield Row("McNemar, exact: p", name, R, want["exact_binom"]["p"], exact.p_value)


def _odds_ratios(reference: Path) -> Iterator[Row]:
    table, expected = _table(reference, "birthwt"), load(reference, "logistic")["birthwt"]
    references = {"race": "white"}
    names = list(expected["univariate"])
    joint = multivariable_logistic(table, "low", names, references).to_frame()
    yield from _compared(joint, expected["multivariate"], "birthwt, all variables")
    inflation = list(expected["multivariate"]["vif"].values())
    yield Row("variance inflation", "birthwt, all variables", RMS, inflation, joint["vif"].tolist())
    for name in names:
        chosen = references if name in references else None
        single = univariate_logistic(table, "low", [name], chosen).to_frame()
        yield from _compared(single, expected["univariate"][name], f"birthwt, {name}")


def _compared(frame: pd.DataFrame, want: Any, data: str) -> Iterator[Row]:
    for quantity, (columns, keys) in _ODDS.items():
        reference = [value for key in keys for value in want[key][1:]]
        found = [value for column in columns for value in frame[column]]
        yield Row(quantity, data, R, reference, found)
    ratio = frame.drop_duplicates("variable")["p_likelihood_ratio"].tolist()
    yield Row("likelihood-ratio p", data, R, want["drop1_LRT"]["p"], ratio)


def _matching(reference: Path) -> Iterator[Row]:
    table, expected = _table(reference, "birthwt"), load(reference, "matchit")["birthwt"]
    covariates = ["age", "lwt", "race", "ptl_any", "ht", "ui"]
    for name, link in (("caliper_0.2sd_ps", "logit"), ("caliper_0.2sd_logit", "linear.logit")):
        want = expected[name]
        found = propensity_match(table, "smoke", covariates, caliper=0.2, link=link)
        data = f"birthwt, {name}"
        yield Row("propensity score", data, R, want["ps"], found.propensity.tolist())
        controls = found.pairs.set_index("treated")["control"]
        reached = controls.loc[want["pairs"]["treated0"]].tolist()
        yield Row("matched control of each case", data, MATCHIT, want["pairs"]["control0"], reached)
        # R's "racewhite" is dlr's "race=white".
        named = [text.replace("race", "race=") for text in want["balance_all"]["rownames"]]
        for when, key in (("before", "balance_all"), ("after", "balance_matched")):
            difference = [row[2] for row in want[key]["values"]]
            smd = found.balance.loc[named, f"smd_{when}"].tolist()
            yield Row(f"standardised differences {when} matching", data, MATCHIT, difference, smd)


def _table(reference: Path, stem: str) -> pd.DataFrame:
    return pd.read_csv(reference / "data" / f"{stem}.csv")
