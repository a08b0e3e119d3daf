"""Small files of every kind that the readers take."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

import medlab
from medlab.cohort import Cohort
from medlab.errors import MedlabError


@pytest.fixture
def outcome():
    """Return a function that opens a file and returns the cohort, or the MedlabError; any other error passes."""

    def of(path: Path) -> Cohort | MedlabError:
        try:
            return medlab.open(path)
        except MedlabError as error:
            return error

    return of


@pytest.fixture
def save_png():
    def save(path: Path, pixels: np.ndarray, **options) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, **options)
        return path

    return save


@pytest.fixture
def save_nifti():
    def save(path: Path, voxels: np.ndarray, affine=None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine), path)
        return path

    return save


@pytest.fixture
def save_dicom():
    def save(path: Path, pixels: np.ndarray, *, z: float | None = 0.0, series: str = "1.2.3", **tags) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_ = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        slice_.PatientName, slice_.PatientID, slice_.PatientBirthDate = "Mustermann^Erika", "ID-4711", "19560203"
        slice_.SOPClassUID, slice_.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        slice_.SeriesInstanceUID, slice_.Modality = series, "CT"
        slice_.Rows, slice_.Columns, slice_.SamplesPerPixel = *pixels.shape, 1
        slice_.PhotometricInterpretation, slice_.PixelRepresentation = "MONOCHROME2", 0
        slice_.BitsAllocated = slice_.BitsStored = 16
        slice_.HighBit, slice_.RescaleSlope, slice_.RescaleIntercept = 15, 1, -1024
        slice_.PixelSpacing, slice_.ImageOrientationPatient = [0.5, 0.7], [1, 0, 0, 0, 1, 0]
        if z is not None:
            slice_.ImagePositionPatient = [10, 20, z]
        slice_.PixelData = pixels.astype("<u2").tobytes()
        for name, value in tags.items():
            setattr(slice_, name, value)
        pydicom.dcmwrite(path, slice_, enforce_file_format=True)
        return path

    return save


@pytest.fixture
def task(tmp_path, save_nifti) -> Path:
    """Return a Decathlon task of two cases with different sizes and types."""
    root = tmp_path / "Task99"
    cases = []
    for k, (shape, kind) in enumerate([((6, 8, 5), np.uint8), ((7, 6, 5), np.float32)]):
        voxels, label = np.full(shape, 10 + k, dtype=kind), np.zeros(shape, dtype=np.uint8)
        label[2, 3, 1], label[3, 3, 1:3] = 1, 2
        save_nifti(root / "imagesTr" / f"case_{k}.nii.gz", voxels)
        save_nifti(root / "labelsTr" / f"case_{k}.nii.gz", label)
        cases.append({"image": f"./imagesTr/case_{k}.nii.gz", "label": f"./labelsTr/case_{k}.nii.gz"})
    facts = {"name": "Spots", "licence": "CC0", "modality": {"0": "MRI"}, "numTraining": 2, "test": ["./x.nii.gz"]}
    facts |= {"labels": {"0": "background", "1": "front", "2": "back"}, "training": cases}
    (root / "dataset.json").write_text(json.dumps(facts))
    return root
