"""How a cohort is worked through: in which processes, on which machines, within which limits."""

from __future__ import annotations

from dataclasses import dataclass

from dlr.errors import DlrError


@dataclass(frozen=True)
class Execution:
    """Where cases are processed and how far a single one may go; no number depends on it.

    Parameters
    ----------
    workers : int
        Processes on this machine. One, without any limit, is the calling process itself.
    case_timeout_s : float, optional
        Seconds after which an ROI is given up and listed as failed.
    case_memory_gb : float, optional
        Resident memory, in 10^9 bytes, at which a process is ended. The ROI it was at is tried
        once more at the end, by a fresh process that has the machine for itself.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``; its workers then do what
        `workers` processes would, and limits apply there.
    """

    workers: int = 1
    case_timeout_s: float | None = None
    case_memory_gb: float | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise DlrError(f"workers must be at least 1, but got {self.workers}")
        for name, value in (
            ("case_timeout_s", self.case_timeout_s),
            ("case_memory_gb", self.case_memory_gb),
        ):
            if value is not None and not value > 0:
                raise DlrError(f"{name} must be above 0, but got {value}")

    @classmethod
    def of(cls, value: int | Execution) -> Execution:
        """Take a plain number as that many processes on this machine."""
        return value if isinstance(value, Execution) else cls(workers=value)

    @property
    def isolated(self) -> bool:
        """Whether cases are kept from harming the calling process."""
        return self.workers > 1 or self.limited

    @property
    def limited(self) -> bool:
        """Whether a case has a limit of time or memory."""
        return self.case_timeout_s is not None or self.case_memory_gb is not None


@dataclass(frozen=True)
class ExtractionSummary:
    """What became of the ROIs of a cohort.

    Parameters
    ----------
    n_rois : int
        ROIs (case, view and reader) asked for.
    n_cached : int
        Taken from the cache whole.
    n_failed : int
        Could not be processed; each is in ``failures.csv``.
    n_damaged : int
        Damaged cache entries that were met, and computed again.
    """

    n_rois: int
    n_cached: int
    n_failed: int
    n_damaged: int

    def describe(self) -> str:
        """Say it in one sentence."""
        computed = self.n_rois - self.n_cached - self.n_failed
        parts = [f"{self.n_cached} from the cache", f"{computed} computed"]
        if self.n_failed:
            parts.append(f"{self.n_failed} failed")
        if self.n_damaged:
            entries = "entry was" if self.n_damaged == 1 else "entries were"
            parts.append(f"{self.n_damaged} damaged cache {entries} computed again")
        return f"{self.n_rois} ROIs: {', '.join(parts)}."
