"""The facts of one ROI: what a check measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlr.check.finding import RoiKey
from dlr.features.roi_source import RoiRequest

if TYPE_CHECKING:
    from dlr.imaging import ResampleAudit
    from dlr.roi_pictures import RoiPicture


@dataclass(frozen=True, eq=False)
class RoiFacts:
    """What was measured of one usable ROI.

    Attributes
    ----------
    size : tuple of int
        Voxels of the image along x, y, z.
    spacing : tuple of float
        Voxel size in mm along x, y, z.
    slice_axis : int
        Axis (0: x, 1: y, 2: z) along which slices are stacked.
    default_origin : bool
        Whether the image's corner lies at (0, 0, 0), as in files without geometry.
    direction : str
        Where x, y and z lead: ``"LPS"`` is left, posterior, superior; oblique axes take the
        nearest.
    voxels : int
        Voxels of the ROI, on the image's grid.
    volume_ml : float
    parts : int
        Connected components (26 neighbours).
    largest_part : float
        Share of the ROI in its largest component, 0 to 1.
    border : tuple of str
        Sides of the image that the ROI touches within its slices, such as ``"anterior"``.
    cut_off : bool
        Whether the ROI touches the first or last slice of several.
    low, high : float
        Smallest and largest intensity in the ROI, as stored in the image.
    bins : int, optional
        Grey levels between the extremes, after normalisation and before any filter or resampling;
        None where no radiomics of the unfiltered image is asked for.
    audit : ResampleAudit
        What became of the mask on its way to the image's grid.
    mask_key : str
        Checksum of the ROI's voxels, whatever the file format.
    """

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    slice_axis: int
    default_origin: bool
    direction: str
    voxels: int
    volume_ml: float
    parts: int
    largest_part: float
    border: tuple[str, ...]
    cut_off: bool
    low: float
    high: float
    bins: int | None
    audit: ResampleAudit
    mask_key: str


@dataclass(frozen=True, eq=False)
class RoiCheck:
    """One ROI of one view and reader: its facts, or why it cannot be used.

    Attributes
    ----------
    request : RoiRequest
    image : str
        Path of the image.
    facts : RoiFacts, optional
    fault : str
        One sentence where there are no facts.
    image_key : str
        Checksum of the image's voxels, whatever the file format; "" if it cannot be read.
    picture : RoiPicture, optional
        For the contact sheet, where one was asked for.
    """

    request: RoiRequest
    image: str
    facts: RoiFacts | None = None
    fault: str = ""
    image_key: str = ""
    picture: RoiPicture | None = None

    @property
    def key(self) -> RoiKey:
        """Case, view and reader."""
        return self.request.case_id, self.request.view, self.request.reader
