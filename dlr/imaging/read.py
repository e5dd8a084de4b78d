"""Reading one image file as a scalar three-dimensional volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from dlr.dicom.references import is_dicom
from dlr.errors import CaseError
from dlr.imaging.detached import data_files
from dlr.imaging.headers import header_fault
from dlr.imaging.nifti import truncation
from dlr.safety.paths import quoted

# ITU-R BT.601 luma, the weights every image viewer uses for 8-bit colour pictures.
_LUMA = (0.299, 0.587, 0.114)


def read_image(path: str | Path, rgb: str = "error") -> sitk.Image:
    """Read an image file as a scalar volume.

    NIfTI, NRRD, MHA/MHD and every other format ITK knows are read with their geometry; a
    two-dimensional picture (PNG, JPG, 2-D NIfTI) becomes a volume of one slice. The pixel
    type is kept: 8-bit stays 8-bit, 16-bit stays 16-bit. DICOM is read as
    `dlr.dicom.read_volume` says.

    Parameters
    ----------
    path : str or Path
        The file; a folder with one DICOM series; or ``folder#SERIES`` where it holds several,
        with the SeriesInstanceUID or its fingerprint.
    rgb : {"error", "luma", "channel:0", ..., "channel:3"}
        What to do with a picture of several channels: refuse it, take its luma
        (0.299 R + 0.587 G + 0.114 B), or take one channel. A picture whose colour channels
        are all equal holds no colour and is read as the grey picture it is.

    Returns
    -------
    SimpleITK.Image
        Three-dimensional image of one component; its array is (z, y, x).

    Raises
    ------
    CaseError
        If the file is missing, cannot be read, has more than three dimensions, or has
        colour channels and `rgb` is "error"; if slices of a series are missing, doubled or
        do not belong together.
    MissingDependencyError
        If it is DICOM and pydicom is not installed.
    """
    path = Path(path)
    image = as_volume(load(path, "image"), path)
    if image.GetNumberOfComponentsPerPixel() > 1:
        return to_grey(image, rgb, path)
    return image


def load(path: Path, kind: str) -> sitk.Image:
    """Load DICOM, or a file with ITK; `kind` ("image" or "mask") is used in messages only."""
    if is_dicom(path):
        from dlr.dicom.volume import read_volume

        return read_volume(path)
    if not path.is_file():
        raise CaseError(
            f"The {kind} file {quoted(path)} does not exist; correct the path in the images table"
            " (paths start from the table's folder) or add the file."
        )
    fault = header_fault(path) or truncation(path)
    if fault is None:
        data_files(path)  # a header may lead to pixels, but not to any file of the disk
        try:
            return sitk.ReadImage(str(path))
        except MemoryError:
            fault = "it asks for more memory than there is"
        except RuntimeError as error:
            # ITK puts the path between marks of its own, which a folder's name may hold, too.
            fault = _reason(error).replace(str(path), path.name)
    raise CaseError(
        f"The {kind} file {quoted(path)} cannot be read ({fault}); it may be damaged or of another"
        " format than its name says: copy it again, or save it again from a viewer as NIfTI or"
        " NRRD."
    )


def _reason(error: RuntimeError) -> str:
    """Cut ITK's report, many lines with source paths, down to what it says at the end."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason given"
    head, separator, tail = last.partition("): ")
    return tail if separator and head.startswith(("itk::", "ITK ERROR")) else last


def as_volume(image: sitk.Image, path: Path) -> sitk.Image:
    """Give `image` exactly three dimensions.

    Raises
    ------
    CaseError
        If it has a fourth dimension longer than one (a time series, several contrasts).
    """
    dimension = image.GetDimension()
    if dimension == 2:
        return sitk.JoinSeries([image])
    if dimension == 3:
        return image
    size = image.GetSize()
    if any(extent != 1 for extent in size[3:]):
        shown = " x ".join(str(extent) for extent in size)
        raise CaseError(
            f"The image {quoted(path)} has {dimension} dimensions ({shown}); save the one volume"
            " that the mask was drawn on as a file of its own."
        )
    return sitk.Extract(image, [*size[:3], *([0] * (dimension - 3))], [0] * dimension)


def to_grey(image: sitk.Image, rgb: str, path: Path) -> sitk.Image:
    """Reduce a picture of several channels to one, as the policy `rgb` says."""
    channels = image.GetNumberOfComponentsPerPixel()
    pixels = sitk.GetArrayViewFromImage(image)
    colours = pixels[..., : 3 if channels >= 3 else 1]
    if rgb.startswith("channel:"):
        wanted = int(rgb.removeprefix("channel:"))
        if wanted >= channels:
            raise CaseError(
                f"The image {quoted(path)} has {channels} channels (0 to {channels - 1}), so"
                f" 'masks.rgb: {rgb}' cannot be taken; choose one of these."
            )
        grey = pixels[..., wanted]
    elif colours.shape[-1] == 1 or bool(np.all(colours == colours[..., :1])):
        grey = colours[..., 0]
    elif rgb == "luma":
        grey = np.rint(colours @ np.array(_LUMA)).astype(pixels.dtype)
    else:
        raise CaseError(
            f"The image {quoted(path)} has {channels} colour channels where one grey value is"
            " needed; save it as a grey picture, or set 'masks.rgb: luma' or 'masks.rgb:"
            " channel:0'."
        )
    result = sitk.GetImageFromArray(np.ascontiguousarray(grey))
    result.CopyInformation(image)
    return result
