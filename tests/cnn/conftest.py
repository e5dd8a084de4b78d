"""A tiny radiograph-like cohort: a bright square at one of three levels means 'positive there'."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from dlr.cnn.crossfit import CnnStudy, train_study
from dlr.cnn.settings import CnnStudyConfig

LEVELS = ("upper", "middle", "lower")
LABELS = [{"column": name, "positive": "yes", "negative": "no"} for name in LEVELS]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


def write_cohort(
    folder: Path, patients: int = 24, size: int = 32, seed: int = 0, views: int = 2
) -> tuple[Path, Path]:
    """Write pictures and both tables; every patient has `views` pictures."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    images, clinical = [], []
    for number in range(patients):
        labels = [(number + level) % 3 == 0 for level in range(3)]
        for view in range(views):
            picture = rng.normal(90, 12, (size, size))
            for level, positive in enumerate(labels):
                if positive:
                    top = size // 12 + level * size // 3
                    picture[top : top + size // 5, size // 3 : 2 * size // 3] += 110
            name = f"p{number:02d}_{view}.png"
            Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(folder / name)
            images.append({"subject_id": f"P{number:02d}", "image": name, "view": f"v{view}"})
        clinical.append(
            {
                "subject_id": f"P{number:02d}",
                "center": "A" if number % 4 else "B",
                "cohort": "training" if number % 4 else "external",
                "age": 30 + 10 * labels[2] + number % 3,
                **{name: "yes" if flag else "no" for name, flag in zip(LEVELS, labels)},
            }
        )
    pd.DataFrame(images).to_csv(folder / "images.csv", index=False)
    pd.DataFrame(clinical).to_csv(folder / "clinical.csv", index=False)
    return folder / "images.csv", folder / "clinical.csv"


def make_config(images: Path, clinical: Path, **changes: object) -> CnnStudyConfig:
    """A quick study of one label; keyword arguments replace whole sections."""
    settings = {
        "name": "tiny",
        "images": images,
        "clinical": clinical,
        "seed": 3,
        "task": {"labels": [{"column": "upper", "positive": "yes", "negative": "no"}]},
        "pictures": {"size": 32},
        "network": {"architecture": "test_resnet", "weights": "none"},
        "optimiser": {"learning_rate": 3e-3, "schedule": "constant"},
        "training": {"epochs": 3, "batch_size": 8, "stopping": None, "device": "cpu"},
        "folds": 2,
        **changes,
    }
    return CnnStudyConfig.model_validate(settings)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The two tables of the tiny cohort."""
    return write_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="session")
def study(tables: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> CnnStudy:
    """A multitask study of 18 training and 6 external patients, trained once for all tests."""
    task = {
        "kind": "multitask", "labels": LABELS, "levels": True, "regressions": [{"column": "age"}],
    }  # fmt: skip
    training = {
        "epochs": 8, "batch_size": 8, "device": "cpu", "stopping": {"patience": 8, "share": 0.3},
    }  # fmt: skip
    matching = {"covariates": ["age"], "caliper": None}
    config = make_config(*tables, task=task, training=training, matching=matching)
    return train_study(config, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="session")
def bundle_folder(study: CnnStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of that study, on disk."""
    folder = tmp_path_factory.mktemp("bundle")
    study.bundle.save(folder)
    return folder


@pytest.fixture
def two_hospitals(tables: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """The same tables, the external patients being of two hospitals, north and south."""
    clinical = pd.read_csv(tables[1])
    external = clinical.index[clinical["cohort"] == "external"]
    clinical.loc[external[:3], "cohort"] = "north"
    clinical.loc[external[3:], "cohort"] = "south"
    clinical.to_csv(tmp_path / "two.csv", index=False)
    return tables[0], tmp_path / "two.csv"
