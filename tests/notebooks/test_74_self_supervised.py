"""Lesson 74: the loss is NT-Xent, views change what their switches say, and probes are ridge regressions."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch.nn.functional import conv2d

from tests.notebooks.cells import Quiet, definitions


@pytest.fixture
def lesson():
    names = definitions("74_self_supervised")
    names.update(lab=Quiet(), seeds=[0, 1, 2, 3], bases=2, seed=0, rng=np.random.default_rng(0))
    return names


def generator(number=0):
    return torch.Generator().manual_seed(number)


def loop_loss(first, second, temperature):
    z = np.concatenate([first, second]).astype(float)
    z /= np.sqrt((z**2).sum(1, keepdims=True))
    n, total = len(first), 0.0
    for i in range(2 * n):
        p = i + n if i < n else i - n
        bottom = sum(np.exp(z[i] @ z[k] / temperature) for k in range(2 * n) if k != i)
        total -= np.log(np.exp(z[i] @ z[p] / temperature) / bottom)
    return total / (2 * n)


@pytest.mark.parametrize(("n", "temperature"), [(1, 0.5), (5, 0.2), (9, 1.0)])
def test_nt_xent_is_that_of_a_loop_over_all_pairs(lesson, n, temperature):
    first, second = torch.randn(2, 3, n, 4, generator=generator(n))
    found = lesson["nt_xent"](first, second, temperature)
    wanted = [loop_loss(a.numpy(), b.numpy(), temperature) for a, b in zip(first, second, strict=True)]
    assert found.tolist() == pytest.approx(wanted, abs=1e-5)


def test_nt_xent_is_that_of_lightly(lesson):
    loss = pytest.importorskip("lightly.loss").NTXentLoss(temperature=0.2)
    first, second = torch.randn(2, 1, 8, 16, generator=generator(1))
    assert lesson["nt_xent"](first, second).item() == pytest.approx(loss(first[0], second[0]).item(), abs=1e-5)


def test_nt_xent_is_small_for_partners_and_large_for_strangers(lesson):
    z = torch.eye(6)[None]
    assert lesson["nt_xent"](z, z).item() < 0.1
    assert lesson["nt_xent"](z, z.roll(1, 1)).item() > 1


def test_only_the_switch_for_flips_mirrors(lesson):
    ramp = torch.linspace(-1, 1, 28).expand(3, 200, 1, 28, 28)
    recipe = torch.tensor([(0, 0), (1, 0), (0, 1)])
    seen = lesson["views"](ramp, recipe, generator())
    rising = (seen[..., 20:].mean((2, 3, 4)) > seen[..., :8].mean((2, 3, 4))).float().mean(1)
    assert seen.shape == ramp.shape
    assert rising[0] == 1
    assert 0.35 < rising[1] < 0.65
    assert rising[2] == 1


def test_only_the_switch_for_jitter_changes_brightness(lesson):
    flat = torch.ones(2, 50, 1, 28, 28)
    seen = lesson["views"](flat, torch.tensor([(1, 0), (0, 1)]), generator())
    assert torch.allclose(seen[0], flat[0], atol=1e-5)
    assert seen[1].mean((1, 2, 3)).std() > 0.5


def test_networks_computed_together_are_those_computed_alone(lesson):
    model = lesson["Networks"](3, 5, generator(2))
    x = torch.randn(3, 4, 1, 28, 28, generator=generator(3))
    for r in range(3):
        kernel = model.patch[r, 0].T.reshape(16, 1, 4, 4)
        layer = conv2d(x[r], kernel, stride=4).flatten(2).transpose(1, 2) + model.place[r, 0]
        hidden = torch.relu(torch.relu(layer).flatten(1) @ model.dense[r, :-1] + model.dense[r, -1])
        assert torch.allclose(model.features(x)[r], hidden, atol=1e-4)
        assert torch.allclose(model(x)[r], hidden @ model.head[r], atol=1e-4)


@pytest.mark.parametrize("penalty", [0.01, 1])
def test_a_probe_is_ridge_regression(lesson, penalty):
    g = generator(4)
    inside, outside = torch.randn(2, 40, 6, generator=g), torch.randn(2, 9, 6, generator=g)
    y, rows = (torch.rand(40, generator=g) < 0.3).float(), torch.randperm(40, generator=g)[:24].view(2, 12)
    found = lesson["probe"](inside, y, outside, rows, penalty)
    for r in range(2):
        mean, sd = inside[r].mean(0), inside[r].std(0)
        model = Ridge(alpha=6 * penalty).fit((inside[r][rows[r]] - mean) / sd, y[rows[r]])
        wanted = model.predict((outside[r] - mean) / sd)
        score = found[r].numpy() / 6  # scale and offset do not matter for an AUC
        assert np.allclose(score - score.mean(), wanted - wanted.mean(), atol=1e-3)


def test_three_quarters_of_the_patches_are_hidden_as_wholes(lesson):
    mask = lesson["hidden"](torch.zeros(2, 5, 1, 28, 28), generator(5))
    assert mask.shape == (2, 5, 1, 28, 28)
    each = lesson["patches"](mask.float()).mean(-1)
    assert set(each.unique().tolist()) == {0.0, 1.0}
    assert (each.sum(-1) == 37).all()


def test_patches_are_four_by_four_squares_in_reading_order(lesson):
    x = torch.arange(28 * 28.0).view(1, 1, 1, 28, 28)
    found = lesson["patches"](x)
    assert torch.equal(found[0, 0, 8], x[0, 0, 0, 4:8, 4:8].flatten())


def test_the_masked_loss_counts_hidden_pixels_alone(lesson):
    images = torch.randn(4, 1, 28, 28, generator=generator(6))
    lesson["images"], rows = images, torch.arange(4)[None]

    def keeps_what_it_sees(x):
        return x.flatten(2)  # right where visible, 0 where hidden

    found = lesson["masked"](keeps_what_it_sees, rows, generator(7))
    mask = lesson["hidden"](images[rows], generator(7))
    assert found.item() == pytest.approx(images[rows][mask].square().mean().item(), rel=1e-5)


def test_each_turn_can_be_undone(lesson):
    x = torch.randn(2, 10, 1, 6, 6, generator=generator(8))
    found, turns = lesson["turned"](x)
    assert sorted(set(turns.tolist())) == [0, 1, 2, 3]
    for k, turn in enumerate(turns.tolist()):
        assert torch.equal(torch.rot90(found[:, k], -turn, (-2, -1)), x[:, k])


def test_concepts_are_made_of_half_of_the_images(lesson):
    x, y = torch.randn(6, 1, 28, 28, generator=generator(9)), torch.ones(6)
    found = lesson["asked"](x, y)
    side, made = found["side"]
    assert made.tolist() == [0, 1, 0, 1, 0, 1]
    assert torch.equal(side[0], x[0])
    assert torch.equal(side[1], x[1].flip(-1))
    bright = found["brightness"][0]
    assert torch.allclose(bright[0], 0.8 * x[0] - 0.4)
    assert torch.allclose(bright[1], 1.2 * x[1] + 0.4)
    assert found["finding"][1] is y


def test_labels_are_drawn_ill_and_healthy_in_turns(lesson):
    y = torch.tensor([1.0] * 5 + [0.0] * 9)
    rows = lesson["drawn"](y)
    assert rows.shape == (4, 10)
    for row in rows:
        assert y[row].tolist() == [1, 0] * 5
        assert len(set(row.tolist())) == 10


def test_each_seed_takes_what_was_best_on_its_validation_patients(lesson):
    good, bad = np.array([3.0, 0, 2, 1]), np.array([0.0, 3, 1, 2])
    lesson.update(val_labels=torch.tensor([1.0, 0, 1, 0]), held_of=torch.arange(4).expand(2, -1))
    tried = [(np.stack([good, bad]), np.zeros((2, 3))), (np.stack([bad, good]), np.ones((2, 3)))]
    assert lesson["best"](tried, 4).tolist() == [[0, 0, 0], [1, 1, 1]]


def test_fine_tuning_starts_from_the_layers_of_one_pretrained_network(lesson):
    source = lesson["Networks"](6, 9, generator(10))
    model = lesson["start_from"](source, 2)
    for s in range(4):
        for name in ("patch", "place", "dense"):
            assert torch.equal(getattr(model, name)[s], getattr(source, name)[2 + s % 2])
    assert model.head.shape == (4, 64, 1)
    scratch = lesson["start_from"](None, 0)
    assert not torch.equal(scratch.dense, model.dense)
    assert torch.equal(scratch.head, model.head)
