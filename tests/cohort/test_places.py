"""Paths of a cohort lead nowhere by way of other folders."""

from __future__ import annotations

from pathlib import Path

from dlr.cohort.cohort import _place


def test_places_hold_no_way_out_of_the_tables_folder(tmp_path: Path) -> None:
    tables, export = tmp_path / "tables", tmp_path / "export"
    tables.mkdir()
    export.mkdir()
    assert _place(tables, "../export/a.dcm") == str(export / "a.dcm")
    assert _place(tables, "../export/a#3f9a0c12d4e5") == str(export / "a#3f9a0c12d4e5")
    assert _place(tables, "images/a.nii") == str(tables / "images" / "a.nii")
    assert _place(tables, "/data/a.nii") == "/data/a.nii"
    assert _place(tables / ".." / "export", "a.dcm") == str(export / "a.dcm")


def test_links_are_followed_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "disk" / "tables").mkdir(parents=True)
    (tmp_path / "disk" / "a.nii").write_text("x")
    (tmp_path / "tables").symlink_to(tmp_path / "disk" / "tables")
    found = Path(_place(tmp_path / "tables", "../a.nii"))
    assert found == tmp_path / "disk" / "a.nii"
    assert found.read_text() == "x"
