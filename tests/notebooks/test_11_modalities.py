"""What lesson 11 writes by hand, held against libraries and theory."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_cdt
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from medlab.hospital.brain_mri import RELAXATION, null_time, signal
from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("11_modalities")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def regions(rng):
    a = rng.random((12, 9)) < 0.3
    return a, ~a & (rng.random((12, 9)) < 0.5)


def test_the_share_of_pairs_is_the_auc_of_scikit_learn(lesson, rng):
    image, (a, b) = rng.normal(size=(12, 9)), regions(rng)
    truth, values = np.repeat([1, 0], [a.sum(), b.sum()]), np.concatenate([image[a], image[b]])
    assert lesson["brighter"](image, a, b) == pytest.approx(roc_auc_score(truth, values))


def test_ties_count_half_as_in_the_test_of_mann_and_whitney(lesson, rng):
    image, (a, b) = rng.integers(0, 3, (12, 9)), regions(rng)
    wanted = mannwhitneyu(image[a], image[b]).statistic / (a.sum() * b.sum())
    assert lesson["brighter"](image, a, b) == pytest.approx(wanted)


def test_exchanged_regions_give_the_rest_and_a_monotone_curve_changes_nothing(lesson, rng):
    image, (a, b) = rng.normal(size=(12, 9)), regions(rng)
    assert lesson["brighter"](image, b, a) == pytest.approx(1 - lesson["brighter"](image, a, b))
    assert lesson["brighter"](np.exp(image), a, b) == lesson["brighter"](image, a, b)


def test_a_ring_lies_two_to_four_steps_outside(lesson, rng):
    mask = rng.random((30, 30)) < 0.01
    far = distance_transform_cdt(~mask, metric="taxicab")
    assert np.array_equal(lesson["around"](mask), (far >= 2) & (far <= 4))


@pytest.mark.parametrize("name", ["gray matter", "white matter", "fluid"])
@pytest.mark.parametrize(("tr", "te"), [(500.0, 12.0), (4000.0, 100.0)])
def test_the_spin_echo_is_that_of_the_hospital(lesson, name, tr, te):
    assert lesson["spin_echo"](*RELAXATION[name], tr, te) == pytest.approx(
        signal(*RELAXATION[name], tr=tr, te=te).item(), rel=1e-6
    )


def test_the_sequences_of_the_lesson_turn_the_order_of_gray_and_white_matter(lesson):
    gray, white = RELAXATION["gray matter"], RELAXATION["white matter"]
    assert lesson["spin_echo"](*white, 500, 10) > lesson["spin_echo"](*gray, 500, 10)
    assert lesson["spin_echo"](*white, 4000, 100) < lesson["spin_echo"](*gray, 4000, 100)


def test_speckle_has_the_ratio_of_rayleigh_whatever_the_tissue(lesson, rng):
    for power in (0.5, 1.0):
        image = lesson["echo"](np.full((256, 256), power), rng.normal(size=(2, 256, 256)), np.zeros((2, 256, 256)))
        inside = image[16:-16, 16:-16]
        assert inside.mean() / inside.std() == pytest.approx(np.sqrt(np.pi / (4 - np.pi)), rel=0.03)


def test_the_same_scatterers_give_the_same_speckle_and_others_another_one(lesson, rng):
    grains, still = rng.normal(size=(2, 2, 64, 64)), np.zeros((2, 64, 64))
    first, again, other = (lesson["echo"](np.ones((64, 64)), g, still) for g in (grains[0], grains[0], grains[1]))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.2


def test_the_noise_of_a_fast_scan_falls_by_the_root_of_the_repeats(lesson, rng):
    clean = np.ones((64, 64))
    repeats = np.array([lesson["fast_mr"](clean, 1.0, rng.normal(size=(2, 64, 64))) for _ in range(16)])
    assert repeats[0].std() == pytest.approx(0.15, rel=0.1)
    assert repeats.mean(0).std() == pytest.approx(repeats[0].std() / 4, rel=0.1)


def test_exercise_1_gives_no_signal_at_its_inversion_time():
    for name in ("fluid", "gray matter"):
        t1, t2, protons = RELAXATION[name]
        assert signal(t1, t2, protons, tr=9000.0, te=10.0, ti=null_time(t1, 9000.0)).item() < 1e-3
