"""What lesson 16 writes by hand, held against SimpleITK and against known truth."""

import numpy as np
import pytest
import SimpleITK
from matplotlib.figure import Figure

from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("16_fusing_readers")


def blob(rng, size=20):
    y, x = np.indices((size, size)) - size / 2
    return x**2 + y**2 < rng.uniform(4, 7) ** 2


@pytest.mark.parametrize("seed", range(5))
def test_staple_on_one_whole_image_is_that_of_simpleitk(lesson, seed):
    rng = np.random.default_rng(seed)
    truth = blob(rng)
    votes = np.stack([truth ^ (rng.uniform(size=truth.shape) < error) for error in (0.02, 0.1, 0.1, 0.2)])
    ours, p, q = lesson["staple"](votes.reshape(1, 4, -1), np.ones((1, truth.size)), pooled=False, rounds=300)
    filtered = SimpleITK.STAPLEImageFilter()
    images = [SimpleITK.GetImageFromArray(vote.astype(np.uint8)) for vote in votes]
    theirs = SimpleITK.GetArrayFromImage(filtered.Execute(images)).ravel()
    assert np.abs(ours[0] - theirs).max() < 0.02
    assert p[0] == pytest.approx(filtered.GetSensitivity(), abs=0.01)
    assert q[0] == pytest.approx(filtered.GetSpecificity(), abs=0.01)


def test_pooled_staple_has_one_sensitivity_a_reader_and_follows_the_specialist(lesson):
    rng = np.random.default_rng(6)
    truth = np.stack([blob(rng) for _ in range(8)])
    votes = np.stack([truth ^ (rng.uniform(size=truth.shape) < error) for error in (0.02, 0.2, 0.2, 0.3)], axis=1)
    chance, p, q = lesson["staple"](votes.reshape(8, 4, -1), np.ones((8, truth[0].size)))
    assert p.shape == q.shape == (1, 4)
    assert p[0].argmax() == q[0].argmax() == 0
    assert p[0].argmin() == q[0].argmin() == 3
    right = ((chance > 0.5).reshape(truth.shape) == truth).mean()
    assert 1 - right < 0.7 * (lesson["majority"](votes) != truth).mean()
    assert right > 0.95


def test_pixels_outside_of_the_area_are_never_nodule_and_change_nothing(lesson):
    rng = np.random.default_rng(7)
    votes = rng.integers(0, 2, (3, 4, 50))
    area = np.arange(50) < 30
    chance, p, _ = lesson["staple"](votes, np.tile(area, (3, 1)))
    other = np.where(area, votes, 1 - votes)
    assert (chance[:, ~area] == 0).all()
    assert p == pytest.approx(lesson["staple"](other, np.tile(area, (3, 1)))[1], abs=1e-5)


def test_the_band_is_two_pixels_around_all_that_was_drawn(lesson):
    panel = np.zeros((1, 5, 9, 9), bool)
    panel[0, 3, 4, 4] = True
    band = lesson["area_of"](panel, "band")[0]
    assert band.sum() == 13  # a diamond of radius 2
    assert lesson["area_of"](panel, "whole image").all()


def test_dawid_skene_finds_the_specialist_without_a_label(lesson):
    rng = np.random.default_rng(2)
    matrices = np.stack([lesson["confusion_of"](right, 3) for right in (0.6, 0.95, 0.6, 0.55)])
    assert matrices.sum(2) == pytest.approx(np.ones((4, 3)))
    labels = rng.integers(0, 3, 3000)
    votes = lesson["rate"](labels, matrices, rng)
    chance, found = lesson["dawid_skene"](votes, 3)
    assert chance.sum(1) == pytest.approx(np.ones(3000))
    assert np.abs(found - matrices).max() < 0.06
    assert lesson["diagonal"](found) == pytest.approx([0.6, 0.95, 0.6, 0.55], abs=0.04)
    assert (chance.argmax(1) == labels).mean() > (lesson["most_frequent"](votes, 3) == labels).mean()


def test_ratings_follow_the_confusion_matrices(lesson):
    labels = np.tile([0, 1, 2], 4000)
    matrices = np.stack([lesson["confusion_of"](right, 3) for right in (0.5, 0.9)])
    votes = lesson["rate"](labels, matrices, np.random.default_rng(8))
    for r in (0, 1):
        counted = [[np.mean(votes[labels == true, r] == said) for said in range(3)] for true in range(3)]
        assert np.abs(np.array(counted) - matrices[r]).max() < 0.03


def test_a_tie_is_no_majority_and_goes_to_the_lower_class(lesson):
    masks = np.array([[[[1, 1]], [[1, 0]], [[0, 0]], [[0, 1]]]])
    assert lesson["majority"](masks).tolist() == [[[False, False]]]
    assert lesson["majority"](masks[:, :3]).tolist() == [[[True, False]]]
    assert lesson["most_frequent"](np.array([[2, 1, 1, 2, 0], [0, 2, 2, 2, 1]]), 3).tolist() == [1, 2]


def test_every_state_of_the_explorer_can_be_drawn_and_described(lesson):
    rng = np.random.default_rng(3)
    truth = np.stack([blob(rng), blob(rng)])
    first = np.stack([truth] * 5, axis=1)
    lesson |= {"truth": truth, "first": first, "layers": {"both": {"truth": truth, "swapped": truth[::-1]}}}
    for nodule in (0, 1.0):
        assert isinstance(lesson["draw_nodule"](nodule, "both"), Figure)
        assert "truth 1.00, swapped 0." in lesson["describe_nodule"](nodule, "both")


def test_the_reader_with_the_largest_weight_is_the_specialist(lesson):
    rng = np.random.default_rng(9)
    truth = np.stack([blob(rng) for _ in range(8)])
    votes = np.stack([truth ^ (rng.uniform(size=truth.shape) < error) for error in (0.2, 0.2, 0.02, 0.3)], axis=1)
    outlines, best = lesson["fused"](votes, "whole image")
    assert (best == votes[:, 2]).all()
    assert (outlines == truth).mean() > 0.95
    assert lesson["weight_of"](np.array(0.5), np.array(0.5)) == pytest.approx(0)
    assert lesson["weight_of"](np.array(0.9), np.array(0.8)) == pytest.approx(np.log(9 * 4))
