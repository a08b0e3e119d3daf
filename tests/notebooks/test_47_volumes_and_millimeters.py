"""What lesson 47 writes by hand, held against MONAI and nibabel; its files; its explorer, over all states."""

import nibabel
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.metrics import compute_hausdorff_distance
from nibabel.orientations import aff2axcodes

from tests.notebooks.cells import definitions

SHAPE, SPACING = (12, 16, 12), np.array([1.0, 0.8, 1.5])


@pytest.fixture
def lesson():
    names = definitions("47_volumes_and_millimeters")
    affine = nibabel.affines.from_matvec(np.diag(SPACING), [-12.0, 7.0, -31.0])
    sizes = {"grid": SHAPE, "classes": 3, "names": ["front", "back"], "spacing": SPACING, "upright": affine}
    names["milliliters"].__globals__.update(sizes)
    return names


def blobs(seed, shape=SHAPE):
    rng = np.random.default_rng(seed)
    centers = rng.uniform(4, 8, (2, 3))
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    return [np.linalg.norm(places - c, axis=-1) < r for c, r in zip(centers, (3.2, 3.9), strict=True)]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.0, 1.0, 1.5)])
def test_hd95_is_that_of_monai(lesson, spacing):
    a, b = blobs(1)
    both = [torch.from_numpy(m)[None, None].float() for m in (a, b)]
    theirs = compute_hausdorff_distance(*both, include_background=True, percentile=95, spacing=list(spacing))
    assert lesson["hd95"](a, b, spacing) == pytest.approx(float(theirs), rel=1e-5)


def test_hd95_of_a_missing_structure_is_the_diagonal(lesson):
    a, _ = blobs(2)
    assert lesson["hd95"](a, np.zeros_like(a), (1, 1, 1)) == pytest.approx(np.sqrt(12**2 + 16**2 + 12**2))


def test_volumes_are_in_milliliters(lesson):
    labels = torch.zeros(2, 10, 10, 10, dtype=torch.uint8)
    labels[1, :5, :4, :2], labels[1, 5:, 9, 9] = 1, 2
    assert lesson["milliliters"](labels, np.array([4.0, 1, 0.5])) == pytest.approx([0, 45 * 2 / 1000])


def test_the_limits_of_agreement_are_those_of_bland_and_altman(lesson):
    errors = np.random.default_rng(0).normal(3, 2, 400)
    weights = np.array([np.ones(400), np.r_[np.ones(200), np.zeros(200)]])
    found = lesson["half_width"](None, errors, weights)
    assert found == pytest.approx([1.96 * errors.std(), 1.96 * errors[:200].std()])


def test_thick_slices_keep_the_volume_of_a_large_structure(lesson):
    labels = torch.from_numpy(blobs(3)[1].astype(np.uint8))[None]
    thick = lesson["thickened"](labels, 2)
    assert thick.shape == (1, 6, 16, 12)
    ratio = lesson["milliliters"](thick, SPACING * [2, 1, 1]) / lesson["milliliters"](labels, SPACING)
    assert ratio == pytest.approx(1, abs=0.1)
    assert torch.equal(lesson["thickened"](labels, 1), labels)


class Bright(torch.nn.Module):
    """Class 1 where the image is bright."""

    def forward(self, x):
        return torch.cat([0.5 - x, x - 0.5, x - 9], dim=1)


@pytest.mark.parametrize("believed", ["right", "ignored"])
def test_thick_outlines_keep_their_place(lesson, believed):
    x = torch.zeros(1, 1, 3, 16, 12)
    x[0, 0, 1, 4:9, 3:8] = 1
    lesson["outline_thick"].__globals__.update(x_thick=x)
    found = lesson["outline_thick"](Bright(), SPACING * ([4, 1, 1] if believed == "right" else [1, 1, 1]))
    assert torch.equal(found, x[:, 0].byte())


def test_a_mask_goes_back_to_the_axes_of_the_file_and_a_careless_one_does_not(lesson, tmp_path):
    truth = torch.from_numpy(blobs(4)[0].astype(np.uint8))
    truth[:2] = 0
    truth[8, 2:4, 2:9] = 2
    lesson["send"](torch.rand(SHAPE), tmp_path / "scan.nii.gz")
    scan = nibabel.load(tmp_path / "scan.nii.gz")
    assert aff2axcodes(scan.affine) == ("L", "P", "S")
    overlaps = []
    for back in (True, False):
        path = tmp_path / f"{back}.nii.gz"
        lesson["store"](truth.numpy(), scan, path, axes_back=back)
        assert np.allclose(nibabel.load(path).affine, scan.affine)
        assert np.allclose(lesson["center_by_nibabel"](path), lesson["center_by_itk"](path), atol=1e-3)
        overlaps.append(lesson["overlap_of"](path, truth))
    assert overlaps[0] == 1
    assert overlaps[1] < 0.6
    upright = lesson["milliliters"].__globals__["upright"]
    center = nibabel.affines.apply_affine(upright, np.argwhere(truth.numpy() > 0).mean(0))
    assert np.allclose(lesson["center_by_nibabel"](tmp_path / "True.nii.gz"), center, atol=1e-3)


def test_the_explorer_draws_every_state(lesson):
    labels = torch.zeros(1, 16, 16, 16, dtype=torch.uint8)
    labels[0, 3:9, 4:9, 3:9], labels[0, 9:12, 4:9, 3:9] = 1, 2
    lesson["draw_thick"].__globals__.update(x_test=torch.rand(1, 1, 16, 16, 16), y_test=labels)
    for times in ("1", "2", "4", "8"):
        for cut in (0, 8, 15):
            assert isinstance(lesson["draw_thick"](times=times, cut=cut), Figure)
            assert f"{times} times as thick" in lesson["in_words"](times=times, cut=cut)
