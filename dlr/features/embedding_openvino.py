"""The embedding network in OpenVINO, which computes faster than torch on x86 processors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch

from dlr.errors import MissingDependencyError
from dlr.features.embedding_compute import Pictures, Preparation, single_threaded


@dataclass(frozen=True, eq=False)
class OpenVinoCompute:
    """A network compiled by OpenVINO for single pictures in full precision.

    Each picture is computed by one thread, several of them side by side, so that a result
    depends on nothing but its picture.

    Attributes
    ----------
    prepare : Preparation
    streams : int
        Pictures computed side by side.
    """

    prepare: Preparation
    streams: int
    _compiled: Any = field(repr=False)
    name: str = "openvino"

    @classmethod
    def compile(
        cls, module: torch.nn.Module, prepare: Preparation, streams: int
    ) -> OpenVinoCompute:
        """Compile a network on the processor; takes some seconds.

        Raises
        ------
        MissingDependencyError
            If OpenVINO is not installed.
        """
        size = prepare.size
        with _silent_openvino() as openvino:
            exported = torch.export.export(module, (torch.zeros(1, 3, size, size),))
            converted = openvino.convert_model(exported)
        converted.reshape([1, 3, size, size])
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams,
            "ENABLE_CPU_PINNING": False,  # others compute on this machine, too
        }
        return cls(prepare, streams, openvino.Core().compile_model(converted, "CPU", settings))

    def __call__(self, pictures: Pictures) -> Pictures:
        """Compute the features of each picture."""
        # Requests that are waited for, not callbacks: a callback may still want Python's lock when
        # the network is thrown away, which waits for it while holding that lock.
        requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self.streams):
            requests.put(self._compiled.create_infer_request())

        def compute(picture: Pictures) -> Pictures:
            with torch.inference_mode():
                prepared = self.prepare(torch.from_numpy(picture[None])).contiguous().numpy()
            request = requests.get()
            try:
                found: Pictures = request.infer({0: prepared})[0].reshape(1, -1).copy()
            finally:
                requests.put(request)
            return found

        with single_threaded(), ThreadPoolExecutor(self.streams) as pool:
            return np.concatenate(list(pool.map(compute, pictures)))


@contextmanager
def _silent_openvino() -> Iterator[Any]:
    """Import OpenVINO without its telemetry: dlr tells nobody what it computes.

    Importing and converting report to OpenVINO's makers, unless the package that does so cannot
    be found; OpenVINO then goes without.
    """
    name = "openvino_telemetry"
    before = {key: sys.modules[key] for key in (name,) if key in sys.modules}
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        try:
            openvino = import_module("openvino")
        except ImportError:
            what = "embedding.runtime 'openvino'"
            raise MissingDependencyError.of(what, "OpenVINO", "openvino") from None
        yield openvino
    finally:
        del sys.modules[name]
        sys.modules.update(before)
