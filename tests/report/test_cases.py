"""The case viewer: what it shows of a case, and that large cohorts stay small and quick."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dlr.models.evaluation import evaluate, lock_thresholds
from dlr.report import write_report
from dlr.report._blocks import Cases, Section, Text
from dlr.report._cases import MOST_BARS, cases_section
from dlr.report._page import _bar
from dlr.results import StudyResult
from dlr.stats import baseline_table

from .case_samples import make_views, with_cases
from .conftest import VARIABLES, make_clinical, make_config, make_scores
from .training_samples import make_grid, make_training_views


def section_of(**options: object) -> Section:
    found = cases_section(make_views(2, 5, **options), make_config(simulated=True))  # type: ignore[arg-type]
    assert found is not None
    return found


def viewer_of(section: Section) -> Cases:
    return next(block for block in section.blocks if isinstance(block, Cases))


def words_of(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Text))


def test_no_cases_no_section() -> None:
    config = make_config(simulated=False)
    assert cases_section(None, config) is None
    assert cases_section(make_views(0, 0), config) is None


def test_cases_left_out_are_counted() -> None:
    assert "2 cases of 5 are shown" in words_of(section_of())
    assert "3 further cases are in scores.csv" in words_of(section_of())


def test_the_text_says_how_the_score_was_taken_apart_and_how_long_it_took() -> None:
    assert "sum exactly to the score" in words_of(section_of())
    assert "1.50 s" in words_of(section_of())
    assert "Shapley values" in words_of(section_of(method="shapley"))


def test_what_is_drawn_and_what_is_not_add_up_to_the_score() -> None:
    card = viewer_of(section_of()).cards[0]
    assert len(card.bars) == MOST_BARS
    sizes = [abs(bar.size) for bar in card.bars]
    assert sizes == sorted(sizes, reverse=True)
    numbers = [
        float(text.replace("\N{MINUS SIGN}", "-"))
        for text in re.findall(r"[+\N{MINUS SIGN}]?\d+\.\d\d", card.sums)
    ]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.03)


def test_points_are_given_variable_by_variable_with_their_total() -> None:
    card = viewer_of(section_of()).cards[0]
    assert card.points[0] == ("ODI (%)", "41.00", "12.5")
    assert card.points[-1] == ("Total", "", "72.5")


def test_bars_go_right_where_they_raise_and_left_where_they_lower() -> None:
    bars = viewer_of(section_of()).cards[0].bars
    for bar in bars:
        drawn = str(_bar(bar, bars))
        found = re.search(r'class="(\w+)" x="([\d.]+)" y="1" width="([\d.]+)"', drawn)
        assert found is not None
        kind, left, width = found.group(1), float(found.group(2)), float(found.group(3))
        assert kind == ("raises" if bar.size >= 0 else "lowers")
        assert left == pytest.approx(50 if bar.size >= 0 else 50 - width, abs=0.1)


def test_pictures_are_embedded_with_their_outline_and_stamped(
    simulated_study: StudyResult, tmp_path: Path
) -> None:
    page = write_report(with_cases(simulated_study), tmp_path).read_text("utf-8")
    assert page.count('<image href="data:image/jpeg;base64,') == 6
    assert page.count('class="outline"') == 6
    assert page.count('class="stamp"') == 6
    assert "case&lt;0&gt;" in page
    assert "<0>" not in page
    assert len(list((tmp_path / "cases").glob("*.jpg"))) == 6


@pytest.fixture(scope="module")
def large(simulated_study: StudyResult) -> StudyResult:
    """1,066 training and 191 external patients, 200 of them as single cases."""
    training = make_clinical(1066, "training", 1)
    external = make_clinical(191, "external", 2)
    honest = make_scores(training, "out-of-fold", 0.0, 3)
    tables = [
        honest,
        make_scores(training, "apparent", 1.5, 4),
        make_scores(external, "frozen", -0.1, 5),
    ]
    thresholds = lock_thresholds(honest)
    config = simulated_study.config
    result = replace(
        simulated_study,
        scores=pd.concat(tables, ignore_index=True),
        evaluations=tuple(evaluate(t, thresholds, config.evaluation, 0) for t in tables),
        baseline={
            name: baseline_table(rows, "outcome", VARIABLES, by_cohort=False)
            for name, rows in (("training", training), ("external", external))
        },
        thresholds=thresholds,
        views=make_training_views(training, 300),
        grid=make_grid(honest),
    )
    return with_cases(result, 200)


@pytest.mark.slow
def test_1257_patients_and_200_cases_stay_below_15_mb(large: StudyResult, tmp_path: Path) -> None:
    page = write_report(large, tmp_path)
    assert page.stat().st_size < 15_000_000
    sizes = {path.stem: path.stat().st_size for path in (tmp_path / "figures").iterdir()}
    assert sizes.pop("roi_sheet") < 8_000_000  # of pure noise
    assert max(sizes.values()) < 3_000_000
