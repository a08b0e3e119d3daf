from pathlib import Path

import pytest
import torch

from medlab.errors import DataError, MedlabError
from medlab.sources.fitting import Fit, common_shape, fitted, moved, scaled

SHAPES, PATHS = [(4, 8), (6, 5)], [Path("a.png"), Path("b.png")]


def test_different_sizes_are_never_fitted_silently():
    with pytest.raises(DataError, match=r"2 sizes, from 4x5 to 6x8: a\.png is 4x8, b\.png is 6x5") as caught:
        common_shape(SHAPES, PATHS, Fit())
    for said in ("fit='pad' (to 6x8)", "fit='crop' (to 4x5)", "fit='resample', size=(6, 8)"):
        assert said in caught.value.hint


@pytest.mark.parametrize(
    ("how", "size", "wanted"),
    [
        ("pad", None, (6, 8)),
        ("crop", None, (4, 5)),
        ("pad", 9, (9, 9)),
        ("crop", (2, 3), (2, 3)),
        ("resample", 7, (7, 7)),
    ],
)
def test_the_common_shape(how, size, wanted):
    assert common_shape(SHAPES, PATHS, Fit(how, size)) == wanted


@pytest.mark.parametrize(
    ("how", "size", "said"),
    [
        ("pad", 7, "a.png is 4x8"),
        ("crop", 5, "a.png is 4x8"),
        ("resample", None, "needs a size"),
        ("pad", (9, 9, 9), "size"),
        ("pad", 1e9, "size"),
    ],
)
def test_sizes_that_cannot_be_are_refused(how, size, said):
    with pytest.raises(MedlabError, match=said):
        common_shape(SHAPES, PATHS, Fit(how, size))


def test_padding_uses_the_lowest_value_and_0_for_masks():
    image = torch.full((1, 2, 2), -1000.0)
    image[0, 0, 0] = 50
    padded = fitted(image, (4, 5), Fit("pad"))
    assert padded.shape == (1, 4, 5)
    assert torch.equal(padded[:, 1:3, 1:3], image)
    assert (padded == -1000).sum() == 19
    assert fitted(torch.ones(1, 2, 2, dtype=torch.uint8), (4, 5), Fit("pad")).sum() == 4


def test_cropping_keeps_the_middle():
    image = torch.arange(25.0).reshape(1, 5, 5)
    assert torch.equal(fitted(image, (3, 1), Fit("crop")), image[:, 1:4, 2:3])


@pytest.mark.parametrize("shape", [(8, 6), (4, 8, 6), (9, 3, 20)])
def test_resampling_keeps_masks_binary_and_constants_constant(shape):
    old = (6, 6, 6)[: len(shape)]
    assert torch.allclose(fitted(torch.full((2, *old), 3.0), shape, Fit("resample")), torch.tensor(3.0))
    mask = torch.zeros(1, *old, dtype=torch.uint8)
    mask[:, 2:4] = 1
    assert set(fitted(mask, shape, Fit("resample")).unique().tolist()) == {0, 1}


@pytest.mark.parametrize(("how", "shape"), [("pad", (11, 9)), ("crop", (7, 7)), ("resample", (16, 16))])
def test_boxes_move_with_what_they_enclose(how, shape):
    image = torch.zeros(1, 8, 8)
    image[0, 2:6, 3:5] = 1
    box = moved(torch.tensor([[2.0, 3.0, 6.0, 5.0]]), (8, 8), shape, Fit(how))[0].int().tolist()
    there = torch.nonzero(fitted(image, shape, Fit(how))[0] > 0.5)
    assert box == [*there.amin(dim=0).tolist(), *(there.amax(dim=0) + 1).tolist()]


def test_only_resampling_changes_the_spacing():
    assert scaled((1.0, 2.0), (8, 8), (16, 4), Fit("resample")) == (0.5, 4.0)
    assert scaled((1.0, 2.0), (8, 8), (16, 16), Fit("pad")) == (1.0, 2.0)
