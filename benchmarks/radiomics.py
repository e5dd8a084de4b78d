"""Speed of the radiomics engines, side by side in one run.

Run ``python benchmarks/radiomics.py --data ../shared/data`` (about five minutes on one core).

Machines differ and are shared, so read the ratios. The engines take turns on every case, on one
thread each, warm; processor time is measured, which other work on the machine hardly touches, and
the median counts. "File" starts from the files and ends with the feature
row; "memory" starts from images already read. Peak memory is that of a fresh process which reads
and measures one case.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from dlr.features.radiomics import load_settings, make_engine
from dlr.features.radiomics.native import warm_up

ENGINES = ("pyradiomics", "native")
PRESETS = ("original", "original-log-wavelet")


@dataclass(frozen=True)
class Case:
    """One image file and one mask file with a label."""

    name: str
    image: Path
    mask: Path
    label: int = 1

    def read(self) -> tuple[sitk.Image, sitk.Image]:
        """Read both files; the label becomes 1."""
        mask = sitk.ReadImage(str(self.mask))
        return sitk.ReadImage(str(self.image)), mask == self.label


def synthetic(
    folder: Path, name: str, shape: tuple[int, int, int], radii: tuple[float, ...]
) -> Case:
    """Write a smooth random volume with an ellipsoid, shaped like a routine lumbar series."""
    random = np.random.default_rng(0)
    noise = sitk.GetImageFromArray(random.normal(0, 1, shape).astype(np.float32))
    image = sitk.SmoothingRecursiveGaussian(noise, 1.0) * 900 + 400
    places = np.indices(shape) - (np.array(shape).reshape(3, 1, 1, 1) - 1) / 2
    inside = ((places / np.array(radii).reshape(3, 1, 1, 1)) ** 2).sum(0) <= 1
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    case = Case(name, folder / f"{name}.nrrd", folder / f"{name}_mask.nrrd")
    for volume, path, kind in ((image, case.image, sitk.sitkInt16), (mask, case.mask, None)):
        volume.SetSpacing((0.72, 0.72, 4.4))
        sitk.WriteImage(sitk.Cast(volume, kind) if kind else volume, str(path), True)
    return case


def all_cases(data: Path, folder: Path) -> list[Case]:
    """List the cases: upstream's, two lumbar data sets, two of routine size."""
    baseline, ivd, spider = (
        data / name for name in ("pyradiomics_baseline", "lumbar_ivd_t2", "spider_lumbar/t2_space")
    )
    cases = [
        Case(name, baseline / f"{name}_image.nrrd", baseline / f"{name}_label.nrrd")
        for name in ("breast1", "brain2", "brain1")
    ]
    cases.append(Case("ivd11", ivd / "IVD11_img.nii.gz", ivd / "IVD11_mask.nii.gz", 3))
    for image in sorted(spider.glob("*_image.nii.gz"))[:1]:
        mask = image.with_name(image.name.replace("_image", "_mask"))
        cases.append(Case("spider", image, mask, 203))
    cases.append(synthetic(folder, "sagittal", (15, 432, 432), (2.6, 9.0, 15.6)))
    cases.append(synthetic(folder, "axial", (20, 480, 480), (2.6, 15.0, 21.0)))
    return cases


def timed(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def compare(case: Case, preset: str, repeats: int) -> dict[str, float]:
    """Return median seconds per engine, from file and from memory."""
    parameters = load_settings(preset)
    engines = {name: make_engine(name, parameters) for name in ENGINES}
    pair = case.read()
    times: dict[str, list[float]] = {}
    for name, engine in engines.items():
        engine.execute(*pair)
        times[f"{name} file"], times[f"{name} memory"] = [], []
    for _ in range(repeats):
        for name, engine in engines.items():
            run = engine.execute
            times[f"{name} file"].append(timed(lambda run=run: run(*case.read())))
            times[f"{name} memory"].append(timed(lambda run=run: run(*pair)))
    return {key: statistics.median(values) for key, values in times.items()}


def peak_memory(case: Case, preset: str, engine: str) -> float:
    """Return the peak resident memory (MB) of a process that measures one case."""
    command = [sys.executable, __file__, "--one", engine, preset, str(case.image), str(case.mask)]
    command.append(str(case.label))
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure_one(arguments: list[str]) -> None:
    """Measure one case in this process and print its peak memory (MB)."""
    engine, preset, image, mask, label = arguments
    pair = Case("one", Path(image), Path(mask), int(label)).read()
    make_engine(engine, load_settings(preset)).execute(*pair)
    # not getrusage, whose peak is that of the parent where it was larger
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def main() -> None:
    # this file lies beside nothing that is imported, but is named like PyRadiomics' package
    sys.path = [
        path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent
    ]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    parser.add_argument("--memory", action="store_true", help="also measure peak memory (Linux)")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    with threadpool_limits(1):
        if options.one:
            measure_one(options.one)
        else:
            run(options)


def run(options: argparse.Namespace) -> None:
    """Compare the engines on every case and print a table."""
    warm_up()
    rows = []
    print("| case | preset | from file, ms | in memory, ms | faster, file | faster, memory | MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for preset in PRESETS:
            for case in all_cases(options.data, Path(folder)):
                row = compare(case, preset, options.repeats)
                memory = [0.0, 0.0]
                if options.memory:
                    memory = [peak_memory(case, preset, engine) for engine in ENGINES]
                rows.append({"case": case.name, "preset": preset, "memory": memory, **row})
                ms = {key: value * 1000 for key, value in row.items()}
                print(
                    f"| {case.name} | {preset} "
                    f"| {ms['pyradiomics file']:.0f} / {ms['native file']:.0f} "
                    f"| {ms['pyradiomics memory']:.0f} / {ms['native memory']:.1f} "
                    f"| {ms['pyradiomics file'] / ms['native file']:.1f} "
                    f"| {ms['pyradiomics memory'] / ms['native memory']:.1f} "
                    f"| {memory[0]:.0f} / {memory[1]:.0f} |",
                    flush=True,
                )
    for preset in PRESETS:
        for place in ("file", "memory"):
            ratios = [
                row[f"pyradiomics {place}"] / row[f"native {place}"]
                for row in rows
                if row["preset"] == preset
            ]
            print(f"median speed-up, {preset}, {place}: {statistics.median(ratios):.1f}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
