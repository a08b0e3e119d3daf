"""Lesson 96: Fisher information by a closed form, penalties by hand, memory by class, forms that rule out classes."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    names = definitions("96_continual_learning")
    names |= {"classes": 4, "pixels": 6, "hidden": 5, "year_of": torch.tensor([0, 0, 1, 1]), "steps": 3}
    return names


def data(n=40, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, 1, 2, 3, generator=g), torch.arange(n) % 4


def test_the_fisher_information_is_that_of_the_closed_form_of_logistic_regression(lesson):
    """For a linear softmax layer with bias the entry of bias c is the mean of p_c (1 - p_c)."""
    x = data(800)[0]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = nn.Sequential(nn.Flatten(), nn.Linear(6, 4))
    found = lesson["fisher"](model, x, torch.Generator().manual_seed(1))
    with torch.no_grad():
        p = model(x).softmax(1)
    assert found[1].numpy() == pytest.approx((p * (1 - p)).mean(0).numpy(), rel=0.15)
    wanted = (p * (1 - p)).T @ x.flatten(1).square() / len(x)
    assert torch.allclose(found[0], wanted, rtol=0.3, atol=0.02)


def test_the_penalty_of_ewc_is_a_weighted_square_and_zero_at_the_old_weights(lesson):
    model = nn.Linear(2, 1)
    old = [p.detach().clone() for p in model.parameters()]
    weight = [torch.tensor([[1.0, 3.0]]), torch.tensor([2.0])]
    penalty = lesson["ewc"]([(weight, old), (weight, old)], 10.0)
    assert float(penalty(model, None, None)) == 0
    with torch.no_grad():
        model.weight += torch.tensor([[1.0, -2.0]])
        model.bias += 0.5
    assert float(penalty(model, None, None)) == pytest.approx(2 * 10 / 2 * (1 * 1 + 3 * 4 + 2 * 0.25), rel=1e-5)


def test_lwf_is_smallest_where_the_old_answers_are_kept(lesson):
    x = data()[0]
    old = lesson["network"](0) if "lab" in lesson else nn.Sequential(nn.Flatten(), nn.Linear(6, 4))
    penalty = lesson["lwf"](old, [0, 1])
    same, other = float(penalty(old, x, None)), nn.Sequential(nn.Flatten(), nn.Linear(6, 4))
    p = (old(x)[:, :2] / 2).softmax(1)
    assert same == pytest.approx(float(4 * -(p * p.log()).sum(1).mean()), rel=1e-5)
    assert float(penalty(other, x, None)) > same


def test_the_memory_keeps_the_first_of_each_class(lesson):
    y = torch.tensor([2, 0, 2, 2, 0, 1])
    assert lesson["kept"](y, 2).tolist() == [1, 4, 5, 0, 2]


def test_by_task_classes_of_other_years_are_ruled_out(lesson):
    logits, y = torch.tensor([[1.0, 2.0, 9.0, 9.0], [9.0, 9.0, 2.0, 1.0]]), torch.tensor([0, 3])
    lesson |= {"lab": type("Lab", (), {"sabotaged": lambda self, name: False})()}
    assert lesson["allowed"](logits, y, "task").argmax(1).tolist() == [1, 2]
    assert lesson["allowed"](logits, y, "class").argmax(1).tolist() == [2, 0]
    lesson |= {"lab": type("Lab", (), {"sabotaged": lambda self, name: name == "task_id_given"})()}
    assert lesson["allowed"](logits, y, "class").argmax(1).tolist() == [1, 2]
    assert lesson["allowed"](logits, y, "domain").argmax(1).tolist() == [2, 0]


def test_batches_hold_images_with_their_own_labels(lesson):
    x, y = data()
    x = x * 0 + y.view(-1, 1, 1, 1)
    images, labels = lesson["drawn"](x, y, torch.Generator().manual_seed(0))
    assert len(labels) == 32
    assert torch.equal(images[:, 0, 0, 0].long(), labels)


def test_replay_is_the_cross_entropy_on_the_memory(lesson):
    x, y = data(4)
    lesson |= {
        "lab": type("Lab", (), {"sabotaged": lambda self, name: False, "device": torch.device("cpu")})(),
        "drawn": lambda a, b, g: (a, b),
    }
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 4))
    assert torch.equal(lesson["replay"](x, y, "class")(model, None, None), cross_entropy(model(x), y))


def test_forgetting_of_a_network_that_keeps_all_is_zero(lesson):
    assert lesson["forgetting"](np.tril(np.ones((4, 4)))) == 0
