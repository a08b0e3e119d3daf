"""What lesson 86 computes by hand, held against libraries, and what its flaws rest on."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    rng = np.random.default_rng(0)
    y = {name: rng.permutation(np.arange(n) % 2) for name, n in (("train", 240), ("test", 200))}
    x = {name: rng.normal(size=(len(rows), 20)) + rows[:, None] * 0.3 for name, rows in y.items()}
    names = definitions("86_find_the_flaw")
    names.update(seed=0, X=x, Y=y, FEW=3, MANY=5, values={}, shown={}, errors={})
    return names


def test_the_auc_by_pairs_is_that_of_scikit_learn(lesson):
    rng = np.random.default_rng(1)
    y, score = rng.integers(0, 2, 80), rng.normal(size=80)
    assert lesson["ranked"](y, score) == pytest.approx(roc_auc_score(y, score))


def test_the_frechet_distance_is_the_closed_form_of_shifted_and_scaled_samples(lesson):
    a = np.random.default_rng(2).normal(size=(300, 4))
    assert lesson["frechet"](a, a) == pytest.approx(0, abs=1e-6)
    assert lesson["frechet"](a, a + 2) == pytest.approx(16)
    spread = np.trace(np.cov(a.T))
    away = ((2 * a.mean(0)) ** 2).sum()
    assert lesson["frechet"](a, 3 * a) == pytest.approx(4 * spread + away)


def test_draws_are_balanced_have_no_row_twice_and_differ_between_rounds(lesson):
    first, second = (lesson["draw"](k) for k in (0, 1))
    assert lesson["Y"]["train"][first].mean() == 0.5
    assert len(set(first)) == len(first) == 100
    assert set(first) != set(second)
    assert set(lesson["draw"](0)) == set(first)


def test_copies_are_found_by_distance_and_not_by_equality(lesson):
    rng = np.random.default_rng(3)
    known, other, fresh = (rng.normal(size=(300, 5)) for _ in range(3))
    near = known + 1e-4
    assert lesson["equal_to_any"](known, known, other) == 1
    assert lesson["equal_to_any"](near, known, other) == 0
    assert lesson["too_near"](near, known, other) == 1
    assert abs(lesson["too_near"](fresh, known, other)) < 0.2


def test_turn_takes_radians(lesson):
    image = np.random.default_rng(4).random((9, 9))
    assert np.allclose(lesson["turn"](image, np.pi), image[::-1, ::-1])
    assert np.allclose(lesson["turn"](image, np.pi / 2), np.rot90(image), atol=1e-6)


def test_a_drug_without_effect_has_a_rate_ratio_of_one_only_with_a_landmark(lesson):
    naive, mended = (np.mean([lesson["rate_ratio_of"](k, mark) for k in range(60)]) for mark in (None, 0.5))
    assert naive < 0.5
    assert mended == pytest.approx(1, abs=0.07)


def test_equal_variants_seem_to_gain_in_small_studies_alone(lesson):
    rng = np.random.default_rng(5)
    lesson["answers"] = (rng.random((20, 400)) < 0.8).astype(float)
    few, many = lesson["gains"](6, 19), lesson["gains"](306, 19)
    assert (few >= 0.05).mean() > 0.6
    assert few.std() > 3 * many.std()
    assert (lesson["gains"](306.0, 1) >= 0.05).mean() < 0.25


def test_a_report_without_the_word_of_the_label_tells_nothing_more_than_the_image(lesson):
    full, mended = (np.mean([lesson["with_words"](k, w) for k in range(3)]) for w in (slice(None), slice(1, None)))
    image = np.mean([lesson["plain"](k) for k in range(3)])
    assert full > 0.94
    assert mended < image + 0.03


def test_mend_first_compares_the_repaired_method_with_itself(lesson):
    lesson["lab"].broken = "mend_first"
    lesson["report"]("x", lambda k: 1.0, 5, "rounds")
    lesson["repair"]("x", lambda k: (k % 7) / 10)
    assert lesson["shown"]["x"]["reported"].value < 0.6
    assert lesson["errors"]["x"].low < 0 < lesson["errors"]["x"].high


def test_without_selection_the_winner_is_named_in_advance(lesson):
    lesson["lab"].broken = "select_nothing"
    for k in range(3):
        right = lesson["variants"](k)
        order = np.random.default_rng([0, 50, k]).permutation(200)
        wanted = (right[1] - right[0])[order[:6]].mean()
        assert lesson["winner"](k, slice(0, 6)) == pytest.approx(wanted)
