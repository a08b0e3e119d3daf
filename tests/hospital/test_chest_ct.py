"""Chest CT: Hounsfield units are right, noise follows the dose, and two energies tell iodine from water."""

import numpy as np
import pytest
import torch

from medlab.errors import MedlabError
from medlab.hospital import DISEASES, Hospital
from medlab.hospital.chest_ct import FIELD_CM, KEV, STRUCTURES, acquire, decompose, fine, hounsfield, mass_attenuation

PUBLISHED = [
    -0.0326425,
    -0.0914675,
    -0.0631740,
    -0.0612188,
    -0.0891779,
]  # seed 8, 48 px, row 30, column 24, images 0, 1, 2, 20, 40


@pytest.fixture(scope="module")
def hospital():
    return Hospital(patients=60, seed=8)


@pytest.fixture(scope="module")
def cohort(hospital):
    return hospital.cohort("chest_ct", size=48)


def phantom(size: int, kev: float = 70, iodine: float = 0.0) -> torch.Tensor:
    """A cylinder of water, 22 cm wide, with an air hole of 6 cm and, where asked, iodine (mg/ml) in another."""
    n = fine(size)
    place = ((torch.arange(n) + 0.5) / n - 0.5) * FIELD_CM
    y, x = place[:, None], place[None]
    mu = mass_attenuation("water", kev) * ((x**2 + y**2) < 11**2).float()
    mu = mu.masked_fill((x + 5) ** 2 + y**2 < 3**2, 0.0)
    mu = mu + 1e-3 * iodine * mass_attenuation("iodine", kev) * ((x - 5) ** 2 + y**2 < 3**2)
    return mu[None]


def spot(image: torch.Tensor, x_cm: float) -> torch.Tensor:
    """Pixels within 1.8 cm of a point on the horizontal axis."""
    size = image.shape[-1]
    place = ((torch.arange(size) + 0.5) / size - 0.5) * FIELD_CM
    return image[..., (place[None] - x_cm) ** 2 + place[:, None] ** 2 < 1.8**2]


@pytest.mark.parametrize("kernel", ["hann", "shepp-logan", "smooth"])
def test_water_is_at_zero_and_air_at_minus_1000(kernel):
    size = 64
    silent = torch.zeros(1, fine(size), fine(size))
    image = hounsfield(acquire(phantom(size), silent, torch.full((1, 1, 1), 1e7), size, kernel=kernel), 70)
    assert abs(spot(image, 5.0).mean()) < 10
    assert abs(spot(image, -5.0).mean() + 1000) < 10
    assert abs(spot(image, 19.0).mean() + 1000) < 10  # beside the patient


def test_noise_falls_with_the_square_root_of_the_dose():
    size, n = 48, 24
    normal = torch.randn(n, fine(size), fine(size), generator=torch.Generator().manual_seed(0))
    mu = phantom(size).expand(n, -1, -1)
    spread = []
    for dose in (1.0, 4.0, 16.0):
        image = hounsfield(acquire(mu, normal, torch.full((1, 1, 1), 2e4 * dose), size, kernel="hann"), 70)
        spread.append((spot(image, 5.0) - spot(image, 5.0).mean(dim=0)).std().item())
    assert np.allclose(np.array(spread[:-1]) / spread[1:], 2, rtol=0.04)


def test_two_energies_recover_the_iodine():
    size = 64
    silent = torch.zeros(1, fine(size), fine(size))
    both = [
        hounsfield(acquire(phantom(size, kev, 5.0), silent, torch.full((1, 1, 1), 1e7), size, kernel="hann"), kev)
        for kev in KEV
    ]
    water, iodine = decompose(torch.stack(both, dim=1))
    assert spot(iodine, 5.0).mean().item() == pytest.approx(5.0, rel=0.03)
    assert spot(water, 5.0).mean().item() == pytest.approx(1.0, abs=0.02)
    assert abs(spot(iodine, 0.0).median()) < 0.1  # median: the spot touches the insert


def test_contrast_agent_is_in_the_heart():
    spectral = Hospital(patients=6, seed=8).cohort("chest_ct", size=64, spectral=True)
    assert spectral.images.shape[1:] == (2, 64, 64)
    _, iodine = decompose(spectral.images)
    heart = spectral.masks[:, STRUCTURES.index("heart")] > 0
    lungs = (spectral.masks[:, 0] > 0) | (spectral.masks[:, 1] > 0)
    assert iodine[heart].mean() > 1.0
    assert iodine[heart].mean() > 3 * iodine[lungs & ~heart].mean().abs()
    assert spectral.images[:, 1][heart].mean() > spectral.images[:, 0][heart].mean() + 50


def test_what_a_cohort_carries(cohort, hospital):
    n = int(hospital.patients["images"].sum())
    assert cohort.images.shape == (n, 1, 48, 48)
    assert cohort.masks.shape == (n, 7, 48, 48)
    assert cohort.intensity == "HU"
    assert cohort.images.min() >= -1024
    assert cohort.labels.tolist() == cohort.patients[list(DISEASES)].to_numpy(float).tolist()


@pytest.mark.parametrize("name", DISEASES)
def test_a_finding_has_a_mask_exactly_where_the_patient_has_it(cohort, name):
    drawn = cohort.masks[:, STRUCTURES.index(name)].flatten(1).any(dim=1)
    assert drawn.tolist() == (cohort.labels[:, DISEASES.index(name)] > 0).tolist()


def test_tissue_has_the_density_of_its_kind(cohort):
    healthy = (cohort.labels[:, :3].sum(dim=1) == 0).numpy()
    clean = cohort[healthy]
    lung, heart = clean.masks[:, :2].sum(dim=1) > 0, clean.masks[:, 2] > 0
    assert -950 < clean.images[:, 0][lung].median() < -700
    assert 0 < clean.images[:, 0][heart].median() < 80


def test_the_right_lung_is_on_the_left_of_the_image(cohort):
    columns = torch.arange(48.0)
    right, left = ((cohort.masks[:, k].sum(dim=(0, 1)) * columns).sum() / cohort.masks[:, k].sum() for k in (0, 1))
    assert right < 24 < left


def test_a_volume_contains_every_finding():
    few = Hospital(patients=8, seed=8).cohort("chest_ct", size=32, depth=8)
    assert few.images.shape[1:] == (1, 8, 32, 32)
    assert len(few.spacing) == 3
    drawn = few.masks[:, 3:].flatten(2).any(dim=2)
    assert torch.equal(drawn, few.labels > 0)


def test_pixels_are_those_of_every_machine(cohort):
    got = cohort.images[[0, 1, 2, 20, 40], 0, 30, 24] / 1000  # in units of the 1000 HU between air and water
    assert torch.allclose(got, torch.tensor(PUBLISHED), atol=1e-5, rtol=0), got.tolist()


def test_patient_k_has_the_same_pixels_in_any_hospital(cohort):
    few = Hospital(patients=3, seed=8).cohort("chest_ct", size=48)
    assert torch.allclose(few.images, cohort.images[: len(few)], atol=1e-2)


@pytest.mark.parametrize("depth", [0, -1, 2.5, True])
def test_impossible_depths(depth):
    with pytest.raises(MedlabError, match="depth"):
        Hospital(patients=1).cohort("chest_ct", size=32, depth=depth)


def test_decompose_wants_two_energies():
    with pytest.raises(MedlabError, match="two channels"):
        decompose(torch.zeros(2, 1, 8, 8))
