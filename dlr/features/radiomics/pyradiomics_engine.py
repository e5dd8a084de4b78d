"""PyRadiomics as an engine of dlr: its numbers unchanged, its global state left as it was."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError, Fault, InputError, MissingDependencyError
from dlr.features.radiomics.engine import RadiomicsResult
from dlr.features.radiomics.names import feature_names
from dlr.features.radiomics.settings import ParameterFile


class PyRadiomicsEngine:
    """PyRadiomics (package ``pyradiomics-bhklab``) behind dlr's interface.

    Parameters
    ----------
    parameters : ParameterFile
        Settings resolved for a dimension (:meth:`ParameterFile.for_dimension`).

    Raises
    ------
    MissingDependencyError
        If PyRadiomics, or a package that one of its filters needs, is not installed.
    """

    name = "pyradiomics"

    def __init__(self, parameters: ParameterFile) -> None:
        _import_radiomics()
        _check_filters(parameters)
        if parameters.settings.ibsi:
            problem = "the option 'ibsi' is dlr's own; remove it, or use the engine native"
            raise InputError([Fault(problem, column="setting.ibsi", code="unsupported")])
        self.parameters = parameters
        self._names = feature_names(parameters)

    @property
    def version(self) -> str:
        """Version of the installed PyRadiomics."""
        return str(_import_radiomics().__version__)

    def feature_names(self) -> list[str]:
        """Return the fixed column set, which depends on the settings only."""
        return list(self._names)

    def execute(self, image: sitk.Image, mask: sitk.Image) -> RadiomicsResult:
        """Compute all features of the voxels of `image` where `mask` equals the label (1).

        Raises
        ------
        CaseError
            If PyRadiomics refuses the region of interest; its own reason is in the message.
        """
        records = _Records()
        with _isolated(records, self.parameters.settings.geometryTolerance):
            extractor = self._extractor()
            try:
                computed = extractor.execute(image, mask)
            except (
                ValueError,
                RuntimeError,
                ArithmeticError,
                LookupError,
                AssertionError,
            ) as error:
                reason = " ".join(str(error).split())
                raise CaseError(f"PyRadiomics cannot use this region: {reason}") from error
        values = {name: _number(computed.get(name)) for name in self._names}
        problems = {
            name: records.reason(name, name in computed)
            for name, value in values.items()
            if not math.isfinite(value)
        }
        values |= dict.fromkeys(problems, math.nan)
        diagnostics = {k: v for k, v in computed.items() if k.startswith("diagnostics_")}
        return RadiomicsResult(values, problems, diagnostics)

    def _extractor(self) -> Any:
        """Build an extractor; attributes are set directly, which avoids its schema validator."""
        from radiomics.featureextractor import RadiomicsFeatureExtractor

        extractor = RadiomicsFeatureExtractor()
        settings = self.parameters.settings.model_copy(update={"geometryTolerance": None})
        extractor.settings = _upstream_options(settings.model_dump(exclude={"ibsi"}))
        extractor.enabledImagetypes = {
            kind.name: _upstream_options(dict(kind.options)) for kind in self.parameters.image_types
        }
        extractor.enabledFeatures = {
            chosen.name: list(chosen.features) for chosen in self.parameters.feature_classes
        }
        return extractor


class _Records(logging.Handler):
    """Collects what PyRadiomics logs, to say why a feature is missing."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the last line of a message: of a traceback, that is the error itself."""
        lines = record.getMessage().strip().splitlines() or [""]
        self.messages.append((record.name, lines[-1]))

    def reason(self, feature: str, present: bool) -> str:
        """Return the likeliest reason why `feature` is not a number."""
        image, feature_class, _ = feature.split("_")
        if present:
            failures = [text for name, text in self.messages if name.endswith(feature_class)]
            return (
                f"PyRadiomics gives NaN ({failures[-1]})" if failures else "PyRadiomics gives NaN"
            )
        for name, text in reversed(self.messages):
            if name.endswith(("imageoperations", "featureextractor")):
                return f"PyRadiomics does not compute this image or class ({text})"
        return f"PyRadiomics does not compute the image {image}"


def _import_radiomics() -> Any:
    try:
        import radiomics
    except ImportError as error:
        missing = MissingDependencyError.of("the engine pyradiomics", "PyRadiomics", "pyradiomics")
        raise MissingDependencyError(f"{missing}; or use the engine native") from error
    return radiomics


def _check_filters(parameters: ParameterFile) -> None:
    """Refuse filters that PyRadiomics would leave out silently."""
    asked = {kind.name for kind in parameters.image_types}
    if "LBP2D" in asked:
        _require("skimage.feature", "local_binary_pattern", "LBP2D", "scikit-image")
    if "LBP3D" in asked:
        _require("trimesh.creation", "icosphere", "LBP3D", "trimesh")
        _require("scipy.special", "sph_harm", "LBP3D", "scipy<1.15")


def _require(module: str, member: str, image_type: str, package: str) -> None:
    from importlib import import_module

    try:
        getattr(import_module(module), member)
    except (ImportError, AttributeError) as error:
        raise MissingDependencyError(
            f"the image type {image_type} of the engine pyradiomics needs {package}; "
            f'install it with pip install "{package}", or use the engine native'
        ) from error


def _upstream_options(options: dict[str, Any]) -> dict[str, Any]:
    """Translate options into what PyRadiomics expects.

    The bin width becomes a float: with an integer, PyRadiomics computes the bin edges in the
    image's own type, which overflows for 8-bit images since NumPy 2.
    """
    converted: dict[str, Any] = {
        k: list(v) if isinstance(v, tuple) else v for k, v in options.items()
    }
    if "binWidth" in converted:
        converted["binWidth"] = float(converted["binWidth"])
    if converted.get("resegmentRange") is not None:
        converted["resegmentRange"] = [float(value) for value in converted["resegmentRange"]]
    return converted


@contextmanager
def _isolated(handler: logging.Handler, tolerance: float | None) -> Iterator[None]:
    """Keep PyRadiomics' log, numerical warnings and SimpleITK's global tolerance to ourselves."""
    logger = logging.getLogger("radiomics")
    state = (logger.handlers, logger.propagate)
    tolerances = (
        sitk.ProcessObject.GetGlobalDefaultCoordinateTolerance(),
        sitk.ProcessObject.GetGlobalDefaultDirectionTolerance(),
    )
    with ExitStack() as stack:
        stack.callback(sitk.ProcessObject.SetGlobalDefaultCoordinateTolerance, tolerances[0])
        stack.callback(sitk.ProcessObject.SetGlobalDefaultDirectionTolerance, tolerances[1])
        if tolerance is not None:
            sitk.ProcessObject.SetGlobalDefaultCoordinateTolerance(tolerance)
            sitk.ProcessObject.SetGlobalDefaultDirectionTolerance(tolerance)
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        logger.handlers, logger.propagate = [handler], False
        try:
            yield
        finally:
            logger.handlers, logger.propagate = state


def _number(value: Any) -> float:
    """Return a feature as a float; NaN where PyRadiomics gave none."""
    if value is None:
        return math.nan
    number = complex(np.asarray(value).item())
    return number.real if number.imag == 0 else math.nan
