"""The sections of the algorithms and of the optimism audit say what their numbers are."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from dlr.report._protocol import audit_section, grid_section
from dlr.results import ModelGrid, OptimismAudit, StudyResult

WAYS = [("published", "apparent"), ("sound", "nested")]


def rows(values: tuple[float, float], **more: object) -> pd.DataFrame:
    """Return one row per way of judging the DLR score."""
    found = [
        {"feature_set": "DLR", "protocol": protocol, "estimate": estimate, "auc": value,
         "low": value - 0.1, "high": value + 0.1, **more}
        for (protocol, estimate), value in zip(WAYS, values, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(found)


def audited(
    result: StudyResult, values: tuple[float, float], permuted: pd.DataFrame
) -> StudyResult:
    """Return a study with an audit of one feature set."""
    stability = pd.DataFrame({"feature_set": ["DLR"], "protocol": ["sound"], "index": [0.4]})
    frequency = pd.DataFrame(columns=["feature_set", "protocol", "feature", "frequency"])
    audit = OptimismAudit(rows(values, n=80), permuted, stability, frequency, {})
    return replace(result, audit=audit)


def test_shuffled_outcomes_are_given_with_runs_and_range(real_study: StudyResult) -> None:
    section = audit_section(audited(real_study, (0.9, 0.7), rows((0.85, 0.5), runs=5)))
    assert section is not None
    optimism, shuffled = section.blocks[0].items
    assert optimism.value == "+0.20"
    assert "below chance" not in optimism.detail
    assert "mean of 5 runs" in shuffled.detail
    assert "nested, 0.40 to 0.60" in shuffled.detail
    caption = next(block.caption for block in section.blocks if block.kind == "figure")
    assert "anything but 0.5" not in caption
    assert "mean of 5 runs" in caption
    assert "scatters widely around 0.5" in caption


def test_optimism_against_an_auc_below_chance_is_said(real_study: StudyResult) -> None:
    section = audit_section(audited(real_study, (0.9, 0.4), rows((0.8, 0.45), runs=1)))
    assert section is not None
    optimism, shuffled = section.blocks[0].items
    assert "the nested AUC is below chance" in optimism.detail
    assert "the optimism is +0.40" in optimism.detail
    assert "one run" in shuffled.detail
    assert " to " not in shuffled.detail


def test_an_audit_without_shuffled_outcomes_speaks_of_none(real_study: StudyResult) -> None:
    section = audit_section(audited(real_study, (0.9, 0.7), pd.DataFrame()))
    assert section is not None
    assert len(section.blocks[0].items) == 1
    assert not any("Hollow" in getattr(block, "caption", "") for block in section.blocks)


@pytest.mark.parametrize("judged_on", ["training (inner folds)", "training"])
def test_the_heat_map_says_where_the_vote_was_held(real_study: StudyResult, judged_on: str) -> None:
    areas = pd.DataFrame({"DLR": [0.8, 0.7]}, index=["svm", "knn"])
    votes = pd.Series({"svm": 4, "knn": 3})
    grid = ModelGrid({"training": areas}, votes, "svm", judged_on)
    section = grid_section(replace(real_study, grid=grid))
    assert section is not None
    caption = next(block.caption for block in section.blocks if block.kind == "figure")
    assert "in this figure" in caption
    elsewhere = "The vote was held on: training (inner folds), so it need not follow" in caption
    assert elsewhere == (judged_on != "training")
