"""Reading JSON and YAML whose author is not known: limited in size, depth and growth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dlr.errors import DlrError, Fault, InputError
from dlr.safety.yaml_problems import yaml_problem

LARGEST_JSON = 64_000_000
"""Bytes of a JSON file. The largest that dlr writes, boosted trees of a whole study, has 2 MB."""

LARGEST_YAML = 300_000
"""Bytes of a YAML file, read in 3 s. The longest study files have some 10 kB."""

DEEPEST = 64
"""Levels of lists and mappings in one another; dlr's own files have fewer than 20."""

LARGEST_EXPANSION = 200_000
"""Values of a YAML file after every alias is replaced by what it stands for."""


def is_file(path: Path) -> bool:
    """Tell whether a path that people typed is a file; what no path can be is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a zero character
        return False


def read_limited_text(path: Path, limit: int) -> str:
    """Read a UTF-8 text file that is not larger than `limit` bytes.

    Raises
    ------
    InputError
        If the file is absent, no regular file, larger than `limit`, or no UTF-8 text.
    """
    if not is_file(path):
        raise _fault("the file does not exist; check the path", path, "file-missing")
    try:
        # One byte more than allowed tells a file that is too large, even one that still grows.
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise _fault(f"the file cannot be read ({error.strerror})", path, "unreadable") from None
    if len(content) > limit:
        message = f"the file has more than {limit:,} bytes, which no file of its kind needs"
        raise _fault(f"{message}; check where it comes from", path, "too-large")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "the file is not UTF-8 text; save it as UTF-8"
        raise _fault(message, path, "encoding") from None


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(path: Path, limit: int = LARGEST_JSON) -> Any:
    """Read a JSON file that need not be trusted.

    Parameters
    ----------
    path : Path
    limit : int
        Most bytes.

    Returns
    -------
    object
        What it holds; at most `DEEPEST` levels deep.

    Raises
    ------
    InputError
        If it is absent, too large, too deep, or no JSON.
    """
    text = read_limited_text(path, limit)
    try:
        content = json.loads(text)
        if _SURROGATE.search(text):  # half a character, which no file or table could hold
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise _fault(_too_deep("JSON"), path, "too-deep") from None
    except ValueError as error:  # also numbers of more digits than Python converts
        raise _fault(f"the file is not readable JSON ({error})", path, "unreadable") from None
    if _depth_exceeds(content):
        raise _fault(_too_deep("JSON"), path, "too-deep")
    return content


def read_yaml_document(path: Path, what: str = "file", limit: int = LARGEST_YAML) -> Any:
    """Read a YAML file that need not be trusted.

    Only plain values are built: a tag such as ``!!python/object`` is an error. Aliases are
    allowed as long as the whole does not grow beyond `LARGEST_EXPANSION` values.

    Parameters
    ----------
    path : Path
    what : str
        What the file is called in messages, such as ``"study file"``.
    limit : int
        Most bytes.

    Raises
    ------
    InputError
        If it is absent, too large, too deep, grows too much, or no YAML.
    """
    return parse_yaml(read_limited_text(path, limit), path, what)


def parse_yaml(text: str, path: Path | None = None, what: str = "file") -> Any:
    """Read YAML text; see :func:`read_yaml_document`."""
    try:
        _refuse_depth(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            return None
        _expanded(node, {}, 0)
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        # RecursionError's own words ("maximum recursion depth") say nothing to a user.
        deep = isinstance(error, RecursionError)
        reason, line = (_too_deep("YAML"), None) if deep else yaml_problem(error)
        message = f"the {what} is not readable YAML ({reason})"
        raise InputError([Fault(message, path, code="unreadable", line=line)]) from None
    except DlrError as error:
        raise _fault(f"the {what} is refused: {error}", path, "too-large") from None
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        # PyYAML lets out what its conversions raise, as for the date 2001-99-99 or the number 0x.
        reason = _one_line(error)
        raise _fault(f"the {what} is not readable YAML ({reason})", path, "unreadable") from None


def _refuse_depth(text: str) -> None:
    """Count brackets' depth by parser events, which need no recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise DlrError(_too_deep("YAML"))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _expanded(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """Return how many values a node stands for; refuse growth without bounds."""
    if depth > DEEPEST:
        raise DlrError(_too_deep("YAML"))
    found = known.get(id(node))
    if found == 0:
        raise DlrError("an alias refers to what it is part of; write the values out")
    if found is None:
        known[id(node)] = 0
        found = 1 + sum(_expanded(child, known, depth + 1) for child in _children(node))
        known[id(node)] = found
    if found > LARGEST_EXPANSION:
        raise DlrError(
            f"its aliases stand for more than {LARGEST_EXPANSION:,} values; write the few that are"
            " meant"
        )
    return found


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _depth_exceeds(content: Any) -> bool:
    """Tell whether lists and mappings are nested more than `DEEPEST` levels."""
    level = [content]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _too_deep(kind: str) -> str:
    return f"its {kind} is nested more than {DEEPEST} levels deep"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


def _fault(message: str, path: Path | None, code: str) -> InputError:
    return InputError([Fault(message, path, code=code)])
