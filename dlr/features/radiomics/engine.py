"""The thin interface behind which a radiomics engine works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, get_args

from dlr.errors import DlrError
from dlr.features.radiomics.settings import Dimension, ParameterFile

if TYPE_CHECKING:
    import pandas as pd
    import SimpleITK as sitk

ENGINES = ("native", "pyradiomics")


@dataclass(frozen=True)
class RadiomicsResult:
    """The features of one region of interest.

    Attributes
    ----------
    values : dict of str to float
        Exactly the engine's feature names; NaN for one that cannot be computed.
    problems : dict of str to str
        For every NaN, the reason in one sentence.
    diagnostics : mapping of str to object
        What PyRadiomics reports about image, mask and settings; empty unless the parameter file
        sets ``additionalInfo: true`` (PyRadiomics' default; dlr's presets switch it off).
    """

    values: dict[str, float]
    problems: dict[str, str]
    diagnostics: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature: index ``feature``, columns ``value`` and ``problem``."""
        import pandas as pd

        problems = [self.problems.get(name, "") for name in self.values]
        index = pd.Index(list(self.values), name="feature")
        return pd.DataFrame({"value": list(self.values.values()), "problem": problems}, index)


class RadiomicsEngine(Protocol):
    """What every radiomics engine offers."""

    @property
    def name(self) -> str:
        """The engine's name in a study file."""

    @property
    def version(self) -> str:
        """The version of the code that makes the numbers; part of every cache key."""

    @property
    def parameters(self) -> ParameterFile:
        """The settings, resolved for the dimension."""

    def feature_names(self) -> list[str]:
        """Return the fixed column set, which depends on the settings only."""

    def execute(self, image: sitk.Image, mask: sitk.Image) -> RadiomicsResult:
        """Compute all features of the voxels of `image` where `mask` equals the label (1).

        Raises
        ------
        CaseError
            If the region of interest as a whole cannot be used.
        """


def make_engine(
    name: str, parameters: ParameterFile, dimension: Dimension = "3d", device: str = "cpu"
) -> RadiomicsEngine:
    """Build a radiomics engine.

    Parameters
    ----------
    name : str
        ``"native"`` or ``"pyradiomics"``.
    parameters : ParameterFile
        From :func:`load_settings`.
    dimension : {"3d", "2.5d", "2d"}
        Whole volume; slice by slice along array axis 0; or one slice, with ``shape2D`` in place
        of ``shape``.
    device : str
        ``"cuda"`` measures the native engine's textures on a GPU, best many ROIs at once
        (:class:`~dlr.features.radiomics.native.batched.BatchedEngine`).

    Raises
    ------
    InputError
        If the parameters contradict the dimension, or ask for what the engine does not offer.
    MissingDependencyError
        If the engine's package is not installed.
    """
    if dimension not in get_args(Dimension):
        choices = ", ".join(get_args(Dimension))
        raise DlrError(f"dimension must be one of {choices}, but got {dimension!r}")
    resolved = parameters.for_dimension(dimension)
    if name == "pyradiomics":
        from dlr.features.radiomics.pyradiomics_engine import PyRadiomicsEngine

        return PyRadiomicsEngine(resolved)
    if name == "native":
        from dlr.features.radiomics.native import NativeEngine, is_compiled, warm_up

        if not is_compiled():
            warm_up()
        if device != "cpu":
            from dlr.features.radiomics.native.batched import BatchedEngine  # imports torch

            return BatchedEngine(resolved, device)
        return NativeEngine(resolved)
    raise DlrError(f"engine must be one of {', '.join(ENGINES)}, but got {name!r}")
