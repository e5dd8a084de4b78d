"""One self-contained HTML page from sections and pictures; nothing is fetched from anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

import jinja2
from markupsafe import Markup, escape

from dlr.report._blocks import Report
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
    template = environment.get_template("page.html")
    return template.render(
        report=report,
        pictures=pictures,
        version=version,
        # Our own files, not user text: they must not be escaped.
        css=Markup((here / "page.css").read_text(encoding="utf-8")),
        script=Markup((here / "page.js").read_text(encoding="utf-8")),
    )


def _whole(cell: object) -> Markup:
    """Escape a cell and keep short brackets, such as intervals, on one line."""
    text = re.sub(r"\([^()]{1,24}\)", r'<span class="whole">\g<0></span>', str(escape(cell)))
    return Markup(text)
