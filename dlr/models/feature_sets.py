"""Feature sets as data: which columns each one takes, and how blocks are fused."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.features.table import DEEP, MAZDA, RADIOMICS, block_of, is_deep
from dlr.settings import FeatureSetSettings

DLR, CLINIC, NOMOGRAM = "DLR", "Clinic", "Nomogram"
TITLES = {RADIOMICS: "Rad", DEEP: "DL", MAZDA: "MaZda"}


@dataclass(frozen=True)
class FeatureSet:
    """One feature set, resolved against the columns there are.

    Parameters
    ----------
    name : str
    columns : tuple of str
        Features put side by side (early fusion); empty for a late fusion.
    members : tuple of str
        Sets whose scores are fused (late fusion); empty for an early one.
    fusion : str
        ``"concatenate"``, ``"average"`` or ``"stack"``.
    components : int, None or "study"
        PCA components per deep block; ``"study"`` takes the study's own number.
    """

    name: str
    columns: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    fusion: str = "concatenate"
    components: int | str | None = "study"


def feature_sets(columns: list[str], config: StudyConfig) -> dict[str, FeatureSet]:
    """Name the feature sets of a study and the columns of each.

    Parameters
    ----------
    columns : list of str
        Columns of the feature table, ``<view>.<family>.<feature>``.
    config : StudyConfig

    Returns
    -------
    dict of str to FeatureSet
        ``Rad_<view>``, ``DL_<view>`` (``MaZda_<view>``, ``DL-<name>_<view>``) for each view that
        has the family, ``DLR``, the early fusion of all of them, and the study's own sets. Late
        fusions come after the sets they fuse.

    Raises
    ------
    DlrError
        If a set of the study matches no column or names an unknown member.
    """
    blocks = list(dict.fromkeys(block_of(column) for column in columns))
    blocks.sort(key=lambda block: _rank(block, list(config.views)))
    sets = {
        _title(block): FeatureSet(_title(block), _matching(columns, [block])) for block in blocks
    }
    sets[DLR] = FeatureSet(DLR, tuple(columns))
    for name, settings in config.feature_sets.items():
        sets.pop(name, None)
        sets[name] = _resolve(name, settings, columns, blocks)
    late = [item for item in sets.values() if item.members]
    for item in late:
        _check_members(item, sets)
        sets[item.name] = sets.pop(item.name)
    if config.model.nomogram_score not in sets:
        known = ", ".join(sets)
        raise DlrError(
            f"model.nomogram_score is '{config.model.nomogram_score}', which is no feature set; "
            f"there are: {known}"
        )
    return sets


def _rank(block: str, views: list[str]) -> tuple[int, str, int]:
    """Order families as the published tables do: radiomics, MaZda, then deep features."""
    view, family = block.split(".")
    place = {RADIOMICS: 0, MAZDA: 1}.get(family, 2)
    return place, family, views.index(view) if view in views else len(views)


def _title(block: str) -> str:
    view, family = block.split(".")
    if is_deep(block + ".") and family != DEEP:
        return f"DL-{family.removeprefix(DEEP + '_')}_{view}"
    return f"{TITLES[family]}_{view}"


def _matching(columns: list[str], patterns: list[str]) -> tuple[str, ...]:
    return tuple(
        column
        for column in columns
        if any(fnmatchcase(block_of(column), pattern) for pattern in patterns)
    )


def _resolve(
    name: str, settings: FeatureSetSettings, columns: list[str], blocks: list[str]
) -> FeatureSet:
    if settings.members:
        return FeatureSet(name, (), settings.members, settings.fusion)
    for pattern in settings.blocks:
        if not any(fnmatchcase(block, pattern) for block in blocks):
            raise DlrError(
                f"feature_sets.{name}: no features match '{pattern}'; there are: "
                f"{', '.join(blocks)}"
            )
    chosen = _matching(columns, list(settings.blocks))
    return FeatureSet(name, chosen, components=settings.components)


def _check_members(item: FeatureSet, sets: dict[str, FeatureSet]) -> None:
    for member in item.members:
        if member not in sets or sets[member].members:
            known = ", ".join(name for name, other in sets.items() if not other.members)
            raise DlrError(
                f"feature_sets.{item.name}: '{member}' is no feature set of columns; "
                f"there are: {known}"
            )
