"""A PACS export goes from import through extraction to training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from dlr import Study
from dlr.cli.app import run
from dlr.cohort.simulation import write_tiny_cohort

from ..imaging.dicom_samples import Scan, write_segmentation, write_series


def test_an_export_gives_the_features_of_its_volumes(tmp_path: Path) -> None:
    study = write_tiny_cohort(tmp_path / "nifti", n_subjects=18)
    images = pd.read_csv(study.parent / "images.csv", dtype=str)
    images = images[
        (images["view"] == images["view"].iloc[0]) & (images["reader"] == images["reader"].iloc[0])
    ]
    rows = images.drop_duplicates("subject_id")
    export = tmp_path / "export"
    for row in rows.itertuples():
        volume = sitk.ReadImage(str(study.parent / row.image))
        mask = sitk.GetArrayFromImage(sitk.ReadImage(str(study.parent / row.mask))) > 0
        scan = Scan(
            patient=row.subject_id,
            spacing=volume.GetSpacing(),
            origin=volume.GetOrigin(),
            axes=np.array(volume.GetDirection()).reshape(3, 3),
        )
        pixels = np.round(sitk.GetArrayFromImage(volume)).astype(np.int16)
        files = write_series(export / row.subject_id, pixels, scan)
        write_segmentation(export / f"{row.subject_id}.dcm", files, {"ROI": mask})
    assert run(["import", str(export), "--out", str(tmp_path / "tables")]) == 0
    imported = pd.read_csv(tmp_path / "tables" / "images.csv", dtype=str)
    assert sorted(imported["subject_id"]) == sorted(rows["subject_id"])

    found, expected = [], []
    for table, place in ((tmp_path / "tables" / "images.csv", found), (None, expected)):
        config = Study.from_yaml(study).config
        view = config.views[str(rows["view"].iloc[0])].model_copy(update={"embedding": False})
        changes = {"embedding": None, "agreement": None, "views": {"scan": view}}
        if table is None:
            table = study.parent / "one_view.csv"
            rows.assign(view="").to_csv(table, index=False)
        else:
            imported.assign(view="").to_csv(table, index=False)
        changes["images"] = table
        chosen = Study(config.model_copy(update=changes), tmp_path / "work")
        cohort = chosen.cohort()
        features = chosen.extract(cohort)
        assert features.failures.empty, features.failures["reason"].iloc[0]
        place.append(features.values.sort_index())
    np.testing.assert_allclose(found[0], expected[0], rtol=0.05)
