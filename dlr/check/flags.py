"""What about a single usable ROI deserves a look."""

from __future__ import annotations

from dataclasses import dataclass

from dlr.check.facts import RoiFacts

FEWEST_BINS, MOST_BINS = 16, 128
"""Grey levels between which texture features are thought sound; PyRadiomics advises 30 to 130."""

STRAY = 0.95
"""An ROI of several parts whose largest holds this share or more has stray voxels."""

DICE, VOLUME = 0.9, 0.1
"""Smallest overlap of a resampled mask with the drawn one, largest relative change of volume."""


@dataclass(frozen=True)
class Flag:
    """One thing about an ROI.

    Attributes
    ----------
    code : str
        Name of the rule.
    what : str
        What this ROI does, as the end of a sentence.
    many : str
        The same of many ROIs.
    advice : str
        What to do.
    """

    code: str
    what: str
    many: str
    advice: str


def flags_of(facts: RoiFacts, bin_width: float | None) -> list[Flag]:
    """Return what deserves a look, in the order of the rules.

    Parameters
    ----------
    facts : RoiFacts
    bin_width : float, optional
        Fixed bin width of the view; None where the number of bins is fixed or there are none.
    """
    rules = (_bins(facts, bin_width), _border(facts), _stray(facts), _resampled(facts))
    return [flag for flag in (*rules, _without_size(facts)) if flag is not None]


def _bins(facts: RoiFacts, bin_width: float | None) -> Flag | None:
    if facts.bins is None or FEWEST_BINS <= facts.bins <= MOST_BINS:
        return None
    width = "" if bin_width is None else f" at bin width {bin_width:g}"
    advice = (
        "texture features lose their meaning there: change binWidth in the radiomics parameters or "
        "'intensity' in the study file"
    )
    few = facts.bins < FEWEST_BINS
    wanted = f"{'fewer' if few else 'more'} than {FEWEST_BINS if few else MOST_BINS} bins{width}"
    return Flag(
        "bins", f"has {facts.bins} bins{width}, {'too few' if few else 'too many'}",
        f"have {wanted}", advice,
    )  # fmt: skip


def _border(facts: RoiFacts) -> Flag | None:
    if not facts.border:
        return None
    where = " and ".join(facts.border)
    advice = "part of it may lie outside, and filters see nothing beyond: look at the contact sheet"
    return Flag(
        "border", f"touches the {where} border of its image", "touch the border of their image",
        advice,
    )  # fmt: skip


def _stray(facts: RoiFacts) -> Flag | None:
    if facts.parts == 1 or facts.largest_part < STRAY:
        return None
    share = 1 - facts.largest_part
    advice = "shape features measure the gap, too: remove what was painted by accident"
    return Flag(
        "stray-voxels",
        f"consists of {facts.parts} parts, all but the largest together {share:.1%} of it",
        "have small parts apart from the rest",
        advice,
    )


def _resampled(facts: RoiFacts) -> Flag | None:
    audit = facts.audit
    if not audit.resampled:
        return None
    changed = abs(audit.volume_ratio - 1) > VOLUME
    if audit.dice >= DICE and not changed and audit.share_outside == 0:
        return None
    what = (
        f"keeps a Dice overlap of {audit.dice:.2f} and {audit.volume_ratio:.0%} of its volume when "
        "resampled onto its image"
    )
    if audit.share_outside > 0:
        what += f", and {audit.share_outside:.1%} of it lies outside"
    return Flag(
        "resampled", what, "change when resampled onto their image",
        "draw the ROI on the image itself, or leave the case out",
    )  # fmt: skip


def _without_size(facts: RoiFacts) -> Flag | None:
    if len(set(facts.spacing)) != 1 or facts.spacing[0] != 1.0 or facts.size[2] == 1:
        return None
    if not facts.default_origin:
        return None
    return Flag(
        "no-voxel-size", "lies in a volume without voxel size (spacing 1 x 1 x 1 mm, origin 0)",
        "lie in volumes without voxel size (spacing 1 x 1 x 1 mm, origin 0)",
        "sizes and distances are counted in voxels: convert the images with their geometry",
    )  # fmt: skip
