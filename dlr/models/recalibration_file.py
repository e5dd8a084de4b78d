"""``recalibration.json``: updates of a frozen score on their way to the patients that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from dlr.errors import DlrError, Fault, InputError
from dlr.models.bundle import Bundle
from dlr.models.identity import model_identity
from dlr.models.recalibration import UPDATES, Recalibration, ScoreUpdate
from dlr.safety.documents import is_file, read_json

FORMAT = 1


@dataclass(frozen=True)
class RecalibrationFile:
    """What ``recalibration.json`` says: which update of which score, from which cohort.

    Attributes
    ----------
    model : str
        Identity of the bundle; see :func:`model_identity`.
    cohort : str
        Where the updates were fitted.
    updates : mapping of str to ScoreUpdate
        By feature set; only those that change anything.
    kinds : mapping of str to str
        Which update each feature set takes.
    """

    model: str
    cohort: str
    updates: Mapping[str, ScoreUpdate]
    kinds: Mapping[str, str]

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file that a validation wrote; ``use`` may have been edited by hand.

        Raises
        ------
        InputError
            If the file is absent, is not such a file, or asks for an update it does not hold.
        """
        path = Path(path)
        if not is_file(path):
            raise _fault("the file does not exist; 'dlr validate' writes it", path)
        content = read_json(path)
        try:
            chosen = {name: item["use"] for name, item in content["feature_sets"].items()}
            updates = {
                name: _chosen(item, str(item["use"]), name)
                for name, item in content["feature_sets"].items()
            }
            model, cohort = str(content["model"]), str(content["cohort"])
        except DlrError as error:
            raise _fault(str(error), path) from None
        except (LookupError, TypeError, AttributeError, ValueError):
            message = "this is no recalibration.json of 'dlr validate'"
            raise _fault(message, path) from None
        changed = {name: update for name, update in updates.items() if update != ScoreUpdate()}
        return cls(model, cohort, changed, {name: chosen[name] for name in changed})

    def check(self, bundle: Bundle) -> None:
        """Refuse a file that belongs to another model.

        Raises
        ------
        DlrError
        """
        if self.model != model_identity(bundle):
            raise DlrError(
                "the recalibration was fitted for another model than this bundle; validate this "
                "bundle and use the recalibration.json written then"
            )

    def apply(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Update scores, one column of log-odds per feature set."""
        return scores.assign(
            **{n: u.log_odds(scores[n].to_numpy()) for n, u in self.updates.items() if n in scores}
        )

    def thresholds(self, thresholds: Mapping[str, float]) -> dict[str, float]:
        """Move the locked thresholds along, so that the same cases are called positive."""
        return {
            name: self.updates[name].probability(value) if name in self.updates else value
            for name, value in thresholds.items()
        }

    def describe(self) -> str:
        """Say in one sentence what was changed."""
        if not self.updates:
            return f"recalibration to the {self.cohort} cohort: no score needed a change"
        parts = [
            f"{name}: {self.kinds[name]} (log-odds {u.intercept:+.3f} {u.slope:+.3f} x score)"
            for name, u in self.updates.items()
        ]
        return f"recalibrated to the {self.cohort} cohort: {'; '.join(parts)}"


def recalibration_json(
    items: Mapping[str, Recalibration], bundle_identity: str, cohort: str, level: float = 0.95
) -> dict[str, Any]:
    """Return what ``recalibration.json`` holds.

    Parameters
    ----------
    items : mapping of str to Recalibration
        By feature set.
    bundle_identity : str
        See :func:`model_identity`.
    cohort : str
        Where they were fitted.
    level : float
        Of the limits.
    """
    return {
        "format": FORMAT,
        "what": "Updates of a frozen score, fitted on the cohort named here. Nothing is applied "
        "unless this file is given to 'dlr predict --recalibrate'; 'use' may be set to any of "
        f"{', '.join(UPDATES)}.",
        "model": bundle_identity,
        "cohort": cohort,
        "level": level,
        "feature_sets": {name: _item(item, level) for name, item in items.items()},
    }


def _item(item: Recalibration, level: float) -> dict[str, Any]:
    updates = {
        str(row["update"]): {
            str(name): _plain(value)
            for name, value in row.items()
            if str(name).startswith(("intercept", "slope", "log_likelihood"))
        }
        for row in item.to_frame(level).to_dict("records")
    }
    return {
        "use": item.suggested,
        "n": item.n,
        "n_positive": item.n_positive,
        "alpha": item.alpha,
        "p_any": _plain(item.p_any),
        "p_slope": _plain(item.p_slope),
        "note": item.note,
        "warning": item.warning,
        "updates": updates,
    }


def _plain(value: Any) -> float | None:
    return None if value != value else float(value)


def _chosen(item: Mapping[str, Any], kind: str, name: str) -> ScoreUpdate:
    if kind not in UPDATES:
        raise DlrError(f"{name}: 'use' must be one of {', '.join(UPDATES)}, but is '{kind}'")
    found = item["updates"][kind]
    if found["slope"] is None or not found["slope"] > 0:
        raise DlrError(f"{name}: there is no update by '{kind}' that keeps the score's direction")
    return ScoreUpdate(float(found["intercept"]), float(found["slope"]))


def _fault(message: str, path: Path) -> InputError:
    return InputError([Fault(message, path, code="recalibration")])
