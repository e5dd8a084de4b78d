"""Findings about ROIs: each for itself, and those that are suspiciously alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from dlr.check.facts import RoiCheck, RoiFacts
from dlr.check.finding import Finding, RoiKey, finding
from dlr.check.flags import Flag, flags_of
from dlr.cohort import Cohort
from dlr.cohort.tables import ROW
from dlr.safety.paths import shorten_paths

_MANY, _MOST = 10, 0.5
"""A rule that more than so many ROIs of a view break, and more than this share, is one finding."""


def row_numbers(cohort: Cohort) -> dict[RoiKey, int]:
    """Return the row of images.csv of every case, view and reader."""
    columns = ["case_id", "view", "reader", ROW]
    return {
        (case, view, reader): int(row)
        for case, view, reader, row in cohort.images[columns].itertuples(index=False, name=None)
    }


def roi_findings(
    checks: Sequence[RoiCheck], cohort: Cohort, widths: Mapping[str, float | None]
) -> list[Finding]:
    """Return what single ROIs are to be looked at for; faults first.

    Parameters
    ----------
    checks : sequence of RoiCheck
    cohort : Cohort
    widths : mapping of str to float or None
        Fixed bin width of each view.
    """
    rows, path = row_numbers(cohort), cohort.config.images
    # Paths below the root, or names: where a study lies on somebody's disk is nobody's business.
    root = cohort.config.image_root or path.parent
    found = [
        finding(
            "fault", "image", shorten_paths(check.fault, root), path, rows[check.key], roi=check.key
        )
        for check in checks
        if check.fault
    ]
    for view in cohort.config.views:
        usable = [
            (check, check.facts) for check in checks if check.request.view == view and check.facts
        ]
        flagged: dict[str, list[tuple[RoiCheck, Flag]]] = {}
        for check, facts in usable:
            for flag in flags_of(facts, widths[view]):
                flagged.setdefault(flag.code, []).append((check, flag))
        for group in flagged.values():
            found += _flag_findings(group, len(usable), view, cohort, rows)
        found += _notes(usable, view, cohort)
    return found


def _flag_findings(
    group: list[tuple[RoiCheck, Flag]],
    total: int,
    view: str,
    cohort: Cohort,
    rows: Mapping[RoiKey, int],
) -> Iterator[Finding]:
    """Report a rule ROI by ROI, or, where most ROIs break it, as a matter of settings."""
    path = cohort.config.images
    if len(group) > max(_MANY, _MOST * total):
        flag = group[0][1]
        message = f"{len(group)} of {total} ROIs of view '{view}' {flag.many}: {flag.advice}"
        yield finding("warning", flag.code, message, path)
        return
    for check, flag in group:
        message = f"{_who(check)} {flag.what}: {flag.advice}"
        yield finding("warning", flag.code, message, path, rows[check.key], roi=check.key)


def _who(check: RoiCheck) -> str:
    case, view, reader = check.key
    by = ", second reader" if reader == "second" else ""
    return f"the ROI of case '{case}' (view '{view}'{by})"


def _notes(
    usable: Sequence[tuple[RoiCheck, RoiFacts]], view: str, cohort: Cohort
) -> Iterator[Finding]:
    """Sum up what is often as it should be, but good to know."""
    path, total = cohort.config.images, len(usable)
    several = sum(facts.parts > 1 for _, facts in usable)
    cut_off = sum(facts.cut_off for _, facts in usable)
    resampled = sum(facts.audit.resampled for _, facts in usable)
    sentences = {
        "several-parts": (several, "consist of several parts; right if the ROI does"),
        "cut-off": (
            cut_off,
            "reach the first or last slice, where they may be cut off; volume and shape are then "
            "those of the part that was scanned",
        ),
        "resampled-masks": (
            resampled,
            "were drawn on another grid and resampled; overlaps are in the table of ROIs",
        ),
    }
    for code, (count, sentence) in sentences.items():
        if count:
            message = f"{count} of {total} ROIs of view '{view}' {sentence}"
            yield finding("note", code, message, path)


def duplicate_findings(checks: Iterable[RoiCheck], cohort: Cohort) -> list[Finding]:
    """Look for equal voxels where they should differ.

    Returns
    -------
    list of Finding
        Warnings: an image of two subjects, a mask of two subjects, one mask for two cases of a
        subject, equal masks of both readers.
    """
    checks = list(checks)
    subjects = dict(cohort.clinical["subject_id"])
    make = partial(_equal, checks, rows=row_numbers(cohort), cohort=cohort)

    def subject(check: RoiCheck) -> str:
        return str(subjects[check.request.case_id])

    return [
        *make(
            "same-image",
            lambda check: check.image_key,
            subject,
            "the image has the same voxels as that of {other}: one of the two subjects was given "
            "the wrong file, or they are one person",
        ),
        *make(
            "same-mask",
            _mask_key,
            subject,
            "the mask has the same voxels as that of {other}: one of the two subjects was probably "
            "given the wrong file",
        ),
        *make(
            "same-mask-two-cases",
            lambda check: (*_mask_key(check), check.image_key, subject(check)),
            lambda check: check.request.case_id,
            "the ROI has the same voxels as that of {other}: check 'mask' and 'mask_label'",
        ),
        *make(
            "same-mask-two-readers",
            lambda check: (*_mask_key(check), check.request.case_id, check.request.view),
            lambda check: check.request.reader,
            "the ROI has the same voxels as that of {other}, so nobody drew it a second time and "
            "agreement between readers (ICC) is overrated: give the second reader's own mask",
        ),
    ]


def _mask_key(check: RoiCheck) -> tuple[object, ...]:
    """Return the content of a mask; what cannot be used equals nothing else."""
    return (check.facts.mask_key,) if check.facts else check.key


def _equal(
    checks: Sequence[RoiCheck],
    code: str,
    content: Callable[[RoiCheck], object],
    owner: Callable[[RoiCheck], str],
    message: str,
    rows: Mapping[RoiKey, int],
    cohort: Cohort,
) -> Iterator[Finding]:
    """Report every owner after the first of the same content, once."""
    first: dict[object, RoiCheck] = {}
    told: set[tuple[object, str]] = set()
    for check in checks:
        key = content(check)
        if not key:  # an image that cannot be read
            continue
        original = first.setdefault(key, check)
        who = owner(check)
        if owner(original) == who or (key, who) in told:
            continue
        told.add((key, who))
        case, view, reader = original.key
        by = ", second reader" if reader == "second" else ""
        other = f"case '{case}' (view '{view}'{by}, row {rows[original.key]})"
        yield finding(
            "warning", code, f"case '{check.request.case_id}': {message.format(other=other)}",
            cohort.config.images, rows[check.key], roi=check.key,
        )  # fmt: skip
