"""The part of the methods text about selection, models and protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlr.report._words import listed

if TYPE_CHECKING:
    from dlr.config import StudyConfig


def selection_text(config: StudyConfig) -> str:
    """Say in which order features were selected, and on which cases."""
    settings = config.selection
    steps = ["constant features were removed", "features were Z-scored"]
    if config.harmonisation is not None:
        steps.insert(0, _harmonisation(config))
    if settings.fcm is not None:
        steps.append(
            f"the union of the best {settings.fcm.fisher} features by Fisher coefficient, "
            f"{settings.fcm.poe_acc} by classification error and average correlation, and "
            f"{settings.fcm.mutual_information} by mutual information was kept"
        )
    if settings.mann_whitney_p is not None:
        steps.append(f"Mann-Whitney U tests kept those with P < {settings.mann_whitney_p:g}")
    if settings.spearman is not None:
        order = "" if settings.redundancy == "degree" else " in column order, as published"
        steps.append(
            f"of features correlated above |\N{GREEK SMALL LETTER RHO}| = {settings.spearman:g} "
            f"(Spearman) the most redundant were deleted one by one{order}"
        )
    if settings.lasso is not None:
        rule = {"min": "of least error", "1se": "one standard error above the least error"}
        steps.append(
            f"a LASSO ({settings.lasso.family}, {settings.lasso.folds}-fold cross-validation, "
            f"penalty {rule[settings.lasso.rule]}) chose the rest"
        )
    if config.protocol == "published":
        scope = (
            "All steps were learnt once, on all training cases, before any cross-validation, as "
            "published; the redundancy filter depends on the order of the columns and the LASSO "
            "is a linear one on 0/1 outcomes with unshuffled folds."
        )
    else:
        scope = (
            "All steps were learnt on training cases only and repeated inside every fold of the "
            "cross-validation."
        )
    return f"In this order: {'; '.join(steps)}. {scope}"


def _harmonisation(config: StudyConfig) -> str:
    settings = config.harmonisation
    if settings is None:
        return ""
    reference = f" with reference centre {settings.reference}" if settings.reference else ""
    unseen = {
        "reference": "a centre that did not train is brought to the training centres by its own "
        "features",
        "skip": "a centre that did not train is left as it is",
        "fail": "a centre that did not train is refused",
    }
    return f"centres were harmonised by ComBat{reference} ({unseen[settings.unseen]})"


def models_text(config: StudyConfig) -> str:
    """Say which classifiers there were, how they were judged, and what the nomogram is."""
    text = _published(config) if config.protocol == "published" else _sound(config)
    clinical = config.clinical_model
    if not config.clinical_variables:
        return text
    if clinical.variables is not None:
        chosen = f"The clinical variables were fixed beforehand ({listed(clinical.variables)})."
    elif clinical.method != "published":
        chosen = "All clinical variables named beforehand entered the clinical model."
    else:
        test = "likelihood-ratio tests"
        if config.unit != "subject":
            test += ", or Wald tests allowing for it where a subject has several cases"
        chosen = (
            "Clinical variables significant in univariate and then in multivariable logistic "
            f"regression ({test}, P < {clinical.p_value:g}) were kept, at most "
            f"{clinical.maximum}, by their single-variable AUC."
        )
    score = "in-sample" if config.protocol == "published" else "out-of-fold"
    fitted = (
        "coefficients were shrunk by a ridge penalty chosen by cross-validation."
        if clinical.method == "penalised"
        else "separation was met with Firth's penalised likelihood."
    )
    return (
        f"{text} {chosen} The nomogram is a logistic regression on them and the {score} "
        f"{config.model.nomogram_score} score; {fitted}"
    )


def _classifiers(config: StudyConfig) -> str:
    from dlr.models.classifiers import CLASSIFIERS

    labels = [CLASSIFIERS[key].label for key in config.model.candidates]
    if len(labels) == 1:
        return f"Each feature set was classified by one algorithm, {labels[0]}."
    return f"Each feature set was classified by {len(labels)} algorithms ({listed(labels)})."


def _sound(config: StudyConfig) -> str:
    model = config.model
    vote = (
        " The algorithm most often among the best three by inner AUC was used for all feature "
        "sets, chosen anew in every outer fold."
        if len(model.candidates) > 1
        else ""
    )
    tuned = " Settings were chosen by inner cross-validation." if model.tune else ""
    balance = (
        "" if model.resampling == "none" else f" Classes were balanced inside the folds "
        f"({model.resampling})."
    )  # fmt: skip
    return (
        f"{_classifiers(config)}{tuned}{vote}{balance} Decision values were put on the log-odds "
        f"scale by Platt's method on scores of an inner {model.inner_folds}-fold "
        f"cross-validation. Out-of-fold figures come from {model.folds}-fold cross-validation, "
        "stratified by outcome and grouped by subject, in which the whole chain was learnt again."
    )


def _published(config: StudyConfig) -> str:
    return (
        f"{_classifiers(config)} The algorithm most often among the best three was chosen on the "
        "cohort that also judges it (the training cohort where there is no other), as published. "
        "Decision values were put on the log-odds scale by Platt's method on the training cases "
        "themselves, and five-fold cross-validation was applied after feature selection. These "
        "choices flatter the results."
    )
