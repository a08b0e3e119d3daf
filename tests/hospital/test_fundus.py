"""Fundus photographs: the grade of the patient is what the picture and its masks show."""

import pytest
import torch

from medlab.errors import MedlabError
from medlab.hospital import Hospital
from medlab.hospital.fundus import GRADES, STRUCTURES

PUBLISHED = [
    0.1958356,
    0.3440797,
    0.2581299,
    0.2179575,
    0.3705612,
]  # seed 5, 64 px, green, row 22, column 40, images 0, 1, 2, 30, 60


@pytest.fixture(scope="module")
def cohort():
    return Hospital(patients=120, seed=5).cohort("fundus", size=64)


def of(cohort, name):
    return cohort.masks[:, STRUCTURES.index(name)].flatten(1).sum(dim=1)


def test_what_a_cohort_carries(cohort):
    n = len(cohort)
    assert cohort.images.shape == (n, 3, 64, 64)
    assert cohort.masks.shape == (n, len(STRUCTURES), 64, 64)
    assert cohort.classes == GRADES
    assert cohort.labels.unique().tolist() == [0, 1, 2, 3, 4]
    assert cohort.labels.tolist() == cohort.patients["retinopathy"].tolist()
    assert cohort.images.min() >= 0
    assert cohort.images.max() <= 1


def test_lesions_follow_the_grade(cohort):
    grade = cohort.labels
    assert (of(cohort, "disc") > 0).all()
    assert (of(cohort, "vessels") > 0).all()
    assert torch.equal(of(cohort, "microaneurysms") > 0, grade >= 1)
    assert torch.equal(of(cohort, "hemorrhages") > 0, grade >= 2)
    assert torch.equal(of(cohort, "exudates") > 0, grade >= 2)
    assert torch.equal(of(cohort, "new vessels") > 0, grade == 4)
    assert all((len(boxes) > 0) == (g >= 1) for boxes, g in zip(cohort.boxes, grade, strict=True))


def test_landmarks_are_where_they_look(cohort):
    rows = cohort.landmarks.round().long()
    index = torch.arange(len(cohort))
    assert cohort.masks[index, 0, rows[:, 0, 0], rows[:, 0, 1]].all()
    # The fovea is darker than the retina at the other side of the disc: in the macula the pigment is dense.
    disc, fovea = (
        cohort.images[index, 1, rows[:, 0, 0], rows[:, 0, 1]],
        cohort.images[index, 1, rows[:, 1, 0], rows[:, 1, 1]],
    )
    healthy = cohort.labels == 0
    assert (disc > fovea)[healthy].float().mean() > 0.99
    right = cohort.landmarks[:, 0, 1] > cohort.landmarks[:, 1, 1]
    assert torch.equal(right, torch.tensor((cohort.patients["image"] % 2 == 0).to_numpy()))


def test_exudates_are_bright_and_hemorrhages_dark():
    fine = Hospital(patients=120, seed=5).cohort("fundus", size=160)
    fine = fine[(fine.labels == 3).numpy()][:8]
    green = fine.images[:, 1]
    retina = green[fine.masks.sum(dim=1) == 0].median()
    assert green[fine.masks[:, STRUCTURES.index("exudates")] > 0].mean() > retina + 0.1
    assert green[fine.masks[:, STRUCTURES.index("hemorrhages")] > 0].mean() < retina - 0.05


def test_noise_falls_with_light_and_the_eye_stays():
    hospital = Hospital(patients=6, seed=5)
    dim, lit, most = (hospital.cohort("fundus", size=48, dose=dose).images for dose in (1.0, 4.0, 1e6))
    ratio = (dim - most)[:, :, 16:32, 16:32].std() / (lit - most)[:, :, 16:32, 16:32].std()
    assert abs(ratio - 2) < 0.1


def test_pixels_are_those_of_every_machine(cohort):
    got = cohort.images[[0, 1, 2, 30, 60], 1, 22, 40]
    assert torch.allclose(got, torch.tensor(PUBLISHED), atol=1e-5, rtol=0), got.tolist()


def test_patient_k_has_the_same_pixels_in_any_hospital(cohort):
    few = Hospital(patients=3, seed=5).cohort("fundus", size=64)
    assert torch.allclose(few.images, cohort.images[: len(few)], atol=1e-6)


def test_unknown_options_are_named():
    with pytest.raises(MedlabError, match="unknown option of fundus 'spectral'"):
        Hospital(patients=2).cohort("fundus", size=32, spectral=True)
