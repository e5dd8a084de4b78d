"""A classifier that learnt nothing gives everybody the share of events, and no rank of noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from dlr.models.evaluation import evaluate, score_table
from dlr.models.grid import AlgorithmFit, GridFit
from dlr.models.signature import signature_of
from dlr.settings import EvaluationSettings


class _Selection:
    def with_classifier(self, algorithm: str, classifier: object) -> object:
        return classifier


class _Constant:
    """A frozen chain whose decisions differ in the last digits only, far from the inner ones."""

    def decision(self, features: pd.DataFrame, centers: pd.Series | None = None) -> pd.Series:
        return 0.9 + 1e-9 * features["x"]


def test_a_line_through_the_folds_shares_of_events_is_not_followed() -> None:
    outcome = pd.Series([1, 1, 0, 1, 1, 0, 0, 0], dtype=float)
    # The inner decisions are the shares of events of the other fold's cases: two values.
    inner = pd.Series([0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75]) * -1
    fit = AlgorithmFit("mlp", {}, 0.5, inner, _Constant(), training_spread=1e-9)
    grid = GridFit("DL_axi", _Selection(), {"mlp": fit})  # type: ignore[arg-type]
    signature = signature_of(grid, "mlp", outcome).signature
    scores = signature.score(pd.DataFrame({"x": np.arange(8.0)}))
    np.testing.assert_allclose(scores, logit(0.5), atol=1e-5)
    told_apart = AlgorithmFit("mlp", {}, 0.5, inner, _Constant(), training_spread=0.2)
    steep = signature_of(GridFit("DL_axi", _Selection(), {"mlp": told_apart}), "mlp", outcome)  # type: ignore[arg-type]
    assert steep.signature.slope > 1e-3


def test_scores_that_differ_by_rounding_are_judged_as_equal() -> None:
    random = np.random.default_rng(0)
    names = pd.Index([f"c{number}" for number in range(40)], name="case_id")
    outcome = (random.random(40) < 0.4).astype(float)
    real = random.normal(size=40) + outcome
    scores = pd.DataFrame({"noise": 0.543 + 1e-10 * outcome, "real": real}, index=names)
    about = pd.DataFrame({"subject_id": names, "center": "A", "outcome": outcome}, index=names)
    table = score_table(scores, about, "external", "frozen")
    settings = EvaluationSettings(bootstrap=20)
    found = evaluate(table, {"noise": 0.5, "real": 0.5}, settings, 0).models
    assert found["noise"].roc.auc.value == 0.5
    assert np.isnan(found["noise"].calibration.slope)
    areas = found["real"].roc.auc.value
    assert areas == pytest.approx(
        np.mean(real[outcome == 1][:, None] > real[outcome == 0][None]), abs=1e-12
    )
    assert (table["probability"] == expit(table["score"])).all()
