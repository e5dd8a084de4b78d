"""The six groups of features in plain loops, written from the formulas and from nothing else.

Pixels are a dict from (row, column) to gray level: the ROI and nothing but it. What cannot be
computed is None.
"""

from __future__ import annotations

import math
from fractions import Fraction

Pixels = dict[tuple[int, int], int]


def quantise(values: dict, low: float, high: float, bits: int) -> Pixels:
    """Put intensities into 2^bits intervals of equal width between low and high."""
    count = 2**bits
    levels = {}
    for place, x in values.items():
        if low == high:
            levels[place] = count // 2
            continue
        level = math.floor((x - low) / (high - low) * count)
        levels[place] = min(max(level, 0), count - 1)
    return levels


def mean_and_sd(values: list[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((x - mean) ** 2 for x in values) / len(values))


def four_moments(values: list[float]) -> list[float | None]:
    mean, sd = mean_and_sd(values)
    if min(values) == max(values):
        return [mean, 0.0, None, None]
    third = math.fsum((x - mean) ** 3 for x in values) / len(values) / sd**3
    fourth = math.fsum((x - mean) ** 4 for x in values) / len(values) / sd**4 - 3
    return [mean, sd**2, third, fourth]


def histogram(pixels: Pixels) -> dict:
    values = sorted(pixels.values())
    result = dict(zip(("Mean", "Variance", "Skewness", "Kurtosis"), four_moments(values)))
    for percent in (1, 10, 50, 90, 99):
        for x in values:
            if Fraction(sum(v <= x for v in values), len(values)) >= Fraction(percent, 100):
                result[f"Perc.{percent:02d}%"] = x
                break
    return result


def gradient(pixels: Pixels, reach: int = 2) -> dict:
    names = ("GrMean", "GrVariance", "GrSkewness", "GrKurtosis", "GrNonZeros")
    found = []
    span = range(-reach, reach + 1)
    for i, j in pixels:
        if all((i + a, j + b) in pixels for a in span for b in span):
            vertical = pixels[i + reach, j] - pixels[i - reach, j]
            horizontal = pixels[i, j + reach] - pixels[i, j - reach]
            found.append(math.sqrt(vertical**2 + horizontal**2))
    if not found:
        return dict.fromkeys(names)
    return dict(zip(names, [*four_moments(found), sum(g > 0 for g in found) / len(found)]))


def run_length(pixels: Pixels) -> dict:
    # Up is towards smaller rows: 45 degrees run up and right, 135 degrees up and left.
    steps = {"Horzl": (0, 1), "Vertl": (-1, 0), "45dgr": (-1, 1), "135dr": (-1, -1)}
    result = {}
    for direction, (a, b) in steps.items():
        left = set(pixels)
        matrix: dict[tuple[int, int], int] = {}
        while left:
            place = min(left)
            level = pixels[place]
            run = {place}
            for sign in (1, -1):
                i, j = place[0] + sign * a, place[1] + sign * b
                while pixels.get((i, j)) == level:
                    run.add((i, j))
                    i, j = i + sign * a, j + sign * b
            left -= run
            matrix[level, len(run)] = matrix.get((level, len(run)), 0) + 1
        total = sum(matrix.values())
        levels = {i for i, _ in matrix}
        lengths = {j for _, j in matrix}
        by_length = [sum(n for (_, j), n in matrix.items() if j == length) for length in lengths]
        by_level = [sum(n for (i, _), n in matrix.items() if i == level) for level in levels]
        result |= {
            f"{direction}_RLNonUni": sum(n**2 for n in by_length) / total,
            f"{direction}_GLevNonU": sum(n**2 for n in by_level) / total,
            f"{direction}_LngREmph": sum(n * j**2 for (_, j), n in matrix.items()) / total,
            f"{direction}_ShrtREmp": sum(n / j**2 for (_, j), n in matrix.items()) / total,
            f"{direction}_Fraction": total / sum(n * j for (_, j), n in matrix.items()),
        }
    return result


CO_OCCURRENCE = (
    "AngScMom", "Contrast", "Correlat", "SumOfSqs", "InvDfMom", "SumAverg",
    "SumVarnc", "SumEntrp", "Entropy", "DifVarnc", "DifEntrp",
)  # fmt: skip


def co_occurrence(
    pixels: Pixels,
    partners: Pixels | None = None,
    symmetric: bool = True,
    first: int = 1,
    log=math.log10,
    up: bool = False,
    marginal: bool = False,
) -> dict:
    partners = pixels if partners is None else partners
    result = {}
    for d in (1, 2, 3, 4, 5):
        for x, y in ((d, 0), (0, d), (d, d), (d, -d)):
            pairs = []
            for (i, j), level in pixels.items():
                other = partners.get((i - y if up else i + y, j + x))
                if other is not None:
                    pairs.append((level + first, other + first))
                    if symmetric:
                        pairs.append((other + first, level + first))
            values = _haralick(pairs, log, marginal) if pairs else [None] * 11
            result |= {f"S({x},{y}){name}": v for name, v in zip(CO_OCCURRENCE, values)}
    return result


def _haralick(pairs: list[tuple[int, int]], log, marginal: bool) -> list[float]:
    p: dict[tuple[int, int], float] = {}
    for pair in pairs:
        p[pair] = p.get(pair, 0) + 1 / len(pairs)
    sums: dict[int, float] = {}
    differences: dict[int, float] = {}
    for (i, j), share in p.items():
        sums[i + j] = sums.get(i + j, 0) + share
        differences[abs(i - j)] = differences.get(abs(i - j), 0) + share
    mx, sx = mean_and_sd([i for i, _ in pairs])
    my, sy = mean_and_sd([j for _, j in pairs])
    flat = len({i for i, _ in pairs}) == 1 or len({j for _, j in pairs}) == 1
    product = math.fsum(i * j * share for (i, j), share in p.items())
    average = sum(k * share for k, share in sums.items())
    difference = sum(k * share for k, share in differences.items())
    about = mx if marginal else difference
    return [
        sum(share**2 for share in p.values()),
        sum((i - j) ** 2 * share for (i, j), share in p.items()),
        1.0 if flat else (product - mx * my) / (sx * sy),
        sum((i - mx) ** 2 * share for (i, _), share in p.items()),
        sum(share / (1 + (i - j) ** 2) for (i, j), share in p.items()),
        average,
        sum((k - average) ** 2 * share for k, share in sums.items()),
        -sum(share * log(share) for share in sums.values()),
        -sum(share * log(share) for share in p.values()),
        sum((k - about) ** 2 * share for k, share in differences.items()),
        -sum(share * log(share) for share in differences.values()),
    ]


def autoregressive(pixels: Pixels) -> dict:
    """Solve the normal equations exactly, by elimination in fractions."""
    names = ("Teta1", "Teta2", "Teta3", "Teta4", "Sigma")
    mean = Fraction(sum(pixels.values()), len(pixels))
    rows = []
    for i, j in pixels:
        around = [(i, j - 1), (i - 1, j - 1), (i - 1, j), (i - 1, j + 1)]
        if all(place in pixels for place in around):
            rows.append(([pixels[q] - mean for q in around], pixels[i, j] - mean))
    system = [
        [sum(w[a] * w[b] for w, _ in rows) for b in range(4)] + [sum(w[a] * f for w, f in rows)]
        for a in range(4)
    ]
    for column in range(4):
        pivot = next((r for r in range(column, 4) if system[r][column] != 0), None)
        if pivot is None:
            return dict.fromkeys(names)
        system[column], system[pivot] = system[pivot], system[column]
        system[column] = [x / system[column][column] for x in system[column]]
        for r in range(4):
            if r != column:
                factor = system[r][column]
                system[r] = [x - factor * y for x, y in zip(system[r], system[column])]
    theta = [row[4] for row in system]
    errors = [f - sum(t * x for t, x in zip(theta, w)) for w, f in rows]
    sigma = math.sqrt(sum(e**2 for e in errors) / len(errors))
    return dict(zip(names, [*(float(t) for t in theta), sigma]))


def wavelet(pixels: Pixels, shape: tuple[int, int]) -> dict:
    """Filter with Haar functions of every scale, rows and columns one after the other."""
    result = {}
    for scale in (1, 2, 3, 4, 5):
        size = 2**scale
        low = [1 / size] * size
        high = [1 / size] * (size // 2) + [-1 / size] * (size // 2)
        filters = {"LL": (low, low), "LH": (low, high), "HL": (high, low), "HH": (high, high)}
        places = []
        if size <= shape[0] / 2 and size <= shape[1] / 2:
            for i in range(shape[0] - size + 1):
                for j in range(shape[1] - size + 1):
                    window = [(i + a, j + b) for a in range(size) for b in range(size)]
                    if all(place in pixels for place in window):
                        places.append((i, j))
        for band, (horizontal, vertical) in filters.items():
            energies = []
            for i, j in places:
                coefficient = sum(
                    vertical[a] * horizontal[b] * pixels[i + a, j + b]
                    for a in range(size)
                    for b in range(size)
                )
                energies.append(coefficient**2)
            name = f"WavEn{band}_s-{scale}"
            result[name] = math.fsum(energies) / len(energies) if energies else None
    return result
