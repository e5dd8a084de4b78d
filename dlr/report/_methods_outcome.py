"""The part of the methods text that only the finished study knows: what the data decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlr.report._words import listed, plural, variable_label

if TYPE_CHECKING:
    from dlr.results import ModelGrid, SelectionTrace, StudyResult

_PCA = "PCA of deep features"


def outcome_text(result: StudyResult) -> str:
    """Return numbers of features and components, fallbacks, the clinical choice, the vote."""
    parts = [
        _components(result),
        *(_selected(trace) for trace in result.traces.values()),
        *fallback_sentences(result.traces),
        clinical_choice(result),
        _vote(result),
    ]
    return " ".join(part for part in parts if part)


def _components(result: StudyResult) -> str:
    views = () if result.views is None else result.views.components
    if not views:
        return ""
    blocks = [
        f"{view.kept} principal components of {view.block} "
        f"({view.explained[: view.kept].sum():.0%} of its variance)"
        for view in views
    ]
    return f"The selection was offered {listed(blocks)}."


def _selected(trace: SelectionTrace) -> str:
    """Say how many features a set had and kept, components apart."""
    chosen = [str(name) for name in trace.coefficients.index]
    components = sum(name.split(".")[-1].startswith("pca") for name in chosen)
    first, last = trace.steps[0][1], trace.steps[-1][1]
    kept = plural(last, "feature")
    if components:
        measured = len(chosen) - components
        kept = f"{plural(components, 'principal component')}"
        kept += f" and {plural(measured, 'measured feature')}" if measured else ""
    reduced = dict(trace.steps).get(_PCA)
    middle = f", {reduced:,} after the principal components" if reduced is not None else ""
    return f"{trace.feature_set}: of {plural(first, 'feature')}{middle}, {kept} entered the model."


def fallback_sentences(traces: Mapping[str, SelectionTrace]) -> list[str]:
    """Put the steps that left nothing into words, each with the sets it happened to."""
    sets: dict[str, list[str]] = {}
    for trace in traces.values():
        for step in trace.fallbacks:
            sets.setdefault(step, []).append(trace.feature_set)
    return [f"In {listed(names)}, {fallback_words(step)}." for step, names in sets.items()]


def fallback_words(step: str) -> str:
    """Say what happened where a step of the selection would have left nothing."""
    if step.startswith("LASSO"):
        return (
            "the LASSO set every coefficient to zero, which means that no combination of features "
            "predicted left-out cases better than giving everyone the average risk; so that there "
            "is a score at all, the penalty was lowered until the first feature entered, and that "
            "score should be expected to know nothing"
        )
    if step.startswith("Mann-Whitney"):
        limit = step.removeprefix("Mann-Whitney ")
        return (
            f"no feature differed between the outcomes ({limit}), so the one that differed most "
            "was kept although chance may explain it"
        )
    if step.startswith("ICC gate ("):
        count = step.partition("(")[2].rstrip(")")
        return f"agreement of readers could not be asked for ({count}), so all features stayed"
    if step.startswith("ICC gate"):
        return "no feature agreed well enough between readers, so the one that agreed best was kept"
    if step.startswith("ComBat"):
        return "there was one training centre only, so nothing was harmonised"
    return f"the step '{step}' would have left nothing, so the single best feature was kept"


def clinical_choice(result: StudyResult) -> str:
    """Say which clinical variables were chosen, and whether they had to be taken for want of any.

    The published rule asks for significance alone and together. Where nothing passes, the variables
    of least P are taken, so that there is a clinical model at all.
    """
    ranking, settings = result.clinical_ranking, result.config.clinical_model
    if not len(ranking) or not result.clinical_variables:
        return ""
    names = listed([variable_label(result.config, name) for name in result.clinical_variables])
    if settings.variables is not None or settings.method != "published":
        return ""
    passed = ranking["p_multivariable"] < settings.p_value
    if passed.any():
        return f"The clinical variables chosen so were {names}."
    count = len(result.clinical_variables)
    alone = int((ranking["p_univariate"] < settings.p_value).sum())
    why = (
        f"no clinical variable was significant alone (P < {settings.p_value:g})"
        if not alone
        else f"no clinical variable was significant (P < {settings.p_value:g}) both alone and in "
        "the joint model"
    )
    taken = "the one of least P alone was" if count == 1 else f"the {count} of least P alone were"
    return (
        f"As a fallback, since {why}, {taken} taken ({names}): the clinical model and the nomogram "
        "rest on a choice that the data do not support."
    )


def _vote(result: StudyResult) -> str:
    grid = result.grid
    if grid is None or len(grid.votes) < 2:
        return ""
    labels = algorithm_labels([str(name) for name in grid.votes.index])
    text = f"The vote, judged on {grid.judged_on}, chose {labels[grid.winner]}."
    tie = tie_words(grid, labels)
    return f"{text} {tie}" if tie else text


def tie_words(grid: ModelGrid, labels: dict[str, str]) -> str:
    """Say how a tie of the vote was resolved; empty where there was none."""
    most = grid.votes.max()
    level = [str(name) for name in grid.votes.index if grid.votes[name] == most]
    if len(level) < 2:
        return ""
    others = [labels.get(name, name) for name in level if name != grid.winner]
    tied = f"It was level with {listed(others)} ({plural(int(most), 'place')} among the best three)"
    if grid.mean_auc is None:
        rule = "of equals the one of the higher mean AUC was taken, then the first in dlr's list"
        return f"{tied}; {rule}."
    own = float(grid.mean_auc[grid.winner])
    equal = [name for name in level if float(grid.mean_auc[name]) >= own and name != grid.winner]
    if equal:
        rule = "the one first in dlr's list of algorithms was taken"
        return f"{tied}, in mean AUC ({own:.3f}) too; {rule}."
    return f"{tied}; its higher mean AUC over the feature sets ({own:.3f}) decided."


def algorithm_labels(keys: list[str]) -> dict[str, str]:
    """Return what algorithms are called."""
    from dlr.models.classifiers import CLASSIFIERS

    return {key: CLASSIFIERS[key].label if key in CLASSIFIERS else key for key in keys}
