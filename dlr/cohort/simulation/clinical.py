"""Draw a clinical table that reproduces the published one at any size.

Within a cell (cohort x outcome) the variables are drawn independently of each other: the
published table gives margins only, so no correlation can be reproduced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from dlr.cohort.simulation.published import (
    CELLS,
    CENTERS,
    PUBLISHED_SIZES,
    Cell,
    PublishedVariable,
    published_variables,
)
from dlr.errors import DlrError

MINIMUM_CELL = 3  # two patients always have standardised values of +-0.71: nothing is drawn
_DECIMALS = 3
_REDRAWS = 50
_PROJECTIONS = 1000


def cell_sizes(n_training: int, n_external: int) -> dict[Cell, int]:
    """Share cohort sizes between the outcomes at the published prevalence.

    Parameters
    ----------
    n_training, n_external : int
        Patients of the training and of the external cohort.

    Returns
    -------
    dict of (cohort, outcome) to int
        Patients in each cell; 662, 404, 144 and 47 for cohorts of 1,066 and 191.

    Raises
    ------
    DlrError
        If a cohort is so small that an outcome has fewer than three patients in it.
    """
    sizes: dict[Cell, int] = {}
    for cohort, total in (("training", n_training), ("external", n_external)):
        cells = [cell for cell in CELLS if cell[0] == cohort]
        counts = largest_remainder([PUBLISHED_SIZES[cell] for cell in cells], total)
        if min(counts) < MINIMUM_CELL:
            raise DlrError(
                f"n_{cohort}={total} leaves {min(counts)} patients with the rarer outcome at the "
                f"published prevalence, but at least {MINIMUM_CELL} are needed; give a larger "
                f"n_{cohort} (11 is always enough)"
            )
        sizes.update(zip(cells, counts))
    return sizes


def largest_remainder(weights: Iterable[float], total: int) -> list[int]:
    """Share `total` among `weights` in whole numbers (largest remainder, ties to the first).

    Exact when the shares are whole, so published counts at the published size stay as they are.
    """
    shares = np.asarray(list(weights), dtype=float)
    shares = shares * (total / shares.sum())
    # A share that is whole up to rounding must not lose its unit to floor().
    counts = np.floor(shares + 1e-9).astype(int)
    order = np.argsort(-(shares - counts), kind="stable")
    counts[order[: total - counts.sum()]] += 1
    return counts.tolist()


def draw_clinical(
    sizes: Mapping[Cell, int], seed: int = 0, variables: Iterable[str] | None = None
) -> pd.DataFrame:
    """Draw the clinical table of a simulated cohort.

    Categorical counts are the published ones scaled to the cell's size by largest remainder
    (identical at the published sizes); continuous variables follow a beta distribution on their
    plausible range and have exactly the published mean and SD in every cell.

    Parameters
    ----------
    sizes : mapping of (cohort, outcome) to int
        Patients in each cell, at least three; see `cell_sizes`.
    seed : int
        Seed of the draw.
    variables : iterable of str, optional
        Columns to draw, by their name in the published table; all 42 when left out.

    Returns
    -------
    DataFrame
        One row per patient: ``subject_id`` (S0001, ...), ``center`` (A or B), ``cohort``
        (training or external), ``surgery`` (conservative or surgical) and the variables. The
        training cohort comes first; within a cohort the outcomes are mixed.
    """
    table = published_variables()
    names = list(table) if variables is None else list(variables)
    cohorts: list[pd.DataFrame] = []
    for order, cohort in enumerate(CENTERS):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, order)))
        parts = [
            _draw_cell(cell, size, [table[name] for name in names], rng)
            for cell, size in sizes.items()
            if cell[0] == cohort and size > 0
        ]
        if parts:
            rows = pd.concat(parts, ignore_index=True)
            cohorts.append(rows.iloc[rng.permutation(len(rows))])
    frame = pd.concat(cohorts, ignore_index=True)
    frame.insert(0, "subject_id", [f"S{number:04d}" for number in range(1, len(frame) + 1)])
    return frame


def _draw_cell(
    cell: Cell, size: int, variables: list[PublishedVariable], rng: np.random.Generator
) -> pd.DataFrame:
    cohort, outcome = cell
    columns: dict[str, object] = {
        "center": [CENTERS[cohort]] * size,
        "cohort": [cohort] * size,
        "surgery": [outcome] * size,
    }
    for variable in variables:
        if variable.categorical:
            counts = largest_remainder(variable.counts[cell], size)
            columns[variable.name] = rng.permutation(np.repeat(variable.levels, counts))
        else:
            mean, sd = variable.moments[cell]
            values = draw_standardised(size, mean, sd, variable.bounds, rng)
            columns[variable.name] = values.round(_DECIMALS)
    return pd.DataFrame(columns)


def draw_standardised(
    size: int,
    mean: float,
    sd: float,
    bounds: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw values whose sample mean and SD are exactly the ones given, inside bounds.

    Values come from the beta distribution on `bounds` that has the given moments (skewed where
    the mean lies near a bound) and are then shifted and scaled. Where that pushes a value over a
    bound, the sample is redrawn, and finally clipped and standardised in turn until both hold.

    Parameters
    ----------
    size : int
        Number of values, at least three.
    mean, sd : float
        Sample mean and sample SD (divisor n - 1).
    bounds : tuple of float
        Lowest and highest value allowed.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (size,)

    Raises
    ------
    DlrError
        If no sample of this size has these moments within the bounds.
    """
    low, high = bounds
    position = (mean - low) / (high - low)
    concentration = position * (1 - position) * ((high - low) / sd) ** 2 - 1
    if concentration > 0:
        shape = (position * concentration, (1 - position) * concentration)
        for _ in range(_REDRAWS):
            values = _standardise(low + (high - low) * rng.beta(*shape, size), mean, sd)
            if low <= values.min() and values.max() <= high:
                return values
        for _ in range(_PROJECTIONS):
            values = _standardise(np.clip(values, low, high), mean, sd)
            if low - 1e-9 <= values.min() and values.max() <= high + 1e-9:
                return np.clip(values, low, high)
    raise DlrError(
        f"no {size} values between {low} and {high} were found with mean {mean} and SD {sd}; "
        "widen the bounds or draw more patients"
    )


def _standardise(values: np.ndarray, mean: float, sd: float) -> np.ndarray:
    return mean + sd * (values - values.mean()) / values.std(ddof=1)
