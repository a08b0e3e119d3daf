import subprocess
import sys
from pathlib import Path

import pytest

from medlab.lesson import catalogue, notebooks_folder
from tests.engine.test_run import PARAMETERS, RECORD
from tests.test_lesson import notebook


def medlab(*words, cwd=None, **env):
    import os

    command = [sys.executable, "-c", "from medlab.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**os.environ, "COLUMNS": "200", **env})


def test_list_shows_every_lesson_from_any_folder():
    done = medlab("list", cwd=notebooks_folder() / "4_tasks")
    assert done.returncode == 0
    for lesson in catalogue():
        assert lesson.id in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "41_clasification"), "did you mean '41_classification'"),
        (("run", "41", "--preset", "cpuu"), "did you mean 'cpu'"),
        (("run", "41", "-p", "sed=3"), "did you mean 'seed'"),
        (("run", "41", "-p", "seed"), "not name=value"),
        (("run", "41", "--sweep", "seed"), "not name=values"),
        (("run", "41", "--sweep", "sed=0:2"), "did you mean 'seed'"),
        (("run", "41", "-p", "seed=1", "--sweep", "seed=0:2"), "both a parameter and swept"),
        (("run", "41", "--all"), "leave one out"),
        (("run",), "medlab run 41"),
        (("run", "99"), f"did you mean '{max(lesson.id for lesson in catalogue())}'"),
        (("run", "41", "-p", "seed=-1"), "seed -1"),
        (("run", "41", "-p", "data=./no.npz"), "no file or folder"),
        (("run", "41", "-p", "fit=padd"), "did you mean 'pad'"),
        (("new", "41_other"), "taken by 41_classification"),
        (("verify", "41_clasification"), "did you mean '41_classification'"),
        (("fetch", "pneumonia"), "did you mean 'pneumoniamnist'"),
        (("lab", "99"), "unknown lesson"),
    ],
)
def test_wrong_words_give_one_clear_error(words, message):
    done = medlab(*words)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("list",), ("fetch", "--list")])
def test_lists_fit_a_terminal_and_are_not_cut(words):
    done = medlab(*words)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert len(done.stdout.splitlines()) < 4 * len(catalogue())  # a name, two lines of question, little more
    if words == ("list",):
        text = " ".join(done.stdout.split())
        assert all(lesson.question in text and lesson.part in text for lesson in catalogue())


def test_the_version_is_said():
    import medlab as package

    assert medlab("--version").stdout.strip() == f"medlab {package.__version__}"


def test_the_size_of_every_data_set_is_stated():
    lines = medlab("fetch", "--list").stdout
    assert "not stated" not in lines
    assert "about 30 GB" in lines


def test_debug_shows_the_traceback():
    assert "Traceback" in medlab("--debug", "run", "zzz").stderr


def test_usage_errors_are_2():
    assert medlab("rum").returncode == 2


def test_doctor_reports_versions_and_device():
    done = medlab("doctor")
    assert done.returncode == 0
    assert "torch" in done.stdout
    assert "lessons" in done.stdout


def test_fetch_lists_cards_with_their_licence():
    done = medlab("fetch", "--list")
    assert "pneumoniamnist" in done.stdout
    assert "CC BY 4.0" in done.stdout


def test_news_are_not_asked_for():
    page = Path(__file__).parents[2] / "medlab" / "cli" / "jupyter_config" / "labconfig" / "page_config.json"
    assert "announcements" in page.read_text()


def test_a_damaged_notebook_stops_no_other(tmp_path):
    (tmp_path / "notebooks").mkdir()
    notebook(tmp_path / "notebooks", cells=[PARAMETERS, (RECORD, [])])
    (tmp_path / "notebooks" / "20_bad.ipynb").write_text("{")
    folder = tmp_path / "ö {1} é"
    words = ("run", "--all", "--output", str(folder), "--report", str(folder / "report"), "--sweep", "seed=0:2")
    done = medlab(*words, MEDLAB_NOTEBOOKS=str(tmp_path / "notebooks"))
    assert done.returncode == 1
    assert "20_bad" in done.stdout
    assert "2 passed, 1 failed" in done.stdout
    assert "Traceback" not in done.stderr
    names = {path.name for path in folder.iterdir()}
    assert names >= {"10_test-seed=0.ipynb", "10_test-seed=1.ipynb", "sweep-10_test.csv", "sweep-10_test.png", "report"}
    assert {path.name for path in (folder / "report").iterdir()} == {
        "index.html",
        "junit.xml",
        "report.json",
        "notebooks",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fetch", "--all", "--max-size", "lots"), "such as 100MB"),
        (("fetch", "--max-size", "1MB"), "without --all"),
        (("fetch", "breastmnist", "--all"), "leave one out"),
        (("fetch", "--from", "x.npz"), "the name of one data set"),
        (("fetch", "fastmri_knee"), "agreement"),
    ],
)
def test_fetch_refuses_what_makes_no_sense(words, said):
    done = medlab(*words)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_fetch_all_tells_what_it_leaves_out():
    done = medlab("fetch", "--all", "--max-size", "1kB")
    assert done.returncode == 0
    assert "fastmri_knee: left out, it wants a registration" in done.stderr
    assert "breastmnist: left out, 0.56 MB" in done.stderr
