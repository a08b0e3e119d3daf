"""What lesson 56 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.metrics import DiceMetric

from tests.notebooks.cells import SHAPE, Quiet, definitions, smooth_images

ROWS, COLUMNS = SHAPE


@pytest.fixture(scope="module")
def lesson():
    names = definitions("56_registration_from_shapes")
    names.update(lab=Quiet(), images={"train": smooth_images(9, 10)})
    return names


def test_edges_survive_a_swap_of_contrast(lesson):
    pair = torch.cat([smooth_images(15), smooth_images(16)], 1)
    assert torch.allclose(lesson["edges"](pair), lesson["edges"](1.1 - pair), atol=1e-4)


def test_shapes_have_one_label_at_each_pixel(lesson):
    labels = lesson["shapes"](3, torch.Generator().manual_seed(2))
    assert torch.equal(labels.sum(1), torch.ones(3, ROWS, COLUMNS))
    assert lesson["painted"](labels, torch.Generator().manual_seed(3)).shape == (3, 1, ROWS, COLUMNS)


def test_squared_correlation_does_not_care_about_the_sign(lesson):
    one, other, v = smooth_images(17), smooth_images(18), torch.zeros(2, 2, ROWS // 2, COLUMNS // 2)
    loss = lesson["loss_of"]
    assert torch.allclose(loss(one, other, v, True), loss(1 - one, other, v, True), atol=1e-4)
    assert torch.allclose(loss(one, other, v) + loss(1 - one, other, v), torch.tensor(2.0), atol=1e-4)


def test_dice_of_a_flow_that_stands_still_is_that_of_monai(lesson):
    masks = (smooth_images(19, 3) > 0.5).float()
    ids = np.array(["a", "b", "c"])
    lesson.update(labels={"test": masks}, partner=np.array([1, 2, 0]), ids=ids)
    wanted = DiceMetric(reduction="none")(masks[[1, 2, 0]], masks)[:, 0].mean()
    still = torch.zeros(3, 2, ROWS // 2, COLUMNS // 2)
    assert lesson["overlap"]([still], "still").value == pytest.approx(float(wanted), abs=1e-6)
    assert lesson["overlap"]([still] * 2, "twice").value == pytest.approx(float(wanted), abs=1e-6)


def test_the_network_starts_flat_and_is_small(lesson):
    model = lesson["UNet"](lesson["edges"])
    v = model(torch.cat([smooth_images(20), smooth_images(21)], 1))
    assert v.shape == (2, 2, ROWS // 2, COLUMNS // 2)
    assert v.std(dim=(2, 3)).max() < 1e-6
    assert sum(p.numel() for p in model.parameters()) < 60_000


def test_the_other_contrast_swaps_tissue_and_keeps_the_air(lesson):
    image = torch.zeros(1, 1, ROWS, COLUMNS)
    image[0, 0, 4:24, 4:24], image[0, 0, 10:14, 10:14] = 0.9, 0.3
    other = lesson["other_contrast"](image)
    assert other[0, 0, 0, 0] == 0
    assert other[0, 0, 12, 12] > other[0, 0, 20, 20] > 0


def test_the_explorer_draws_every_state(lesson):
    pictures, masks = smooth_images(22, 3), (smooth_images(25, 3) > 0.5).float()
    still = torch.zeros(3, 2, ROWS // 2, COLUMNS // 2)
    lesson.update(fixed=pictures, moving={"other contrast": 1 - pictures}, labels={"test": masks})
    lesson["partner"] = np.array([1, 2, 0])
    lesson["found"] = {(m, "other contrast"): [still] for m in ("aligned", "images")}
    for pair in (0, 2):
        assert isinstance(lesson["draw_pair"](pair, "other contrast", "images"), Figure)
        assert lesson["describe_pair"](pair, "other contrast", "images").startswith(
            f"Pair {pair}, other contrast: Dice"
        )
