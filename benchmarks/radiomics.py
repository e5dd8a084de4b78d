"""Speed of the radiomics engines, side by side in one run.

Run ``python benchmarks/radiomics.py --data ../shared/data`` (about five minutes on one core).

Machines differ and are shared, so read the ratios. The engines take turns on every case, on one
thread each, warm; processor time is measured, which other work on the machine touches less than
the clock, and the median counts. "File" starts from the files and ends with the feature row and
its provenance (``additionalInfo: true``: hashes of image and mask, versions, settings); "memory"
starts from images already read, without provenance. Peak memory is that of a fresh process which
reads and measures one case. ``--pictologics-python`` names an interpreter of Python 3.12 or later
with pictologics installed; it then takes its turn, from file.
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
from pathlib import Path

import SimpleITK as sitk
from radiomics_cases import Case, all_cases
from threadpoolctl import threadpool_limits

from dlr.features.radiomics import ParameterFile, load_settings, make_engine
from dlr.features.radiomics.native import warm_up

ENGINES = ("pyradiomics", "native")
PRESETS = ("original", "original-log-wavelet")
PICTOLOGICS = "pictologics file"


def parameters(preset: str, provenance: bool) -> ParameterFile:
    """Load a preset, with or without a report on image and mask."""
    chosen = load_settings(preset)
    settings = chosen.settings.model_copy(update={"additionalInfo": provenance})
    return ParameterFile(chosen.source, chosen.image_types, chosen.feature_classes, settings)


class Pictologics:
    """A process of another interpreter that measures when asked."""

    def __init__(self, interpreter: str) -> None:
        script = Path(__file__).with_name("radiomics_pictologics.py")
        self._process = subprocess.Popen(
            [interpreter, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def seconds(self, case: Case, preset: str) -> float:
        """Return the processor time of one run from file."""
        request = {"image": str(case.image), "mask": str(case.mask), "preset": preset}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline())["seconds"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def timed(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def compare(
    case: Case, preset: str, repeats: int, pictologics: Pictologics | None
) -> dict[str, float]:
    """Return median seconds per engine, from file and from memory."""
    reporting, plain = (
        {name: make_engine(name, parameters(preset, provenance)).execute for name in ENGINES}
        for provenance in (True, False)
    )
    pair = case.read()
    times: dict[str, list[float]] = {}
    plain["native"](*pair)
    if pictologics is not None:
        pictologics.seconds(case, preset)
    for _ in range(repeats):
        for name in ENGINES:
            # PyRadiomics takes seconds, so that an interruption weighs little
            for _ in range(1 if name == "pyradiomics" else 3):
                run = reporting[name]
                read_and_run = timed(lambda run=run: run(*case.read()))
                times.setdefault(f"{name} file", []).append(read_and_run)
                run = plain[name]
                in_memory = timed(lambda run=run: run(*pair))
                times.setdefault(f"{name} memory", []).append(in_memory)
        times.setdefault("reading", []).append(timed(case.read))
        if pictologics is not None:
            times.setdefault(PICTOLOGICS, []).append(pictologics.seconds(case, preset))
    return {key: statistics.median(values) for key, values in times.items()}


def peak_memory(case: Case, preset: str, engine: str) -> float:
    """Return the peak resident memory (MB) of a process that measures one case."""
    command = [sys.executable, __file__, "--one", engine, preset, str(case.image), str(case.mask)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure_one(arguments: list[str]) -> None:
    """Measure one case in this process and print its peak memory (MB)."""
    engine, preset, image, mask = arguments
    pair = Case("one", Path(image), Path(mask)).read()
    make_engine(engine, load_settings(preset)).execute(*pair)
    # not getrusage, whose peak is that of the parent where it was larger
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def main() -> None:
    # this file lies beside nothing more that is imported, but is named like PyRadiomics' package
    sys.path = [
        path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent
    ]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    parser.add_argument("--memory", action="store_true", help="also measure peak memory (Linux)")
    parser.add_argument("--preset", choices=PRESETS, action="append", help="only this one")
    parser.add_argument("--pictologics-python", help="interpreter that has pictologics")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
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
    other = Pictologics(options.pictologics_python) if options.pictologics_python else None
    presets = options.preset or PRESETS
    rows = []
    print("| case | preset | PyRadiomics / dlr, file, ms | reading | memory, ms | ratios | MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for preset in presets:
            for case in all_cases(options.data, Path(folder)):
                row = compare(case, preset, options.repeats, other)
                memory = [0.0, 0.0]
                if options.memory:
                    memory = [peak_memory(case, preset, engine) for engine in ENGINES]
                rows.append({"case": case.name, "preset": preset, "memory": memory, **row})
                print_row(rows[-1])
    if other is not None:
        other.close()
    for preset in presets:
        print_medians(preset, [row for row in rows if row["preset"] == preset])
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


def print_row(row: dict[str, float]) -> None:
    ms = {key: value * 1000 for key, value in row.items() if isinstance(value, float)}
    print(
        f"| {row['case']} | {row['preset']} "
        f"| {ms['pyradiomics file']:.0f} / {ms['native file']:.1f} | {ms['reading']:.1f} "
        f"| {ms['pyradiomics memory']:.0f} / {ms['native memory']:.1f} "
        f"| {', '.join(f'{name} {value:.1f}' for name, value in ratios(row).items())} "
        f"| {row['memory'][0]:.0f} / {row['memory'][1]:.0f} |",
        flush=True,
    )


def ratios(row: dict[str, float]) -> dict[str, float]:
    """Return how many times longer the others take."""
    found = {
        place: row[f"pyradiomics {place}"] / row[f"native {place}"] for place in ("file", "memory")
    }
    if PICTOLOGICS in row:
        found["pictologics"] = row[PICTOLOGICS] / row["native file"]
    return found


def print_medians(preset: str, rows: list[dict[str, float]]) -> None:
    for name in ratios(rows[0]):
        median = statistics.median(ratios(row)[name] for row in rows)
        print(f"median over {len(rows)} cases, {preset}, {name}: {median:.1f}")


if __name__ == "__main__":
    main()
