"""What lesson 34 writes by hand, held against torch and against plain counting."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.notebooks.cells import Quiet, definitions


@pytest.fixture
def lesson():
    names = definitions("34_fcn_and_rnn")
    names.update(size=32, count=12, reach=2, widths=(12, 16, 24), stride=8)
    return names


@pytest.fixture
def networks(lesson):
    alone, fcn = lesson["Alone"], lesson["FCN"]
    return {
        "2D": fcn(alone()),
        "unordered": fcn(alone(8, pooled=True)),
        "stack": fcn(alone(), reach=2),
        "recurrent": fcn(lesson["Recurrent"]()),
    }


def volumes(seed, number=2, deep=12):
    return torch.randn(number, deep, 32, 32, generator=torch.Generator().manual_seed(seed))


def changed(model, at, deep=12):
    """The slices whose scores depend on slice ``at``."""
    model, first = model.eval(), volumes(0, 1, deep)
    second = first.clone()
    second[:, at] += 1
    with torch.no_grad():
        difference = (model(first) - model(second)).abs().amax((0, 1, 3, 4))
    return np.flatnonzero(difference.numpy() > 1e-6).tolist()


def test_every_network_gives_three_scores_for_each_pixel(networks):
    for model in networks.values():
        assert model(volumes(1)).shape == (2, 3, 12, 32, 32)


def test_rivals_see_the_same_slices_and_the_2d_network_one(networks):
    assert changed(networks["2D"], 5) == [5]
    for name in ("unordered", "stack", "recurrent"):
        assert changed(networks[name], 5) == [3, 4, 5, 6, 7], name


def test_a_longer_reach_needs_no_new_weights(networks):
    model = networks["recurrent"]
    model.middle.reach = 4
    assert changed(model, 5) == list(range(1, 10))


def test_rivals_have_about_equally_many_parameters(networks):
    counts = [sum(p.numel() for p in model.parameters()) for model in networks.values()]
    assert max(counts) / min(counts) < 1.1


def test_the_2d_network_does_not_notice_the_order_of_slices(networks):
    x, order = volumes(2), torch.randperm(12, generator=torch.Generator().manual_seed(3))
    for name, model in networks.items():
        with torch.no_grad():
            same = torch.allclose(model.eval()(x)[:, :, order], model(x[:, order]), atol=1e-5)
        assert same == (name == "2D")


def test_the_unordered_network_does_not_notice_the_order_of_the_neighbors(networks):
    x = volumes(4, 1, 5)
    for name in ("unordered", "stack", "recurrent"):
        model = networks[name].eval()
        with torch.no_grad():
            here, there = (model(v)[:, :, 2] for v in (x, x[:, [4, 1, 2, 3, 0]]))
        assert torch.allclose(here, there, atol=1e-5) == (name == "unordered")


def test_one_step_is_that_of_torch(lesson):
    cell, theirs = lesson["ConvGRU"](3, 6, kernel=1), nn.GRUCell(3, 6)
    with torch.no_grad():
        for ours, end in ((cell.enter, "ih"), (cell.keep, "hh")):
            ours.weight.copy_(getattr(theirs, f"weight_{end}")[:, :, None, None])
            ours.bias.copy_(getattr(theirs, f"bias_{end}"))
        x, h = torch.randn(4, 3), torch.randn(4, 6)
        got = cell(cell.enter(x[..., None, None]), h[..., None, None])[..., 0, 0]
        assert torch.allclose(got, theirs(x, h), atol=1e-6)


def test_neighbors_repeat_the_ends(lesson):
    x = torch.arange(4)[None]
    assert lesson["neighbors"](x, 1).tolist() == [[[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]]
    assert lesson["neighbors"](x, 0).tolist() == [[[0], [1], [2], [3]]]


@pytest.mark.parametrize("shape", [(43, 59, 47), (59, 43, 47), (12, 32, 32), (8, 20, 70), (32, 32, 32), (64, 64, 64)])
def test_every_volume_comes_to_the_grid(lesson, shape):
    assert lesson["to_grid"](torch.ones(2, *shape)).shape == (2, 12, 32, 32)


def test_halves_meet_in_the_middle_of_the_structure(lesson):
    outlined = torch.zeros(1, 12, 32, 32, dtype=torch.long)
    outlined[:, 4:8, 10:20, 10:20] = 1
    labels = lesson["halves"](outlined)
    assert [labels[0, k].max().item() for k in range(12)] == [0, 0, 0, 0, 1, 1, 2, 2, 0, 0, 0, 0]
    assert torch.equal(labels > 0, outlined > 0)
    assert not lesson["halves"](torch.zeros(1, 12, 32, 32, dtype=torch.long)).any()


def test_shuffled_slices_keep_their_labels(lesson):
    images = torch.arange(12.0)[None, :, None, None].expand(3, 12, 2, 2)
    one, other = lesson["shuffled"](np.random.default_rng(0), images, images.long())
    assert torch.equal(one.long(), other)
    assert not torch.equal(one, images)
    assert torch.equal(one.sort(dim=1).values, images)


def test_overlap_is_the_mean_of_two_dice(lesson):
    reference = torch.zeros(2, 12, 4, 4, dtype=torch.long)
    reference[:, :3], reference[:, 3:6] = 1, 2
    found = torch.stack([reference, torch.where(reference == 2, 1, reference)])
    wanted = [[1, 1], [(2 * 3 / 9) / 2] * 2]
    assert lesson["overlap"](found, reference) == pytest.approx(np.array(wanted))


def test_wrong_pixels_are_counted_in_their_region(lesson):
    lesson["truth"] = torch.zeros(1, 2, 4, 4, dtype=torch.long)
    lesson["truth"][:, 0] = 1
    where = torch.zeros(1, 2, 4, 4, dtype=torch.bool)
    where[:, :, 0] = True
    assert lesson["wrong"](torch.zeros(1, 1, 2, 4, 4), where).tolist() == [[0.5]]


def test_without_skips_only_the_coarsest_scores_count(lesson):
    lesson["lab"] = Quiet("no_skips")
    model = lesson["FCN"](lesson["Alone"](), skips=2)
    model(volumes(5)).sum().backward()
    used = [layer.weight.grad is not None for layer in model.scores]
    assert used == [False, False, True]


def test_work_counts_each_weight_at_each_place(lesson):
    layer = nn.Conv2d(2, 5, 3, padding=1)
    weights, uses = lesson["work"](layer, torch.zeros(1, 2, 8, 8))
    assert weights == 5 * (18 + 1)
    assert uses == 5 * 18 * 64
    assert not layer._forward_hooks


def test_labels_of_networks_are_their_largest_scores(lesson, networks):
    x = volumes(6)
    found = lesson["labeled"]([networks["2D"]], x)[0]
    with torch.no_grad():
        scores = networks["2D"].eval()(x)
    assert torch.equal(found, scores.argmax(1))
