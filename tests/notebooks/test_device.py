"""Models and tensors of every lesson go to ``lab.device``: static checks, and a run on a second device by shards."""

import ast
import re

import nbformat
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from pytest_socket import enable_socket, socket_allow_hosts

from medlab.lesson import catalogue
from tests.notebooks.far_device import FAR, far_device
from tests.shards import shard

LESSONS = catalogue()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)


def code_cells(lesson):
    return [cell for cell in nbformat.read(lesson.path, as_version=4).cells if cell.cell_type == "code"]


def names_of_calls(tree):
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def trains_by_hand(source):
    calls = names_of_calls(ast.parse(source))
    return any(name.endswith(".backward") or re.fullmatch(r"(torch\.)?optim\.\w+", name) for name in calls)


@every_lesson
def test_what_trains_by_hand_mentions_the_device_of_the_lab(lesson):
    sources = [cell.source for cell in code_cells(lesson) if "check" not in cell.metadata.get("tags", [])]
    code = "\n".join(sources)
    if any(map(trains_by_hand, sources)):
        assert "lab.device" in code
        assert re.search(r"\.to\(lab\.device", code), "no model or tensor goes to lab.device"
    assert not re.search(r"\.cuda\(|\"cuda|'cuda|is_available\(\)", code)


def test_a_lesson_that_ignores_the_device_is_found():
    assert trains_by_hand("optimizer = torch.optim.Adam(model.parameters())")
    assert trains_by_hand("(model(x) - y).square().mean().backward()")
    assert not trains_by_hand("training.fit(model, x, y, loss=loss, epochs=2)")


@pytest.mark.notebooks
@pytest.mark.timeout(900)
@pytest.mark.parametrize("lesson", shard([pytest.param(x, id=x.id) for x in LESSONS], 5))
def test_every_line_runs_on_another_device_and_trains_there(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("MEDLAB_RECORD", str(tmp_path / "record.json"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(lesson.path.parent)
    simulated = next(s for s in (lesson.data["default"], *lesson.data["alternatives"]) if s.startswith("hospital:"))
    shell = InteractiveShell()
    code = "\n".join(cell.source for cell in code_cells(lesson))
    if "127.0.0.1" in code:  # the lesson sends files to itself
        enable_socket()
        socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    with far_device():
        for cell in code_cells(lesson):
            parameters = "parameters" in cell.metadata.get("tags", [])
            chosen = f'\npreset, data = "smoke", "{simulated}"' if parameters else ""
            shell.run_cell(cell.source + chosen).raise_error()
        lab = shell.user_ns["lab"]
        trained = lab.record()["device"]
    trains = re.search(r"training\.(fit|minimize)|torch\.optim", code)
    assert trained == (str(FAR) if trains else "cpu")


def test_an_expanded_tensor_arrives_with_rows_of_its_own():
    with far_device():
        moved = torch.arange(3).expand(2, -1).to(FAR)
        assert moved.stride() == (3, 1)
        moved[0, 0] = 7
        assert moved[1, 0] == 0
        assert moved.device.type == FAR.type
