"""Speed of the batched radiomics path beside the native engine, on 1,000 regions, in one run.

Run ``python benchmarks/radiomics_batched.py`` (two minutes without a graphics card; ``--regions``
sets the number). The regions are those of discs in a smooth random volume, of 500 to 5,000 voxels
with 16 to 64 grey levels. The native engine and the batched path take turns on the same prepared
regions (filtered and cut out); elapsed time counts, with the transfers to the device. Machines
differ: read the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy import ndimage
from threadpoolctl import threadpool_limits

from dlr.features.radiomics import load_settings
from dlr.features.radiomics.native import warm_up
from dlr.features.radiomics.native.batched import TextureRegion, intensity_features_many
from dlr.features.radiomics.native.features import intensity_features
from dlr.features.radiomics.options import ExtractionSettings
from dlr.features.radiomics.settings import FeatureClass

SPACING = (4.4, 0.72, 0.72)
Rows = list[dict[str, float] | str]


def make_regions(n: int) -> list[TextureRegion]:
    """Cut ellipsoids of different size out of smooth noise of different spread."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(n):
        radii = random.uniform((2, 7, 9), (4, 15, 20))
        shape = tuple(int(2 * radius) + 1 for radius in radii)
        places = np.indices(shape) - (np.array(shape).reshape(3, 1, 1, 1) - 1) / 2
        mask = ((places / radii.reshape(3, 1, 1, 1)) ** 2).sum(0) <= 1
        noise = ndimage.gaussian_filter(random.normal(0, 1, shape), (0.5, 1, 1))
        voxels = (400 + noise / noise.std() * random.uniform(15, 50)).astype(np.int16)
        found.append(TextureRegion(voxels, mask, SPACING))
    return found


def devices() -> list[str]:
    """List what torch can use here."""
    return ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]


def elapsed(function: Callable[[], Rows], device: str) -> tuple[float, Rows]:
    """Return seconds and result of a call, the device's work included."""
    start = time.perf_counter()
    rows = function()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, rows


def worst_difference(first: Rows, second: Rows) -> float:
    """Return the largest relative difference between two tables of features."""
    worst = 0.0
    for a, b in zip(first, second):
        if isinstance(a, str) or isinstance(b, str):
            continue
        for name, value in a.items():
            worst = max(worst, abs(b[name] - value) / max(abs(value), 1e-9))
    return worst


def one_by_one(
    regions: list[TextureRegion], classes: tuple[FeatureClass, ...], settings: ExtractionSettings
) -> Rows:
    """Measure the regions as the native engine does, one after the other."""
    return [intensity_features(r.voxels, r.mask, classes, settings, r.spacing) for r in regions]


def compare(regions: list[TextureRegion], repeats: int, chosen: list[str]) -> None:
    """Print the ratio per feature class and for all of them together."""
    preset = load_settings("original")
    settings = preset.settings.model_copy(update={"normalize": False, "binWidth": 5})
    every = tuple(c for c in preset.feature_classes if not c.name.startswith("shape"))
    print("| device | classes | native, ms | batched, ms | faster | worst difference |")
    print("|---|---|---|---|---|---|")
    for device in chosen:
        intensity_features_many(regions[:20], every, settings, device)  # start the device
        for title, classes in [("all", every), *((c.name, (c,)) for c in every)]:
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(repeats):
                native, a = elapsed(lambda c=classes: one_by_one(regions, c, settings), "cpu")
                batched, b = elapsed(
                    lambda c=classes, d=device: intensity_features_many(regions, c, settings, d),
                    device,
                )
                times[0].append(native)
                times[1].append(batched)
            native, batched = (statistics.median(values) for values in times)
            print(
                f"| {device} | {title} | {native * 1000:.0f} | {batched * 1000:.0f} "
                f"| {native / batched:.2f} | {worst_difference(a, b):.0e} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--regions", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", help="one device only, such as cuda or cpu")
    options = parser.parse_args()
    warm_up()
    regions = make_regions(options.regions)
    sizes = [int(region.mask.sum()) for region in regions]
    print(f"{len(regions)} regions of {min(sizes)} to {max(sizes)} voxels")
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name())
    else:
        print(f"torch on {torch.get_num_threads()} processor threads")
    with threadpool_limits(1):
        compare(regions, options.repeats, [options.device] if options.device else devices())


if __name__ == "__main__":
    main()
