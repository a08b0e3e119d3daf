import numpy as np
import pandas as pd
import pytest
import torch

from medlab import figures
from medlab.cohort import Cohort
from medlab.errors import MedlabError
from medlab.explore.planes import slices

VOLUME = np.arange(24.0).reshape(2, 3, 4)


def lines(axis):
    """Heights of the level, then places of the upright line of a cursor."""
    return [line.get_ydata()[0] for line in axis.lines[:1]], [line.get_xdata()[0] for line in axis.lines[1:]]


def test_three_planes_mark_the_same_point():
    what = slices(VOLUME)
    axes = what.render(slice=1, row=2, column=3).axes
    assert [axis.images[0].get_array().shape for axis in axes] == [(3, 4), (2, 4), (2, 3)]
    assert [lines(axis) for axis in axes] == [([2], [3]), ([1], [3]), ([1], [2])]
    assert [axis.images[0].get_array()[lines(axis)[0][0], lines(axis)[1][0]] for axis in axes] == [23.0] * 3


def test_pixels_keep_their_shape():
    axes = slices(VOLUME, spacing=(3, 1, 2)).render(slice=0, row=0, column=0).axes
    assert [axis.get_aspect() for axis in axes] == [0.5, 1.5, 3.0]


def test_words_name_place_and_masks():
    what = slices(VOLUME, {"low": VOLUME < 12}, spacing=(5, 1, 1), unit="HU")
    assert what.describe(slice=1, row=1, column=0) == (
        "Voxel (1, 1, 0), at 5.0, 1.0, 0.0 mm from the first: value 16 HU; inside no mask."
    )
    assert "inside low" in what.describe(slice=0, row=1, column=0)


@pytest.mark.parametrize("options", [{"spacing": (1, 1)}, {"spacing": (0, 1, 1)}, {"axes": "RA"}, {"axes": "RLS"}])
def test_wrong_geometry_is_refused(options):
    with pytest.raises(MedlabError, match=next(iter(options))):
        slices(VOLUME, **options)


def corner(axis):
    """Where the first voxel of a plane is seen: left or right, above or below."""
    where = axis.transData.transform((0, 0)) - axis.transData.transform(
        [n - 1 for n in axis.images[0].get_size()[::-1]]
    )
    return ("right" if where[0] > 0 else "left") + (" above" if where[1] > 0 else " below")


@pytest.mark.parametrize(
    ("axes", "wanted"),
    [
        # The first voxel of RAS is left, posterior, inferior: seen on the right, at the back, below.
        ("RAS", {"sagittal": "right below", "coronal": "right below", "axial": "right below"}),
        ("SPL", {"axial": "left above", "coronal": "left below", "sagittal": "left below"}),
        ("IPL", {"axial": "left above", "coronal": "left above", "sagittal": "left above"}),
    ],
)
def test_planes_are_named_and_turned_by_the_axes(axes, wanted):
    cube = np.arange(64.0).reshape(4, 4, 4)
    drawn = slices(cube, axes=axes).render(slice=1, row=2, column=3).axes
    assert {axis.get_title().partition(",")[0]: corner(axis) for axis in drawn} == wanted
    for axis in drawn:
        level, upright = (round(float(v)) for v in (axis.lines[0].get_ydata()[0], axis.lines[1].get_xdata()[0]))
        assert axis.images[0].get_array()[level, upright] == cube[1, 2, 3]
    letters = [[text.get_text() for text in axis.texts] for axis in drawn]
    assert sorted(letters) == sorted([["A", "P", "S"], ["R", "L", "S"], ["R", "L", "A"]])


def test_a_cohort_brings_masks_spacing_and_axes():
    cohort = Cohort(
        torch.rand(2, 1, 3, 4, 5), pd.DataFrame({"patient_id": ["a", "b"]}), axes="RAS", spacing=(2.0, 1.0, np.nan),
        masks=torch.ones(2, 1, 3, 4, 5, dtype=torch.uint8), structures=("liver",),
    )  # fmt: skip
    what = slices(cohort[0])
    assert what.start == {"slice": 1, "row": 2, "column": 2}
    assert "at 2.0, 2.0, 2.0 mm" in what.describe(**what.start)
    assert "inside liver" in what.describe(**what.start)
    with pytest.raises(MedlabError, match=r"holds 2 images; wanted one\n  -> pass cohort\[0\]"):
        slices(cohort)


@pytest.mark.parametrize("shape", [(6, 8, 10), (1, 1, 1), (1, 5, 4), (5, 4, 1)])
def test_every_state_of_a_volume_can_be_drawn_and_told(shape):
    volume = np.random.default_rng(0).normal(size=shape)
    for masks in (None, {"none": np.zeros(shape), "all": np.ones(shape)}):
        what = slices(volume, masks, axes="RAS")
        for state in list(what.states(2))[::3]:
            assert figures.png(what.render(**state)).startswith(b"\x89PNG")
            assert "nan" not in what.describe(**state)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_volume_with_nan_or_infinity_is_refused(bad):
    with pytest.raises(MedlabError, match=r"1 values that are NaN or infinite"):
        slices(np.where(VOLUME == 3, bad, VOLUME))


def test_a_mask_of_another_shape_is_named():
    with pytest.raises(MedlabError, match=r"mask 'liver' has shape \(2, 3, 3\)"):
        slices(VOLUME, {"liver": VOLUME[..., :3] > 0})


def test_a_view_warns_of_nothing_in_the_style_of_lessons(recwarn):
    import matplotlib as mpl

    with mpl.rc_context():
        figures.style()
        figures.png(slices(VOLUME, {"low": VOLUME < 12}).render(slice=0, row=0, column=0))
    assert [str(one.message) for one in recwarn] == []
