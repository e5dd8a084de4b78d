"""Fold models as ONNX files, checked against torch."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dlr.cnn.bundle import CnnBundle
from dlr.cnn.networks import CnnNetwork
from dlr.cnn.tasks import output_names
from dlr.errors import DlrError, MissingDependencyError

TOLERANCE = 1e-4


class _WithNormalisation(nn.Module):
    """Grey pictures in [0, 1] to logits, so that no one has to repeat the normalisation."""

    def __init__(self, network: CnnNetwork) -> None:
        super().__init__()
        self.network = network.module
        # Not buffers: they become constants of the file.
        self.mean = torch.tensor(network.mean).reshape(1, -1, 1, 1)
        self.deviation = torch.tensor(network.standard_deviation).reshape(1, -1, 1, 1)

    def forward(self, grey: Tensor) -> Tensor:
        """Return the logits."""
        return self.network((grey - self.mean) / self.deviation)


def export_onnx(bundle: CnnBundle | str | Path, folder: str | Path) -> list[Path]:
    """Write every fold model as ``fold<k>.onnx`` and check it against torch.

    Input ``picture``: float32 (n, 1, size, size), grey in [0, 1] as prepared by dlr; output
    ``logit``: (n, outputs). The bagged score is the mean of the fold models' sigmoids.

    Returns
    -------
    list of Path

    Raises
    ------
    MissingDependencyError
        If onnx or onnxruntime is not installed.
    DlrError
        If an exported model differs from torch by more than 1e-4.
    """
    frozen = bundle if isinstance(bundle, CnnBundle) else CnnBundle.load(bundle)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for item in frozen.folds:
        network = item.network(len(output_names(frozen.config)))
        path = folder / f"fold{item.fold}.onnx"
        gap = export_network(network, item.config.pictures.size, path)
        if not gap <= TOLERANCE:
            raise DlrError(
                f"the ONNX file {path} differs from torch by {gap:.1e} (allowed {TOLERANCE:g}); do "
                "not use it, and report the network"
            )
        paths.append(path)
    return paths


def export_network(network: CnnNetwork, size: int, path: Path) -> float:
    """Write one network; return the largest difference to torch on three random pictures."""
    try:
        import onnx  # noqa: F401
        import onnxruntime
    except ImportError:
        raise MissingDependencyError.of("the export", "onnx with onnxruntime", "onnx") from None
    network.set_mode(training=False)
    model = _WithNormalisation(network).eval()
    generator = torch.Generator().manual_seed(0)
    grey = torch.rand(3, 1, size, size, generator=generator)
    with warnings.catch_warnings():
        # The older exporter needs no further package; torch announces its end since 2.9.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (grey[:2],),
            str(path),
            dynamo=False,
            input_names=["picture"],
            output_names=["logit"],
            dynamic_axes={"picture": {0: "n"}, "logit": {0: "n"}},
        )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {"picture": grey.numpy()})[0]
    with torch.inference_mode():
        expected = model(grey).numpy()
    return float(np.abs(found - expected).max())
