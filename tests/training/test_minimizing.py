import pytest
import torch
from torch import nn

from medlab.errors import MedlabError
from medlab.training import fit, minimize, seeded, watch_devices

QUIET = {"device": "cpu", "progress": False}


def line(seed=0):
    with seeded(seed):
        return nn.Linear(3, 1)


def loss(model, generator):
    x = torch.randn(16, 3, generator=generator, device=generator.device)
    return (model(x) - x.sum(1, keepdim=True)).square().mean()


def learn(model=None, **known):
    model = model or line()
    return model, minimize(model, loss, **{"steps": 60, "lr": 0.1, **QUIET, **known})


def test_it_finds_the_weights():
    model, history = learn(steps=200)
    torch.testing.assert_close(model.weight, torch.ones(1, 3), atol=0.05, rtol=0)
    assert len(history.loss) == len(history.lr) == len(history.seconds) == 200
    assert history.loss[-1] < history.loss[0] / 100
    assert "200 steps" in repr(history)
    assert history.figure().axes[0].get_xlabel() == "step"
    assert not model.training


def test_the_seed_decides_everything_and_the_global_generator_stays():
    state = torch.random.get_rng_state()
    (a, first), (b, second), (c, _) = learn(), learn(), learn(seed=1)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(a.weight, b.weight)
    assert first.loss == second.loss
    assert not torch.equal(a.weight, c.weight)


def test_the_schedule_rises_and_falls_once_unless_it_is_constant():
    _, one_cycle = learn()
    assert one_cycle.lr[0] < max(one_cycle.lr) > one_cycle.lr[-1]
    assert learn(schedule="one-cycle")[1].lr == one_cycle.lr
    assert set(learn(schedule="constant")[1].lr) == set(learn(schedule=False)[1].lr) == {0.1}
    with pytest.raises(MedlabError, match="unknown schedule 'cosine'"):
        learn(schedule="cosine")


def test_it_is_adamw_of_torch():
    model, _ = learn(schedule="constant", weight_decay=0.5, steps=5)
    other, generator = line(), torch.Generator().manual_seed(0)
    groups = [{"params": [other.weight], "weight_decay": 0.5}, {"params": [other.bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        loss(other, generator).backward()
        optimizer.step()
    torch.testing.assert_close(model.weight, other.weight)
    torch.testing.assert_close(model.bias, other.bias)


def test_fit_and_minimize_walk_the_same_way():
    x = torch.rand(8, 3)
    one, other = line(), line()
    fit(one, x, x[:, :1], loss=nn.functional.mse_loss, epochs=7, batch_size=8, lr=0.01, weight_decay=0.0, **QUIET)
    minimize(other, lambda model, _: nn.functional.mse_loss(model(x), x[:, :1]), steps=7, lr=0.01, **QUIET)
    torch.testing.assert_close(one.weight, other.weight)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": -3}, {"steps": 2.5}, {"lr": 0}, {"lr": -1.0}, {"seed": "a"}])
def test_numbers_without_sense_are_refused(wrong):
    model = line()
    with pytest.raises(MedlabError, match=r"wanted|whole number"):
        learn(model, **wrong)
    assert torch.equal(model.weight, line().weight)


def test_steps_are_counted_for_each_device():
    before = watch_devices().copy()
    learn(steps=5)
    assert watch_devices() - before == {"cpu": 5}
    far = nn.Linear(2, 1, device="meta")
    far(torch.ones(1, 2, device="meta")).sum().backward()
    torch.optim.SGD(far.parameters()).step()
    assert watch_devices() - before == {"cpu": 5, "meta": 1}
