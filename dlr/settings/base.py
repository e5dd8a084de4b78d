"""What all settings share: the base class, names and labels."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]


def _as_text(value: object) -> object:
    """Let a level or a centre be written as a number; catch YAML's reading of yes and no."""
    if isinstance(value, bool):
        raise ValueError("YAML reads yes, no, on and off as true and false; write them in quotes")
    return str(value) if isinstance(value, int) else value


Label = Annotated[str, BeforeValidator(_as_text)]


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)
