"""Lesson 78: statistics, entropy, CORAL, gradient reversal and the AUC of a hospital are those of independent ones."""

import types

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, roc_auc_score
from torch.optim.swa_utils import update_bn

from tests.notebooks.cells import Quiet, definitions


@pytest.fixture
def lesson():
    return definitions("78_domain_adaptation")


def pictures(n=24, seed=0):
    return torch.rand(n, 1, 14, 14, generator=torch.Generator().manual_seed(seed))


def norms(net):
    return [layer for layer in net.modules() if isinstance(layer, torch.nn.BatchNorm2d)]


def test_exact_statistics_are_those_of_torchs_update_bn_and_change_nothing_else(lesson):
    net, x = lesson["Network"](1, 3), pictures()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    ours = lesson["with_statistics"](net, x)
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())
    update_bn([x], net)
    for one, other in zip(norms(ours), norms(net), strict=True):
        assert torch.allclose(one.running_mean, other.running_mean, atol=1e-6)
        assert torch.allclose(one.running_var, other.running_var, atol=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in ours.named_parameters())
    assert not ours.training


def test_adapted_to_another_scanner_of_the_same_patients_the_first_layer_sees_the_same(lesson):
    """A scanner with another scale and offset is undone: the channels of the inner pixels do not change."""
    net, x = lesson["Network"](1, 0), pictures(200)
    home, away = lesson["with_statistics"](net, x), lesson["with_statistics"](net, 0.5 * x)
    assert torch.allclose(home(x), away(0.5 * x), atol=2e-2)
    assert not torch.allclose(home(x), home(0.5 * x), atol=0.1)


@pytest.mark.parametrize("seed", [0, 1])
def test_entropy_is_the_plain_sum(lesson, seed):
    z = 3 * torch.randn(50, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    p = z.sigmoid().numpy()
    assert lesson["entropy"](z).numpy() == pytest.approx(-(p * np.log(p) + (1 - p) * np.log(1 - p)))
    assert lesson["entropy"](torch.tensor([0.0, 80.0, -80.0])).numpy() == pytest.approx([np.log(2), 0, 0], abs=1e-6)


def test_tent_makes_predictions_more_certain_and_moves_scales_and_offsets_alone(lesson):
    net, x = lesson["with_statistics"](lesson["Network"](1, 1), pictures()), pictures()
    after = lesson["tent"](net, x, 0.05)
    assert lesson["entropy"](after(x)).mean() < lesson["entropy"](net(x)).mean()
    free = {id(p) for layer in norms(after) for p in layer.parameters()}
    for (name, old), new in zip(net.named_parameters(), after.parameters(), strict=True):
        assert torch.equal(old, new) == (id(new) not in free), name


@pytest.mark.parametrize("seed", range(3))
def test_coral_is_the_distance_of_the_covariances_of_numpy(lesson, seed):
    rng = np.random.default_rng(seed)
    f, g = rng.normal(size=(30, 5)), rng.normal(size=(20, 5)) @ rng.normal(size=(5, 5))
    wanted = 10 * np.linalg.norm(np.cov(f.T) - np.cov(g.T), "fro") ** 2 / (4 * 25)
    assert float(lesson["coral"](None, torch.from_numpy(f), torch.from_numpy(g), 0.5)) == pytest.approx(wanted)
    assert float(lesson["coral"](None, torch.from_numpy(f), torch.from_numpy(f + 3), 0.5)) == pytest.approx(0)


def test_the_reversal_passes_forward_and_turns_the_gradient(lesson):
    f = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    out = lesson["Reverse"].apply(f, 0.7)
    assert torch.equal(out, f)
    (out**2).sum().backward()
    assert torch.allclose(f.grad, -0.7 * 2 * f.detach())


def test_dann_is_the_log_loss_of_the_hospital_and_features_climb_it(lesson):
    net = lesson["Network"](1, 2)
    f, g = (torch.randn(8, 32, generator=torch.Generator().manual_seed(k), requires_grad=True) for k in (0, 1))
    loss = lesson["dann"](net, f, g, 1.0)
    p = net.domain(torch.cat([f, g]))[:, 0].sigmoid().detach().numpy().astype(float)
    assert loss.item() == pytest.approx(log_loss([0] * 8 + [1] * 8, p), rel=1e-5)
    loss.backward()
    with torch.no_grad():  # a small step down the gradient that features get makes the hospitals harder to tell
        assert lesson["dann"](net, f - 0.5 * f.grad, g - 0.5 * g.grad, 1.0) > loss
        head = net.domain[2]
        head.bias -= 0.1 * head.bias.grad
        head.weight -= 0.1 * head.weight.grad
        assert lesson["dann"](net, f, g, 1.0) < loss
    net.zero_grad()
    start = torch.ones(8, 32, requires_grad=True)
    lesson["dann"](net, start, g.detach(), 0.0).backward()
    assert start.grad.abs().max() == 0  # at the beginning of training the weight is 0


def test_shared_is_one_batch_and_own_is_two(lesson):
    net, here, there = lesson["Network"](1, 0).train(), pictures(16, 1), 0.4 * pictures(16, 2)
    f, g = lesson["both"](net, here, there, False)
    assert torch.allclose(torch.cat([f, g]), net.features(torch.cat([here, there])))
    own = lesson["both"](net, here, there, True)
    assert torch.allclose(own[1], net.features(there))
    assert not torch.allclose(own[1], g, atol=1e-3)


def test_networks_are_made_ready_with_the_statistics_of_their_training(lesson):
    lesson |= {"images": pictures(60), "part": types.SimpleNamespace(train=np.arange(40))}
    net, unlabeled = lesson["Network"](1, 0), np.arange(40, 60)
    own, shared = (lesson["ready"](net, unlabeled, how) for how in (True, False))
    x = lesson["images"]
    for made, rows in ((own, unlabeled), (shared, np.r_[np.arange(0, 40, 2), unlabeled])):
        mean = net.features[0](x[rows]).mean((0, 2, 3))
        assert torch.allclose(norms(made)[0].running_mean, mean, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_auc_of_the_hospital_is_that_of_sklearn(lesson, seed):
    rng = np.random.default_rng(seed)
    n, p = rng.integers(10, 1000, 2), rng.uniform(0.01, 0.9, 2)
    weights = np.r_[n * p, n * (1 - p)]
    assert lesson["site_auc"](n, p) == pytest.approx(roc_auc_score([1, 1, 0, 0], [*p, *p], sample_weight=weights))
    assert lesson["site_auc"](n, np.array([0.2, 0.2])) == pytest.approx(0.5)


def test_the_explorer_shows_the_auc_of_zech_from_both_sides(lesson):
    lesson["size"] = np.array([42396, 112120])
    assert lesson["say_site"](34.2, 1.2).endswith("0.857.")
    for first, second in ((34.2, 1.2), (1.2, 34.2), (5.0, 5.0)):
        x, y = lesson["draw_site"](first, second).axes[0].lines[0].get_data()
        area = np.trapezoid(y, x)
        assert area == pytest.approx(lesson["site_auc"](lesson["size"], np.array([first, second]) / 100))


@pytest.mark.parametrize(("healthy", "ill"), [(35, 35), (400, 90), (60, 900), (8, 8)])
def test_no_patient_is_in_two_parts_and_the_versions_have_the_share_that_they_say(lesson, healthy, ill):
    truth = np.random.default_rng(0).permutation(np.tile(np.repeat([0, 1], [healthy, ill]), 2))
    lesson |= {"truth": truth, "shares": (0.1, 0.3, 0.5)}
    rows = np.arange(len(truth))
    part = lesson["cut"](rows[::2], rows[1::2], 270, 120)
    away = set().union(*part.unlabeled.values())
    groups = [set(part.train), set(part.check), away, set(part.labeled), set(part.test)]
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert all(len(set(truth[list(group)])) == 2 for group in groups)
    assert truth[part.train].mean() == truth[part.labeled].mean() == 0.5
    sizes = {len(one) for one in part.unlabeled.values()}
    assert len(sizes) == 1
    for share, one in part.unlabeled.items():
        assert truth[one].mean() == pytest.approx(share, abs=0.5 / len(one))
        assert len(set(one)) == len(one)


def test_the_first_site_is_home_the_last_is_away_and_without_sites_there_are_two_halves(lesson):
    site = np.repeat(["A", "B", "C"], 100)
    lesson["truth"] = np.arange(300) % 2
    home, away, simulate = lesson["hospitals"](site)
    assert (set(site[home]), set(site[away]), simulate) == ({"A"}, {"C"}, False)
    for other in (np.full(300, "one"), np.r_[site[:290], ["D"] * 10]):  # site D has too few patients
        home, away, simulate = lesson["hospitals"](other)
        assert simulate
        assert sorted([*home, *away]) == list(range(300))
    lesson["lab"].broken = "same_scanner"
    home, away, simulate = lesson["hospitals"](site)
    assert set(site[home]) | set(site[away]) == {"A"}
    assert not simulate
    assert not set(home) & set(away)


def test_the_second_scanner_keeps_the_order_of_gray_values_and_flattens_them(lesson):
    x = torch.linspace(0, 1, 11)
    y = lesson["other_scanner"](x)
    assert (y.diff() > 0).all()
    assert y.aminmax().min >= 0
    assert float(y[-1] - y[0]) == pytest.approx(0.6)


def test_a_seed_makes_one_network_and_takes_any_number_of_channels(lesson):
    one, same, other = (lesson["Network"](3, k) for k in (1, 1, 2))
    x = torch.rand(4, 3, 14, 14)
    assert torch.equal(one.eval()(x), same.eval()(x))
    assert not torch.equal(one(x), other.eval()(x))
    assert isinstance(lesson["lab"], Quiet)
