"""Lesson 92: gradients are autograd's, rules are those of the papers, masks cancel, and epsilon is Opacus's."""

import numpy as np
import pytest
import torch
from scipy.stats import trim_mean
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from tests.notebooks.cells import definitions

PIXELS, HIDDEN = 12, 16


@pytest.fixture
def lesson():
    names = definitions("92_federated_attacks_privacy")
    names |= {"pixels": PIXELS, "hidden": HIDDEN, "hostile": 3, "clients": 10, "seed": 0, "spread": 1.0}
    return names


def batch(seed, *shape):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, PIXELS, generator=generator), torch.rand(*shape, generator=generator).round()


def net(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))


def test_gradients_of_several_batches_are_those_of_autograd(lesson):
    model, (x, y) = net(0), batch(1, 3, 5)
    ours = lesson["slopes"](model, x, y)
    for b in range(3):
        model.zero_grad()
        binary_cross_entropy_with_logits(model(x[b])[:, 0], y[b]).backward()
        for name, p in model.named_parameters():
            assert torch.allclose(ours[name][b], p.grad, atol=1e-6)


def test_the_image_of_a_batch_of_one_is_read_out_exactly_and_the_mean_is_not_the_image(lesson):
    model, (x, y) = net(2), batch(3, 1, 1)
    gradient = {name: g[0] for name, g in lesson["slopes"](model, x, y).items()}
    assert lesson["near"](lesson["read_out"](gradient), x[0]).tolist() == [1.0]
    assert lesson["near"](x[0] + 0.02, x[0]).tolist() == [0.0]
    assert lesson["near"](x[0] + 0.005, x[0]).tolist() == [1.0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_trimmed_mean_is_that_of_scipy_and_the_median_that_of_numpy(lesson, seed):
    updates = torch.randn(10, 7, generator=torch.Generator().manual_seed(seed))
    assert lesson["trimmed_mean"](updates).numpy() == pytest.approx(trim_mean(updates.numpy(), 0.3, axis=0), abs=1e-6)
    assert lesson["median"](updates).numpy() == pytest.approx(np.median(updates.numpy(), axis=0), abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_krum_takes_the_update_that_a_plain_search_takes(lesson, seed):
    updates = np.random.default_rng(seed).normal(size=(10, 4))
    scores = []
    for i in range(10):
        apart = sorted(float(((updates[i] - updates[j]) ** 2).sum()) for j in range(10) if j != i)
        scores.append(sum(apart[: 10 - 3 - 2]))
    found = lesson["krum"](torch.from_numpy(updates)).numpy()
    assert found == pytest.approx(updates[int(np.argmin(scores))])


def test_krum_and_median_refuse_three_far_updates_and_the_mean_follows_them(lesson):
    updates = torch.randn(10, 5, generator=torch.Generator().manual_seed(4)) * 0.1 + 1
    updates[:3] = -50
    for rule in ("krum", "median", "trimmed_mean"):
        assert (lesson[rule](updates) - 1).abs().max() < 0.5
    assert updates.mean(0).max() < -10


@pytest.mark.parametrize("seed", [0, 1])
def test_masks_cancel_exactly_and_one_masked_update_is_uniform(lesson, seed):
    updates = np.random.default_rng(seed).normal(size=(5, 4000))
    sent = lesson["masked"](updates, np.random.default_rng(9))
    total = lesson["signed"](sent.sum(0) % 2**32)
    assert np.array_equal(total, np.round(updates * 2**20).sum(0) / 2**20)
    assert abs(np.corrcoef(lesson["signed"](sent[0]), updates[0])[0, 1]) < 0.06
    assert np.histogram(sent[0], bins=8, range=(0, 2**32))[0].min() > 400


def test_small_masks_show_the_update(lesson):
    lesson["lab"].broken = "float_masks"
    updates = np.random.default_rng(0).normal(size=(2, 4000))
    sent = lesson["masked"](updates, np.random.default_rng(9))
    assert abs(np.corrcoef(lesson["signed"](sent[0]), updates[0])[0, 1]) > 0.5


# Opacus 1.6.0, compute_rdp and get_privacy_spent with orders 2 to 64 and delta 1e-5.
OPACUS = [
    (0.2, 0.2, 3, 75.47000363024566), (0.2, 1.0, 10, 6.001092429499348), (0.01, 1.1, 1000, 1.725290818044953),
    (256 / 60000, 1.1, 14063, 2.59707951965708), (0.1, 2.0, 100, 2.58665217816753), (1.0, 4.0, 10, 3.6278518728252274),
]  # fmt: skip


@pytest.mark.parametrize(("q", "sigma", "steps", "wanted"), OPACUS)
def test_epsilon_is_that_of_opacus(lesson, q, sigma, steps, wanted):
    assert lesson["epsilon"](q, sigma, steps) == pytest.approx(wanted, rel=1e-6)


def test_no_patient_counts_for_more_than_one_after_clipping(lesson):
    each = {"a": torch.randn(6, 3, 2, generator=torch.Generator().manual_seed(0)) * 5, "b": torch.zeros(6, 4)}
    each["a"][0] /= 1000
    clipped = lesson["clip"](each)
    length = sum(g.flatten(1).square().sum(1) for g in clipped.values()).sqrt()
    assert length[1:].tolist() == pytest.approx([1] * 5)
    assert torch.equal(clipped["a"][0], each["a"][0])


@pytest.mark.parametrize(("skew", "own"), [(0.5, 0.5), (0.95, 0.95)])
def test_clients_have_the_mix_that_is_asked_for_and_share_no_patient(lesson, skew, own):
    labels = torch.arange(800) % 2
    images = torch.arange(800.0)[:, None].expand(-1, PIXELS)
    lesson |= {"labels": labels.float(), "images": images}
    x, y = lesson["divided"](skew, np.random.default_rng(0))
    assert x.shape == (10, 80, PIXELS)
    assert len(set(x[:, :, 0].flatten().tolist())) == 800
    matches = torch.stack([(y[c] == c % 2).float().mean() for c in range(10)])
    assert float(matches.mean()) == pytest.approx(own, abs=0.06)
