import numpy as np
import pytest

from medlab import explore
from medlab.errors import MedlabError

IMAGE = np.zeros((4, 6))
A, B, NOTHING = np.zeros((3, 4, 6))
A[1:3, 1:4] = 1
B[1:3, 2:5] = 1


def test_areas_and_agreement_are_told():
    what = explore.outlines(IMAGE, {"A": A, "B": B}, spacing=0.5)
    assert what.describe(reader="all", agree=2) == (
        "A: 1.5 mm²; B: 1.5 mm². Mean Dice of two readers: 0.67. 1.0 mm² were drawn by at least 2 of 2."
    )
    assert what.describe(reader="B", agree=1).startswith("B: 1.5 mm². ")


def test_readers_differ_by_line_style_too():
    drawn = explore.outlines(IMAGE, {"A": A, "B": B}).render(reader="all", agree=1)
    styles = [key.get_linestyle() for key in drawn.legends[0].get_lines()]
    assert len(set(styles)) == 2


def test_a_reader_who_saw_nothing_draws_nothing():
    what = explore.outlines(IMAGE, {"A": NOTHING})
    assert [control.name for control in what.controls] == ["reader"]
    assert not what.render(reader="A").axes[0].collections
    assert what.describe(reader="A") == "A: 0 pixels."


@pytest.mark.parametrize(
    ("masks", "wanted"),
    [({}, "no reader"), ({"A": A + 1}, "'A' holds more than 0 and 1"), ({"all": A}, "stands for everybody")],
)
def test_wrong_masks_are_refused(masks, wanted):
    with pytest.raises(MedlabError, match=wanted):
        explore.outlines(IMAGE, masks)
