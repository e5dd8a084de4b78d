"""A methods text generated from the settings that were used, ready to paste and edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlr.report._blocks import Text
from dlr.report._chosen import externals
from dlr.report._cohorts import split_file
from dlr.report._methods_models import models_text, selection_text
from dlr.report._methods_outcome import outcome_text
from dlr.report._words import listed, outcome_name, unit

if TYPE_CHECKING:
    from dlr.config import StudyConfig
    from dlr.results import StudyResult
    from dlr.settings import IntensitySettings, ViewSettings

REFERENCES = {
    "delong": "DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845.",
    "youden": "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32-35.",
    "wilson": "Wilson EB. J Am Stat Assoc 1927;22:209-212.",
    "hosmer": "Hosmer DW, Lemeshow S. Commun Stat Theory Methods 1980;9:1043-1069.",
    "ici": "Austin PC, Steyerberg EW. Stat Med 2019;38:4051-4065.",
    "dca": "Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574.",
    "lasso": "Tibshirani R. J R Stat Soc B 1996;58:267-288; Friedman J, Hastie T, Tibshirani R. "
    "J Stat Softw 2010;33(1):1-22.",
    "radiomics": "van Griethuysen JJM et al. Cancer Res 2017;77:e104-e107.",
    "icc": "Shrout PE, Fleiss JL. Psychol Bull 1979;86:420-428.",
    "combat": "Johnson WE, Li C, Rabinovic A. Biostatistics 2007;8:118-127; Fortin JP et al. "
    "NeuroImage 2018;167:104-120.",
    "rubin": "Rubin DB. Multiple imputation for nonresponse in surveys. Wiley, 1987.",
    "stability": "Nogueira S, Sechidis K, Brown G. J Mach Learn Res 2018;18(174):1-54.",
    "platt": "Platt J. In: Advances in Large Margin Classifiers. MIT Press, 1999:61-74.",
    "firth": "Firth D. Biometrika 1993;80:27-38.",
    "tripod": "Collins GS et al. TRIPOD+AI statement. BMJ 2024;385:e078378.",
}


def methods_paragraphs(
    config: StudyConfig, provenance: Mapping[str, str], result: StudyResult | None = None
) -> list[Text]:
    """Return the methods as paragraphs of plain text, each with its heading.

    With `result`, what the data decided (numbers of features, fallbacks, ties) is told, too.
    """
    alone = result is not None and not externals(result)
    paragraphs = {
        "Population and outcome": _population(config, alone=alone),
        "Images and regions of interest": _imaging(config),
        "Features": _features(config, provenance),
        "Missing values": _missing(config),
        "Selection": selection_text(config),
        "Models": models_text(config),
        "What the data decided": "" if result is None else outcome_text(result),
        "Statistics": _evaluation(config, alone=alone),
        "Software": _software(provenance, config),
    }
    return [Text(text, head=head) for head, text in paragraphs.items() if text]


def references(config: StudyConfig) -> list[str]:
    """Return the references the methods text relies on."""
    skipped = set()
    if config.radiomics is None:
        skipped.add("radiomics")
    if config.agreement is None:
        skipped.add("icc")
    if config.selection.lasso is None:
        skipped.add("lasso")
    if config.harmonisation is None:
        skipped.add("combat")
    if not config.clinical_model.multiple_imputation:
        skipped.add("rubin")
    if config.audit is None or not config.audit.bootstrap:
        skipped.add("stability")
    return [text for key, text in REFERENCES.items() if key not in skipped]


def _population(config: StudyConfig, *, alone: bool) -> str:
    """Say who was studied; `alone`: there is no cohort but the one that trained."""
    outcome, cohorts = config.outcome, config.cohorts
    text = (
        f"The outcome was {outcome_name(config)} (column "
        f"'{outcome.column}', positive class '{outcome.positive}'). The unit of analysis was the "
        f"{unit(config)}; splits and cross-validation were grouped by subject. "
    )
    split = cohorts.split
    if split is None:
        other = "there was no other cohort" if alone else "nothing was fitted on any other cohort"
        return f"{text}The cohort named '{cohorts.training}' trained the models; {other}."
    ways = {
        "random": f"at random, stratified by outcome ({split.fraction:.0%} of subjects trained)",
        "date": f"by date (subjects seen before {split.before} trained)",
        "center": f"by centre (training: {listed(split.training_centers)})",
    }
    text += f"Subjects were split once, {ways[split.method]}, with seed {config.seed}."
    if split.method != "random":
        return text
    return (
        f"{text} Those who did not train are a hold-out cohort of the same hospital or hospitals "
        f"(internal validation). {split_file(config)}"
    )


def _imaging(config: StudyConfig) -> str:
    views = "; ".join(_view(name, view, config) for name, view in config.views.items())
    masks = config.masks
    resampled = (
        "masks were resampled to their image (nearest neighbour)"
        if masks.resample
        else "masks whose geometry differed from their image were refused"
    )
    return (
        f"{views}. Regions of fewer than {masks.minimum_voxels} "
        f"voxels were refused, and {resampled}. Cases that failed were excluded, counted and "
        "listed."
    )


def _view(name: str, view: ViewSettings, config: StudyConfig) -> str:
    plane = "in the plane of acquisition" if view.plane == "native" else f"reformatted {view.plane}"
    spacing = f" at {view.spacing_mm:g} mm" if view.spacing_mm is not None else ""
    dimension = {
        "3d": "3-D features",
        "2.5d": "2-D features slice by slice",
        "2d": "2-D features on the slice with the largest region",
    }[view.dimension]
    intensity = _intensity(view.intensity or config.intensity)
    return f"View '{name}': {plane}{spacing}, {dimension}, {intensity}"


def _intensity(settings: IntensitySettings) -> str:
    low, high = settings.percentiles
    return {
        "none": "intensities as stored",
        "zscore": f"intensities Z-scored over the {settings.region} and multiplied by "
        f"{settings.scale:g}",
        "musigma": f"intensities limited to the mean \N{PLUS-MINUS SIGN} {settings.sigmas:g} SD of "
        f"the {settings.region}",
        "percentile": f"intensities scaled between percentiles {low:g} and {high:g} of the "
        f"{settings.region}",
    }[settings.method]


def _features(config: StudyConfig, provenance: Mapping[str, str]) -> str:
    # Of a bundle's files, the names they had in the study; those of its copies say nothing.
    files = {k: provenance.get(f"bundle {k}", name) for k, name in config.file_names.items()}
    parts = []
    if config.radiomics is not None:
        parts.append(
            f"Handcrafted radiomic features were computed with the {config.radiomics.engine} "
            f"engine (parameters: {files['parameters']})."
        )
    if config.embedding is not None:
        components = config.model.components
        reduced = (
            f", reduced to at most {components} principal components per view fitted on "
            "training cases"
            if components is not None
            else ""
        )
        parts.append(
            "Deep features were taken from the global average pool before the classification layer "
            f"of {config.embedding.backbone} (weights: {files['weights']}), "
            "without fine-tuning, on a crop of the slice with the largest region of interest"
            f"{reduced}."
        )
    agreement = config.agreement
    if agreement is not None:
        bound = "" if agreement.bound == "estimate" else "the lower confidence limit of "
        between = (
            "over perturbed regions of interest"
            if agreement.reader is None
            else f"between the first reader and reader '{agreement.reader}'"
        )
        parts.append(
            f"Agreement: measured features were kept when {bound}ICC({agreement.form}) {between} "
            f"exceeded {agreement.threshold:g}."
        )
    return " ".join(parts)


def _missing(config: StudyConfig) -> str:
    text = (
        "Cases without outcome were left out. Features that could not be computed were replaced "
        "by the median of the training cases"
    )
    if config.model.missing_indicators:
        text += ", with a column that tells where"
    if not config.clinical_variables:
        return f"{text}."
    filled = {
        "fill": "the median or most frequent level of the training cases",
        "indicator": "the median or most frequent level of the training cases, with a column "
        "that tells where they were missing",
        "iterative": "values regressed on the other variables, as learnt on the training cases",
    }[config.clinical_model.missing]
    text += f"; missing clinical values by {filled}."
    count = config.clinical_model.multiple_imputation
    if count:
        text += f" The joint regression table pools {count} imputations by Rubin's rules."
    return text


def _evaluation(config: StudyConfig, *, alone: bool) -> str:
    settings = config.evaluation
    sound = config.protocol == "sound"
    scores = "out-of-fold" if sound else "in-sample"
    folds = " (training folds were judged at the threshold of the other folds)" if sound else ""
    text = (
        "Discrimination was measured by the area under the ROC curve (AUC) with "
        f"DeLong {settings.confidence_level:.0%} confidence intervals and compared with paired "
        "DeLong tests adjusted for multiple testing. The threshold maximised Youden's index on "
        f"the {scores} predictions of the training cohort and was then locked{folds}; shares have "
        "Wilson intervals. Calibration was judged by calibration curve, slope, calibration in the "
        f"large, Brier score, ICI and the Hosmer-Lemeshow test ({settings.calibration_groups} "
        "groups), clinical usefulness by decision curves."
    )
    if alone:
        return text
    return f"{text} The final models were frozen before any case of another cohort was scored."


def _software(provenance: Mapping[str, str], config: StudyConfig) -> str:
    versions = [
        f"{name.removeprefix('version ')} {value}"
        for name, value in provenance.items()
        if name.startswith("version ")
    ]
    return (
        f"{', '.join(versions) or 'dlr'}; random seed {config.seed}. All settings and checksums "
        "are listed below."
    )
