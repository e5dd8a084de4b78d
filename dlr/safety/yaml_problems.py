"""What is wrong with a YAML file, in words of somebody who writes one, and in which line."""

from __future__ import annotations

import re

import yaml

_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"mapping values are not allowed",
        "a ':' where none can stand: check the indentation, and put texts that hold ': ' into "
        "quotes",
    ),
    (r"found character '\\t'", "a tab: indent with blanks"),
    (r"found character", "a text that begins with a special character: put it into quotes"),
    (r"undefined alias", "a text that begins with '*': put it into quotes"),
    (r"could not determine a constructor", "a tag (!...): write plain values"),
    (r"could not find expected ':'", "a line without ':', or the wrong indentation"),
    (r"expected <block end>", "the wrong indentation: settings of one level begin below another"),
)
"""PyYAML's words, and what they mean."""

_OPEN = (
    (r"flow (sequence|mapping|node)", "the bracket is not closed, or a comma is missing"),
    (r"quoted scalar", "the quote is not closed"),
)
"""What PyYAML was reading when the file ended or something else came."""


def yaml_problem(error: Exception) -> tuple[str, int | None]:
    """Return what is wrong and the line (from 1), where PyYAML tells it.

    Parameters
    ----------
    error : Exception
        An error of PyYAML.
    """
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())[:300], None
    problem, context = str(error.problem or ""), str(error.context or "")
    mark = error.problem_mark or error.context_mark
    # What is left open is found at the end of the file, but mended where it begins.
    for pattern, words in _OPEN:
        if re.search(pattern, context) and error.context_mark is not None:
            return words, error.context_mark.line + 1
    line = None if mark is None else mark.line + 1
    for pattern, words in _HINTS:
        if re.search(pattern, problem):
            return words, line
    return " ".join(problem.split())[:300], line
