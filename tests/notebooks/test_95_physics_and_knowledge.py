"""Lesson 95: the fit is SciPy's, the bound that of the Fisher matrix, and the priors do what they are said to do."""

import numpy as np
import pytest
import torch
from scipy.optimize import curve_fit
from skimage.measure import label
from sklearn.decomposition import PCA

from tests.notebooks.cells import definitions

ECHOES = np.arange(1, 9) * 15.0


@pytest.fixture
def lesson():
    names = definitions("95_physics_and_knowledge")
    names |= {"echoes": torch.arange(1, 9) * 15.0, "sigma": 0.04, "size": 24}
    return names


def signals(count, seed, noise=0.04):
    rng = np.random.default_rng(seed)
    t2, amplitude = rng.uniform(50, 150, count), rng.uniform(0.8, 1.2, count)
    clean = amplitude[:, None] * np.exp(-ECHOES / t2[:, None])
    return t2, amplitude, np.abs(clean + noise * rng.normal(size=clean.shape))


def one_signal(te, a, t2):
    return a * np.exp(-te / t2)


def test_the_signal_is_an_exponential_with_a_share_that_decays_fast(lesson):
    t2 = torch.tensor([[80.0]])
    wanted = 2 * (0.8 * np.exp(-ECHOES / 80) + 0.2 * np.exp(-ECHOES / 20))
    assert lesson["decay"](torch.tensor([[2.0]]), t2, 0.2)[0].numpy() == pytest.approx(wanted, rel=1e-5)
    assert lesson["decay"](torch.ones(3, 1, 4, 5), torch.full((3, 1, 4, 5), 80.0)).shape == (3, 8, 4, 5)


def test_noise_is_rician(lesson):
    g = torch.Generator().manual_seed(0)
    found = lesson["measured"](torch.full((40000,), 1.0), 0.5, g)
    assert float(found.square().mean()) == pytest.approx(1 + 2 * 0.25, abs=0.02)
    assert float(lesson["measured"](torch.zeros(40000), 1.0, g).mean()) == pytest.approx(np.sqrt(np.pi / 2), abs=0.02)


@pytest.mark.parametrize("seed", [0, 1])
def test_least_squares_is_that_of_scipy(lesson, seed):
    _, _, noisy = signals(40, seed)
    amplitude, t2 = lesson["least_squares"](torch.from_numpy(noisy).float())
    wanted = np.array([curve_fit(one_signal, ECHOES, row, p0=(1, 80))[0] for row in noisy])
    assert t2[:, 0].numpy() == pytest.approx(wanted[:, 1], rel=0.01)
    assert amplitude[:, 0].numpy() == pytest.approx(wanted[:, 0], rel=0.01)


def test_least_squares_of_maps_is_that_of_pixels(lesson):
    _, _, noisy = signals(60, 3)
    flat = torch.from_numpy(noisy).float()
    maps = flat.reshape(3, 4, 5, 8).movedim(-1, 1)
    assert torch.allclose(lesson["least_squares"](maps)[1].flatten(), lesson["least_squares"](flat)[1].flatten())


@pytest.mark.parametrize(("a", "t2"), [(1.0, 80.0), (0.8, 120.0), (1.2, 60.0)])
def test_the_bound_is_that_of_the_fisher_matrix_and_least_squares_comes_near(lesson, a, t2):
    step = 1e-4
    slopes = np.stack([
        (one_signal(ECHOES, a + step, t2) - one_signal(ECHOES, a - step, t2)) / (2 * step),
        (one_signal(ECHOES, a, t2 + step) - one_signal(ECHOES, a, t2 - step)) / (2 * step),
    ])  # fmt: skip
    wanted = np.sqrt(np.linalg.inv(slopes @ slopes.T / 0.04**2)[1, 1])
    found = lesson["cramer_rao"](torch.tensor([[a]]), torch.tensor([[t2]])).item()
    assert found == pytest.approx(wanted, rel=1e-3)
    noisy = a * np.exp(-ECHOES / t2) + 0.04 * np.random.default_rng(0).normal(size=(4000, 8))
    assert lesson["least_squares"](torch.from_numpy(noisy).float())[1].std().item() == pytest.approx(wanted, rel=0.1)


def test_both_losses_are_smallest_at_the_truth(lesson):
    t2 = torch.tensor([[60.0], [110.0]])
    right = torch.cat([torch.zeros(2, 1), (t2 / 90).log()], 1)
    signal = 4 * lesson["decay"](torch.ones(2, 1), t2) - 2
    assert lesson["statistics_loss"](right, t2).item() == pytest.approx(0, abs=1e-10)
    assert lesson["physics_loss"](right, signal).item() == pytest.approx(0, abs=1e-10)
    for moved in (right + 0.1, right - 0.1):
        assert lesson["statistics_loss"](moved, t2) > 1e-3
        assert lesson["physics_loss"](moved, signal) > 1e-3


def test_maps_and_pixels_keep_their_places(lesson):
    part = {"signal": torch.rand(2, 8, 3, 4) + 0.5, "tissue": torch.ones(2, 1, 3, 4)}
    part["tissue"][0, 0, 1, 2] = 0.5
    assert lesson["pixels"](part["signal"], part).shape == (23, 8)
    assert torch.equal(lesson["pixels"](part["signal"], part)[0], part["signal"][0, :, 0, 0])
    model = lesson["network"](0)
    x = lesson["scaled"](part)
    found = lesson["t2_map"](model, x)
    with torch.no_grad():
        wanted = lesson["answer"](model(x[1, :, 2, 3][None]))[1].item()
    assert found.shape == (2, 1, 3, 4)
    assert found[1, 0, 2, 3].item() == pytest.approx(wanted, rel=1e-5)


def test_dark_on_t1_is_long_t2_and_air_is_no_tissue(lesson):
    x = torch.linspace(0, 1, 100).reshape(1, 1, 10, 10)
    t2, tissue = lesson["relaxation"](x)
    assert t2.min() == pytest.approx(60)
    assert t2.max() == pytest.approx(120)
    assert (t2.flatten().diff() <= 0).all()
    assert tissue.flatten()[0] == 0
    assert tissue.flatten()[-1] == 1


def test_the_disc_lies_in_the_middle_of_the_mask(lesson):
    mask = torch.zeros(1, 1, 30, 30)
    mask[0, 0, 5:16, 8:19] = 1
    disc = lesson["discs"](mask, 3)
    assert (disc <= mask).all()
    assert disc.sum().item() == 29
    rows, columns = torch.where(disc[0, 0] > 0)
    assert (rows.float().mean().item(), columns.float().mean().item()) == (10, 13)


def test_the_share_that_is_kept_is_one_for_the_truth_and_none_for_a_flat_map(lesson):
    inside, ring = torch.zeros(2, 1, 6, 6, dtype=torch.bool), torch.zeros(2, 1, 6, 6, dtype=torch.bool)
    inside[:, :, 2:4, 2:4], ring[:, :, 1:5, 1:5] = True, True
    ring &= ~inside
    true = 80 + 170.0 * inside
    ids = np.array(["a", "b"])
    lesson |= {"scan": {"inside": inside, "ring": ring, "t2": true}, "counted": np.arange(2), "ids": ids}
    half = [80 + 85.0 * inside + torch.arange(2.0)[:, None, None, None] * inside]
    assert lesson["contrast"](half, true, "half").value == pytest.approx(0.5 + 0.5 / 170)
    assert lesson["gap"](torch.full((2, 1, 6, 6), 90.0)) == pytest.approx(0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_topology_is_that_of_scikit_image(lesson, seed):
    mask = torch.from_numpy(np.random.default_rng(seed).random((4, 1, 20, 20)) < 0.55)
    found = lesson["one_part"](mask)
    for one, got in zip(mask[:, 0].numpy(), found[:, 0].numpy(), strict=True):
        parts = label(one, connectivity=1)
        largest = parts == 1 + np.bincount(parts[parts > 0])[1:].argmax()
        assert label(got, connectivity=1).max() == 1
        assert got[largest].all()
        outside = label(~largest, connectivity=1)
        border = np.unique(np.r_[outside[0], outside[-1], outside[:, 0], outside[:, -1]])
        holes = (outside > 0) & ~np.isin(outside, border)
        assert np.array_equal(got, largest | holes)
    assert not lesson["one_part"](torch.zeros(1, 1, 5, 5, dtype=torch.bool)).any()


def test_the_shape_model_is_the_pca_of_scikit_learn_and_leaves_its_own_shapes_alone(lesson):
    masks = (torch.rand(12, 1, 9, 9, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    model = PCA(n_components=5, svd_solver="full").fit(masks.flatten(1).numpy())
    chance = torch.rand(3, 1, 9, 9, generator=torch.Generator().manual_seed(1))
    wanted = model.inverse_transform(model.transform(chance.flatten(1).numpy())).reshape(3, 1, 9, 9)
    project = lesson["shape_model"](masks, 5)
    assert project(chance).numpy() == pytest.approx(wanted, abs=1e-4)
    assert torch.allclose(project(project(chance)), project(chance), atol=1e-4)
    assert torch.allclose(lesson["shape_model"](masks, 11)(masks), masks, atol=1e-4)


def test_patches_have_values_of_all_sizes_and_belong_to_no_structure(lesson):
    x, y = torch.full((200, 2, 24, 24), 100.0), torch.ones(200, 1, 24, 24)
    new_x, new_y = lesson["with_patches"](x, y, torch.Generator().manual_seed(0))
    patched = new_x[:, :1] != 100
    assert torch.equal(patched, new_y == 0)
    assert (patched.sum((1, 2, 3)) == 9).all()
    assert torch.equal(new_x[:, 1], x[:, 1])
    assert (x == 100).all()
    assert (y == 1).all()
    values = new_x[:, :1][patched]
    assert values.min() < -4
    assert values.max() > 3
