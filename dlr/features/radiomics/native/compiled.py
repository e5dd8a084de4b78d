"""How the engine's inner loops are compiled: once per installation, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile `function` with numba at its first call and keep the machine code on disk.

    Division by zero gives infinity or NaN as in NumPy; sums keep the order they are written in
    (no fast-math), so that results do not depend on the processor.

    The machine code of a function holds that of the functions it calls, and is only made anew when
    its own file changes: after an edit, delete the ``*.nbi`` files in ``__pycache__``.
    """
    dispatcher = numba.njit(function, cache=True, nogil=True, error_model="numpy")
    return cast(Function, dispatcher)
