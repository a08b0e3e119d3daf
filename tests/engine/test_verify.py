import subprocess

import pytest

from medlab.engine import run as runner
from medlab.engine import verify
from medlab.errors import MedlabError
from medlab.lesson import Lesson
from tests.engine.test_run import PARAMETERS, RECORD, lesson
from tests.test_lesson import notebook


def test_verdicts_are_compared_with_the_stored_ones(tmp_path):
    run = runner.Run(
        lesson(tmp_path),
        {},
        record={
            "claims": [{"statement": "A", "verdict": "open", "estimate": dict.fromkeys(("value", "low", "high"), 0.1)}]
        },
    )
    assert not verify.compare(run, [("open", "A")])
    assert "claim 1 open, stored: holds" in verify.compare(run, [("holds", "A")])[0]
    assert "statements differ" in verify.compare(run, [("open", "B")])[0]
    assert "stores no claims" in verify.compare(run, [])[0]


def test_a_sabotage_that_changes_nothing_is_found(tmp_path):
    works = lesson(tmp_path, RECORD)
    assert verify.verify_sabotage(works, "shuffle_labels").wrong == []
    toothless = lesson(tmp_path, RECORD.replace('"open" if sabotage else ', ""))
    assert "claim 1 still holds" in verify.verify_sabotage(toothless, "shuffle_labels").wrong[0]
    with pytest.raises(MedlabError, match="unknown sabotage"):
        verify.verify_sabotage(works, "no_noise")


def test_claims_that_fall_without_being_named_are_reported(tmp_path):
    claims = [{"verdict": verdict} for verdict in ("open", "refuted", "holds")]
    done = runner.Run(lesson(tmp_path), {"sabotage": "shuffle_labels"}, record={"claims": claims})
    assert verify.fell_too(done) == [2]


def test_the_stored_claims_are_read(tmp_path):
    output = {"output_type": "execute_result", "data": {"text/plain": ["holds  A b\n", "open   C"]}, "metadata": {}}
    found = lesson(tmp_path)
    found.notebook["cells"].append(
        {"cell_type": "code", "source": "", "metadata": {"tags": ["nbval-check-output"]}, "outputs": [output]}
    )
    assert verify.stored_verdicts(found) == [("holds", "A b"), ("open", "C")]


def stored(tmp_path, text, *more):
    """Make a lesson of which a claims cell prints "holds  It works", and stores a text."""
    import json

    cells = [PARAMETERS, (RECORD, []), ("print('holds  It works')", ["nbval-check-output"]), *more]
    path = notebook(tmp_path, cells=cells)
    told = json.loads(path.read_text())
    told["cells"][2]["execution_count"] = 3
    told["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    path.write_text(json.dumps(told))
    return Lesson.read(path)


def test_nbval_passes_what_is_as_stored_and_measures_it(tmp_path):
    done = verify.nbval(stored(tmp_path, "holds  It works\n"), runner.Limits(60))
    assert (done.status, done.verdicts) == ("passed", ["holds"])
    assert done.cpu_s > 0
    assert done.peak_mb > 30


def test_nbval_fails_what_differs_and_names_the_cell(tmp_path):
    done = verify.nbval(stored(tmp_path, "open   It works\n"), runner.Limits(60))
    assert (done.status, done.cell) == ("failed", 2)
    assert "open   It works" in done.error
    assert "\x1b" not in done.error


def test_nbval_with_a_dead_kernel_ends_within_seconds(tmp_path):
    killed = lesson(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    done = verify.nbval(killed, runner.Limits(40))
    assert done.status == "died"
    assert done.seconds < 20


@pytest.fixture
def checkout(tmp_path):
    """Make a git checkout with two lessons on a branch off main."""

    def git(*words):
        who = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.c",
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    lessons = [Lesson.read(notebook(tmp_path, name, id=name[:4])) for name in ("10_ä.ipynb", "11_b.ipynb")]
    (tmp_path / "medlab").mkdir()
    (tmp_path / "medlab" / "a.py").write_text("")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    return tmp_path, lessons, git


def test_changed_lessons_are_found(checkout):
    root, lessons, git = checkout
    found, why = verify.changed(lessons, root)
    assert (found, "one commit" in why) == (lessons, True)
    git("checkout", "-b", "work")
    (root / "other.txt").write_text("")
    git("add", ".")
    git("commit", "-m", "second")
    assert verify.changed(lessons, root)[0] == []
    notebook(root, "10_ä.ipynb", id="10_ä", title="new")
    found, why = verify.changed(lessons, root)
    assert ([x.path.name for x in found], "left main" in why) == (["10_ä.ipynb"], True)


def test_a_change_of_the_package_concerns_every_lesson(checkout):
    root, lessons, git = checkout
    git("commit", "--allow-empty", "-m", "second")
    git("checkout", "-b", "work")
    (root / "medlab" / "new.py").write_text("")
    found, why = verify.changed(lessons, root)
    assert (found, "medlab/new.py" in why) == (lessons, True)
    git("add", ".")
    git("commit", "-m", "second")
    assert verify.changed(lessons, root)[0] == lessons


def test_without_a_checkout_the_way_out_is_told(tmp_path):
    with pytest.raises(MedlabError, match="--changed needs a git checkout"):
        verify.changed([], tmp_path)
