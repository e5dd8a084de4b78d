"""The report of a CNN study: the same page as the radiomics studies', with the CNN's tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import yaml

import dlr
from dlr import figures
from dlr.cnn import remarks
from dlr.cnn.evaluation import with_pooled
from dlr.cnn.results import APPARENT, BAGGED, POOLED, CnnResult
from dlr.cnn.tables import class_table, final_table, label_table, level_table
from dlr.figures._style import axes_or_new, styled
from dlr.figures._text import interval, number
from dlr.models.cases import groups_of
from dlr.report._blocks import (
    Block,
    Bullets,
    Fact,
    Facts,
    Figure,
    Listing,
    Report,
    Section,
    Table,
    Text,
)
from dlr.report._export import write_json, write_tables
from dlr.report._page import render_page
from dlr.report._pictures import draw_all
from dlr.report._shared import slug
from dlr.report._tables import plain_table
from dlr.safety.private import without_folders
from dlr.stats import RocCurve, roc_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIMULATED = "simulated data; the numbers say nothing about patients"
_OWN = (
    "As published: every fold is judged at the threshold that is best on that very fold, which "
    "flatters; the sound numbers stand under Performance."
)


def write_cnn_report(result: CnnResult, folder: str | Path) -> Path:
    """Write ``report.html``, ``report.json``, ``figures/`` and ``tables/``; return the page."""
    return write_page(cnn_report(result), Path(folder))


def write_page(report: Report, folder: Path) -> Path:
    """Write a report's page, figures, tables and JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_all(report, folder)
    write_tables(report, folder)
    write_json(report, pictures, folder / "report.json")
    page = folder / "report.html"
    page.write_text(render_page(report, pictures, dlr.__version__), encoding="utf-8")
    return page


def cnn_report(result: CnnResult) -> Report:
    """Turn a CNN result into sections."""
    sections = [_summary(result), _performance(result)]
    if result.models:
        sections += [_published(result), _training(result)]
    errors = remarks.number_errors(result)
    if len(errors):
        sections.append(_numbers(errors))
    if result.subgroups:
        sections.append(_subgroups(result))
    sections += [_failures(result), _reproducibility(result)]
    config = result.config
    return Report(
        title=config.name,
        subtitle=_subtitle(result),
        made_from=_SIMULATED if config.simulated else "the pictures and labels given",
        simulated=config.simulated,
        sections=tuple(sections),
        files={},
        numbers={"performance": result.performance.to_dict("records")},
    )


def _subtitle(result: CnnResult) -> str:
    if result.models:
        return "End-to-end image classifiers, cross-validated by patient."
    if (result.case_scores["estimate"] == APPARENT).any():
        return "The frozen CNN; its own training patients are judged apart. Nothing was fitted."
    return "The frozen CNN on cases it never saw; nothing was fitted here."


def headline_rows(result: CnnResult) -> pd.DataFrame:
    """Return the sound rows of the performance table: pooled out-of-fold, and bagged."""
    frame = result.performance
    return frame[frame["fold"].isin([POOLED, BAGGED]) & (frame["threshold_from"] != "own fold")]


def _summary(result: CnnResult) -> Section:
    config, rows = result.config, headline_rows(result)
    facts = [
        Fact("Cases", str(len(result.cases)), f"{result.cases['subject_id'].nunique()} patients"),
        Fact("Pictures", str(result.picture_scores["image"].nunique())),
    ]
    others = rows[rows["estimate"] != APPARENT]
    for _, row in others.dropna(subset=["auc"]).head(6).iterrows() if "auc" in rows else ():
        text = interval(row["auc"], row["auc_low"], row["auc_high"])
        facts.append(Fact(f"AUC {row['target']}", number(row["auc"]), f"{row['cohort']}: {text}"))
    sentences = [
        f"Network: {config.network.architecture}; start: "
        f"{result.provenance.get('initial weights', 'see the bundle')}.",
        "Folds, stopping and intervals respect the patient; scores of pictures are averaged to "
        "the case, scores of the fold models too.",
    ]
    limits = "Research use only, no medical device: the scores must not decide about anyone's care."
    blocks: list[Block] = [Facts(tuple(facts)), Bullets(tuple(sentences)), Text(limits, "note")]
    if config.simulated:
        blocks.insert(1, Text(f"Made from: {_SIMULATED}.", "warning"))
    if config.description:
        blocks.insert(0, Text(config.description))
    return Section("summary", "Summary", "What was learnt, and how well it holds.", tuple(blocks))


def _performance(result: CnnResult) -> Section:
    rows = headline_rows(result)
    blocks: list[Block] = [Text(text, "warning") for text in remarks.warnings(result)]
    blocks.append(_performance_table(rows))
    said = [*remarks.interval_notes(rows), *remarks.matching_words(result.matching)]
    if said:
        blocks.append(Bullets(tuple(said)))
    scores = with_pooled(result.case_scores) if not result.models else result.case_scores
    for (cohort, estimate), part in scores.groupby(["cohort", "estimate"], sort=False):
        curves = _curves(part)
        if curves:
            where = f"{cohort} cohort, {estimate}"
            draw = partial(figures.plot_roc, curves)
            blocks.append(Figure(f"roc_{slug(where)}", f"ROC curves ({where}).", draw))
    lead = "Bagged fold models at locked thresholds, each cohort apart."
    if result.models:
        lead = "Out-of-fold in training; bagged fold models elsewhere; thresholds never re-chosen."
    return Section("performance", "Performance", lead, tuple(blocks))


def _performance_table(rows: pd.DataFrame) -> Table:
    shown = pd.DataFrame(
        [
            {
                "Cohort": row["cohort"],
                "Estimate": row["estimate"],
                "Label": row["target"],
                "n (positive)": f"{row['n']} ({row['n_positive']})",
                **{
                    name: _with_limits(row, key)
                    for name, key in (
                        ("AUC", "auc"), ("Sensitivity", "sensitivity"),
                        ("Specificity", "specificity"), ("PPV", "ppv"), ("NPV", "npv"),
                        ("Accuracy", "accuracy"),
                    )
                },
                "F1": number(row["f1"]) if pd.notna(row.get("f1")) else "",
            }
            for _, row in rows.iterrows()
        ]
    )  # fmt: skip
    note = (
        "Intervals: AUC by DeLong, clustered by patient where one has several cases; shares by "
        "Wilson. Out-of-fold calls use thresholds chosen on the other folds."
    )
    caption = "Performance at thresholds locked before the cases were judged."
    return Table("performance", caption, shown, rows, note)


def _with_limits(row: pd.Series, key: str) -> str:
    if key not in row or pd.isna(row[key]):
        return ""
    return interval(row[key], row[f"{key}_low"], row[f"{key}_high"])


def _curves(scores: pd.DataFrame) -> dict[str, RocCurve]:
    bagged = scores[scores["fold"] == BAGGED] if (scores["fold"] == BAGGED).any() else scores
    curves = {}
    for target, part in bagged.dropna(subset=["outcome"]).groupby("target", sort=False):
        if part["outcome"].nunique() == 2:
            groups = groups_of(part["subject_id"])
            curves[str(target)] = roc_curve(part["outcome"], part["probability"], groups)
    return curves


def _published(result: CnnResult) -> Section:
    blocks: list[Block] = [
        plain_table("table1", "Pictures with each label per fold (Table 1).", label_table(result)),
        Text(_OWN, "note"),
    ]
    if len(result.thresholds) == 1:
        caption = "Both classes per fold (Table 2)."
        blocks.append(plain_table("table2", caption, class_table(result)))
    else:
        caption = "Every label per fold (Tables 3 and 4)."
        blocks.append(plain_table("table3", caption, level_table(result)))
    frozen = result.performance[result.performance["fold"] == BAGGED]
    for cohort in pd.unique(frozen["cohort"]):
        caption = f"Bagged fold models on the {cohort} cohort (Table 5)."
        blocks.append(
            plain_table(f"table5_{slug(str(cohort))}", caption, final_table(result, str(cohort)))
        )
    lead = "The tables of the published radiograph study, in its layout."
    return Section("published", "Tables as published", lead, tuple(blocks))


def _training(result: CnnResult) -> Section:
    from dlr.cnn.outputs import training_log

    log = training_log(result)
    blocks: list[Block] = [
        Figure("learning", "Loss per epoch and fold; a dot marks the kept epoch.",
               partial(plot_learning, result), wide=True),
        plain_table("training_log", "Every epoch of every fold.", log),
    ]  # fmt: skip
    if any(len(model.search) > 1 for model in result.models):
        search = pd.concat([m.search.assign(fold=m.fold) for m in result.models])
        blocks.append(plain_table("search", "The grid, judged on inner patients.", search))
    return Section("training", "Training", "How the networks learnt.", tuple(blocks))


@styled
def plot_learning(result: CnnResult, ax: Axes | None = None) -> Axes:
    """Draw the training loss (pale) and the watched loss of every fold by epoch."""
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_new(ax, width=6.9, height=2.8)
    lines = figures.line_styles([f"fold {model.fold}" for model in result.models])
    for model in result.models:
        history, line = model.history, lines[f"fold {model.fold}"]
        ax.plot(history["epoch"], history["training_loss"], color=line.color, alpha=0.35)
        label = f"fold {model.fold}"
        marker = "." if len(history) == 1 else ""  # a line of one epoch cannot be seen
        watched = history["stopping_loss"]
        ax.plot(history["epoch"], watched, marker=marker, color=line.color, label=label)
        kept = history[history["epoch"] == model.best_epoch]
        ax.plot(kept["epoch"], kept["training_loss"], "o", color=line.color, markersize=4)
    ax.set(xlabel="Epoch", ylabel="Loss")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.legend(title="pale: training; strong: watched", ncols=2)
    return ax


def _numbers(errors: pd.DataFrame) -> Section:
    caption = (
        "Errors in the number's own unit: out-of-fold in training, mean of the fold models "
        "elsewhere. A network no better than always saying the cohort's mean learnt nothing."
    )
    lead = "How far the predicted numbers lie from the true ones."
    return Section("numbers", "Numbers", lead, (plain_table("numbers", caption, errors),))


def _subgroups(result: CnnResult) -> Section:
    tables = list(result.subgroups)
    groups = pd.concat([table.to_frame() for table in tables], ignore_index=True)
    parts = [
        table.heterogeneity.reset_index().assign(column=table.column, target=table.feature_set)
        for table in tables
    ]
    caption = (
        "AUC of the bagged score in groups of the external cases; larger squares: more cases. A "
        "difference among many groups may be chance."
    )
    blocks: tuple[Block, ...] = (
        Figure("subgroups", caption, partial(figures.plot_subgroups, tables), wide=True),
        plain_table("subgroups", "Every target in every group.", groups),
        plain_table(
            "subgroup_differences",
            "Whether the groups differ: Cochran's Q; P values not adjusted.",
            pd.concat(parts, ignore_index=True),
        ),
    )
    lead = "Whether the frozen networks work alike in different groups of patients."
    return Section("subgroups", "Subgroups", lead, blocks)


def _failures(result: CnnResult) -> Section:
    lead = "Pictures that could not be read, and why; they are in no result above."
    if not len(result.failures):
        return Section("failures", "Failures", lead, (Text("Every picture was read."),))
    table = plain_table("failures", f"{len(result.failures)} picture(s).", result.failures)
    return Section("failures", "Failures", lead, (table,))


def _reproducibility(result: CnnResult) -> Section:
    about = pd.DataFrame(
        {"item": list(result.provenance), "value": [str(v) for v in result.provenance.values()]}
    )
    settings = without_folders(result.config).model_dump(mode="json", exclude={"image_root"})
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=96)
    blocks = (plain_table("provenance", "Versions.", about), Listing("study.yaml", text))
    lead = "Everything needed to repeat the study."
    return Section("reproducibility", "Reproducibility", lead, blocks)
