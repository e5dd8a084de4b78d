"""Lists in messages."""

from __future__ import annotations

from dlr.wording import first_few


def test_a_long_list_says_how_many_more_there_are() -> None:
    assert first_few([]) == ""
    assert first_few(range(5)) == "0, 1, 2, 3, 4"
    assert first_few((name for name in "abcd"), most=2) == "a, b and 2 more"
