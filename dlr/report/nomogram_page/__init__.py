"""The nomogram as one web page that works offline: sliders, points, risk, two patients compared.

``write_nomogram_page(WebNomogram.from_folder("runs/mine"), "nomogram.html")`` is all there is to
call; ``docs/nomogram.md`` describes the page.
"""

from __future__ import annotations

from dlr.report.nomogram_page._content import WebNomogram
from dlr.report.nomogram_page._write import render_nomogram_page, write_nomogram_page

__all__ = ["WebNomogram", "render_nomogram_page", "write_nomogram_page"]
