"""Intraclass correlations equal psych::ICC(lmer = FALSE)."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.stats import icc


@pytest.mark.parametrize(
    "name", ["shrout_fleiss", "anorexia_pre_post", "near_one_small_rater_variance", "negative"]
)
def test_all_forms(reference, name):
    want = reference("icc")[name]
    result = icc(want["ratings_subjects_x_raters"])
    forms = [f"{text[3]},{'k' if text.endswith('k') else 1}" for text in want["type"]]
    frame = result.all_forms().loc[forms]
    for column, key in (("icc", "ICC"), ("f", "F"), ("p_value", "p"), ("df2", "df2")):
        np.testing.assert_allclose(frame[column], want[key], rtol=1e-9, err_msg=column)
    for level in (95, 90):
        frame = result.all_forms(level / 100).loc[forms]
        np.testing.assert_allclose(frame["low"], want[f"lower{level}"], rtol=1e-9)
        np.testing.assert_allclose(frame["high"], want[f"upper{level}"], rtol=1e-9)
