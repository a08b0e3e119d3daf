"""DICOM folders and files: what is cut, tilted, compressed, or no image at all."""

import numpy as np
import pydicom
import pytest
import torch
from pydicom.uid import HTJ2KLossless, JPEGLSLossless

import medlab
from medlab.errors import DataError

RTSTRUCT, SR, SEG = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.66.4"


@pytest.fixture
def series(tmp_path, save_dicom):
    def save(n=5, folder="s", end=".dcm", **tags):
        for k in range(n):
            save_dicom(tmp_path / "set" / folder / f"{k}{end}", np.full((6, 5), 1024 + k), z=2.0 * k, **tags)
        return tmp_path / "set"

    return save


def of_another_kind(path, uid):
    dataset = pydicom.dcmread(path)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = uid
    for name in ("Rows", "Columns", "PixelData", "ImagePositionPatient"):
        delattr(dataset, name)
    dataset.save_as(path)


@pytest.mark.parametrize("keep", [0, 100, 131])
def test_a_slice_that_arrived_cut_is_never_left_out(series, keep):
    root = series()
    path = root / "s" / "4.dcm"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"4\.dcm .*no mark of DICOM"):
        medlab.open(root)


@pytest.mark.parametrize("end", [".dicom", ".DCM", "", ".IMA", ".1"])
def test_slices_of_any_ending_are_slices(series, end):
    assert medlab.open(series(end=end)).images.shape[2] == 5


@pytest.mark.parametrize(("uid", "name"), [(RTSTRUCT, "RT Structure Set"), (SR, "Text SR"), (SEG, "Segmentation")])
def test_what_is_no_image_is_named_for_what_it_is(series, save_dicom, uid, name):
    root = series()
    other = save_dicom(root / "s" / "other.dcm", np.zeros((6, 5)))
    of_another_kind(other, uid)
    cohort = medlab.open(root)
    assert cohort.images.shape[2] == 5
    assert any(name in note for note in cohort.notes)
    assert any("other.dcm" in note for note in cohort.notes)
    with pytest.raises(DataError, match=rf"is no image but .*{name}") as caught:
        medlab.open(other)
    assert "damaged" not in str(caught.value)


def test_a_compression_that_cannot_be_undone_is_named(tmp_path, save_dicom):
    path = save_dicom(tmp_path / "a.dcm", np.zeros((6, 5)))
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = HTJ2KLossless
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xf7" + b"0" * 50])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    with pytest.raises(DataError, match="compressed as High-Throughput JPEG 2000") as caught:
        medlab.open(path)
    assert "damaged" not in str(caught.value)
    assert "export it uncompressed" in caught.value.hint


def test_a_compression_without_loss_changes_nothing(tmp_path, save_dicom):
    values = np.arange(30.0).reshape(6, 5)
    path = save_dicom(tmp_path / "a.dcm", values)
    plain = medlab.open(path).images
    dataset = pydicom.dcmread(path)
    dataset.compress(JPEGLSLossless)
    dataset.save_as(path)
    assert torch.equal(medlab.open(path).images, plain)


def test_a_tilted_gantry_and_drifting_slices_are_told(series, tmp_path, save_dicom):
    tilt = np.deg2rad(15)
    root = series(ImageOrientationPatient=[1, 0, 0, 0, np.cos(tilt), np.sin(tilt)])
    assert any("tilt of 15 degrees" in note for note in medlab.open(root).notes)
    for k in range(4):
        path = save_dicom(tmp_path / "drift" / f"{k}.dcm", np.full((6, 5), k))
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient = [1.5 * k, 0, 2.0 * k]
        dataset.save_as(path)
    assert any("sheared" in note for note in medlab.open(tmp_path / "drift").notes)


def test_slices_that_were_never_copied_are_told_by_their_numbers(series, tmp_path):
    root = series(ImagesInAcquisition=9)
    assert any("speak of 9 slices, 5 are here" in note for note in medlab.open(root).notes)
    for k, path in enumerate(sorted((root / "s").iterdir())):
        dataset = pydicom.dcmread(path)
        dataset.InstanceNumber = k + 4
        del dataset.ImagesInAcquisition
        dataset.save_as(path)
    assert any("first slice here is number 4" in note for note in medlab.open(root).notes)


def test_a_folder_of_series_per_patient_is_a_volume_each_and_no_classes(series):
    for k in range(3):
        root = series(folder=f"ward/p{k}/ct", SeriesInstanceUID=f"1.2.{k}", PatientID=f"ID-{k}", RescaleIntercept=-k)
    cohort = medlab.open(root)
    assert cohort.images.shape == (3, 1, 5, 6, 5)
    assert cohort.labels is None
    assert len(set(cohort.patient_ids)) == 3


def test_units_are_claimed_only_by_their_tags(tmp_path, save_dicom):
    path = save_dicom(tmp_path / "a.dcm", np.full((6, 5), 1000))
    dataset = pydicom.dcmread(path)
    assert medlab.open(path).intensity == "HU"
    dataset.RescaleType = "US"
    dataset.save_as(tmp_path / "b.dcm")
    assert "HU" not in medlab.open(tmp_path / "b.dcm").intensity
    for name in ("RescaleSlope", "RescaleIntercept", "RescaleType"):
        delattr(dataset, name)
    dataset.save_as(tmp_path / "c.dcm")
    cohort = medlab.open(tmp_path / "c.dcm")
    assert cohort.intensity == "as stored"
    assert any("not claimed to be HU" in note for note in cohort.notes)
    dataset.Modality, dataset.Units, dataset.RescaleSlope, dataset.RescaleIntercept = "PT", "BQML", 2, 0
    dataset.save_as(tmp_path / "d.dcm")
    cohort = medlab.open(tmp_path / "d.dcm")
    assert (cohort.intensity, float(cohort.images.max())) == ("Bq/ml", 2000)


def test_padding_is_no_density(tmp_path, save_dicom):
    pixels = np.full((6, 5), 1000)
    pixels[0], pixels[1] = 63536, 24
    path = save_dicom(tmp_path / "a.dcm", pixels, PixelPaddingValue=63536)
    cohort = medlab.open(path)
    assert sorted(set(cohort.images.flatten().tolist())) == [-1000, -24]
    assert any("padding" in note for note in cohort.notes)


def test_a_modality_lut_is_applied(tmp_path, save_dicom):
    path = save_dicom(tmp_path / "a.dcm", np.arange(30).reshape(6, 5) % 3)
    dataset = pydicom.dcmread(path)
    del dataset.RescaleSlope, dataset.RescaleIntercept
    table = pydicom.Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [3, 0, 16], "OD"
    table["LUTDescriptor"].VR = "US"
    table.add_new("LUTData", "US", [7, 70, 700])
    dataset.ModalityLUTSequence = [table]
    dataset.save_as(path)
    cohort = medlab.open(path)
    assert cohort.images[0, 0, 0, :3].tolist() == [7, 70, 700]
    assert cohort.intensity != "HU"


def test_palettes_become_their_colors(tmp_path):
    from pydicom.examples import get_path

    cohort = medlab.open(get_path("palette_color"))
    expected = pydicom.pixels.apply_color_lut(
        pydicom.examples.palette_color.pixel_array, pydicom.examples.palette_color
    )
    assert cohort.images.shape[1] == 3
    assert np.allclose(cohort.images[0].numpy(), np.moveaxis(expected, -1, 0) / np.iinfo(expected.dtype).max, atol=1e-6)


def test_images_without_a_patient_beside_others_are_patients_of_their_own(tmp_path, save_dicom):
    for k, patient in enumerate(["ID-1", "ID-1", "", "ANONYMOUS", "ANONYMOUS"]):
        save_dicom(tmp_path / "x" / f"{k}.dcm", np.full((6, 5), k), z=None, PatientID=patient, Modality="DX")
    cohort = medlab.open(tmp_path / "x")
    assert len(set(cohort.patient_ids)) == 4
    assert any("3 images name no patient" in note for note in cohort.notes)
