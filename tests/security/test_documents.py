"""YAML, workbooks, drawings and pages that were made to do harm."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from dlr.cohort.tables import read_text_table
from dlr.config import StudyConfig
from dlr.errors import DlrError, InputError
from dlr.features.radiomics import load_settings
from dlr.report._blocks import Block, Bullets, Fact, Facts, Report, Section, Table, Text
from dlr.report._page import render_page
from dlr.report._pictures import _refuse_active
from dlr.report._restore import read_report
from dlr.safety.archives import check_archive, check_workbook
from dlr.safety.documents import read_json, read_yaml_document

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(f'*{old}' for _ in range(9))}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join(f'*{old}' for _ in range(9))}]}}\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
HARMFUL_YAML = {
    "command": "!!python/object/apply:os.system ['touch hacked']",
    "object": "name: !!python/object:dlr.config.StudyConfig {}",
    "new object": "!!python/object/new:subprocess.Popen [['true']]",
    "module": "name: !!python/module:os",
    "name": "name: !!python/name:os.system",
    "billion laughs": LAUGHS,
    "merge keys": MERGES,
    "itself": "a: &a [*a]",
    "deep": "[" * 5000,
    "deep maps": "{a: " * 5000,
    "deep block": "\n".join(" " * i + "a:" for i in range(500)),
    "two": "a: 1\n---\nb: 2",
    "no date": "name: 2001-99-99",
    "digits": "seed: " + "9" * 10_000,
    "zero": "name: \0",
}


@pytest.mark.parametrize("case", HARMFUL_YAML)
def test_harmful_yaml_is_refused_at_once(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.yaml"
    path.write_text(HARMFUL_YAML[case])
    started = time.process_time()
    for read in (read_yaml_document, StudyConfig.from_yaml, load_settings):
        with pytest.raises(InputError, match=r"study\.yaml"):
            read(path)
    assert time.process_time() - started < 5
    assert [found.name for found in tmp_path.iterdir()] == ["study.yaml"]


def test_ordinary_aliases_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("base: &b {x: 1, y: 2}\nother:\n  <<: *b\n  y: 3\nlist: [*b, *b]\n")
    found = read_yaml_document(path)
    assert found["other"] == {"x": 1, "y": 3}
    assert found["list"] == [{"x": 1, "y": 2}] * 2


def test_oversized_files_are_not_read(tmp_path: Path) -> None:
    for name, read in (("a.json", read_json), ("a.yaml", read_yaml_document)):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(10**11)  # takes no space
        with pytest.raises(InputError, match=r"more than .* bytes"):
            read(tmp_path / name)


def test_devices_and_folders_are_not_read(tmp_path: Path) -> None:
    for path in (Path("/dev/zero"), tmp_path, tmp_path / ("a" * 5000), tmp_path / "a\0b"):
        with pytest.raises(InputError, match="does not exist"):
            read_json(path)


def workbook(path: Path, change: dict[str, tuple[str, str]] | None = None) -> Path:
    """Write a workbook, then change text in its parts."""
    pd.DataFrame({"subject_id": ["a", "b"], "age": ["1", "2"]}).to_excel(path, index=False)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, (old, new) in (change or {}).items():
        assert old in parts[name]
        parts[name] = parts[name].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
)


def test_a_sound_workbook_is_read(tmp_path: Path) -> None:
    found = read_text_table(workbook(tmp_path / "a.xlsx"), "clinical")
    assert list(found["subject_id"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({SHEET: ('r="B3"', 'r="XFD1048576"')}, "spans"),
        ({SHEET: ('r="B3"', "r = 'XFD1048576'")}, "spans"),
        ({SHEET: ('r="B3"', 'r="&#88;FD1048576"')}, "spans"),
        ({SHEET: ('r="B3"', f'r{" " * 3_000_000}="XFD1048576"')}, "spans"),
        ({SHEET: ('r="B3"', 'r="XFD1_048_576"')}, "spans"),
        ({SHEET: ('<c r="B3"', '<other r="XFD1048576"/><c r="B3"')}, "spans"),
        ({SHEET: ('<row r="3"', '<row r="1e9"')}, "spans"),
        ({SHEET: ('<row r="3"', f'<row r="{"9" * 400}"')}, "spans"),
        (
            {SHEET: ("<sheetData>", f'<sheetData><row><c r="XFD1"/></row>{"<row/>" * 2000}')},
            "spans",
        ),
        ({SHEET: ("<worksheet", f"{ENTITIES}<worksheet")}, "defines entities"),
        ({"xl/workbook.xml": ("<workbook", f"{ENTITIES}<workbook")}, "defines entities"),
        ({SHEET: ("</sheetData>", "")}, "not a readable table"),
    ],
)
def test_harmful_workbooks_are_refused(
    change: dict[str, tuple[str, str]], reason: str, tmp_path: Path
) -> None:
    path = workbook(tmp_path / "a.xlsx", change)
    started = time.process_time()
    with pytest.raises(InputError, match=reason):
        read_text_table(path, "clinical")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('r="B3"', 'r="XFD1048576"', "spans"),
        ("<worksheet", f"{ENTITIES}<worksheet", "defines entities"),
    ],
)
@pytest.mark.parametrize("name", ["xl/pages/sheet1.part", "xl/media/image1.png"])
def test_a_sheet_under_another_name_is_a_sheet(
    name: str, old: str, new: str, reason: str, tmp_path: Path
) -> None:
    sound, path = workbook(tmp_path / "sound.xlsx"), tmp_path / "renamed.xlsx"
    with zipfile.ZipFile(sound) as parts, zipfile.ZipFile(path, "w") as archive:
        for part in parts.namelist():
            text = parts.read(part).decode().replace(SHEET.removeprefix("xl/"), name[3:])
            text = text.replace(old, new) if part == SHEET else text
            archive.writestr(name if part == SHEET else part, text)
    with pytest.raises(InputError, match=reason):
        read_text_table(path, "clinical")


def test_pictures_colours_and_text_of_a_sound_workbook_are_no_cells(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {SHEET: ("<t>a</t>", '<t>r="XFD1048576 &amp;"</t>')})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/media/image1.png", b"\x89PNG\r\n\x1a\n r='XFD1048576'")
        archive.writestr("xl/media/image2.svg", "<!DOCTYPE svg PUBLIC 'x' 'y'><svg r='50000'/>")
        archive.writestr("xl/theme/theme2.xml", "<a><fillToRect r='100000'/><c r='A1'/></a>")
        archive.writestr("xl/printerSettings/printerSettings1.bin", b"<\x00\xff\xfe\x00")
    assert len(read_text_table(path, "clinical")) == 2


def test_a_workbook_that_is_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w") as member,
    ):
        for _ in range(50):
            member.write(b"<t>a</t>" * 125_000)
    with pytest.raises(InputError, match="zip bombs"):
        check_workbook(path)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..\\x", "C:/x"])
def test_members_of_archives_lead_nowhere(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(InputError, match="outside"):
        check_archive(path)


SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>"


def page_of(*blocks: Block) -> str:
    report = Report(SCRIPT, SCRIPT, SCRIPT, False, (Section("a", SCRIPT, SCRIPT, blocks),), {}, {})
    return render_page(report, {}, "1.0")


def test_text_of_users_is_never_markup_in_a_page() -> None:
    frame = pd.DataFrame({SCRIPT: [SCRIPT]}, index=[SCRIPT])
    page = page_of(
        Text(SCRIPT),
        Bullets((SCRIPT,)),
        Facts((Fact(SCRIPT, SCRIPT, SCRIPT),)),
        Table("t", SCRIPT, frame, frame),
    )
    assert page.count("&lt;script&gt;") > 8
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<svg onload" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "unsafe-inline" not in page


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg [<!ENTITY x "y">]><svg/>',
        "<svg><script>alert(1)</script></svg>",
        "<svg><foreignObject><iframe/></foreignObject></svg>",
    ],
)
def test_drawings_with_entities_or_scripts_are_refused(text: str) -> None:
    with pytest.raises(DlrError, match="which dlr never writes"):
        _refuse_active(text.encode(), "roc")


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a/b"])
def test_names_in_a_report_lead_nowhere(name: str, tmp_path: Path) -> None:
    figure = (
        f'{{"kind": "figure", "name": "{name}", "caption": "", "wide": false, "raster": false}}'
    )
    section = f'{{"name": "a", "title": "", "lead": "", "blocks": [{figure}]}}'
    (tmp_path / "report.json").write_text(
        '{"format": 2, "title": "", "subtitle": "", "made_from": "", "simulated": true,'
        f' "numbers": {{}}, "evidence": {{}}, "sections": [{section}]}}'
    )
    with pytest.raises(DlrError, match="no plain file name"):
        read_report(tmp_path)


def test_half_a_character_is_refused_and_a_whole_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": "\\ud83d\\ude00"}', encoding="ascii")
    assert read_json(path) == {"a": "\N{GRINNING FACE}"}
    path.write_text('{"a": "\\ud83d"}', encoding="ascii")
    with pytest.raises(InputError, match="not readable JSON"):
        read_json(path)
