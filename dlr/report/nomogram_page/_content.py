"""What the page of a nomogram shows, put together from a bundle or given by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pandas as pd

from dlr.cohort.splits import TRAINING
from dlr.errors import DlrError
from dlr.models.chart import chart_covariance
from dlr.models.clinical import DLR_SCORE
from dlr.models.feature_sets import NOMOGRAM
from dlr.models.nomogram import Nomogram
from dlr.models.risk_distribution import RiskDistribution, training_risks
from dlr.safety.spreadsheets import read_csv_table

if TYPE_CHECKING:
    from dlr.models.bundle import Bundle

SUMMARY_RISKS = "training_risks"
"""Key of a bundle's summary under which the distribution of the training risks may be kept."""


@dataclass(frozen=True, eq=False)
class WebNomogram:
    """A nomogram with all that its page tells about it.

    Parameters
    ----------
    nomogram : Nomogram
        With its covariance, if the page is to show confidence intervals.
    title : str
        Heading of the page.
    description : str
        One sentence below it: what is predicted, for whom.
    level : float
        Confidence level of the intervals, strictly between 0 and 1.
    threshold : float, optional
        Locked threshold on the probability, in [0, 1]; a patient at or above it is positive.
    risks : RiskDistribution, optional
        Predicted risks of the training cases.
    units : mapping of str to str
        Units of numbers by variable. Without one, that of the study file (``unit``) is taken, or
        a word in brackets at the end of the label (``Age (years)``).
    fills : mapping of str to float or str
        What the model takes for a missing value, by variable; these get a "not known" box.
    indicators : mapping of str to str
        For a variable with a box, the term that tells whether it was missing.
    hints : mapping of str to str
        A sentence of help below a variable.
    interval_note : str
        Why there is no interval, where the nomogram has no covariance.
    facts : tuple of (str, str)
        What the model is: name and text of each line at the end of the page.
    simulated : bool
        Whether the cases were simulated; the page then says so at its top.
    warnings : tuple of str
        Sentences against using the nomogram, such as the training report's; at its top, too.
    """

    nomogram: Nomogram
    title: str = "Nomogram"
    description: str = ""
    level: float = 0.95
    threshold: float | None = None
    risks: RiskDistribution | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    fills: Mapping[str, float | str] = field(default_factory=dict)
    indicators: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    interval_note: str = "the covariance of its coefficients was not kept"
    facts: tuple[tuple[str, str], ...] = ()
    simulated: bool = False
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the page could not show."""
        if not 0 < self.level < 1:
            raise DlrError(f"level must lie strictly between 0 and 1, got {self.level!r}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise DlrError(f"threshold must be a probability, 0 to 1, got {self.threshold!r}")
        known = {term.variable for term in self.nomogram.terms}
        given = (self.units, self.fills, self.indicators, self.hints)
        named = [*(name for item in given for name in item), *self.indicators.values()]
        for name in named:
            if name not in known:
                raise DlrError(
                    f"the nomogram has no variable '{name}'; it has {', '.join(sorted(known))}"
                )

    @classmethod
    def from_bundle(
        cls,
        bundle: Bundle,
        scores: pd.DataFrame | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Self:
        """Take all that a study's bundle knows about its nomogram.

        Parameters
        ----------
        bundle : Bundle
        scores : pandas.DataFrame, optional
            The run's score table, for the distribution of the training cases' risks; without it
            the one in the bundle's summary is taken, where there is one.
        units : mapping of str to str, optional
            Units by variable.

        Raises
        ------
        DlrError
            If the study has no nomogram.
        """
        config, model, chart = bundle.config, bundle.nomogram, bundle.chart
        if model is None or chart is None:
            raise DlrError(
                f"the study '{config.name}' has no nomogram, as it has no clinical variables; name "
                "some under clinical_variables in study.yaml and train again"
            )
        kept = bundle.summary.get(SUMMARY_RISKS)
        risks = RiskDistribution.from_dict(kept) if kept else None
        if scores is not None:
            risks = training_risks(scores, TRAINING, NOMOGRAM)
        encoder = model.encoder
        # Values regressed on other variables are no constants that a page could fill in.
        filled = encoder.variables if encoder.regressions is None else ()
        score = config.model.nomogram_score
        hint = (
            "Made by 'dlr predict' from the patient's images: in scores.csv, column score of the "
            f"row whose feature_set is {score}."
        )
        return cls(
            nomogram=replace(chart, covariance=chart.covariance or chart_covariance(model)),
            title=config.name,
            description=config.description,
            level=config.evaluation.confidence_level,
            threshold=min(bundle.thresholds[NOMOGRAM], 1.0)
            if NOMOGRAM in bundle.thresholds
            else None,
            risks=risks,
            units=units or {},
            fills={variable.name: variable.fill for variable in filled},
            indicators={v.name: v.indicator_column for v in filled if v.indicator},
            hints={DLR_SCORE: hint} if model.with_score else {},
            interval_note="its coefficients were shrunk, and standard errors of shrunk "
            "coefficients are too small",
            facts=_facts(bundle),
            simulated=config.simulated,
            warnings=bundle.warnings,
        )

    @classmethod
    def from_folder(cls, folder: str | Path, units: Mapping[str, str] | None = None) -> Self:
        """Read the folder of a trained run, or the bundle in it.

        Parameters
        ----------
        folder : path
            Of the run, which has ``bundle`` and ``scores.csv``; or of a bundle alone, whose page
            shows the training cases' risks only if the run's ``scores.csv`` lies beside it.
        units : mapping of str to str, optional
            Units by variable.

        Raises
        ------
        InputError
            If the folder holds no bundle.
        DlrError
            If the study has no nomogram.
        """
        from dlr.models.bundle import Bundle

        given = Path(folder)
        place = given / "bundle" if (given / "bundle").is_dir() else given
        table = place.parent / "scores.csv"
        scores = read_csv_table(table) if place.name == "bundle" and table.is_file() else None
        return cls.from_bundle(Bundle.load(place), scores, units)


def _facts(bundle: Bundle) -> tuple[tuple[str, str], ...]:
    """Say what the model was trained on and how well it did."""
    summary = bundle.summary
    facts = []
    if "n_training" in summary and "n_positive" in summary:
        share = summary["n_positive"] / max(summary["n_training"], 1)
        text = f"{summary['n_training']} cases, {summary['n_positive']} events ({share:.0%})"
        facts.append(("Trained on", text))
    for item in summary.get("performance", ()):
        auc = item["auc"].get(NOMOGRAM)
        if auc is not None and item["estimate"] != "apparent":
            facts.append((f"AUC, {item['cohort']} ({item['estimate']})", f"{auc:.3f}"))
    named = (("trained", "Trained"), ("dlr", "Version of dlr"))
    facts += [(text, str(summary[key])) for key, text in named if key in summary]
    return tuple(facts)
