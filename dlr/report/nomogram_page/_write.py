"""The page itself: one template, one style sheet and one script, all inside one file."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

from dlr.errors import DlrError
from dlr.report.nomogram_page._content import WebNomogram
from dlr.report.nomogram_page._data import as_script, page_data
from dlr.safe_files import write_atomically

_SCRIPTS = (
    "model.js",
    "labels.js",
    "drawing.js",
    "risks.js",
    "fields.js",
    "comparison.js",
    "page.js",
)


def write_nomogram_page(page: WebNomogram, path: str | Path) -> Path:
    """Write the page of a nomogram as one HTML file.

    The file needs nothing else: it asks for nothing on the network, and its content security
    policy lets no other style or script run than its own.

    Parameters
    ----------
    page : WebNomogram
        What to show.
    path : path
        The file; its folder is made.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DlrError
        If the file cannot be written.
    """
    target = Path(path)
    try:
        write_atomically(target, render_nomogram_page(page).encode("utf-8"))
    except (PermissionError, IsADirectoryError, NotADirectoryError):
        raise DlrError(f"{target} cannot be written; choose another --out") from None
    return target


def render_nomogram_page(page: WebNomogram) -> str:
    """Return the HTML of the page."""
    here = files("dlr.report.nomogram_page")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (here / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (here / "page.css").read_text(encoding="utf-8")
    script = "\n".join((here / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return environment.get_template("page.html").render(
        page=page,
        policy=_policy(style, script),
        # Our own files and escaped JSON, not user text: they must not be escaped again.
        css=Markup(style),
        script=Markup(script),
        data=as_script(page_data(page)),
        version=version("dlr"),
    )


def _policy(style: str, script: str) -> str:
    """Return a content security policy under which only these two texts have any effect."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
