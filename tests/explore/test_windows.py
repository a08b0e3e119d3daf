import numpy as np

from medlab import explore


def test_the_window_starts_as_wide_as_the_image():
    what = explore.windowing(np.array([[-1000.0, 3000.0]]), "HU")
    assert what.start == {"level": 1000.0, "width": 4000.0}
    assert what.controls[0].label == "level, HU"


def test_level_and_width_decide_what_is_black_and_white():
    values = np.arange(100.0).reshape(10, 10)
    told = explore.windowing(values).describe(level=50, width=20)
    assert told == "Window from 40 to 60: 41% of the pixels are black, 40% white, 19% lie in between."


def test_a_window_outside_the_image_can_be_asked_for():
    assert explore.windowing(np.zeros((2, 2)), level=40, width=400).start == {"level": 40, "width": 400}
