"""The digital phantom of IBSI-1: reference values, known deviations, and the mode without them."""

import csv
import math

import pytest
import SimpleITK as sitk

from dlr.errors import InputError
from dlr.features.radiomics import make_engine
from dlr.features.radiomics.ibsi import DEVIATIONS, IBSI_TAGS
from dlr.features.radiomics.reader import parse_settings

pytestmark = pytest.mark.real_data


def phantom_values(data_root, ibsi):
    folder = data_root / "ibsi_digital_phantom"
    image = sitk.ReadImage(str(folder / "nifti" / "image" / "phantom.nii.gz"))
    mask = sitk.ReadImage(str(folder / "nifti" / "mask" / "mask.nii.gz"))
    classes = {}
    for name in IBSI_TAGS:
        feature_class, feature = name.split("_")
        classes.setdefault(feature_class, []).append(feature)
    raw = {"setting": {"binWidth": 1, "ibsi": ibsi}, "featureClass": classes}
    values = make_engine("native", parse_settings(raw, "ibsi.yaml")).execute(image, mask).values
    return {name: values[f"original_{name}"] for name in IBSI_TAGS}


def references(data_root):
    """Reference value and allowed error: IBSI's tolerance, or half of the third digit."""
    path = data_root / "ibsi_digital_phantom" / "ibsi_1_dig_phantom.csv"
    with path.open() as file:
        rows = {tag: (value, error) for value, error, tag in csv.reader(file, delimiter=";")}
    found = {}
    for name, tag in IBSI_TAGS.items():
        value = float(rows[tag][0])
        rounding = 0.501 * 10.0 ** (math.floor(math.log10(abs(value))) - 2)
        found[name] = (value, max(float(rows[tag][1] or 0), rounding))
    return found


def off(values, expected):
    return {
        name for name, (value, error) in expected.items() if not abs(values[name] - value) <= error
    }


def test_phantom_agrees_but_for_the_documented_deviations(data_root):
    wrong = off(phantom_values(data_root, False), references(data_root))
    assert wrong <= set(DEVIATIONS)
    assert "firstorder_Kurtosis" in wrong


def test_ibsi_mode_agrees_on_every_feature(data_root):
    assert off(phantom_values(data_root, True), references(data_root)) == set()


def test_every_deviation_is_a_known_feature():
    assert set(DEVIATIONS) <= set(IBSI_TAGS)
    assert len(IBSI_TAGS) == 105


def test_pyradiomics_refuses_the_mode():
    with pytest.raises(InputError, match="'ibsi' is dlr's own"):
        make_engine("pyradiomics", parse_settings({"setting": {"ibsi": True}}, "a.yaml"))
