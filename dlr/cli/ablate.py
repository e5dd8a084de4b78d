"""``dlr ablate``: what each block, step and setting of a study is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlr.cli.closing import close

StudyFile = Annotated[Path, typer.Argument(help="The study.yaml.", show_default=False)]


def ablate(
    study: StudyFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for report and tables.")],
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option("--work", help="Folder of cache and feature tables.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-j", min=1, help="Processes.")] = 1,
) -> int:
    """Rerun the study without one block, step or setting at a time, under the same folds.

    Blocks (radiomics or deep features of a view), steps (PCA, ICC gate, Mann-Whitney, Spearman,
    LASSO), settings (components, classifier) and clinical variables are left out one by one;
    'ablation:' in the study file adds variants of your own. Features are taken from the cache.
    """
    from dlr.ablation import ablate as run
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console
    from dlr.report import write_report
    from dlr.run_lock import run_lock
    from dlr.safe_files import staged
    from dlr.study import Study

    with run_lock(out):
        with progress_bars() as progress:
            result = run(Study.from_yaml(study, work, root), workers, progress)
        with staged(out, "ablation") as stage:
            page = write_report(result, stage)
        report = out / page.relative_to(stage)
    table = result.table
    worst = table[table["variant"] != result.reference].sort_values("difference").head(5)
    for row in worst.itertuples():
        console.print(
            f"{row.variant}: {row.score} AUC {row.auc:.3f} "
            f"({row.difference:+.3f}, p {row.p_value:.3f})"
        )
    close(report=report)
    return 0
