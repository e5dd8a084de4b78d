"""What a Dask worker refuses before it begins, and what it answers."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from dlr import cluster
from dlr.cluster import process_on_worker, run_on_cluster
from dlr.config import StudyConfig
from dlr.errors import DlrError, MissingDependencyError, StorageError
from dlr.features.cache import Cache
from dlr.features.execution import Execution
from dlr.features.supervisor_wire import encode_job, encode_task, read_result
from dlr.features.worker import ImageTask, RoiRequest

CONFIG = StudyConfig.model_validate(
    {
        "name": "cluster",
        "images": "images.csv",
        "clinical": "clinical.csv",
        "outcome": {"column": "outcome", "positive": "1"},
        "views": {"sag": {}},
        "radiomics": {"parameters": "original"},
        "embedding": None,
    }
)
TASK = ImageTask("absent.nii", (RoiRequest("a", "sag", "first", "absent_mask.nii", "", ""),))


def ask(folder: Path, **changes: Any) -> list[dict[str, Any]]:
    job = encode_job(CONFIG, Cache(folder))
    marker = str(folder / "marker")
    expected = changes.pop("expected", cluster.version("dlr"))
    return process_on_worker(job, encode_task(TASK), marker, (None, None), expected)


def test_a_worker_of_another_version_refuses(tmp_path: Path) -> None:
    with pytest.raises(DlrError, match="install the same version on all machines"):
        ask(tmp_path, expected="0.0.0")


def test_a_worker_that_does_not_see_the_folder_refuses(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="all machines see under the same path"):
        ask(tmp_path / "elsewhere")


def test_a_case_that_fails_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "marker").touch()
    (content,) = ask(tmp_path)
    result = read_result(content)
    assert result.request == TASK.rois[0]
    assert "the image file does not exist" in result.failures[0].reason


def test_without_dask_the_command_to_install_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "distributed":
            raise ImportError(name)
        return find(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    execution = Execution(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(MissingDependencyError, match=r'pip install "dlr\[cluster\]"'):
        list(run_on_cluster(CONFIG, Cache(tmp_path), [TASK], execution))
