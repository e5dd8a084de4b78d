"""Pages in a real browser: Debian's Chromium, driven by Playwright, without any network.

``page_at(path, width, height)`` opens a file and records what must not happen: messages on the
console that are errors, exceptions, and requests that leave the file. ``axe`` looks for what keeps
people with impairments out, ``shoot`` writes a screenshot to the folder ``DLR_SCREENSHOTS`` names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PHONE, DESKTOP = (390, 844), (1280, 900)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NO_BROWSER = (
    "the browser tests need Chromium, which was not found: install it (Debian, Ubuntu: "
    "apt install chromium), or name its program in the environment variable DLR_CHROMIUM, or "
    "leave these tests out with -m 'not browser'"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium")


@dataclass
class Visit:
    """A page, and what it did that it must not do."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail if there was an error or a request to anywhere."""
        assert self.errors == []
        assert self.requests == []

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


PageAt = Callable[..., Visit]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    found = os.environ.get("DLR_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(NO_BROWSER, pytrace=False)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=arguments)
        yield started
        started.close()


@pytest.fixture
def page_at(browser: Browser) -> Iterator[PageAt]:
    """Give a function that opens a file: ``page_at(path, 390, 844, dark=True).page``."""
    contexts = []

    def open_page(
        path: Path, width: int = DESKTOP[0], height: int = DESKTOP[1], *, dark: bool = False
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            has_touch=width < 600,
            offline=True,
        )
        contexts.append(context)
        visit = Visit(context.new_page())
        visit.page.on("console", lambda m: m.type == "error" and visit.errors.append(m.text))
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("request", lambda request: _record(visit, request.url))
        visit.page.goto(path.resolve().as_uri())
        return visit

    yield open_page
    for context in contexts:
        context.close()


def _record(visit: Visit, url: str) -> None:
    if not url.startswith(("file://", "data:", "blob:")):
        visit.requests.append(url)


@pytest.fixture(scope="session")
def axe() -> Callable[[Visit], list[str]]:
    """Give a function that returns axe-core's violations, one line each."""
    source = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def violations(visit: Visit) -> list[str]:
        visit.page.evaluate(source)
        found: dict[str, Any] = visit.page.evaluate("axe.run(document)")
        assert found["passes"], "axe-core looked at nothing"
        return [
            f"{item['id']}: {item['help']}: {node['html']}"
            for item in found["violations"]
            for node in item["nodes"]
        ]

    return violations


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[Visit, str], Path]:
    """Give a function that writes a picture of the whole page: ``shoot(visit, "report_phone")``."""
    folder = Path(os.environ.get("DLR_SCREENSHOTS") or tmp_path)

    def write(visit: Visit, name: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        visit.page.evaluate("scrollTo(0, 0)")  # what sticks to the window would cover the page
        visit.page.screenshot(path=path, full_page=True)
        assert path.stat().st_size > 10_000, f"{path} shows nothing"
        return path

    return write
