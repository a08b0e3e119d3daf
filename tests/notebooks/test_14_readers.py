"""What lesson 14 writes by hand, held against scikit-learn and against panels whose agreement is known."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import cohen_kappa_score

from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("14_readers")


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


def test_equal_ratings_are_counted_over_all_pairs_and_by_weight(lesson):
    numbers = np.array([[1, 1, 1], [1, 1, 2]])
    weights = np.array([[1.0, 1.0], [0.0, 3.0]])
    assert lesson["same_number"](numbers, numbers, weights) == pytest.approx([2 / 3, 1 / 3])


def test_a_pair_that_one_reader_did_not_mark_counts_as_asked_and_nobody_marked_as_nothing(lesson):
    masks = np.zeros((3, 3, 4, 4), np.uint8)
    masks[0, :2, 1:3, 1:3] = 1  # two readers agree, one saw nothing
    masks[1, 0, 0, 0] = 1  # one reader alone
    assert lesson["pair_dice"](masks, missed=0.0) == pytest.approx([1 / 3, 0.0, np.nan], nan_ok=True)
    assert lesson["pair_dice"](masks, missed=np.nan) == pytest.approx([1.0, np.nan, np.nan], nan_ok=True)


def test_the_mean_leaves_out_what_is_not_there(lesson):
    there, values = np.array([1.0, 0.0, 1.0]), np.array([0.2, 0.0, 0.8])
    found = lesson["mean_where"](there, values, np.array([[1.0, 1.0, 1.0], [3.0, 5.0, 1.0]]))
    assert found == pytest.approx([0.5, 0.35])


def test_a_tie_is_no_majority(lesson):
    masks = np.array([[[[1, 1]], [[1, 0]], [[0, 0]], [[0, 1]]]])
    assert lesson["majority"](masks).tolist() == [[[False, False]]]
    assert lesson["majority"](masks[:, :3]).tolist() == [[[True, False]]]


def test_the_vote_of_the_others_does_not_depend_on_the_reader_and_that_of_the_panel_does(lesson):
    rng = np.random.default_rng(2)
    masks = rng.integers(0, 2, (5, 4, 6, 6)).astype(np.uint8)
    other = masks.copy()
    other[:, 2] = 1 - other[:, 2]
    assert (lesson["others_vote"](masks, 2) == lesson["others_vote"](other, 2)).all()
    assert (lesson["panel_vote"](masks, 2) != lesson["panel_vote"](other, 2)).any()
    voted = lesson["against"](masks, lesson["panel_vote"]).mean()
    assert voted > lesson["against"](masks, lesson["others_vote"]).mean() + 0.1


def test_a_crop_keeps_all_that_any_reader_drew(lesson):
    masks = np.zeros((4, 30, 30), np.uint8)
    masks[0, 0:3, 10:12] = masks[3, 20, 29] = 1
    small = lesson["cropped"](masks)
    assert small.sum() == masks.sum()
    assert small.shape == (4, 24, 23)


@pytest.mark.parametrize("reader", ["reader 1", "reader 4"])
def test_every_state_of_the_explorer_can_be_drawn_and_described(lesson, reader):
    masks = np.zeros((2, 4, 12, 12), np.uint8)
    masks[:, :, 4:8, 4:8] = 1
    masks[1, 0, 4:8, 4:6] = 0
    lesson |= {"four": masks}
    for nodule in (0, 1.0):
        assert isinstance(lesson["draw_nodule"](nodule, reader), Figure)
    words = lesson["describe_nodule"](1, reader)
    assert "majority 0.67" in words if reader == "reader 1" else "reader 1 0.67" in words
    assert f"{reader} " not in words.split("with", 1)[1]
