import subprocess
import sys
from pathlib import Path

import pytest

from medlab.lesson import catalogue, notebooks_folder


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
        (("fetch", "pneumonia"), "did you mean 'pneumoniamnist'"),
        (("lab", "99"), "unknown lesson"),
    ],
)
def test_wrong_words_give_one_clear_error(words, message):
    done = medlab(*words)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


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
    page = Path(__file__).parent.parent / "medlab" / "jupyter_config" / "labconfig" / "page_config.json"
    assert "announcements" in page.read_text()
