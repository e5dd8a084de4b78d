"""Write ``docs/study_yaml.md`` from the schema: ``python docs/make_study_reference.py``."""

from __future__ import annotations

from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dlr.cohort.values import MISSING
from dlr.config import StudyConfig

PAGE = Path(__file__).with_name("study_yaml.md")
HEAD = """# Every setting of `study.yaml`

Made from the schema by `docs/make_study_reference.py`; a test keeps it true. Paths start from the
folder of the study file. Unknown keys are errors.
"""

WORDS = ", ".join(f"`{word}`" for word in sorted(MISSING - {""}))
NOTES = {
    "clinical_variables": f"""**What counts as missing:** an empty cell and, in capitals or not,
{WORDS}. A level that
`levels` or `reference` names is none of these, even if it is called `none`: write
`levels: ["none", "former", "current"]`, and `none` means just that. In the outcome column, the
same holds for `positive` and `negative`.""",
}
"""What a reader needs to know beside a table, by the key of the section."""


def settings_inside(annotation: Any) -> type[BaseModel] | None:
    """Find the settings class in an annotation such as ``dict[str, X]`` or ``X | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (settings_inside(argument) for argument in get_args(annotation))
    return next((item for item in found if item is not None), None)


def type_text(annotation: Any) -> str:
    """Write a type as a reader of YAML would say it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " / ".join(f"`{value}`" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(type_text(a) for a in arguments if a is not NoneType)
    if origin is tuple:
        return "list" if Ellipsis in arguments else f"{len(arguments)} numbers"
    if origin is dict:
        return "by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "see below"
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "true/false"}
    name = getattr(annotation, "__name__", "text")
    return words.get(name, "path" if name == "Path" else "text")


def default_text(field: FieldInfo) -> str:
    """Write a default."""
    if field.default is PydanticUndefined:
        return "**required**" if field.is_required() else "none"
    if isinstance(field.default, BaseModel):
        return "as below"
    if field.default is None:
        return "null"
    if field.default == "":
        return '""'
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def section(title: str, model: type[BaseModel]) -> list[str]:
    """Write the table of one settings class, then those inside it."""
    lines = [f"\n## {title}\n", (model.__doc__ or "").strip().splitlines()[0], ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    inner = []
    for name, field in model.model_fields.items():
        cells = (name, type_text(field.annotation), default_text(field), field.description or "")
        lines.append("| `{}` | {} | {} | {} |".format(*(c.replace("|", r"\|") for c in cells)))
        nested = settings_inside(field.annotation)
        if nested is not None:
            by_name = get_origin(field.annotation) is dict
            key = name if title == "study.yaml" else f"{title.strip('`')}.{name}"
            inner.append((f"`{key}.<name>`" if by_name else f"`{key}`", nested))
    note = NOTES.get(title.strip("`").removesuffix(".<name>"))
    lines += [f"\n{note}"] if note else []
    for key, nested in inner:
        lines += section(key, nested)
    return lines


def page() -> str:
    """Return the whole page."""
    return HEAD + "\n".join(section("study.yaml", StudyConfig)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
