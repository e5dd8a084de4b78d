"""Lists in messages: as many as anybody reads, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable


def first_few(items: Iterable[object], most: int = 5) -> str:
    """Name the first items of a list: ``a, b, c, d, e and 7 more``.

    Parameters
    ----------
    items : iterable
        Whatever ``str`` can write.
    most : int
        As many are named.
    """
    texts = [str(item) for item in items]
    shown, more = ", ".join(texts[:most]), len(texts) - most
    return f"{shown} and {more} more" if more > 0 else shown
