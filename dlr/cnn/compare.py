"""Several networks on the same folds (system 5): AUCs, paired tests, confusion matrices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.reader_table import read_ratings
from dlr.cnn.results import BAGGED, CnnResult
from dlr.cnn.settings import CnnStudyConfig, candidates
from dlr.errors import DlrError, Fault, InputError, WeightsError
from dlr.models.cases import groups_of
from dlr.progress import Progress, silent
from dlr.stats import DelongMatrix, delong_matrix
from dlr.wording import first_few

if TYPE_CHECKING:
    from dlr.cnn.crossfit import CnnStudy

_CONFUSION = ("true_negative", "false_positive", "false_negative", "true_positive")


@dataclass(frozen=True, eq=False)
class NetworkComparison:
    """Networks judged on the same cases, by folds that are the same for all.

    Attributes
    ----------
    studies : mapping of str to CnnStudy
        By the network's name in the study file.
    delong : mapping of (str, str) to DelongMatrix
        Paired tests by cohort and target: out-of-fold in training, bagged elsewhere.
    performance : pandas.DataFrame
        The sound rows of every network, with a column ``network``.
    """

    studies: Mapping[str, CnnStudy]
    delong: Mapping[tuple[str, str], DelongMatrix]
    performance: pd.DataFrame

    @property
    def results(self) -> dict[str, CnnResult]:
        """Results by network."""
        return {name: study.result for name, study in self.studies.items()}

    def to_frame(self) -> pd.DataFrame:
        """Return the performance of all networks."""
        return self.performance

    def confusion(self) -> pd.DataFrame:
        """Return normalised confusion matrices: each truth's share of calls, rows sum to 1 twice.

        Columns ``network``, ``cohort``, ``target``, ``true_negative``, ``false_positive`` (of the
        negatives), ``false_negative``, ``true_positive`` (of the positives).
        """
        frame = self.performance.dropna(subset=["auc"])
        table = frame[["network", "cohort", "target", *_CONFUSION]].copy()
        table[list(_CONFUSION)] = table[list(_CONFUSION)].astype(float)
        negatives = table["true_negative"] + table["false_positive"]
        positives = table["false_negative"] + table["true_positive"]
        for name in _CONFUSION[:2]:
            table[name] /= negatives
        for name in _CONFUSION[2:]:
            table[name] /= positives
        return table.reset_index(drop=True)

    def pairs(self) -> pd.DataFrame:
        """Return every paired test: difference of AUCs, P, and P adjusted (Holm)."""
        rows = [
            {
                "cohort": cohort,
                "target": target,
                "a": a,
                "b": b,
                "difference": matrix.difference.loc[a, b],
                "p_value": matrix.p_value.loc[a, b],
                "p_adjusted": matrix.p_adjusted.loc[a, b],
            }
            for (cohort, target), matrix in self.delong.items()
            for a, b in combinations(matrix.names, 2)
        ]
        return pd.DataFrame(rows)


def compare_networks(
    config: CnnStudyConfig, work: str | Path, workers: int = 1, progress: Progress = silent
) -> NetworkComparison:
    """Train every network of ``networks`` on the same folds and compare them on the same cases.

    What the files can tell is checked first, since training takes hours: the tables, that of the
    readers among them, and the weights of every network.

    Parameters
    ----------
    config : CnnStudyConfig
        The grid (``search``), where given, is searched for every network inside every fold.
    work : path
        Folder of prepared pictures and checkpoints.
    workers : int
        Processes that read pictures.
    progress : callable

    Returns
    -------
    NetworkComparison

    Raises
    ------
    DlrError
        If fewer than two networks are given; and as :func:`dlr.cnn.crossfit.train_study`.
    InputError
        With every fault of the tables, see also :func:`check_readers`.
    WeightsError
        If the weights of a network are not there; says of which.
    """
    from dlr.cnn.crossfit import train_study
    from dlr.cnn.report import headline_rows

    if len(config.networks) < 2:
        raise DlrError("a comparison needs at least two entries in 'networks' of the study file")
    check_readers(CnnCohort.load(config))
    _check_networks(config)
    studies = {}
    for name, network in config.networks.items():
        one = config.model_copy(update={"network": network})
        with _naming(name):
            studies[name] = train_study(one, work, workers, _named(progress, name))
    rows = [headline_rows(s.result).assign(network=name) for name, s in studies.items()]
    results = {name: study.result for name, study in studies.items()}
    return NetworkComparison(studies, paired_tests(results), pd.concat(rows, ignore_index=True))


def check_readers(cohort: CnnCohort) -> None:
    """Read the readers' table of a study, where there is one, and look for the study's cases.

    Raises
    ------
    InputError
        With every fault of the table; or if none of its cases is one of the study, or a reader
        is called as a network.
    """
    settings = cohort.config.readers
    if settings is None:
        return
    ratings = read_ratings(settings.table, cohort.targets)
    namesakes = sorted({*ratings["reader"]} & {*cohort.config.networks})
    if namesakes:
        message = f"'{namesakes[0]}' is the name of a network of the study; rename this reader"
        raise InputError([Fault(message, settings.table, column="reader", code="reader-name")])
    rated = pd.unique(ratings["case_id"])
    known = cohort.cases.index
    if not known.isin(rated).any():
        message = (
            f"none of the rated cases is one of the study: {quoted_cases(rated)}; names are "
            f"compared exactly, write them as the study does, such as {quoted_cases(known[:2])}"
        )
        raise InputError([Fault(message, settings.table, column="case_id", code="unknown-cases")])


def quoted_cases(names: Iterable[object]) -> str:
    """Name some cases: ``'P1', 'P2', 'P3', 'P4', 'P5' and 7 more``."""
    return first_few(f"'{name}'" for name in names)


def _check_networks(config: CnnStudyConfig) -> None:
    """Build every network once, in all sizes of the grid; none is kept."""
    from dlr.cnn.networks import build_classifier
    from dlr.cnn.tasks import output_names

    n_outputs = len(output_names(config))
    sizes = dict.fromkeys(item.pictures.size for item in candidates(config))
    for name, network in config.networks.items():
        with _naming(name):
            for number, size in enumerate(sizes):
                # The weights are the same in every size: once read, they are there.
                build_classifier(network, n_outputs, size, config.seed, load=number == 0)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Say which network has no weights."""
    try:
        yield
    except WeightsError as error:
        raise WeightsError(f"'{name}' of networks: {error}") from None


def paired_tests(results: Mapping[str, CnnResult]) -> dict[tuple[str, str], DelongMatrix]:
    """Compare the AUCs of several results by DeLong's test, clustered by patient."""
    parts = {name: judged_scores(result) for name, result in results.items()}
    first = next(iter(parts.values()))
    found = {}
    for (cohort, target), rows in first.groupby(["cohort", "target"], sort=False):
        known = rows.dropna(subset=["outcome"]).set_index("case_id")
        if known["outcome"].nunique() < 2:
            continue
        scores = {}
        for name, part in parts.items():
            here = part[(part["cohort"] == cohort) & (part["target"] == target)]
            scores[name] = here.set_index("case_id").loc[known.index, "probability"]
        groups = groups_of(known["subject_id"])
        found[str(cohort), str(target)] = delong_matrix(known["outcome"], scores, groups)
    return found


def judged_scores(result: CnnResult) -> pd.DataFrame:
    """Return one score per case and target: out-of-fold where it trained, bagged elsewhere."""
    scores = result.case_scores
    return scores[(scores["estimate"] == "out-of-fold") | (scores["fold"] == BAGGED)]


def _named(progress: Progress, name: str) -> Progress:
    return lambda stage, done, total: progress(f"{name}, {stage}", done, total)
