"""Radiomics of many small cases: a cold start beside PyRadiomics, and one worker beside two.

Run ``python benchmarks/radiomics_cohort.py --data ../shared/data`` on a machine that does nothing
else (about six minutes on two cores). Cases are boxes cut around the discs of real lumbar volumes:
small ones for the cold start, nearly whole volumes for the workers.

"Cold": a fresh process imports the engine and measures 100 cases from file, with the Original
features and with LoG 1-5 mm and Wavelet as well; machine code lies on disk. Processor time of the
whole process counts. "Workers": dlr measures 200 cases (Original, LoG 1-5 mm, Wavelet) with one and
with two processes in turn, into an empty cache each time; the clock counts, since that is what
workers are for.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from radiomics_cases import all_cases

from dlr.config import StudyConfig
from dlr.features.cache import Cache
from dlr.features.execution import Execution
from dlr.features.extraction import run_tasks
from dlr.features.worker import ImageProcessor, ImageTask, RoiRequest
from dlr.progress import silent

PRESETS = ("original", "original-log-wavelet")
COLD = """
import sys
from pathlib import Path
import SimpleITK as sitk
from dlr.features.radiomics import load_settings, make_engine
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
engine = make_engine(sys.argv[1], load_settings(sys.argv[3]))
for path in sorted(Path(sys.argv[2]).glob("*_image.nii.gz")):
    mask = path.with_name(path.name.replace("_image", "_mask"))
    engine.execute(sitk.ReadImage(str(path)), sitk.ReadImage(str(mask), sitk.sitkUInt8))
"""


def cut_cases(data: Path, folder: Path, count: int, margin: int) -> list[tuple[Path, Path]]:
    """Cut boxes of `margin` voxels around the ROIs of the data, with a little noise each."""
    sources = [
        case.read() for case in all_cases(data, folder) if case.name.startswith(("ivd", "1"))
    ]
    pairs = []
    for number in range(count):
        image, mask = sources[number % len(sources)]
        mask = sitk.Cast(mask == 1, sitk.sitkUInt8)
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.Execute(mask)
        box = shape.GetBoundingBox(1)
        low = [max(0, box[i] - margin) for i in range(3)]
        high = [min(image.GetSize()[i], box[i] + box[i + 3] + margin) for i in range(3)]
        window = tuple(slice(a, b) for a, b in zip(low, high))
        part = sitk.Cast(image[window], sitk.sitkFloat32)
        noise = np.random.default_rng(number).normal(0, 2, part.GetSize()[::-1])
        noisy = sitk.GetImageFromArray((sitk.GetArrayFromImage(part) + noise).astype(np.int16))
        noisy.CopyInformation(part)
        paths = tuple(folder / f"{number:03d}_{kind}.nii.gz" for kind in ("image", "mask"))
        sitk.WriteImage(noisy, str(paths[0]))
        sitk.WriteImage(mask[window], str(paths[1]))
        pairs.append(paths)
    return pairs


def cold_seconds(engine: str, folder: Path, preset: str) -> float:
    """Return the processor time of a fresh process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", COLD, engine, str(folder), preset], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def worker_seconds(pairs: list[tuple[Path, Path]], workers: int) -> float:
    """Return the clock time of a whole extraction into an empty cache."""
    config = StudyConfig.model_validate(
        {
            "name": "workers",
            "images": "images.csv",
            "clinical": "clinical.csv",
            "outcome": {"column": "outcome", "positive": 1},
            "views": {"scan": {}},
            "radiomics": {"parameters": "original-log-wavelet"},
            "embedding": None,
        }
    )
    tasks = [
        ImageTask(str(image), (RoiRequest(str(n), "scan", "first", str(mask), "", ""),))
        for n, (image, mask) in enumerate(pairs)
    ]
    with tempfile.TemporaryDirectory() as work:
        start = time.perf_counter()
        processor = ImageProcessor(config, Cache(Path(work)))
        results = list(run_tasks(processor, tasks, Execution(workers), silent))
        seconds = time.perf_counter() - start
    assert not any(result.failures for result in results)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cut_cases(options.data, folder, 100, margin=6)
        for preset in PRESETS:
            cold: dict[str, list[float]] = {"pyradiomics": [], "native": []}
            cold_seconds("native", folder, preset)  # compiles, if nothing did before
            for _ in range(options.repeats):
                for engine, seconds in cold.items():
                    seconds.append(cold_seconds(engine, folder, preset))
            theirs, ours = (statistics.median(seconds) for seconds in cold.values())
            ratio = theirs / ours
            print(f"cold, {preset}: PyRadiomics {theirs:.1f} s, dlr {ours:.1f} s, {ratio:.1f}x")
        pairs = cut_cases(options.data, folder, 200, margin=40)
        clock: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(options.repeats):
            for workers, seconds in clock.items():
                seconds.append(worker_seconds(pairs, workers))
        one, two = (statistics.median(seconds) for seconds in clock.values())
        print(f"200 cases: one worker {one:.1f} s, two {two:.1f} s, {one / two:.2f}x")


if __name__ == "__main__":
    main()
