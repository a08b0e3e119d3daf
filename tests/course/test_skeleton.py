import pytest

from medlab.course.skeleton import write
from medlab.engine import run as runner
from medlab.errors import MedlabError
from medlab.lesson import Lesson, notebooks_folder
from tests.notebooks import test_form


@pytest.fixture
def skeleton(tmp_path):
    return Lesson.read(write("98_triage", tmp_path))


FORM = [
    check
    for name, check in vars(test_form).items()
    if name.startswith("test_")
    and "links" not in name
    and [*check.__code__.co_varnames[: check.__code__.co_argcount]] == ["lesson"]
]


@pytest.mark.parametrize("check", FORM, ids=lambda check: check.__name__)
def test_the_skeleton_has_the_form_of_a_lesson(skeleton, check):
    check(skeleton)


def test_it_is_called_as_it_was_asked_for(skeleton):
    assert (skeleton.id, skeleton.title, skeleton.part) == ("98_triage", "98 Triage", "9 Beyond one hospital")
    assert "skeleton" not in "".join(
        "".join(c["source"]) for c in skeleton.notebook["cells"] if c["cell_type"] == "code"
    )


def test_it_goes_to_the_folder_of_its_part():
    from medlab.course.skeleton import _part
    from medlab.lesson import catalogue

    part, folder = _part("4", catalogue())
    assert (part, folder) == ("4 Tasks", notebooks_folder() / "4_tasks")
    assert _part("4", [])[0] == "4 New part"


@pytest.mark.parametrize(
    ("name", "said"),
    [("federated", "no id"), ("9_x", "no id"), ("98_Tri", "no id"), ("98_../x", "no id"), ("41_other", "taken by 41_")],
)
def test_what_cannot_be_an_id_is_refused(tmp_path, name, said):
    with pytest.raises(MedlabError, match=said):
        write(name, tmp_path)


def test_a_lesson_is_never_overwritten(skeleton, tmp_path):
    with pytest.raises(MedlabError, match="there already"):
        write("98_triage", tmp_path)


@pytest.mark.notebooks
@pytest.mark.timeout(900)
def test_it_runs_at_smoke(skeleton, monkeypatch):
    monkeypatch.setenv("MEDLAB_NOTEBOOKS", str(skeleton.path.parent))
    done = runner.run(skeleton, {"preset": "smoke"}, threads=1)
    assert done.status == "passed", done.error
