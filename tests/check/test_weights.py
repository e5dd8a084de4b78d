"""Weights that are not at hand are told before extraction begins."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from .editing import check, settings


def test_weights_that_must_be_downloaded(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    settings(cohort, lambda content: content.update(embedding={"backbone": "resnext50_32x4d"}))
    (found,) = [item for item in check(cohort).findings if item.code == "weights"]
    assert found.level == "warning"
    assert "fetch resnext50_32x4d-1a0047aa.pth" in str(found)
    assert "`backbone: efficientnet_lite0` with `weights: packaged`" in str(found)


def test_weights_no_download_can_mend(cohort: Path) -> None:
    settings(
        cohort,
        lambda content: content.update(
            embeddings={"own": {"backbone": "resnet34", "weights": "gone.pth"}}
        ),
    )
    found = check(cohort)
    assert [fault.code for fault in found.faults] == ["weights"]
    assert "'embeddings.own'" in found.faults[0].message
    assert found.rois["bins"].notna().all()
