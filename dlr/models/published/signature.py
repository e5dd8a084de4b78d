"""One published signature: what it says, what it needs, and how it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from dlr.errors import DlrError
from dlr.features.mazda.names import column_name
from dlr.features.mazda.settings import MazdaSettings
from dlr.features.radiomics.reader import load_settings
from dlr.features.radiomics.settings import Dimension, ParameterFile
from dlr.models.published.differences import differences

Plane = Literal["native", "sagittal", "axial", "coronal"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RadiomicsExtraction(_Frozen):
    """Features of PyRadiomics' definitions.

    Attributes
    ----------
    parameters : str
        Its parameter file; in the JSON relative to the JSON.
    dimension, plane : str
        As in the views of a study.
    """

    family: Literal["rad"]
    parameters: str
    dimension: Dimension = "3d"
    plane: Plane = "native"

    @property
    def settings(self) -> ParameterFile:
        """The parameters, resolved for the dimension."""
        return load_settings(self.parameters).for_dimension(self.dimension)


class MazdaExtraction(_Frozen):
    """Features of MaZda's definitions, in the slice with the largest ROI.

    Attributes
    ----------
    settings : MazdaSettings
    plane : str
        As in the views of a study.
    """

    family: Literal["mazda"]
    settings: MazdaSettings = MazdaSettings()
    plane: Plane = "native"

    @property
    def dimension(self) -> Dimension:
        """One slice."""
        return "2d"


class PublishedSignature(_Frozen):
    """A linear score that a paper prints, with the extraction its features need.

    Attributes
    ----------
    name, title, citation : str
        Key, one line, and where the formula is printed.
    outcome, direction : str
        What the score predicts, and what a higher one means.
    modality, region : str
        Images and ROIs it was made for.
    intercept : float
    coefficients : dict of str to float
        By feature, under the extracting program's own names.
    units : dict of str to str
        Units of features that have one.
    link : {"logit", "none"}
        ``"logit"``: the score is the log odds of the outcome.
    cut : float or None
        Published cut-off; scores above it predict the outcome.
    readers : {"separate", "average"}
        Whether the features of several readers' ROIs are averaged first.
    extraction : RadiomicsExtraction or MazdaExtraction
    notes : tuple of str
        What the paper leaves open, and how it was filled in.
    """

    schema_version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: str
    citation: str
    outcome: str
    direction: str
    modality: str
    region: str
    intercept: FiniteFloat
    coefficients: Annotated[dict[str, FiniteFloat], Field(min_length=1)]
    units: dict[str, str] = Field(default_factory=dict)
    link: Literal["logit", "none"]
    cut: float | None = None
    readers: Literal["separate", "average"] = "separate"
    extraction: Annotated[RadiomicsExtraction | MazdaExtraction, Field(discriminator="family")]
    notes: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order of the formula."""
        return tuple(self.coefficients)

    def columns(self, columns: Iterable[str], view: str | None = None) -> dict[str, str]:
        """Find each feature among the columns of a table.

        A column may bear the feature's own name, that name in plain characters
        (``S_5_-5_DifVarnc``), or either after ``<view>.<family>.`` as in dlr's feature tables.

        Parameters
        ----------
        columns : iterable of str
        view : str, optional
            View to take; needed where the table has the features of several.

        Returns
        -------
        dict of str to str
            Column of each feature, in the order of the formula.

        Raises
        ------
        DlrError
            If features are missing (all are named), or several columns fit one.
        """
        available = [str(column) for column in columns]
        by_feature = {
            feature: [c for c in available if self._fits(c, feature, view)]
            for feature in self.features
        }
        missing = [feature for feature, found in by_feature.items() if not found]
        if missing:
            where = "" if view is None else f" of view '{view}'"
            raise DlrError(
                f"the table lacks {len(missing)} of the {len(self.features)} features{where} that "
                f"the signature '{self.name}' needs: {', '.join(missing)}; extract them with its "
                "settings, or give the images"
            )
        for feature, found in by_feature.items():
            if len(found) > 1:
                raise DlrError(
                    f"several columns fit the feature {feature} of the signature '{self.name}': "
                    f"{', '.join(found)}; name the view to take"
                )
        return {feature: found[0] for feature, found in by_feature.items()}

    def _fits(self, column: str, feature: str, view: str | None) -> bool:
        names = {feature, column_name(feature)}
        if column in names:
            return view is None
        parts = column.split(".", 2)
        if len(parts) < 3 or parts[1] != self.extraction.family:
            return False
        return parts[2] in names and view in (None, parts[0])

    def terms(self, features: pd.DataFrame, view: str | None = None) -> pd.DataFrame:
        """Return each feature's contribution to the score: coefficient times value.

        Parameters
        ----------
        features : pandas.DataFrame
            One row per case; see :meth:`columns`.
        view : str, optional

        Returns
        -------
        pandas.DataFrame
            Index of `features`, one column per feature of the formula.
        """
        found = self.columns(features.columns, view)
        values = features[list(found.values())].astype(float).set_axis(list(found), axis=1)
        return values * pd.Series(self.coefficients)

    def score(self, features: pd.DataFrame, view: str | None = None) -> pd.Series:
        """Apply the formula: intercept plus the sum of coefficient times feature.

        Parameters
        ----------
        features : pandas.DataFrame
            One row per case, in the units of the signature; see :meth:`columns`.
        view : str, optional

        Returns
        -------
        pandas.Series
            ``score``, NaN for a case that lacks a feature: a printed formula does not say what
            to put in its place.
        """
        total = self.terms(features, view).sum(axis=1, skipna=False) + self.intercept
        return total.rename("score")

    def probability(self, score: pd.Series) -> pd.Series:
        """Turn scores into probabilities of the outcome.

        Raises
        ------
        DlrError
            If the score is no log odds.
        """
        if self.link != "logit":
            raise DlrError(f"the score of the signature '{self.name}' is no log odds")
        from scipy.special import expit

        return pd.Series(expit(score.to_numpy(np.float64)), score.index, name="probability")

    def check(
        self,
        settings: ParameterFile | MazdaSettings | Mapping[str, str],
        features: Iterable[str] | None = None,
        view: str | None = None,
    ) -> None:
        """Refuse features that were extracted in another way than the signature needs.

        Parameters
        ----------
        settings : ParameterFile, MazdaSettings or mapping of str to str
            What the features were extracted with; a mapping is the provenance of a feature table.
        features : iterable of str, optional
            Columns, checked for completeness.
        view : str, optional
            View they are taken from.

        Raises
        ------
        DlrError
            In one sentence, naming every setting that differs, or every missing feature.
        """
        found = differences(self.extraction, settings, view)
        if found:
            raise DlrError(
                f"the features do not fit the signature '{self.name}': {'; '.join(found)}; extract "
                "them with the signature's own settings, or give the images"
            )
        if features is not None:
            self.columns(features, view)

    def to_frame(self) -> pd.DataFrame:
        """Return the formula: index ``term``, columns ``coefficient`` and ``unit``."""
        rows = {"intercept": (self.intercept, "")}
        rows |= {name: (b, self.units.get(name, "")) for name, b in self.coefficients.items()}
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=["coefficient", "unit"])
        return frame.rename_axis("term")
