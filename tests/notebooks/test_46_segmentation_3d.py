"""What lesson 46 writes by hand, held against MONAI; its patches; its explorer, over all states."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.inferers import sliding_window_inference
from torch import nn

from tests.notebooks.cells import definitions

GRID = (12, 16, 12)


@pytest.fixture
def lesson():
    names = definitions("46_segmentation_3d")
    names |= {"grid": GRID, "window": (8, 8, 8), "classes": 3, "names": ["front", "back"]}
    for thing in list(names.values()):
        if hasattr(thing, "__globals__") and thing.__module__ not in ("torch", "numpy"):
            thing.__globals__.update({k: names[k] for k in ("grid", "window", "classes", "names")})
    return names


class Fixed(nn.Module):
    """A network without training: three fixed maps of its input, which depend on the padding."""

    def forward(self, x):
        return torch.cat([x, nn.functional.avg_pool3d(x, 3, 1, 1), x**2], dim=1)


@pytest.mark.parametrize("overlap", [0.5, 0.25])
def test_windows_are_blended_as_monai_blends_them(lesson, overlap):
    volume = torch.randn(1, *GRID, generator=torch.Generator().manual_seed(0))
    ours = lesson["slide"](Fixed(), volume, overlap)
    theirs = sliding_window_inference(
        volume[None], (8, 8, 8), 4, lambda x: Fixed()(x).softmax(1), overlap=overlap, mode="gaussian"
    )[0]
    assert (ours == theirs.argmax(0)).float().mean() > 0.999


def test_windows_reach_the_end(lesson):
    assert lesson["starts"](20, 8, 0.5) == [0, 4, 8, 12]
    assert lesson["starts"](18, 8, 0.0) == [0, 8, 10]


@pytest.mark.parametrize("dims", [2, 3])
def test_the_network_keeps_the_size_of_its_input(lesson, dims):
    net = lesson["UNet"](dims, 1, (4, 8, 12))
    assert net(torch.zeros(2, 1, *[13] * dims)).shape == (2, 3, *[13] * dims)


def test_multiply_adds_are_counted_by_hand_for_two_layers(lesson):
    layers = nn.Sequential(nn.Conv3d(1, 5, 3, 2, 1), nn.Conv3d(5, 2, 1))
    assert lesson["cost"](layers, torch.zeros(4, 1, 4, 6, 8)) == (5 * 27 + 5 + 10 + 2, 24 * (5 * 27 + 10))


def test_volumes_are_cut_and_padded_around_the_middle(lesson):
    volume = torch.zeros(1, 1, 14, 10, 12)
    volume[0, 0, 7, 5, 6] = 1
    assert torch.nonzero(lesson["to_grid"](volume)[0, 0]).tolist() == [[6, 8, 6]]


def numbered(lesson):
    """Give the lesson training volumes whose voxels carry their own number."""
    x = torch.arange(2 * np.prod(GRID)).reshape(2, 1, *GRID).float()
    lesson["patches"].__globals__.update(x_train=x, y_train=x[:, 0])
    return x


def test_boxes_and_their_targets_come_from_one_place(lesson):
    numbered(lesson)
    images, targets = lesson["patches"](torch.Generator().manual_seed(1), (4, 6, 5), 0, 8)
    assert images.shape == (8, 1, 4, 6, 5)
    assert torch.equal(images, targets)
    assert len({int(image.min()) for image in images}) > 4


def test_a_stack_has_its_target_in_the_middle_and_repeats_the_ends(lesson):
    x = numbered(lesson)
    images, targets = lesson["patches"](torch.Generator().manual_seed(1), (1, 16, 12), 1, 40)
    assert images.shape == (40, 3, 16, 12)
    assert torch.equal(images[:, 1], targets[:, 0])
    ends = [k for k in range(40) if torch.equal(targets[k, 0], x[0, 0, 0])]
    assert ends
    assert all(torch.equal(images[k, 0], images[k, 1]) for k in ends)


def test_slices_see_their_neighbors_and_keep_their_place(lesson):
    class Below(nn.Module):
        def forward(self, x):
            return torch.stack([0.5 - x[:, 0], x[:, 0], x[:, 0] - 10], dim=1)

    volume = torch.zeros(1, 1, *GRID)
    volume[0, 0, 5] = 1
    found = lesson["outline"](Below(), volume, 1)
    assert torch.nonzero(found[0].flatten(1).any(1)).flatten().tolist() == [6]


def test_dice_is_the_mean_over_structures_without_the_background(lesson):
    truth, found = torch.zeros(2, 4), torch.zeros(2, 4)
    truth[0, :2], found[0, :1] = 1, 1  # Dice 2/3 of structure 1; structure 2 is missing in both: 1
    assert lesson["dice_of"](found, truth) == pytest.approx([5 / 6, 1])


def test_the_explorer_draws_every_state(lesson):
    maps = torch.zeros(1, *GRID, dtype=torch.uint8)
    maps[0, 3:7, 4:9, 3:9], maps[0, 7:9, 4:9, 3:9] = 1, 2
    lesson["draw_slice"].__globals__.update(
        x_test=torch.rand(1, 1, *GRID), y_test=maps,
        tiled={"side by side": [maps.roll(1, 1)], "whole at once": [maps]},
    )  # fmt: skip
    for way in ("side by side", "whole at once"):
        for at in (0, 5, 11):
            assert isinstance(lesson["draw_slice"](way=way, at=at), Figure)
            assert f"Slice {at}" in lesson["in_words"](way=way, at=at)
