"""The page: a policy that lets nothing in, and tables a word processor takes."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from dlr.report import write_report
from dlr.report._methods import methods_paragraphs
from dlr.results import StudyResult

from .case_samples import with_cases


@pytest.fixture(scope="module")
def folder(real_study: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("page")
    write_report(with_cases(real_study), target)
    return target


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text("utf-8")


def test_the_policy_allows_embedded_pictures_and_the_pages_own_style_and_script(page: str) -> None:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    policy = found.group(1).replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_needs_what_the_policy_forbids(page: str) -> None:
    assert not re.search(r"<[^>]* (style|on\w+)=", page)


def test_all_tables_are_there_plain_for_word_processors(folder: Path, page: str) -> None:
    plain = (folder / "tables" / "tables.html").read_text("utf-8")
    assert "<style" not in plain
    assert "<script" not in plain
    shown = len(re.findall(r"<table data-name=", page)) - 1  # the list of cases is the viewer's
    assert plain.count("<table") == shown
    assert "Simulated data" not in plain


def test_tests_of_the_baseline_table_are_named(page: str) -> None:
    baseline = page[page.index('data-name="baseline_training"') :]
    baseline = baseline[: baseline.index("</table>")]
    assert "<td>t</td>" in baseline
    assert "\N{GREEK SMALL LETTER CHI}" in baseline


def test_missing_values_have_a_paragraph_in_the_methods(page: str) -> None:
    assert "<strong>Missing values.</strong>" in page
    assert "missing clinical values by the median or most frequent level" in page


def test_the_methods_name_files_without_their_folder(
    real_study: StudyResult, tmp_path: Path
) -> None:
    config = real_study.config
    assert config.radiomics is not None
    radiomics = config.radiomics.model_copy(update={"parameters": "/home/someone/run/params.yaml"})
    text = methods_paragraphs(config.model_copy(update={"radiomics": radiomics}), {})[2].text
    assert "(parameters: params.yaml)" in text
