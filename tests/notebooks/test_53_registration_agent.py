"""What lesson 53 writes by hand, held against theory and against gymnasium's interface."""

import gymnasium
import numpy as np
import pytest
import torch
from scipy.ndimage import rotate

from tests.notebooks.cells import Quiet, definitions


@pytest.fixture
def lesson():
    names = definitions("53_registration_agent")
    coarse, fine = (8.0, 4.0, 4.0), (2.0, 1.0, 1.0)
    actions = torch.cat([torch.diag(torch.tensor(s)) * sign for s in (coarse, fine) for sign in (1, -1)])
    both = torch.rand(5, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    names.update(lab=Quiet(), ACTIONS=actions, REACH=(35.0, 12.0), GAMMA=0.5, UPDATES=3, wide=4)
    names.update(small={"train": both, "test": both}, whom=torch.arange(5))
    names["SCALE"] = torch.tensor([20.0, 8.0, 8.0])
    return names


def pose(*numbers):
    return torch.tensor([numbers], dtype=torch.float32)


def test_a_shown_image_is_read_at_its_pose(lesson):
    image = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(lesson["shown"](image, pose(0, 0, 0)), image, atol=1e-5)
    found = lesson["shown"](image, pose(0, 3, -2))
    assert torch.allclose(found[0, 2:, :-3], image[0, :-2, 3:], atol=1e-5)
    turned = lesson["shown"](image, pose(90, 0, 0))[0].numpy()
    assert np.allclose(turned, rotate(image[0].numpy(), 90, order=1), atol=1e-4)


def test_tre_is_the_root_mean_square_displacement_of_a_disk(lesson):
    line = torch.linspace(-24, 24, 401)
    down, across = torch.meshgrid(line, line, indexing="ij")
    inside = down**2 + across**2 <= 24**2
    x = torch.stack([across[inside], down[inside]], dim=1).double()
    angle = np.deg2rad(20)
    turn = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    off = x @ turn.T + torch.tensor([3.0, -4.0]) - x
    assert lesson["tre"](pose(20, 3, -4)).item() == pytest.approx(off.pow(2).sum(1).mean().sqrt().item(), rel=1e-2)


def test_starts_keep_their_range(lesson):
    found = lesson["starts"](500, torch.Generator().manual_seed(2))
    assert found[:, 0].abs().max() <= 35
    assert found[:, 1:].norm(dim=1).max() <= 12 + 1e-4
    far = lesson["starts"](500, torch.Generator().manual_seed(2), 1.15, 1.7)
    assert far[:, 0].abs().min() >= 40
    assert far[:, 1:].norm(dim=1).min() > 13.7


def test_the_game_follows_the_interface_and_pays_what_the_error_fell(lesson):
    env = lesson["Alignment"](lesson["small"]["train"], 3, steps=2)
    assert isinstance(env, gymnasium.vector.VectorEnv)
    seen, info = env.reset(seed=3)
    again, _ = env.reset(seed=3)
    assert torch.equal(seen, again)
    assert all(env.single_observation_space.contains(one.numpy()) for one in seen)
    before = lesson["tre"](env.pose)
    seen, reward, over, cut, info = env.step(torch.tensor([0, 5, 11]))
    assert torch.allclose(reward, before - lesson["tre"](info["pose"]))
    assert not over.any()
    assert not cut.any()
    *_, over, cut, _ = env.step(torch.tensor([1, 1, 1]))
    assert not over.any()
    assert cut.all()
    assert env.single_action_space.n == len(lesson["ACTIONS"]) == 12


def test_every_action_can_be_taken_back(lesson):
    rows = {tuple(row) for row in lesson["ACTIONS"].tolist()}
    assert {tuple(-v for v in row) for row in rows} == rows


def test_playing_leaves_the_given_start_alone_and_fills_the_memory(lesson):
    begin = lesson["starts"](4, torch.Generator().manual_seed(4))
    kept = begin.clone()
    env = lesson["Alignment"](lesson["small"]["train"], 4)
    env.reset(options={"pose": begin, "whom": torch.arange(4)})
    net = lesson["network"](12, 0)
    memory, _ = lesson["played"](env, net, torch.Generator().manual_seed(5), 0.5, {})
    memory, _ = lesson["played"](env, net, torch.Generator().manual_seed(6), 0.5, memory)
    assert torch.equal(begin, kept)
    assert torch.equal(memory["pose"][:4], kept)
    assert torch.equal(memory["after"][:4], memory["pose"][4:])
    paid = lesson["tre"](memory["pose"]) - lesson["tre"](memory["after"])
    assert torch.allclose(paid, memory["reward"])


def test_rewards_of_a_shuffled_teacher_belong_to_other_games(lesson):
    lesson["lab"].broken = "shuffled_teacher"
    env = lesson["Alignment"](lesson["small"]["train"], 64)
    env.reset(seed=7)
    memory, _ = lesson["played"](env, lesson["network"](12, 0), torch.Generator().manual_seed(8), 1.0, {})
    paid = lesson["tre"](memory["pose"]) - lesson["tre"](memory["after"])
    assert not torch.allclose(paid, memory["reward"])
    assert torch.allclose(paid.sort().values, memory["reward"].sort().values)


def test_learning_lowers_the_error_of_the_value_of_one_step(lesson):
    torch.manual_seed(9)
    net, old = lesson["network"](12, 0), lesson["network"](12, 0)
    env, luck, memory = lesson["Alignment"](lesson["small"]["train"], 32), torch.Generator().manual_seed(10), {}
    env.reset(seed=11)
    for _ in range(4):
        memory, _ = lesson["played"](env, net, luck, 1.0, memory)
    lesson["GAMMA"] = 0.0
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)

    def missed():
        both = lesson["small"]["train"][memory["whom"]]
        with torch.no_grad():
            said = net(lesson["observed"](both, memory["pose"])).gather(1, memory["action"][:, None])[:, 0]
        return (said - memory["reward"]).pow(2).mean().item()

    before = missed()
    for _ in range(60):
        lesson["learn"](net, old, optimizer, memory, luck)
    assert missed() < 0.8 * before


def test_an_optimizer_brings_a_near_start_home_and_survives_a_hopeless_one(lesson):
    line = np.linspace(-1, 1, 64)
    down, across = np.meshgrid(line, line, indexing="ij")
    head = 0.6 * ((down / 0.8) ** 2 + (across / 0.6) ** 2 < 1) + 0.4 * ((down + 0.2) ** 2 + (across - 0.15) ** 2 < 0.05)
    noisy = 1 - head + 0.02 * np.random.default_rng(12).standard_normal(head.shape)
    found, metric = lesson["optimize"](head, noisy, pose(5, 2, -1)[0])
    assert lesson["tre"](found).item() < 0.5
    assert metric < 0
    lost = pose(0, 300, 300)[0]
    found, metric = lesson["optimize"](head, noisy, lost)
    assert torch.equal(found, lost)
    assert metric == np.inf


def test_a_hasty_optimizer_does_not_arrive(lesson):
    line = np.linspace(-1, 1, 64)
    down, across = np.meshgrid(line, line, indexing="ij")
    head = 0.6 * ((down / 0.8) ** 2 + (across / 0.6) ** 2 < 1) + 0.4 * ((down + 0.2) ** 2 + (across - 0.15) ** 2 < 0.05)
    start = pose(12, 6, -5)[0]
    patient = lesson["tre"](lesson["optimize"](head, 1 - head, start)[0]).item()
    lesson["lab"].broken = "hasty_optimizer"
    assert lesson["tre"](lesson["optimize"](head, 1 - head, start)[0]).item() > patient + 1


def test_three_candidates_have_their_centers_on_the_fixed_image_and_the_best_metric_is_kept(lesson):
    line = torch.linspace(-1, 1, 64)
    down, across = torch.meshgrid(line, line, indexing="ij")
    head = ((down / 0.6) ** 2 + (across / 0.4) ** 2 < 1).float() + 0.5 * ((down - 0.3).abs() + across.abs() < 0.2)
    given = pose(50, 9, -12)[0]
    tried = list(lesson["candidates"](head, head, given))
    assert [round(float(p[0] - given[0])) for p in tried] == [-45, 0, 45]
    for p in tried:
        seen = lesson["shown"](head[None], p[None])[0]
        assert torch.allclose(lesson["center"](seen), lesson["center"](head), atol=1.0)
    lesson |= {"whom": torch.tensor([0]), "pairs": {"test": torch.stack([head, head])[None]}}
    ends = iter([(pose(1, 0, 0)[0], -0.2), (pose(2, 0, 0)[0], -0.9), (pose(3, 0, 0)[0], np.inf)])
    lesson["optimize"] = lambda *_: next(ends)
    assert lesson["optimized"](given[None], True, "")[0, 0] == 2
