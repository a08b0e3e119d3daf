"""What lesson 14 writes by hand, held against SimpleITK and scikit-learn, and against known truth."""

from itertools import combinations

import numpy as np
import pytest
import SimpleITK
from matplotlib.figure import Figure
from sklearn.metrics import cohen_kappa_score

from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("14_readers")


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
    assert p[0, :, 0] == pytest.approx(filtered.GetSensitivity(), abs=0.01)
    assert q[0, :, 0] == pytest.approx(filtered.GetSpecificity(), abs=0.01)


def test_weighted_kappa_of_two_readers_is_that_of_scikit_learn(lesson):
    rng = np.random.default_rng(0)
    first = rng.integers(1, 6, 200)
    numbers = np.stack([first, np.clip(first + rng.integers(-1, 3, 200), 1, 5)], axis=1)
    ours = lesson["weighted_kappa"](numbers, numbers, np.ones((1, 200)))
    assert ours == pytest.approx([cohen_kappa_score(*numbers.T, weights="quadratic")])


def test_weights_of_kappa_are_repetitions(lesson):
    rng = np.random.default_rng(1)
    numbers = rng.integers(0, 4, (50, 3))
    weights = rng.integers(0, 3, (1, 50)).astype(float)
    repeated = np.repeat(numbers, weights[0].astype(int), axis=0)
    kappa = lesson["weighted_kappa"]
    assert kappa(numbers, numbers, weights) == pytest.approx(kappa(repeated, repeated, np.ones((1, len(repeated)))))


def test_dawid_skene_finds_the_specialist_without_a_label(lesson):
    rng = np.random.default_rng(2)
    matrices = np.stack([lesson["confusion_of"](right, 3) for right in (0.6, 0.95, 0.6, 0.55)])
    assert matrices.sum(2) == pytest.approx(np.ones((4, 3)))
    labels = rng.integers(0, 3, 3000)
    votes = (rng.uniform(size=(3000, 4, 1)) > np.cumsum(matrices[:, labels].swapaxes(0, 1), 2)[:, :, :-1]).sum(2)
    chance, found = lesson["dawid_skene"](votes, 3)
    assert chance.sum(1) == pytest.approx(np.ones(3000))
    assert np.abs(found - matrices).max() < 0.06
    assert (chance.argmax(1) == labels).mean() > (lesson["most_frequent"](votes, 3) == labels).mean()


def test_a_pair_that_one_reader_did_not_mark_counts_as_asked_and_nobody_marked_as_nothing(lesson):
    lesson["pairs"] = list(combinations(range(3), 2))
    masks = np.zeros((3, 3, 4, 4), np.uint8)
    masks[0, :2, 1:3, 1:3] = 1  # two readers agree, one saw nothing
    masks[1, 0, 0, 0] = 1  # one reader alone
    assert lesson["pair_dice"](masks, missed=0.0) == pytest.approx([1 / 3, 0.0, np.nan], nan_ok=True)
    assert lesson["pair_dice"](masks, missed=np.nan) == pytest.approx([1.0, np.nan, np.nan], nan_ok=True)


def test_a_tie_is_no_majority(lesson):
    masks = np.array([[[[1, 1]], [[1, 0]], [[0, 0]], [[0, 1]]]])
    assert lesson["majority"](masks).tolist() == [[[False, False]]]
    assert lesson["majority"](masks[:, :3]).tolist() == [[[True, False]]]


def test_every_state_of_the_explorer_can_be_drawn_and_told(lesson):
    rng = np.random.default_rng(3)
    truth = np.stack([blob(rng), blob(rng)])
    lesson |= {"truth": truth, "layers": {"readers": (np.stack([truth, truth[::-1]], 1), ["0.3 mm", "1.5 mm"])}}
    for nodule in (0, 1):
        assert isinstance(lesson["draw_nodule"](nodule, "readers"), Figure)
        assert "0.3 mm 1.00" in lesson["describe_nodule"](float(nodule), "readers")
