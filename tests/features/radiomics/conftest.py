"""What the tests of the radiomics engines share."""

import math

import numpy as np
import pytest
from scipy import special


@pytest.fixture
def sph_harm_for_pyradiomics(monkeypatch):
    """Give SciPy back the function that PyRadiomics still asks for (angles: azimuth, polar)."""

    def sph_harm(m, n, azimuth, polar):
        share = (2 * n + 1) * special.poch(n + m + 1, -2 * m) / (4 * math.pi)
        values = special.lpmv(abs(m), n, np.cos(polar))
        if m < 0:
            values = values * ((-1) ** m * special.poch(n - m + 1, 2 * m))
        return values * math.sqrt(share) * np.exp(1j * m * azimuth)

    monkeypatch.setattr(special, "sph_harm", sph_harm, raising=False)
