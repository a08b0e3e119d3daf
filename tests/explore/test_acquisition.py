import numpy as np
import pytest

from medlab import explore
from medlab.errors import MedlabError
from medlab.explore.acquisition import counted, measured

LUCK = np.random.default_rng(0).exponential(size=64)


@pytest.mark.parametrize("pattern", ["center lines", "outer lines", "every n-th line", "random lines"])
def test_all_lines_give_the_image_back(pattern, disk):
    assert "error 0.0%" in explore.kspace_mask(disk).describe(share=100, pattern=pattern)


@pytest.mark.parametrize("share", [2, 25, 50, 90])
@pytest.mark.parametrize("pattern", ["center lines", "outer lines", "random lines"])
def test_as_many_lines_are_measured_as_asked_for(share, pattern):
    assert measured(LUCK, share=share, pattern=pattern).sum() == max(1, round(0.64 * share))


def test_the_middle_of_kspace_holds_the_contrast(disk):
    what = explore.kspace_mask(disk)
    error = {
        p: float(what.describe(share=25, pattern=p).split("error ")[1].split("%")[0])
        for p in ("center lines", "outer lines", "random lines")
    }
    assert error["center lines"] < error["random lines"] < error["outer lines"]


def test_a_quarter_of_the_dose_doubles_the_noise():
    through = np.ones((200, 200))
    full, quarter = (np.std(counted(through, 0, dose=d, smoothing=1)) for d in (5.0, 5.0 - np.log10(4)))
    assert quarter / full == pytest.approx(2, rel=0.03)


def test_noise_is_what_is_expected(disk):
    told = explore.dose_to_noise(disk).describe(dose=5.0, smoothing=1)
    seen, wanted = (float(told.split(word)[1][:5]) for word in ("error is ", "about "))
    assert seen == pytest.approx(wanted, rel=0.1)


def test_no_photon_is_no_infinity():
    assert np.isfinite(counted(np.full((9, 9), 50.0), 0, dose=1.0, smoothing=1)).all()


def test_an_object_that_weakens_nothing_is_refused(disk):
    with pytest.raises(MedlabError, match="above 0"):
        explore.dose_to_noise(disk, attenuation=0)
