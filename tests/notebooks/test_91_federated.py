"""Lesson 91: the mean is Flower's, drift and proximal terms are those of the papers, and what is not sent is kept."""

import types
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    lab = types.SimpleNamespace(device=torch.device("cpu"), sabotaged=lambda name: False)
    names = definitions("91_federated")
    names |= {"lab": lab, "rate": 0.1, "rounds": 2, "steps": 3, "pixels": 6, "hidden": 4, "classes": 3}
    return names


def net(seed, norm=False):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = nn.Linear(6, 4), *([nn.BatchNorm1d(4)] if norm else []), nn.ReLU(), nn.Linear(4, 3)
        return nn.Sequential(nn.Flatten(), *layers)


def site(seed, n=20):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, 6, generator=g), torch.randint(0, 3, (n,), generator=g)


def vector(model):
    return parameters_to_vector(model.parameters()).detach()


def test_the_mean_of_networks_is_weighted_by_images(lesson):
    states = [net(k, norm=True).state_dict() for k in range(3)]
    mean = lesson["averaged"](states, [10, 30, 60])
    for name, value in mean.items():
        stack = np.stack([s[name].numpy() for s in states])
        assert value.numpy() == pytest.approx(np.average(stack, axis=0, weights=[10, 30, 60]), abs=1e-6)
        assert value.dtype == states[0][name].dtype


def test_the_mean_is_that_of_flower(lesson):
    aggregate = pytest.importorskip("flwr.server.strategy.aggregate").aggregate
    states, counts = [net(k).state_dict() for k in range(4)], [5, 1, 40, 12]
    theirs = aggregate([([v.numpy() for v in s.values()], n) for s, n in zip(states, counts, strict=True)])
    ours = lesson["averaged"](states, counts)
    for value, wanted in zip(ours.values(), theirs, strict=True):
        assert value.numpy() == pytest.approx(wanted, abs=1e-6)


def test_the_proximal_term_is_the_gradient_of_half_the_squared_distance(lesson):
    server, model = net(0), net(1)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    lesson["proximal"](server, 0.3)(model)
    found = torch.cat([p.grad.flatten() for p in model.parameters()])
    assert torch.allclose(found, 0.3 * (vector(model) - vector(server)))


def test_scaffold_with_one_client_is_fedavg(lesson):
    lesson |= {"network": lambda k, norm=False: net(k, norm)}
    sites = [site(0)]
    first, second = (lesson["federation"](sites, 3, how)[0] for how in ("FedAvg", "SCAFFOLD"))
    assert torch.allclose(vector(first), vector(second), atol=1e-6)


def test_the_drift_of_a_client_is_its_mean_gradient(lesson):
    """After a round without correction c_i = (w - w_i) / (K lr); the second round follows option II of the paper."""
    server, models = net(0), [net(1), net(2)]
    drift = lesson["Drift"](server, 2)
    drift.update(server, models)
    first = torch.stack([(vector(server) - vector(m)) / (3 * 0.1) for m in models])
    assert torch.allclose(drift.of, first, atol=1e-5)
    drift.update(server, models[::-1])
    wanted = first - first.mean(0) + torch.stack([(vector(server) - vector(m)) / (3 * 0.1) for m in models[::-1]])
    assert torch.allclose(drift.of, wanted, atol=1e-5)


def test_the_correction_of_a_client_is_the_mean_drift_minus_its_own(lesson):
    server = net(0)
    drift = lesson["Drift"](server, 2)
    drift.of = torch.randn(drift.of.shape, generator=torch.Generator().manual_seed(0))
    model = net(1)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    drift.adjust(1)(model)
    found = torch.cat([p.grad.flatten() for p in model.parameters()])
    assert torch.allclose(found, 1 + drift.of.mean(0) - drift.of[1], atol=1e-6)


def test_with_fedbn_each_client_keeps_its_batch_norm_and_shares_the_rest(lesson):
    lesson |= {"network": lambda k, norm=False: net(k, norm)}
    server, own = lesson["federation"]([site(0), (site(1)[0] * 9 + 5, site(1)[1])], 0, "FedBN", norm=True)
    assert not torch.allclose(own[0][2].running_mean, own[1][2].running_mean)
    private = [deepcopy(m[2].state_dict()) for m in own]
    for model, before in zip(lesson["merged"](server, own), private, strict=True):
        assert torch.equal(model[1].weight, server[1].weight)
        assert all(torch.equal(model[2].state_dict()[name], value) for name, value in before.items())


@pytest.mark.parametrize("feedback", [True, False])
def test_what_is_not_sent_is_kept_only_with_feedback(lesson, feedback):
    sender, server, total = lesson["TopK"](0.1, feedback), net(0), 0
    for turn in range(4):
        model = net(10 + turn)
        change = vector(model) - vector(server)
        total = total + change
        sender(0, server, model)
        sent = vector(model) - vector(server)
        assert int((sent.abs() > 1e-9).sum()) == int(0.1 * len(change))
        total = total - sent
    assert torch.allclose(sender.rest[0] + 0 * total, total, atol=1e-5) == feedback
    assert sender.sent == 4 * 8 * int(0.1 * len(change))


def test_with_all_weights_sent_nothing_changes(lesson):
    sender, server, model = lesson["TopK"](1.0, False), net(0), net(1)
    before = vector(model)
    sender(0, server, model)
    assert torch.allclose(vector(model), before, atol=1e-6)
    assert sender.sent == 4 * len(before)
