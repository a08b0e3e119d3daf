"""What lesson 46 writes by hand, held against MONAI; its explorer, over all states."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.inferers import sliding_window_inference
from monai.losses import DeepSupervisionLoss, DiceCELoss
from monai.metrics import compute_hausdorff_distance
from torch import nn

from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    names = definitions("46_segmentation_3d")
    loss = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, batch=True)
    device = type("Bench", (), {"device": torch.device("cpu")})()
    return names | {
        "grid": (12, 16, 12), "window": (8, 8, 8), "classes": 3, "overlap_loss": loss, "lab": device,
        "names": ["front", "back"],
    }  # fmt: skip


def bound(lesson, name):
    """The lesson's function with this test's sizes as its globals."""
    found = lesson[name]
    found.__globals__.update({k: lesson[k] for k in ("grid", "window", "classes", "overlap_loss", "lab", "names")})
    return found


def blobs(seed, shape=(12, 16, 12)):
    rng = np.random.default_rng(seed)
    centers = rng.uniform(4, 8, (2, 3))
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    return [np.linalg.norm(places - c, axis=-1) < r for c, r in zip(centers, (3.2, 3.9), strict=True)]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.0, 1.0, 1.5)])
def test_hd95_is_that_of_monai(lesson, spacing):
    a, b = blobs(1)
    both = [torch.from_numpy(m)[None, None].float() for m in (a, b)]
    theirs = compute_hausdorff_distance(*both, include_background=True, percentile=95, spacing=list(spacing))
    assert bound(lesson, "hd95")(a, b, spacing) == pytest.approx(float(theirs), rel=1e-5)


def test_hd95_of_a_missing_structure_is_the_diagonal(lesson):
    a, _ = blobs(2)
    assert bound(lesson, "hd95")(a, np.zeros_like(a), (1, 1, 1)) == pytest.approx(np.sqrt(12**2 + 16**2 + 12**2))


class Shift(nn.Module):
    """A network without training: three fixed maps of its input, which depend on the padding."""

    def forward(self, x):
        return [torch.cat([x, nn.functional.avg_pool3d(x, 3, 1, 1), x**2], dim=1)]


@pytest.mark.parametrize("overlap", [0.5, 0.25])
def test_windows_are_blended_as_monai_blends_them(lesson, overlap):
    volume = torch.randn(1, 12, 16, 12, generator=torch.Generator().manual_seed(0))
    bound(lesson, "chances")
    ours = bound(lesson, "slide")(Shift(), volume, overlap)
    theirs = sliding_window_inference(
        volume[None], (8, 8, 8), 4, lambda x: Shift()(x)[0].softmax(1), overlap=overlap, mode="gaussian"
    )[0]
    assert torch.allclose(ours, theirs, atol=1e-3)


def test_windows_reach_the_end(lesson):
    assert bound(lesson, "starts")(20, 8, 0.5) == [0, 4, 8, 12]
    assert bound(lesson, "starts")(18, 8, 0.0) == [0, 8, 10]


def test_deep_supervision_is_that_of_monai(lesson):
    generator = torch.Generator().manual_seed(3)
    outputs = [torch.randn(2, 3, n, n, n, generator=generator) for n in (8, 4)]
    coarse = torch.randint(0, 3, (2, 1, 4, 4, 4), generator=generator)
    target = nn.functional.interpolate(coarse.float(), scale_factor=2).long()  # whichever voxel of eight is taken
    theirs = DeepSupervisionLoss(lesson["overlap_loss"], weights=[1.0, 0.5])
    ours = bound(lesson, "supervised")(outputs, target, True)
    assert float(ours) == pytest.approx(float(theirs(outputs, target.float())), rel=1e-5)
    assert float(bound(lesson, "supervised")(outputs, target, False)) < float(ours)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_network_returns_every_resolution(lesson, dims):
    bound(lesson, "block")
    outputs = lesson["UNet"](dims, 1, (4, 8, 12))(torch.zeros(2, 1, *[12] * dims))
    assert [tuple(o.shape) for o in outputs] == [(2, 3, *[12] * dims), (2, 3, *[6] * dims)]


def test_slices_see_their_neighbors_and_keep_their_place(lesson):
    bound(lesson, "chances")

    class Below(nn.Module):
        def forward(self, x):
            return [torch.stack([0.5 - x[:, 0], x[:, 0], x[:, 0] - 10], dim=1)]

    volume = torch.zeros(1, 1, 12, 16, 12)
    volume[0, 0, 5] = 1
    found = bound(lesson, "outline")(Below(), volume, 1)
    assert torch.nonzero(found[0].flatten(1).any(1)).flatten().tolist() == [6]


def test_the_explorer_draws_every_state(lesson):
    maps = torch.zeros(1, 12, 16, 12, dtype=torch.uint8)
    maps[0, 3:7, 4:9, 3:9], maps[0, 7:9, 4:9, 3:9] = 1, 2
    bound(lesson, "render").__globals__.update(
        images={"test": torch.rand(1, 1, 12, 16, 12)}, labels={"test": maps}, seen=0,
        by_window={"side by side": [maps.roll(1, 1)], "whole at once": [maps]},
    )  # fmt: skip
    for way in ("side by side", "whole at once"):
        for at in (0, 5, 11):
            assert isinstance(lesson["render"](way=way, at=at), Figure)
            assert f"Slice {at}" in lesson["describe"](way=way, at=at)
