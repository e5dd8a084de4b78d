"""The model card: one page of Markdown on what a bundle is, how good it is, and what it is not.

After Mitchell M et al., Model cards for model reporting, FAT* (2019). It is a pure function of the
bundle and, where there is one, the result of training or validating it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlr.external import evaluations_of
from dlr.features.table import is_deep
from dlr.models.bundle import Bundle
from dlr.models.clinical import DLR_SCORE
from dlr.models.feature_sets import CLINIC, NOMOGRAM
from dlr.models.identity import model_identity
from dlr.models.signature import FusedSignature
from dlr.report._words import ESTIMATES, listed, outcome_name, plural, set_meaning
from dlr.safe_files import write_atomically

if TYPE_CHECKING:
    from dlr.config import StudyConfig
    from dlr.results import CohortEvaluation, StudyResult, ValidationResult

FILE = "MODEL_CARD.md"
MOST_FEATURES = 60
"""More image features than this are only counted."""
USE = (
    "Research use only. This is not a medical device: it must not decide, or help to decide, about "
    "anyone's care."
)


def model_card(bundle: Bundle, result: StudyResult | ValidationResult | None = None) -> str:
    """Describe a bundle in Markdown.

    Parameters
    ----------
    bundle : Bundle
    result : StudyResult or ValidationResult, optional
        Adds performance with intervals, and versions and hashes of the inputs.

    Returns
    -------
    str
        Markdown with the warnings of training first, then a heading for each of: what it does,
        training data, performance, inputs, thresholds, limits, versions and hashes.
    """
    config = bundle.config
    level = config.evaluation.confidence_level
    parts = [
        f"# Model card: {config.name}",
        f"**{USE}**",
        *_simulated(config),
        *(f"**Warning: {warning}**" for warning in bundle.warnings),
        "## What it does",
        *_purpose(bundle),
        "## Training data",
        *_training(bundle),
        "## Performance",
        *(_performance(evaluations_of(result), level) if result else _summarised(bundle)),
        "## Inputs",
        *_inputs(bundle),
        "## Thresholds",
        *_thresholds(bundle),
        "## Limits",
        *_limits(bundle),
        "## Versions and hashes",
        *_versions(bundle, {} if result is None else result.provenance),
    ]
    return "\n\n".join(parts) + "\n"


def write_model_card(
    bundle: Bundle, folder: Path, result: StudyResult | ValidationResult | None = None
) -> Path:
    """Write the card as ``MODEL_CARD.md`` into a folder; return its path."""
    path = folder / FILE
    write_atomically(path, model_card(bundle, result).encode())
    return path


def _simulated(config: StudyConfig) -> list[str]:
    if not config.simulated:
        return []
    return ["**Trained on SIMULATED data: its numbers say nothing about patients.**"]


def _purpose(bundle: Bundle) -> list[str]:
    config = bundle.config
    case = "patient" if config.unit == "subject" else "region of interest"
    sets = [f"- `{name}`: {_meaning(bundle, name)}" for name in bundle.feature_sets]
    about = [config.description] if config.description else []
    return [
        f"Predicts, for one {case}, the probability of {outcome_name(config)} from images with a "
        "drawn region of interest and from clinical variables, by several scores side by side:",
        "\n".join(sets),
        *about,
        f"For whom: research on {_plural(case)} like those it was trained on (below), with images "
        "and regions of interest made the same way.",
    ]


def _plural(case: str) -> str:
    return case.replace("region", "regions") if case.startswith("region") else f"{case}s"


def _meaning(bundle: Bundle, name: str) -> str:
    if name in (CLINIC, NOMOGRAM):
        model = bundle.clinic if name == CLINIC else bundle.nomogram
        variables = list(model.variables) if model is not None else []
        if model is not None and model.with_score:
            variables.append(f"the {DLR_SCORE} ({bundle.config.model.nomogram_score})")
        return f"logistic regression of {listed(variables)}"
    signature = bundle.signatures[name]
    if isinstance(signature, FusedSignature):
        return f"fusion of {listed([member.feature_set for member in signature.members])}"
    chain = signature.chain
    return f"{set_meaning(name)}; {plural(len(chain.selected), 'feature')}, {chain.algorithm}"


def _training(bundle: Bundle) -> list[str]:
    summary = bundle.summary
    lines = [
        f"- Study: {summary.get('name', bundle.config.name)}, protocol {bundle.config.protocol}, "
        f"trained {summary.get('trained', 'at an unknown date')}",
        f"- {plural(int(summary['n_training']), 'case')} of "
        f"{plural(int(summary['n_subjects']), 'subject')}, {summary['n_positive']} with the event "
        f"({float(summary['prevalence']):.0%})"
        if "n_training" in summary
        else "- Number of cases: not recorded",
    ]
    return ["\n".join(lines)]


def _performance(evaluations: Sequence[CohortEvaluation], level: float) -> list[str]:
    if not evaluations:
        return ["Not judged: outcomes were not known."]
    rows = [
        (f"{item.cohort} ({item.estimate})", *_performance_cells(row))
        for item in evaluations
        for row in item.to_frame(level).to_dict("records")
    ]
    heads = (
        "Cohort", "Score", "n (events)", f"AUC ({level:.0%} CI)", "Sensitivity", "Specificity",
        "Calibration slope", "In the large",
    )  # fmt: skip
    kinds = dict.fromkeys(item.estimate for item in evaluations)
    notes = "\n".join(f"- {kind}: {ESTIMATES[kind]}" for kind in kinds)
    ideal = (
        f"In brackets: {level:.0%} confidence intervals. Sensitivity and specificity at the locked "
        "threshold (out of fold: at the other folds'). Ideal: slope 1, in the large 0."
    )
    return [_table(heads, rows), ideal, notes]


def _performance_cells(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    return (
        str(row["feature_set"]),
        f"{row['n']} ({row['n_positive']})",
        _limited(row, "auc", 3),
        *(
            _limited(row, name)
            for name in (
                "sensitivity",
                "specificity",
                "calibration_slope",
                "calibration_in_the_large",
            )
        ),
    )


def _limited(row: Mapping[Hashable, Any], name: str, digits: int = 2) -> str:
    """Return a value with its confidence limits."""
    value = row.get(name)
    if value is None or value != value:
        return _plain(value)
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    limits = f"{low:.{digits}f} to {high:.{digits}f}" if low == low else "no interval"
    return f"{value:.{digits}f} ({limits})"


def _summarised(bundle: Bundle) -> list[str]:
    """Quote the AUCs the bundle itself remembers."""
    rows = [
        (f"{item['cohort']} ({item['estimate']})", name, f"{value:.3f}")
        for item in bundle.summary.get("performance", [])
        for name, value in item["auc"].items()
    ]
    if not rows:
        return ["Not recorded."]
    return [_table(("Cohort", "Score", "AUC"), rows), "Intervals are in the report of the run."]


def _plain(value: Any) -> str:
    return "" if value is None or value != value else f"{value:.2f}"


def _inputs(bundle: Bundle) -> list[str]:
    config = bundle.config
    views = [
        f"- view `{name}`: plane {view.plane}, {view.dimension} radiomics"
        f"{'' if view.radiomics else ' off'}, deep features {'on' if view.embedding else 'off'}"
        for name, view in config.views.items()
    ]
    extraction = (
        f"- intensities: {config.intensity.method}; radiomics by the bundle's `radiomics.yaml`"
        if config.radiomics is not None
        else f"- intensities: {config.intensity.method}; no radiomics"
    )
    if config.embedding is not None:
        extraction += f"; deep features by {config.embedding.backbone} (`backbone.safetensors`)"
    clinical = list(_clinical_rows(bundle))
    parts = ["\n".join([*views, extraction])]
    if clinical:
        parts.append(_table(("Clinical variable", "Kind", "Training range or levels"), clinical))
    return [*parts, *_image_features(bundle)]


def _clinical_rows(bundle: Bundle) -> Iterator[tuple[str, str, str]]:
    for name in bundle.clinical_variables:
        variable = bundle.config.clinical_variables.get(name)
        label = name if variable is None else variable.shown(name)
        shown = name if label == name else f"{name}: {label}"
        if name in bundle.levels:
            yield shown, "categorical", ", ".join(bundle.levels[name])
        else:
            yield shown, "continuous, units as in the label", _limits_of(bundle, name)


def _limits_of(bundle: Bundle, name: str) -> str:
    if name not in bundle.ranges.index:
        return "not recorded"
    low, high = (float(bundle.ranges[column][name]) for column in ("low", "high"))
    return f"{low:.4g} to {high:.4g}"


def _image_features(bundle: Bundle) -> list[str]:
    """Say which image features enter which score, with the training range of each."""
    used: dict[str, list[str]] = {}
    for name, signature in bundle.signatures.items():
        if not isinstance(signature, FusedSignature):
            for feature in signature.chain.measured:
                if not is_deep(feature):
                    used.setdefault(feature, []).append(name)
    if not used:
        return []
    if len(used) > MOST_FEATURES:
        return [f"{len(used)} image features enter the scores; `bundle.json` lists all of them."]
    rows = [(f"`{f}`", ", ".join(sets), _limits_of(bundle, f)) for f, sets in used.items()]
    return [
        _table(("Image feature", "Enters", "Training range"), rows),
        "Units are those of the radiomics definitions; intensities are normalised first. Principal "
        "components of deep features are not listed.",
    ]


def _thresholds(bundle: Bundle) -> list[str]:
    rows = [(name, f"{value:.4f}") for name, value in bundle.thresholds.items()]
    return [
        _table(("Score", "Positive from this probability"), rows),
        "Locked on the training cohort's scores (Youden); never moved by a validation.",
    ]


def _limits(bundle: Bundle) -> list[str]:
    config = bundle.config
    lines = [
        "Cases with inputs outside the training range are extrapolations; every run lists them "
        "in `flags.csv`.",
        "Other scanners, protocols, ways of drawing the region of interest or kinds of patients "
        "may change discrimination and calibration; validate locally first.",
        "Predicted risks follow the share of events in training "
        f"({float(bundle.summary.get('prevalence', float('nan'))):.0%}); where events are rarer "
        "or more frequent, recalibrate (`recalibration.json` of a validation).",
    ]
    if config.protocol == "published":
        lines.append(
            "Trained by the published recipe, whose own estimates flatter; only a cohort it never "
            "saw tells how good it is."
        )
    if config.harmonisation is not None:
        lines.append(
            "Features are harmonised between centres; a centre that did not train: "
            f"{config.harmonisation.unseen}."
        )
    return ["\n".join(f"- {line}" for line in (USE, *lines))]


def _versions(bundle: Bundle, record: Mapping[str, str]) -> list[str]:
    rows = [("model (SHA-256)", model_identity(bundle))]
    rows.append(("dlr that trained it", str(bundle.summary.get("dlr", "not recorded"))))
    rows.append(("seed", str(bundle.config.seed)))
    if bundle.config.embedding is not None and bundle.config.embedding.sha256:
        rows.append(("backbone weights (SHA-256)", str(bundle.config.embedding.sha256)))
    # The date of writing is left out: the same model has the same card.
    rows += [(key, value) for key, value in record.items() if key not in ("date", "seed")]
    return [_table(("What", "Value"), rows), "`checksums.json` has the SHA-256 of every file."]


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines
    )
