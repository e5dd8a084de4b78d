"""The stability table: ICC over copies, training cases only, feeding the gate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr import Study
from dlr.cli.app import run
from dlr.cohort.simulation import write_tiny_cohort
from dlr.errors import DlrError, InputError
from dlr.stability import PerturbationSettings, read_stability, stability_table
from dlr.stats import icc, icc_repeated


def test_many_ratings_agree_as_the_single_table_does() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=(20, 3))
    names = pd.Index(["a", "b", "c"])
    tables = [
        pd.DataFrame(truth + generator.normal(scale=0.5, size=truth.shape), columns=names)
        for _ in range(4)
    ]
    tables[2].iloc[4, 1] = np.nan
    found = icc_repeated(tables, "1,1").to_frame()
    for name in names:
        ratings = pd.concat([table[name] for table in tables], axis=1).dropna().to_numpy()
        expected = icc(ratings, "1,1")
        assert found.loc[name, "icc"] == pytest.approx(expected.value, abs=1e-12)
        low, high = expected.confidence_interval()
        assert found.loc[name, ["low", "high"]].tolist() == pytest.approx([low, high], abs=1e-12)
    with pytest.raises(DlrError, match="at least two ratings"):
        icc_repeated(tables[:1])
    with pytest.raises(DlrError, match="rating 2 differs"):
        icc_repeated([tables[0], tables[1].iloc[1:]])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_cohort(tmp_path_factory.mktemp("stability"), n_subjects=18)


def test_the_command_writes_a_table_that_feeds_the_gate(study: Path, tmp_path: Path) -> None:
    arguments = ["stability", str(study), "--out", str(tmp_path), "-k", "3"]
    assert run([*arguments, "--work", str(tmp_path / "work")]) == 0
    first = (tmp_path / "stability.csv").read_bytes()
    frame = pd.read_csv(tmp_path / "stability.csv").set_index("feature")
    assert list(frame.columns) == ["icc", "low", "high", "n_cases", "ratings"]
    assert (frame["n_cases"] == 12).all()  # the training cases, and no other
    assert (frame["ratings"] == 4).all()
    assert frame["icc"].between(-1, 1).all()
    assert (tmp_path / "stability.svg").is_file()
    # Again from the cache, with two workers: the same bytes.
    assert run([*arguments, "--work", str(tmp_path / "work"), "-j", "2"]) == 0
    assert (tmp_path / "stability.csv").read_bytes() == first

    text = study.read_text(encoding="utf-8")
    gated = study.with_name("gated.yaml")
    start = text.index("agreement:")
    block = text[start:].split("\n")
    end = next(i for i, line in enumerate(block[1:], 1) if not line.startswith(" "))
    rest = "\n".join(block[end:])
    gate = f"agreement:\n  stability: {tmp_path / 'stability.csv'}\n  threshold: 0.8\n"
    images = pd.read_csv(study.with_name("images.csv"), dtype=str)
    images[images["reader"] == "reader1"].to_csv(study.with_name("one_reader.csv"), index=False)
    content = (text[:start] + gate + rest).replace("images.csv", "one_reader.csv")
    gated.write_text(content, encoding="utf-8")
    chosen = Study.from_yaml(gated, work=tmp_path / "work")
    config = chosen.config.model_copy(update={"embedding": None, "audit": None})
    chosen = Study(config, chosen.work)
    cohort = chosen.cohort()
    trained = chosen.train(cohort, chosen.extract(cohort))
    kept = int((frame["icc"] > 0.8).sum())
    assert ("ICC > 0.8", kept) in trained.result.traces["DLR"].steps
    selected = trained.bundle.signatures["DLR"].chain.selected  # type: ignore[union-attr]
    assert all(frame.loc[name, "icc"] > 0.8 for name in selected)


def test_hardly_any_perturbation_gives_nearly_perfect_agreement(
    study: Path, tmp_path: Path
) -> None:
    faint = PerturbationSettings(steps=("translation",), translation=1e-12)
    table = stability_table(Study.from_yaml(study).cohort(), tmp_path, faint, repetitions=1)
    assert table.failures.empty
    assert table.frame["icc"].dropna().min() > 0.999


def test_a_faulty_table_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make it with 'dlr stability"):
        read_stability(tmp_path / "none.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="has the columns feature, icc, low"):
        read_stability(tmp_path / "other.csv")


def test_the_lower_limit_can_be_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("feature,icc,low,high\nx,0.9,0.6,0.95\n", encoding="utf-8")
    assert read_stability(path)["x"] == 0.9
    assert read_stability(path, "lower")["x"] == 0.6
