"""Pictures of regions: the entropy is scikit-image's, outlines lie where they should."""

from __future__ import annotations

import numpy as np
import pytest

from dlr import figures
from dlr.errors import DlrError
from dlr.roi_pictures import RoiPicture, outline_of


def picture(rows: int = 40, columns: int = 40, seed: int = 0) -> RoiPicture:
    random = np.random.default_rng(seed)
    crop = random.integers(0, 256, (rows, columns)).astype(np.uint8)
    y, x = np.mgrid[:rows, :columns]
    inside = (y - rows / 2) ** 2 + (x - columns / 2) ** 2 < (min(rows, columns) / 4) ** 2
    return RoiPicture("sag", crop, outline_of(inside))


@pytest.mark.parametrize("radius", [1, 3, 5])
def test_local_entropy_is_that_of_scikit_image(radius) -> None:
    from skimage.filters.rank import entropy
    from skimage.morphology import disk

    crop = (picture(33, 27).crop // 16 * 16).astype(np.uint8)
    crop[5:20, 5:20] = 100
    expected = entropy(crop, disk(radius))
    np.testing.assert_allclose(figures.local_entropy(crop, radius), expected, atol=1e-6)


def test_local_entropy_of_real_slices_is_that_of_scikit_image(data_root) -> None:
    import SimpleITK as sitk
    from skimage.filters.rank import entropy
    from skimage.morphology import disk

    volume = sitk.ReadImage(str(data_root / "lumbar_ivd_t2" / "IVD11_img.nii.gz"))
    slice_ = sitk.GetArrayFromImage(volume).astype(float)
    middle = slice_[slice_.shape[0] // 2]
    low, high = np.percentile(middle, [1, 99])
    share = np.clip((middle - low) / (high - low), 0, 1)
    levels = np.rint(255 * share).astype(np.uint8)
    ours = figures.local_entropy(share)
    np.testing.assert_allclose(ours, entropy(levels, disk(5)), atol=1e-6)


def test_local_entropy_of_a_uniform_picture_is_zero() -> None:
    assert not figures.local_entropy(np.full((6, 7), 0.5)).any()


@pytest.mark.parametrize(
    "wrong", [np.zeros(5), np.zeros((0, 3)), np.full((3, 3), np.nan), np.full((3, 3), 300)]
)
def test_local_entropy_refuses_what_is_no_picture(wrong) -> None:
    with pytest.raises(DlrError):
        figures.local_entropy(wrong)
    with pytest.raises(DlrError, match="radius"):
        figures.local_entropy(np.zeros((3, 3)), 0)


@pytest.mark.parametrize("draw", [figures.plot_roi, figures.plot_local_entropy])
def test_the_outline_lies_on_the_picture(draw, crowded) -> None:
    item = picture(30, 50)
    ax = draw(item, title="sagittal")
    outline = [line for line in ax.lines if line.get_gid() == "outline"]
    np.testing.assert_allclose(np.mean(outline[0].get_xdata()), 25, atol=1)
    np.testing.assert_allclose(np.mean(outline[0].get_ydata()), 15, atol=1)
    assert ax.images[0].get_extent() == [0, 50, 30, 0]
    assert crowded(ax.figure) == []


def test_pictures_without_region_or_contrast(crowded) -> None:
    plain = RoiPicture("axi", np.full((8, 8), 7, np.uint8), ())
    for draw in (figures.plot_roi, figures.plot_local_entropy):
        assert crowded(draw(plain).figure) == []
    ax = figures.plot_roi_sheet({"P1": (plain,)})
    assert ax.texts[0].get_text() == "P1\naxi, no outline"
    assert crowded(ax.figure) == []


def test_contact_sheet_shows_every_view_and_frames_flagged_cases(crowded) -> None:
    sheet = {f"patient number {k} of many": (picture(), picture(30, 60)) for k in range(5)}
    flagged = next(iter(sheet))
    ax = figures.plot_roi_sheet(sheet, flagged=[flagged])
    assert len(ax.images) == 10
    frames = [line.get_linewidth() for line in ax.lines if line.get_gid() != "outline"]
    assert sum(width > 1 for width in frames) == 2
    for line in (line for line in ax.lines if line.get_gid() == "outline"):
        assert np.min(line.get_xdata()) >= 0
        assert np.max(line.get_xdata()) <= 6
    assert crowded(ax.figure) == []


def test_empty_contact_sheet_says_so(crowded) -> None:
    ax = figures.plot_roi_sheet({})
    assert ax.texts[0].get_text() == "no pictures"
    assert crowded(ax.figure) == []
