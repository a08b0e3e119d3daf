"""What lesson 45 writes by hand, held against MONAI, SciPy and simple shapes; the explorer over its states."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from monai.losses import DiceLoss
from monai.metrics import compute_hausdorff_distance, compute_surface_dice
from skimage.draw import disk

import medlab
from medlab.metrics import dice_per_image
from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("45_segmentation_2d")


def masks(seed, count=6, size=32):
    """Disks with holes and bits around them."""
    rng = np.random.default_rng(seed)
    found = np.zeros((count, size, size), dtype=bool)
    for mask in found:
        mask[disk(rng.uniform(10, 22, 2), rng.uniform(3, 9), shape=mask.shape)] = True
        mask ^= rng.uniform(size=mask.shape) < 0.02
    return found


def one_hot(mask):
    flat = torch.from_numpy(mask)[None, None]
    return torch.cat([~flat, flat], dim=1).float()


def test_dice_is_that_of_medlab_and_the_convention_is_an_argument(lesson):
    truth, prediction = masks(0), masks(1)
    truth[0] = prediction[0] = False
    for value in (0.0, 1.0):
        theirs = dice_per_image(truth, prediction, empty=value)
        assert lesson["dice"](truth, prediction, value) == pytest.approx(theirs)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 2.0)])
def test_hd95_is_that_of_monai(lesson, spacing):
    for truth, prediction in zip(masks(2), masks(3), strict=True):
        theirs = compute_hausdorff_distance(one_hot(prediction), one_hot(truth), percentile=95, spacing=list(spacing))
        assert lesson["hd95"](truth, prediction, spacing) == pytest.approx(float(theirs), rel=1e-4)


def test_surface_dice_is_that_of_monai(lesson):
    for truth, prediction in zip(masks(4), masks(5), strict=True):
        theirs = compute_surface_dice(one_hot(prediction), one_hot(truth), class_thresholds=[1.01])
        assert lesson["surface_dice"](truth, prediction, (1.0, 1.0), 1.01) == pytest.approx(float(theirs), abs=1e-5)


def test_the_border_of_empty_masks_does_not_exist(lesson):
    mask, empty = masks(6)[0], np.zeros((32, 32), dtype=bool)
    for pair in ((mask, empty), (empty, mask), (empty, empty)):
        assert np.isnan(lesson["hd95"](*pair, (1.0, 1.0)))
        assert np.isnan(lesson["surface_dice"](*pair, (1.0, 1.0), 1.0))
    assert lesson["hd95"](mask, mask, (1.0, 1.0)) == 0
    assert lesson["surface_dice"](mask, mask, (1.0, 1.0), 0.5) == 1


@pytest.mark.parametrize("seed", [0, 1])
def test_the_soft_dice_loss_is_that_of_monai(lesson, seed):
    logits = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    targets = torch.from_numpy(masks(seed, 4, 32)[:, None, 8:16, 8:16]).float()
    theirs = DiceLoss(sigmoid=True, batch=True)(logits, targets)
    assert lesson["soft_dice"](logits, targets) == pytest.approx(float(theirs), abs=1e-5)


def test_overconfidence_of_a_calibrated_map_is_zero(lesson):
    probability = np.full((4, 10, 10), 0.7)
    truth = np.zeros((4, 10, 10), dtype=bool)
    truth[:, :7] = True
    ones = np.ones((1, 4))
    assert lesson["overconfidence"](truth, probability, ones) == pytest.approx([0], abs=1e-9)
    assert lesson["overconfidence"](truth, probability + 0.2, ones) == pytest.approx([0.2])


def test_slices_stay_with_their_patient_and_their_mask(lesson):
    volumes = medlab.Cohort(
        torch.arange(2 * 5 * 6 * 7.0).reshape(2, 1, 5, 6, 7), pd.DataFrame({"patient_id": ["a", "b"]}),
        masks=(torch.arange(2 * 5 * 6 * 7).reshape(2, 1, 5, 6, 7) % 2).to(torch.uint8),
        structures=("x",), spacing=(1.0, 2.0, 3.0),
    )  # fmt: skip
    found = lesson["slices_of"](volumes, 3)
    assert found.images.shape == (6, 1, 8, 8)
    assert found.patient_ids.tolist() == ["a", "a", "a", "b", "b", "b"]
    assert found.spacing == (1.0, 2.0)
    inside = found.images[:, 0, :5, :6]
    assert torch.equal(inside % 2, found.masks[:, 0, :5, :6].float())
    assert torch.equal(inside[4], volumes.images[1, 0, :, :, 3])


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("image", ["0", "1"])
def test_the_explorer_draws_every_state(lesson, image, threshold):
    truth = masks(9, 2)
    probability = np.stack([truth[0] * 0.9, np.zeros((32, 32))])
    cohort = medlab.Cohort(torch.rand(2, 1, 32, 32), pd.DataFrame({"patient_id": ["a", "b"]}))
    lesson.update(test=cohort, truth=truth, maps={"cross-entropy": probability[None]})
    assert isinstance(lesson["draw_outline"](image, threshold), Figure)
    assert f"{truth[int(image)].sum()} true" in lesson["describe_outline"](image, threshold)
