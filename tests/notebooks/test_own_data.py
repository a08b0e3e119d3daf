"""Every lesson on data as users bring them: refused in one sentence before a kernel starts, or run to the end."""

import subprocess
import sys
import time

import pytest

from medlab.engine import run as runner
from medlab.engine.parameters import checked_parameters
from medlab.errors import DataError, MedlabError
from medlab.lesson import catalogue
from tests.own_data import MAKERS, two_classes, unlabeled
from tests.shards import shard

LESSONS = catalogue()
POSITIVE = {"two_classes": "ill", "table": "ill", "grades": "2+3+4"}
KINDS = [(name, positive) for name in MAKERS for positive in ("", POSITIVE.get(name, "")) if positive or name]
KINDS = list(dict.fromkeys(KINDS))
PAIRS = [(lesson, name, positive) for lesson in LESSONS for name, positive in KINDS]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}


def asked(lesson, path, positive):
    given = {"preset": "smoke", "data": str(path)} | ({"positive": positive} if positive else {})
    return checked_parameters(lesson, given)


@pytest.mark.parametrize(("name", "positive"), KINDS)
def test_each_lesson_takes_the_data_or_refuses_them_in_one_sentence(data, name, positive):
    taken, refused, began = [], [], time.process_time()
    for lesson in LESSONS:
        try:
            taken.append(asked(lesson, data[name], positive) and lesson.number)
        except DataError as error:
            refused.append((lesson, error))
    for lesson, error in refused:
        assert error.message.startswith(f"{lesson.id} needs ")
        assert "\n" not in error.message
        assert len(error.message) < 300
        assert "; your data have " in error.message
        assert "lessons that fit: " in error.hint
    assert time.process_time() - began < 3 * len(LESSONS)
    assert bool(taken) == (name != "unlabeled")


def test_lessons_for_a_finding_want_to_know_which_class_it_is(data):
    for lesson in LESSONS:
        if lesson.data["needs"].get("labels") == "finding" and "sites" not in lesson.data["needs"]:
            with pytest.raises(DataError, match="which class is the finding"):
                asked(lesson, data["two_classes"], "")
            assert asked(lesson, data["two_classes"], "ill")["data"].endswith("?positive=ill")


def test_every_lesson_says_what_it_needs():
    for lesson in LESSONS:
        assert lesson.data.get("needs"), lesson.id


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"data": "./nothing.npz"}, "no file or folder"),
        ({"data": "pneumonia_mnist"}, "did you mean 'pneumoniamnist'"),
        ({"seed": "-1"}, "seed -1"),
        ({"size": "x"}, "no number of pixels"),
        ({"positiv": "x"}, "did you mean 'positive'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_kernel_starts(more, said):
    with pytest.raises(MedlabError, match=said):
        checked_parameters(LESSONS[0], more)


def test_the_command_refuses_from_the_folder_of_the_caller_and_starts_no_kernel(tmp_path):
    path = two_classes(tmp_path, each=3)
    words = [sys.executable, "-c", "from medlab.cli import main; main()", "run", "41", "-p", f"data=./{path.name}"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=path.parent, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("medlab: 41_classification needs to know which class is the finding")
    assert "Traceback" not in done.stderr
    assert not (path.parent / "runs").exists()


def test_the_command_lists_the_lessons_that_fit(tmp_path):
    words = [
        sys.executable,
        "-c",
        "from medlab.cli import main; main()",
        "list",
        "--data",
        str(unlabeled(tmp_path, 40)),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fit, _, rest = done.stdout.partition(" lessons fit, ")
    assert "61_reconstruction_mri" in fit
    assert "41_classification" in rest
    assert max(map(len, done.stdout.splitlines())) <= 80


# The classes of the table and of the folder are two ways to say the same: lessons run on one of them.
FITTING = [
    (lesson, name, positive)
    for lesson, name, positive in PAIRS
    if name != "unlabeled" and (positive or name != "table")
]


@pytest.mark.notebooks
@pytest.mark.timeout(1600)
@pytest.mark.parametrize(
    ("lesson", "name", "positive"), shard(FITTING, 13), ids=lambda value: getattr(value, "number", value) or "-"
)
def test_what_is_taken_runs_to_the_end_at_smoke(data, lesson, name, positive):
    try:
        parameters = asked(lesson, data[name], positive)
    except DataError:
        return  # refused, as the tests above want it
    done = runner.run(lesson, parameters, threads=1)
    assert done.complaints() == [], done.error[-3000:]
    assert done.record["data"]["simulated"] is False
