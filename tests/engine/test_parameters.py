import pytest

from medlab.engine.parameters import checked_parameters, grid
from medlab.errors import MedlabError
from medlab.lesson import find
from tests.engine.test_run import lesson


def test_parameters_take_the_declared_types():
    given = {"seed": "3", "preset": "smoke"}
    assert checked_parameters(find("41"), given) == {"seed": 3, "preset": "smoke"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sed": "3"}, "did you mean 'seed'"),
        ({"seed": "three"}, "wanted int"),
        ({"seed": True}, "wanted int"),
        ({"preset": "huge"}, "unknown preset"),
        ({"sabotage": "no_noise"}, "unknown sabotage"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(given, message):
    with pytest.raises(MedlabError, match=message):
        checked_parameters(find("41"), given)


def test_types_of_all_kinds(tmp_path):
    found = checked_parameters(lesson(tmp_path), {"rate": "0.25", "fast": "false"})
    assert found == {"rate": 0.25, "fast": False}
    assert checked_parameters(lesson(tmp_path), {"rate": 1}) == {"rate": 1.0}


def test_a_grid_is_every_combination():
    found = grid(["seed=0:3", "rate=0,0.2"])
    assert len(found) == 6
    assert found[1] == {"seed": "0", "rate": "0.2"}
    assert grid([]) == [{}]
    assert [point["seed"] for point in grid(["seed=-1:1"])] == ["-1", "0"]


@pytest.mark.parametrize(
    "axes", [["seed"], ["seed="], ["=1"], ["seed=3:3"], ["seed=1", "seed=2"], ["seed=0:99999999999"]]
)
def test_a_grid_without_values_is_refused(axes):
    with pytest.raises(MedlabError, match="is not name=values"):
        grid(axes)


def test_a_grid_has_a_limit():
    with pytest.raises(MedlabError, match="1000000 runs; at most"):
        grid(["seed=0:1000", "rate=0:1000"])
