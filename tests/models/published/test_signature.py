"""Published signatures: the printed formulas, what they refuse, and their files."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError, InputError
from dlr.features.mazda import MazdaSettings, column_name
from dlr.features.radiomics import load_settings
from dlr.features.radiomics.reader import parse_settings
from dlr.models.published import list_signatures, load_signature, read_feature_table

RADSCORE, MAZDA = "ldh-treatment-radscore", "cervical-orn-mazda"


@pytest.fixture(params=[RADSCORE, MAZDA])
def signature(request):
    return load_signature(request.param)


def ones(signature, n: int = 3) -> pd.DataFrame:
    index = pd.Index([f"P{k}" for k in range(n)], name="case_id")
    return pd.DataFrame(1.0, index, list(signature.features))


def test_both_formulas_ship() -> None:
    assert set(list_signatures()) == {RADSCORE, MAZDA}


def test_radscore_as_printed() -> None:
    x = dict(zip(load_signature(RADSCORE).features, np.linspace(0.3, 2.1, 11)))
    printed = (
        18.298
        + 0.002 * x["diagnostics_Image-original_Mean"]
        - 0.331 * x["log-sigma-4-0-mm-3D_glcm_Correlation"]
        + 4.513 * x["log-sigma-5-0-mm-3D_glcm_InverseVariance"]
        - 22.778 * x["original_glcm_JointEnergy"]
        + 3.133 * x["wavelet-HHH_gldm_DependenceNonUniformityNormalized"]
        + 0.009 * x["wavelet-HHL_firstorder_InterquartileRange"]
        - 0.002 * x["wavelet-HLL_firstorder_Maximum"]
        - 0.085 * x["wavelet-HLL_firstorder_RootMeanSquared"]
        - 0.0008 * x["wavelet-HLL_glszm_GrayLevelVariance"]
        + 1.855 * x["wavelet-LLH_firstorder_Entropy"]
        + 1.509 * x["wavelet-LLL_glcm_Imc1"]
    )
    score = load_signature(RADSCORE).score(pd.DataFrame([x]))
    assert score.item() == pytest.approx(printed, rel=1e-12)


def test_mazda_formula_as_printed() -> None:
    x = dict(zip(load_signature(MAZDA).features, np.linspace(5, 90, 8)))
    printed = (
        1.29
        + 0.0000324 * x["Vertl_RLNonUni"]
        - 0.289 * x["S(5,-5)DifVarnc"]
        - 0.00964 * x["S(5,5)SumOfSqs"]
        - 0.00186 * x["S(5,0)SumOfSqs"]
        - 0.267 * x["S(4,4)SumOfSqs"]
        - 0.00215 * x["S(3,-3)SumOfSqs"]
        - 0.00301 * x["S(0,2)SumOfSqs"]
        + 0.0414 * x["S(1,0)SumVarnc"]
    )
    score = load_signature(MAZDA).score(pd.DataFrame([x]))
    assert score.item() == pytest.approx(printed, rel=1e-12)


def test_terms_and_intercept_add_up(signature) -> None:
    features = ones(signature).mul([1.0, 2.0, -3.0], axis=0)
    total = signature.terms(features).sum(axis=1) + signature.intercept
    pd.testing.assert_series_equal(signature.score(features), total.rename("score"))
    assert list(signature.to_frame().index) == ["intercept", *signature.features]


def test_log_odds_become_probabilities(signature) -> None:
    found = signature.probability(pd.Series([0.0, math.log(3), -800.0]))
    assert found.tolist() == pytest.approx([0.5, 0.75, 0.0])


def test_a_missing_value_gives_no_score(signature) -> None:
    features = ones(signature)
    features.iloc[1, 2] = np.nan
    assert signature.score(features).isna().tolist() == [False, True, False]


def test_columns_of_a_study_are_understood(signature) -> None:
    family = signature.extraction.family
    plain = ones(signature)
    study = plain.rename(columns=lambda name: f"sag.{family}.{column_name(name)}")
    both = study.join(study.rename(columns=lambda name: name.replace("sag.", "axi.")) * 2)
    assert signature.score(study).equals(signature.score(plain))
    assert signature.score(both, view="axi").equals(signature.score(plain * 2))
    with pytest.raises(DlrError, match=r"several columns fit .*; name the view"):
        signature.score(both)
    other = study.rename(columns=lambda name: name.replace(f".{family}.", ".dl."))
    with pytest.raises(DlrError, match=f"lacks {len(plain.columns)} of the"):
        signature.score(other)


def test_missing_features_are_all_named(signature) -> None:
    features = ones(signature)
    lost = list(signature.features[:2])
    with pytest.raises(DlrError, match="lacks 2 of the") as caught:
        signature.score(features.drop(columns=lost))
    assert all(name in str(caught.value) for name in lost)
    assert "\n" not in str(caught.value)


def test_own_settings_pass(signature) -> None:
    signature.check(signature.extraction.settings, signature.features)


def test_other_radiomics_settings_are_refused_by_name() -> None:
    signature = load_signature(RADSCORE)
    with pytest.raises(DlrError) as caught:
        signature.check(load_settings("original-log-wavelet"))
    message = str(caught.value)
    assert "resampledPixelSpacing is None instead of (3.0, 3.0, 3.0)" in message
    assert "\n" not in message
    assert "binWidth" not in message  # 5 in both
    with pytest.raises(DlrError, match="the image type LoG is missing"):
        signature.check(load_settings("original"))
    with pytest.raises(DlrError, match="force2D is True instead of False"):
        signature.check(signature.extraction.settings.for_dimension("2.5d"))
    with pytest.raises(DlrError, match="of another family than 'rad'"):
        signature.check(MazdaSettings())


def test_settings_without_effect_are_not_compared() -> None:
    signature = load_signature(RADSCORE)
    raw = json.loads(signature.extraction.settings.canonical())
    raw["imageType"]["LoG"] = {"sigma": [2.0, 4.0, 5.0]}
    raw["featureClass"] = {}
    raw["setting"] |= {"label": 3, "minimumROISize": 20, "lbp2DRadius": 2.0}
    signature.check(parse_settings(raw, "test"))


def test_an_option_of_one_image_type_counts() -> None:
    signature = load_signature(RADSCORE)
    raw = json.loads(signature.extraction.settings.canonical())
    raw["imageType"]["Wavelet"] = {"binWidth": 10}
    with pytest.raises(DlrError, match="binWidth is 10 instead of 5"):
        signature.check(parse_settings(raw, "test"))


def test_other_mazda_settings_are_refused_by_name() -> None:
    signature = load_signature(MAZDA)
    with pytest.raises(DlrError, match=r"co_occurrence_bits is 5 instead of 6; symmetric is False"):
        signature.check(
            MazdaSettings(co_occurrence_bits=5, symmetric=False, normalisation_region="image")
        )


def provenance_of(signature) -> dict[str, str]:
    if signature.extraction.family == "rad":
        return {"radiomics settings": signature.extraction.settings.canonical()}
    return {"mazda settings": signature.extraction.settings.model_dump_json()}


def test_provenance_of_a_table_is_checked(signature) -> None:
    good = provenance_of(signature)
    signature.check(good, signature.features)
    signature.check({**good, "views": '{"sag": {"plane": "native", "intensity": null}}'})
    with pytest.raises(DlrError, match="does not tell their settings"):
        signature.check({"version dlr": "0.1"})
    with pytest.raises(DlrError, match="in the provenance of their table are unreadable"):
        signature.check({next(iter(good)): "{"})
    views = {"sag": {"plane": "axial", "spacing_mm": 0.5, "intensity": {"method": "zscore"}}}
    with pytest.raises(DlrError, match="their plane is 'axial' instead of 'native'; spacing_mm"):
        signature.check({**good, "views": json.dumps(views)}, view="sag")


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(DlrError, match=f"there is no signature 'x'; dlr has {MAZDA}, {RADSCORE}"):
        load_signature("x")


def test_a_signature_of_ones_own(tmp_path) -> None:
    raw = load_signature(MAZDA).model_dump(mode="json")
    raw |= {"name": "mine", "coefficients": {"Mean": 2.0}, "link": "none"}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    mine = load_signature(path)
    assert mine.score(pd.DataFrame({"Mean": [1.0]})).item() == pytest.approx(3.29)
    with pytest.raises(DlrError, match="is no log odds"):
        mine.probability(pd.Series([0.0]))


def test_faulty_files_name_the_key(tmp_path) -> None:
    path = tmp_path / "mine.json"
    with pytest.raises(InputError, match="does not exist"):
        load_signature(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not readable JSON"):
        load_signature(path)
    raw = load_signature(MAZDA).model_dump(mode="json")
    path.write_text(json.dumps({**raw, "intercept": None, "colour": 1}), encoding="utf-8")
    with pytest.raises(InputError, match="'intercept'") as caught:
        load_signature(path)
    assert {fault.column for fault in caught.value.faults} == {"intercept", "colour"}


def test_feature_tables_are_read_as_csv_too(tmp_path) -> None:
    path = tmp_path / "features.csv"
    path.write_text("PatientX;a;b\np1;1;2\n", encoding="utf-8")
    with pytest.raises(InputError, match="does not name its cases"):
        read_feature_table(path)
    path.write_text("ID;a;b\n007;1.5;2\n", encoding="utf-8")
    values, provenance = read_feature_table(path)
    assert (values.loc["007", "a"], provenance) == (1.5, {})
    broken = tmp_path / "features.parquet"
    broken.write_bytes(b"no parquet")
    with pytest.raises(InputError, match="not a readable feature table"):
        read_feature_table(broken)
