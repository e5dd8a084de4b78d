"""Training one network: stopping, checkpoints, exact resume, on one device or many."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlr.cnn.augmentation import Augmenter, mixed_seed
from dlr.cnn.checkpoint import read_checkpoint, write_checkpoint
from dlr.cnn.dataset import Batch, EpochBatches, PictureDataset, make_loader
from dlr.cnn.distributed import Place, share_statistics
from dlr.cnn.networks import CnnNetwork
from dlr.cnn.optimisation import make_average, make_optimiser, make_schedule
from dlr.cnn.prediction import predict_logits
from dlr.cnn.settings import CnnStudyConfig
from dlr.cnn.store import PictureStore
from dlr.cnn.tasks import MaskedLoss, Targets
from dlr.cnn.training_log import mean_auc, write_log, write_tensorboard
from dlr.errors import DlrError
from dlr.progress import Progress, silent

_PRECISION = {
    "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16,
}  # fmt: skip
_CHECK_EVERY = 25  # steps; reading the loss makes a GPU wait


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The pictures of one training.

    Attributes
    ----------
    store : PictureStore
    targets : Targets
    training, stopping : numpy.ndarray of int
        Positions of the pictures that train, and of those watched for stopping (may be empty).
    """

    store: PictureStore
    targets: Targets
    training: NDArray[np.int64]
    stopping: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained network and how it came about.

    Attributes
    ----------
    state : mapping of str to torch.Tensor
        The kept weights, on the processor.
    history : pandas.DataFrame
        One row per epoch: ``epoch``, ``learning_rate``, ``training_loss``, ``stopping_loss``,
        ``stopping_auc``, ``seconds``, ``waiting_share`` (of the time, for data) and
        ``pictures_per_s``.
    best_epoch : int
        Epoch of the kept weights, from 0.
    best_value : float
        Of the stopping metric there; larger is better (a loss is negated); NaN without stopping.
    """

    state: Mapping[str, Tensor] = field(repr=False)
    history: pd.DataFrame
    best_epoch: int
    best_value: float


def train_network(
    network: CnnNetwork,
    data: TrainingData,
    config: CnnStudyConfig,
    place: Place,
    folder: Path,
    *,
    key: str = "",
    progress: Progress = silent,
    stage: str = "training",
    last_epoch: int | None = None,
) -> TrainedNetwork:
    """Train a network, going on from the folder's checkpoint if there is one of the same training.

    Everything random is drawn from the seed and the epoch, so an interrupted training, taken up
    again, ends with the same weights to the last bit (on a processor; on a GPU as far as its
    kernels are deterministic).

    Parameters
    ----------
    network : CnnNetwork
        Changed in place.
    data : TrainingData
    config : CnnStudyConfig
    place : Place
    folder : Path
        Gets ``checkpoint.pt`` and ``log.csv`` after every epoch.
    key : str
        Names the training; a checkpoint of another one is refused.
    progress : callable
        Called after every batch.
    stage : str
        What `progress` is told.
    last_epoch : int, optional
        Stop after this many epochs although more are to come (what an interruption does).

    Raises
    ------
    DlrError
        If the loss becomes NaN or infinite, or the checkpoint belongs to another training.
    """
    run = _Run(network, data, config, place, folder, key)
    total = len(run.batches) * config.training.epochs
    while run.epoch < min(last_epoch or config.training.epochs, config.training.epochs):
        if run.finished:
            break
        run.train_epoch(lambda step: progress(stage, run.epoch * len(run.batches) + step, total))
        run.close_epoch()
    progress(stage, total, total)
    return run.trained()


class _Run:
    """One training in progress: all that changes from step to step."""

    def __init__(
        self,
        network: CnnNetwork,
        data: TrainingData,
        config: CnnStudyConfig,
        place: Place,
        folder: Path,
        key: str,
    ) -> None:
        self.network, self.data, self.config = network, data, config
        self.place, self.folder, self.key = place, folder, key
        settings = config.training
        if settings.batch_size < 2 * place.world:
            raise DlrError(
                f"training.batch_size {settings.batch_size} is too small for {place.world} "
                f"processes; raise it to at least {2 * place.world}"
            )
        self.module = share_statistics(network.module, place).to(place.device)
        augment = Augmenter(config.augmentation, config.seed)
        dataset = PictureDataset(data.store, data.targets.values, augment if augment else None)
        self.batches = EpochBatches(
            data.training, settings.batch_size, config.seed, place.rank, place.world
        )
        self.loader = make_loader(dataset, self.batches, settings.loaders, place.device)
        self.loss = MaskedLoss(data.targets, place.device)
        self.optimiser = make_optimiser(network, config.optimiser, config.network)
        steps = -(-len(self.batches) // settings.accumulate)
        self.schedule = make_schedule(self.optimiser, config.optimiser, steps, settings.epochs)
        self.average = make_average(self.module, settings.ema)
        self.scaler = torch.amp.GradScaler(
            place.device.type, enabled=settings.precision == "float16"
        )
        self.epoch, self.history = 0, list[dict[str, float]]()
        self.best_epoch, self.best_value = -1, float("-inf")
        self.best_state: dict[str, Tensor] = {}
        self._resume()

    # One epoch ------------------------------------------------------------------------------

    def train_epoch(self, report: Any) -> None:
        """Pass once through the training pictures."""
        started, waited = time.perf_counter(), 0.0
        frozen = self.epoch < self.config.network.freeze_epochs
        self.network.set_mode(training=True, frozen=frozen)
        parallel = self.place.wrap(self.module)
        # Dropout and stochastic depth; the order of pictures has a seed of its own.
        torch.manual_seed(mixed_seed(self.config.seed, self.epoch, self.place.rank))
        self.batches.epoch = self.epoch
        sums = torch.zeros(2, len(self.loss.weights), device=self.place.device)
        batches, n_batches = iter(self.loader), len(self.batches)
        for step in range(n_batches):
            before = time.perf_counter()
            batch = next(batches).to(self.place.device)
            waited += time.perf_counter() - before
            sums += self._step(parallel, batch, step, n_batches)
            if step % _CHECK_EVERY == 0 or step == n_batches - 1:
                self._check(sums, step)
            report(step + 1)
        next(batches, None)  # lets a loader with processes of its own end the epoch
        sums = self.place.total(sums)
        seconds = time.perf_counter() - started
        self.history.append(
            {
                "epoch": self.epoch,
                "learning_rate": self.optimiser.param_groups[-1]["lr"],
                "training_loss": float(self.loss.mean(sums[0], sums[1])),
                "seconds": seconds,
                "waiting_share": waited / seconds,
                "pictures_per_s": len(self.data.training) / seconds,
            }
        )

    def _step(self, parallel: torch.nn.Module, batch: Batch, step: int, n_batches: int) -> Tensor:
        """Add the gradients of one batch, and change the weights when enough are together."""
        together = self.config.training.accumulate
        group = min(together, n_batches - step // together * together)
        last = (step + 1) % together == 0 or step == n_batches - 1
        waiting = nullcontext() if last or self.place.world == 1 else parallel.no_sync()  # type: ignore[operator]
        with waiting:
            with self._autocast():
                outputs = parallel(self.network.normalise(batch.pictures))
            sums, counts = self.loss.sums(outputs.float(), batch.targets)
            # The mean over the batches of all processes, whose gradients are averaged.
            shared = self.place.total(counts)
            loss = self.loss.mean(sums, shared) * self.place.world / group
            self.scaler.scale(loss).backward()
        if last:
            self._change_weights()
        return torch.stack([sums.detach(), counts])

    def _change_weights(self) -> None:
        limit = self.config.optimiser.clip_norm
        if limit is not None:
            self.scaler.unscale_(self.optimiser)
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), limit)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        self.schedule.step()
        if self.average is not None:
            self.average.update_parameters(self.module)

    def _autocast(self) -> torch.autocast:
        precision = _PRECISION[self.config.training.precision]
        return torch.autocast(self.place.device.type, precision, enabled=precision != torch.float32)

    def _check(self, sums: Tensor, step: int) -> None:
        """Stop when the loss is no number any more."""
        if not torch.isfinite(self.place.total(sums[0])).all():
            raise DlrError(
                f"the training diverged (the loss is no number) in epoch {self.epoch}, step "
                f"{step}; lower optimiser.learning_rate, set optimiser.clip_norm, or use "
                f"training.precision: float32 (checkpoint of the epoch before: {self.folder})"
            )

    # Between epochs -------------------------------------------------------------------------

    def close_epoch(self) -> None:
        """Judge the epoch, keep the weights if they are the best, and write the checkpoint."""
        row = self.history[-1]
        value = self._stopping_value(row)
        stopping = self.config.training.stopping
        if stopping is None or not len(self.data.stopping) or value > self.best_value:
            self.best_epoch, self.best_value = self.epoch, value
            kept = self.module if self.average is None else self.average.module
            self.best_state = {
                name: tensor.detach().cpu().clone() for name, tensor in kept.state_dict().items()
            }
        self.epoch += 1
        if self.place.leads:
            write_checkpoint(self._state(), self._path)
            write_log(self.history, self.folder / "log.csv")
            if self.config.training.tensorboard:
                write_tensorboard(row, self.folder)
        self.place.wait()

    def _stopping_value(self, row: dict[str, float]) -> float:
        row["stopping_loss"] = row["stopping_auc"] = float("nan")
        if not len(self.data.stopping):
            return float("nan")
        kept = self.module if self.average is None else self.average.module
        logits = predict_logits(
            self.network, self.data.store, self.data.stopping, self.place,
            self.config.training.batch_size, module=kept,
        )  # fmt: skip
        targets = self.data.targets.values[self.data.stopping]
        with torch.no_grad():
            sums = self.loss.sums(
                torch.from_numpy(logits).to(self.place.device),
                torch.from_numpy(targets).to(self.place.device),
            )
            row["stopping_loss"] = float(self.loss.mean(*sums))
        row["stopping_auc"] = mean_auc(logits, targets, len(self.data.targets.labels))
        stopping = self.config.training.stopping
        if stopping is not None and stopping.metric == "auc" and np.isfinite(row["stopping_auc"]):
            return row["stopping_auc"]
        return -row["stopping_loss"]

    @property
    def finished(self) -> bool:
        """Whether the epochs since the best one exhaust the patience."""
        stopping = self.config.training.stopping
        if stopping is None or not len(self.data.stopping):
            return False
        return self.epoch - 1 - self.best_epoch >= stopping.patience

    def trained(self) -> TrainedNetwork:
        """Return the kept weights; the network itself holds them afterwards."""
        self.module.load_state_dict(self.best_state)
        self.network.set_mode(training=False)
        return TrainedNetwork(
            self.best_state, pd.DataFrame(self.history), self.best_epoch, self.best_value
        )

    # Checkpoints ----------------------------------------------------------------------------

    @property
    def _path(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _state(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "epoch": self.epoch,
            "module": self.module.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "history": self.history,
            "best_epoch": self.best_epoch,
            "best_value": self.best_value,
            "best_state": self.best_state,
        }

    def _resume(self) -> None:
        state = read_checkpoint(self._path, self.key)
        if state is None:
            return
        self.module.load_state_dict(state["module"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        self.epoch, self.history = state["epoch"], state["history"]
        self.best_epoch, self.best_value = state["best_epoch"], state["best_value"]
        self.best_state = state["best_state"]
