"""What the web nomogram takes from a study, and what stands in its file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from scipy.special import expit

from dlr.cli.nomogram import nomogram as command
from dlr.config import StudyConfig
from dlr.errors import DlrError, InputError
from dlr.models.bundle import Bundle
from dlr.models.chart import study_nomogram
from dlr.models.clinical import DLR_SCORE, fit_clinical
from dlr.models.encoding import Missing
from dlr.models.nomogram import Nomogram
from dlr.models.risk_distribution import RiskDistribution
from dlr.report.nomogram_page import WebNomogram, render_nomogram_page, write_nomogram_page
from dlr.report.nomogram_page._data import page_data, slider_step, unit_of
from dlr.settings import ClinicalVariable

HOSTILE = "</script><img src=x onerror=alert(1)>"
CONFIG = {
    "name": "Herniation",
    "description": "Surgery within two years.",
    "simulated": True,
    "images": "i.csv",
    "clinical": "c.csv",
    "views": {"sag": {"embedding": False}},
    "outcome": {"column": "surgery", "positive": 1, "label": "surgery"},
    "clinical_variables": {
        "age": {"type": "continuous", "label": "Age (years)"},
        "leg": {"type": "categorical", "reference": "none", "label": "Leg raise"},
    },
}


def make_clinical() -> pd.DataFrame:
    random = np.random.default_rng(5)
    age = random.normal(50, 10, 120)
    frame = pd.DataFrame({"age": age, "leg": random.choice(["none", "one", "both"], 120)})
    frame["surgery"] = (random.random(120) < expit(0.1 * (age - 50))).astype(int)
    frame.loc[3:9, "age"] = np.nan
    frame.loc[8:11, "leg"] = None
    return frame


def make_bundle(missing: Missing = "fill", penalised: bool = False) -> Bundle:
    config = StudyConfig.model_validate(CONFIG)
    clinical = make_clinical()
    score = pd.Series(np.random.default_rng(6).normal(size=120))
    model = fit_clinical(
        clinical, clinical["surgery"], ("age", "leg"), config.clinical_variables, score,
        penalised=penalised, missing=missing,
    )  # fmt: skip
    chart = study_nomogram(model, clinical, score, config)
    summary = {
        "n_training": 120,
        "n_positive": 60,
        "performance": [
            {"cohort": "training", "estimate": "apparent", "auc": {"Nomogram": 0.99}},
            {"cohort": "external", "estimate": "frozen", "auc": {"Nomogram": 0.81}},
        ],
        "trained": "2026-01-01",
    }
    ranges = pd.DataFrame({"low": [20.0], "high": [80.0], "sd": [10.0]}, index=["age"])
    return Bundle(config, {}, None, model, chart, {"Nomogram": 0.4}, ranges, {}, summary)


def make_scores() -> pd.DataFrame:
    risk = np.linspace(0.02, 0.98, 50)
    common = {"cohort": "training", "estimate": "out-of-fold", "feature_set": "Nomogram"}
    return pd.DataFrame({"outcome": (risk > 0.4).astype(float), "probability": risk, **common})


def data_of(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="model">(.*?)</script>', html, re.S)
    return json.loads(found.group(1))


def test_bundle_gives_threshold_interval_risks_and_facts() -> None:
    bundle = make_bundle()
    page = WebNomogram.from_bundle(bundle, make_scores())
    assert (page.title, page.threshold, page.level, page.simulated) == (
        "Herniation", 0.4, 0.95, True,
    )  # fmt: skip
    assert page.risks.n == 50
    assert ("AUC, external (frozen)", "0.810") in page.facts
    assert not any("apparent" in name for name, _ in page.facts)
    assert "dlr predict" in page.hints[DLR_SCORE]
    case = {"age": 55.0, "leg": "one", DLR_SCORE: 0.3}
    design = pd.DataFrame([{"age": 55.0, "leg=both": 0.0, "leg=one": 1.0, DLR_SCORE: 0.3}])
    columns = list(bundle.nomogram.logistic.names)
    x = np.concatenate([[1.0], design[columns].to_numpy()[0]])
    half = 1.959963985 * np.sqrt(x @ bundle.nomogram.logistic.covariance.to_numpy() @ x)
    center = bundle.nomogram.logistic.predict_log_odds(design)[0]
    found = page.nomogram.confidence_interval(case)
    np.testing.assert_allclose(found, expit([center - half, center + half]), rtol=1e-8)


def test_bundle_without_covariance_in_its_chart_still_gives_intervals() -> None:
    bundle = make_bundle()
    old = replace(bundle, chart=replace(bundle.chart, covariance=()))
    assert WebNomogram.from_bundle(old).nomogram == bundle.chart


def test_shrunk_coefficients_get_no_interval_and_the_page_says_why() -> None:
    page = WebNomogram.from_bundle(make_bundle(penalised=True))
    html = render_nomogram_page(page)
    assert data_of(html)["covariance"] is None
    assert "no confidence interval: its coefficients were shrunk" in html


def test_distribution_kept_in_the_bundle_is_taken() -> None:
    bundle = make_bundle()
    assert WebNomogram.from_bundle(bundle).risks is None
    risks = RiskDistribution.of([0.2, 0.7], [0, 1])
    kept = replace(bundle, summary={**bundle.summary, "training_risks": risks.to_dict()})
    assert WebNomogram.from_bundle(kept).risks == risks


def test_missing_values_are_filled_as_the_model_does() -> None:
    page = WebNomogram.from_bundle(make_bundle("indicator"))
    assert page.fills["age"] == pytest.approx(make_clinical()["age"].median())
    assert page.indicators == {"age": "age=missing", "leg": "leg=missing"}
    terms = page_data(page)["terms"]
    assert [term["hidden"] for term in terms] == [False, True, False, True, False]
    assert [term["indicator"] for term in terms] == [1, None, 3, None, None]
    # Regressed on the others, a missing value is no constant that a page could fill in.
    assert not WebNomogram.from_bundle(make_bundle("iterative")).fills


def test_study_without_clinical_variables_has_no_page() -> None:
    with pytest.raises(DlrError, match="'Herniation' has no nomogram, as it has no clinical"):
        WebNomogram.from_bundle(replace(make_bundle(), nomogram=None, chart=None))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, "level must lie strictly between 0 and 1, got 1.0"),
        ({"threshold": 1.5}, "threshold must be a probability, 0 to 1, got 1.5"),
        ({"units": {"height": "cm"}}, "no variable 'height'; it has DLR score, age, leg"),
    ],
)
def test_what_the_page_cannot_show_is_refused(options, message) -> None:
    with pytest.raises(DlrError, match=re.escape(message)):
        WebNomogram(make_bundle().chart, **options)


def test_file_names_nothing_outside_itself_and_is_small(tmp_path) -> None:
    path = write_nomogram_page(
        WebNomogram.from_bundle(make_bundle(), make_scores()), tmp_path / "new" / "n.html"
    )
    html = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 300_000
    addresses = set(re.findall(r"https?://[^\"'\s)]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert re.search(r"<(?:img|iframe|object|link rel=\"stylesheet\")|@import|url\(", html) is None
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html.split("<script", 1)[0])
    assert "Research use only. Not a medical device." in html
    assert "Simulated data." in html


def test_policy_holds_the_hashes_of_style_and_script_only() -> None:
    html = render_nomogram_page(WebNomogram.from_bundle(make_bundle()))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html).group(1)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_text_of_users_cannot_leave_its_place() -> None:
    page = WebNomogram.from_bundle(make_bundle())
    term = replace(page.nomogram.terms[0], label=HOSTILE)
    nomogram = replace(page.nomogram, terms=(term, *page.nomogram.terms[1:]), outcome=HOSTILE)
    html = render_nomogram_page(
        replace(
            page, nomogram=nomogram, title=HOSTILE, description=HOSTILE, facts=((HOSTILE,) * 2,)
        )
    )
    assert "<img" not in html
    assert html.count("</script>") == 2
    assert data_of(html)["terms"][0]["label"] == HOSTILE


def test_numbers_in_the_page_are_not_rounded() -> None:
    page = WebNomogram.from_bundle(make_bundle())
    data = data_of(render_nomogram_page(page))
    assert data["origin"] == page.nomogram.origin
    assert data["scale"] == page.nomogram.scale
    assert data["covariance"] == [list(row) for row in page.nomogram.covariance]


def test_sliders_have_steps_that_people_use() -> None:
    assert slider_step(20, 80) == 1
    assert slider_step(0, 10) == 0.1
    assert slider_step(0, 10_000) == 100
    assert slider_step(3, 3) == 1
    age = page_data(WebNomogram.from_bundle(make_bundle()))["terms"][0]
    assert age["start"] == round(make_clinical()["age"].median())
    assert age["slider"][0] <= age["low"] < age["high"] <= age["slider"][1]


def test_unit_is_what_a_label_ends_with_in_brackets() -> None:
    assert unit_of("Age (years)") == "years"
    assert unit_of("Visual analogue scale (0-10)") == ""
    assert unit_of("Age") == ""
    page = WebNomogram(make_bundle().chart, units={"age": "a"})
    assert page_data(page)["terms"][0]["unit"] == "a"


def test_command_reads_a_run_or_its_bundle(tmp_path, capsys) -> None:
    make_bundle().save(tmp_path / "run" / "bundle")
    make_scores().to_csv(tmp_path / "run" / "scores.csv", index=False)
    for folder in (tmp_path / "run", tmp_path / "run" / "bundle"):
        out = tmp_path / f"{folder.name}.html"
        assert command(folder, out, ["age=a"]) == 0
        data = data_of(out.read_text(encoding="utf-8"))
        assert sum(data["risks"]["events"]) == 30
        assert data["terms"][0]["unit"] == "a"
    assert "Nomogram of 3 variables" in capsys.readouterr().out
    (tmp_path / "run" / "scores.csv").unlink()
    assert command(tmp_path / "run", tmp_path / "alone.html") == 0
    assert "training cases' risks are not shown" in capsys.readouterr().out


def test_command_says_what_is_wrong(tmp_path) -> None:
    with pytest.raises(InputError, match="holds no model bundle"):
        command(tmp_path, tmp_path / "n.html")
    with pytest.raises(typer.BadParameter, match="VARIABLE=UNIT"):
        command(tmp_path, Path("n.html"), ["years"])
    with pytest.raises(DlrError, match="cannot be written"):
        write_nomogram_page(WebNomogram.from_bundle(make_bundle()), tmp_path)


def test_the_study_files_unit_stands_in_bundle_drawing_and_page(tmp_path: Path) -> None:
    variables = {
        "age": {"type": "continuous", "label": "Age", "unit": "years"},
        "leg": {"type": "categorical", "reference": "none"},
    }
    config = StudyConfig.model_validate({**CONFIG, "clinical_variables": variables})
    given = make_bundle()
    score = pd.Series(np.random.default_rng(6).normal(size=120))
    chart = study_nomogram(given.nomogram, make_clinical(), score, config)
    assert chart is not None
    age = chart.terms[0]
    assert (age.label, age.unit) == ("Age (years)", "years")
    assert Nomogram.from_dict(json.loads(json.dumps(chart.to_dict()))) == chart
    older = chart.to_dict()
    for term in older["terms"]:
        del term["unit"]  # as bundles of earlier versions are
    assert Nomogram.from_dict(older).terms[0].unit == ""
    page = WebNomogram.from_bundle(replace(given, config=config, chart=chart))
    assert page_data(page)["terms"][0]["unit"] == "years"
    assert "Age (years)" in render_nomogram_page(page)


@pytest.mark.parametrize(
    ("variable", "shown"),
    [
        ({"label": "Age", "unit": "years"}, "Age (years)"),
        ({"label": "Age (years)", "unit": "years"}, "Age (years)"),
        ({"unit": "mg/L"}, "crp (mg/L)"),
        ({}, "crp"),
    ],
)
def test_a_unit_is_shown_once(variable: dict[str, str], shown: str) -> None:
    assert ClinicalVariable(type="continuous", **variable).shown("crp") == shown


@pytest.mark.parametrize("fault", [{"type": "categorical", "unit": "years"}, {"unit": "years "}])
def test_a_unit_that_makes_no_sense_is_refused(fault: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"has no unit|with a blank"):
        ClinicalVariable.model_validate({"type": "continuous", **fault})
