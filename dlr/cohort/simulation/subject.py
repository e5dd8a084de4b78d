"""Make one simulated patient's images and masks and write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from dlr.cohort.simulation.anatomy import Anatomy, draw_anatomy
from dlr.cohort.simulation.axial import AXIAL_SHIFT_MM, paint_axial
from dlr.cohort.simulation.grid import Grid
from dlr.cohort.simulation.reader import FIRST_READER, READERS, contour
from dlr.cohort.simulation.sagittal import Volume, paint_sagittal
from dlr.cohort.simulation.scanner import SCANNERS, acquire

Row = Mapping[str, object]

# Centre B decides on surgery a little less by what the images show, as another team would:
# external results are then somewhat worse than internal ones, as they are in practice.
CENTER_EFFECTS = {"A": 1.0, "B": 0.75}


@dataclass(frozen=True)
class Plan:
    """What is made for every patient of a cohort.

    Parameters
    ----------
    folder : Path
        Folder of the cohort.
    seed : int
        Seed of the cohort.
    sagittal : Grid
        Sampling of the sagittal view.
    axial : Grid or None
        Sampling of the axial view; None for no axial view.
    effect : float
        Size of the outcome's own effect on the images at centre A.
    """

    folder: Path
    seed: int
    sagittal: Grid
    axial: Grid | None
    effect: float


@dataclass(frozen=True)
class Patient:
    """One patient to make.

    Parameters
    ----------
    number : int
        Place in the cohort; with the cohort's seed it decides every draw.
    row : mapping
        The patient's row of the clinical table.
    readers : tuple of str
        Who draws the masks.
    levels : dict of str to mapping, or None
        The rows of the discs when each disc is a region of interest of its own.
    """

    number: int
    row: Row
    readers: tuple[str, ...] = (FIRST_READER,)
    levels: Mapping[str, Row] | None = None


def make_patient(patient: Patient, plan: Plan) -> list[dict[str, object]]:
    """Make and write a patient's images and masks.

    The draws depend on the cohort's seed and the patient's number only, so that any number of
    workers makes the same files.

    Returns
    -------
    list of dict
        The patient's rows of ``images.csv``.
    """
    rng = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(1, patient.number)))
    effect = plan.effect * CENTER_EFFECTS[str(patient.row["center"])]
    anatomy = draw_anatomy(patient.row, rng, effect, patient.levels)
    pose = _pose(rng)
    names = (anatomy.target,) if patient.levels is None else tuple(patient.levels)
    place = anatomy.spaces[anatomy.target_index if patient.levels is None else 3]
    # The target lies below and in front of the middle of the field of view.
    centre = (
        place.a + 0.12 * plan.sagittal.columns * plan.sagittal.pixel_mm,
        place.s - 0.06 * plan.sagittal.rows * plan.sagittal.pixel_mm,
    )
    volume = paint_sagittal(anatomy, plan.sagittal, centre, names, rng)
    direction = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    position = np.array([0.0, centre[0], -centre[1]])
    frame = _Frame(plan.sagittal, pose @ direction, pose @ position)
    rows = _write_view("sag", volume, frame, patient, plan, rng)
    if plan.axial is not None:
        volume = paint_axial(anatomy, plan.axial, rng)
        frame = _axial_frame(anatomy, plan.axial, pose)
        rows += _write_view("axi", volume, frame, patient, plan, rng)
    return rows


@dataclass(frozen=True)
class _Frame:
    """Where a volume lies: direction cosines (3, 3) and centre in mm, in LPS coordinates."""

    grid: Grid
    direction: np.ndarray
    centre: np.ndarray

    def image(self, array: np.ndarray) -> sitk.Image:
        image = sitk.GetImageFromArray(array)
        extent = np.array(self.grid.spacing) * (np.array(self.grid.shape[::-1]) - 1) / 2
        image.SetSpacing(self.grid.spacing)
        image.SetDirection(self.direction.ravel().tolist())
        image.SetOrigin((self.centre - self.direction @ extent).tolist())
        return image


def _pose(rng: np.random.Generator) -> np.ndarray:
    """Rotation (3, 3) of a patient who does not lie quite straight: about 2 degrees."""
    turn, nod, roll = np.deg2rad(rng.normal(0, 1.5, 3))
    matrices = []
    for axis, angle in enumerate((nod, roll, turn)):
        first, second = [other for other in range(3) if other != axis]
        matrix = np.eye(3)
        matrix[first, first] = matrix[second, second] = np.cos(angle)
        matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
        matrices.append(matrix)
    return np.asarray(matrices[0] @ matrices[1] @ matrices[2])


def _axial_frame(anatomy: Anatomy, grid: Grid, pose: np.ndarray) -> _Frame:
    """Oblique axial slices, parallel to the target disc."""
    place = anatomy.spaces[anatomy.target_index]
    cosine, sine = np.cos(place.tilt), np.sin(place.tilt)
    direction = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    position = np.array([0.0, place.a, -place.s]) + AXIAL_SHIFT_MM * direction[:, 1]
    return _Frame(grid, pose @ direction, pose @ position)


def _write_view(
    view: str,
    volume: Volume,
    frame: _Frame,
    patient: Patient,
    plan: Plan,
    rng: np.random.Generator,
) -> list[dict[str, object]]:
    subject = str(patient.row["subject_id"])
    scanner = SCANNERS[str(patient.row["center"])]
    image = f"images/{subject}_{view}.nii.gz"
    array = acquire(volume.signal, frame.grid, scanner, rng)
    sitk.WriteImage(frame.image(array), plan.folder / image, useCompression=True)
    rows: list[dict[str, object]] = []
    for reader in patient.readers:
        mask = f"masks/{subject}_{view}_{reader}.nii.gz"
        labels = np.zeros(frame.grid.shape, dtype=np.uint8)
        for label, (name, region) in enumerate(volume.regions.items(), start=1):
            labels[contour(region, frame.grid, READERS[reader], rng)] = label
            row: dict[str, object] = {"subject_id": subject, "image": image, "mask": mask}
            row |= {"view": view, "reader": reader}
            if patient.levels is not None:
                row |= {"roi": name, "mask_label": label}
            rows.append(row)
        sitk.WriteImage(frame.image(labels), plan.folder / mask, useCompression=True)
    return rows
