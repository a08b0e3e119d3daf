"""What lesson 52 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.metrics import DiceMetric
from monai.networks.blocks import DVF2DDF, Warp
from scipy.linalg import expm
from scipy.ndimage import map_coordinates

from tests.notebooks.cells import SHAPE, definitions, smooth_displacements, smooth_images

ROWS, COLUMNS = SHAPE


@pytest.fixture(scope="module")
def lesson():
    names = definitions("52_registration_by_prediction")
    names.update(jump=names["enlarged"], MOTION=2.0, STEPS=3, spacing=torch.tensor([2.0, 3.0]))
    names["images"] = {"train": smooth_images(9, 10)}
    return names


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


def test_enlarging_doubles_lengths_and_sides(lesson):
    u = torch.ones(1, 2, 8, 6)
    assert torch.equal(lesson["enlarged"](u), torch.full((1, 2, 16, 12), 2.0))


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


def test_similarity_is_blind_to_brightness_and_is_correlation(lesson):
    one, other = smooth_images(10), smooth_images(11)
    assert lesson["similarity"](one, 100 * one + 3).min() > 0.7
    big, far = 10 * one, 10 * other
    window = big[0, 0, :9, :9].numpy().ravel(), far[0, 0, :9, :9].numpy().ravel()
    local = lesson["similarity"](big[:1, :, :9, :9], far[:1, :, :9, :9]).item()
    assert local == pytest.approx(np.corrcoef(*window)[0, 1], abs=0.02)


def test_dice_is_that_of_monai(lesson):
    one, other = ((smooth_images(k, 3) > 0.5).float() for k in (12, 13))
    wanted = DiceMetric(reduction="none")(one, other)[:, 0]
    assert torch.allclose(lesson["dice"](one, other), wanted, atol=1e-6)
    both = lesson["dice"](torch.cat([one, 0 * one], 1), torch.cat([other, other], 1))
    assert torch.allclose(both, wanted, atol=1e-6)  # a structure that one image lacks does not count


def test_pairs_join_different_patients_and_use_each_once(lesson):
    moving, fixed = lesson["pairs_of"](11, np.random.default_rng(0))
    assert sorted(moving) == sorted(fixed) == list(range(11))
    assert (moving != fixed).all()


def test_the_network_starts_by_moving_nothing_and_is_small(lesson):
    model = lesson["Registrar"]()
    v = model(smooth_images(14), smooth_images(15))
    assert v.shape == (2, 2, ROWS // 2, COLUMNS // 2)
    assert v.abs().max() == 0
    assert sum(p.numel() for p in model.parameters()) < 60_000


def test_the_search_finds_a_known_flow(lesson):
    still, line = smooth_images(16), torch.linspace(0, np.pi, ROWS)
    u = torch.zeros(2, 2, ROWS, COLUMNS)  # a bulge along the rows, a shift along the columns
    u[:, 0], u[:, 1] = 2 * torch.sin(line)[:, None], -1.0
    found = lesson["flow"](lesson["optimize"](still, lesson["warp"](still, u), 0.1))
    inner = (slice(None), slice(None), slice(6, -6), slice(6, -6))
    assert (found - u)[inner].norm(dim=1).mean() < 0.35 * u[inner].norm(dim=1).mean()


@pytest.mark.parametrize("apart", [8, 16])
def test_families_move_equally_far(lesson, apart):
    u = lesson["family"](6, apart, torch.Generator().manual_seed(18))
    assert u.shape == (6, 2, ROWS, COLUMNS)
    assert u.norm(dim=1).mean((1, 2)).numpy() == pytest.approx(2.0, abs=0.1)


def test_the_finer_family_is_finer(lesson):
    coarse, fine = (lesson["family"](6, k, torch.Generator().manual_seed(19)) for k in (16, 8))
    assert lesson["slopes"](fine).mean() > 1.5 * lesson["slopes"](coarse).mean()


def test_error_at_landmarks_is_in_mm(lesson):
    lesson["landmarks"] = torch.zeros(1, 40, dtype=torch.long)
    off = torch.ones(1, 2, ROWS, COLUMNS)
    assert lesson["tre"](off, 0 * off) == pytest.approx(np.hypot(2, 3))


def test_affine_fit_undoes_a_shift(lesson):
    still = smooth_images(20, 1)
    shift = torch.zeros(1, 2, ROWS, COLUMNS)
    shift[:, 1] = 1.5
    moved = lesson["warp"](still, shift)
    back = lesson["affine_warp"](moved, lesson["affine_fit"](moved, still, steps=40))
    inner = (..., slice(6, -6), slice(6, -6))
    assert (back - still)[inner].abs().mean() < 0.4 * (moved - still)[inner].abs().mean()


@pytest.mark.parametrize("view", ["outlines", "grid", "Jacobian"])
def test_the_explorer_draws_every_view(lesson, view):
    pair = smooth_images(21)
    masks = (pair > 0.5).float()
    lesson.update(
        fixed={"test": pair}, moving={"test": pair}, fixed_labels={"test": masks}, moving_labels={"test": masks}
    )
    lesson["found"] = {"before": 0 * smooth_displacements(22), "predicted": smooth_displacements(22)}
    assert isinstance(lesson["draw_pair"](1, "predicted", view), Figure)
    assert "Dice 1.00, 0.0 % folded" in lesson["describe_pair"](0, "before", view)
