"""Read folders, tables and single files of images that somebody else made, without trusting them."""

from __future__ import annotations

from pathlib import Path

from medlab.cohort import Cohort
from medlab.errors import DataError, unknown
from medlab.sources.readers.grid import FITS, Fit


def open_path(path: Path, *, fit: str | None = None, size: int | tuple[int, ...] | None = None) -> Cohort:
    """Open a folder, a csv file or one image as a cohort.

    Parameters
    ----------
    path : Path
        A folder (Medical Segmentation Decathlon, Pascal VOC, images/ and masks/, a folder per class, a DICOM series,
        or images only), a csv file with a column of image paths, or an image (png, jpg, tif, bmp, nii, nii.gz, dcm).
    fit : {"pad", "crop", "resample"}, optional
        How images of different sizes are brought to one; without it different sizes are an error.
    size : int or tuple of int, optional
        The pixels along every axis to pad, crop or resample to. "pad" takes the largest that was found if it is not
        given, "crop" the smallest, "resample" needs it.

    Returns
    -------
    Cohort
        8- and 16-bit pictures are 0 to 1, CT from DICOM is in HU, NIfTI keeps its numbers with axes to the right, to
        the front and to the top (RAS+).

    Raises
    ------
    DataError
        If the form is not known, or a file is missing, damaged, hostile, or does not fit the others.

    Examples
    --------
    >>> open_path(Path("hippocampus"), fit="pad").images.shape  # doctest: +SKIP
    torch.Size([260, 1, 43, 59, 47])
    """
    # Imported here: opening an npz file needs neither PIL nor nibabel nor pydicom.
    from medlab.sources.readers.folders import open_folder
    from medlab.sources.readers.images import SUFFIXES, is_image
    from medlab.sources.readers.stack import build
    from medlab.sources.readers.tables import open_csv

    if fit is not None and fit not in FITS:
        raise unknown("fit", fit, FITS)
    how = Fit(fit, size if fit else None)
    try:
        if path.is_dir():
            return open_folder(path, how)
        if path.suffix.lower() == ".csv":
            return open_csv(path, how)
        if is_image(path):
            # The person named this very file: wherever it points to is what was asked for.
            return build([path], root=path.resolve().parent, fit=how, source=path.name)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error})", hint="look at who may read it") from error
    raise DataError(
        f"{path} ends with {path.suffix!r}; wanted .npz, .csv, {', '.join(SUFFIXES)} or a folder",
        hint="numpy.savez_compressed('mine.npz', images=...)",
    )
