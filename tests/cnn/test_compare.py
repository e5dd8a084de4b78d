"""Several networks on the same folds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dlr.cnn.compare import compare_networks
from dlr.cnn.comparison_report import reader_studies, write_comparison
from dlr.errors import DlrError, WeightsError

from .conftest import make_config


@pytest.fixture(scope="module")
def comparison(tables, tmp_path_factory):
    networks = {
        "ResNet": {"architecture": "test_resnet", "weights": "none"},
        "ViT": {"architecture": "mobilevit_xxs", "weights": "none"},
    }
    folder = tmp_path_factory.mktemp("compare")
    rng = np.random.default_rng(0)
    clinical = pd.read_csv(tables[1])
    rows = [
        {"reader": reader, "case_id": case, "rating": int((label == "yes") != (rng.random() < 0.3))}
        for reader in "AB"
        for case, label in zip(clinical["subject_id"], clinical["upper"])
    ]
    pd.DataFrame(rows).to_csv(folder / "readers.csv", index=False)
    config = make_config(
        *tables, networks=networks, readers={"table": folder / "readers.csv", "simulated": True}
    )
    return compare_networks(config, folder / "work"), config


def test_all_networks_have_the_same_folds_and_are_compared_in_pairs(comparison):
    found, _ = comparison
    first, second = found.results.values()
    pd.testing.assert_series_equal(first.folds, second.folds)
    pairs = found.pairs()
    assert set(pairs["cohort"]) == {"training", "external"}
    assert pairs["p_value"].between(0, 1).all()


def test_normalised_confusion_rows_sum_to_one(comparison):
    table = comparison[0].confusion()
    np.testing.assert_allclose(table["true_negative"] + table["false_positive"], 1)
    np.testing.assert_allclose(table["false_negative"] + table["true_positive"], 1)


def test_the_report_holds_networks_and_readers(comparison, tmp_path):
    found, config = comparison
    studies = reader_studies(found, config)
    assert set(studies) == {("ResNet", "upper"), ("ViT", "upper")}
    assert studies["ResNet", "upper"].n == 24
    page = write_comparison(found, config, tmp_path)
    assert "The readers are simulated" in page.read_text()
    assert json.loads((tmp_path / "report.json").read_text())["numbers"]["performance"]
    assert (tmp_path / "ViT" / "bundle" / "bundle.json").is_file()


def test_one_network_cannot_be_compared(tables, tmp_path):
    with pytest.raises(DlrError, match="at least two"):
        compare_networks(make_config(*tables), tmp_path)


def test_the_network_without_weights_is_named(tables, tmp_path):
    networks = {
        name: {"architecture": "test_resnet", "weights": str(tmp_path / "gone.pth")}
        for name in ("First", "Second")
    }
    with pytest.raises(WeightsError, match=r"'First' of networks: network\.weights is"):
        compare_networks(make_config(*tables, networks=networks), tmp_path)
