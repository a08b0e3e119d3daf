import numpy as np
import pytest

from medlab import explore
from medlab.errors import MedlabError
from medlab.explore.labeling import recorded

TRUTH = np.random.default_rng(1).integers(0, 2, 2000)
LUCK = np.random.default_rng(0).uniform(size=2000)


@pytest.mark.parametrize("kind", ["both ways", "ill called healthy", "healthy called ill"])
def test_the_rate_is_the_share_of_those_who_can_be_mislabeled(kind):
    noisy = recorded(TRUTH, LUCK, rate=0.3, kind=kind)
    may = {"both ways": TRUTH >= 0, "ill called healthy": TRUTH == 1, "healthy called ill": TRUTH == 0}[kind]
    assert (noisy != TRUTH)[may].mean() == pytest.approx(0.3, abs=0.04)
    assert (noisy == TRUTH)[~may].all()


def test_a_higher_rate_takes_no_wrong_label_back():
    wrong = [recorded(TRUTH, LUCK, rate=rate, kind="both ways") != TRUTH for rate in (0.1, 0.2, 0.4)]
    assert (wrong[1] >= wrong[0]).all()
    assert (wrong[2] >= wrong[1]).all()


def test_who_is_always_right_looks_wrong():
    told = explore.noise_rate(TRUTH).describe(rate=0.5, kind="ill called healthy")
    assert "specificity 6" in told  # of those recorded as healthy, a third are ill
    assert "sensitivity 100%" in told


def test_two_names_are_wanted():
    with pytest.raises(MedlabError, match="3 names"):
        explore.noise_rate(TRUTH, ("a", "b", "c"))
