"""The maximal correlation coefficient of many co-occurrence matrices; see the engine's ``mcc``.

As there, a Lanczos iteration finds the second singular value of ``S = D(px)^-1/2 P D(py)^-1/2``:
the first is 1 with the vector ``sqrt(px)``, which is taken away. All matrices advance together, and
those whose value is settled drop out.
"""

from __future__ import annotations

import torch

TOLERANCE = 1e-11
"""Largest residual that is left of an eigenvalue of ``S S'``, the squared coefficient."""
STEPS = 8
"""Iterations between two looks at the residual."""
EXHAUSTED = 1e-14


def squared_correlation(p: torch.Tensor, px: torch.Tensor, py: torch.Tensor) -> torch.Tensor:
    """Return the squared coefficient of each matrix.

    Parameters
    ----------
    p : Tensor of float64, shape (n_matrices, n, n)
        Joint probabilities.
    px, py : Tensor of float64, shape (n_matrices, n)
        Their sums over columns and over rows.
    """
    scale = (px[:, :, None] * py[:, None]).sqrt()
    s = torch.where(p > 0, p / torch.where(scale > 0, scale, 1.0), 0.0)
    result = torch.zeros(len(p), dtype=p.dtype, device=p.device)
    waiting = torch.arange(len(p), device=p.device)
    state = _start(s, px.sqrt())
    most = 4 * p.shape[1] + 20  # without rounding, n would do
    while len(waiting) and len(state.alpha) < most:
        for _ in range(STEPS):
            _advance(state)
        values, settled = _largest(state)
        result[waiting] = values
        left = ~settled
        waiting = waiting[left]
        state = state.of(left)
    return result.clamp(0, 1)


class _State:
    """Vectors and coefficients of the iteration, one row per matrix."""

    def __init__(
        self,
        matrix: torch.Tensor,
        known: torch.Tensor,
        here: torch.Tensor,
        before: torch.Tensor,
        alpha: list[torch.Tensor],
        beta: list[torch.Tensor],
    ) -> None:
        self.matrix = matrix
        self.known = known
        self.here = here
        self.before = before
        self.alpha = alpha
        self.beta = beta

    def of(self, rows: torch.Tensor) -> _State:
        """Return the state of some of the matrices."""
        return _State(
            self.matrix[rows],
            self.known[rows],
            self.here[rows],
            self.before[rows],
            [row[rows] for row in self.alpha],
            [row[rows] for row in self.beta],
        )


def _start(s: torch.Tensor, known: torch.Tensor) -> _State:
    n = s.shape[1]
    places = torch.arange(n, dtype=s.dtype, device=s.device)
    # a start that shares no symmetry with the matrix; of squares, see `largest_eigenvalue`
    here = (0.5 + (places * places * 0.6180339887498949) % 1.0).expand(len(s), n)
    here = _without(torch.where(known > 0, here, 0.0), known)
    length = here.norm(dim=1, keepdim=True)
    here = torch.where(length > EXHAUSTED, here / length, 0.0)
    return _State(s, known, here, torch.zeros_like(here), [], [])


def _without(vectors: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    return vectors - (vectors * known).sum(1, keepdim=True) * known


def _advance(state: _State) -> None:
    """Make one step of the iteration with ``S S'``, in place."""
    part = torch.einsum("mij,mi->mj", state.matrix, state.here)
    image = torch.einsum("mij,mj->mi", state.matrix, part)
    if state.beta:
        image = image - state.beta[-1][:, None] * state.before
    alpha = (image * state.here).sum(1)
    image = _without(image - alpha[:, None] * state.here, state.known)
    beta = image.norm(dim=1)
    going = beta > EXHAUSTED  # else all that the start can reach is found
    beta = torch.where(going, beta, 0.0)
    following = torch.where(going[:, None], image / torch.where(going, beta, 1.0)[:, None], 0.0)
    state.alpha.append(alpha)
    state.beta.append(beta)
    state.before, state.here = state.here, following


def _largest(state: _State) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the largest eigenvalue of the tridiagonal matrices, and whether it is settled."""
    alpha, beta = torch.stack(state.alpha, 1), torch.stack(state.beta, 1)
    inner = beta[:, :-1]
    tridiagonal = torch.diag_embed(alpha) + torch.diag_embed(inner, 1) + torch.diag_embed(inner, -1)
    values, vectors = torch.linalg.eigh(tridiagonal)
    residual = beta[:, -1] * vectors[:, -1, -1].abs()
    return values[:, -1], residual < TOLERANCE
