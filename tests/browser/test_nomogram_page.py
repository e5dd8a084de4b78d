"""The web nomogram in a real browser: its numbers are the model's, everybody can operate it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr.models.nomogram import Nomogram
from dlr.models.risk_distribution import RiskDistribution
from dlr.report.nomogram_page import WebNomogram, write_nomogram_page

pytestmark = pytest.mark.browser

PHONE, DESKTOP = (390, 844), (1280, 900)
VARIABLES = ["age", "odi", "leg", "weakness", "score"]
LABELS = {
    "age": "Age (years)",
    "odi": "Oswestry disability index (%)",
    "leg": "Straight leg raise test",
    "weakness": "Weakened strength",
    "score": "DLR score (log-odds)",
    "surgery": "surgery within two years",
}
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">"


def make_patients(n: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": random.normal(50, 12, n),
            "odi": random.uniform(4, 90, n),
            "leg": random.choice(["negative", "one side", "both sides"], n),
            "weakness": random.choice(["no", "yes"], n),
            "score": random.normal(-0.4, 1.5, n),
        }
    )


@pytest.fixture(scope="module")
def nomogram() -> Nomogram:
    patients = make_patients(400, 1)
    random = np.random.default_rng(2)
    log_odds = (
        0.04 * (patients["odi"] - 45)
        - 0.002 * (patients["age"] - 50) ** 2
        + 0.8 * (patients["leg"] == "both sides")
        + 0.9 * patients["score"]
    )
    patients["surgery"] = (random.random(400) < expit(log_odds)).astype(int)
    return Nomogram.fit(
        patients, "surgery", VARIABLES, splines={"age": 4}, labels=LABELS,
        references={"leg": "negative"},
        risks=(0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99),
    )  # fmt: skip


@pytest.fixture(scope="module")
def content(nomogram: Nomogram) -> WebNomogram:
    patients = make_patients(400, 1)
    risk = nomogram.probability(patients)
    event = np.random.default_rng(3).random(400) < risk
    return WebNomogram(
        nomogram,
        title="Lumbar disc herniation",
        description="Surgery within two years, from MR images and the first visit.",
        threshold=0.419,
        risks=RiskDistribution.of(risk, event),
        fills={"odi": 46.2, "weakness": "no"},
        hints={"score": "Made by 'dlr predict' from the patient's images."},
        facts=(("Trained on", "400 cases, 190 events (48%)"), ("Version of dlr", "0.1.0")),
        simulated=True,
    )


@pytest.fixture(scope="module")
def file(content: WebNomogram, tmp_path_factory) -> Path:
    return write_nomogram_page(content, tmp_path_factory.mktemp("page") / "nomogram.html")


def percent(text: str) -> float:
    return float(text.removesuffix("\u00a0%").replace("−", "-")) / 100


def rows_of(patients: pd.DataFrame) -> list[list[object]]:
    return [[row[name] for name in VARIABLES] for row in patients.to_dict("records")]


def test_a_thousand_patients_get_the_probability_of_python(page_at, file, nomogram) -> None:
    patients = make_patients(1000, 9)
    patients["age"] += np.random.default_rng(4).normal(0, 30, 1000)  # beyond the knots, too
    visit = page_at(file)
    found = visit.page.evaluate(
        "rows => rows.map(row => { const r = nomogram.evaluate(row);"
        " return [r.probability, r.total, ...r.interval, ...r.points]; })",
        rows_of(patients),
    )
    got = np.asarray(found)
    limits = nomogram.confidence_interval(patients)
    expected = np.column_stack(
        [nomogram.probability(patients), nomogram.total_points(patients), limits]
    )
    np.testing.assert_allclose(got[:, :4], expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(got[:, 4:], nomogram.points(patients), rtol=0, atol=1e-9)
    assert got[:, 0].min() < 0.05
    assert got[:, 0].max() > 0.95
    visit.check()


def test_rank_among_the_training_cases_is_that_of_python(page_at, file, content) -> None:
    risks = np.linspace(0, 1, 101).tolist()
    found = page_at(file).page.evaluate("risks => risks.map(nomogram.shareBelow)", risks)
    expected = [content.risks.share_below(risk) for risk in risks]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_every_control_moves_points_total_risk_and_markers(page_at, file, nomogram) -> None:
    visit = page_at(file)
    page = visit.page
    assert "5 of 5 variables still at their starting value" in page.inner_text("#untouched")
    page.get_by_label("Age (years)", exact=True).fill("62,5")
    page.get_by_label("Oswestry disability index (%), slider", exact=True).fill("70")
    page.get_by_label("Straight leg raise test", exact=True).select_option("both sides")
    page.get_by_label("Weakened strength", exact=True).select_option("yes")
    page.get_by_label("DLR score (log-odds)", exact=True).fill("−1.25")
    assert page.inner_text("#untouched") == "Every variable was set."
    case = {"age": 62.5, "odi": 70, "leg": "both sides", "weakness": "yes", "score": -1.25}
    points = nomogram.points(case)
    shown = [text.removesuffix(" points") for text in page.locator(".a .points").all_inner_texts()]
    np.testing.assert_allclose([float(text) for text in shown], points, atol=0.051)
    assert percent(page.inner_text(".card .risk")) == pytest.approx(
        nomogram.probability(case), abs=6e-4
    )
    low, high = nomogram.confidence_interval(case)
    expected = f"95 % CI {100 * low:.1f}\u00a0% to {100 * high:.1f}\u00a0%"
    assert page.inner_text(".card .interval") == expected
    assert page.inner_text(".card .total") == f"Total {points.sum():.1f} points"
    side = "At or above" if nomogram.probability(case) >= 0.419 else "Below"
    assert f"{side} the locked threshold of 41.9\u00a0%" in page.inner_text(".card")
    marks = page.locator("#drawing path.mark")
    shares = [float(mark.get_attribute("data-share")) for mark in marks.all()]
    total = points.sum() / nomogram.total_axis.ticks[-1]
    np.testing.assert_allclose(shares, [*(points / 100), total, total], atol=1e-9)
    page.wait_for_timeout(800)
    assert page.inner_text(".card .risk") in page.text_content("#spoken")
    visit.check()


def test_values_outside_the_training_range_and_no_numbers_are_told(page_at, file) -> None:
    visit = page_at(file, *PHONE)
    page = visit.page
    age = page.get_by_label("Age (years)", exact=True)
    assert page.locator(".card .warning").count() == 0
    age.fill("96")
    assert "Outside the training range" in page.inner_text("#v0Aw")
    assert "Outside the training range: Age (years)" in page.inner_text(".card .warning")
    age.fill("old")
    assert page.inner_text("#v0Aw") == "Please give a number."
    assert age.get_attribute("aria-invalid") == "true"
    assert "Please give every variable a value." in page.inner_text(".card")
    page.get_by_role("button", name="Start again").click()
    assert page.locator("#v0Aw").is_hidden()
    assert page.locator(".card .risk").is_visible()
    visit.check()


def test_a_value_that_is_not_known_is_what_the_model_fills_in(page_at, file, nomogram) -> None:
    visit = page_at(file)
    page = visit.page
    page.get_by_label("Oswestry disability index (%)", exact=True).fill("80")
    page.get_by_label("Weakened strength", exact=True).select_option("yes")
    page.get_by_label("Oswestry disability index (%) is not known").check()
    page.get_by_label("Weakened strength is not known").check()
    assert page.get_by_label("Oswestry disability index (%)", exact=True).is_disabled()
    values = page.evaluate("Array.from(document.querySelectorAll('#v0A, #v4A'), e => e.value)")
    age, score = map(float, values)
    case = {"age": age, "odi": 46.2, "leg": "negative", "weakness": "no", "score": score}
    found = percent(page.inner_text(".card .risk"))
    assert found == pytest.approx(nomogram.probability(case), abs=6e-4)
    assert "not known (46.2 %)" in page.inner_text("#summary")
    visit.check()


def test_a_model_that_marks_missing_values_is_told_of_them(page_at, tmp_path) -> None:
    nomogram = Nomogram.from_coefficients(
        -1.0,
        {"age": (0.05, 20.0, 80.0)},
        {"age=missing": {"known": 0.0, "missing": 0.7}},
        (-1.0, 3.5),
    )
    content = WebNomogram(nomogram, fills={"age": 51.5}, indicators={"age": "age=missing"})
    visit = page_at(write_nomogram_page(content, tmp_path / "missing.html"))
    page = visit.page
    assert page.locator("fieldset").count() == 1
    page.get_by_label("age", exact=True).fill("70")
    known = percent(page.inner_text(".card .risk"))
    assert known == pytest.approx(expit(-1 + 3.5), abs=6e-4)
    page.get_by_label("age is not known").check()
    missing = percent(page.inner_text(".card .risk"))
    assert missing == pytest.approx(expit(-1 + 0.05 * 51.5 + 0.7), abs=6e-4)
    total = nomogram.total_points({"age": 51.5, "age=missing": "missing"})
    assert page.inner_text(".a .points") == f"{total:.1f} points"
    visit.check()


def test_two_patients_are_compared_and_the_difference_explained(
    page_at, file, nomogram, shoot
) -> None:
    visit = page_at(file)
    page = visit.page
    page.get_by_role("button", name="Compare two patients").click()
    page.get_by_label("Age (years), patient A", exact=True).fill("40")
    page.get_by_role("button", name="Copy A to B").click()
    assert "Both patients have the same values" in page.inner_text("#difference")
    page.get_by_label("Age (years), patient B", exact=True).fill("60")
    page.get_by_label("DLR score (log-odds), patient B", exact=True).fill("2")
    values = page.evaluate("['A', 'B'].map(p => [0, 1, 4].map(i => +document.getElementById(`v${i}${p}`).value))")  # fmt: skip # noqa: E501
    frame = pd.DataFrame(values, columns=["age", "odi", "score"]).assign(
        leg="negative", weakness="no"
    )
    risk = nomogram.probability(frame)
    text = page.inner_text("#difference")
    assert f"{100 * (risk[1] - risk[0]):.1f} percentage points higher than A's" in text
    ratio = (risk[1] / (1 - risk[1])) / (risk[0] / (1 - risk[0]))
    assert f"odds ratio {ratio:#.3g}" in text
    assert text.index("DLR score") > text.index("What makes")
    points = nomogram.points(frame)
    total = points.sum(axis=1).diff()[1]
    assert f"What makes the +{total:.1f} points" in text
    assert page.locator("#summary thead th").all_inner_texts()[-1] == "B minus A"
    assert page.locator(".card").count() == 2
    shoot(visit, "nomogram_desktop_two")
    visit.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.wait_for_timeout(100)
    assert visit.overflow() == 0
    shoot(visit, "nomogram_phone_two")
    visit.check()


def test_interval_of_a_difference_is_the_delta_methods(page_at, file, nomogram) -> None:
    pair = make_patients(2, 12)
    found = page_at(file).page.evaluate(
        "rows => nomogram.compare(...rows.map(nomogram.evaluate))", rows_of(pair)
    )

    # The same by simulation: coefficients drawn from their estimated distribution.
    from dlr.models.nomogram_interval import design_matrix

    estimated = [nomogram.intercept]
    for term in nomogram.terms:
        estimated += term.coefficients[1:] if term.levels else term.coefficients
    random = np.random.default_rng(5)
    draws = random.multivariate_normal(estimated, np.asarray(nomogram.covariance), 200_000)
    log_odds = draws @ design_matrix(nomogram.terms, pair).T
    risk = expit(log_odds)
    half = 1.959964 * (risk[:, 1] - risk[:, 0]).std()
    np.testing.assert_allclose(np.diff(found["riskInterval"]), 2 * half, rtol=0.05)
    ratio = np.exp(np.quantile(log_odds[:, 1] - log_odds[:, 0], [0.025, 0.975]))
    np.testing.assert_allclose(found["ratioInterval"], ratio, rtol=0.05)
    assert found["risk"] == pytest.approx(float(np.diff(nomogram.probability(pair))[0]))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_keeps_anybody_out(page_at, file, axe, shoot, size, dark) -> None:
    visit = page_at(file, *size, dark=dark)
    page = visit.page
    name = f"nomogram_{'phone' if size == PHONE else 'desktop'}_{'dark' if dark else 'light'}"
    shoot(visit, name)
    assert visit.overflow() == 0
    if not dark:
        assert axe(visit) == []
    page.get_by_role("button", name="Compare two patients").click()
    page.get_by_label("Age (years), patient B", exact=True).fill("110")
    page.get_by_label("Oswestry disability index (%), patient A", exact=True).fill("x")
    page.get_by_label("Weakened strength, patient B is not known").check()
    assert axe(visit) == []
    visit.check()


def test_labels_of_the_drawing_stay_inside_and_apart(page_at, file) -> None:
    for size in (PHONE, DESKTOP, (320, 640)):
        page = page_at(file, *size).page
        boxes = page.evaluate(
            "Array.from(document.querySelectorAll('#drawing .axis text, #drawing .name'), e =>"
            " { const b = e.getBoundingClientRect();"
            " return [b.left, b.right, b.top, b.bottom, e.textContent]; })"
        )
        frame = page.locator("#drawing svg").bounding_box()
        assert len(boxes) > 30
        for number, (left, right, top, bottom, text) in enumerate(boxes):
            assert left >= frame["x"] - 0.5, text
            assert right <= frame["x"] + frame["width"] + 0.5, text
            for other in boxes[number + 1 :]:
                wide = min(right, other[1]) - max(left, other[0])
                high = min(bottom, other[3]) - max(top, other[2])
                assert wide <= 1 or high <= 4, (text, other[4])


def test_the_keyboard_reaches_and_operates_everything(page_at, file) -> None:
    visit = page_at(file)
    page = visit.page
    seen: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        seen.append(name.strip().split("\n")[0])
        if name.startswith("DLR score (log-odds), slider"):
            break
    assert seen[0] == "Skip to the result"
    assert {"Light / dark", "Print", "Compare two patients", "Age (years), slider"} <= set(seen)
    before = page.inner_text(".card .risk")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".card .risk") != before
    slider = page.locator("#v4As")
    assert slider.get_attribute("aria-valuetext").endswith(" log-odds")
    visit.check()


def test_print_shows_the_summary_and_not_the_controls(page_at, file, tmp_path) -> None:
    visit = page_at(file)
    visit.page.emulate_media(media="print")
    for hidden in ("#entry", "#bar", "#print", "#theme"):
        assert visit.page.locator(hidden).is_hidden()
    for shown in (".research", ".paper", ".card .risk", "#summary", "#drawing svg", "#risks svg"):
        assert visit.page.locator(shown).first.is_visible()
    assert "Training range" in visit.page.inner_text("#summary thead")
    pdf = visit.page.pdf(format="A4", prefer_css_page_size=True)
    assert 1 <= pdf.count(b"/Type /Page\n") <= 2
    visit.check()


def test_names_that_are_code_do_nothing_and_are_shown_as_they_are(page_at, tmp_path, shoot) -> None:
    term = f"x{HOSTILE}"
    nomogram = Nomogram.from_coefficients(
        -1.0,
        {term: (0.5, 0.0, 5.0), "__proto__": (0.1, 0.0, 3.0)},
        {"arm": {HOSTILE: 0.0, "constructor": 1.0, "<b>b</b>": 0.4}},
        (-1.0, 2.0),
        outcome=HOSTILE,
    )
    content = WebNomogram(
        nomogram, title=HOSTILE, description=HOSTILE, units={term: HOSTILE}, hints={term: HOSTILE},
        facts=((HOSTILE, HOSTILE),),
    )  # fmt: skip
    visit = page_at(write_nomogram_page(content, tmp_path / "hostile.html"), *PHONE)
    page = visit.page
    page.get_by_role("button", name="Compare two patients").click()
    page.locator("#v2B").select_option(HOSTILE)
    page.locator("#v2B").select_option("constructor")
    page.wait_for_timeout(800)
    assert page.locator("img, b").count() == 0
    assert page.title() == f"{HOSTILE}: nomogram"
    assert page.inner_text("h1") == HOSTILE
    assert HOSTILE in page.inner_text("#summary")
    assert "no interval" in page.inner_text(".card.a")
    assert visit.overflow() == 0
    shoot(visit, "nomogram_hostile")
    visit.check()


def test_policy_lets_no_other_script_or_style_run(page_at, file) -> None:
    visit = page_at(file)
    visit.page.evaluate(
        "() => { const s = document.createElement('script');"
        " s.textContent = 'globalThis.ran = true'; document.body.append(s); }"
    )
    assert visit.page.evaluate("globalThis.ran === undefined")
    assert len(visit.errors) == 1
    assert "Content Security Policy" in visit.errors[0]


def test_page_is_small_and_there_quickly(page_at, file) -> None:
    assert file.stat().st_size < 300_000
    visit = page_at(file)
    timing = visit.page.evaluate(
        "() => { const t = performance.getEntriesByType('navigation')[0];"
        " return t.loadEventEnd - t.startTime; }"
    )
    assert timing < 2000
    assert visit.page.evaluate("performance.getEntriesByType('resource').length") == 0
    visit.check()
