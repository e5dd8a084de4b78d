"""Time a whole study, from image files to AUCs, against the script a user would write today.

    python benchmarks/study.py [--patients 24]
    python benchmarks/study.py --patients 200 --pyradiomics 8 --routine

A simulated cohort, two views per patient, 30 % of them external. Both sides give the same:
radiomics (Original, LoG 1-5 mm, Wavelet) and ResNeXt50 features of both views; for five feature
sets Mann-Whitney, Spearman, LASSO and a tuned SVM, all learnt again in five outer and five inner
folds and once more on all training patients; a nomogram with four clinical variables; out-of-fold
and external AUCs. The script is a PyRadiomics loop, torchvision in batches of eight, SciPy column
by column and scikit-learn. It is a careful one: it selects features once per inner fold, not once
per candidate of the grid search. dlr also judges (intervals, DeLong, calibration, decision curves)
and writes its report, which is listed apart.

The two take turns after every image, every 16 crops and every feature set of every fold, on one
thread each, warm. Both read the same random ResNeXt50 weights: time does not depend on the values.
Radiomics must agree to 1e-6. ``--pyradiomics 24`` lets PyRadiomics measure 24 patients only, and
scales its time to all of them (plainly said in the output); for the others the script goes on
with dlr's values. ``--routine`` simulates volumes of a hospital's size (15 slices of 432
x 432 and 20 of 480 x 480 pixels) instead of the demo's small ones. AUCs of a set that selects among
thousands of features move by 0.1 with the draw of the folds. Expected on one core: three minutes
for the first line, twenty for the second.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
import torch
import torchvision
from PIL import Image
from scipy.stats import mannwhitneyu
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from dlr.cohort.simulation import draw_clinical
from dlr.cohort.simulation.grid import AXIAL, SAGITTAL, Grid
from dlr.cohort.simulation.study_file import study_settings
from dlr.cohort.simulation.subject import Patient, Plan
from dlr.cohort.simulation.write import write_cohort
from dlr.features.radiomics.native import warm_up
from dlr.models.folds import grouped_folds
from dlr.progress import silent
from dlr.study import Study, TrainedStudy

SEED, COMPONENTS, FOLDS, BATCH = 0, 32, 5, 8
PENALTIES = (1.0, 0.1, 10.0)
CLINICAL = ("age", "odi", "lsa", "slrt")
PRESET = "original-log-wavelet"
RADIOMICS, DEEP, MODELS, JUDGING, REPORT = STAGES = (
    "reading, radiomics", "deep features", "models", "judging (dlr only)", "report (dlr only)",
)  # fmt: skip
ISSUE = 200
"""Patients for which the issue states its target."""
ROUTINE = (Grid(15, 432, 432, 0.72, 4.4), Grid(20, 480, 480, 0.45, 4.4))
"""Sagittal and axial lumbar series as hospitals take them."""


def write_study(
    folder: Path, patients: int, folds: int, grids: tuple[Grid, Grid] = (SAGITTAL, AXIAL)
) -> Path:
    """Simulate the cohort and write the study file."""
    external = max(6, round(0.3 * patients))
    sizes: dict[tuple[str, str], int] = {}
    for cohort, count in (("training", patients - external), ("external", external)):
        surgical = max(3, round(0.4 * count))
        sizes |= {(cohort, "conservative"): count - surgical, (cohort, "surgical"): surgical}
    clinical = draw_clinical(sizes, SEED, CLINICAL)
    settings = study_settings("Benchmark", SEED, CLINICAL, ("sag", "axi"), COMPONENTS, False)
    # PyRadiomics' own normalisation, in its parameter file, serves both sides.
    settings |= {
        "intensity": {"method": "none"},
        "radiomics": {"parameters": PRESET},
        "embedding": {"backbone": "resnext50_32x4d", "weights": "weights.pth", "device": "cpu"},
        "selection": {"lasso": {"family": "gaussian"}},
        "clinical_model": {"variables": list(CLINICAL)},
        "audit": None,
    }
    settings["model"] |= {"classifier": "svm", "folds": folds, "inner_folds": folds}
    rows = ({str(key): value for key, value in row.items()} for row in clinical.to_dict("records"))
    people = [Patient(number, row) for number, row in enumerate(rows)]
    write_cohort(people, Plan(folder, SEED, *grids, effect=1.0), clinical, settings)
    torch.manual_seed(SEED)
    network = torchvision.models.resnext50_32x4d(weights=None)
    torch.save(network.state_dict(), folder / "weights.pth")
    return folder / "study.yaml"


# ------------------------------------------------------------------------------ the script


def crop(image: sitk.Image, mask: sitk.Image, margin: float) -> np.ndarray:
    """Cut a square around the largest cross-section and scale it to 224 x 224 in [0, 1]."""
    volume, roi = sitk.GetArrayFromImage(image).astype(float), sitk.GetArrayFromImage(mask) > 0
    areas = roi.sum(axis=(1, 2))
    # of equally large slices the one in the middle of the ROI, as dlr takes
    largest, occupied = np.flatnonzero(areas == areas.max()), np.flatnonzero(areas)
    place = int(min(largest, key=lambda number: abs(2 * number - occupied[0] - occupied[-1])))
    pixels, roi = volume[place], roi[place]
    rows, columns = np.flatnonzero(roi.any(axis=1)), np.flatnonzero(roi.any(axis=0))
    low, high = np.percentile(pixels, (1, 99))
    pixels = np.clip((pixels - low) / (high - low), 0, 1).astype(np.float32)
    spacing = image.GetSpacing()[0]
    side = max(np.ptp(rows), np.ptp(columns)) + 1 + 2 * margin / spacing
    pad = int(np.ceil(side))
    top = (rows[0] + rows[-1] + 1 - side) / 2 + pad
    left = (columns[0] + columns[-1] + 1 - side) / 2 + pad
    picture = Image.fromarray(np.pad(pixels, pad, mode="edge"))
    box = (left, top, left + side, top + side)
    resized = picture.resize((224, 224), Image.Resampling.BILINEAR, box=box)
    return np.clip(np.asarray(resized), 0, 1)


class MannWhitney(TransformerMixin, BaseEstimator):
    """Keep the columns with p < 0.05, or the best one."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> MannWhitney:
        """Test column after column."""
        p_value = np.array([mannwhitneyu(x[y == 1], x[y == 0]).pvalue for x in X.T])
        self.kept_ = np.flatnonzero(p_value < 0.05)
        if not len(self.kept_):
            self.kept_ = np.array([np.nanargmin(p_value)])
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Keep the columns."""
        return X[:, self.kept_]


class Spearman(MannWhitney):
    """Drop the column with most partners above 0.9 until there is none."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Spearman:  # noqa: ARG002
        """Correlate with pandas and delete greedily."""
        close = (pd.DataFrame(X).corr("spearman").abs() > 0.9).to_numpy().copy()
        np.fill_diagonal(close, val=False)
        kept = np.arange(X.shape[1])
        while (counts := close[np.ix_(kept, kept)].sum(axis=0)).max() > 0:
            kept = np.delete(kept, counts.argmax())
        self.kept_ = kept
        return self


class Lasso(MannWhitney):
    """Keep the columns with a coefficient at the best of 100 penalties, or the first one."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Lasso:
        """Cross-validate the path in ten folds."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            coefficients = LassoCV(cv=min(10, len(y))).fit(X, y).coef_
        self.kept_ = np.flatnonzero(coefficients)
        if not len(self.kept_):
            self.kept_ = np.array([0])
        return self


def selection(X: pd.DataFrame, y: np.ndarray) -> Pipeline:
    """Fit PCA of each deep block, scaling and the three selections."""
    deep = sorted({name[:6] for name in X if ".dl." in name})
    count = min(COMPONENTS, len(X) - 1)
    parts: list[tuple[str, Any, list[str]]] = [
        ("measured", "passthrough", [name for name in X if ".rad." in name])
    ]
    for block in deep:
        columns = [name for name in X if name.startswith(block)]
        parts.append((block.replace(".", "_"), PCA(count, svd_solver="full"), columns))
    steps = [
        ("blocks", ColumnTransformer(parts)), ("scale", StandardScaler()),
        ("test", MannWhitney()), ("redundant", Spearman()), ("lasso", Lasso()),
    ]  # fmt: skip
    return Pipeline(steps).fit(X, y)


@dataclass
class Script:
    """The user's script, cut into the turns it takes."""

    study: Study
    measured: int
    features: pd.DataFrame = field(default_factory=pd.DataFrame)
    scores: dict[tuple[int, str], pd.Series] = field(default_factory=dict)
    inner: dict[tuple[int, str], pd.Series] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the tables, make extractor and network."""
        from radiomics import featureextractor

        logging.getLogger("radiomics").setLevel(logging.ERROR)
        config, folder = self.study.config, self.study.config.images.parent
        self.images = pd.read_csv(config.images)
        self.clinical = pd.read_csv(config.clinical).set_index("subject_id")
        self.outcome = (self.clinical["surgery"] == "surgical").astype(int)
        self.folder, self.margin = folder, config.views["sag"].margin_mm
        parameters = files("dlr.features.radiomics") / "presets" / f"{PRESET}.yaml"
        self.extractor = featureextractor.RadiomicsFeatureExtractor(str(parameters))
        self.network = torchvision.models.resnext50_32x4d(weights=None)
        self.network.load_state_dict(torch.load(folder / "weights.pth", weights_only=True))
        self.network.fc = torch.nn.Identity()
        self.network.eval()
        subjects = list(self.clinical.index)
        self.chosen = {
            subjects[i] for i in np.linspace(0, len(subjects) - 1, self.measured, dtype=int)
        }
        self.values: dict[tuple[str, str], dict[str, float]] = {}
        self.crops: list[np.ndarray] = []
        self.deep: list[np.ndarray] = []

    def image(self, number: int) -> bool:
        """Read, measure and crop one image; tell whether PyRadiomics did measure it."""
        row = self.images.iloc[number]
        pair = [sitk.ReadImage(str(self.folder / row[kind])) for kind in ("image", "mask")]
        self.crops.append(crop(*pair, self.margin))
        if row["subject_id"] not in self.chosen:
            return False
        found = self.extractor.execute(*pair)
        self.values[row["subject_id"], row["view"]] = {
            f"{row['view']}.rad.{name}": float(value)
            for name, value in found.items()
            if not name.startswith("diagnostics")
        }
        return True

    def embed(self, until: int) -> None:
        """Compute the deep features of the next crops."""
        mean, deviation = (
            torch.tensor(values).reshape(1, 3, 1, 1)
            for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        )
        with torch.inference_mode():
            for start in range(len(self.deep), until, BATCH):
                batch = torch.from_numpy(np.stack(self.crops[start : min(start + BATCH, until)]))
                pictures = (batch[:, None].expand(-1, 3, -1, -1) - mean) / deviation
                self.deep.extend(self.network(pictures).numpy())

    def tabulate(self) -> None:
        """Put all features side by side."""
        rows: dict[str, dict[str, float]] = {}
        for (subject, view), vector in zip(
            self.images[["subject_id", "view"]].itertuples(index=False), self.deep, strict=True
        ):
            row = rows.setdefault(subject, {})
            row.update(self.values.get((subject, view), {}))
            row.update({f"{view}.dl.{index:04d}": value for index, value in enumerate(vector)})
        self.features = pd.DataFrame.from_dict(rows, orient="index")

    def start_models(self, borrowed: pd.DataFrame) -> None:
        """Draw the folds; where PyRadiomics was left out, take dlr's values."""
        known = self.features.reindex(index=borrowed.index, columns=borrowed.columns)
        self.features = known.fillna(borrowed)
        training = self.clinical.index[self.clinical["cohort"] == "training"]
        self.external = self.clinical.index.difference(training, sort=False)
        y = self.outcome[training]
        folds = grouped_folds(y, pd.Series(training, training), FOLDS, SEED)
        self.parts = [(training[train], training[test]) for train, test in folds]
        self.parts.append((training, self.external))
        names = ("sag.rad", "axi.rad", "sag.dl", "axi.dl")
        self.sets = {
            f"{'Rad' if name.endswith('rad') else 'DL'}_{name[:3]}": [
                column for column in self.features if column.startswith(name)
            ]
            for name in names
        }
        self.sets["DLR"] = list(self.features.columns)
        self.jobs = [(part, name) for part in range(len(self.parts)) for name in self.sets]

    def model(self, number: int) -> None:
        """Tune and fit one feature set on one training part; score its test part."""
        part, name = self.jobs[number]
        train, test = self.parts[part]
        X, y = self.features.loc[train, self.sets[name]], self.outcome[train]
        decisions = pd.DataFrame(index=train, columns=list(PENALTIES), dtype=float)
        areas: dict[float, list[float]] = {penalty: [] for penalty in PENALTIES}
        for learn, judge in grouped_folds(y, pd.Series(train, train), FOLDS, SEED):
            chain = selection(X.iloc[learn], y.iloc[learn].to_numpy())
            learnt, judged = chain.transform(X.iloc[learn]), chain.transform(X.iloc[judge])
            for penalty in PENALTIES:
                machine = SVC(C=penalty, class_weight="balanced").fit(learnt, y.iloc[learn])
                decision = machine.decision_function(judged)
                decisions.loc[train[judge], penalty] = decision
                if y.iloc[judge].nunique() == 2:
                    areas[penalty].append(float(roc_auc_score(y.iloc[judge], decision)))
        best = max(PENALTIES, key=lambda penalty: round(float(np.mean(areas[penalty])), 10))
        chain = selection(X, y.to_numpy())
        machine = SVC(C=best, class_weight="balanced").fit(chain.transform(X), y)
        unseen = self.features.loc[test, self.sets[name]]
        decision = machine.decision_function(chain.transform(unseen))
        # The log-odds line of Platt, without which folds could not be pooled.
        inner = decisions[[best]].to_numpy()
        line = LogisticRegression(C=np.inf).fit(inner, y)
        self.inner[part, name] = pd.Series(line.decision_function(inner), train)
        self.scores[part, name] = pd.Series(line.decision_function(decision[:, None]), test)

    def finish(self) -> pd.DataFrame:
        """Add the clinical model and the nomogram; AUCs of all scores."""
        coded = pd.get_dummies(self.clinical[list(CLINICAL)], drop_first=True).astype(float)
        for part, (train, test) in enumerate(self.parts):
            with_score = coded.assign(score=0.0)
            with_score.loc[train, "score"] = self.inner[part, "DLR"]
            with_score.loc[test, "score"] = self.scores[part, "DLR"]
            for name, design in (("Clinic", coded), ("Nomogram", with_score)):
                scale = StandardScaler().fit(design.loc[train])
                logistic = LogisticRegression(C=np.inf, max_iter=1000)
                logistic.fit(scale.transform(design.loc[train]), self.outcome[train])
                values = logistic.decision_function(scale.transform(design.loc[test]))
                self.scores[part, name] = pd.Series(values, test)
        last = len(self.parts) - 1
        rows = {}
        for name in (*self.sets, "Clinic", "Nomogram"):
            pooled = pd.concat([self.scores[part, name] for part in range(last)])
            external = self.scores[last, name]
            rows[name] = {
                "out-of-fold": roc_auc_score(self.outcome[pooled.index], pooled),
                "external": roc_auc_score(self.outcome[external.index], external),
            }
        return pd.DataFrame(rows).T


# ------------------------------------------------------------------------------ the race


@dataclass
class Race:
    """Both sides' times by stage; dlr's progress tells when the script takes its turn."""

    script: Script
    seconds: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    images: int = 0
    _last: np.ndarray = field(default_factory=lambda: np.zeros(2))

    @staticmethod
    def now() -> np.ndarray:
        """Return processor time and wall time."""
        return np.array([time.process_time(), time.perf_counter()])

    def add(self, side: str, stage: str) -> None:
        """Count the time since the last call."""
        now = self.now()
        key = (side, stage)
        self.seconds[key] = self.seconds.get(key, np.zeros(2)) + now - self._last
        self._last = now

    def resume(self) -> None:
        """Start counting."""
        self._last = self.now()

    def extraction(self, stage: str, done: int, _total: int) -> None:
        """Let the script take its turn after an image or a batch."""
        if stage == "images and radiomics":
            # What lies before the first image is the loading of the network.
            self.add("dlr", RADIOMICS if done else DEEP)
            if done:
                measured = self.script.image(done - 1)
                self.add("script", RADIOMICS if measured else "without PyRadiomics")
                self.images += measured
        else:
            self.add("dlr", DEEP)
            self.script.embed(done)
            self.add("script", DEEP)

    def training(self, stage: str, done: int, _total: int) -> None:
        """Let the script take its turn after a feature set of a fold."""
        # What lies before the first evaluation still belongs to the models.
        self.add("dlr", MODELS if stage == "models" or done == 0 else JUDGING)
        if stage == "models" and done:
            self.script.model(done - 1)
            self.add("script", MODELS)


def run(study: Study, measured: int, out: Path) -> tuple[Race, pd.DataFrame, pd.DataFrame]:
    """Run both sides; times, AUCs, and the radiomics of both for comparison."""
    script = Script(study, measured)
    # The first call of any network and of PyRadiomics is slower than all others.
    with torch.inference_mode():
        script.network(torch.zeros(BATCH, 3, 224, 224))
    script.extractor.execute(
        *(
            str(study.config.images.parent / script.images.iloc[0][kind])
            for kind in ("image", "mask")
        )
    )
    race = Race(script)
    race.resume()
    cohort = study.cohort()
    race.add("dlr", RADIOMICS)
    features = study.extract(cohort, progress=race.extraction)
    race.add("dlr", RADIOMICS)
    assert features.failures.empty, features.failures
    script.tabulate()
    race.add("script", DEEP)
    known = script.features
    script.start_models(features.values)
    race.add("script", MODELS)
    trained = study.train(cohort, features, progress=race.training)
    race.add("dlr", JUDGING)
    areas = script.finish()
    race.add("script", MODELS)
    trained.save(out)
    race.add("dlr", REPORT)
    return (
        race,
        areas.add_suffix(", script").join(areas_of(trained)),
        compare(known, features.values),
    )


def areas_of(trained: TrainedStudy) -> pd.DataFrame:
    """Return dlr's AUCs."""
    wanted = {
        "out-of-fold" if item.cohort == "training" else "external": {
            name: model.roc.auc.value for name, model in item.models.items()
        }
        for item in trained.result.evaluations
        if item.estimate in ("out-of-fold", "frozen")
    }
    return pd.DataFrame(wanted).add_suffix(", dlr")


def compare(script: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Return the relative deviation of both families of features."""
    rows = {}
    for family in ("rad", "dl"):
        columns = [name for name in script if f".{family}." in name]
        a, b = script[columns].dropna(), ours[columns]
        b = b.loc[a.index]
        scale = np.maximum(a.abs(), 1e-3 if family == "rad" else a.abs().to_numpy().max())
        rows[family] = {
            "features": len(columns),
            "deviation": float(((a - b).abs() / scale).max().max()),
        }
    return pd.DataFrame(rows).T


def print_times(race: Race, patients: int, measured: int) -> None:
    """Print seconds and ratios by stage, per patient, and at the size of the issue."""
    seconds = dict(race.seconds)
    aside = seconds.pop(("script", "without PyRadiomics"), None)
    if aside is not None:
        seconds["script", RADIOMICS] = seconds["script", RADIOMICS] * patients / measured
        print(f"\nPyRadiomics measured {measured} of {patients} patients; scaled to all of them")
    none = np.zeros(2)
    print("\n| stage | script, s | dlr, s | ratio | wall: script, s | dlr, s | ratio |")
    print("|---|---|---|---|---|---|---|")
    table = [(stage, seconds.get(("script", stage), none), seconds.get(("dlr", stage), none))
             for stage in STAGES]  # fmt: skip
    same = table[:3]
    total = ("the same outputs", sum(row[1] for row in same), sum(row[2] for row in same))
    whole = ("with judging and report", total[1], sum(row[2] for row in table))
    for name, script, ours in (*same, total, *table[3:], whole):
        cells = [
            f"{a:.1f} | {b:.1f} | " + (f"{a / b:.1f}" if a else "")
            for a, b in zip(script, ours, strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    print("\nprocessor time per patient, ms: " + "; ".join(
        f"{name}: script {script[0] / patients * 1e3:.0f}, dlr {ours[0] / patients * 1e3:.0f}"
        for name, script, ours in same[:2]
    ))  # fmt: skip
    if patients != ISSUE:
        at = [
            sum(row[side][0] * (ISSUE / patients if row[0] != MODELS else 1) for row in same)
            for side in (1, 2)
        ]
        print(
            f"extrapolated to {ISSUE} patients, models as measured here: script {at[0]:.0f} s, "
            f"dlr {at[1]:.0f} s, ratio {at[0] / at[1]:.1f}"
        )


def main() -> None:
    """Simulate, warm up, run both sides and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=24)
    parser.add_argument("--pyradiomics", type=int, help="let PyRadiomics measure so many only")
    parser.add_argument("--routine", action="store_true", help="volumes of a hospital's size")
    options = parser.parse_args()
    measured = min(options.pyradiomics or options.patients, options.patients)
    # a neighbour of this file is named like PyRadiomics' package
    here = Path(__file__).resolve().parent
    sys.path = [path for path in sys.path if Path(path).resolve() != here]
    torch.set_num_threads(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    warm_up()
    with threadpool_limits(1), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "warm").mkdir()
        (folder / "study").mkdir()
        warm = Study.from_yaml(write_study(folder / "warm", 24, folds=3))
        warm_cohort = warm.cohort()
        grids = ROUTINE if options.routine else (SAGITTAL, AXIAL)
        warm.train(warm_cohort, warm.extract(warm_cohort), progress=silent).save(folder / "first")
        study = Study.from_yaml(write_study(folder / "study", options.patients, FOLDS, grids))
        race, areas, agreement = run(study, measured, folder / "out")
    print(f"{options.patients} patients")
    print_times(race, options.patients, measured)
    print(f"\n{areas[sorted(areas, reverse=True)].round(3).to_string()}")
    print(f"\nlargest deviation, relative:\n{agreement.to_string()}")
    assert agreement.loc["rad", "deviation"] < 1e-6
    assert agreement.loc["dl", "deviation"] < 1e-3


if __name__ == "__main__":
    main()
