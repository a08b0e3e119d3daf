"""What lesson 58 writes by hand, held against libraries: its families of deformations, its error and its search."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from medlab.physics.registration import folds, warp
from tests.notebooks.cells import definitions


def planes(*sides):
    """Return an orthonormal basis (3, H * W) of the constants and the two slopes on a grid."""
    rows, columns = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in sides), indexing="ij")
    basis = torch.stack([torch.ones_like(rows), rows, columns]).flatten(1)
    return basis / basis.norm(dim=1, keepdim=True)


def on_a_grid(names, *half):
    names |= {"MOTION": 1.5, "apart": {"A": 16, "B": 8}, "half": list(half), "affine": planes(*half), "seed": 0}
    return names


@pytest.fixture
def lesson():
    return on_a_grid(definitions("58_registration_supervised"), 20, 24)


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ["A", "B"])
def test_both_families_move_by_the_same_distance_and_do_not_fold(lesson, name):
    u = lesson["family"](name, 16, generator(1))
    assert u.shape == (16, 2, 40, 48)
    assert u.norm(dim=1).mean((1, 2)).numpy() == pytest.approx(1.5, rel=0.05)
    assert folds(u).mean() < 0.5


@pytest.mark.parametrize("name", ["A", "B"])
def test_an_affine_map_explains_little_of_a_field(lesson, name):
    u = lesson["family"](name, 64, generator(9)).flatten(2)
    explained = (u @ planes(40, 48).T).square().sum() / u.square().sum()
    assert explained < 0.1


def test_family_b_is_the_finer_one(lesson):
    steep = {}
    for name in ("A", "B"):
        u = lesson["family"](name, 16, generator(2))
        steep[name] = u.diff(dim=2).abs().mean() + u.diff(dim=3).abs().mean()
    assert steep["B"] > 1.3 * steep["A"]


def test_a_known_pair_differs_by_the_field_and_by_noise(lesson):
    pictures = torch.rand(2, 1, 40, 48, generator=generator(3))
    u = lesson["family"]("B", 2, generator(4))
    moving, fixed = lesson["known_pair"](pictures, u, generator(5))
    places = np.indices((40, 48)) + u[0].numpy()
    wanted = map_coordinates(pictures[0, 0].numpy(), places, order=1, mode="nearest")
    noise = fixed[0, 0].numpy() - wanted
    assert noise.std() == pytest.approx(0.02, rel=0.1)
    own = (moving - pictures)[0, 0].numpy()
    assert own.std() == pytest.approx(0.02, rel=0.1)
    assert abs(np.corrcoef(own.ravel(), noise.ravel())[0, 1]) < 0.1


def test_the_error_is_a_distance_in_mm_at_the_landmarks(lesson):
    lesson["spacing"] = torch.tensor([2.0, 3.0])
    found, truth = torch.randn(2, 2, 2, 5, 6, generator=generator(6))
    at = torch.tensor([[0, 7, 29], [3, 3, 12]])
    lesson["landmarks_of"] = lambda fixed: at
    for k in range(2):
        rows, columns = np.unravel_index(at[k].numpy(), (5, 6))
        off = (found - truth)[k].numpy()[:, rows, columns] * np.array([[2.0], [3.0]])
        assert lesson["tre"](found, truth, None)[k] == pytest.approx(np.hypot(*off).mean(), rel=1e-5)


def test_landmarks_lie_well_inside_the_body(lesson):
    disk = (torch.stack(torch.meshgrid(*[torch.arange(40.0) - 20] * 2, indexing="ij")).norm(dim=0) < 14).float()
    at = lesson["landmarks_of"](disk.expand(3, 1, 40, 40))
    assert at.shape == (3, 40)
    rows, columns = np.unravel_index(at.numpy(), (40, 40))
    assert np.hypot(rows - 20, columns - 20).max() < 14


def test_an_untrained_network_moves_nothing(lesson):
    pair = torch.rand(2, 3, 1, 40, 40, generator=generator(7))
    network = lesson["Registrar"](4)
    assert network(*pair).shape == (3, 2, 40, 40)
    assert not network(*pair).any()
    network(*pair).sum().backward()
    assert network.last.weight.grad.any()


def test_the_search_finds_a_known_field(lesson):
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(40.0), indexing="ij")
    picture = (0.5 + 0.25 * torch.sin(rows / 3) + 0.25 * torch.cos(columns / 4 + rows / 9))[None, None]
    u = on_a_grid(lesson, 20, 20)["family"]("A", 1, generator(8))
    found = lesson["search"](picture, warp(picture, u), 0.01)
    inner = (slice(None), slice(None), slice(6, -6), slice(6, -6))
    assert (found - u)[inner].norm(dim=1).mean() < 0.5 * u[inner].norm(dim=1).mean()
