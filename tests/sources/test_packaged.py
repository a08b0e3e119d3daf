"""Real images that installed packages carry."""

import sqlite3

import numpy as np
import pytest
import torch

import medlab
from medlab import sources
from medlab.errors import SourceUnavailable
from medlab.sources.lidc import outlines
from medlab.sources.packaged import carried


@pytest.fixture(scope="module")
def readings():
    return medlab.open("lidc_readings")


def test_the_readings_are_those_that_were_published(readings):
    # Armato et al. 2011: 2669 nodules of at least 3 mm, 928 of them marked by all four. Which outlines belong together
    # is a matter of a rule, so the counts are close and not equal.
    assert len(readings) == pytest.approx(2669, rel=0.01)
    assert (readings.patients["readers"] == 4).sum() == pytest.approx(928, rel=0.04)
    assert readings.patients["patient_id"].nunique() == 875
    assert len(readings.patients["patient_id"].iloc[0]) == len("LIDC-IDRI-0078")


def test_a_reading_is_drawn_where_there_is_one(readings):
    drawn = readings.masks.flatten(2).sum(2) > 0
    rated = ~torch.tensor(readings.patients[[f"malignancy_{k}" for k in range(1, 5)]].isna().to_numpy())
    # A reader who marked the nodule may not have outlined the slice that most did.
    assert not (drawn & ~rated).any()
    assert (drawn & rated).sum() > 0.95 * rated.sum()
    torch.testing.assert_close(readings.images[:, 0], readings.masks.float().mean(1))


def test_readings_of_one_nodule_agree_better_than_those_of_two(readings):
    four = torch.tensor((readings.patients["readers"] == 4).to_numpy())
    one, other = readings.masks[four][:, 0].bool(), readings.masks[four][:, 1].bool()

    def dice(a, b):
        return (2 * (a & b).flatten(1).sum(1) / (a.flatten(1).sum(1) + b.flatten(1).sum(1)).clamp(min=1)).mean().item()

    assert dice(one, other) > 0.7 > dice(one, other.roll(1, dims=0)) + 0.1


def test_the_classes_follow_the_median_rating(readings):
    rating = np.nanmedian(readings.patients[[f"malignancy_{k}" for k in range(1, 5)]].to_numpy(), axis=1)
    assert set(np.unique(rating)) <= {1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5}
    np.testing.assert_array_equal(readings.labels.numpy(), np.where(rating < 3, 0, np.where(rating > 3, 2, 1)))


def test_outlines_of_a_made_up_database():
    base = sqlite3.connect(":memory:")
    base.executescript(
        """create table scans (id integer, patient_id text, pixel_spacing real, slice_thickness real);
        create table annotations (id integer, scan_id integer, subtlety, calcification, sphericity, margin, lobulation,
            spiculation, texture, malignancy);
        create table contours (id, annotation_id, inclusion, image_z_position, coords);
        insert into scans values (1, 'P1', 0.5, 2.0);
        insert into annotations values (1, 1, 1, 1, 1, 1, 1, 1, 1, 5), (2, 1, 1, 1, 1, 1, 1, 1, 1, 3),
            (3, 1, 1, 1, 1, 1, 1, 1, 1, 2);
        """
    )
    box = "{a},{a}\n{b},{a}\n{b},{b}\n{a},{b}\n"
    rows = [
        (1, 1, 1, 10.0, box.format(a=100, b=140)),  # 20 mm wide, with a hole of 10 mm
        (2, 1, 0, 10.0, box.format(a=110, b=130)),
        (3, 2, 1, 10.0, box.format(a=104, b=136)),  # the same nodule
        (4, 3, 1, 10.0, box.format(a=300, b=304)),  # another, far away
    ]
    base.executemany("insert into contours values (?, ?, ?, ?, ?)", rows)
    masks, table = outlines(base, 32)
    assert table["readers"].tolist() == [2, 1]
    assert table["malignancy_1"].tolist() == [5, 2]
    assert np.isnan(table["malignancy_2"][1])
    area = masks.sum(axis=(2, 3)).tolist()
    assert area[0][0] == pytest.approx(400 - 100, abs=45)
    assert area[0][1] == pytest.approx(256, abs=35)
    assert area[0][2:] == [0, 0]
    assert 1 <= area[1][0] <= 9
    assert masks[0, 0, 15:17, 15:17].sum() == 0  # the hole


def test_the_ecg_is_an_ecg():
    ecg = medlab.open("ecg_dicom")
    assert ecg.images.shape == (1, 12, 1, 10_000)
    leads = ecg.images[0, :, 0]
    # Einthoven: lead II is the sum of I and III.
    torch.testing.assert_close(leads[1], leads[0] + leads[2], atol=0.006, rtol=0)
    assert 0.5 < leads[1].max() < 3  # mV


def test_the_mr_slice_has_its_spacing():
    slice_ = medlab.open("mr_dicom")
    assert slice_.images.shape == (1, 1, 64, 64)
    assert slice_.spacing == (0.3125, 0.3125)
    assert "TR 4000 ms" in slice_.modality


def test_what_is_not_carried_is_said():
    with pytest.raises(SourceUnavailable, match=r"does not carry nothing\.bin"):
        carried("pydicom", "data/nothing.bin")
    with pytest.raises(SourceUnavailable, match="pip install"):
        carried("no_such_package", "x")


def test_all_are_known():
    assert {"lidc_readings", "ecg_dicom", "mr_dicom", "mni152", "ct_dicom"} <= set(medlab.sources.known())


def test_what_is_here_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    monkeypatch.delenv("MEDLAB_MIRROR", raising=False)
    assert sources.here("lidc_readings")
    assert not any(map(sources.here, ("breastmnist", "breastmnist_999", "chase_db1", "nothing of that name")))
    (tmp_path / "medmnist").mkdir()
    (tmp_path / "medmnist" / "breastmnist.npz").touch()
    assert sources.here("breastmnist")
    assert not sources.here("breastmnist_64")
