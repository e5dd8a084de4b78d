"""Balancing: equal classes, whole subjects, and nothing from the fold that judges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.models.folds import grouped_folds
from dlr.models.resampling import NEIGHBOURS, resample

METHODS = ["oversample", "undersample", "smote"]


def data(n: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    subjects = np.repeat(np.arange(n // 3), 3)
    y = (subjects % 4 == 0).astype(int)
    return random.normal(size=(n, 4)), y, subjects


def rows_of(part: np.ndarray, whole: np.ndarray) -> list[int]:
    return [int(np.flatnonzero((whole == row).all(axis=1))[0]) for row in part]


@pytest.mark.parametrize("method", METHODS)
def test_classes_are_equal_and_the_result_repeats(method: str) -> None:
    X, y, subjects = data()
    new, labels = resample(X, y, method, 3, subjects)
    assert len(new) == len(labels)
    assert labels.mean() == 0.5
    again = resample(X, y, method, 3, subjects)
    np.testing.assert_array_equal(new, again[0])
    np.testing.assert_array_equal(labels, again[1])
    assert not np.array_equal(new, resample(X, y, method, 4, subjects)[0])


def test_none_changes_nothing() -> None:
    X, y, subjects = data()
    new, labels = resample(X, y, "none", 0, subjects)
    np.testing.assert_array_equal(new, X)
    np.testing.assert_array_equal(labels, y)


def test_oversampling_repeats_whole_subjects_of_the_smaller_class() -> None:
    X, y, subjects = data()
    new, _ = resample(X, y, "oversample", 0, subjects)
    np.testing.assert_array_equal(new[: len(X)], X)
    added = rows_of(new[len(X) :], X)
    assert set(y[added]) == {1}
    counts = pd.Series(added).value_counts()
    full = counts.groupby(subjects[counts.index]).nunique()
    assert (full > 1).sum() <= 1  # only the last subject drawn may give part of its cases
    assert counts.max() - counts.min() <= 1


def test_undersampling_keeps_the_smaller_class_and_drops_whole_subjects() -> None:
    X, y, subjects = data()
    new, _ = resample(X, y, "undersample", 0, subjects)
    kept = rows_of(new, X)
    assert set(np.flatnonzero(y)) <= set(kept)
    sizes = pd.Series(subjects[kept]).value_counts()
    assert (sizes < 3).sum() <= 1
    assert kept == sorted(kept)


def test_smote_puts_points_between_near_cases_of_different_subjects() -> None:
    X, y, subjects = data()
    new, labels = resample(X, y, "smote", 0, subjects)
    minority, owners = X[y == 1], subjects[y == 1]
    assert set(labels[len(X) :]) == {1}
    for point in new[len(X) :]:
        assert any(
            _on_line(point, minority[i], minority[j])
            for i in range(len(minority))
            for j in _nearest(i, minority, owners)
        )


def _nearest(i: int, minority: np.ndarray, owners: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(minority - minority[i], axis=1)
    distance[owners == owners[i]] = np.inf
    return np.argsort(distance)[:NEIGHBOURS]


def _on_line(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> bool:
    share = np.dot(point - start, end - start) / np.dot(end - start, end - start)
    close = np.allclose(start + share * (end - start), point, atol=1e-9)
    return bool(close and -1e-9 <= share <= 1)


def test_a_class_of_one_subject_is_repeated() -> None:
    X = np.arange(12.0).reshape(6, 2)
    y = np.array([1, 1, 0, 0, 0, 0])
    subjects = np.array([0, 0, 1, 2, 3, 4])
    for method in ("smote", "oversample"):
        new, labels = resample(X, y, method, 0, subjects)
        assert labels.mean() == 0.5
        assert set(rows_of(new[6:], X)) <= {0, 1}


@pytest.mark.parametrize("method", METHODS)
def test_nothing_of_the_judged_fold_is_used(method: str) -> None:
    X, y, subjects = data()
    for train, test in grouped_folds(pd.Series(y), pd.Series(subjects), 3, 0):
        expected = resample(X[train], y[train], method, 0, subjects[train])
        spoilt = X.copy()
        spoilt[test] = np.nan
        new, labels = resample(spoilt[train], y[train], method, 0, subjects[train])
        np.testing.assert_array_equal(new, expected[0])
        np.testing.assert_array_equal(labels, expected[1])
        assert np.isfinite(new).all()
        held = {tuple(row) for row in X[test]}
        assert not held & {tuple(row) for row in new}


def test_balanced_classes_stay_as_they_are() -> None:
    X, y = np.arange(8.0).reshape(4, 2), np.array([1, 0, 1, 0])
    for method in METHODS:
        np.testing.assert_array_equal(resample(X, y, method, 0)[0], X)


def test_unknown_methods_and_single_classes_are_refused() -> None:
    X, y, _ = data()
    with pytest.raises(DlrError, match="must be one of none, oversample, undersample, smote"):
        resample(X, y, "adasyn", 0)
    with pytest.raises(DlrError, match="one class is absent"):
        resample(X, np.zeros(len(X)), "smote", 0)
