"""Concordance, NRI and IDI against Hmisc 4.8-0; p.adjust and pmsampsize beside them."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.stats import adjust_p_values, concordance, reclassification, sample_size_binary


@pytest.mark.parametrize("marker", ["s100b", "ndka", "wfns"])
@pytest.mark.parametrize(
    ("exclude_ties", "key"), [(False, "rcorr_cens"), (True, "rcorr_cens_outx")]
)
def test_concordance(reference, reference_table, marker, exclude_ties, key):
    expected = reference("cindex")["aSAH"][marker][key]
    table = reference_table("aSAH")
    result = concordance(table.outcome_poor, table[marker], exclude_ties)
    assert result.c == pytest.approx(expected["C Index"], rel=1e-13)
    assert result.dxy == pytest.approx(expected["Dxy"], rel=1e-13)
    assert result.standard_deviation == pytest.approx(expected["S.D."], rel=1e-12)
    assert result.relevant_pairs == expected["Relevant Pairs"]
    assert result.concordant_pairs == pytest.approx(expected["Concordant"], rel=1e-13)


@pytest.mark.parametrize("model", ["cancerpredmarker", "famhistory"])
def test_concordance_of_probabilities(reference, reference_table, model):
    expected = reference("cindex")["df_binary"][model]
    table = reference_table("df_binary")
    result = concordance(table.cancer.astype(int), table[model])
    assert result.standard_deviation == pytest.approx(expected["rcorr_cens"]["S.D."], rel=1e-12)
    assert list(result.confidence_interval()) == pytest.approx(expected["C_ci95"], rel=1e-11)


def test_category_free_nri_and_idi(reference):
    data = reference("reclass")
    expected = data["improveProb"]
    result = reclassification(data["y"], data["p_old"], data["p_new"])
    names = {"nri": "nri", "nri_events": "nri.ev", "nri_nonevents": "nri.ne", "idi": "idi"}
    for name, key in names.items():
        estimate = getattr(result, name)
        assert estimate.value == pytest.approx(expected[key], rel=1e-12)
        assert estimate.standard_error == pytest.approx(expected[f"se.{key}"], rel=1e-12)
        assert estimate.statistic == pytest.approx(expected[f"z.{key}"], rel=1e-12)
    assert result.idi_events.value == pytest.approx(expected["improveSens"], rel=1e-12)
    assert result.idi_nonevents.value == pytest.approx(expected["improveSpec"], rel=1e-12)


def test_categorical_nri(reference):
    data = reference("reclass")
    expected = data["categorical"]
    result = reclassification(data["y"], data["p_old"], data["p_new"], expected["cuts"])
    assert result.categorical_nri.value == pytest.approx(expected["nri"], rel=1e-13)
    assert result.categorical_nri.null_standard_error == pytest.approx(expected["se"], rel=1e-12)
    assert result.categorical_nri.p_value == pytest.approx(expected["p"], rel=1e-11)
    assert result.table_events.to_numpy().tolist() == expected["table_events"]
    assert result.table_nonevents.to_numpy().tolist() == expected["table_nonevents"]


@pytest.mark.parametrize(("method", "key"), [("bh", "BH"), ("holm", "holm")])
def test_p_values_are_adjusted_as_p_adjust_does(reference, method, key):
    expected = reference("tests")["p_adjust"]
    for raw, adjusted in (
        ("wilcox_p", "wilcox_adj"),
        ("welch_p", "welch_adj"),
        ("textbook_p_with_NA", "textbook_adj"),
    ):
        p = np.array(expected[raw], dtype=float)
        want = np.array(expected[adjusted][key], dtype=float)
        np.testing.assert_allclose(adjust_p_values(p, method), want, rtol=1e-13)


def test_sample_size_of_the_published_example():
    """pmsampsize(type="b", rsquared=.288, parameters=24, prevalence=.174)."""
    result = sample_size_binary(0.174, 24, r2_cox_snell=0.288)
    assert (result.n_shrinkage, result.n_optimism, result.n_risk) == (623, 662, 221)
    assert result.n == 662
