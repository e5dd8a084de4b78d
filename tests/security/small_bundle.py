"""A bundle that is quick to make: fitted on random numbers, every kind of file in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dlr.config import StudyConfig
from dlr.models.bundle import Bundle
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.clinical import fit_clinical
from dlr.models.frozen import FrozenChain
from dlr.models.signature import FusedSignature, Signature

RADIOMICS = ["sag.rad.original_glcm_Contrast", "sag.rad.original_firstorder_Mean"]
DEEP = [f"sag.dl.{number:04d}" for number in range(5)]
COMPONENT = "sag.dl.pca00"


def settings(folder: Path, **changes: Any) -> StudyConfig:
    """Return the settings of a study with one view and no network."""
    content = {
        "name": "Small",
        "images": "images.csv",
        "clinical": "clinical.csv",
        "outcome": {"column": "surgery", "positive": "yes"},
        "views": {"sag": {"embedding": False}},
        "clinical_variables": {
            "age": {"type": "continuous"},
            "sex": {"type": "categorical", "levels": ["f", "m"]},
        },
        "radiomics": {"parameters": "original"},
        "embedding": None,
        "model": {"nomogram_score": "DLR"},
        **changes,
    }
    path = folder / "study.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return StudyConfig.from_yaml(path)


def make_bundle(folder: Path, algorithms: dict[str, str] | None = None) -> Bundle:
    """Return a bundle with a score for each algorithm, a fused one and a clinical model."""
    generator = np.random.default_rng(0)
    outcome = pd.Series(np.arange(40) % 2)
    signatures: dict[str, Any] = {}
    for name, algorithm in (algorithms or {"Rad_sag": "logistic", "DLR": "svm"}).items():
        selected = (*RADIOMICS, COMPONENT)
        cases = generator.normal(size=(40, len(selected))) + outcome.to_numpy()[:, None]
        chain = FrozenChain(
            selected=selected,
            median=pd.Series(0.1, selected),
            mean=pd.Series(0.2, selected),
            scale=pd.Series(1.5, selected),
            deep_columns={"sag.dl": tuple(DEEP)},
            pca_mean={"sag.dl": np.full(len(DEEP), 0.5)},
            pca_components={"sag.dl": np.ones((1, len(DEEP)))},
            algorithm=algorithm,
            classifier=CLASSIFIERS[algorithm].make(0).fit(cases, outcome.to_numpy()),
        )
        signatures[name] = Signature(name, chain, -0.1, 1.2)
    members = tuple(signatures.values())
    weights = tuple(1 / len(members) for _ in members)
    signatures["Late"] = FusedSignature("Late", members, weights, 0.0)
    clinical = pd.DataFrame({"age": generator.normal(50, 9, 40), "sex": ["f", "m"] * 20})
    clinical.loc[::3, "sex"] = "f"
    config = settings(folder.parent / "study")
    clinic = fit_clinical(clinical, outcome, ("age", "sex"), config.clinical_variables)
    return Bundle(
        config=config,
        signatures=signatures,
        clinic=clinic,
        nomogram=None,
        chart=None,
        thresholds=dict.fromkeys(("Clinic", *signatures), 0.5),
        ranges=pd.DataFrame({"low": -1.0, "high": 2.0, "sd": 1.0}, index=[*RADIOMICS, "age"]),
        levels={"sex": ("f", "m")},
        summary={"n_training": 40},
    )


def save_bundle(folder: Path, algorithms: dict[str, str] | None = None) -> Path:
    """Write the bundle and return its folder."""
    make_bundle(folder, algorithms).save(folder)
    return folder


def sign(folder: Path, **entries: Any) -> None:
    """Write checksums that fit the files as they are, as a forger would."""
    names = (path for path in folder.iterdir() if path.is_file() and path.name != "checksums.json")
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in names}
    (folder / "checksums.json").write_text(json.dumps({**sums, **entries}))


def forge(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change what ``bundle.json`` says, and make the checksums fit."""
    path = folder / "bundle.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    sign(folder)
    return folder
