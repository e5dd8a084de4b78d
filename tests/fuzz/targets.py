"""What is fuzzed: a good file, how it is damaged, and how dlr reads it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from dlr import Bundle, Cohort, Study
from dlr.config import StudyConfig
from dlr.features.radiomics import load_settings
from dlr.features.weights_files import read_state, write_state
from dlr.imaging import read_image, read_mask
from dlr.models.recalibration_file import RecalibrationFile
from dlr.settings import MaskSettings

from ..security.small_bundle import DEEP, RADIOMICS, save_bundle, sign
from .mutations import damaged_bytes, damaged_json, damaged_text, damaged_zip

Damage = Callable[[Path, random.Random], None]


@dataclass(frozen=True)
class Target:
    """One kind of file.

    Parameters
    ----------
    name : str
    full : int
        Inputs tried in a full run.
    quick : int
        Inputs tried in the usual run of the tests.
    make : callable
        Writes good files into a folder.
    damage : callable
        Damages them.
    read : callable
        Reads them by dlr's own functions.
    """

    name: str
    full: int
    quick: int
    make: Callable[[Path], None]
    damage: Damage
    read: Callable[[Path], object]


def make_study(folder: Path) -> None:
    rows = [f"s{i:02d},i{i}.nii,m{i}.nii,sag,{'r1' if i % 2 else ''}" for i in range(8)]
    (folder / "images.csv").write_text("\n".join(["subject_id,image,mask,view,reader", *rows]))
    cases = [
        f"s{i:02d},{'yes' if i % 2 else 'no'},{40 + i}.5,{'fm'[i % 2]},train" for i in range(8)
    ]
    header = "subject_id,surgery,age,sex,cohort"
    (folder / "clinical.csv").write_text("\n".join([header, *cases]))
    clinical = pd.read_csv(folder / "clinical.csv", dtype=str)
    clinical.to_excel(folder / "clinical.xlsx", index=False)
    for i in range(8):
        for kind in "im":
            (folder / f"{kind}{i}.nii").write_text("")
    text = (
        "name: Fuzz\nimages: images.csv\nclinical: clinical.csv\noutcome:\n  column: surgery\n"
        "  positive: 'yes'\n  negative: 'no'\ncohorts:\n  column: cohort\n  training: train\n"
        "views:\n  sag:\n    plane: native\n    embedding: false\nclinical_variables:\n  age:\n"
        "    type: continuous\n  sex:\n    type: categorical\n    levels: [f, m]\n"
        "radiomics:\n  parameters: original\nembedding: null\nmodel:\n  algorithms: [logistic]\n"
        "  folds: 3\nselection:\n  lasso:\n    folds: 3\nevaluation:\n  bootstrap: 20\n"
    )
    (folder / "study.yaml").write_text(text)


def read_study(folder: Path) -> object:
    return Study.from_yaml(folder / "study.yaml").cohort()


def read_workbook(folder: Path) -> object:
    config = StudyConfig.from_yaml(folder / "study.yaml")
    return Cohort.load(config.model_copy(update={"clinical": folder / "clinical.xlsx"}))


def text_of(name: str) -> Damage:
    def damage(folder: Path, dice: random.Random) -> None:
        path = folder / name
        text = damaged_text(path.read_text(encoding="utf-8"), dice)
        content = text.encode("utf-8", "surrogatepass")
        path.write_bytes(damaged_bytes(content, dice) if dice.random() < 0.1 else content)

    return damage


def bytes_of(name: str) -> Damage:
    def damage(folder: Path, dice: random.Random) -> None:
        path = folder / name
        path.write_bytes(damaged_bytes(path.read_bytes(), dice))

    return damage


def zip_of(name: str) -> Damage:
    def damage(folder: Path, dice: random.Random) -> None:
        path = folder / name
        content = path.read_bytes()
        broken = damaged_bytes if dice.random() < 0.2 else damaged_zip
        path.write_bytes(broken(content, dice))

    return damage


def json_of(name: str) -> Damage:
    def damage(folder: Path, dice: random.Random) -> None:
        path = folder / name
        if dice.random() < 0.15:
            path.write_text(damaged_text(path.read_text(), dice), errors="surrogatepass")
        else:
            path.write_text(json.dumps(damaged_json(json.loads(path.read_text()), dice)))

    return damage


def header_of(name: str) -> Damage:
    """Damage the beginning of a file, where formats keep sizes and types."""

    def damage(folder: Path, dice: random.Random) -> None:
        path = folder / name
        content = path.read_bytes()
        end = dice.choice((60, 352, 400))
        if name.endswith((".nrrd", ".mha")) and dice.random() < 0.7:
            head = damaged_text(content[:end].decode("latin-1"), dice)
            path.write_bytes(head.encode("utf-8", "surrogatepass") + content[end:])
        else:
            path.write_bytes(damaged_bytes(content[:end], dice) + content[end:])

    return damage


def signed(damage: Damage) -> Damage:
    """Make a bundle's checksums fit after the damage, as a forger would."""

    def forge(folder: Path, dice: random.Random) -> None:
        damage(folder, dice)
        sign(folder)

    return forge


def make_volume(suffix: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        array = np.random.default_rng(0).integers(0, 99, (4, 6, 7)).astype(np.int16)
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((0.5, 0.5, 3.0))
        mask = sitk.GetImageFromArray((array > 50).astype(np.uint8))
        mask.CopyInformation(image)
        sitk.WriteImage(image, str(folder / f"image{suffix}"))
        sitk.WriteImage(mask, str(folder / f"mask{suffix}"))

    return make


def read_volume(suffix: str, kind: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        path = folder / f"{kind}{suffix}"
        return read_image(path) if kind == "image" else read_mask(path, settings=MaskSettings())

    return read


def make_small_bundle(algorithms: dict[str, str] | None = None) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        save_bundle(folder, algorithms)
        shutil.rmtree(folder.parent / "study", ignore_errors=True)

    return make


FEATURES = pd.DataFrame(1.0, index=["a", "b"], columns=[*RADIOMICS, *DEEP])
CLINICAL = pd.DataFrame({"age": [50.0, 60.0], "sex": ["f", "m"]}, index=["a", "b"])


def read_bundle(folder: Path) -> object:
    bundle = Bundle.load(folder)
    if bundle.config.radiomics is not None:
        load_settings(bundle.config.radiomics.parameters)
    bundle.score(FEATURES, CLINICAL)
    return bundle.flags(FEATURES, CLINICAL)


def make_state(folder: Path) -> None:
    import torch

    state = {"a.weight": torch.ones(3, 4), "a.bias": torch.zeros(3)}
    write_state(state, folder / "w.safetensors", {"backbone": "x"})
    torch.save(state, folder / "w.pth")


def make_recalibration(folder: Path) -> None:
    item = {
        "use": "intercept",
        "n": 40,
        "n_positive": 20,
        "none": {},
        "intercept": {"intercept": 0.2, "slope": 1.0, "low": 0.1, "high": 0.4},
    }
    content = {"model": "x", "cohort": "external", "feature_sets": {"DLR": item}}
    (folder / "r.json").write_text(json.dumps(content))


def make_signature(folder: Path) -> None:
    import dlr.models.published as place

    source = next(iter(sorted((Path(place.__file__).parent / "signatures").glob("*.json"))))
    shutil.copy(source, folder / "s.json")


def read_signature(folder: Path) -> object:
    from dlr.models.published import load_signature

    return load_signature(str(folder / "s.json"))


def make_parameters(folder: Path) -> None:
    import dlr.features.radiomics as place

    preset = Path(place.__file__).parent / "presets" / "original-log-wavelet.yaml"
    shutil.copy(preset, folder / "p.yaml")


def volume_targets() -> list[Target]:
    found = []
    for suffix, full in ((".nii", 1000), (".nii.gz", 300), (".nrrd", 1000), (".mha", 1000)):
        for kind in ("image", "mask"):
            make, read = make_volume(suffix), read_volume(suffix, kind)
            damage = header_of(f"{kind}{suffix}")
            found.append(Target(f"{kind}{suffix}", full, 30, make, damage, read))
    return found


def bundle_targets() -> list[Target]:
    plain, trees = make_small_bundle(), make_small_bundle({"Rad_sag": "decision-tree"})
    boosted = make_small_bundle({"Rad_sag": "xgboost", "Rad_axi": "lightgbm"})
    other = make_small_bundle({"Rad_sag": "knn", "Rad_axi": "mlp"})

    def target(name: str, full: int, make: Callable[[Path], None], damage: Damage) -> Target:
        return Target(f"bundle: {name}", full, 40, make, signed(damage), read_bundle)

    return [
        target("bundle.json", 3000, plain, json_of("bundle.json")),
        target("components.safetensors", 1000, plain, bytes_of("components.safetensors")),
        target("svm.skops", 1500, plain, zip_of("DLR.skops")),
        target("logistic.skops", 800, plain, zip_of("Rad_sag.skops")),
        target("tree.skops", 1200, trees, zip_of("Rad_sag.skops")),
        target("knn.skops", 800, other, zip_of("Rad_sag.skops")),
        target("mlp.skops", 800, other, zip_of("Rad_axi.skops")),
        target("xgboost.json", 800, boosted, json_of("Rad_sag.json")),
        target("lightgbm.json", 800, boosted, json_of("Rad_axi.json")),
        target("radiomics.yaml", 500, plain, text_of("radiomics.yaml")),
        Target("bundle: checksums.json", 400, 20, plain, json_of("checksums.json"), read_bundle),
    ]


def targets() -> list[Target]:
    return [
        Target("images.csv", 2000, 60, make_study, text_of("images.csv"), read_study),
        Target("clinical.csv", 2000, 60, make_study, text_of("clinical.csv"), read_study),
        Target("clinical.xlsx", 1000, 30, make_study, zip_of("clinical.xlsx"), read_workbook),
        Target("study.yaml", 4000, 100, make_study, text_of("study.yaml"), read_study),
        Target(
            "parameter file", 1000, 30, make_parameters, text_of("p.yaml"),
            lambda folder: load_settings(folder / "p.yaml"),
        ),
        *volume_targets(),
        *bundle_targets(),
        Target(
            "weights.safetensors", 500, 20, make_state, bytes_of("w.safetensors"),
            lambda folder: read_state(folder / "w.safetensors"),
        ),
        Target(
            "weights.pth", 500, 20, make_state, zip_of("w.pth"),
            lambda folder: read_state(folder / "w.pth"),
        ),
        Target(
            "recalibration.json", 500, 20, make_recalibration, json_of("r.json"),
            lambda folder: RecalibrationFile.read(folder / "r.json"),
        ),
        Target(
            "signature.json", 500, 20, make_signature, json_of("s.json"),
            read_signature,
        ),
    ]  # fmt: skip
