"""The report in a real browser: every control works, nothing is fetched, nothing goes wrong."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dlr.report import write_report
from dlr.safety.spreadsheets import harmless_cell

from ..report.case_samples import with_cases
from ..report.conftest import build_study
from ..security.test_spreadsheets import FORMULAS

pytestmark = pytest.mark.browser

PHONE, DESKTOP = (390, 844), (1280, 900)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(with_cases(build_study(simulated=True)), tmp_path_factory.mktemp("report"))


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_opens_without_error_or_request_and_fits_the_window(
    report: Path,
    page_at: Callable[..., Any],
    shoot: Callable[..., Path],
    size: tuple[int, int],
    dark: bool,
) -> None:
    visit = page_at(report, *size, dark=dark)
    visit.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    visit.page.wait_for_function("[...document.images].every((i) => i.complete && i.naturalWidth)")
    assert visit.overflow() <= 0
    name = "phone" if size == PHONE else "desktop"
    picture = shoot(visit, f"report_{name}_{'dark' if dark else 'light'}")
    with Image.open(picture) as image:
        low, high = image.convert("L").getextrema()
    assert high - low > 150  # ink on paper
    visit.check()


CUT_CAPTIONS = """() => [...document.querySelectorAll("caption")].filter((caption) => {
  const box = caption.closest(".tablebox");
  if (!box || !caption.offsetWidth) return false;
  box.scrollLeft = box.scrollWidth;
  const [own, window] = [caption.getBoundingClientRect(), box.getBoundingClientRect()];
  return own.left < window.left - 1 || own.right > window.right + 1;
}).map((caption) => caption.textContent)"""


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_caption_of_a_wide_table_is_read_whole(
    report: Path, page_at: Callable[..., Any], size: tuple[int, int]
) -> None:
    visit = page_at(report, *size)
    visit.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    wide = "[...document.querySelectorAll('.tablebox')].some((b) => b.scrollWidth > b.clientWidth)"
    assert visit.page.evaluate(wide) or size == DESKTOP
    assert visit.page.evaluate(CUT_CAPTIONS) == []
    visit.check()


def test_a_click_sorts_a_table_by_value_and_another_turns_it_round(
    report: Path, page_at: Callable[..., Any]
) -> None:
    visit = page_at(report)
    table = visit.page.locator("table[data-name=delong_training_out_of_fold]")
    visit.page.locator("details", has=table).last.evaluate("(d) => { d.open = true; }")
    button = table.locator("thead button.sort").nth(1)
    heading = table.locator("thead th").nth(1)

    def column() -> list[float]:
        cells = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
        return [float(cell.replace("\N{MINUS SIGN}", "-")) for cell in cells]

    button.click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column() == sorted(column())
    button.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert column() == sorted(column(), reverse=True)
    visit.check()


def test_a_table_downloads_as_csv(
    report: Path, page_at: Callable[..., Any], tmp_path: Path
) -> None:
    visit = page_at(report)
    with visit.page.expect_download() as download:
        visit.page.locator("button[data-csv=performance_external_frozen]").click()
    assert download.value.suggested_filename == "performance_external_frozen.csv"
    path = tmp_path / "table.csv"
    download.value.save_as(path)
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    assert rows[0][:3] == ["Feature set", "n (events)", "AUC"]
    assert len(rows) == 6
    visit.check()


def test_a_table_is_copied_as_a_plain_html_table(report: Path, page_at: Callable[..., Any]) -> None:
    visit = page_at(report)
    # Playwright cannot read the clipboard of a file, but it can look over the page's shoulder.
    visit.page.evaluate(
        "() => { const given = DataTransfer.prototype.setData; window.copied = {};"
        " DataTransfer.prototype.setData = function (kind, text) {"
        " window.copied[kind] = text; return given.call(this, kind, text); }; }"
    )
    visit.page.locator("button[data-copy=flow]").click()
    copied = visit.page.evaluate("window.copied")
    assert copied["text/html"].startswith('<table border="1"')
    assert "<td>listed in the tables</td>" in copied["text/html"]
    assert "button" not in copied["text/html"]
    assert copied["text/plain"].splitlines()[0].split("\t")[0] == "Cohort"
    assert visit.page.locator("#said").inner_text() == "Table copied."
    visit.page.locator("#copy-methods").click()
    methods = visit.page.evaluate("window.copied")["text/plain"]
    assert methods.startswith("Population and outcome. The outcome was surgery")
    assert "DeLong ER" in methods
    visit.check()


def test_no_downloaded_or_copied_cell_is_a_formula(
    report: Path, page_at: Callable[..., Any], tmp_path: Path
) -> None:
    visit = page_at(report)
    visit.page.evaluate(
        "(cells) => { const name = 'performance_external_frozen', given = {};"
        " const table = document.querySelector(`table[data-name=${name}]`);"
        " cells.forEach((text) => { const row = table.tBodies[0].insertRow();"
        " row.insertCell().textContent = text; });"
        " window.copied = given;"
        " DataTransfer.prototype.setData = (kind, text) => { given[kind] = text; }; }",
        [*FORMULAS, "-0.5", "+1e3", "a-b"],
    )
    with visit.page.expect_download() as download:
        visit.page.locator("button[data-csv=performance_external_frozen]").click()
    path = tmp_path / "table.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[6:]] == [
        *(harmless_cell(cell) for cell in FORMULAS),
        "-0.5",
        "+1e3",
        "a-b",
    ]
    visit.page.locator("button[data-copy=performance_external_frozen]").click()
    copied = visit.page.evaluate("window.copied")
    assert "\n'=HYPERLINK" in copied["text/plain"]
    assert "<td>'=HYPERLINK" in copied["text/html"]
    assert "\n=" not in copied["text/plain"]
    assert "<td>=" not in copied["text/html"]
    visit.check()


def test_a_figure_is_zoomed_by_mouse_and_keys_and_closed_again(
    report: Path, page_at: Callable[..., Any]
) -> None:
    visit = page_at(report)
    opener = visit.page.locator("#figure-nomogram button.zoom")
    opener.focus()
    visit.page.keyboard.press("Enter")
    viewer = visit.page.locator("#viewer")
    shown = viewer.locator(".stage > *")
    assert viewer.is_visible()
    before = shown.bounding_box()["width"]
    visit.page.keyboard.press("+")
    assert shown.bounding_box()["width"] == pytest.approx(1.4 * before, rel=0.02)
    visit.page.locator("#smaller").click()
    assert shown.bounding_box()["width"] == pytest.approx(before, rel=0.02)
    visit.page.locator("#larger").click()
    visit.page.keyboard.press("0")
    assert shown.bounding_box()["width"] == pytest.approx(before, rel=0.02)
    visit.page.keyboard.press("Escape")
    assert not viewer.is_visible()
    visit.check()


def test_a_figure_downloads(report: Path, page_at: Callable[..., Any]) -> None:
    visit = page_at(report)
    with visit.page.expect_download() as download:
        visit.page.locator("button[data-image=flowchart]").click()
    assert download.value.suggested_filename == "flowchart.svg"
    visit.check()


def test_one_case_is_seen_at_a_time_and_all_can_be_reached(
    report: Path, page_at: Callable[..., Any]
) -> None:
    visit = page_at(report)
    current = visit.page.locator("article.case:visible h3")
    assert current.count() == 1
    assert "case<0>" in current.inner_text()
    visit.page.locator("#case-next").click()
    assert "case<1>" in current.inner_text()
    visit.page.locator("#case-back").click()
    visit.page.locator("#case-back").click()
    assert "case<2>" in current.inner_text()
    visit.page.locator("#case-pick").select_option("case-2")
    assert "case<1>" in current.inner_text()
    outline = visit.page.locator("article.case.current path.outline").first
    assert outline.is_visible()
    visit.page.locator("#case-outline").uncheck()
    assert not outline.is_visible()
    visit.page.locator("details", has=visit.page.locator("table.list")).evaluate(
        "(d) => { d.open = true; }"
    )
    visit.page.locator("table.list a").first.click()
    assert "case<0>" in current.inner_text()
    visit.page.locator("article.case.current button.roi").first.click()
    assert visit.page.locator("#viewer svg image").is_visible()
    visit.check()


def test_links_of_a_checklist_lead_to_their_section(
    report: Path, page_at: Callable[..., Any]
) -> None:
    visit = page_at(report)
    details = visit.page.locator("#checklists details").first
    details.locator("summary").click()
    link = details.locator("a[href='#nomogram']").first
    link.click()
    top = visit.page.locator("#nomogram h2").bounding_box()["y"]
    assert 0 <= top < DESKTOP[1]
    visit.check()


def test_light_and_dark_can_be_chosen(report: Path, page_at: Callable[..., Any]) -> None:
    visit = page_at(report)
    background = "getComputedStyle(document.body).backgroundColor"
    light = visit.page.evaluate(background)
    visit.page.locator("#theme").click()
    assert visit.page.evaluate(background) != light
    visit.check()


def test_print_shows_what_is_folded_and_hides_the_controls(
    report: Path, page_at: Callable[..., Any], tmp_path: Path
) -> None:
    visit = page_at(report)
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    visit.page.emulate_media(media="print")
    assert visit.page.locator("details:not([open])").count() == 0
    assert not visit.page.locator("nav").is_visible()
    assert not visit.page.locator("button[data-csv]").first.is_visible()
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert visit.page.locator("details:not([open])").count() > 0
    pdf = visit.page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 10
    assert visit.page.locator("details:not([open])").count() > 0
    visit.check()


def test_nothing_keeps_people_with_impairments_out(
    report: Path, page_at: Callable[..., Any], axe: Callable[..., list[str]]
) -> None:
    visit = page_at(report)
    visit.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert axe(visit) == []
    assert axe(page_at(report, dark=True)) == []  # what is folded has the same colours
