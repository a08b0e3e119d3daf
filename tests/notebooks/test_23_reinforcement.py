"""Lesson 23: its table is that of linear algebra, its game follows gymnasium, its windows and stops are as said."""

import gymnasium
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tests.notebooks.cells import definitions

HEIGHT, WIDTH, CHANNELS = 30, 40, 2


@pytest.fixture
def lesson():
    names = definitions("23_reinforcement")
    names |= {"SCALES": (1, 4), "VIEW": 13, "STEPS": (9, 3, 1), "GAMMA": 0.3, "GAMES": 4, "RATE": 2e-3, "UPDATES": 3}
    names |= {"size": torch.tensor([HEIGHT, WIDTH]), "spacing": torch.ones(2), "pixel": 1.0, "channels": CHANNELS}
    directions = ((-1, 0), (1, 0), (0, -1), (0, 1))
    names["MOVES"] = torch.tensor([[s * y, s * x] for s in names["STEPS"] for y, x in directions])
    images = torch.randn(5, CHANNELS, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    points = torch.tensor([[20.0, 11.0], [3.0, 4.0], [15.0, 30.0], [9.0, 9.0], [25.0, 20.0]])
    part = {"images": images, "points": points, "views": names["pyramid"](images)}
    names |= {"parts": {"train": part, "test": part}, "MOST": 60, "STRIDE": 4}
    return names


def world(side, target):
    """The small world of the lesson, made again in plain Python: next cells and rewards."""
    follows, pays = np.zeros((side**2, 4), int), np.zeros((side**2, 4))
    for y in range(side):
        for x in range(side):
            for a, (dy, dx) in enumerate(((-1, 0), (1, 0), (0, -1), (0, 1))):
                there = min(max(y + dy, 0), side - 1), min(max(x + dx, 0), side - 1)
                follows[y * side + x, a], pays[y * side + x, a] = there[0] * side + there[1], float(there == target)
    return follows, pays


@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.9])
def test_q_learning_finds_the_table_whose_best_policy_solves_the_linear_equations(lesson, gamma):
    follows, pays = world(5, (3, 1))
    lesson |= {"follows": torch.from_numpy(follows), "pays": torch.from_numpy(pays)}
    table = lesson["q_learning"](gamma).numpy()
    best = table.argmax(1)
    rows = np.arange(25)
    moves = np.zeros((25, 25))
    moves[rows, follows[rows, best]] = 1
    value = np.linalg.solve(np.eye(25) - gamma * moves, pays[rows, best])
    assert table.max(1) == pytest.approx(value, abs=1e-6)
    assert (pays + gamma * value[follows]).max(1) == pytest.approx(value, abs=1e-6)  # no other policy is better


def test_windows_hold_the_pixels_and_the_averages_around_the_agent(lesson):
    part, at, who = lesson["parts"]["test"], torch.tensor([[12, 17], [0, 0]]), torch.tensor([3, 1])
    seen = lesson["look"](part["views"], who, at)
    assert seen.shape == (2, 2 * CHANNELS, 13, 13)
    assert torch.equal(seen[0, :CHANNELS], part["images"][3][:, 6:19, 11:24])
    near = part["images"][3][:, 11:15, 16:20].mean((1, 2))
    assert torch.allclose(seen[0, CHANNELS:, 6, 6], near, atol=1e-6)
    assert torch.allclose(seen[0, CHANNELS:, 7, 5], part["images"][3][:, 15:19, 12:16].mean((1, 2)), atol=1e-6)
    assert (seen[1, :, :6] == -3).all()
    assert torch.equal(seen[1, :CHANNELS, 6:, 6:], part["images"][1][:, :7, :7])


def test_the_drawn_boxes_are_the_windows(lesson):
    boxes = lesson["windows"](torch.tensor([[12, 17]]))
    assert boxes["fine"][0].tolist() == [[5.5, 10.5, 18.5, 23.5]]
    assert boxes["coarse"][0].tolist() == [[-14.0, -9.0, 38.0, 43.0]]


def test_the_game_follows_the_interface_and_pays_the_fall_of_the_distance(lesson):
    part = lesson["parts"]["train"]
    env = lesson["Walk"](part, 3, steps=2)
    assert isinstance(env, gymnasium.vector.VectorEnv)
    first, _ = env.reset(seed=4)
    again, _ = env.reset(seed=4)
    assert torch.equal(first, again)
    assert all(env.single_observation_space.contains(one.numpy()) for one in first)
    assert env.single_action_space.n == len(lesson["MOVES"]) == 12
    who, at = torch.tensor([0, 1, 2]), torch.tensor([[10, 11], [0, 4], [15, 20]])
    env.reset(options={"who": who, "at": at})
    _, reward, over, cut, info = env.step(torch.tensor([1, 0, 11]))
    assert info["at"].tolist() == [[19, 11], [0, 4], [15, 21]]  # nobody leaves the image
    assert reward.tolist() == pytest.approx([1.0, 0.0, 1.0])
    assert not over.any()
    assert not cut.any()
    _, reward, over, cut, info = env.step(torch.tensor([5, 3, 4]))
    assert reward[0] == pytest.approx((1 - 2) / 3)
    assert not over.any()  # a game is cut off, and never over
    assert cut.all()


def test_starts_cover_the_image(lesson):
    env = lesson["Walk"](lesson["parts"]["train"], 4000)
    at = env.reset(seed=1)[1]["at"]
    assert at.amin(0).tolist() == [0, 0]
    assert at.amax(0).tolist() == [HEIGHT - 1, WIDTH - 1]
    assert torch.equal(torch.unique(env.who), torch.arange(5))


class Compass(nn.Module):
    """Knows the way to the landmark: reads the position and image that the test wrote into the views."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def forward(self, seen):
        fall = seen[:, :2, 0, 0]  # landmark - position
        moves = torch.tensor([[-1.0, 0], [1, 0], [0, -1], [0, 1]])
        return torch.cat([-(fall[:, None] - s * moves).norm(dim=-1) for s in self.steps], 1)


@pytest.fixture
def guided(lesson):
    """The lesson with a network that knows the way, and starts in all images."""
    points = lesson["parts"]["test"]["points"]

    def look(views, who, at):
        return (points[who] - at).float()[:, :, None, None].expand(-1, -1, 13, 13)

    generator = torch.Generator().manual_seed(3)
    whom = torch.arange(5).repeat(4)
    begin = (torch.rand(20, 2, generator=generator) * lesson["size"]).long()
    lesson |= {"look": look, "whom": whom, "begin": begin, "truth": points}
    return lesson


@pytest.mark.parametrize("levels", [(0, 1, 2), (2,)])
def test_an_agent_that_knows_the_way_arrives_and_stops_without_the_truth(guided, levels):
    path, end = guided["play"](Compass((9, 3, 1)), levels)
    aims = guided["truth"][guided["whom"]]
    assert (end - aims).norm(dim=1).max() <= 0.75  # it goes back and forth between the landmark and a neighbor
    taken = (path.diff(dim=0) != 0).any(-1).sum(0)
    apart = (guided["begin"] - aims).abs().sum(1)
    if levels == (2,):
        assert (taken <= apart + 2).all()
    steps = guided["arrival"](path)
    for i in range(20):
        off = [(path[t, i] - aims[i]).float().norm().item() for t in range(len(path))]
        assert steps[i] == next(t for t, o in enumerate(off) if o < 3)


def test_a_walk_that_never_arrives_counts_as_the_longest(guided):
    path = torch.zeros(4, 20, 2) + torch.tensor([0.0, 39.0])
    assert (guided["arrival"](path) == 60).all()


def test_who_is_stopped_stays(guided):
    path, _ = guided["play"](Compass((9, 3, 1)), (0, 1, 2))
    assert torch.equal(path[-1], path[-2])


def test_the_same_step_size_is_used_for_what_follows(lesson):
    class Numbers(nn.Module):
        def forward(self, seen):
            return torch.arange(12.0).expand(len(seen), -1)

    found = lesson["worth"](Numbers(), torch.zeros(3, 1), torch.tensor([2, 0, 1]))
    assert found.tolist() == [[8, 9, 10, 11], [0, 1, 2, 3], [4, 5, 6, 7]]
    assert lesson["goal"](torch.ones(3), found, 0.5).tolist() == [6.5, 2.5, 4.5]


def test_the_memory_keeps_what_was_played_and_shuffling_keeps_only_the_sum(lesson):
    class Undecided(nn.Module):
        def forward(self, seen):
            return torch.zeros(len(seen), 12)

    kept = {}
    for broken in ("", "shuffled_rewards"):
        lesson["lab"].broken = broken
        env, generator = lesson["Walk"](lesson["parts"]["train"], 64), torch.Generator().manual_seed(5)
        seen, _ = env.reset(seed=2)
        kept[broken], *_ = lesson["played"](env, seen, Undecided(), generator, 1.0, {})
    whole, mixed = kept[""], kept["shuffled_rewards"]
    before = (whole["at"] - lesson["parts"]["train"]["points"][whole["who"]]).norm(dim=1)
    after = (whole["after"] - lesson["parts"]["train"]["points"][whole["who"]]).norm(dim=1)
    length = torch.tensor([9, 3, 1])[whole["level"]]
    assert torch.allclose(whole["reward"], (before - after) / length, atol=1e-5)
    assert torch.equal(whole["after"], mixed["after"])
    assert not torch.allclose(whole["reward"], mixed["reward"])
    assert torch.allclose(whole["reward"].sort().values, mixed["reward"].sort().values)


def test_with_a_fixed_start_all_training_games_begin_in_the_corner(lesson, monkeypatch):
    begun = []
    reset = lesson["Walk"].reset

    def noted(self, **given):
        found = reset(self, **given)
        begun.append(self.at.clone())
        return found

    monkeypatch.setattr(lesson["Walk"], "reset", noted)
    for broken, wanted in (("", False), ("fixed_start", True)):
        lesson["lab"].broken = broken
        lesson["trained"](0)
        assert bool((begun[-1] == 0).all()) is wanted


def test_learning_lowers_the_error_of_the_goal(lesson):
    lesson["UPDATES"] = 1
    env, generator = lesson["Walk"](lesson["parts"]["train"], 64, 4), torch.Generator().manual_seed(0)
    seen, _ = env.reset(seed=0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net, old = lesson["value_network"](), lesson["value_network"]()
    memory = {}
    for _ in range(4):
        memory, seen, _ = lesson["played"](env, seen, net, generator, 1.0, memory)

    def error():
        rows = memory["who"], memory["at"], memory["level"]
        said = lesson["worth"](net, lesson["look"](lesson["parts"]["train"]["views"], *rows[:2]), rows[2])
        after = lesson["look"](lesson["parts"]["train"]["views"], memory["who"], memory["after"])
        wanted = lesson["goal"](memory["reward"], lesson["worth"](old, after, rows[2]), 0.3)
        return (said.gather(1, memory["direction"][:, None])[:, 0] - wanted).square().mean().item()

    optimizer, before = torch.optim.Adam(net.parameters(), 2e-3), error()
    for _ in range(40):
        lesson["learn"](net, old, optimizer, memory, generator)
    assert error() < 0.5 * before


def test_the_multiply_adds_in_the_text_are_those_of_the_networks(lesson):
    def millions(net, *shape):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(torch.zeros(1, *shape))
        return counter.get_total_flops() / 2e6

    lesson["channels"] = 1
    assert millions(lesson["value_network"](), 2, 13, 13) == pytest.approx(0.15, abs=0.005)
    assert millions(lesson["rival_network"]().eval(), 1, 64, 64) == pytest.approx(3.1, abs=0.05)
    assert millions(lesson["rival_network"]().eval(), 1, 256, 256) == pytest.approx(50, abs=0.5)


def test_the_middle_of_the_named_box_is_the_landmark(lesson):
    class Smears:
        landmarks, patients = None, {"box_classes": ["RBC;WBC", "WBC"]}
        boxes = (torch.tensor([[0.0, 0, 2, 2], [4, 6, 8, 16]]), torch.tensor([[1.0, 1, 2, 2]]))

    lesson["wanted"] = "WBC"
    assert lesson["landmark_of"](Smears()).tolist() == [[5.5, 10.5], [1.0, 1.0]]
