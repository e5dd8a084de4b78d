"""The case viewer: one card per case, with its ROIs and what moved its score."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from dlr import figures
from dlr.figures._text import number, signed
from dlr.report._blocks import Bar, Block, CardPicture, CaseCard, Cases, Figure, Section, Text
from dlr.report._words import class_labels, plural

if TYPE_CHECKING:
    from dlr.case_views import CaseView, CaseViews
    from dlr.config import StudyConfig
    from dlr.roi_pictures import Polygon, RoiPicture

MOST_TILES = 24
"""Pictures on the contact sheet: one printed page."""
MOST_BARS = 8
"""Features drawn per case; the others are summed up."""

_METHODS = {
    "linear": "The classifier is linear, so a feature's contribution is its coefficient times its "
    "Z-score, and the contributions sum exactly to the score.",
    "shapley": "The classifier is not linear: contributions are Shapley values against the average "
    "training case (exact up to ten features, sampled orders of them beyond), which sum to the "
    "score.",
}


def cases_section(views: CaseViews | None, config: StudyConfig) -> Section | None:
    """Show single cases; None where there are none."""
    if views is None or not views.cases:
        return None
    cards = tuple(_card(index, case, views, config) for index, case in enumerate(views.cases))
    left = views.total - len(views.cases)
    shown = (
        f"{plural(len(cards), 'case')} of {views.total:,} are shown: those with inputs outside the "
        f"training range first, then those called wrong by {views.judged_by} at the locked "
        "threshold, then those of the highest probability."
    )
    shown += f" {plural(left, 'further case')} are in scores.csv." if left else ""
    blocks: list[Block] = [Text(shown), *_sheet(views)]
    if views.feature_set:
        took = f"Taking {plural(len(cards), 'score')} apart took {number(views.seconds)} s."
        text = (
            f"What moved the {views.feature_set} score, in log-odds, away from that of the average "
            f"training case ({signed(views.base)}). {_METHODS[views.method]} {took} It says what "
            "the model used, not what caused the outcome."
        )
        blocks.append(Text(text, "note"))
    stamp = "Simulated" if config.simulated else ""
    blocks.append(Cases("cases", views.judged_by, cards, stamp))
    lead = "Single cases the model had not seen: their regions, scores, and what moved them."
    return Section("cases", "Cases", lead, tuple(blocks))


def _sheet(views: CaseViews) -> list[Block]:
    """Draw the regions of the first cases on one sheet, for a look at how they were drawn."""
    pictured = [case for case in views.cases if case.pictures]
    if not pictured:
        return []
    fit = max(1, MOST_TILES // max(len(case.pictures) for case in pictured))
    shown = pictured[:fit]
    pictures = {case.case_id: case.pictures for case in shown}
    flagged = {case.case_id for case in shown if case.wrong or case.n_outside}
    caption = (
        f"Contact sheet of the regions of the first {plural(len(shown), 'case')}, with their "
        "outline, for a look at how they were drawn; framed in orange: inputs outside the "
        "training range, or called wrong."
    )
    draw = partial(figures.plot_roi_sheet, pictures, flagged=flagged)
    return [Figure("roi_sheet", caption, draw, wide=True, raster=True)]


def _card(index: int, case: CaseView, views: CaseViews, config: StudyConfig) -> CaseCard:
    names = class_labels(config)
    judged = case.scores[case.scores["feature_set"] == views.judged_by]
    probability = float(judged["probability"].iloc[0]) if len(judged) else float("nan")
    where = f"{case.cohort} cohort" + (f", centre {case.center}" if case.center else "")
    return CaseCard(
        name=case.case_id,
        cohort=where,
        outcome="not known" if case.outcome is None else names[case.outcome],
        tags=_tags(case),
        probability=number(probability),
        scores=_scores(case, names),
        points=_points(case),
        bars=_bars(case),
        sums=_sums(case, views),
        pictures=tuple(_picture(index, picture) for picture in case.pictures),
    )


def _tags(case: CaseView) -> tuple[str, ...]:
    tags = []
    if case.n_outside:
        inputs = plural(case.n_outside, "input")
        tags.append(f"{inputs} outside the training range, farthest {case.worst}")
    if case.wrong:
        tags.append("called wrong")
    return tuple(tags)


def _scores(case: CaseView, names: tuple[str, str]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            str(row["feature_set"]),
            signed(float(row["score"])),
            number(float(row["probability"]), 3),
            number(float(row["threshold"]), 3),
            names[int(row["probability"] >= row["threshold"])],
        )
        for row in case.scores.to_dict("records")
    )


def _points(case: CaseView) -> tuple[tuple[str, ...], ...]:
    if not len(case.points):
        return ()
    rows = [
        (str(row["variable"]), _value(row["value"]), number(float(row["points"]), 1))
        for row in case.points.to_dict("records")
    ]
    total = float(case.points["points"].sum())
    return (*rows, ("Total", "", number(total, 1)))


def _value(value: object) -> str:
    return value if isinstance(value, str) else number(float(str(value)), 2)


def _bars(case: CaseView) -> tuple[Bar, ...]:
    rows = case.contributions.head(MOST_BARS).to_dict("records")
    return tuple(
        Bar(
            str(row["feature"]),
            f"{_short(float(row['measured']))} ({signed(float(row['scaled']))} SD)",
            float(row["contribution"]),
        )
        for row in rows
    )


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def _sums(case: CaseView, views: CaseViews) -> str:
    """Say how the contributions add up."""
    if not len(case.contributions):
        return ""
    values = case.contributions["contribution"]
    others = len(values) - MOST_BARS
    total = views.base + float(values.sum())
    text = f"Average case {signed(views.base)}, features drawn {signed(values[:MOST_BARS].sum())}"
    if others > 0:
        noun = plural(others, "other feature")
        text += f", {noun} {signed(values[MOST_BARS:].sum())}"
    return f"{text}: {views.feature_set} score {signed(total)}."


def _picture(index: int, picture: RoiPicture) -> CardPicture:
    height, width = picture.crop.shape
    file = f"cases/{index + 1:03d}_{picture.view}.jpg"
    return CardPicture(picture.view, file, width, height, _path(picture.outline), picture.crop)


def _path(polygons: Sequence[Polygon]) -> str:
    """Return polygons as an SVG path."""
    return "".join("M" + "L".join(f"{x:g},{y:g}" for x, y in polygon) + "Z" for polygon in polygons)
