"""Tables of a CNN study: every fault listed, with file, row and column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.cnn.cohort import CnnCohort
from dlr.errors import InputError

from .conftest import LABELS, make_config, write_cohort


def test_labels_cohorts_and_pictures_are_read(tables):
    cohort = CnnCohort.load(make_config(*tables))
    assert cohort.cases["upper"].isin([0, 1]).all()
    assert cohort.external_names == ("external",)
    assert len(cohort.pictures) == 2 * len(cohort.cases)


def test_any_is_positive_where_one_label_is_and_unknown_where_it_cannot_be_told(tmp_path):
    images, clinical = write_cohort(tmp_path, 12)
    table = pd.read_csv(clinical)
    table["upper"] = ["yes", "no", "no", *table["upper"][3:]]
    table["middle"] = ["no", "no", "no", *table["middle"][3:]]
    table["lower"] = ["", "", "no", *table["lower"][3:]]
    table.to_csv(clinical, index=False)
    task = {"kind": "any", "labels": LABELS, "missing": "mask"}
    cases = CnnCohort.load(make_config(images, clinical, task=task)).cases
    assert cases["any"].iloc[0] == 1
    assert np.isnan(cases["any"].iloc[1])
    assert cases["any"].iloc[2] == 0


def test_wrong_labels_missing_cases_and_doubles_are_all_listed(tmp_path):
    images, clinical = write_cohort(tmp_path, 8)
    table = pd.read_csv(clinical)
    table.loc[2, "upper"] = "perhaps"
    table.to_csv(clinical, index=False)
    pictures = pd.read_csv(images)
    pictures = pictures[pictures["subject_id"] != "P05"]
    extra = pd.DataFrame([{"subject_id": "P99", "image": "x.png"}, dict(pictures.iloc[0])])
    pd.concat([pictures, extra]).to_csv(images, index=False)
    with pytest.raises(InputError) as caught:
        CnnCohort.load(make_config(images, clinical))
    text = str(caught.value)
    for part in ("'perhaps'", "row 4", "case 'P05' has no row", "case 'P99' has no row", "twice"):
        assert part in text


def test_missing_labels_are_a_fault_unless_masked(tmp_path):
    images, clinical = write_cohort(tmp_path, 8)
    table = pd.read_csv(clinical)
    table.loc[1, "upper"] = ""
    table.to_csv(clinical, index=False)
    with pytest.raises(InputError, match="the outcome is missing"):
        CnnCohort.load(make_config(images, clinical))
    masked = make_config(images, clinical, task={"labels": LABELS[:1], "missing": "mask"})
    assert np.isnan(CnnCohort.load(masked).cases["upper"].iloc[1])


def test_a_subject_in_two_cohorts_is_refused(tmp_path):
    images, clinical = write_cohort(tmp_path, 8)
    pd.read_csv(images).assign(roi="a").to_csv(images, index=False)
    table = pd.read_csv(clinical).assign(roi="a")
    again = table.iloc[[1]].assign(roi="b", cohort="external")
    pd.concat([table, again]).to_csv(clinical, index=False)
    with pytest.raises(InputError, match="must be in one cohort"):
        CnnCohort.load(make_config(images, clinical, unit="roi"))


def test_new_patients_need_no_label(tables, tmp_path):
    images, clinical = tables
    bare = tmp_path / "bare.csv"
    pd.read_csv(clinical)[["subject_id"]].to_csv(bare, index=False)
    config = make_config(images, clinical)
    cohort = CnnCohort.load_new(config, images, bare)
    assert cohort.cases["upper"].isna().all()
    assert set(cohort.cases["cohort"]) == {"new"}
