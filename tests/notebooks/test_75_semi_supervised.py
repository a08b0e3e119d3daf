"""Lesson 75: losses are those of the formulas, networks are independent of each other, averages and draws are right."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.notebooks.cells import definitions

R = 3


@pytest.fixture
def lesson():
    names = definitions("75_semi_supervised")
    names["threshold"] = 0.8
    names["weak"] = lambda x, g: x  # views are tested apart
    names["strong"] = lambda x, g: -x
    return names


class Sum(nn.Module):
    """The mean of the pixels times a weight as logit."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(float(weight)))

    def forward(self, x):
        return self.weight * x.mean((2, 3, 4))


def batches(seed=0):
    g = torch.Generator().manual_seed(seed)
    x, u = torch.randn(R, 4, 1, 6, 6, generator=g), torch.randn(R, 9, 1, 6, 6, generator=g) + 0.2
    return x, torch.tensor([[0.0, 1, 0, 1]] * R), u


def networks(lesson, count=R, seed=0):
    net = lesson["Networks"](count, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        net.head.normal_(generator=torch.Generator().manual_seed(1))
        for offset in net.offsets:
            offset.normal_(generator=torch.Generator().manual_seed(2))
    return net


def test_networks_computed_together_are_those_of_plain_layers(lesson):
    net, x = networks(lesson), torch.randn(R, 5, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    out = net(x)
    for r in range(R):
        y = x[r]
        for kernel, gain, offset in zip(net.kernels, net.gains, net.offsets, strict=True):
            k, a, b = (part.view(R, -1, *part.shape[1:])[r] for part in (kernel, gain, offset))
            layer = nn.GroupNorm(4, len(a))
            layer.weight, layer.bias = nn.Parameter(a), nn.Parameter(b)
            y = torch.relu(layer(functional.conv2d(y, k, stride=2, padding=1)))
        wanted = functional.adaptive_avg_pool2d(y, 4).flatten(1) @ net.head[r, :-1] + net.head[r, -1]
        assert torch.allclose(out[r], wanted, atol=1e-5)


def test_no_gradient_of_one_network_comes_from_another(lesson):
    net, x = networks(lesson), torch.randn(R, 5, 1, 28, 28)
    net(x)[1].sum().backward()
    for part in (*net.kernels, net.head):
        per_network = part.grad.view(R, -1).abs().sum(1)
        assert per_network[[0, 2]].sum() == 0
        assert per_network[1] > 0


@pytest.mark.parametrize("steps", [1, 7])
def test_the_teacher_is_the_exponential_average(lesson, steps):
    teacher, student, wanted = Sum(2), Sum(0), 2.0
    for k in range(steps):
        student.weight.data.fill_(k)
        lesson["follow"](teacher, student, decay=0.9)
        wanted = 0.9 * wanted + 0.1 * k
    assert teacher.weight.item() == pytest.approx(wanted)


def test_the_average_is_that_of_torch(lesson):
    first, student = Sum(2), Sum(2)
    averaged = torch.optim.swa_utils.AveragedModel(
        student, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98)
    )
    averaged.update_parameters(student)  # the first call copies
    for k in range(5):
        student.weight.data.fill_(k)
        averaged.update_parameters(student)
        lesson["follow"](first, student)
    assert first.weight.item() == pytest.approx(averaged.module.weight.item())


def test_fixmatch_is_the_plain_sum_over_all_unlabeled_images(lesson):
    x, y, u = batches()
    u[:, 0] = 2.0  # these pass, the others do not
    net = Sum(1)
    loss = lesson["fixmatch"](net, None, x, y, u, 0.5, None)
    for r in range(R):
        total = 0.0
        for image in u[r]:
            p = torch.sigmoid(image.mean()).item()
            if max(p, 1 - p) >= 0.8:
                strong = torch.sigmoid(-image.mean()).item()
                total += -np.log(strong if p > 0.5 else 1 - strong)
        p = torch.cat([net(x)[r], net(-x)[r]]).sigmoid()  # the weak and the strong view of the labeled images
        known = functional.binary_cross_entropy(p, y[r].repeat(2)).item()
        assert loss[r].item() == pytest.approx(known + total / 9, rel=1e-4)


def test_no_gradient_flows_through_the_pseudo_label(lesson):
    x, y, u = batches()
    u += 3
    net = Sum(1)
    lesson["fixmatch"](net, None, x * 0, y, u, 0.5, None).sum().backward()
    weight = net.weight.item()
    m = u.mean((2, 3, 4))
    wanted = (torch.sigmoid(weight * m) * m).mean(1).sum()  # d/dw of -log sigmoid(-w m)
    assert net.weight.grad.item() == pytest.approx(wanted.item(), rel=1e-4)


@pytest.mark.parametrize("done", [0.1, 0.4, 1.0])
def test_mean_teacher_is_cross_entropy_and_a_ramped_square(lesson, done):
    x, y, u = batches()
    student, teacher = Sum(1), Sum(3)
    loss = lesson["mean_teacher"](student, teacher, x, y, u, done, None)
    each = [functional.binary_cross_entropy_with_logits(student(v), y, reduction="none").mean(1) for v in (x, -x)]
    known = (each[0] + each[1]) / 2
    apart = (student(-u).sigmoid() - teacher(u).sigmoid()).square().mean(1)
    assert torch.allclose(loss, known + 10 * lesson["ramp"](done) * apart)
    loss.sum().backward()
    assert teacher.weight.grad is None


def test_the_ramp_rises_to_one(lesson):
    values = [lesson["ramp"](k / 20) for k in range(21)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(np.exp(-5))
    assert values[8] == values[20] == 1


@pytest.mark.parametrize("name", ["weak", "strong"])
def test_views_change_each_image_by_a_draw_of_its_own_and_keep_the_shape(name):
    view = definitions("75_semi_supervised")[name]
    g = torch.Generator().manual_seed(0)
    x = torch.randn(1, 1, 1, 28, 24, generator=g).expand(2, 3, 1, 28, 24)
    made = view(x, g)
    assert made.shape == x.shape
    flat = made.flatten(0, 1).flatten(1)
    assert torch.cdist(flat, flat)[~torch.eye(6, dtype=bool)].min() > 0
    assert torch.isfinite(made).all()


def test_a_strong_view_has_a_hole_of_zeros_and_a_weak_one_has_not():
    names = definitions("75_semi_supervised")
    x, g = torch.full((1, 50, 1, 28, 28), 7.0), torch.Generator().manual_seed(0)
    holes = (names["strong"](x, g) == 0).flatten(2).sum(2)
    assert holes.min() >= 5 * 5 - 9
    assert holes.max() <= 10 * 10
    assert not (names["weak"](x, g) == 0).any()


@pytest.mark.parametrize("number", range(3))
def test_labels_are_drawn_half_and_half_and_more_contain_the_fewer(lesson, number):
    lesson["lab"] = type("Lab", (), {"device": torch.device("cpu")})
    y = (torch.arange(100) % 4 == 0).float()
    few, more = lesson["drawn"](y, 8, number), lesson["drawn"](y, 32, number)
    assert y[few].sum() == 4
    assert y[more].sum() == 16
    assert len(set(more.tolist())) == 32
    assert set(few.tolist()) <= set(more.tolist())
    assert set(few.tolist()) != set(lesson["drawn"](y, 8, number + 50).tolist())


def test_each_image_gets_mean_zero_and_standard_deviation_one(lesson):
    x = 40 + 7 * torch.randn(5, 3, 9, 8, generator=torch.Generator().manual_seed(0))
    made = lesson["standard"](x)
    assert made.shape == (5, 1, 9, 8)
    assert torch.allclose(made.mean((1, 2, 3)), torch.zeros(5), atol=1e-5)
    assert torch.allclose(made.std((1, 2, 3)), torch.ones(5), atol=1e-5)
    assert torch.isfinite(lesson["standard"](torch.ones(1, 1, 4, 4))).all()
