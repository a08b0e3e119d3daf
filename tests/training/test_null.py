import pytest
import torch
from torch import optim

from medlab.training import null

OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
    "rprop, which hardly uses its learning rate": optim.Rprop,
    "lbfgs with a line search": lambda p: optim.LBFGS(p, line_search_fn="strong_wolfe"),
    "adam, fused, tensor as rate": lambda p: optim.Adam(p, lr=torch.tensor(0.1), fused=True),
    "adamw, which decays by itself": lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.5),
    "adadelta": optim.Adadelta,
}


@pytest.fixture
def undo():
    running = null.Null()
    yield running
    running.stop()


def train(make, steps=4):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = make([weight])
    schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 + step)

    def closure():
        optimizer.zero_grad()
        loss = ((weight - 3) ** 2).sum()
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
        schedule.step()
    return weight


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_changes_a_weight(undo, name):
    assert train(OPTIMIZERS[name]).tolist() == [1.0, 1.0, 1.0]
    assert undo.steps == 4


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_without_it_or_afterwards_all_do(undo, name):
    undo.stop()
    assert (train(OPTIMIZERS[name]) != 1).all()


def test_the_environment_asks_for_it(monkeypatch):
    for text, asked in (("1", True), ("", False), ("0", False)):
        monkeypatch.setenv("MEDLAB_NULL", text)
        assert null.wanted() is asked
