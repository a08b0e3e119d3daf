"""What lesson 71 writes by hand agrees with cleanlab and torch, and its explorer draws every state."""

import numpy as np
import pytest
import torch
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues
from matplotlib.figure import Figure
from torch.nn.functional import cross_entropy

from medlab import stats
from tests.notebooks.cells import definitions

LESSON = "71_noisy_labels"


@pytest.fixture(scope="module")
def lesson():
    return definitions(LESSON)


def beliefs(seed, classes, n=300):
    """Noisy labels, and probabilities that lean toward the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    logits = rng.normal(0, 1, (n, classes)) + 1.5 * np.eye(classes)[truth]
    labels = np.where(rng.random(n) < 0.3, rng.integers(0, classes, n), truth)
    return labels, np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


@pytest.mark.parametrize(("seed", "classes"), [(0, 2), (1, 3), (2, 6), (3, 7)])
def test_the_confident_joint_is_that_of_cleanlab(lesson, seed, classes):
    labels, probability = beliefs(seed, classes)
    wanted, off = compute_confident_joint(labels, probability, calibrate=False, return_indices_of_off_diagonals=True)
    found = lesson["confident_class"](labels, probability)
    joint = np.zeros((classes, classes), int)
    np.add.at(joint, (labels[found >= 0], found[found >= 0]), 1)
    # cleanlab keeps at least one image of each class on the diagonal.
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    assert np.array_equal(joint, wanted)
    assert np.array_equal(np.flatnonzero(lesson["suspicious"](labels, probability)), np.sort(off))


@pytest.mark.parametrize("seed", range(3))
def test_cleanlab_reports_the_same_labels(lesson, seed):
    labels, probability = beliefs(seed, 5)
    ours = lesson["suspicious"](labels, probability)
    theirs = find_label_issues(labels, probability, filter_by="confident_learning", n_jobs=1)
    # cleanlab spares a label that the model predicts, although another class passed its threshold as well.
    assert np.array_equal(ours & (probability.argmax(1) != labels), theirs)
    assert ours.sum() >= theirs.sum() > 0


def test_a_class_without_labels_flags_nothing(lesson):
    labels, probability = beliefs(4, 3)
    labels = np.where(labels == 2, 0, labels)
    assert (lesson["confident_class"](labels, probability) != 2).all()


def test_losses_agree_with_torch(lesson):
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(40, 5, generator=generator, dtype=torch.float64)
    wanted = torch.randint(0, 5, (40,), generator=generator)
    assert torch.isclose(lesson["gce"](output, wanted, q=1e-6), cross_entropy(output, wanted), atol=1e-4)
    absolute = 1 - output.softmax(1).gather(1, wanted[:, None]).mean()
    assert torch.isclose(lesson["gce"](output, wanted, q=1.0), absolute)


def test_forward_correction_compares_labels_with_probabilities_sent_through_the_matrix(lesson):
    generator = torch.Generator().manual_seed(0)
    output, wanted = torch.randn(40, 3, generator=generator), torch.randint(0, 3, (40,), generator=generator)
    unchanged, matrix = lesson["forward"](np.eye(3)), lesson["transition"]("pair", 0.4, 3)
    assert torch.isclose(unchanged(output, wanted), cross_entropy(output, wanted))
    p = output.softmax(1).numpy()
    given = [p[i] @ matrix[:, y] for i, y in enumerate(wanted.tolist())]
    assert float(lesson["forward"](matrix)(output, wanted)) == pytest.approx(-np.mean(np.log(given)), rel=1e-5)


def test_small_losses_are_picked_and_never_none(lesson):
    output, wanted = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), torch.tensor([1, 1, 0])
    assert set(lesson["small_loss"](output, wanted, 0.67).tolist()) == {1, 2}
    assert lesson["small_loss"](output, wanted, 0.0).tolist() == [2]


@pytest.mark.parametrize("kind", ["symmetric", "pair"])
def test_drawn_labels_follow_their_matrix(lesson, kind):
    matrix = lesson["transition"](kind, 0.45, 4)
    assert np.allclose(matrix.sum(1), 1)
    labels = np.repeat(np.arange(4), 5000)
    drawn = lesson["flipped"](labels, matrix, np.random.default_rng(0))
    share = np.array([[np.mean(drawn[labels == i] == j) for j in range(4)] for i in range(4)])
    assert np.allclose(share, matrix, atol=0.03)
    assert np.array_equal(lesson["flipped"](labels, np.eye(4), np.random.default_rng(0)), labels)


def test_found_counts_wrong_labels_and_chance_is_zero(lesson):
    seen, weights = np.array([3, 2, 1, 0, 3]), np.ones((1, 5))
    assert lesson["found"](None, seen, weights) == pytest.approx(2 / 3)
    assert lesson["beyond_chance"](None, seen, weights) == pytest.approx(2 / 3 - 1 / 2)
    assert lesson["beyond_chance"](None, np.array([3, 2, 1, 0]), np.ones((1, 4))) == 0
    assert lesson["found"](None, np.array([1, 0]), np.ones((1, 2))) == 0  # nothing to find is nothing found


def test_the_explorer_draws_every_state(lesson):
    rng, n, epochs = np.random.default_rng(0), 60, 4
    truth = {"train": rng.integers(0, 3, n), "test": rng.integers(0, 3, n)}
    lesson |= {"truth": truth, "epochs": epochs}
    lesson["accuracy_of"] = lambda decisions, name: stats.bootstrap("accuracy", truth["test"], decisions, name=name)

    def history():
        return {part: rng.integers(0, 3, (epochs, n)).astype(np.uint8) for part in ("train", "test")}

    lesson["given"] = {noise: [rng.integers(0, 3, n)] * 2 for noise in ("symmetric", "pair-flip")}
    methods = ("plain", "GCE", "forward", "co-teaching")
    lesson["runs"] = {(noise, m): [history(), history()] for noise in lesson["given"] for m in methods}
    for (noise, method), epoch in zip(lesson["runs"], (1, 2, 4, 3.0, 1, 2, 3, 4), strict=True):
        assert isinstance(lesson["draw_state"](noise, method, epoch), Figure)
        text = lesson["describe_state"](noise, method, epoch)
        assert "95 % CI" in text
        assert f"{noise} noise" in text
