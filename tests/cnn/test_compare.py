"""Several networks on the same folds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dlr.cnn.compare import NetworkComparison, compare_networks, paired_tests
from dlr.cnn.comparison_report import (
    compare_all_readers,
    comparison_report,
    reader_studies,
    write_comparison,
)
from dlr.cnn.report import headline_rows
from dlr.cnn.settings import ReaderSettings
from dlr.errors import DlrError, InputError, WeightsError

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


@pytest.fixture
def twins(study):
    """A comparison of several labels: the same trained study under two names."""
    studies = {"One": study, "Two": study}
    results = {name: one.result for name, one in studies.items()}
    rows = [headline_rows(result).assign(network=name) for name, result in results.items()]
    return NetworkComparison(studies, paired_tests(results), pd.concat(rows, ignore_index=True))


def write_ratings(folder, rows):
    """Write ratings of one reader, A, and return the settings of a study that names them."""
    path = folder / "readers.csv"
    table = pd.DataFrame(rows).assign(reader="A")
    table.to_csv(path, index=False)
    return ReaderSettings(table=path)


def test_a_label_whose_readers_cannot_be_compared_leaves_the_others(twins, tmp_path):
    config = twins.studies["One"].result.config
    cases = twins.studies["One"].result.cases
    rows = [
        {"case_id": case, "label": label, "rating": number % 2}
        for label in ("upper", "middle")
        for number, (case, truth) in enumerate(cases[label].items())
        if label == "upper" or truth == 0
    ]
    rows.append({"case_id": "p00", "label": "upper", "rating": 1})
    config = config.model_copy(update={"readers": write_ratings(tmp_path, rows)})
    found = compare_all_readers(twins, config)
    assert set(found.studies) == {("One", "upper"), ("Two", "upper")}
    negatives = int((cases["middle"] == 0).sum())
    assert found.problems == (
        "Cases rated for 'upper' but left out, having no score (names are compared exactly): "
        "'p00'.",
        f"The readers of 'middle' are not compared: the {negatives} case(s) that every reader "
        "rated are all negative; a comparison needs both outcomes.",
        "No reader rated 'lower'.",
    )
    page = write_comparison(twins, config, tmp_path / "out").read_text()
    assert "that every reader rated are all negative" in page
    assert "left out, having no score (names are compared exactly)" in page
    assert "Readers and One, upper, 24 cases." in page
    assert (tmp_path / "out" / "Two" / "bundle" / "bundle.json").is_file()


def test_all_is_written_though_the_readers_table_is_gone(comparison, tmp_path):
    found, config = comparison
    readers = ReaderSettings(table=tmp_path / "gone.csv")
    page = write_comparison(found, config.model_copy(update={"readers": readers}), tmp_path)
    assert "The readers are not compared: the readers table does not exist" in page.read_text()
    assert str(tmp_path) not in page.read_text()


def test_cases_that_not_all_readers_rated_are_counted(comparison, tables, tmp_path):
    found, config = comparison
    cases = pd.read_csv(tables[1])["subject_id"]
    rows = [
        {"reader": reader, "case_id": case, "rating": number % 2}
        for reader, part in (("A", cases), ("B", cases[:15]))
        for number, case in enumerate(part)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "readers.csv", index=False)
    readers = ReaderSettings(table=tmp_path / "readers.csv")
    page = write_comparison(found, config.model_copy(update={"readers": readers}), tmp_path)
    sentence = "Readers and ViT, upper, 15 of 24 cases, those that every reader rated."
    assert sentence in page.read_text()


def test_networks_judged_on_one_patient_are_compared(comparison):
    found, config = comparison
    studies = {}
    for name, one in found.studies.items():
        scores = one.result.case_scores.assign(subject_id="P")
        studies[name] = replace(one, result=replace(one.result, case_scores=scores))
    tests = paired_tests({name: one.result for name, one in studies.items()})
    assert set(tests) == {("training", "upper"), ("external", "upper")}
    report = comparison_report(NetworkComparison(studies, tests, found.performance), config)
    assert [section.name for section in report.sections] == ["networks", "readers"]
    readers = compare_all_readers(NetworkComparison(studies, tests, found.performance), config)
    assert len(readers.studies) == 2


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (None, "the readers table does not exist; check 'readers.table'"),
        ([{"case_id": "P00", "rating": ""}], "row 2, column 'rating': the cell is empty"),
        ([{"case_id": "P00", "rating": "high"}], "'high' is not a number"),
        (
            [{"case_id": f"p{number:02d}", "rating": 1} for number in range(7)],
            "none of the rated cases is one of the study: 'p00', 'p01', 'p02', 'p03', 'p04' and 2 "
            "more; names are compared exactly, write them as the study does, such as 'P00', 'P01'",
        ),
    ],
)
def test_faults_of_the_readers_table_are_found_before_any_training(tables, tmp_path, rows, reason):
    networks = {
        name: {"architecture": "test_resnet", "weights": "none"} for name in ("First", "Second")
    }
    readers = ReaderSettings(table=tmp_path / "readers.csv")
    if rows is not None:
        readers = write_ratings(tmp_path, rows)
    config = make_config(*tables, networks=networks, readers=readers.model_dump())
    with pytest.raises(InputError) as caught:
        compare_networks(config, tmp_path / "work")
    assert reason in str(caught.value)
    assert not (tmp_path / "work").exists()


def test_ratings_of_no_label_are_refused_before_any_training(tables, tmp_path):
    labels = [{"column": name, "positive": "yes", "negative": "no"} for name in ("upper", "lower")]
    network = {"architecture": "test_resnet", "weights": "none"}
    changes = {
        "task": {"kind": "multilabel", "labels": labels},
        "networks": {"First": network, "Second": network},
        "readers": write_ratings(tmp_path, [{"case_id": "P00", "rating": 1}]).model_dump(),
    }
    with pytest.raises(InputError, match=r"with several labels \(upper, lower\)"):
        compare_networks(make_config(*tables, **changes), tmp_path / "work")
    assert not (tmp_path / "work").exists()


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


def test_weights_of_all_networks_are_looked_for_before_any_training(tables, tmp_path):
    networks = {
        "First": {"architecture": "test_resnet", "weights": "none"},
        "Second": {"architecture": "test_resnet", "weights": str(tmp_path / "gone.pth")},
    }
    with pytest.raises(WeightsError, match="'Second' of networks"):
        compare_networks(make_config(*tables, networks=networks), tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_size_of_the_grid_that_a_network_cannot_take_is_found_before_any_training(
    tables, tmp_path
):
    networks = {
        "First": {"architecture": "test_resnet", "weights": "none"},
        "Second": {"architecture": "densenet121", "weights": "none"},
    }
    changes = {"networks": networks, "search": {"sizes": [32, 16]}}
    training = {"epochs": 1, "batch_size": 8, "stopping": {"data": "inner"}, "device": "cpu"}
    with pytest.raises(WeightsError, match=r"'Second' of networks: .* pictures of 16 pixels"):
        compare_networks(make_config(*tables, **changes, training=training), tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_reader_named_like_a_network_is_refused(tables, tmp_path):
    networks = {"A": {"architecture": "test_resnet", "weights": "none"}}
    networks |= {"B": networks["A"]}
    cases = pd.read_csv(tables[1])["subject_id"]
    readers = write_ratings(tmp_path, [{"case_id": case, "rating": 1} for case in cases])
    config = make_config(*tables, networks=networks, readers=readers.model_dump())
    with pytest.raises(InputError, match="'A' is the name of a network of the study"):
        compare_networks(config, tmp_path / "work")
