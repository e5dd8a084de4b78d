"""NRI and IDI."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.errors import DlrError
from dlr.stats import reclassification


def test_a_better_model_moves_events_up_and_others_down():
    y = [1, 1, 0, 0]
    result = reclassification(y, [0.5, 0.5, 0.5, 0.5], [0.9, 0.8, 0.2, 0.1])
    assert result.nri.value == 2.0
    assert (result.nri_events.value, result.nri_nonevents.value) == (1.0, 1.0)
    assert result.idi.value == pytest.approx(0.35 + 0.35)


def test_no_movement_is_zero_with_a_p_of_one():
    p = [0.1, 0.4, 0.6, 0.8]
    result = reclassification([0, 1, 0, 1], p, p, cutoffs=[0.5])
    assert result.nri.value == result.idi.value == result.categorical_nri.value == 0.0
    assert result.nri.p_value == result.idi.p_value == result.categorical_nri.p_value == 1.0


def test_a_risk_on_the_cut_off_belongs_above():
    result = reclassification([1, 0], [0.1, 0.1], [0.2, 0.1], cutoffs=[0.2])
    assert result.categorical_nri_events.value == 1.0
    assert result.table_events.loc["[0, 0.2)", "[0.2, 1]"] == 1


def test_one_event_has_no_standard_error_and_says_so():
    result = reclassification([1, 0, 0], [0.1, 0.2, 0.3], [0.2, 0.1, 0.3])
    assert np.isnan(result.idi.p_value)
    assert "at least two cases" in result.idi.note


def test_interval_covers_the_true_idi():
    rng = np.random.default_rng(60)
    covered = 0
    for _ in range(500):
        y = rng.random(150) < 0.4
        old, new = rng.uniform(0.2, 0.5, 150), rng.uniform(0.2, 0.5, 150) + 0.1 * y
        covered += reclassification(y, old, new).idi.confidence_interval().contains(0.1)
    assert 0.93 <= covered / 500 <= 0.97


@pytest.mark.parametrize("cut", [0.0, 1.0])
def test_cut_offs_of_zero_and_one_are_refused(cut):
    with pytest.raises(DlrError, match="cutoffs must lie strictly between 0 and 1"):
        reclassification([0, 1], [0.1, 0.2], [0.1, 0.2], cutoffs=[cut])


def test_frame_has_categorical_rows_only_with_cut_offs():
    y, old, new = [0, 1, 0, 1], [0.1, 0.4, 0.6, 0.8], [0.2, 0.5, 0.3, 0.9]
    assert len(reclassification(y, old, new).to_frame()) == 6
    assert len(reclassification(y, old, new, [0.5]).to_frame()) == 9
