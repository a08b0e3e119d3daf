"""Read folders, tables and single files of images that somebody else made, without trusting them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medlab.cohort import Cohort
from medlab.errors import DataError, unknown
from medlab.sources.asked import FITS, LAYOUTS
from medlab.sources.fitting import Fit


def open_path(
    path: Path,
    *,
    fit: str | None = None,
    size: int | tuple[int, ...] | None = None,
    layout: str | None = None,
    skip: str | Sequence[str] = (),
) -> Cohort:
    """Open a folder, a csv file or one image as a cohort.

    Every file of a folder is read, or named in a note, or the folder is refused.

    Parameters
    ----------
    path : Path
        A folder (Medical Segmentation Decathlon, Pascal VOC, images/ and masks/, a folder per class or patient, DICOM
        series, WFDB records, or images only), a csv file with a column of image paths, an image (png, jpg, tif, bmp,
        webp, gif, nii, nii.gz, dcm), or a WFDB header (hea).
    fit : {"pad", "crop", "resample"}, optional
        How images of different sizes are brought to one; without it different sizes are an error.
    size : int or tuple of int, optional
        The pixels along every axis to pad, crop or resample to. "pad" takes the largest that was found if it is not
        given, "crop" the smallest, "resample" needs it.
    layout : {"classes", "patients", "series", "masks", "images"}, optional
        What a folder holds, where it can be read in two ways: a folder per class (pictures in deeper folders belong to
        it too), a folder per patient, DICOM series (a volume per folder), pictures with masks beside them
        ("x.png", "x_mask.png"), or pictures only, from all folders and without labels.
    skip : str or sequence of str
        Patterns of names or relative paths to leave out, such as "*_overview.png".

    Returns
    -------
    Cohort
        8- and 16-bit pictures are 0 to 1, CT from DICOM is in HU if its tags say so, NIfTI keeps its numbers with axes
        to the right, to the front and to the top (RAS+).

    Raises
    ------
    DataError
        If the form is not known or can be read in two ways, or a file is missing, damaged, hostile, or does not fit
        the others.

    Examples
    --------
    >>> open_path(Path("hippocampus"), fit="pad").images.shape  # doctest: +SKIP
    torch.Size([260, 1, 43, 59, 47])
    """
    # Imported here: opening an npz file needs neither PIL nor nibabel nor pydicom.
    from medlab.sources.readers.dicom import is_dicom
    from medlab.sources.readers.folders import open_folder
    from medlab.sources.readers.images import SUFFIXES, is_image
    from medlab.sources.readers.stack import build
    from medlab.sources.readers.tables import open_csv

    for name, got, known in (("fit", fit, FITS), ("layout", layout, LAYOUTS)):
        if got is not None and got not in known:
            raise unknown(name, got, known)
    how = Fit(fit, size if fit else None)
    try:
        if path.is_dir():
            return open_folder(path, how, layout=layout, skip=(skip,) if isinstance(skip, str) else tuple(skip))
        if path.suffix.lower() in (".csv", ".tsv"):
            return open_csv(path, how)
        if path.suffix.lower() == ".hea":
            from medlab.sources.readers.waves import open_waves  # wfdb takes a second to import

            return open_waves([path], root=path.resolve().parent)
        if is_image(path) or is_dicom(path):
            # The person named this very file: wherever it points to is what was asked for.
            return build([path], root=path.resolve().parent, fit=how, source=path.name)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error})", hint="look at who may read it") from error
    raise DataError(
        f"{path} ends with {path.suffix!r}; wanted .npz, .csv, .hea, {', '.join(SUFFIXES)} or a folder",
        hint="numpy.savez_compressed('mine.npz', images=...)",
    )
