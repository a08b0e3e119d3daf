"""Chest X-ray: the truth that comes with the images is the truth of the images."""

import numpy as np
import pytest
import torch

from medlab.errors import MedlabError
from medlab.hospital import DISEASES, SITES, Hospital
from medlab.hospital.chest_body import bodies, grid, to_anatomy, to_detector
from medlab.hospital.chest_maps import maps
from medlab.hospital.chest_xray import LANDMARKS, STRUCTURES, expected_counts
from medlab.hospital.hospital import image_table

PUBLISHED = [
    0.3395081,
    0.3208462,
    0.3954216,
    0.4269095,
    0.2034924,
]  # seed 0, 64 px, row 30, column 20, images 0, 1, 2, 50, 100


@pytest.fixture(scope="module")
def hospital() -> Hospital:
    return Hospital(patients=150, seed=0)


@pytest.fixture(scope="module")
def cohort(hospital):
    return hospital.cohort("chest_xray", size=64)


@pytest.fixture(scope="module")
def sharp(hospital):
    return hospital.cohort("chest_xray", size=160)[:120]


def of(cohort, name):
    return cohort.masks[:, cohort.structures.index(name)] > 0


def spot(cohort, name):
    return cohort.landmarks[:, LANDMARKS.index(name)]


def test_what_a_cohort_carries(cohort, hospital):
    n = hospital.patients["images"].sum()
    assert cohort.images.shape == (n, 1, 64, 64)
    assert cohort.masks.shape == (n, 7, 64, 64)
    assert cohort.structures == STRUCTURES == ("right lung", "left lung", "heart", *DISEASES)
    assert cohort.classes == DISEASES
    assert cohort.spacing == (5.625, 5.625)
    assert cohort.simulated
    assert "simulated" in cohort.source
    assert 0 <= cohort.images.min() < 0.02
    assert 0.9 < cohort.images.max() <= 1


def test_one_to_three_images_share_the_truth_of_their_patient(cohort):
    per_patient = cohort.patients.assign(**{f"label {k}": cohort.labels[:, k].numpy() for k in range(4)})
    groups = per_patient.drop(columns="image").groupby("patient_id")
    assert set(groups.size()) == {1, 2, 3}
    assert (groups.nunique() == 1).all().all()


def test_images_of_one_patient_differ_in_pose(cohort):
    row = int(np.flatnonzero(cohort.patients["image"] == 1)[0])
    moved = (cohort.landmarks[row] - cohort.landmarks[row - 1]).norm(dim=1)
    assert 0.05 < moved.mean() < 12


def test_same_seed_same_pixels(cohort):
    again = Hospital(patients=150, seed=0).cohort("chest_xray", size=64)
    assert torch.equal(again.images, cohort.images)


def test_pixels_are_those_of_every_machine(cohort):
    # Published values: they change only if the simulation changes, and then all results of lessons do.
    got = cohort.images[[0, 1, 2, 50, 100], 0, 30, 20]
    assert torch.allclose(got, torch.tensor(PUBLISHED), atol=1e-5, rtol=0)


def test_neither_patients_nor_site_nor_chunk_change_an_image(cohort):
    few = Hospital(patients=12, seed=0).cohort("chest_xray", size=64)
    assert torch.allclose(few.images, cohort.images[: len(few)], atol=1e-5, rtol=0)
    at_c = Hospital(patients=60, seed=0).cohort("chest_xray", size=64, site="C")
    rows = cohort.patients["patient_id"].isin(at_c.patients["patient_id"])
    assert torch.allclose(at_c.images, cohort[rows].images, atol=1e-5, rtol=0)


def test_size_keeps_the_patient(cohort, sharp):
    small = torch.nn.functional.interpolate(sharp.images, size=(64, 64), mode="area")
    for k in range(10):
        pair = torch.stack([small[k].flatten(), cohort.images[k].flatten()])
        assert torch.corrcoef(pair)[0, 1] > 0.97
    assert (spot(sharp, "carina") * 64 / 160 - spot(cohort, "carina")[:120]).abs().max() < 0.5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_same_pixels(cohort, hospital):
    there = hospital.cohort("chest_xray", size=64, device="cuda")
    assert torch.allclose(there.images, cohort.images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [16, 64])
def test_a_mask_is_empty_exactly_without_the_finding(size):
    cohort = Hospital(patients=300, seed=2).cohort("chest_xray", size=size)
    drawn = cohort.masks[:, 3:].flatten(2).any(dim=2)
    assert torch.equal(drawn, cohort.labels > 0)
    assert torch.equal(torch.tensor([len(b) for b in cohort.boxes]), cohort.labels.sum(1).long())


def test_boxes_are_tight(cohort):
    row = int(np.flatnonzero(cohort.labels[:, 0])[0])
    top, left, bottom, right = cohort.boxes[row][0].long().tolist()
    mask = of(cohort, "pneumonia")[row]
    assert mask[top:bottom, left:right].sum() == mask.sum()
    assert mask[top].any()
    assert mask[bottom - 1].any()
    assert mask[:, left].any()
    assert mask[:, right - 1].any()


def test_cardiomegaly_is_a_heart_wider_than_half_the_thorax(sharp):
    def width(masks):
        seen = masks.any(dim=1).float()
        return seen.shape[1] - seen.argmax(1) - seen.flip(1).argmax(1)

    ratio = width(of(sharp, "heart")) / width(of(sharp, "right lung") | of(sharp, "left lung"))
    large = sharp.target("cardiomegaly") > 0
    assert large.any()
    assert ratio[large].min() > 0.5 > ratio[~large].max()
    assert torch.equal(of(sharp, "cardiomegaly")[large], of(sharp, "heart")[large])


def test_findings_lie_in_the_lungs(sharp):
    lungs = of(sharp, "right lung") | of(sharp, "left lung")
    for name in ("pneumonia", "effusion"):
        assert not (of(sharp, name) & ~lungs).any()


def test_findings_are_whiter_than_the_same_patient_without(hospital):
    table = image_table(hospital.patients, np.arange(60))
    well = table.assign(**dict.fromkeys(DISEASES, 0), **{f"{name}_severity": 0.0 for name in DISEASES})
    from medlab.hospital.chest_findings import add_findings

    counts = {}
    for name, rows in (("ill", table.assign(cardiomegaly=0, cardiomegaly_severity=0.0)), ("well", well)):
        body = bodies(0, rows)
        view = maps(body, 64)
        extent = add_findings(body, view, rows, 0)
        counts[name] = expected_counts(body, view, rows, 1.0)
        if name == "ill":
            found = torch.stack(list(extent.values())).amax(0) > 0.3
    assert found.any()
    assert (counts["ill"][found] < counts["well"][found]).float().mean() > 0.99


def test_landmarks_lie_where_they_should(sharp):
    assert len(LANDMARKS) == sharp.landmarks.shape[1] == len(sharp.landmark_names)
    assert sharp.landmarks.min() >= 0
    assert sharp.landmarks.max() <= 159
    for side, sign in (("right", -1), ("left", 1)):
        apex, angle = spot(sharp, f"{side} lung apex"), spot(sharp, f"{side} costophrenic angle")
        dome = spot(sharp, f"{side} dome")
        assert (apex[:, 0] + 60 < angle[:, 0]).all()
        assert (dome[:, 0] < angle[:, 0]).all()
        assert (sign * (angle[:, 1] - spot(sharp, "carina")[:, 1]) > 30).all()
        rows = torch.arange(160).reshape(1, -1, 1)
        lowest = (of(sharp, f"{side} lung") * rows).amax(dim=(1, 2))
        assert ((lowest - angle[:, 0]).abs() <= 6).all()
    # The right dome is the higher one, and the heart points to the patient's left.
    assert (spot(sharp, "right dome")[:, 0] < spot(sharp, "left dome")[:, 0]).float().mean() > 0.9
    assert (spot(sharp, "heart apex")[:, 1] > spot(sharp, "carina")[:, 1]).all()


def test_heart_and_abdomen_are_whiter_than_lungs(sharp):
    for image, masks in zip(sharp.images[:, 0], sharp.masks, strict=True):
        lungs = (masks[:2].amax(0) > 0) & (masks[3:6].amax(0) == 0)
        assert image[masks[2] > 0].mean() > image[lungs].mean() + 0.25


def test_pose_can_be_inverted(hospital):
    body = bodies(0, image_table(hospital.patients, np.arange(10)))
    x = torch.linspace(-12, 12, 5, dtype=torch.float64).reshape(1, 1, -1)
    back = to_anatomy(body, *to_detector(body, x + 0 * body.half, 0.7 * x + 0 * body.half))
    assert torch.allclose(back[0], x.expand_as(back[0]), atol=1e-4)
    assert torch.allclose(back[1], 0.7 * x.expand_as(back[1]), atol=1e-4)


def test_grid_is_in_centimeters():
    assert grid(36, "cpu").tolist() == [k - 17.5 for k in range(36)]


def test_less_dose_is_more_noise_in_the_same_patient():
    hospital = Hospital(patients=20, seed=1)
    full, tenth, endless = (hospital.cohort("chest_xray", size=48, dose=d).images for d in (1.0, 0.1, 1e6))
    ratio = (tenth - endless).var() / (full - endless).var()
    assert 6 < ratio < 14  # 10, but for the film curve, which is not straight


def test_sites_look_as_documented(cohort):
    lungs = cohort.masks[:, :2].amax(1) > 0
    brightness = {}
    for site in SITES:
        here = torch.tensor((cohort.patients["site"] == site).tolist())
        brightness[site] = cohort.images[here, 0][lungs[here]].mean()
    assert brightness["C"] > brightness["B"] > brightness["A"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda h: h.cohort("chest_xry"), "did you mean 'chest_xray'"),
        (lambda h: h.cohort("chest_xray", size=8), "size is 8; wanted a whole number, at least 16"),
        (lambda h: h.cohort("chest_xray", size=64.0), "size is 64.0"),
        (lambda h: h.cohort("chest_xray", dose=0), "dose is 0"),
        (lambda h: h.cohort("chest_xray", dose=float("nan")), "dose is nan"),
        (lambda h: h.cohort("chest_xray", dose="low"), "dose is 'low'"),
        (lambda h: h.cohort("chest_xray", site="D"), "unknown site 'D'; known: A, B, C"),
        (lambda h: h.cohort("chest_xray", device="gpu9"), "device 'gpu9' cannot be used"),
        (lambda h: Hospital(patients=0), "patients is 0"),
        (lambda h: Hospital(patients=2.5), "patients is 2.5"),
        (lambda h: Hospital(seed=-1), "seed is -1"),
    ],
)
def test_wrong_input_is_named(hospital, call, says):
    with pytest.raises(MedlabError) as caught:
        call(hospital)
    assert says in str(caught.value)


def test_a_site_without_patients_is_named():
    alone = Hospital(patients=1)
    elsewhere = next(name for name in SITES if name != alone.patients["site"][0])
    with pytest.raises(MedlabError, match="none of the 1 patients"):
        alone.cohort("chest_xray", size=16, site=elsewhere)


def test_the_image_table_numbers_the_images_of_a_patient(hospital):
    table = image_table(hospital.patients, np.array([3]))
    assert table["image"].tolist() == list(range(hospital.patients["images"][3]))
