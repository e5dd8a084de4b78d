"""Report sections of the study protocol: the model grid and the optimism audit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dlr import figures
from dlr.report._blocks import Block, Fact, Facts, Figure, Section, Text
from dlr.report._methods_outcome import algorithm_labels, tie_words
from dlr.report._shared import fold, slug
from dlr.report._tables import plain_table

if TYPE_CHECKING:
    from dlr.results import ModelGrid, OptimismAudit, StudyResult


def grid_section(result: StudyResult) -> Section | None:
    """Show every algorithm on every feature set, and how the vote went."""
    grid = result.grid
    if grid is None or len(grid.votes) < 2:
        return None
    labels = algorithm_labels(list(grid.votes.index))
    blocks: list[Block] = [Text(_vote_sentence(grid, labels))]
    for cohort, areas in grid.auc.items():
        blocks.append(
            Figure(
                f"algorithms_{slug(cohort)}",
                f"AUC of every algorithm on every feature set, {_how(result, cohort)}. Bold: the "
                "best three of a feature set in this figure; framed: the algorithm chosen by "
                f"vote.{_other_cases(grid, cohort)}",
                partial(figures.plot_auc_heatmap, areas.rename(labels), winner=labels[grid.winner]),
            )
        )
        frame = areas.rename(labels).rename_axis("algorithm").reset_index()
        blocks.append(
            plain_table(f"algorithms_{slug(cohort)}", f"AUC by algorithm, {cohort}.", frame)
        )
    blocks += _roc(result, grid, labels)
    votes = pd.DataFrame(
        {
            "algorithm": [labels[name] for name in grid.votes.index],
            "among_the_best_three": grid.votes.to_numpy(),
            "outer_folds_won": [grid.fold_winners.count(str(n)) for n in grid.votes.index],
        }
    )
    if grid.mean_auc is not None:
        votes.insert(2, "mean_auc", grid.mean_auc.reindex(grid.votes.index).to_numpy())
    note = (
        f"Judged on: {grid.judged_on}. Of algorithms with equally many places among the best three "
        "the one of the higher mean AUC wins, then the first in dlr's list."
    )
    blocks.append(plain_table("vote", "The vote among the algorithms.", votes, note))
    lead = "Which algorithm the scores come from, and what the others would have given."
    return Section("algorithms", "Algorithms", lead, tuple(blocks))


def _roc(result: StudyResult, grid: ModelGrid, labels: dict[str, str]) -> list[Block]:
    """Draw the ROC curve of every algorithm on one feature set."""
    if len(grid.roc) < 2:
        return []
    level = result.config.evaluation.confidence_level
    curves = {labels.get(key, key): curve for key, curve in grid.roc.items()}
    caption = (
        f"ROC curves of all algorithms on {grid.roc_set}, {_how(result, 'training')}; thick: the "
        f"algorithm chosen by vote. AUC with {level:.0%} CI."
    )
    draw = partial(figures.plot_algorithm_roc, curves, winner=labels[grid.winner], level=level)
    return [Figure(f"algorithms_roc_{slug(grid.roc_set)}", caption, draw)]


def _how(result: StudyResult, cohort: str) -> str:
    if cohort != "training":
        return f"final models on the cohort {cohort}"
    if result.config.protocol == "published":
        return "training cohort, apparent: too good by construction"
    return "training cohort, out of fold"


def _other_cases(grid: ModelGrid, cohort: str) -> str:
    """Say where the vote looked, as it need not be where a figure looks."""
    if grid.judged_on == cohort:
        return ""
    return f" The vote was held on: {grid.judged_on}, so it need not follow the bold numbers."


def _vote_sentence(grid: ModelGrid, labels: dict[str, str]) -> str:
    text = (
        f"{labels[grid.winner]} was chosen: it is among the best three algorithms on "
        f"{int(grid.votes[grid.winner])} feature sets, judged on {grid.judged_on}."
    )
    tie = tie_words(grid, labels)
    text += f" {tie}" if tie else ""
    if grid.fold_winners:
        same = sum(name == grid.winner for name in grid.fold_winners)
        text += (
            f" The vote was held anew in each of the {len(grid.fold_winners)} outer folds and "
            f"chose the same algorithm in {same}; out-of-fold scores come from each fold's own "
            "choice, so the choice itself is part of what is judged."
        )
    return text


def audit_section(result: StudyResult) -> Section | None:
    """Set the published and the sound protocol side by side."""
    audit = result.audit
    if audit is None:
        return None
    wide = audit.table.assign(way=audit.table["protocol"] + ": " + audit.table["estimate"])
    table = _side_by_side(wide)
    blocks: list[Block] = [
        Facts(_facts(audit, result.config.model.nomogram_score)),
        Text(
            "The published recipe selects features on all training cases before it "
            "cross-validates, feeds in-sample scores to the nomogram and votes on the cohort that "
            "judges it. The sound protocol repeats every step inside the folds. Both ran here on "
            "the same cases; the difference is optimism, not performance."
        ),
        Figure(
            "optimism",
            f"AUC of each feature set under each way of judging. {_hollow(audit)}".strip(),
            partial(figures.plot_optimism, audit),
            wide=True,
        ),
        plain_table("optimism", "AUC by feature set and way of judging.", table),
        plain_table("optimism_details", "The same with 95% CI, one row per estimate.", audit.table),
    ]
    if len(audit.permuted):
        runs = int(audit.permuted["runs"].max())
        blocks.append(
            plain_table(
                "permuted",
                f"With shuffled outcomes (mean, least and greatest of {runs} run(s)).",
                audit.permuted,
                "Chance is 0.5. One run of a small cohort scatters widely around it.",
            )
        )
    blocks += _stability_blocks(audit)
    lead = "What the field's usual recipe would have reported on these data, and how far it is off."
    return Section("optimism", "Optimism audit", lead, tuple(blocks))


def _hollow(audit: OptimismAudit) -> str:
    """Say what the hollow marks are, and what may be read from them."""
    if not len(audit.permuted):
        return ""
    runs = int(audit.permuted["runs"].max())
    which = "of one run" if runs == 1 else f"mean of {runs} runs"
    return (
        f"Hollow marks: the same with shuffled outcomes ({which}). A way of judging that lies "
        "above 0.5 there on average inflates; a single run of few cases scatters widely around "
        "0.5 although nothing is wrong."
    )


def _side_by_side(wide: pd.DataFrame) -> pd.DataFrame:
    order = list(dict.fromkeys(wide["way"]))
    table = wide.pivot_table(index="feature_set", columns="way", values="auc", sort=False)
    return table.reindex(columns=order).rename_axis(None, axis=1).reset_index()


def _facts(audit: OptimismAudit, main: str) -> tuple[Fact, ...]:
    apparent = _value(audit.table, main, "published", "apparent")
    nested = _value(audit.table, main, "sound", "nested")
    facts = []
    if apparent is not None and nested is not None:
        detail = f"published apparent AUC {apparent:.2f}, nested {nested:.2f}"
        if nested < 0.5:
            detail += (
                f"; the nested AUC is below chance, and against chance (0.50) the optimism is "
                f"{apparent - 0.5:+.2f}"
            )
        facts.append(Fact(f"Optimism of {main}", f"{apparent - nested:+.2f}", detail))
    inflated = _value(audit.permuted, main, "published", "apparent")
    sound = _value(audit.permuted, main, "sound", "nested")
    if inflated is not None and sound is not None:
        runs = int(audit.permuted["runs"].max())
        detail = (
            f"AUC of the published (apparent{_range(audit, main, 'published', 'apparent')}) and "
            f"the sound protocol (nested{_range(audit, main, 'sound', 'nested')}), "
            f"{'one run' if runs == 1 else f'mean of {runs} runs'}; chance is 0.50"
        )
        facts.append(Fact("With shuffled outcomes", f"{inflated:.2f} / {sound:.2f}", detail))
    return tuple(facts)


def _rows(frame: pd.DataFrame, name: str, protocol: str, estimate: str) -> pd.DataFrame:
    if not len(frame):
        return frame
    same = (frame["feature_set"] == name) & (frame["protocol"] == protocol)
    return frame[same & (frame["estimate"] == estimate)]


def _value(frame: pd.DataFrame, name: str, protocol: str, estimate: str) -> float | None:
    rows = _rows(frame, name, protocol, estimate)
    return float(rows["auc"].iloc[0]) if len(rows) else None


def _range(audit: OptimismAudit, name: str, protocol: str, estimate: str) -> str:
    """Return the least and the greatest AUC of the shuffled runs; empty for a single run."""
    row = _rows(audit.permuted, name, protocol, estimate).iloc[0]
    return "" if row["runs"] < 2 else f", {row['low']:.2f} to {row['high']:.2f}"


def _stability_blocks(audit: OptimismAudit) -> list[Block]:
    note = (
        "Stability: Nogueira's index over bootstrap resamples, 1 is the same features every time, "
        "0 is no better than drawing them at random. Order changed: features that enter or leave "
        "when the columns of the table are turned round; a sound selection has 0."
    )
    blocks: list[Block] = [
        plain_table("stability", "Stability of the selected features.", audit.stability, note)
    ]
    drawn: list[Figure] = []
    for (name, protocol), rows in audit.frequency.groupby(["feature_set", "protocol"], sort=False):
        if protocol == "sound":
            frequency = rows.set_index("feature")["frequency"]
            drawn.append(
                Figure(
                    f"frequency_{slug(str(name))}",
                    f"How often bootstrap resamples selected the features of {name}.",
                    partial(figures.plot_selection_frequency, frequency),
                )
            )
    if drawn:
        blocks.append(fold("Selection frequency", list(drawn), opened=False))
    return blocks
