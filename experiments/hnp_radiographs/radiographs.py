"""Generated lumbar radiographs whose discs carry planted signs: nothing here comes from patients.

Every patient has one to four views (front, side, bent, stretched). Five discs lie between six
vertebral bodies; a disc with the label is narrower, its end plates are brighter and a spur stands
at its edge, more or less visibly by view and by chance, as in plain radiographs the disc itself is
not seen. Labels are unbalanced and grow with age, roughly as published (3 % to 29 % of pictures).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

LEVELS = ("L1-2", "L2-3", "L3-4", "L4-5", "L5-S1")
VIEWS = ("ap", "lateral", "flexion", "extension")
_SHARES = np.array([0.06, 0.09, 0.14, 0.30, 0.27])  # published 3, 6, 11, 29, 25 %
_CLARITY = {"ap": 0.6, "lateral": 1.0, "flexion": 0.9, "extension": 0.9}


def write_radiographs(folder: Path, patients: int, size: int = 128, seed: int = 0) -> None:
    """Write pictures, ``images.csv`` and ``clinical.csv``; the last tenth is the test cohort."""
    rng = np.random.default_rng(seed)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    images, clinical = [], []
    for number in range(patients):
        subject = f"H{number:04d}"
        age = float(np.clip(rng.normal(52, 14), 18, 85))
        odds = _SHARES / (1 - _SHARES) * np.exp(0.03 * (age - 52))
        labels = rng.random(5) < odds / (1 + odds)
        clinical.append(
            {
                "subject_id": subject,
                "cohort": "training" if number < 0.9 * patients else "test",
                "age": round(age),
                **{name: "yes" if flag else "no" for name, flag in zip(LEVELS, labels)},
            }
        )
        build = Build(rng)
        for view in VIEWS[: rng.integers(1, len(VIEWS) + 1)]:
            name = f"pictures/{subject}_{view}.png"
            picture = draw(labels, build, view, size, rng)
            Image.fromarray(picture).save(folder / name)
            images.append({"subject_id": subject, "view": view, "image": name})
    pd.DataFrame(images).to_csv(folder / "images.csv", index=False)
    pd.DataFrame(clinical).to_csv(folder / "clinical.csv", index=False)


class Build:
    """What one patient's views share: proportions of the spine."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.top = rng.uniform(0.05, 0.10)
        self.pitch = rng.uniform(0.150, 0.165)  # vertebra and disc together
        self.width = rng.uniform(0.24, 0.32)
        self.disc = rng.uniform(0.26, 0.34)  # share of the pitch
        self.curve = rng.uniform(0.02, 0.06)
        self.bone = rng.uniform(150, 185)
        self.soft = rng.uniform(60, 95)


def draw(
    labels: NDArray[np.bool_], build: Build, view: str, size: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw one view."""
    page = Image.new("L", (size, size), int(build.soft))
    pen = ImageDraw.Draw(page)
    bend = {"ap": 0.0, "lateral": 1.0, "flexion": 0.3, "extension": 1.8}[view] * build.curve
    for body in range(6):
        top = build.top + body * build.pitch
        middle = 0.5 + bend * np.sin(np.pi * (body + 0.5) / 6) + rng.normal(0, 0.003)
        _body(pen, build, body, top, middle, labels, _CLARITY[view], size, rng)
    values = np.asarray(page.filter(ImageFilter.GaussianBlur(size / 90)), dtype=float)
    shade = np.add.outer(np.linspace(-1, 1, size), np.linspace(-1, 1, size))
    values += rng.normal(0, 9, values.shape) + shade * rng.normal(0, 10)
    return np.clip(values * rng.uniform(0.85, 1.15), 0, 255).astype(np.uint8)


def _body(
    pen: ImageDraw.ImageDraw,
    build: Build,
    body: int,
    top: float,
    middle: float,
    labels: NDArray[np.bool_],
    clarity: float,
    size: int,
    rng: np.random.Generator,
) -> None:
    """Draw one vertebra and the signs of the discs above and below it."""
    gap = build.disc * build.pitch / 2
    upper = body > 0 and labels[body - 1]
    lower = body < 5 and labels[body]
    sign = clarity * rng.uniform(0.35, 1.0)
    high = top + gap * (1 - (0.45 * sign if upper else 0)) + rng.normal(0, 0.002)
    low = top + build.pitch - gap * (1 - (0.45 * sign if lower else 0)) + rng.normal(0, 0.002)
    left, right = middle - build.width / 2, middle + build.width / 2
    grey = int(build.bone + rng.normal(0, 6))
    pen.rectangle([left * size, high * size, right * size, low * size], fill=grey)
    bright, plate = min(255, int(grey + 55 * sign)), max(1, size // 60)
    if upper:
        pen.line([left * size, high * size, right * size, high * size], fill=bright, width=plate)
    if lower:
        pen.line([left * size, low * size, right * size, low * size], fill=bright, width=plate)
        spur = 0.03 * sign * size
        corner = (left * size, low * size)
        pen.polygon([corner, (corner[0] - spur, corner[1]), (corner[0], corner[1] - spur)], bright)
