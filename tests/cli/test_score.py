"""``dlr score``: tables are checked, images measured, notes shown, exit codes kept."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from dlr.cli.score import score
from dlr.errors import DlrError, InputError
from dlr.models.published import load_signature

MAZDA = "cervical-orn-mazda"


@pytest.fixture
def features() -> pd.DataFrame:
    signature = load_signature(MAZDA)
    frame = pd.DataFrame(0.5, pd.Index(["007", "8"], name="case_id"), list(signature.features))
    frame.loc["8"] = 1.0
    return frame


def write_parquet(frame: pd.DataFrame, path, provenance: dict[str, str]) -> None:
    table = pa.Table.from_pandas(frame)
    metadata = {**table.schema.metadata, b"dlr.provenance": json.dumps(provenance).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def test_list(capsys) -> None:
    assert score(list_all=True) == 0
    assert "ldh-treatment-radscore: Rad-Score" in capsys.readouterr().out


def test_a_table_with_the_right_settings_is_scored(features, tmp_path, capsys) -> None:
    signature = load_signature(MAZDA)
    settings = signature.extraction.settings.model_dump_json()
    write_parquet(features, tmp_path / "f.parquet", {"mazda settings": settings})
    out = tmp_path / "scores.csv"
    assert score(MAZDA, features=tmp_path / "f.parquet", out=out) == 0
    found = pd.read_csv(out, dtype={"case_id": str}).set_index("case_id")
    assert found["score"].to_dict() == pytest.approx(signature.score(features).to_dict())
    assert {"probability", "term S(5,-5)DifVarnc"} <= set(found.columns)
    assert "positive" not in found  # the paper gives no cut-off
    shown = capsys.readouterr().out
    assert "Note: " in shown
    assert "2 of 2 scored" in shown


def test_a_table_with_other_or_unknown_settings_is_refused(features, tmp_path) -> None:
    settings = load_signature(MAZDA).extraction.settings.model_copy(update={"symmetric": False})
    path, out = tmp_path / "f.parquet", tmp_path / "scores.csv"
    write_parquet(features, path, {"mazda settings": settings.model_dump_json()})
    with pytest.raises(InputError, match="symmetric is False instead of True"):
        score(MAZDA, features=path, out=out)
    features.to_csv(tmp_path / "f.csv")
    with pytest.raises(InputError, match=r"does not tell their settings.*--same-settings"):
        score(MAZDA, features=tmp_path / "f.csv", out=out)
    assert not out.exists()
    assert score(MAZDA, features=tmp_path / "f.csv", out=out, same_settings=True) == 0
    assert pd.read_csv(out, dtype=str)["case_id"].tolist() == ["007", "8"]


def test_cases_without_a_score_change_the_exit_code(features, tmp_path) -> None:
    features.iloc[0, 0] = None
    features.to_csv(tmp_path / "f.csv")
    out = tmp_path / "scores.csv"
    assert score(MAZDA, features=tmp_path / "f.csv", out=out, same_settings=True) == 4
    assert pd.read_csv(out)["score"].isna().tolist() == [True, False]


def test_missing_features_are_refused_whatever_is_confirmed(features, tmp_path) -> None:
    features.drop(columns="S(1,0)SumVarnc").to_csv(tmp_path / "f.csv")
    with pytest.raises(DlrError, match=r"lacks 1 of the 8 features .*: S\(1,0\)SumVarnc"):
        score(MAZDA, features=tmp_path / "f.csv", out=tmp_path / "s.csv", same_settings=True)


def test_usage(tmp_path) -> None:
    with pytest.raises(typer.BadParameter, match="one of --features, --images and --study"):
        score(MAZDA, out=tmp_path / "s.csv")


@pytest.mark.real_data
def test_a_study_file_gives_images_views_and_masks(data_root, tmp_path, capsys) -> None:
    folder = data_root / "lumbar_ivd_t2"
    rows = pd.DataFrame(
        {
            "subject_id": ["11", "20"],
            "image": ["IVD11_img.nii.gz", "IVD20_img.nii.gz"],
            "mask": ["IVD11_mask.nii.gz", "IVD20_mask.nii.gz"],
            "mask_label": [3, 3],
            "view": ["T2", "T2"],
        }
    )
    rows.to_csv(tmp_path / "images.csv", index=False)
    study = tmp_path / "study.yaml"
    study.write_text(
        "name: discs\nimages: images.csv\nclinical: none.csv\n"
        f"image_root: {folder.as_posix()}\n"
        "outcome: {column: surgery, positive: 1}\nviews: {sag: {source: T2}}\n",
        encoding="utf-8",
    )
    out = tmp_path / "scores.csv"
    assert score("ldh-treatment-radscore", study=study, out=out) == 0
    found = pd.read_csv(out)
    assert list(found.columns[:5]) == ["case_id", "reader", "score", "probability", "positive"]
    with pytest.raises(DlrError, match="the study has no view 'axi'; it has sag"):
        score("ldh-treatment-radscore", study=study, out=out, view="axi")
