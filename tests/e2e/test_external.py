"""External cohorts, subgroups, recalibration, model card and repeatability on a tiny study."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr import Bundle, FeatureTable, Study, predict, validate
from dlr.cli.export import export
from dlr.describe import input_hashes
from dlr.diff import compare_runs
from dlr.errors import DlrError, InputError
from dlr.external import ExternalValidation
from dlr.models.identity import model_identity
from dlr.models.model_card import model_card, write_model_card
from dlr.models.onnx_export import export_onnx
from dlr.models.recalibration_file import recalibration_json
from dlr.outputs import run_files, write_run
from dlr.report._methods import methods_paragraphs
from dlr.results import StudyResult, ValidationResult
from dlr.study import TrainedStudy


@pytest.fixture(scope="module")
def tables(tiny_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clinical table whose external cases come from two hospitals."""
    table = pd.read_csv(tiny_study.config.clinical, dtype=str)
    external = table["cohort"] == "external"
    names = np.where(table.groupby("surgery").cumcount() % 2, "north", "south")
    table["cohort"] = np.where(external, names, "training")
    path = tmp_path_factory.mktemp("hospitals") / "clinical.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def validated(tables: Path, run_folder: Path, tiny_study: Study) -> ExternalValidation:
    images = tiny_study.config.images
    return validate(
        run_folder / "bundle", images, tables, tiny_study.work, subgroups=("sex", "age:35")
    )


@pytest.fixture(scope="module")
def folder(validated: ExternalValidation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("validated")
    write_run(validated, target)
    return target


def test_every_cohort_and_the_pooled_cases_are_judged(validated: ExternalValidation) -> None:
    found = {item.cohort: item for item in validated.evaluations}
    assert set(found) == {"training", "north", "south", "pooled"}
    assert validated.evaluation is validated.evaluations[-1] is found["pooled"]
    pooled = found["pooled"].models["DLR"]
    assert pooled.n == sum(found[name].models["DLR"].n for name in ("north", "south"))
    assert set(validated.scores["cohort"]) == {"training", "north", "south"}


def test_a_cohort_of_a_table_is_judged_as_if_it_were_alone(
    validated: ExternalValidation, tables: Path, run_folder: Path, tiny_study: Study
) -> None:
    images = tiny_study.config.images
    alone = validate(run_folder / "bundle", images, tables, tiny_study.work, only="north")
    assert [item.cohort for item in alone.evaluations] == ["new"]
    together = {item.cohort: item for item in validated.evaluations}["north"]
    assert alone.evaluation is not None
    a = alone.evaluation.to_frame().drop(columns="cohort")
    pd.testing.assert_frame_equal(a, together.to_frame().drop(columns="cohort"))
    assert list(alone.recalibrations) == ["new"]


def test_a_cohort_of_one_outcome_is_named_and_pooled(
    tables: Path, run_folder: Path, tiny_study: Study, tmp_path: Path
) -> None:
    table = pd.read_csv(tables, dtype=str)
    table = table[table["cohort"] != "training"]
    table.loc[table["surgery"] == "surgical", "cohort"] = "south"
    table.to_csv(tmp_path / "clinical.csv", index=False)
    images = pd.read_csv(tiny_study.config.images, dtype=str)
    images = images[images["subject_id"].isin(table["subject_id"])]
    images.to_csv(tmp_path / "images.csv", index=False)
    result = validate(
        run_folder / "bundle",
        tmp_path / "images.csv",
        tmp_path / "clinical.csv",
        tiny_study.work,
        tiny_study.config.images.parent,
    )
    assert result.not_judged == {"north": "one outcome only"}
    assert [item.cohort for item in result.evaluations] == ["south", "pooled"]


def test_an_empty_cohort_cell_is_a_fault(
    tables: Path, run_folder: Path, tiny_study: Study, tmp_path: Path
) -> None:
    table = pd.read_csv(tables, dtype=str)
    table.loc[3, "cohort"] = ""
    table.to_csv(tmp_path / "clinical.csv", index=False)
    with pytest.raises(InputError, match="row 5, column 'cohort': the cohort is empty"):
        validate(
            run_folder / "bundle", tiny_study.config.images, tmp_path / "clinical.csv", tmp_path
        )


def test_a_cohort_may_not_be_called_pooled(
    tables: Path, run_folder: Path, tiny_study: Study, tmp_path: Path
) -> None:
    table = pd.read_csv(tables, dtype=str).replace({"cohort": {"south": "pooled"}})
    table.to_csv(tmp_path / "clinical.csv", index=False)
    arguments = (tiny_study.config.images, tmp_path / "clinical.csv", tiny_study.work)
    with pytest.raises(InputError, match="give this cohort another one"):
        validate(run_folder / "bundle", *arguments)


def test_subgroups_cover_the_pooled_cases(validated: ExternalValidation) -> None:
    for table in validated.subgroups:
        assert table.table["n"].sum() == 12
    columns = {table.column for table in validated.subgroups}
    assert columns == {"sex", "age"}
    assert len(validated.subgroups) == 2 * 7


def test_an_unknown_subgroup_column_is_a_fault(
    tables: Path, run_folder: Path, tiny_study: Study
) -> None:
    with pytest.raises(InputError, match="the column is missing"):
        validate(
            run_folder / "bundle",
            tiny_study.config.images,
            tables,
            tiny_study.work,
            subgroups=("height",),
        )


@pytest.mark.parametrize(
    ("subgroup", "outcome", "message"),
    [
        ("height", None, "the column is missing"),
        ("sex:10,20", None, "'sex' holds no numbers that could be cut"),
        ("sex", "surgical", "the outcome is the same in all cases"),
        ("sex", "", "the outcome is absent or empty"),
    ],
)
def test_faults_of_the_tables_come_before_any_extraction(
    subgroup: str, outcome: str | None, message: str,
    tables: Path, run_folder: Path, tiny_study: Study, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def extracted(*_: object, **__: object) -> FeatureTable:
        raise AssertionError("features were extracted first")

    monkeypatch.setattr("dlr.validation.extract_features", extracted)
    table = pd.read_csv(tables, dtype=str)
    if outcome is not None:
        table["surgery"] = outcome
    table.to_csv(tmp_path / "clinical.csv", index=False)
    places = (tiny_study.config.images, tmp_path / "clinical.csv", tiny_study.work)
    with pytest.raises(DlrError, match=message):
        validate(run_folder / "bundle", *places, subgroups=(subgroup,))


def test_the_folder_holds_what_was_found(folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    assert [item["cohort"] for item in metrics][-1] == "pooled"
    for name in ("recalibration.json", "recalibration_north.json", "subgroups.csv"):
        assert (folder / name).is_file(), name
    page = (folder / "report.html").read_text()
    for words in ("Recalibration on offer", "Subgroups", "The north cohort alone"):
        assert words in page, words
    record = json.loads((folder / "provenance.json").read_text())
    assert len(record["inputs"]["images and masks sha256"]) == 64
    assert record["inputs"]["bundle sha256"]
    assert "scores.csv sha256" in record["outputs"]


def test_a_recalibration_is_applied_only_on_request_and_said(
    validated: ExternalValidation, tables: Path, run_folder: Path, tiny_study: Study, tmp_path: Path
) -> None:
    arguments = (run_folder / "bundle", tiny_study.config.images, tables, tiny_study.work)
    plain = predict(*arguments)
    assert plain.applied is None
    assert "recalibrated" not in plain.scores
    items = validated.recalibrations["pooled"]
    content = recalibration_json(items, validated.model, "pooled")
    content["feature_sets"]["Nomogram"]["use"] = "intercept"
    path = tmp_path / "recalibration.json"
    path.write_text(json.dumps(content))
    moved = predict(*arguments, recalibration=path)
    merged = plain.scores.merge(moved.scores, on=["case_id", "feature_set"])
    rows = merged[merged["feature_set"] == "Nomogram"]
    shift = items["Nomogram"].offset.value
    np.testing.assert_allclose(rows["score_y"], rows["score_x"] + shift, rtol=0, atol=1e-12)
    np.testing.assert_allclose(rows["probability_y"], expit(rows["score_y"]), rtol=1e-12)
    others = merged[~merged["recalibrated"]]
    assert (others["score_x"] == others["score_y"]).all()
    same = (rows["probability_x"] >= plain.thresholds["Nomogram"]) == (
        rows["probability_y"] >= moved.thresholds["Nomogram"]
    )
    assert same.all()
    assert moved.nomogram is None
    write_run(moved, tmp_path / "moved")
    assert "no longer those of the frozen" in (tmp_path / "moved" / "report.html").read_text()
    record = json.loads((tmp_path / "moved" / "provenance.json").read_text())
    assert "Nomogram: intercept" in record["run"]["recalibration"]
    content["model"] = "another"
    path.write_text(json.dumps(content))
    with pytest.raises(DlrError, match="fitted for another model"):
        predict(*arguments, recalibration=path)


def test_a_bundle_keeps_its_identity_when_saved(trained: TrainedStudy, run_folder: Path) -> None:
    bundle = trained.bundle
    identity = model_identity(bundle)
    assert identity == model_identity(Bundle.load(run_folder / "bundle"))
    another_day = {**bundle.summary, "trained": "1999-12-31"}
    assert identity == model_identity(replace(bundle, summary=another_day))
    assert bundle.clinic is not None
    logistic = bundle.clinic.logistic
    flipped = replace(logistic, coefficients=-logistic.coefficients)
    other = replace(bundle, clinic=replace(bundle.clinic, logistic=flipped))
    assert identity != model_identity(other)


def test_a_bundle_asks_for_nothing_of_the_machine_it_came_from(
    trained: TrainedStudy, tmp_path: Path
) -> None:
    config = trained.bundle.config
    assert config.embedding is not None
    assert config.radiomics is not None
    here = {
        "embedding": config.embedding.model_copy(update={"device": "cpu", "runtime": "openvino"}),
        "radiomics": config.radiomics.model_copy(update={"device": "cuda"}),
    }
    replace(trained.bundle, config=config.model_copy(update=here)).save(tmp_path / "bundle")
    found = Bundle.load(tmp_path / "bundle").config
    assert found.embedding is not None
    assert found.radiomics is not None
    assert (found.embedding.device, found.embedding.runtime) == ("auto", "torch")
    assert found.radiomics.device == "cpu"


def test_methods_name_the_files_as_the_study_did(
    trained: TrainedStudy, validated: ExternalValidation
) -> None:
    def features(result: StudyResult | ValidationResult) -> str:
        found = methods_paragraphs(result.config, result.provenance)
        return next(item.text for item in found if item.head == "Features")

    assert "(parameters: original)" in features(validated)
    assert features(trained.result).startswith(features(validated))  # then tells of the readers


def test_a_newer_bundle_says_so(run_folder: Path, tmp_path: Path) -> None:
    from dlr.features.cache import file_sha256

    copy = Path(shutil.copytree(run_folder / "bundle", tmp_path / "bundle"))
    content = json.loads((copy / "bundle.json").read_text())
    content["format"] += 1
    (copy / "bundle.json").write_text(json.dumps(content))
    checksums = json.loads((copy / "checksums.json").read_text())
    checksums["bundle.json"] = file_sha256(copy / "bundle.json")
    (copy / "checksums.json").write_text(json.dumps(checksums))
    with pytest.raises(InputError, match="install a newer dlr"):
        Bundle.load(copy)


def test_the_model_card_says_what_the_model_is(
    trained: TrainedStudy, validated: ExternalValidation, tmp_path: Path
) -> None:
    card = write_model_card(trained.bundle, tmp_path, trained.result).read_text()
    assert card == model_card(trained.bundle, trained.result)
    for heading in ("Training data", "Performance", "Inputs", "Thresholds", "Limits", "Versions"):
        assert f"## {heading}" in card, heading
    assert "not a medical device" in card
    assert "SIMULATED" in card
    external = trained.result.evaluation("external").models["DLR"].roc.auc
    low, high = external.confidence_interval()
    assert f"{external.value:.3f} ({low:.3f} to {high:.3f})" in card
    assert model_identity(trained.bundle) in card
    assert "| pooled (frozen) |" in model_card(trained.bundle, validated)
    assert "Intervals are in the report" in model_card(trained.bundle)


def test_a_trained_bundle_exports_as_onnx(
    run_folder: Path,
    tiny_features: FeatureTable,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = Bundle.load(run_folder / "bundle")
    exported = export_onnx(bundle, tmp_path, tiny_features.values)
    assert len(exported.files) == 5
    assert set(exported.left_out) == {"Clinic", "Nomogram"}
    assert all(item.difference < 1e-6 for item in exported.files)
    assert export(run_folder / "bundle", tmp_path / "again") == 0
    said = capsys.readouterr().out
    assert "Nomogram: a logistic regression; its coefficients are in bundle.json" in said
    assert (tmp_path / "again" / "DLR.onnx").is_file()


def test_a_rerun_from_the_cache_with_two_workers_gives_the_same_bytes(
    tiny_study: Study, trained: TrainedStudy, tmp_path: Path
) -> None:
    # The audit takes most of the time and must not touch the results.
    quick = Study(tiny_study.config.model_copy(update={"audit": None}), tiny_study.work)
    cohort = quick.cohort()
    again = quick.train(cohort, quick.extract(cohort, workers=2), workers=2)
    same_settings = replace(again.result, config=trained.result.config)
    first, second = run_files(trained.result), run_files(same_settings)
    assert list(first) == list(second)
    for name in first:
        if name != "provenance.json":
            assert first[name].encode() == second[name].encode(), name
    for folder, files in (("a", first), ("b", second)):
        for name, text in files.items():
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_text(text)
    assert compare_runs(tmp_path / "a", tmp_path / "b").equal


def test_the_hash_of_images_and_masks_follows_their_content(
    tiny_study: Study, tmp_path: Path
) -> None:
    config = tiny_study.config
    before = input_hashes(tiny_study.cohort())
    copy = Path(shutil.copytree(config.images.parent, tmp_path / "copy"))
    moved = Study.from_yaml(copy / "study.yaml").cohort()
    assert input_hashes(moved) == before
    mask = Path(moved.images["mask"].iloc[0])
    mask.write_bytes(mask.read_bytes() + b"x")
    assert input_hashes(moved) != before
    mask.unlink()
    assert ", 1 absent" in input_hashes(moved)["images and masks"]
