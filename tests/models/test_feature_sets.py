"""Feature sets as data."""

from __future__ import annotations

import pytest

from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.models.feature_sets import feature_sets

COLUMNS = [
    "sag.rad.a", "axi.rad.a", "sag.mazda.S_1_0_Contrast", "sag.dl.0000", "axi.dl.0000",
    "sag.dl_lite.0000",
]  # fmt: skip


def study(**settings: object) -> StudyConfig:
    return StudyConfig.model_validate(
        {
            "name": "sets",
            "images": "i.csv",
            "clinical": "c.csv",
            "outcome": {"column": "y", "positive": 1},
            "views": {"sag": {}, "axi": {}},
            **settings,
        }
    )


def test_every_family_of_every_view_is_a_set_and_dlr_is_all() -> None:
    sets = feature_sets(COLUMNS, study())
    assert list(sets) == [
        "Rad_sag", "Rad_axi", "MaZda_sag", "DL_sag", "DL_axi", "DL-lite_sag", "DLR",
    ]  # fmt: skip
    assert sets["DLR"].columns == tuple(COLUMNS)
    assert sets["DL-lite_sag"].columns == ("sag.dl_lite.0000",)


def test_a_study_adds_and_replaces_sets() -> None:
    sets = feature_sets(
        COLUMNS,
        study(
            feature_sets={
                "late": {"members": ["Rad_sag", "DL_axi"], "fusion": "stack"},
                "DLR": {"blocks": ["*.rad"], "components": None},
            }
        ),
    )
    assert sets["DLR"].columns == ("sag.rad.a", "axi.rad.a")
    assert sets["DLR"].components is None
    assert list(sets)[-1] == "late"
    assert sets["late"].members == ("Rad_sag", "DL_axi")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"feature_sets": {"x": {"blocks": ["cor.rad"]}}}, "no features match 'cor.rad'"),
        (
            {"feature_sets": {"x": {"members": ["Rad_cor"], "fusion": "average"}}},
            "'Rad_cor' is no feature set of columns",
        ),
        ({"model": {"nomogram_score": "Rad_cor"}}, "model.nomogram_score is 'Rad_cor'"),
    ],
)
def test_faults_name_what_there_is(settings: dict[str, object], message: str) -> None:
    with pytest.raises(DlrError, match=message):
        feature_sets(COLUMNS, study(**settings))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"blocks": ["sag.rad"], "members": ["Rad_sag"]},
        {"blocks": ["sag.rad"], "fusion": "stack"},
        {"members": ["Rad_sag"]},
    ],
)
def test_a_set_is_either_early_or_late(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"either 'blocks'|blocks are concatenated"):
        study(feature_sets={"x": wrong})
