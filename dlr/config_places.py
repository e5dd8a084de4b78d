"""Where settings stand in a YAML file: lines of keys, and keys that are there twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from dlr.errors import Fault, InputError
from dlr.safety.documents import LARGEST_YAML, read_limited_text


@dataclass(frozen=True)
class YamlPlaces:
    """The places of a YAML file.

    Attributes
    ----------
    root : yaml.Node, optional
        None where there is no file, or no readable one.
    """

    root: yaml.Node | None

    @classmethod
    def of(cls, path: Path) -> YamlPlaces:
        """Read a file anew; without one, no place is known."""
        try:
            text = read_limited_text(path, LARGEST_YAML)
            return cls(yaml.compose(text, Loader=yaml.SafeLoader))
        except (InputError, yaml.YAMLError, RecursionError):
            return cls(None)

    def line(self, location: Sequence[str]) -> int | None:
        """Return the line of a key, or of what it would stand in; None where that is the file.

        Parameters
        ----------
        location : sequence of str
            Keys, and numbers of list entries, from the outermost.
        """
        node, line = self.root, None
        for part in location:
            found = _inside(node, part)
            if found is None:
                break
            line, node = found
        return line

    def repeated(self, path: Path) -> Iterator[Fault]:
        """Find keys that stand twice in one mapping: YAML would take the last without a word."""
        for node in _mappings(self.root, set()):
            first: dict[str, int] = {}
            for key, _ in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in first:
                    message = (
                        f"the setting '{key.value}' is already in line {first[key.value]}; keep one"
                    )
                    yield Fault(message, path, code="repeated-key", line=line)
                first.setdefault(key.value, line)


def _inside(node: yaml.Node | None, part: str) -> tuple[int, yaml.Node] | None:
    """Return line and value of a key or list entry."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        value = node.value[int(part)]
        return value.start_mark.line + 1, value
    return None


def _mappings(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """Visit every mapping once, whatever aliases refer to it."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value, seen)
