"""Write ``docs/validation.md``: ``python docs/make_validation.py FOLDER_OF_REFERENCE_VALUES``.

Every number that R packages also give, beside theirs. The reference values are
JSON files made in R; the folder holds the data sets they were computed on as well.
"""

from __future__ import annotations

import sys
from pathlib import Path

from validation_rows import diagnostic, groups, modelling

PARTS = (diagnostic.rows, groups.rows, modelling.rows)
PAGE = Path(__file__).with_name("validation.md")
HEAD = """# Agreement with R

Made by `docs/make_validation.py`; the same comparisons are tests in `tests/parity`. The last
column is the largest |dlr - reference| / max(|reference|, 1e-8). "R 4.2.2" alone means base
R or the published formula written in R; dcurves is the Python package, which gives the same
values. Where a convention can differ, dlr does the following:

- The direction of a score is never turned round; pROC's `direction = "auto"` does.
- Youden ties are found by whole numbers; pROC compares floating-point sums and can miss one.
- ICI and its relatives use loess evaluated exactly; R's default interpolates on a k-d tree
  (0.0192 instead of 0.0202 on birthwt).
- Hosmer-Lemeshow takes its degrees of freedom from the groups actually formed.
- A risk equal to the threshold is treated in decision curves, as in dcurves; rmda treats above.
- rms stops fitting early (change of 0.025 in -2 log-likelihood); the values compared are those of
  converged fits on the resamples that rms drew.
- Profile-likelihood limits are solved exactly; R's `confint` interpolates them with a spline (up
  to 1e-3 off). ICCs come from the analysis of variance, without cutting negative components off.
- MatchIt 4.5.1 as packaged by Debian ignores calipers on the probability scale; the pairs compared
  are those of its distance-matrix routine.

| quantity | data | package | reference | dlr | relative difference |
|---|---|---|---|---|---|
"""


def page(reference: Path) -> str:
    """Return the page as Markdown."""
    lines = [row.cells() for part in PARTS for row in part(reference)]
    return HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    PAGE.write_text(page(Path(sys.argv[1])), encoding="utf-8")
