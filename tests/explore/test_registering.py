import numpy as np
import pytest

from medlab import explore
from medlab.errors import MedlabError
from medlab.explore.registering import moved


def correlation(what, **state):
    return float(what.describe(view="checkerboard", tiles=4, **state).split("image ")[-1].rstrip("."))


def test_moving_it_back_mends_what_was_shifted(disk):
    shifted = moved(disk, down=3, across=-4, turn=0)
    what = explore.registration(disk, shifted)
    assert correlation(what, down=0, across=0, turn=0) < 0.9
    assert correlation(what, down=-3, across=4, turn=0) > 0.93


def test_turning_keeps_the_middle_and_goes_back(disk):
    image = disk[:39, :39]
    turned = moved(image, down=0, across=0, turn=20)
    assert turned[19, 19] == pytest.approx(image[19, 19])
    back = moved(turned, down=0, across=0, turn=-20)
    assert np.abs(back - image)[10:30, 10:30].mean() < 0.08


def test_the_checkerboard_is_made_of_both():
    axis = explore.registration(np.eye(8), 1 - np.eye(8)).render(view="checkerboard", down=0, across=0, turn=0, tiles=2)
    picture = axis.axes[0].images[0].get_array()
    assert np.array_equal(picture[:4, :4], np.eye(4))
    assert np.array_equal(picture[:4, 4:], np.ones((4, 4)))


def test_images_of_two_shapes_are_refused():
    with pytest.raises(MedlabError, match=r"fixed has shape \(8, 8\), moving \(4, 4\)"):
        explore.registration(np.eye(8), np.eye(4))


def test_a_constant_image_has_no_correlation():
    assert "not defined" in explore.registration(np.ones((4, 4)), np.eye(4)).describe(
        view="fixed", down=0, across=0, turn=0, tiles=2
    )
