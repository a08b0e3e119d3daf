"""Readers err as often, and in the way, that their description says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from medlab.errors import MedlabError
from medlab.hospital import READERS, Hospital, Reader
from medlab.hospital.annotators import call_probability
from medlab.sources.stacks import from_arrays


@pytest.fixture(scope="module")
def hospital():
    return Hospital(patients=350, seed=4)


@pytest.fixture(scope="module")
def cohort(hospital):
    return hospital.cohort("chest_xray", size=32)


@pytest.fixture(scope="module")
def readings(hospital, cohort):
    return {name: hospital.read(cohort, name) for name in READERS}


def plain(cohort, labels, classes):
    return replace(cohort, labels=labels, classes=classes, positive="", masks=None, structures=(), _checked=False)


@pytest.mark.parametrize("name", list(READERS))
def test_calls_follow_sensitivity_and_specificity(cohort, readings, name):
    truth, called = cohort.labels.numpy(), readings[name].labels.numpy()
    severity = np.stack([cohort.patients[f"{c}_severity"] for c in cohort.classes], axis=1)
    wanted = call_probability(READERS[name], truth, severity)
    for present in (0, 1):
        here = truth == present
        error = np.sqrt((wanted * (1 - wanted))[here].sum()) / here.sum()
        assert abs(called[here].mean() - wanted[here].mean()) < 4 * error
    assert abs(wanted[truth == 0].mean() - (1 - READERS[name].specificity)) < 1e-12


def test_an_image_is_read_the_same_in_any_part(hospital, cohort, readings):
    part = hospital.read(cohort[100:120], "B")
    assert torch.equal(part.labels, readings["B"].labels[100:120])
    assert torch.equal(part.masks, readings["B"].masks[100:120])


def test_repeatability(hospital, cohort):
    same = Reader("same", 0.6, 0.6, repeatability=1.0)
    new = Reader("new", 0.6, 0.6, repeatability=0.0)
    for reader, low, high in ((same, 1.0, 1.0), (new, 0.4, 0.8)):
        first = hospital.read(cohort[:150], reader).labels
        again = hospital.read(cohort[:150], reader, occasion=1).labels
        assert low <= (first == again).float().mean() <= high


def test_a_finding_is_outlined_exactly_when_it_is_called(cohort, readings):
    for reading in readings.values():
        for name in cohort.classes:
            drawn = reading.masks[:, cohort.structures.index(name)].flatten(1).any(dim=1)
            assert torch.equal(drawn, reading.labels[:, cohort.classes.index(name)] > 0)


def test_boundary_habit_shows_in_the_area(hospital):
    fine = hospital.cohort("chest_xray", size=128, site="C")[:40]  # pixels of 3 mm: finer than the habits
    true = fine.masks[:, 0].sum(dtype=torch.float32)
    ratio = {name: (hospital.read(fine, name).masks[:, 0].sum(dtype=torch.float32) / true).item() for name in READERS}
    assert ratio["B"] > ratio["A"] + 0.02 > ratio["C"] + 0.04
    assert abs(ratio["A"] - 1) < 0.05


def test_grades_and_classes(hospital, cohort):
    random = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 5, (len(cohort),), generator=random)
    graded = plain(cohort, labels, tuple(f"grade {k}" for k in range(5)))
    error = (hospital.read(graded, "B").labels - labels)[(labels > 0) & (labels < 4)].float()
    assert abs(error.mean() - READERS["B"].grade_bias) < 0.12
    assert hospital.read(graded, "D").labels.unique().tolist() == [0, 1, 2, 3, 4]
    named = plain(cohort, labels, tuple("abcde"))
    for name in ("A", "D"):
        right = (hospital.read(named, name).labels == labels).float().mean().item()
        wanted = READERS[name].sensitivity
        assert abs(right - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / len(labels))


def test_the_truth_does_not_leak(readings, cohort):
    assert readings["A"].boxes is None
    assert readings["A"].landmarks is None
    assert "reader A" in readings["A"].notes[-1]
    assert cohort.boxes is not None


def test_wrong_requests(hospital, cohort):
    with pytest.raises(MedlabError, match="unknown reader 'E'"):
        hospital.read(cohort, "E")
    with pytest.raises(MedlabError, match="occasion"):
        hospital.read(cohort, "A", occasion=-1)
    stranger = from_arrays(np.zeros((2, 8, 8), np.float32), ["x", "y"], labels=torch.zeros(2, dtype=torch.int64))
    with pytest.raises(MedlabError, match="not of the hospital"):
        hospital.read(stranger, "A")
    with pytest.raises(MedlabError, match="no labels"):
        hospital.read(from_arrays(np.zeros((2, 8, 8), np.float32), ["H0-1", "H0-2"]), "A")
