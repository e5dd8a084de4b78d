"""One self-contained HTML page from sections and pictures; nothing is fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

import jinja2
from markupsafe import Markup, escape

from dlr.figures._text import signed
from dlr.report._blocks import Bar, Report
from dlr.report._checklists import item_count
from dlr.report._pictures import Picture


def render_page(report: Report, pictures: Mapping[str, Picture], version: str) -> str:
    """Return the HTML of a report.

    Parameters
    ----------
    report : Report
        Sections to show.
    pictures : mapping of str to Picture
        Every figure by its name.
    version : str
        Version of dlr, for the footer.
    """
    here = files("dlr.report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (here / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole"] = _whole
    environment.filters["bar"] = _bar
    environment.filters["signed"] = signed
    environment.filters["item_count"] = item_count
    css, script = ((here / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    template = environment.get_template("page.html")
    return template.render(
        report=report,
        pictures=pictures,
        version=version,
        # Our own files, not user text: they must not be escaped.
        css=Markup(css),
        script=Markup(script),
        policy=_policy(css, script),
        sections={section.name: section.title for section in report.sections},
    )


def _policy(css: str, script: str) -> str:
    """Return a policy that allows this very style and script, embedded pictures and no more."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(css)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _bar(bar: Bar, bars: Sequence[Bar]) -> Markup:
    """Draw one feature's contribution to the right (raises) or left (lowers) of the middle."""
    most = max((abs(item.size) for item in bars), default=0.0) or 1.0
    width = 50 * abs(bar.size) / most
    left, kind = (50.0, "raises") if bar.size >= 0 else (50 - width, "lowers")
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="{}" x="{:.1f}" y="1" width="{:.1f}" height="8"/>'
        '<path class="middle" d="M50 0V10"/></svg>'
    ).format(kind, left, width)


def _whole(cell: object) -> Markup:
    """Escape a cell and keep short brackets, such as intervals, on one line."""
    text = re.sub(r"\([^()]{1,24}\)", r'<span class="whole">\g<0></span>', str(escape(cell)))
    return Markup(text)
