"""Ways to damage files, each drawn by a random number generator of the standard library."""

from __future__ import annotations

import io
import json
import random
import zipfile
from typing import Any

WORDS = (
    "", "0", "-1", "1e309", "-1e309", "nan", "inf", "99999999999999999999", "0x7fffffff", "true",
    "null", "~", "[]", "{}", "''", '"', "'", ",", ";", "\t", "\n", "\r", "\r\n", "\0", "\x1b[31m",
    "é", "\u202e", "\ufeff", "😀", "=1+1", "../../etc/passwd", "/dev/zero", "C:\\con", "a" * 300,
    "a/" * 2000, "!!python/object/apply:os.system ['true']", "&a [*a]", "*a", "<<: *a",
    "2001-99-99",
    "? ", "- - - -", "[" * 80, "{a: " * 80, "1_000", "0b2", ":", ": :", "|", ">", "%YAML 9", "---",
    "<script>", "007", "1,5", "NaN", "N/A", "001\n002", "None", "False", "2^31", "1e-400", "+", "-",
)  # fmt: skip

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308, float("nan"),
    float("inf"), "", "x", "../../x", "/etc/passwd", "1", "nan", "a" * 5000, [], [[]], [None], {},
    {"a": None}, [1, 2, 3], ["x", "y"], [[[[[[1]]]]]], {"": {}}, "\0", "\ud83d", [1e308] * 9,
)  # fmt: skip


def damaged_bytes(content: bytes, dice: random.Random) -> bytes:
    """Change some bytes: flip, cut, insert, repeat, or put interesting numbers in their place."""
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 16))):
        place = dice.randrange(len(data) + 1)
        kind = dice.randrange(8)
        if kind == 0:
            data[place : place + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            del data[place : place + dice.choice((1, 2, 8, 100, 10_000))]
        elif kind == 2:
            data[place:place] = dice.randbytes(dice.choice((1, 4, 64)))
        elif kind == 3:
            number = dice.choice((0, 1, -1, 2**15 - 1, 2**31 - 1, -(2**31), 2**16))
            data[place : place + 4] = (number & 0xFFFFFFFF).to_bytes(
                4, dice.choice(("little", "big"))
            )
        elif kind == 4:
            data = data[:place]
        elif kind == 5:
            data[place:place] = data[: dice.choice((4, 40, 400))]
        elif kind == 6:
            data[place : place + 8] = b"\xff" * 8
        else:
            data[place : place + 8] = bytes(8)
    return bytes(data)


def damaged_text(text: str, dice: random.Random) -> str:
    """Change some words, lines or characters."""
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        kind = dice.randrange(7)
        lines = text.split("\n")
        row = dice.randrange(len(lines))
        if kind == 0:
            place = dice.randrange(len(text) + 1)
            text = text[:place] + dice.choice(WORDS) + text[place + dice.choice((0, 1, 5)) :]
            continue
        if kind == 1:
            lines[row] = dice.choice(WORDS)
        elif kind == 2:
            lines.insert(row, lines[dice.randrange(len(lines))])
        elif kind == 3:
            del lines[row]
        elif kind in (4, 5):
            separator = dice.choice((",", ": ", " "))
            parts = lines[row].split(separator)
            parts[dice.randrange(len(parts))] = dice.choice(WORDS)
            lines[row] = separator.join(parts)
        else:
            lines[row] = " " * dice.choice((1, 2, 3, 9)) + lines[row]
        text = "\n".join(lines)
    return text


def damaged_json(content: Any, dice: random.Random) -> Any:
    """Change some values anywhere in a document: replace, leave out, double, swap."""
    content = json.loads(json.dumps(content))
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        holder = _anywhere(content, dice)
        if isinstance(holder, dict) and holder:
            key = dice.choice(list(holder))
            kind = dice.randrange(5)
            if kind == 0:
                del holder[key]
            elif kind == 1:
                holder[dice.choice(("x", "", "../x", key + "x"))] = holder.pop(key)
            else:
                holder[key] = _other(holder[key], dice)
        elif isinstance(holder, list) and holder:
            place = dice.randrange(len(holder))
            kind = dice.randrange(4)
            if kind == 0:
                del holder[place]
            elif kind == 1:
                holder.insert(place, holder[dice.randrange(len(holder))])
            else:
                holder[place] = _other(holder[place], dice)
        else:
            return dice.choice(VALUES)
    return content


def _anywhere(content: Any, dice: random.Random) -> Any:
    """Walk down from the top, some way."""
    while isinstance(content, dict | list) and content:
        inner = list(content.values()) if isinstance(content, dict) else content
        deeper = [item for item in inner if isinstance(item, dict | list)]
        if not deeper or dice.random() < 0.25:
            return content
        content = dice.choice(deeper)
    return content


def _other(value: Any, dice: random.Random) -> Any:
    """Return another value, sometimes of the same kind and near."""
    if isinstance(value, bool) or dice.random() < 0.6:
        return dice.choice(VALUES)
    if isinstance(value, int | float):
        near = (value + 1, -value, value // 2)
        return dice.choice((*near, value * 1e6) if abs(value) < 10**300 else near)
    if isinstance(value, str):
        return damaged_text(value, dice)
    return value


def damaged_zip(content: bytes, dice: random.Random) -> bytes:
    """Change one member of an archive; its checksum fits again."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(list(members))
    kind = dice.randrange(6)
    if kind == 0:
        del members[name]
    elif kind == 1:
        members[dice.choice(("../x", "/x", "a\\b", "x"))] = members.pop(name)
    elif kind == 2:
        members[name] = members[dice.choice(list(members))]
    elif name.endswith(".json"):
        members[name] = json.dumps(damaged_json(json.loads(members[name]), dice)).encode()
    elif name.endswith((".xml", ".rels")):
        text = members[name].decode().replace("><", ">\n<")
        members[name] = damaged_text(text, dice).encode("utf-8", "surrogatepass")
    else:
        members[name] = damaged_bytes(members[name], dice)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return buffer.getvalue()
