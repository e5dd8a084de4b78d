"""Whether the weights of the deep features are at hand, before work that needs them begins."""

from __future__ import annotations

from dlr.check.finding import Finding, finding
from dlr.config import StudyConfig
from dlr.errors import MissingDependencyError, WeightsError

WITHOUT_DOWNLOAD = (
    "`backbone: efficientnet_lite0` with `weights: packaged` under 'embedding' needs no download"
)


def weights_findings(config: StudyConfig) -> list[Finding]:
    """Look for the weights of every backbone; nothing is downloaded.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    list of Finding
        A warning where a download will be tried, a fault where none would help.
    """
    if not any(view.embedding for view in config.views.values()):
        return []
    # torch and torchvision are loaded for studies that have deep features only.
    from dlr.features.weights import look_for_weights

    found: list[Finding] = []
    for family, settings in config.backbones.items():
        key = "embedding" if family == "dl" else f"embeddings.{family.removeprefix('dl_')}"
        try:
            entry = look_for_weights(settings)
        except (WeightsError, MissingDependencyError) as error:
            message = f"'{key}': {error}; {WITHOUT_DOWNLOAD}"
            found.append(finding("fault", "weights", message))
            continue
        if not entry.available:
            message = (
                f"'{key}': the weights of '{settings.backbone}' are not on this machine; "
                "'dlr extract' will download them, and stop where it cannot: without internet, "
                f"{entry.detail}; {WITHOUT_DOWNLOAD}"
            )
            found.append(finding("warning", "weights", message))
    return found
