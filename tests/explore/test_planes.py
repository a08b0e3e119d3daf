import numpy as np
import pytest

from medlab import explore
from medlab.errors import MedlabError

VOLUME = np.arange(24.0).reshape(2, 3, 4)


def lines(axis):
    """Heights of the level, then places of the upright line of a cursor."""
    return [line.get_ydata()[0] for line in axis.lines[:1]], [line.get_xdata()[0] for line in axis.lines[1:]]


def test_three_planes_mark_the_same_point():
    what = explore.slices(VOLUME)
    axes = what.render(slice=1, row=2, column=3).axes
    assert [axis.images[0].get_array().shape for axis in axes] == [(3, 4), (2, 4), (2, 3)]
    assert [lines(axis) for axis in axes] == [([2], [3]), ([1], [3]), ([1], [2])]
    assert [axis.images[0].get_array()[lines(axis)[0][0], lines(axis)[1][0]] for axis in axes] == [23.0] * 3


def test_pixels_keep_their_shape():
    axes = explore.slices(VOLUME, spacing=(3, 1, 2)).render(slice=0, row=0, column=0).axes
    assert [axis.get_aspect() for axis in axes] == [0.5, 1.5, 3.0]


def test_words_name_place_and_masks():
    what = explore.slices(VOLUME, {"low": VOLUME < 12}, spacing=(5, 1, 1), unit="HU")
    assert what.describe(slice=1, row=1, column=0) == (
        "Voxel (1, 1, 0), at 5.0, 1.0, 0.0 mm from the first: value 16 HU; inside no mask."
    )
    assert "inside low" in what.describe(slice=0, row=1, column=0)


@pytest.mark.parametrize("options", [{"spacing": (1, 1)}, {"spacing": (0, 1, 1)}, {"planes": ("axial",)}])
def test_wrong_geometry_is_refused(options):
    with pytest.raises(MedlabError, match="three of each"):
        explore.slices(VOLUME, **options)


def test_a_mask_of_another_shape_is_named():
    with pytest.raises(MedlabError, match=r"mask 'liver' has shape \(2, 3, 3\)"):
        explore.slices(VOLUME, {"liver": VOLUME[..., :3] > 0})
