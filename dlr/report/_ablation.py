"""The report of an ablation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dlr import figures
from dlr.report._blocks import Block, Figure, Report, Section, Text
from dlr.report._shared import slug
from dlr.report._tables import plain_table

if TYPE_CHECKING:
    from dlr.results import Ablation


def no_ablation_section() -> Section:
    """Say how an ablation gets into a study's report."""
    text = (
        "No ablation was given to this report. 'dlr ablate STUDY.yaml --out RUN/ablation' reruns "
        "the study without one part at a time; 'dlr report RUN' then shows the result here."
    )
    lead = "What each part of the model is worth."
    return Section("ablation", "Ablation", lead, (Text(text),))


def ablation_report(ablation: Ablation) -> Report:
    """Turn an ablation into a page with one forest plot and one table per score."""
    config = ablation.config
    blocks: list[Block] = [
        Text(
            "Every row is the whole nested protocol rerun with one block, step or setting left "
            "out or changed, judged on the same training cases by the same folds; differences are "
            "paired. The full model is the study itself; where it votes on the algorithm, the "
            "winner of each fold serves every row. With so many rows some differ by chance: "
            "p_adjusted allows for it (Holm)."
        )
    ]
    for score in dict.fromkeys(ablation.table["score"]):
        rows = ablation.table[ablation.table["score"] == score]
        blocks += [
            Figure(
                f"ablation_{slug(score)}",
                f"Difference in out-of-fold AUC of {score} to the full model "
                f"(AUC {rows['auc'].iloc[0]:.3f}).",
                partial(figures.plot_ablation, ablation, score=score),
                wide=True,
            ),
            plain_table(
                f"ablation_{slug(score)}", f"Ablation of {score}.", rows.reset_index(drop=True)
            ),
        ]
    section = Section(
        "ablation", "Ablation", "What each part of the model is worth.", tuple(blocks)
    )
    made = "a simulated cohort" if config.simulated else "the cohort the study file names"
    return Report(
        title=f"{config.name}: ablation",
        subtitle=config.description,
        made_from=made,
        simulated=config.simulated,
        sections=(section,),
        files={},
        numbers={"reference": ablation.reference},
    )
