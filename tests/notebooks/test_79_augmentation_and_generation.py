"""Lesson 79: augmentations, noise schedule, steps back, FID and neighbors are those of formulas and libraries."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    """The lesson's functions for two training sets of 3 healthy and 3 ill patients with 4 x 4 pixels."""
    names = definitions("79_augmentation_and_generation")
    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 6, 16, generator=g).clamp(-2, 2)
    y = (torch.arange(6) >= 3).float().expand(2, 6)[..., None]
    beta = torch.linspace(0.001, 0.2, 100)
    names |= {"side": 4, "pixels": 16, "R": 2, "n": 3, "seed": 0, "x": x, "y": y, "T": 100}
    names |= {"beta": beta, "kept": (1 - beta).cumprod(0), "average": x.mean(1, keepdim=True)}
    return names


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def test_mixup_mixes_image_and_label_with_one_weight(lesson):
    a = torch.cat([lesson["y"] * 2 - 1, lesson["y"]], -1)  # pixels that tell the label
    image, label = lesson["mixed"](a, lesson["y"], generator())
    assert torch.allclose(image[..., 1:], label)
    assert torch.allclose(image[..., :1], 2 * label - 1)
    assert ((label >= 0) & (label <= 1)).all()
    assert label.unique().numel() > 2


def test_a_flip_mirrors_each_row_and_twice_is_nothing(lesson):
    a = lesson["x"]
    assert torch.equal(lesson["mirrored"](a).view(2, 6, 4, 4)[..., 0], a.view(2, 6, 4, 4)[..., 3])
    assert torch.equal(lesson["mirrored"](a, -2).view(2, 6, 4, 4)[..., 0, :], a.view(2, 6, 4, 4)[..., 3, :])
    assert torch.equal(lesson["mirrored"](lesson["mirrored"](a)), a)


@pytest.mark.parametrize("axis", [-1, -2])
def test_half_of_the_images_are_flipped_and_labels_stay(lesson, axis):
    a = lesson["x"][:, :1].expand(2, 400, 16)
    b = torch.ones(2, 400, 1)
    out, label = lesson["flipped"](a, b, generator(), axis)
    same, turned = (out == a).all(-1), (out == lesson["mirrored"](a, axis)).all(-1)
    assert (same ^ turned).all()
    assert 0.4 < turned.float().mean() < 0.6
    assert torch.equal(label, b)


def test_a_shift_moves_by_one_pixel_at_most(lesson):
    a = torch.zeros(2, 50, 4, 4)
    a[..., 1, 2] = 1
    out, _ = lesson["shifted"](a.flatten(2), torch.ones(2, 50, 1), generator())
    place = out.view(100, 16).argmax(1)
    rows, columns = place // 4, place % 4
    assert set(rows.tolist()) <= {0, 1, 2}
    assert set(columns.tolist()) <= {1, 2, 3}


def test_the_side_is_the_label_of_what_was_mirrored(lesson):
    out, turned = lesson["sides"](lesson["x"], 5)
    for r in range(2):
        for k in range(6):
            wanted = lesson["mirrored"](lesson["x"][r, k]) if turned[r, k, 0] else lesson["x"][r, k]
            assert torch.equal(out[r, k], wanted)
    assert set(turned.unique().tolist()) == {0.0, 1.0}


def test_networks_computed_together_are_those_computed_alone(lesson):
    net = lesson["Networks"](2, 16, 8, 3, seed=0)
    out = net(lesson["x"])
    for r in range(2):
        hidden = torch.nn.functional.silu(lesson["x"][r] @ net.layers[0][r, :-1] + net.layers[0][r, -1])
        assert torch.allclose(net(lesson["x"], features=True)[r], hidden, atol=1e-6)
        assert torch.allclose(out[r], hidden @ net.layers[1][r, :-1] + net.layers[1][r, -1], atol=1e-6)


def test_batches_come_from_the_own_training_set_with_the_own_label(lesson):
    a, b = lesson["drawn"](lesson["x"], lesson["y"], generator(), 30)
    for r in range(2):
        match = (a[r][:, None] == lesson["x"][r][None]).all(-1)
        assert match.any(1).all()
        assert torch.equal(lesson["y"][r][match.float().argmax(1)], b[r])


@pytest.mark.parametrize("t", [0, 7, 60])
def test_one_jump_is_many_small_steps(lesson, t):
    g, x0 = generator(), 1.3
    a = torch.full((200_000,), x0)
    for b in lesson["beta"][: t + 1]:
        a = (1 - b).sqrt() * a + b.sqrt() * torch.randn(a.shape, generator=g)
    jump = lesson["noisy"](torch.full((200_000,), x0), t, torch.randn(200_000, generator=g))
    assert float(jump.mean()) == pytest.approx(float(a.mean()), abs=0.01)
    assert float(jump.std()) == pytest.approx(float(a.std()), abs=0.01)


def test_a_step_back_is_that_of_bayes_rule(lesson):
    """The product of q(x_t | x_{t-1}) and q(x_{t-1} | x_0), as a normal distribution of x_{t-1}."""
    kept, beta, t = lesson["kept"].double(), lesson["beta"].double(), 30
    lesson |= {"kept": kept, "beta": beta}
    x0, noise = torch.tensor([0.7, -1.1]).double(), torch.tensor([0.3, -0.8]).double()
    now = lesson["noisy"](x0, t, noise)
    precision = (1 - beta[t]) / beta[t] + 1 / (1 - kept[t - 1])
    mean = ((1 - beta[t]).sqrt() / beta[t] * now + kept[t - 1].sqrt() / (1 - kept[t - 1]) * x0) / precision
    back = lesson["step_back"](now, t, noise, torch.zeros(2).double())
    spread = lesson["step_back"](now, t, noise, torch.ones(2).double()) - back
    assert torch.allclose(back, mean)
    assert torch.allclose(spread, precision.rsqrt().expand(2))


def test_the_last_step_back_adds_no_noise(lesson):
    x0, noise = torch.tensor([0.7, -1.1]), torch.tensor([0.3, -0.8])
    now = lesson["noisy"](x0, 0, noise)
    assert torch.allclose(lesson["step_back"](now, 0, noise, torch.full((2,), 9.0)), x0, atol=1e-5)


def test_schedule_and_step_back_are_those_of_diffusers(lesson):
    diffusers = pytest.importorskip("diffusers")
    schedule = diffusers.DDPMScheduler(
        100, beta_start=0.001, beta_end=0.2, clip_sample=True, clip_sample_range=2.0, variance_type="fixed_small"
    )
    a, noise = torch.randn(3, 1, 4, 4, generator=generator()), torch.randn(3, 1, 4, 4, generator=generator(2))
    for t in (0, 12, 99):
        assert torch.allclose(
            schedule.add_noise(a, noise, torch.full((3,), t)), lesson["noisy"](a, t, noise), atol=1e-5
        )
    fresh = torch.randn(a.shape, generator=generator(3))
    found = schedule.step(noise, 40, a, generator=generator(3)).prev_sample
    assert torch.allclose(found, lesson["step_back"](a, 40, noise, fresh), atol=1e-4)


def test_the_denoiser_adds_a_share_of_its_input(lesson):
    model = lesson["Denoiser"]()
    with torch.no_grad():
        model.net.layers[-1].zero_()
        t = torch.full((2, 6, 1), 20)
        found = model(lesson["x"], t, lesson["y"])
    assert torch.allclose(found, (1 - lesson["kept"][20]).sqrt() * lesson["x"], atol=1e-6)


def test_the_memorizer_returns_training_images_of_the_wanted_label(lesson):
    wanted = torch.arange(2).repeat_interleave(6).float().expand(2, 12)[..., None]
    out = lesson["memorizer"](wanted, generator())
    nearest = torch.cdist(out, lesson["x"]).argmin(2)
    assert torch.equal((nearest >= 3).float(), wanted[..., 0])
    assert (torch.cdist(out, lesson["x"]).amin(2) > 0).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_fid_is_that_of_a_matrix_root_and_of_monai(lesson, seed):
    metrics = pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(80, 5)) @ rng.normal(size=(5, 5)), rng.normal(0.4, 1, (60, 5))
    one, two = np.cov(a.T), np.cov(b.T)
    plain = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + two - 2 * sqrtm(one @ two).real)
    assert lesson["fid"](a, b) == pytest.approx(plain, rel=1e-6)
    assert lesson["fid"](a, b) == pytest.approx(float(metrics.FIDMetric()(torch.tensor(a), torch.tensor(b))), rel=1e-4)
    assert lesson["fid"](a, a) == pytest.approx(0, abs=1e-6)


def test_fid_of_a_distribution_with_itself_falls_like_one_over_n(lesson):
    rng = np.random.default_rng(0)
    values = [lesson["fid"](rng.normal(size=(n, 64)), rng.normal(size=(n, 64))) for n in (100, 1000, 10_000)]
    assert values == pytest.approx([22, 2.2, 0.22], rel=0.1)


def test_nearer_counts_the_images_that_are_nearer_to_training(lesson):
    lesson |= {"own": torch.zeros(2, 3, 16), "other": torch.ones(2, 3, 16)}
    a = torch.cat([torch.full((2, 30, 16), 0.2), torch.full((2, 10, 16), 0.9)], 1)
    assert lesson["nearer"]("made", a).value == pytest.approx(0.75)
