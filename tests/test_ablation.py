"""Ablation: every variant under the same folds, compared with the full model in pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dlr.ablation as ablation_module
from dlr import Study
from dlr.ablation import FULL, Variant, ablate, standard_variants
from dlr.cohort.simulation import write_tiny_cohort
from dlr.config import StudyConfig
from dlr.errors import DlrError, InputError
from dlr.models.cases import TrainingData
from dlr.models.feature_sets import FeatureSet, feature_sets
from dlr.report import write_report
from dlr.stats import auc


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("ablation")
    path = write_tiny_cohort(folder / "cohort", n_subjects=30)
    study = Study.from_yaml(path, work=folder / "work")
    model = study.config.model.model_copy(update={"classifier": "logistic"})
    variables = dict(list(study.config.clinical_variables.items())[:2])
    changes = {"embedding": None, "model": model, "clinical_variables": variables}
    return Study(study.config.model_copy(update=changes), study.work)


def test_variants_are_rerun_and_compared_in_pairs(study: Study, tmp_path: Path) -> None:
    config = study.config.model_copy(
        update={
            "ablation": {
                "same again": {"selection.spearman": study.config.selection.spearman},
                "larger margin": {"views.sag.margin_mm": 12.0},
            }
        }
    )
    ablation = ablate(Study(config, study.work))
    table = ablation.table.set_index(["variant", "score"])
    assert table.loc[(FULL, "DLR"), "difference"] == 0
    assert table.loc[("same again", "Nomogram"), "difference"] == 0
    # A margin changes the crop of deep features, not the radiomics.
    assert table.loc[("larger margin", "DLR"), "difference"] == 0
    names = set(table.index.get_level_values("variant"))
    assert {"without sag.rad", "no LASSO", "no ICC gate", "no Mann-Whitney"} <= names
    assert len(names) == len(table) / 2
    compared = table["p_value"].notna()
    assert (table["p_adjusted"] >= table["p_value"])[compared].all()
    low, high = table["difference_low"], table["difference_high"]
    assert (low <= table["difference"]).all()
    assert (table["difference"] <= high).all()
    np.testing.assert_allclose(
        table["auc"] - table["difference"],
        table["auc"].xs(FULL).reindex(table.index.get_level_values("score")).to_numpy(),
    )
    page = write_report(ablation, tmp_path)
    assert "no LASSO" in page.read_text(encoding="utf-8")


def test_unknown_settings_are_named(study: Study) -> None:
    for changes, message in (
        ({"selection.spearmen": 0.8}, "spearmen"),
        ({"selection.lasso.path.x": 1}, "the study has no setting 'selection.lasso.path.x'"),
        ({"model.folds": 1}, "model.folds"),
    ):
        config = study.config.model_copy(update={"ablation": {"odd": changes}})
        with pytest.raises((DlrError, InputError), match=message):
            ablate(Study(config, study.work))


def test_a_variant_that_cannot_be_measured_stops_before_any_work(study: Study) -> None:
    changes = {"radiomics.parameters": "no_such_file.yaml"}
    config = study.config.model_copy(update={"ablation": {"other bins": changes}})
    with pytest.raises(DlrError, match=r"ablation 'other bins': .*no_such_file\.yaml"):
        ablate(Study(config, study.work))


def test_files_of_variants_are_found_from_the_folder_of_the_study(tmp_path: Path) -> None:
    path = write_tiny_cohort(tmp_path / "cohort", n_subjects=18)
    (path.parent / "bins.yaml").write_text("setting: {binWidth: 10}\n", encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    added = "\nablation:\n  bins of 10: {radiomics.parameters: bins.yaml}\n"
    path.write_text(text + added, encoding="utf-8")
    found = StudyConfig.from_yaml(path).ablation["bins of 10"]["radiomics.parameters"]
    assert Path(found) == path.parent / "bins.yaml"


def test_the_published_protocol_has_nothing_to_compare(study: Study) -> None:
    config = study.config.model_copy(update={"protocol": "published"})
    with pytest.raises(DlrError, match="set 'protocol: sound'"):
        ablate(Study(config, study.work))


def test_a_block_is_left_out_of_the_set_that_enters_the_nomogram() -> None:
    columns = ["sag.rad.a", "sag.dl.0001", "axi.rad.a", "axi.dl.0001"]

    def without(**feature_set: object) -> dict[str, FeatureSet]:
        config = StudyConfig.model_validate(
            {
                "name": "own set",
                "images": "i.csv",
                "clinical": "c.csv",
                "outcome": {"column": "y", "positive": 1},
                "views": {"sag": {}, "axi": {}},
                "feature_sets": {"own": feature_set},
                "model": {"nomogram_score": "own"},
            }
        )
        index = pd.Index(["p1"], name="case_id")
        features = pd.DataFrame(0.0, index, columns)
        empty = pd.Series([0], index)
        data = TrainingData(features, pd.DataFrame(index=index), empty, empty, features.iloc[:0])
        variants = [v for v in standard_variants(config, data) if v.group == "block"]
        return {v.name: feature_sets(columns, v.config)["own"] for v in variants}

    early = without(blocks=["sag.*"], components=16)
    assert list(early) == ["without sag.rad", "without sag.dl"]
    assert early["without sag.rad"].columns == ("sag.dl.0001",)
    assert early["without sag.rad"].components == 16
    late = without(members=["Rad_sag", "DL_sag", "Rad_axi"], fusion="stack")
    assert late["without DL_sag"].members == ("Rad_sag", "Rad_axi")
    assert late["without DL_sag"].fusion == "stack"


def test_the_full_model_is_the_study_itself_and_its_votes_serve_the_variants(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    voting = {
        "classifier": "vote",
        "algorithms": ("logistic", "knn", "decision-tree"),
        "tune": False,
    }
    model = study.config.model.model_copy(update=voting)
    voted = Study(study.config.model_copy(update={"model": model}), study.work)
    cohort = voted.cohort()
    features = voted.extract(cohort)
    scores = voted.train(cohort, features).result.scores
    monkeypatch.setattr(
        ablation_module,
        "standard_variants",
        lambda config, data: [Variant("same again", "own", config)],
    )
    table = ablate(voted).table.set_index(["variant", "score"])
    for name in ("DLR", "Nomogram"):
        rows = scores[(scores["feature_set"] == name) & (scores["estimate"] == "out-of-fold")]
        rows = rows[rows["cohort"] == "training"]
        own = auc(rows["outcome"], rows["score"]).value
        assert table.loc[(FULL, name), "auc"] == pytest.approx(own, abs=1e-12)
        assert table.loc[("same again", name), "difference"] == 0
