"""Dermoscopy: the class of the patient decides the picture, and the mask is the lesion."""

import numpy as np
import pytest
import torch

from medlab.hospital import Hospital
from medlab.hospital.dermoscopy import CLASSES

PUBLISHED = [
    0.5562688,
    0.8875844,
    0.8849115,
    0.520961,
    0.7167966,
]  # seed 6, 64 px, red, row 30, column 25, images 0, 1, 2, 30, 60


@pytest.fixture(scope="module")
def cohort():
    return Hospital(patients=150, seed=6).cohort("dermoscopy", size=64)


def asymmetry(mask: torch.Tensor) -> float:
    """One minus the overlap of a lesion with itself, turned by half a turn about its center."""
    rows, cols = torch.nonzero(mask, as_tuple=True)
    y, x = (2 * rows.float().mean() - rows).round().long(), (2 * cols.float().mean() - cols).round().long()
    inside = (y >= 0) & (y < len(mask)) & (x >= 0) & (x < len(mask))
    return 1 - mask[y[inside], x[inside]].float().sum().item() / len(rows)


def test_what_a_cohort_carries(cohort):
    n = len(cohort)
    assert cohort.images.shape == (n, 3, 64, 64)
    assert cohort.masks.shape == (n, 1, 64, 64)
    assert cohort.labels.unique().tolist() == list(range(7))
    assert [CLASSES[k] for k in cohort.labels] == cohort.patients["skin_lesion"].tolist()
    assert (cohort.masks.flatten(1).sum(1) > 20).all()
    assert all(len(boxes) == 1 for boxes in cohort.boxes)
    assert cohort.positive == "melanoma"


def test_melanoma_is_less_symmetric_and_darker_than_a_nevus(cohort):
    values = {name: [] for name in CLASSES}
    dark = {name: [] for name in CLASSES}
    for k, label in enumerate(cohort.labels):
        values[CLASSES[label]].append(asymmetry(cohort.masks[k, 0]))
        dark[CLASSES[label]].append(cohort.images[k].mean(0)[cohort.masks[k, 0] > 0].quantile(0.1).item())
    assert np.mean(values["melanoma"]) > 1.5 * np.mean(values["nevus"])
    assert np.mean(dark["melanoma"]) < np.mean(dark["nevus"]) - 0.05


def test_vascular_lesions_are_the_reddest(cohort):
    redness = cohort.images[:, 0] - cohort.images[:, 1]
    inside = cohort.masks[:, 0] > 0
    mean = (redness * inside).flatten(1).sum(1) / inside.flatten(1).sum(1)
    of_class = [mean[cohort.labels == k].mean().item() for k in range(7)]
    assert CLASSES[int(np.argmax(of_class))] == "vascular lesion"


def test_severity_enlarges(cohort):
    nevi = cohort[(cohort.labels == 0).numpy()]
    area = nevi.masks.flatten(1).sum(1).numpy()
    assert np.corrcoef(area, nevi.patients["skin_lesion_severity"])[0, 1] > 0.8


def test_images_of_a_patient_show_one_lesion(cohort):
    area = cohort.masks.flatten(1).sum(1).float()
    second = np.flatnonzero(cohort.patients["image"] == 1)
    assert ((area[second] / area[second - 1] - 1).abs() < 0.15).all()
    assert not torch.allclose(cohort.images[second], cohort.images[second - 1], atol=0.05)


def test_pixels_are_those_of_every_machine(cohort):
    got = cohort.images[[0, 1, 2, 30, 60], 0, 30, 25]
    assert torch.allclose(got, torch.tensor(PUBLISHED), atol=1e-5, rtol=0), got.tolist()


def test_shape_does_not_depend_on_the_size_of_pixels(cohort):
    fine = Hospital(patients=20, seed=6).cohort("dermoscopy", size=128)
    coarse = torch.nn.functional.avg_pool2d(fine.masks.float(), 2)[:, 0]
    same = cohort.masks[: len(fine), 0].float()
    assert (coarse - same).abs().mean() < 0.01
