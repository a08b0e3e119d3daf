import numpy as np
import pytest

from medlab import explore
from medlab.errors import MedlabError
from medlab.explore.maps import strongest

IMAGE = np.arange(100.0).reshape(10, 10)


def test_as_many_pixels_are_strongest_as_asked_for():
    assert strongest(IMAGE, 25).sum() == 25
    assert strongest(IMAGE, 25)[7:].sum() == 25
    assert not strongest(np.ones((3, 3)), 25).any()


def test_overlap_counts_pixels_in_both():
    what = explore.saliency(IMAGE, {"up": IMAGE, "same": -IMAGE, "down": 99 - IMAGE, "flat": IMAGE * 0 + 1})
    assert "overlap by 1.00" in what.describe(first="up", second="same", share=10)
    assert "overlap by 0.00" in what.describe(first="up", second="down", share=10)
    assert "Neither flat nor flat" in what.describe(first="flat", second="flat", share=10)


def test_the_finding_is_compared_with_its_share_of_the_image():
    what = explore.saliency(IMAGE, {"a": IMAGE, "b": 99 - IMAGE}, target=IMAGE >= 50)
    assert "100% of a's and 0% of b's; it covers 50%" in what.describe(first="a", second="b", share=10)


def test_maps_must_be_two_and_fit():
    with pytest.raises(MedlabError, match="1 maps"):
        explore.saliency(IMAGE, {"a": IMAGE})
    with pytest.raises(MedlabError, match=r"map 'b' has shape \(5, 10\)"):
        explore.saliency(IMAGE, {"a": IMAGE, "b": IMAGE[:5]})
