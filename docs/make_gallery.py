"""Write ``docs/gallery.md`` and its pictures: ``python docs/make_gallery.py``.

Every figure of dlr on small simulated data, see ``make_gallery_data.py``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import make_gallery_data as data
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from scipy.special import expit

from dlr import figures
from dlr.figures import figure_style
from dlr.figures._style import root_figure
from dlr.models.centre_scatter import centre_scatter
from dlr.models.harmonisation import ComBat
from dlr.models.nomogram import Nomogram
from dlr.results import Ablation, Example, OptimismAudit
from dlr.selection import SpearmanFilter
from dlr.stats import (
    calibration,
    calibration_bootstrap,
    classification_metrics,
    decision_curve,
    fit_logistic,
    icc_table,
    multivariable_logistic,
    propensity_match,
    roc_curve,
)
from dlr.subgroups import SubgroupColumn, judge_subgroups

HERE = Path(__file__).parent
DPI = 110
MOST_BYTES = 60_000
HEAD = """# Gallery

Made by `docs/make_gallery.py` from simulated data with fixed seeds: no patients, no results. Every
function takes a result (or plain arrays) and an `Axes`, draws on it and returns it; without an
`Axes` it makes a figure of its own. `save_figure(ax.figure, Path("roc"), ["svg", "png", "pdf"])`
writes it as vector graphics and at 300 dpi.
"""


@dataclass(frozen=True)
class Entry:
    """One picture of the gallery: its name, the function, a line of text, and what draws it."""

    name: str
    function: str
    text: str
    draw: Callable[[], Axes | Figure]

    def figure(self) -> Figure:
        """Return the drawn figure."""
        drawn = self.draw()
        return drawn if isinstance(drawn, Figure) else root_figure(drawn)


def _curves() -> dict[str, object]:
    return {name: roc_curve(data.outcome(), value) for name, value in data.log_odds().items()}


def _algorithms() -> Axes:
    names = ("Logistic regression", "Support vector machine", "Nearest neighbours", "Random forest",
             "Extra trees", "XGBoost", "LightGBM", "Multilayer perceptron")  # fmt: skip
    score = data.log_odds()["DLR"]
    curves = {
        name: roc_curve(
            data.outcome(), score + data.random(30 + k).normal(0, 0.3 + 0.2 * k, data.N)
        )
        for k, name in enumerate(names)
    }
    return figures.plot_algorithm_roc(curves, winner="Support vector machine")


def _clinical_roc() -> Axes:
    frame = data.clinical()
    columns = {"Age": frame["age"], "ODI": frame["odi"], "Leg pain": frame["leg"].cat.codes}
    return figures.plot_clinical_roc({k: roc_curve(data.outcome(), v) for k, v in columns.items()})


def _decision(*, single: bool) -> Axes:
    names = ["DLR"] if single else ["Clinic", "DLR", "Nomogram"]
    models = {name: expit(data.log_odds()[name]) for name in names}
    curve = decision_curve(data.outcome(), models, n_bootstrap=200)
    if single:
        return figures.plot_decision(curve)
    return figures.plot_decision(curve, bands=True, sensible=(0.15, 0.6))


def _corrected() -> Axes:
    X = data.clinical()[["age", "odi", "dlr_score"]]
    model = fit_logistic(X, data.outcome())
    result = calibration_bootstrap(
        fit_logistic, lambda fitted, rows: fitted.predict_probability(rows), X, data.outcome(), B=40
    )
    return figures.plot_corrected_calibration(result, predicted=model.predict_probability(X))


def _heatmap() -> Axes:
    names = ["LR", "SVM", "KNN", "RF", "XGBoost", "MLP"]
    values = 0.62 + 0.3 * data.random(40).random((6, 5)).round(3)
    table = pd.DataFrame(values, index=names, columns=list(data.SIGNALS)[:5])
    return figures.plot_auc_heatmap(table, winner="SVM")


def _nomogram() -> Nomogram:
    labels = {"age": "Age (years)", "odi": "Oswestry index (%)", "leg": "Leg pain",
              "dlr_score": "DLR score", "outcome": "surgery"}  # fmt: skip
    variables = ["age", "odi", "leg", "dlr_score"]
    return Nomogram.fit(data.clinical(), "outcome", variables, labels=labels)


def _patient_nomogram(width: float = 6.9) -> Axes:
    case = data.clinical().sort_values("dlr_score").iloc[-30]
    return figures.plot_nomogram(_nomogram(), case=case, distributions=data.clinical(), width=width)


def _kept() -> list[str]:
    chosen = SpearmanFilter(0.8).fit(data.features())
    return list(chosen.get_feature_names_out())


def _scree() -> Axes:
    values = data.deep_features()
    sizes = np.linalg.svd((values - values.mean()) / values.std(), compute_uv=False) ** 2
    return figures.plot_scree(sizes / sizes.sum(), kept=10)


def _centres() -> Figure:
    centre = data.clinical()["center"].to_numpy()
    before = data.features(20) + 1.5 * (centre == "B")[:, None]
    after = ComBat().fit(before, centre).transform(before, centre)
    return figures.plot_centre_scatter(centre_scatter(before, after, centre))


def _icc() -> pd.Series:
    return pd.Series(1 - data.random(41).beta(1, 4, 300))


def _agreement() -> Axes:
    first = data.features()
    noise = data.random(42).normal(size=first.shape) * np.linspace(0.05, 1.5, first.shape[1])
    return figures.plot_agreement(icc_table(first, first + noise, form="2,1"), 0.75)


def _odds() -> Axes:
    table = multivariable_logistic(data.clinical(), "outcome", ["age", "odi", "leg", "smoker"])
    return figures.plot_odds_ratios(table, labels={"odi": "ODI (%)", "age": "Age (years)"})


def _ranking() -> Axes:
    table = pd.DataFrame(
        {"variable": ["ODI", "Leg pain", "Age", "Smoker", "Sex"],
         "auc": [0.76, 0.71, 0.64, 0.55, 0.52], "chosen": [True, True, True, False, False]}
    )  # fmt: skip
    return figures.plot_clinical_ranking(table)


def _subgroups() -> Axes:
    rows = data.score_table()
    rows = rows[rows["feature_set"] == "DLR"].reset_index(drop=True)
    rows["case_id"] = rows["subject_id"] = [f"P{k:03d}" for k in range(len(rows))]
    frame = data.clinical().set_index(rows["case_id"])
    tables = [
        judge_subgroups(rows, frame[column], SubgroupColumn(column=column), 0.4)
        for column in ("center", "leg", "smoker")
    ]
    return figures.plot_subgroups(tables)


def _love() -> Axes:
    frame = data.clinical().assign(treated=data.outcome())
    return figures.plot_love(
        propensity_match(frame, "treated", ["age", "odi", "leg", "smoker"], caliper=0.2)
    )


def _ablation() -> Axes:
    rows = [("full model", "", 0.0, 0.0, 0.0),
            ("without deep features", "inputs", -0.031, -0.055, -0.007),
            ("without axial view", "inputs", -0.012, -0.03, 0.006),
            ("no PCA", "reduction", -0.004, -0.016, 0.008)]  # fmt: skip
    columns = ["variant", "group", "difference", "difference_low", "difference_high"]
    table = pd.DataFrame(rows, columns=columns).assign(score="DLR")
    return figures.plot_ablation(Ablation(table, "full model", None))


def _optimism() -> Axes:
    ways = [("published", "apparent", 0.99), ("published", "cross-validated", 0.94),
            ("sound", "nested", 0.82)]  # fmt: skip
    rows = [
        {"feature_set": name, "protocol": protocol, "estimate": estimate, "auc": auc - drop,
         "low": auc - drop - 0.04, "high": min(auc - drop + 0.04, 1.0), "n": 184, "runs": 5}
        for name, drop in (("Rad_sag", 0.1), ("DL_sag", 0.06), ("DLR", 0.0))
        for protocol, estimate, auc in ways
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    permuted = table.assign(auc=table["estimate"].map(
        {"apparent": 0.83, "cross-validated": 0.72, "nested": 0.5}))  # fmt: skip
    return figures.plot_optimism(OptimismAudit(table, permuted, table, table, {}))


def _examples() -> Axes:
    examples = [
        Example(case, group[0].view, k % 2, group[0].crop / 255)
        for k, (case, group) in enumerate(data.pictures().items())
    ]
    return figures.plot_examples(examples, columns=4)


def _first(seed: int = 0) -> object:
    return list(data.pictures().values())[seed][0]


def _calls() -> object:
    return classification_metrics(data.outcome(), expit(data.log_odds()["DLR"]), 0.4)


def _calibrated(name: str = "DLR") -> object:
    return calibration(data.outcome(), expit(data.log_odds()[name]))


def _several(function: Callable[..., Axes], results: Callable[[str], object]) -> Axes:
    return function({name: results(name) for name in ("Clinic", "DLR", "Nomogram")})


def _waterfall() -> Axes:
    return figures.plot_waterfall(
        data.log_odds()["Rad_sag"],
        data.outcome(),
        threshold=-0.4,
        labels=("conservative", "surgery"),
    )  # fmt: skip


SECTIONS: dict[str, list[Entry]] = {
    "Cohort": [
        Entry("flowchart", "plot_flowchart", "Who came in, who was left out and why; the first "
              "figure of every study.", lambda: figures.plot_flowchart(data.FLOW)),
        Entry("love", "plot_love", "How far apart two groups are before and after propensity "
              "matching; below 0.1 they count as balanced.", _love),
        Entry("centres", "plot_centre_scatter", "Centres on two principal components before and "
              "after ComBat; use it whenever features of several scanners are pooled.", _centres),
    ],
    "Images": [
        Entry("roi", "plot_roi", "The region of interest on its slice.",
              lambda: figures.plot_roi(_first(2))),
        Entry("local_entropy", "plot_local_entropy", "Local entropy of the same slice: where "
              "texture is varied (bright) or uniform (dark).",
              lambda: figures.plot_local_entropy(_first(2), radius=4)),
        Entry("roi_sheet", "plot_roi_sheet", "Contact sheet of outlines for quality control "
              "before anything is measured; frames mark cases to look at again.",
              lambda: figures.plot_roi_sheet(data.pictures(), columns=4, flagged=("P004",))),
        Entry("examples", "plot_examples", "Crops as the network sees them, framed by outcome.",
              _examples),
    ],
    "Features": [
        Entry("icc_histogram", "plot_icc_histogram", "How many features survive perturbed regions.",
              lambda: figures.plot_icc_histogram(_icc())),
        Entry("agreement", "plot_agreement", "How well two readers' features agree, and the gate.",
              _agreement),
        Entry("correlation", "plot_correlation", "Absolute Spearman correlations, alike features "
              "side by side; named up to 24.",
              lambda: figures.plot_correlation(data.features(18))),
        Entry("correlation_clusters", "plot_correlation_clusters", "Clusters of correlated "
              "features before and after redundancy removal: the bright squares should be gone.",
              lambda: figures.plot_correlation_clusters(data.features(), _kept())),
        Entry("scree", "plot_scree", "Variance per principal component; shows what a number of "
              "components keeps.", _scree),
        Entry("feature_clusters", "plot_feature_clusters", "Clusters of cases by deep features "
              "alone, coloured by outcome: whether the features tell the classes apart unasked.",
              lambda: figures.plot_feature_clusters(data.deep_features(), data.outcome())),
    ],
    "Selection": [
        Entry("lasso_path", "plot_lasso_path", "Coefficients against the penalty, with both "
              "customary penalties.", lambda: figures.plot_lasso_path(data.lasso())),
        Entry("lasso_cv", "plot_lasso_cv", "Cross-validation error against the penalty.",
              lambda: figures.plot_lasso_cv(data.lasso())),
        Entry("coefficients", "plot_coefficients", "Selected features, and in how many folds each "
              "was selected.", lambda: figures.plot_coefficients(data.trace())),
        Entry("selection_frequency", "plot_selection_frequency", "How often resamples select each "
              "feature; a few always, most rarely means an unstable selection.",
              lambda: figures.plot_selection_frequency(data.trace().frequency)),
        Entry("clinical_ranking", "plot_clinical_ranking", "AUC of every clinical variable alone.",
              _ranking),
        Entry("odds_ratios", "plot_odds_ratios", "Odds ratios of a logistic regression.", _odds),
    ],
    "Discrimination": [
        Entry("roc", "plot_roc", "One ROC curve with the pointwise Wilson band of the "
              "sensitivity.", lambda: figures.plot_roc(_curves()["DLR"])),
        Entry("roc_simultaneous", "plot_roc", "`band=\"simultaneous\"`: the whole true curve lies "
              "inside with 95 % confidence (Kolmogorov-Smirnov).",
              lambda: figures.plot_roc(_curves()["DLR"], band="simultaneous")),
        Entry("roc_several", "plot_roc", "Several models; `band=\"bootstrap\"` shades each.",
              lambda: _several(lambda c: figures.plot_roc(c, band="bootstrap"),
                               lambda n: _curves()[n])),
        Entry("roc_sets", "plot_roc", "Every feature set; the legend moves below.",
              lambda: figures.plot_roc(_curves())),
        Entry("algorithm_roc", "plot_algorithm_roc", "Every algorithm on one feature set; the "
              "chosen one is thick.", _algorithms),
        Entry("clinical_roc", "plot_clinical_roc", "Every clinical variable alone.", _clinical_roc),
        Entry("auc_heatmap", "plot_auc_heatmap", "AUC of every algorithm on every feature set; "
              "the best three are bold, the vote's winner is framed.", _heatmap),
        Entry("delong_matrix", "plot_delong_matrix", "P values of all pairwise DeLong tests, "
              "adjusted below the diagonal.",
              lambda: figures.plot_delong_matrix(data.evaluation().delong)),
        Entry("auc_forest", "plot_auc_forest", "AUCs with intervals, cohort beside cohort.",
              lambda: figures.plot_auc_forest([data.evaluation(), data.evaluation("frozen")])),
        Entry("subgroups", "plot_subgroups", "The same score in groups of patients, and whether "
              "they differ.", _subgroups),
        Entry("scores", "plot_scores", "Predicted probability of every case by cohort and outcome.",
              lambda: figures.plot_scores(data.score_table(), threshold=0.4)),
        Entry("waterfall", "plot_waterfall", "Score of every case as a bar from the threshold; "
              "bars of the other colour are wrong calls.", _waterfall),
        Entry("confusion", "plot_confusion", "Confusion matrix, normalised by the true class "
              "(sensitivities).", lambda: figures.plot_confusion(_calls())),
        Entry("confusion_predicted", "plot_confusion", "`normalise=\"predicted\"`: predictive "
              "values.", lambda: figures.plot_confusion(_calls(), normalise="predicted")),
    ],
    "Calibration and use": [
        Entry("calibration", "plot_calibration", "Flexible curve with band, groups of patients "
              "and the distribution of the predictions.",
              lambda: figures.plot_calibration(_calibrated())),
        Entry("calibration_several", "plot_calibration", "Several models, curves only.",
              lambda: _several(figures.plot_calibration, _calibrated)),
        Entry("corrected_calibration", "plot_corrected_calibration", "Apparent, bias-corrected "
              "and ideal curve of a model judged on its own cases.", _corrected),
        Entry("decision", "plot_decision", "Net benefit of one model with its bootstrap band.",
              lambda: _decision(single=True)),
        Entry("decision_several", "plot_decision", "Several models with bands; thresholds at "
              "which nobody would act are greyed.", lambda: _decision(single=False)),
        Entry("nomogram", "plot_nomogram", "The nomogram as `rms` prints it.",
              lambda: figures.plot_nomogram(_nomogram(), linear_predictor=True)),
        Entry("nomogram_patient", "plot_nomogram", "One patient marked, and the distribution of "
              "all cases on the axes.", _patient_nomogram),
        Entry("nomogram_column", "plot_nomogram", "`width=3.4`: the same for one journal column.",
              lambda: _patient_nomogram(3.4)),
    ],
    "Robustness": [
        Entry("optimism", "plot_optimism", "What each way of judging reports on the same data, "
              "and on shuffled outcomes (hollow).", _optimism),
        Entry("ablation", "plot_ablation", "What leaving something out costs.", _ablation),
    ],
}  # fmt: skip


def entries() -> list[Entry]:
    """Return all pictures in the order of the page."""
    return [entry for group in SECTIONS.values() for entry in group]


def page() -> str:
    """Return the page as Markdown."""
    lines = [HEAD]
    for title, group in SECTIONS.items():
        lines.append(f"\n## {title}\n")
        for entry in group:
            lines.append(f"\n`{entry.function}` {entry.text}\n")
            lines.append(f"\n![{entry.name.replace('_', ' ')}](gallery/{entry.name}.png)\n")
    return "".join(lines)


def write_picture(entry: Entry, folder: Path) -> Path:
    """Draw one picture in as many colours as fit into 60 kB."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with figure_style():
        entry.figure().savefig(buffer, format="png", dpi=DPI)
    path = folder / f"{entry.name}.png"
    whole = Image.open(buffer).convert("RGB")
    for colours in (128, 64, 32, 20):
        whole.quantize(colours).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    return path


if __name__ == "__main__":
    for entry in entries():
        write_picture(entry, HERE / "gallery")
    (HERE / "gallery.md").write_text(page(), encoding="utf-8")
