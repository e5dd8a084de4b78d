"""The package as a whole: light to import, complete by name, drawable."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dlr import stats


def test_import_loads_no_heavy_package():
    code = (
        "import sys, dlr.stats; "
        "print(sorted({'matplotlib', 'torch', 'statsmodels', 'SimpleITK', 'sklearn', "
        "'scipy.stats'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name",
    ["calibration", "concordance", "hosmer_lemeshow", "icc", "reclassification", "spiegelhalter"],
)
def test_functions_named_like_their_module_are_the_functions(name):
    __import__(f"dlr.stats.{name}")
    assert callable(getattr(stats, name))


def test_every_public_name_is_listed_once():
    assert len(set(stats.__all__)) == len(stats.__all__)
    assert set(stats.__all__) == set(dir(stats))


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="has no attribute 'roc_auc'"):
        _ = stats.roc_auc


def test_results_draw_themselves_into_given_axes():
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    y = rng.random(120) < 0.4
    p = np.clip(0.4 + 0.3 * (y - 0.4) + rng.normal(0, 0.15, 120), 0.02, 0.98)
    results = (
        stats.roc_curve(y, p),
        stats.calibration(y, p),
        stats.decision_curve(y, {"model": p}, n_bootstrap=20),
        stats.delong_matrix(y, {"a": p, "b": rng.random(120)}),
    )
    for result in results:
        ax = Figure().subplots()
        assert result.plot(ax=ax) is ax
