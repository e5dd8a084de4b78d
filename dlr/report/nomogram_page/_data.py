"""What the page's script computes and draws with, as JSON."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from markupsafe import Markup
from scipy.stats import norm

from dlr.models.nomogram import MAXIMUM_POINTS
from dlr.models.nomogram_terms import Axis, Term
from dlr.report.nomogram_page._content import WebNomogram


def page_data(page: WebNomogram) -> dict[str, Any]:
    """Return everything the script needs; numbers are those of the model, not rounded."""
    nomogram = page.nomogram
    return {
        "title": page.title,
        "outcome": nomogram.outcome,
        "origin": nomogram.origin,
        "scale": nomogram.scale,
        "low": nomogram.low,
        "high": nomogram.high,
        "terms": [_term(page, term) for term in nomogram.terms],
        "covariance": [list(row) for row in nomogram.covariance] or None,
        "level": page.level,
        "quantile": float(norm.ppf((1 + page.level) / 2)),
        "interval_note": page.interval_note,
        "axes": _axes(page),
        "total_end": nomogram.total_axis.ticks[-1],
        "threshold": page.threshold,
        "risks": None if page.risks is None else page.risks.to_dict(),
    }


def as_script(data: dict[str, Any]) -> Markup:
    """Return JSON that no text in it can end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _term(page: WebNomogram, term: Term) -> dict[str, Any]:
    names = [other.variable for other in page.nomogram.terms]
    indicator = page.indicators.get(term.variable)
    item = {
        "label": term.label,
        "levels": list(term.levels),
        "knots": list(term.knots),
        "coefficients": list(term.coefficients),
        "minimum": float(term.tick_log_odds.min()),
        "fill": page.fills.get(term.variable),
        "indicator": None if indicator is None else names.index(indicator),
        "hidden": term.variable in page.indicators.values(),
        "hint": page.hints.get(term.variable, ""),
    }
    if term.levels:
        start = item["fill"] if item["fill"] in term.levels else term.levels[0]
        return item | {"start": start, "unit": ""}
    step = slider_step(term.ticks[0], term.ticks[-1])
    return item | {
        "unit": page.units.get(term.variable, term.unit or unit_of(term.label)),
        "low": term.low,
        "high": term.high,
        "slider": [term.ticks[0], term.ticks[-1], step],
        "start": _start(term, item["fill"], step),
    }


def slider_step(low: float, high: float) -> float:
    """Return the power of ten that divides a range into at least 20 steps."""
    if high <= low:
        return 1.0
    return float(f"1e{math.floor(math.log10((high - low) / 20))}")


def unit_of(label: str) -> str:
    """Return the unit that a label ends with in brackets; a range of values is none."""
    found = re.search(r"\(([^()]{1,20})\)$", label.strip())
    return found.group(1) if found and not found.group(1)[0].isdigit() else ""


def _start(term: Term, fill: object, step: float) -> float:
    """Return a rounded value in the middle of the training cases, where the sliders begin."""
    middle = float(fill) if isinstance(fill, int | float) else (term.low + term.high) / 2
    digits = max(0, -math.floor(math.log10(step)))
    rounded = round(round(middle / step) * step, digits)
    return rounded if term.low <= rounded <= term.high else middle


def _axes(page: WebNomogram) -> list[dict[str, Any]]:
    nomogram = page.nomogram
    end = nomogram.total_axis.ticks[-1]
    upper = [("points", nomogram.points_axis), *(("variable", axis) for axis in nomogram.axes)]
    lower = [("total", nomogram.total_axis), ("probability", nomogram.probability_axis)]
    drawn = [_axis(kind, axis, MAXIMUM_POINTS) for kind, axis in upper]
    return drawn + [_axis(kind, axis, end) for kind, axis in lower]


def _axis(kind: str, axis: Axis, end: float) -> dict[str, Any]:
    """Put an axis on the ruler from 0 to `end`; result ticks below zero points are left out."""
    inside = [
        [points / end, text]
        for points, text in zip(axis.points, axis.texts, strict=True)
        if -1e-9 <= points <= end * (1 + 1e-9)
    ]
    return {"kind": kind, "label": axis.label, "ticks": inside, "every": bool(axis.levels)}
