import pytest

from medlab.claims import Claim, VerdictTable
from medlab.errors import MedlabError
from medlab.stats import Estimate


def estimate(low, high):
    return Estimate((low + high) / 2, low, high, n_patients=50)


@pytest.mark.parametrize(
    ("low", "high", "bound", "verdict"),
    [
        (0.1, 0.2, {"above": 0.0}, "holds"),
        (-0.1, 0.2, {"above": 0.0}, "open"),
        (-0.2, -0.1, {"above": 0.0}, "refuted"),
        (-0.2, 0.0, {"above": 0.0}, "refuted"),
        (0.0, 0.0, {"above": 0.0}, "refuted"),
        (0.1, 0.2, {"below": 0.5}, "holds"),
        (0.4, 0.6, {"below": 0.5}, "open"),
        (0.6, 0.7, {"below": 0.5}, "refuted"),
        (-0.05, 0.05, {"above": -0.1, "below": 0.1}, "holds"),
        (-0.15, 0.05, {"above": -0.1, "below": 0.1}, "open"),
        (0.2, 0.3, {"above": -0.1, "below": 0.1}, "refuted"),
        (float("nan"), 0.3, {"above": 0.0}, "open"),
        (float("-inf"), float("inf"), {"above": 0.0}, "open"),
    ],
)
def test_the_whole_interval_decides(low, high, bound, verdict):
    assert Claim("It works", estimate(low, high), **bound).verdict == verdict


def test_smoke_runs_are_not_judged():
    assert Claim("It works", estimate(1, 2), above=0, judged=False).verdict == "not judged"


@pytest.mark.parametrize("bound", [{}, {"above": 1, "below": 0}, {"above": 1, "below": 1}, {"above": float("nan")}])
def test_a_claim_needs_a_bound_that_leaves_room(bound):
    with pytest.raises(MedlabError):
        Claim("It works", estimate(0, 1), **bound)


def test_a_bare_number_is_no_evidence():
    with pytest.raises(MedlabError, match="bare float"):
        Claim("It works", 0.97, above=0.9)


def test_the_table_shows_verdicts_and_no_numbers():
    table = VerdictTable([Claim("A holds", estimate(1, 2), above=0), Claim("B is open", estimate(-1, 2), above=0)])
    assert repr(table) == "holds  A holds\nopen   B is open"
