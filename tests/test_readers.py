"""What stands in for a second reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlr.config import StudyConfig
from dlr.errors import InputError
from dlr.readers import perturbation_icc


def config(stability: Path) -> StudyConfig:
    return StudyConfig.model_validate(
        {
            "name": "Gate",
            "images": "images.csv",
            "clinical": "clinical.csv",
            "outcome": {"column": "outcome", "positive": 1},
            "views": {"sag": {}},
            "agreement": {"stability": stability},
        }
    )


def test_a_table_of_other_features_is_refused_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "stability.csv"
    path.write_text("feature,icc,low,high,n_cases,ratings\naxi.rad.a,0.9,0.8,0.95,20,4\n")
    columns = ["sag.rad.a", "sag.rad.b", "sag.dl.0001"]
    with pytest.raises(InputError, match=r"lacks 2 of the study's 2 measured features"):
        perturbation_icc(config(path), columns)
    with pytest.raises(InputError, match=r"lacks 1 of the study's 2 measured .*sag.rad.a"):
        perturbation_icc(config(path), ["axi.rad.a", "sag.rad.a"])
    assert perturbation_icc(config(path), ["axi.rad.a", "axi.dl.0001"]).tolist() == [0.9]
    assert perturbation_icc(config(path), ["sag.dl.0001"]).tolist() == [0.9]
