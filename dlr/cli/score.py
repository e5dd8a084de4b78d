"""``dlr score``: apply a published signature to a feature table or to images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from dlr.config import StudyConfig
    from dlr.models.published import PublishedSignature, SignatureFeatures

OK, SOME_FAILED = 0, 4


def score(
    signature: Annotated[
        str | None, typer.Option("--signature", "-s", help="Name of a signature, or a .json file.")
    ] = None,
    features: Annotated[
        Path | None, typer.Option("--features", help="Feature table, .parquet or .csv.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="images.csv: extract with the signature's settings."),
    ] = None,
    study: Annotated[
        Path | None, typer.Option("--study", help="study.yaml whose images are taken.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV file for the scores.")
    ] = None,
    view: Annotated[
        str | None, typer.Option("--view", help="View to take, where there are several.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
    ] = None,
    same_settings: Annotated[
        bool,
        typer.Option(
            "--same-settings",
            help="I know that the table was extracted with the signature's settings.",
        ),
    ] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the signatures.")] = False,
) -> int:
    """Apply a formula from a paper, as printed, to features or images.

    Give one of --features, --images and --study. Images are measured with the signature's own
    settings. A feature table is refused where its settings differ or are not recorded in it.
    """
    from rich.markup import escape

    from dlr.cli.show import console, show_failures
    from dlr.models.published import list_signatures, load_signature
    from dlr.safety.spreadsheets import write_csv_table

    if list_all:
        for name, title in list_signatures().items():
            console.print(f"{name}: {title}")
        return OK
    if (
        signature is None
        or out is None
        or sum(x is not None for x in (features, images, study)) != 1
    ):
        raise typer.BadParameter(
            "give --signature, --out and one of --features, --images and --study; "
            "--list shows the signatures"
        )
    chosen = load_signature(signature)
    if features is not None:
        values, failures = _read_features(chosen, features, view, same_settings), None
    else:
        measured = _measure(chosen, images, study, view, root)
        values, failures, view = measured.values, measured.failures, None
    scores = score_frame(chosen, values, view)
    write_csv_table(scores, out, index=True)
    known = int(scores["score"].notna().sum())
    about = f"{chosen.title}\n{chosen.citation}\nOutcome: {chosen.outcome}; {chosen.direction}."
    console.print(escape(about))
    for note in chosen.notes:
        console.print(f"[yellow]Note[/]: {escape(note)}")
    console.print(f"{known} of {len(scores)} scored → {out}")
    failed = 0 if failures is None else show_failures(failures)
    return SOME_FAILED if failed or known < len(scores) else OK


def score_frame(
    signature: PublishedSignature, features: pd.DataFrame, view: str | None = None
) -> pd.DataFrame:
    """Return score, probability, call and the contribution of every feature, a row per case.

    Columns: ``score``; ``probability`` where the score is log odds; ``positive`` (1 above the
    published cut-off, 0 otherwise) where there is one; ``term <feature>`` for each feature.
    """
    scores = signature.score(features, view).to_frame()
    if signature.link == "logit":
        scores["probability"] = signature.probability(scores["score"])
    if signature.cut is not None:
        above = (scores["score"] > signature.cut).astype("Int64")
        scores["positive"] = above.where(scores["score"].notna())
    return scores.join(signature.terms(features, view).add_prefix("term "))


def _read_features(
    signature: PublishedSignature, path: Path, view: str | None, same_settings: bool
) -> pd.DataFrame:
    """Read a feature table and refuse one that was extracted otherwise."""
    from dlr.errors import DlrError, Fault, InputError
    from dlr.models.published.tables import read_feature_table

    values, provenance = read_feature_table(path)
    signature.columns(values.columns, view)
    if same_settings:
        return values
    try:
        signature.check(provenance, values.columns, view)
    except DlrError as error:
        message = f"{error} (--same-settings, if you know better)"
        raise InputError([Fault(message, path, code="settings")]) from None
    return values


def _measure(
    signature: PublishedSignature,
    images: Path | None,
    study: Path | None,
    view: str | None,
    root: Path | None,
) -> SignatureFeatures:
    from dlr.cli.bars import progress_bars
    from dlr.config import StudyConfig
    from dlr.errors import DlrError
    from dlr.models.published import measure_images

    masks = None
    if study is not None:
        config = StudyConfig.from_yaml(study)
        images, masks = config.images, config.masks
        root = root if root is not None else config.image_root
        if view is not None and view not in config.views:
            raise DlrError(f"the study has no view '{view}'; it has {', '.join(config.views)}")
        view = _source(config, view)
    if images is None:
        raise DlrError("give --images or --study")
    with progress_bars() as progress:
        return measure_images(signature, images, root, view, masks, progress)


def _source(config: StudyConfig, view: str | None) -> str | None:
    """Return the view's name in the image table."""
    if view is None and len(config.views) == 1:
        view = next(iter(config.views))
    return None if view is None else config.views[view].source or view
