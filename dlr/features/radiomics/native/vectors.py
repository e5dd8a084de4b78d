"""Sums over vectors that the processor takes several numbers at a time."""

from __future__ import annotations

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats


@compiled
def dot(a: Floats, b: Floats) -> float:
    """Return the inner product, in four sums that are taken side by side."""
    s0 = s1 = s2 = s3 = 0.0
    whole = len(a) - len(a) % 4
    for i in range(0, whole, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(whole, len(a)):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)


@compiled
def add(target: Floats, factor: float, vector: Floats) -> None:
    """Add a multiple of `vector` to `target`, in place."""
    for i in range(len(target)):
        target[i] += factor * vector[i]


@compiled
def symmetric_product(matrix: Floats, vector: Floats, result: Floats) -> None:
    """Multiply a symmetric matrix by a vector, by adding up rows."""
    result[:] = 0
    n = len(vector)
    whole = n - n % 4
    for i in range(0, whole, 4):
        a, b, c, d = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        va, vb, vc, vd = vector[i], vector[i + 1], vector[i + 2], vector[i + 3]
        for j in range(n):
            result[j] += (va * a[j] + vb * b[j]) + (vc * c[j] + vd * d[j])
    for i in range(whole, n):
        add(result, vector[i], matrix[i])
