import json

import pytest
from IPython.core.interactiveshell import InteractiveShell

from medlab import notebook
from medlab.notebook import install, missing


@pytest.fixture
def shell(monkeypatch):
    monkeypatch.delenv("MEDLAB_DEBUG", raising=False)
    made = InteractiveShell()
    said = []
    monkeypatch.setattr(made, "_showtraceback", lambda kind, error, lines: said.append("\n".join(lines)))
    made.said = said
    yield made
    made.history_manager.end_session() if made.history_manager else None


def test_an_error_of_medlab_is_shown_in_one_line_with_what_to_do(shell):
    install(shell)
    done = shell.run_cell("from medlab.errors import DataError\nraise DataError('got 3', 'want 2')")
    assert not done.success
    assert [line for text in shell.said for line in text.splitlines()] == ["\x1b[31mgot 3\x1b[0m", "  -> want 2"]


def test_a_missing_name_is_shown_with_the_cell_that_makes_it(shell, monkeypatch, tmp_path):
    cells = [{"cell_type": "markdown", "source": "x"}, {"cell_type": "code", "source": ["train, test = 1, 2"]}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "a.ipynb"))
    install(shell)
    shell.run_cell("print(test)")
    assert "NameError" in shell.said[0]
    assert "test is made in code cell 1 of this notebook" in shell.said[0]
    shell.run_cell("print(nowhere)")
    assert "is made in" not in shell.said[1]


@pytest.mark.parametrize("content", [None, "", "{", '{"cells": 3}', "[]"])
def test_a_notebook_that_cannot_be_read_takes_nothing_from_the_error(shell, monkeypatch, tmp_path, content):
    if content is not None:
        (tmp_path / "a.ipynb").write_text(content)
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "a.ipynb"))
    install(shell)
    shell.run_cell("print(test)")
    assert "name 'test' is not defined" in shell.said[0]


def test_other_errors_and_debugging_stay_as_they_are(shell, monkeypatch):
    install(shell)
    shell.run_cell("1 / 0")
    assert "ZeroDivisionError" in shell.said[0]
    monkeypatch.setenv("MEDLAB_DEBUG", "1")
    other = InteractiveShell()
    install(other)
    assert other.custom_exceptions == ()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np, os.path", ["np", "os"]),
        ("from medlab import stats as s", ["s"]),
        ("def f():\n    inner = 1", ["f"]),
        ("for k in range(3):\n    last = k", ["k", "last"]),
        ("a, (b, *c) = x", ["a", "b", "c"]),
        ("with open('x') as file:\n    pass", ["file"]),
    ],
)
def test_names_are_found_however_they_are_made(source, names):
    for name in names:
        assert missing(name, [source])
    assert not missing("inner", ["def f():\n    inner = 1"])
    assert not missing("x", ["x ="])
    assert notebook.load_ipython_extension is install
