"""Ultrasound: Rayleigh's speckle, shadows and enhancement, and a nodule where the record says so."""

import math

import numpy as np
import pytest
import torch

from medlab.errors import MedlabError
from medlab.hospital import Hospital
from medlab.hospital.ultrasound import CLASSES, speckle

PUBLISHED = [
    0.303967,
    0.406812,
    0.503396,
    0.576976,
    0.521692,
]  # seed 6, 64 px, row 30, column 25, images 0, 1, 2, 30, 60


@pytest.fixture(scope="module")
def cohort():
    return Hospital(patients=120, seed=6).cohort("ultrasound", size=64)


@pytest.fixture(scope="module")
def linear():
    return Hospital(patients=120, seed=6).cohort("ultrasound", size=64, compressed=False)


def scatter(n, size, seed=0):
    return torch.randn(n, 2, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("power", [0.1, 1.0, 7.0])
def test_homogeneous_tissue_has_rayleighs_ratio_of_mean_to_deviation(power):
    echo = speckle(scatter(40, 64), torch.full((40, 64, 64), power), axial=1.0, lateral=torch.linspace(1, 3, 64))
    envelope = echo.pow(2).sum(1).sqrt()[:, 8:-8, 8:-8]
    # About one independent value in 4 pi sigma_axial sigma_lateral = 25 cells: 3700 of them, one sigma is 1.5 %.
    assert (envelope.mean() / envelope.std()).item() == pytest.approx(math.sqrt(math.pi / (4 - math.pi)), rel=0.05)
    assert envelope.pow(2).mean().item() == pytest.approx(2 * power, rel=0.08)


def test_speckle_is_correlated_as_wide_as_the_pulse():
    echo = speckle(scatter(40, 64), torch.ones(40, 64, 64), axial=1.0, lateral=torch.full((64,), 2.0))[
        :, :, 10:-10, 10:-10
    ]
    along = (echo[:, :, 2:] * echo[:, :, :-2]).mean() / echo.pow(2).mean()
    across = (echo[..., 2:] * echo[..., :-2]).mean() / echo.pow(2).mean()
    # The correlation of a Gaussian pulse at distance d is exp(-d^2 / 4 sigma^2).
    assert along.item() == pytest.approx(math.exp(-1), abs=0.05)
    assert across.item() == pytest.approx(math.exp(-0.25), abs=0.05)


def test_shapes_that_do_not_agree_are_refused():
    with pytest.raises(MedlabError, match=r"wanted \(N, 2, H, W\)"):
        speckle(scatter(1, 8), torch.ones(1, 8, 9), axial=1.0, lateral=torch.ones(8))


def test_what_a_cohort_carries(cohort):
    n = len(cohort)
    assert cohort.images.shape == (n, 1, 64, 64)
    assert cohort.masks.shape == (n, 3, 64, 64)
    assert 0 <= cohort.images.min() < 0.05 < 0.95 < cohort.images.max() <= 1
    assert [CLASSES[k] for k in cohort.labels] == cohort.patients["thyroid_nodule"].tolist()
    assert ((cohort.masks[:, 0].flatten(1).sum(1) > 0) == (cohort.labels > 0)).all()
    assert all(len(boxes) == (label > 0) for boxes, label in zip(cohort.boxes, cohort.labels, strict=True))


def test_the_landmark_is_the_middle_of_the_artery(cohort):
    for mask, point in zip(cohort.masks[:, 2], cohort.landmarks[:, 0], strict=True):
        middle = torch.nonzero(mask).float().mean(0)
        assert (middle - point).norm() < 0.5  # pixels of 0.6 mm


def test_a_cyst_is_empty_and_what_lies_behind_it_is_bright(linear):
    inside, behind, beside = [], [], []
    site = linear.patients["site"].to_numpy()
    for k in torch.nonzero((linear.labels == CLASSES.index("cyst")) & torch.tensor(site != "C")).flatten().tolist():
        picture, rows_cols = linear.images[k, 0], torch.nonzero(linear.masks[k, 0])
        left, (bottom, right) = rows_cols[:, 1].min().item(), rows_cols.amax(0).tolist()
        inside.append(picture[linear.masks[k, 0] > 0].pow(2).median().item())  # its wall is in the mask
        wide = (right - left) // 4
        below = picture[bottom + 5 : bottom + 14]
        behind.append(below[:, left + wide : right - wide + 1].pow(2).mean().item())
        beside.append(below[:, max(0, left - 8) : left - 1].pow(2).mean().item())
    assert max(inside) < 0.01  # -20 dB; the gland around it is at 0 dB
    assert np.median(np.array(behind) / np.array(beside)) > 1.3


def test_malignant_nodules_are_dark_and_taller_than_benign_ones(linear):
    tall, echo = {}, {}
    for kind in ("benign", "malignant"):
        every = torch.nonzero(linear.labels == CLASSES.index(kind)).flatten().tolist()
        boxes = torch.stack([linear.boxes[k][0] for k in every])
        tall[kind] = ((boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1])).median().item()
        echo[kind] = np.median([linear.images[k, 0][linear.masks[k, 0] > 0].median().item() for k in every])
    assert tall["malignant"] > tall["benign"] + 0.2
    assert echo["malignant"] < 0.7 * echo["benign"]


def test_more_power_lowers_the_noise_and_leaves_the_speckle():
    def scan(dose):
        return Hospital(patients=12, seed=6).cohort("ultrasound", size=64, compressed=False, dose=dose)

    clean, usual, weak = scan(1e8), scan(1.0), scan(0.25)
    artery = clean.masks[:, 2] > 0
    # Powers of echo and noise add: four times less power sent is four times the noise power.
    power = [one.images[:, 0][artery].pow(2).mean().item() for one in (clean, usual, weak)]
    assert (power[2] - power[0]) / (power[1] - power[0]) == pytest.approx(4, rel=0.15)
    lobe = (clean.masks[:, 1] > 0) & (clean.masks[:, 0] == 0)
    one, other = clean.images[:, 0][lobe], usual.images[:, 0][lobe]
    assert torch.corrcoef(torch.stack([one, other]))[0, 1] > 0.98


def test_patients_do_not_depend_on_the_size_of_the_hospital():
    few, many = (Hospital(patients=n, seed=6).cohort("ultrasound", size=32) for n in (3, 40))
    torch.testing.assert_close(few.images, many.images[: len(few)], atol=1e-5, rtol=0)


def test_pixels_are_the_published_ones(cohort):
    seen = [cohort.images[k, 0, 30, 25].item() for k in (0, 1, 2, 30, 60)]
    assert seen == pytest.approx(PUBLISHED, abs=1e-5)
