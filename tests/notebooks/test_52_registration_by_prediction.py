"""What lesson 52 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.metrics import DiceMetric
from monai.networks.blocks import DVF2DDF, Warp
from scipy.linalg import expm
from scipy.ndimage import map_coordinates

from medlab.physics import registration
from tests.notebooks.cells import SHAPE, definitions, smooth_displacements, smooth_images

ROWS, COLUMNS = SHAPE


@pytest.fixture(scope="module")
def lesson():
    names = definitions("52_registration_by_prediction")
    names.update(STEPS=6, FEW=10, best=0.1, rates=(0.1, 0.2), images={"train": smooth_images(9, 10)})
    return names


def shown(lesson, part, one, other):
    """Put pairs of images, and their bright pixels as masks, where the lesson keeps those of a part."""
    for name, value in {"moving": one, "fixed": other}.items():
        lesson.setdefault(name, {})[part] = value
        lesson.setdefault(f"{name}_labels", {})[part] = (value > 0.5).float()


def test_the_transformer_is_that_of_monai(lesson):
    given, u = smooth_images(0), smooth_displacements(1)
    wanted = Warp(mode="bilinear", padding_mode="border")(given, u)
    assert torch.allclose(lesson["warp"](given, u), wanted, atol=1e-5)


def test_the_transformer_reads_at_x_plus_u_rows_first(lesson):
    given, u = smooth_images(2, 1), smooth_displacements(3, 1)
    places = np.indices((ROWS, COLUMNS)) + u[0].numpy()
    wanted = map_coordinates(given[0, 0].numpy(), places, order=1, mode="nearest")
    assert np.allclose(lesson["warp"](given, u)[0, 0].numpy(), wanted, atol=1e-5)


def test_warping_has_its_adjoint(lesson):
    """It is linear in the image; the transpose that autograd applies is its adjoint."""
    generator = torch.Generator().manual_seed(4)
    x, y = (torch.randn(2, 1, ROWS, COLUMNS, dtype=torch.float64, generator=generator) for _ in range(2))
    u = smooth_displacements(5).double()
    x.requires_grad_()
    forward = (lesson["warp"](x, u) * y).sum()
    (adjoint,) = torch.autograd.grad(forward, x)
    other = torch.randn(x.shape, dtype=torch.float64, generator=generator)
    assert ((lesson["warp"](other, u) * y).sum() - (other * adjoint).sum()).abs() < 1e-5 * other.norm() * y.norm()


def test_scaling_and_squaring_is_that_of_monai(lesson):
    v = smooth_displacements(6)
    wanted = DVF2DDF(num_steps=5, mode="bilinear", padding_mode="border")(v)
    assert torch.allclose(lesson["integrate"](v), wanted, atol=1e-4)


def test_a_linear_velocity_flows_by_the_matrix_exponential(lesson):
    matrix = np.array([[-0.2, 0.15], [-0.15, -0.1]])
    middle = np.array([(ROWS - 1) / 2, (COLUMNS - 1) / 2])
    x = np.indices((ROWS, COLUMNS)) - middle[:, None, None]
    v = torch.from_numpy(np.einsum("ij,jhw->ihw", matrix, x)).float()[None]
    wanted = np.einsum("ij,jhw->ihw", expm(matrix) - np.eye(2), x)
    inner = (slice(None), slice(12, -12), slice(8, -8))
    assert np.abs(lesson["integrate"](v, 8)[0].numpy() - wanted)[inner].max() < 0.05


def test_a_flow_and_its_reverse_undo_each_other(lesson):
    v = smooth_displacements(7)
    there, back = lesson["integrate"](v), lesson["integrate"](-v)
    both = there + lesson["warp"](back, there)
    assert both[..., 8:-8, 8:-8].abs().max() < 0.1 < there.abs().max()


def test_a_jump_doubles_lengths_and_sides(lesson):
    u = torch.ones(1, 2, 8, 6)
    assert torch.equal(lesson["jump"](u), torch.full((1, 2, 16, 12), 2.0))


def test_jacobian_of_known_maps(lesson):
    rows, columns = torch.meshgrid(torch.arange(ROWS).float(), torch.arange(COLUMNS).float(), indexing="ij")
    shear = torch.stack([0.2 * rows + 0.3 * columns, -0.1 * rows + 0.5 * columns])[None]
    assert torch.allclose(lesson["jacobian"](shear), torch.tensor(1.2 * 1.5 + 0.03), atol=1e-4)
    assert lesson["folds"](torch.stack([-2 * rows, 0 * rows])[None]).item() == 100
    assert lesson["folds"](0 * shear).item() == 0


def test_a_flow_does_not_fold_where_a_jump_does(lesson):
    v = smooth_displacements(8, 4, 6.0, (ROWS // 2, COLUMNS // 2))
    v = v * 2
    assert lesson["folds"](lesson["flow"](v)).mean() < 0.1 * lesson["folds"](lesson["jump"](v)).mean()


def test_overlap_warps_the_moving_masks_and_is_the_dice_of_monai(lesson):
    one, other = smooth_images(12, 3), smooth_images(13, 3)
    shown(lesson, "test", one, other)
    u = smooth_displacements(14, 3)
    moved = (Warp(mode="bilinear", padding_mode="border")((one > 0.5).float(), u) >= 0.5).float()
    wanted = DiceMetric(reduction="none")(moved, (other > 0.5).float())[:, 0]
    assert np.allclose(lesson["overlap"](u), wanted.numpy(), atol=1e-3)
    shown(lesson, "test", one, one)
    assert lesson["overlap"](0 * u) == pytest.approx(1.0)


def test_the_loss_is_similarity_and_slopes(lesson):
    one, other = smooth_images(12), smooth_images(13)
    v = torch.zeros(2, 2, ROWS // 2, COLUMNS // 2)
    assert torch.allclose(lesson["loss_of"](one, other, v, 5.0), 1 - registration.similarity(one, other), atol=1e-4)
    v[:, 0] = torch.arange(ROWS // 2)[:, None]  # a slope of one along the rows
    moved = registration.warp(one, registration.flow(v))
    wanted = 1 - registration.similarity(moved, other) + 0.25  # the mean over two components
    assert torch.allclose(lesson["loss_of"](one, other, v, 0.5), wanted, atol=1e-4)


def test_a_wider_network_counts_about_fifty_thousand_weights(lesson):
    assert 45_000 < sum(p.numel() for p in lesson["TwoLooks"](16).parameters()) < 60_000


def test_the_network_starts_by_moving_nothing_on_even_and_odd_grids(lesson):
    model = lesson["TwoLooks"](4)
    v = model(smooth_images(14), smooth_images(15))
    assert v.shape == (2, 2, ROWS // 2, COLUMNS // 2)
    assert v.abs().max() == 0
    assert model(smooth_images(14, 2, (36, 44)), smooth_images(15, 2, (36, 44))).shape == (2, 2, 18, 22)


def test_the_second_look_is_at_what_the_first_left(lesson):
    """A network that answers with the mean difference of both images shows what it was given."""
    model = lesson["TwoLooks"](4)
    seen = []

    def look(moving, fixed):
        seen.append(moving)
        return torch.ones(2, 2, ROWS // 2, COLUMNS // 2)

    model.look.forward = look
    one = smooth_images(14)
    v = model(one, smooth_images(15))
    assert torch.equal(v, torch.full_like(v, 2.0))
    assert torch.equal(seen[0], one)
    assert torch.allclose(seen[1], registration.warp(one, torch.full((2, 2, ROWS, COLUMNS), 2.0)), atol=1e-5)


def test_training_keeps_six_values_and_repeats_exactly(lesson):
    shown(lesson, "val", smooth_images(16), smooth_images(17))
    (model, curve), (again, same) = lesson["trained"](0), lesson["trained"](0)
    assert len(curve) == 6
    assert np.isfinite(curve).all()
    assert curve == same
    assert model.look.last.weight.abs().max() > 0
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True))


def test_the_step_size_is_the_one_with_the_lowest_loss(lesson):
    still, u = smooth_images(16), torch.zeros(2, 2, ROWS, COLUMNS)
    u[:, 0] = 2.5
    shown(lesson, "val", lesson["warp"](still, u), still)
    tried = {lr: lesson["final_loss"]("val", lesson["optimize"]("val", 0.1, None, 10, lr)).mean() for lr in (0.1, 0.2)}
    assert lesson["best_rate"](None) == min(tried, key=tried.get)


def test_the_search_finds_a_known_flow(lesson):
    still, line = smooth_images(16), torch.linspace(0, np.pi, ROWS)
    u = torch.zeros(2, 2, ROWS, COLUMNS)  # a bulge along the rows, a shift along the columns
    u[:, 0], u[:, 1] = 2 * torch.sin(line)[:, None], -1.0
    shown(lesson, "test", still, lesson["warp"](still, u))
    found = lesson["flow"](lesson["optimize"]("test", 0.1))
    inner = (slice(None), slice(None), slice(6, -6), slice(6, -6))
    assert (found - u)[inner].norm(dim=1).mean() < 0.35 * u[inner].norm(dim=1).mean()


def test_a_search_of_no_steps_keeps_its_start(lesson):
    pair, start = smooth_images(17), smooth_displacements(18, 2, 1.0, (ROWS // 2, COLUMNS // 2))
    shown(lesson, "test", pair, pair)
    kept = lesson["optimize"]("test", 0.1, start, steps=0)
    assert torch.equal(kept, start)
    assert kept is not start


@pytest.mark.parametrize("view", ["outlines", "area"])
def test_the_explorer_draws_every_view(lesson, view):
    pair = smooth_images(21)
    shown(lesson, "test", pair, pair)
    still = torch.zeros(2, 2, ROWS // 2, COLUMNS // 2)
    lesson["velocities"] = {"affine": [still], "predicted": [still + 1]}
    assert isinstance(lesson["draw_pair"](1, "predicted", view), Figure)
    assert "Dice 1.00, 0.0 % folded" in lesson["describe_pair"](0, "affine", view)
