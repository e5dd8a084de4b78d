"""Cost of selection, training and assembly as cohorts grow: seconds, peak memory, exponent.

    python benchmarks/scale.py train [--sizes 100 1000 5000 20000] [--features 400]
    python benchmarks/scale.py select [--sizes 1000 5000 20000] [--features 1316]
    python benchmarks/scale.py algorithms [--sizes 500 1000 2000 4000]
    python benchmarks/scale.py assemble [--sizes 1000 2500 5000 10000] [--features 1316]

Each size runs in a process of its own, on one core, so that its peak memory is its own. Seconds are
processor time of that core: other work on the machine does not count.

"select": the whole chain once, on all cases of a synthetic table of correlated features, an eighth
of them informative (constants, scaling, Mann-Whitney, Spearman, LASSO in ten folds). "train": that,
and the sound protocol in two outer and two inner folds, everything learnt again in each, with three
algorithms and their settings. "algorithms": one fit of each of the nine algorithms on thirty
features. "assemble": the cached values of so many cases, an entry each as ``dlr extract`` leaves
them, become ``features.parquet``; then thirty of its columns are read.

The exponent b is that of seconds ~ cases^b, by least squares of the logarithms over all sizes of at
least 1,000 cases; below, overhead rules. Expected: eight minutes for the first line, two for each
of the others.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

SEED, FACTORS, FOLDS, READ_BACK = 0, 60, 2, 30
ALGORITHMS = ("logistic", "extra-trees", "lightgbm")
FLOOR = 1_000
"""Below so many cases, overhead rules."""


def megabytes() -> float:
    """Return the peak resident memory of this process so far, in 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def timed(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def simulate(cases: int, features: int):
    """Draw a training cohort; the table is made once and not copied."""
    from dlr.models.cases import TrainingData

    random = np.random.default_rng(SEED)
    outcome = (random.random(cases) < 0.38).astype(int)
    factors = random.normal(size=(cases, FACTORS))
    factors[:, ::8] += 0.3 * outcome[:, None]
    values = factors[:, random.integers(FACTORS, size=features)]
    for column in range(features):
        values[:, column] += 0.6 * random.normal(size=cases)
    index = pd.Index([f"case{number}" for number in range(cases)], name="case_id")
    names = [f"sag.rad.f{number:04d}" for number in range(features)]
    table = pd.DataFrame(values, index, names, copy=False)
    subjects = pd.Series(index, index, name="subject")
    return TrainingData(
        table, pd.DataFrame(index=index), pd.Series(outcome, index), subjects, table.iloc[:0]
    )


def settings():
    from dlr.config import StudyConfig

    return StudyConfig.model_validate(
        {
            "name": "scale",
            "images": "images.csv",
            "clinical": "clinical.csv",
            "outcome": {"column": "outcome", "positive": "1"},
            "views": {"sag": {"embedding": False}},
            "embedding": None,
            "model": {"folds": FOLDS, "inner_folds": FOLDS, "algorithms": list(ALGORITHMS)},
            "seed": SEED,
        }
    )


def select(cases: int, features: int, and_train: bool = False) -> dict[str, float]:
    from dlr.models.chain import ChainSettings, fit_selection
    from dlr.models.crossfit import cross_fit
    from dlr.progress import silent

    config = settings()
    small = simulate(60, 16)
    cross_fit(small, config, 1, silent, only="Rad_sag")  # Numba compiles outside the measurement
    data = simulate(cases, features)
    found = {"table, MB": cases * features * 8 / 1e6, "before, MB": megabytes()}
    found["selection, s"] = timed(lambda: fit_selection(data, ChainSettings.of(config), SEED))
    found["selection, peak MB"] = megabytes()
    if and_train:
        found["training, s"] = timed(lambda: cross_fit(data, config, 1, silent, only="Rad_sag"))
        found["training, peak MB"] = megabytes()
    return found


def train(cases: int, features: int) -> dict[str, float]:
    return select(cases, features, and_train=True)


def algorithms(cases: int, _features: int) -> dict[str, float]:
    from dlr.models.classifiers import CLASSIFIERS

    data = simulate(cases, READ_BACK)
    X, y = data.features.to_numpy(), data.outcome.to_numpy()
    seconds = {}
    for key, specification in CLASSIFIERS.items():
        classifier = specification.make(SEED)
        seconds[f"{key}, s"] = timed(lambda chosen=classifier: chosen.fit(X, y))
    return seconds


def fill_cache(folder: Path, cases: int, features: int) -> list[str]:
    """Write an entry for each case as extraction does; return their keys."""
    from dlr.features.cache import Cache, content_key
    from dlr.features.radiomics import load_settings, make_engine

    cache, random = Cache(folder), np.random.default_rng(SEED)
    names = make_engine("native", load_settings("original-log-wavelet")).feature_names()[:features]
    keys = [content_key(number) for number in range(cases)]
    with patch("os.fsync"):  # waiting for the disk is no part of what is measured
        for key in keys:
            values = dict(zip(names, random.normal(size=features).tolist()))
            cache.write_record("rad", key, {"values": values, "problems": {}})
    return keys


def assemble(cases: int, features: int, folder: Path) -> dict[str, float]:
    from dlr.features.assembly import assemble as put_together
    from dlr.features.assembly import feature_column
    from dlr.features.cache import Cache, content_key
    from dlr.features.parquet import read_parquet, write_parquet
    from dlr.features.worker import RoiRequest, RoiResult

    cache, keys = Cache(folder), [content_key(number) for number in range(cases)]
    record = cache.read_record("rad", keys[0])
    assert record is not None
    columns = [feature_column("sag", "rad", name) for name in record["values"]]
    results = [
        RoiResult(
            RoiRequest(f"case{n}", "sag", "first", f"mask{n}", "1", ""),
            {"rad": key},
            None,
            (),
            True,
        )
        for n, key in enumerate(keys)
    ]
    before = megabytes()
    start = time.process_time()
    values, lost = put_together(results, "first", columns, {}, cache)
    write_parquet(folder / f"{cases}.parquet", values, {})
    seconds = time.process_time() - start
    assert not lost
    assert values.shape == (cases, features)
    peak = megabytes()
    reading = timed(lambda: read_parquet(folder / f"{cases}.parquet", columns[:READ_BACK]))
    path = cache.folder / "rad" / keys[0][:2] / keys[0]
    return {
        "table, MB": cases * features * 8 / 1e6,
        "before, MB": before,
        "assembly, s": seconds,
        "assembly, peak MB": peak,
        f"{READ_BACK} columns, s": reading,
        "entry, kB": path.stat().st_size / 1e3,
        "parquet, MB": (folder / f"{cases}.parquet").stat().st_size / 1e6,
    }


def in_child(what: str, cases: int, features: int, folder: str) -> dict[str, float]:
    """Measure one size in a process of its own, on one core."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    command = [sys.executable, __file__, what, "--child", str(cases), "--features", str(features)]
    done = subprocess.run(
        [*command, "--folder", folder],
        env={**os.environ, **threads},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def exponents(table: pd.DataFrame) -> pd.Series:
    """Fit seconds ~ cases^b, from the floor on."""
    found = {}
    for column in [name for name in table if name.endswith(", s")]:
        seconds = table[column][table.index >= min(FLOOR, table.index[-2])]
        found[column] = np.polyfit(np.log(seconds.index), np.log(seconds), 1)[0]
    return pd.Series(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("train", "select", "algorithms", "assemble"))
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--features", type=int)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        measured = {
            "train": train,
            "select": select,
            "algorithms": algorithms,
            "assemble": lambda *size: assemble(*size, Path(options.folder)),
        }[options.what](options.child, options.features)
        print(json.dumps(measured))
        return
    usual = {
        "train": [100, 1_000, 5_000, 20_000],
        "select": [1_000, 5_000, 20_000],
        "algorithms": [500, 1_000, 2_000, 4_000],
        "assemble": [1_000, 2_500, 5_000, 10_000],
    }
    sizes = options.sizes or usual[options.what]
    features = options.features or (400 if options.what == "train" else 1316)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "assemble":
            fill_cache(Path(folder), max(sizes), features)
        for size in sizes:
            rows[size] = in_child(options.what, size, features, folder)
            print(size, {name: round(value, 3) for name, value in rows[size].items()}, flush=True)
    table = pd.DataFrame(rows).T.rename_axis("cases")
    print(table.round(2).to_string())
    print(f"exponents from {FLOOR:,} cases:")
    print(exponents(table).round(2).to_string())


if __name__ == "__main__":
    main()
