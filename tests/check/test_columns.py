"""Columns of the clinical table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dlr.check.columns import check_columns
from dlr.check.finding import in_order
from dlr.cohort import Cohort, read_clinical_table
from dlr.config import StudyConfig

from .editing import edit, settings


def found(folder: Path) -> dict[str, tuple[str, str]]:
    """Return column -> (level, code), the gravest of several."""
    config = StudyConfig.from_yaml(folder / "study.yaml")
    clinical = read_clinical_table(config.clinical)
    checked = check_columns(clinical, config, Cohort.load(config))
    gravest_last = reversed(in_order(checked.findings))
    return {item.what.column or "": (item.level, item.code) for item in gravest_last}


def declare(folder: Path, name: str, kind: str, values: list[str]) -> None:
    edit(folder / "clinical.csv", lambda table: table.insert(2, name, values))
    settings(folder, lambda content: content["clinical_variables"].update({name: {"type": kind}}))


def test_a_clean_cohort_has_nothing_to_report(clean_cohort: Path) -> None:
    assert found(clean_cohort) == {}


def test_the_table_counts_missing_cells_and_values(clean_cohort: Path) -> None:
    config = StudyConfig.from_yaml(clean_cohort / "study.yaml")
    table = check_columns(read_clinical_table(config.clinical), config, None).table
    table = table.set_index("column")
    assert list(table.loc["sex"]) == ["categorical", 0, 0.0, 2]
    assert table.loc["surgery", "role"] == "outcome"
    assert table.loc["cohort", "role"] == "cohort"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("continuous", [str(i) for i in range(1, 25)]),
        ("continuous", [str(4711000 + 37 * i) for i in range(24)]),
        ("categorical", ["A0", *[f"A{i}" for i in range(23)]]),
        ("categorical", ["1961-02-03", "1970-05-06"] * 12),
        ("categorical", ["Doe, Jane", "Roe^Richard"] * 12),
    ],
)
def test_identifiers_among_the_variables(cohort: Path, kind: str, values: list[str]) -> None:
    declare(cohort, "extra", kind, values)
    assert found(cohort)["extra"] == ("warning", "identifier")


def test_a_date_of_birth_is_known_by_its_name(cohort: Path) -> None:
    declare(cohort, "date_of_birth", "continuous", [str(20000 + i * i) for i in range(24)])
    assert found(cohort)["date_of_birth"] == ("warning", "identifier")


@pytest.mark.parametrize("name", ["Patient Name", "MRN", "dob", "last_name"])
def test_unused_columns_that_name_people_are_noted(cohort: Path, name: str) -> None:
    edit(cohort / "clinical.csv", lambda table: table.insert(2, name, "x"))
    assert found(cohort) == {name: ("note", "identifier")}


@pytest.mark.parametrize("name", ["hospital_name", "age_at_death", "weekday"])
def test_measurements_are_no_identifiers(cohort: Path, name: str) -> None:
    values = [f"{50 + 1.37 * (7 * i % 24):.1f}" for i in range(24)]
    declare(cohort, name, "continuous", values)
    assert found(cohort) == {}


def test_missing_cells(cohort: Path) -> None:
    values = ["1.5", "2.5"] * 12
    declare(cohort, "some", "continuous", [""] * 6 + values[6:])
    declare(cohort, "most", "continuous", [""] * 6 + values[:4] + [""] * 6 + values[:4] + [""] * 4)
    assert found(cohort)["some"] == ("note", "missing")
    assert found(cohort)["most"] == ("warning", "missing")


def test_constant_in_training_absent_outside_and_new_levels(cohort: Path) -> None:
    training = pd.read_csv(cohort / "clinical.csv")["cohort"] == "training"
    declare(cohort, "same", "continuous", ["1" if t else "2" for t in training])
    mix = ["a" if i % 2 else "b" for i in range(24)]
    declare(cohort, "new", "categorical", [m if t else "c" for m, t in zip(mix, training)])
    numbers = [f"{i % 5}.5" for i in range(24)]
    declare(cohort, "gone", "continuous", [n if t else "" for n, t in zip(numbers, training)])
    columns = found(cohort)
    assert columns["same"] == ("warning", "constant")
    assert columns["new"] == ("warning", "new-level")
    assert columns["gone"] == ("warning", "absent-in-cohort")


def test_none_as_a_level_is_asked_about_until_it_is_declared(cohort: Path) -> None:
    values = ["none", "former", "current"] * 8
    declare(cohort, "smoking", "categorical", values)
    assert found(cohort)["smoking"] == ("warning", "word-for-missing")
    levels = {"type": "categorical", "levels": ["none", "former", "current"]}
    settings(cohort, lambda content: content["clinical_variables"].update(smoking=levels))
    assert found(cohort) == {}


@pytest.mark.parametrize("kind", ["categorical", "continuous"])
def test_a_variable_that_tells_every_outcome_is_warned_of(cohort: Path, kind: str) -> None:
    outcome = read_clinical_table(cohort / "clinical.csv")["surgery"]
    values = (outcome == outcome.iloc[0]).astype(int).astype(str)
    if kind == "continuous":
        values = [f"{10 * int(v) + n / 7:.2f}" for n, v in enumerate(values.map({"0": 0, "1": 9}))]
    declare(cohort, "graft", kind, list(values))
    config = StudyConfig.from_yaml(cohort / "study.yaml")
    study = Cohort.load(config)
    checked = check_columns(read_clinical_table(config.clinical), config, study)
    (warning,) = checked.findings
    assert (warning.level, warning.code, warning.what.column) == (
        "warning", "separates-outcome", "graft",
    )  # fmt: skip
    n_cases = len(study.cases("training"))
    assert f"completely in the training cohort (n = {n_cases}); is it known only after" in str(
        warning
    )


def test_one_exception_or_few_cases_are_no_separation(cohort: Path) -> None:
    outcome = read_clinical_table(cohort / "clinical.csv")["surgery"]
    values = (outcome == outcome.iloc[0]).astype(int)
    values.iloc[0] = 1 - values.iloc[0]
    declare(cohort, "graft", "categorical", list(values.astype(str)))
    assert "graft" not in found(cohort)
    few = [str(v) if n < 5 else "" for n, v in enumerate((outcome == outcome.iloc[0]).astype(int))]
    edit(cohort / "clinical.csv", lambda table: table.__setitem__("graft", few))
    assert found(cohort).get("graft", ("", ""))[1] != "separates-outcome"
