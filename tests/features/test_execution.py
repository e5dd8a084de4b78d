"""Limits are checked, numbers of processes are taken for what they are, summaries are sentences."""

from __future__ import annotations

import pytest

from dlr.errors import DlrError
from dlr.features.execution import Execution, ExtractionSummary


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"case_timeout_s": 0.0}, {"case_memory_gb": float("nan")}]
)
def test_impossible_limits_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DlrError, match=f"{next(iter(wrong))} must be"):
        Execution(**wrong)  # type: ignore[arg-type]


def test_a_number_is_so_many_processes() -> None:
    assert Execution.of(3) == Execution(workers=3)
    assert Execution.of(Execution(2)) == Execution(2)
    assert not Execution.of(1).isolated
    assert Execution(2).isolated
    assert Execution(case_timeout_s=5).isolated


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (ExtractionSummary(3, 1, 0, 0), "3 ROIs: 1 from the cache, 2 computed."),
        (
            ExtractionSummary(9, 4, 2, 1),
            "9 ROIs: 4 from the cache, 3 computed, 2 failed, 1 damaged cache entry was computed "
            "again.",
        ),
    ],
)
def test_summaries(summary: ExtractionSummary, sentence: str) -> None:
    assert summary.describe() == sentence
