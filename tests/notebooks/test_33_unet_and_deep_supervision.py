"""What lesson 33 writes by hand, held against MONAI, and its comparisons, which must be fair."""

import numpy as np
import pandas as pd
import pytest
import torch
from monai.metrics import compute_hausdorff_distance, compute_surface_dice
from monai.networks.nets.basic_unet import BasicUNet, UpCat
from torch import nn

import medlab
from tests.notebooks.cells import definitions, smooth_images

WIDE, COUNTS = (4, 8, 8, 8), (1, 2, 2, 2)


@pytest.fixture(scope="module")
def lesson():
    names = definitions("33_unet_and_deep_supervision")
    names["UNet"].forward = names["forward"]
    return names


def made(lesson, **options):
    torch.manual_seed(0)
    return lesson["UNet"](3, WIDE, COUNTS, **options).eval()


def test_the_u_net_is_that_of_monai(lesson):
    wide = (4, 8, 16, 32, 64)
    ours = lesson["UNet"](2, wide, (2,) * 5).eval()
    theirs = BasicUNet(2, 2, 1, (*wide, 4), act="relu", norm=("instance", {"affine": True}), upsample="deconv").eval()
    # MONAI's last step up keeps its channels; its other steps halve them, as the U-Net of the paper does.
    theirs.upcat_1 = UpCat(2, 8, 4, 4, "relu", ("instance", {"affine": True}), True, 0.0, "deconv").eval()
    pairs = [(ours.down[0], theirs.conv_0)]
    pairs += [(ours.down[k], getattr(theirs, f"down_{k}")) for k in (1, 2, 3, 4)]
    for k in range(4):
        up = getattr(theirs, f"upcat_{k + 1}")
        pairs += [(ours.up[k], up.upsample), (ours.join[k], up.convs)]
    pairs.append((ours.head[0], theirs.final_conv))
    for mine, yours in pairs:
        for a, b in zip(mine.parameters(), yours.parameters(), strict=True):
            b.data.copy_(a.data)
    x = smooth_images(0, shape=(48, 32)).repeat(1, 2, 1, 1)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)
    unused = sum(p.numel() for head in ours.head[1:] for p in head.parameters())
    assert sum(p.numel() for p in ours.parameters()) - unused == sum(p.numel() for p in theirs.parameters())


def test_the_rival_without_skips_has_at_least_as_many_weights(lesson):
    x = torch.zeros(1, 3, 32, 32)
    with_skips, without = (lesson["cost"](made(lesson, skips=skips), x) for skips in (True, False))
    assert 1 <= without[0] / with_skips[0] < 1.2
    assert 1 <= without[1] / with_skips[1] < 1.2


def test_multiply_adds_are_counted_by_hand_for_two_layers(lesson):
    layers = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ConvTranspose2d(5, 2, 2, stride=2))
    weights, adds = lesson["cost"](layers, torch.zeros(4, 3, 6, 8))
    assert weights == 3 * 5 * 9 + 5 + 5 * 2 * 4 + 2
    assert adds == 6 * 8 * 3 * 5 * 9 + 6 * 8 * 5 * 2 * 4


def test_without_skips_all_detail_goes_through_the_bottleneck(lesson):
    x = torch.rand(1, 3, 32, 32)
    seen = []
    for skips in (True, False):
        model = made(lesson, skips=skips)
        model.down[-1].register_forward_hook(lambda layer, inputs, output: torch.zeros_like(output))
        with torch.no_grad():
            seen.append((model(x) - model(x.flip(3))).abs().max().item())
    assert seen[0] > 1e-4
    assert seen[1] == 0


def test_an_edit_reaches_each_skip_once_and_changes_the_map(lesson):
    model, x, levels = made(lesson), torch.rand(2, 3, 32, 32), []

    def note(level, skip):
        levels.append((level, tuple(skip.shape[1:])))
        return skip

    with torch.no_grad():
        same, zeroed = model(x, note), model(x, lambda level, skip: 0 * skip)
        assert torch.equal(same, model(x))
        assert not torch.allclose(same, zeroed)
    assert levels == [(2, (8, 8, 8)), (1, (8, 16, 16)), (0, (4, 32, 32))]


def test_maps_of_training_are_full_size_first_and_heads_do_not_change_the_full_map(lesson):
    model, x = made(lesson).train(), torch.rand(2, 3, 32, 32)
    assert [tuple(m.shape[2:]) for m in model(x)] == [(32, 32), (16, 16), (8, 8)]
    assert torch.equal(model(x)[0], model.eval()(x))


def test_the_deep_loss_without_heads_is_that_of_the_full_map(lesson):
    y = (torch.rand(2, 1, 16, 16) > 0.7).float()
    maps = [torch.randn(2, 1, 16 // 2**k, 16 // 2**k) for k in range(3)]
    whole = [lesson["overlap_loss"](nn.functional.interpolate(m, size=(16, 16), mode="bilinear"), y) for m in maps]
    assert torch.isclose(lesson["deep_loss"](maps, y, False), whole[0])
    assert torch.isclose(lesson["deep_loss"](maps, y, True), sum(whole) / 3)


def test_the_loss_is_low_for_the_truth(lesson):
    y = (torch.rand(2, 1, 16, 16) > 0.7).float()
    assert lesson["overlap_loss"](40 * y - 20, y) < 0.01
    assert lesson["overlap_loss"](20 - 40 * y, y) > 1.5


def masks(seed):
    return (smooth_images(seed, 4, (32, 32))[:, 0] > 0.5).numpy()


def one_hot(mask):
    flat = torch.from_numpy(mask)[None, None]
    return torch.cat([~flat, flat], dim=1).float()


def test_scores_of_the_border_are_those_of_monai(lesson):
    for truth, found in zip(masks(1), masks(2), strict=True):
        nsd, hd95 = lesson["border_scores"](truth, found)
        pair = one_hot(found), one_hot(truth)
        assert nsd == pytest.approx(float(compute_surface_dice(*pair, class_thresholds=[1.0])), abs=1e-5)
        assert hd95 == pytest.approx(float(compute_hausdorff_distance(*pair, percentile=95)), rel=1e-4)


def test_an_empty_answer_gets_the_worst_scores_of_the_border(lesson):
    truth = masks(3)[0]
    assert lesson["border_scores"](truth, np.zeros_like(truth)) == (0.0, pytest.approx(32 * 2**0.5))
    assert lesson["border_scores"](truth, truth) == (1, 0)


def cohort(images, annotation):
    table = pd.DataFrame({"patient_id": [f"p{k}" for k in range(len(images))]})
    return medlab.Cohort(images, table, masks=annotation, structures=("x",))


def test_a_thin_line_survives_the_smaller_size_and_empty_images_are_left_out(lesson):
    line = torch.zeros(3, 1, 40, 64, dtype=torch.uint8)
    line[:2, 0, 7] = 1
    lesson.update(channels=[0], depth=None, most=32)
    x, y, ids = lesson["prepared"](cohort(torch.rand(3, 1, 40, 64), line))
    assert x.shape == y.shape == (2, 1, 32, 32)
    assert ids.tolist() == ["p0", "p1"]
    assert torch.equal(y[0, 0].any(1).nonzero().flatten(), torch.tensor([3]))
    assert y[0, 0, 3].all()


def test_of_a_volume_one_slice_is_taken_from_image_and_mask(lesson):
    volumes = torch.rand(2, 1, 32, 32, 5)
    lesson.update(channels=[0], depth=2, most=32)
    x, y, _ = lesson["prepared"](cohort(volumes, (volumes > 0.5).to(torch.uint8)))
    plane = volumes[:, 0, :, :, 2]
    assert torch.equal(y[:, 0] > 0, plane > 0.5)
    assert torch.allclose(x[:, 0], (plane - plane.mean((1, 2), True)) / plane.std((1, 2), keepdim=True), atol=1e-5)
