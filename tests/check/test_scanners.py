"""Scanners by centre."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from .editing import check, edit, places, read_table, rewrite_geometry, settings


def headers(folder: Path, makers: dict[str, str]) -> pd.DataFrame:
    """Return scanners.csv as `dlr import` writes it, by centre's maker."""
    clinical = read_table(folder / "clinical.csv").set_index("subject_id")
    images = read_table(folder / "images.csv").drop_duplicates("image")
    table = images[["subject_id", "image", "view"]].assign(modality="MR")
    table["manufacturer"] = [makers[clinical.loc[s, "center"]] for s in table["subject_id"]]
    return table.assign(field_strength_t="1.5", kernel="")


def test_geometry_stands_in_for_headers(clean_cohort: Path) -> None:
    found = check(clean_cohort)
    assert not found.from_headers
    sag = found.scanners[found.scanners["view"] == "sag"].set_index("center")
    assert list(sag["images"]) == [16, 8]
    assert set(sag["most_slices"]) == {5}


def test_headers_are_joined_by_image(cohort: Path) -> None:
    headers(cohort, {"A": "One", "B": "Two"}).to_csv(cohort / "scanners.csv", index=False)
    found = check(cohort)
    assert found.from_headers
    assert list(found.scanners["manufacturer"]) == ["One", "One", "Two", "Two"]
    assert "kernel" not in found.scanners  # empty for every image
    assert places(found, "one-maker-per-centre") == [("note", None)]


def test_images_without_header_are_counted(cohort: Path) -> None:
    table = headers(cohort, {"A": "One", "B": "One"})
    table.iloc[3:].to_csv(cohort / "scanners.csv", index=False)
    found = check(cohort)
    assert places(found, "scanners") == [("note", None)]
    assert "not listed" in set(found.scanners["manufacturer"])
    assert places(found, "one-maker-per-centre") == []


@pytest.mark.parametrize("content", ["a,b\n1,2\n", ""])
def test_another_table_of_that_name_is_a_warning(cohort: Path, content: str) -> None:
    (cohort / "scanners.csv").write_text(content)
    found = check(cohort)
    assert places(found, "scanners") == [("warning", None)]
    assert not found.from_headers


def test_pixel_sizes_apart(cohort: Path) -> None:
    table = read_table(cohort / "images.csv")
    for row in table.index[(table["view"] == "sag") & (table["subject_id"] == "S0001")]:
        rewrite_geometry(cohort / table["mask"][row], 3.5)
    rewrite_geometry(cohort / table["image"][0], 3.5)
    assert places(check(cohort), "pixel-sizes") == [("warning", None)]
    settings(cohort, lambda content: content["views"]["sag"].update(spacing_mm=2.0))
    assert places(check(cohort), "pixel-sizes") == []


def test_cases_without_centre_stand_under_their_cohort(cohort: Path) -> None:
    edit(cohort / "clinical.csv", lambda table: table.pop("center"))
    assert set(check(cohort).scanners["center"]) == {"training", "external"}
