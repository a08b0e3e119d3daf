"""Histology: stains obey the law of Beer and Lambert, and the mask counts the nuclei that are seen."""

import numpy as np
import pytest
import torch

from medlab.hospital import Hospital
from medlab.hospital.histology import STAINS, light, section, stain_matrix
from medlab.hospital.hospital import image_table

PUBLISHED = [
    0.4870622,
    0.5204061,
    0.5055319,
    0.3149215,
    0.5344258,
]  # seed 7, 64 px, green, row 30, column 25, images 0, 1, 2, 30, 60


@pytest.fixture(scope="module")
def hospital():
    return Hospital(patients=120, seed=7)


@pytest.fixture(scope="module")
def cohort(hospital):
    return hospital.cohort("histology", size=64)


def test_what_a_cohort_carries(cohort):
    n = len(cohort)
    assert cohort.images.shape == (n, 3, 64, 64)
    assert cohort.masks.shape == (n, 1, 64, 64)
    truth = (cohort.patients["thyroid_nodule"] == "malignant").astype(int)
    assert cohort.labels.tolist() == truth.tolist()
    assert 0 < cohort.labels.sum() < n


@pytest.mark.parametrize("site", ["A", "B", "C"])
@pytest.mark.parametrize("stain", [0, 1])
def test_stain_vectors_are_recovered_from_pure_pixels(hospital, site, stain):
    table = image_table(hospital.patients, np.arange(40))
    table = table[table["site"] == site].reset_index(drop=True)
    pure = torch.zeros(len(table), 2, 16, 16)
    pure[:, stain] = 0.8
    dense = -torch.log(light(pure, table, 7, dose=1e6) / 0.96).mean(dim=(2, 3))
    found = dense / dense.norm(dim=1, keepdim=True)
    assert torch.allclose(found, stain_matrix(site)[stain].expand_as(found), atol=2e-3)


def test_the_reference_site_has_the_published_vectors():
    wanted = torch.tensor(list(STAINS.values()))
    assert torch.allclose(stain_matrix("A"), wanted / wanted.norm(dim=1, keepdim=True))


def test_nuclei_are_numbered_and_boxed(cohort):
    for mask, boxes in zip(cohort.masks[:30, 0], cohort.boxes[:30], strict=True):
        assert len(boxes) == len(mask.unique()) - 1
    grown = cohort.images[:, 0]
    inside = cohort.masks[:, 0] > 0
    assert grown[inside].mean() < grown[~inside].mean() - 0.1  # nuclei absorb red light


def test_tumor_nuclei_are_larger_and_more_varied(hospital):
    fine = hospital.cohort("histology", size=160)[:120]
    area = [np.bincount(mask.flatten().numpy())[1:] for mask in fine.masks]
    area = [one[one > 8] for one in area]
    tumor = fine.labels.numpy() == 1
    mean, spread = np.array([one.mean() for one in area]), np.array([one.std() / one.mean() for one in area])
    assert mean[tumor].mean() > 1.2 * mean[~tumor].mean()
    assert spread[tumor].mean() > 1.2 * spread[~tumor].mean()


def test_no_nucleus_lies_in_colloid(hospital):
    table = image_table(hospital.patients, np.arange(20))
    stains, nuclei = section(table, 7, 96, "cpu")
    pink = stains[:, 1]
    assert (pink[nuclei > 0] < 0.5).all()
    assert stains.min() >= 0


def test_noise_falls_with_light(hospital):
    few = Hospital(patients=4, seed=7)
    dim, lit, most = (few.cohort("histology", size=48, dose=dose).images for dose in (1.0, 4.0, 1e6))
    inner = (most > 0.2) & (most < 0.8)
    assert abs((dim - most)[inner].std() / (lit - most)[inner].std() - 2) < 0.1


def test_pixels_are_those_of_every_machine(cohort):
    got = cohort.images[[0, 1, 2, 30, 60], 1, 30, 25]
    assert torch.allclose(got, torch.tensor(PUBLISHED), atol=1e-5, rtol=0), got.tolist()
