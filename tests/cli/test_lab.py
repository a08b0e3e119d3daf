import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_socket import enable_socket, socket_allow_hosts
from typer.testing import CliRunner

from medlab.cli import lab
from medlab.cli.app import app
from medlab.course.edition import release
from medlab.lesson import STUDENTS, find, notebooks_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def loopback(no_network):
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


def test_the_students_copy_is_opened_where_there_is_one(tmp_path, monkeypatch):
    shutil.copytree(notebooks_folder(), tmp_path / "notebooks")
    monkeypatch.setenv("MEDLAB_NOTEBOOKS", str(tmp_path / "notebooks"))
    lesson = find("41")
    assert lab._notebook(lesson, tmp_path, source=False) == lesson.path
    release([lesson], tmp_path / STUDENTS)
    assert lab._notebook(lesson, tmp_path, source=False) == tmp_path / STUDENTS / "4_tasks" / "41_classification.ipynb"
    assert lab._notebook(lesson, tmp_path, source=True) == lesson.path


def test_a_running_server_of_this_folder_is_offered_and_no_second_one_started(monkeypatch):
    root = notebooks_folder().parent
    servers = [
        {"url": "http://localhost:8888/", "port": 8888, "token": "t", "root_dir": "/elsewhere"},
        {"url": "http://localhost:8889/", "port": 8889, "token": "abc", "root_dir": str(root)},
    ]
    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: iter(servers))
    monkeypatch.setattr(lab, "_has_display", lambda: False)
    monkeypatch.setattr(lab.subprocess, "run", lambda *_, **__: pytest.fail("a second server was started"))
    done = CliRunner().invoke(app, ["lab", "41"])
    assert done.exit_code == 0
    assert "http://localhost:8889/lab/tree/" in done.stdout
    assert "41_classification.ipynb?token=abc" in done.stdout
    assert "jupyter server stop 8889" in done.stdout


def test_a_second_server_can_be_had(monkeypatch):
    started = []
    monkeypatch.setattr(lab, "running", lambda root: pytest.fail("nobody asked"))
    monkeypatch.setattr(lab, "free_port", lambda: 8891)
    monkeypatch.setattr(
        lab.subprocess, "run", lambda command, **_: started.append(command) or subprocess.CompletedProcess(command, 0)
    )
    done = CliRunner().invoke(app, ["lab", "41", "--new"])
    assert done.exit_code == 0
    assert "Port 8888 is in use" in done.stdout
    assert "--ServerApp.port=8891" in started[0]


def test_a_busy_port_is_passed_over(loopback):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert lab.free_port(port) != port


def test_kernels_of_the_lab_say_which_cell_is_missing_and_end_when_idle():
    env = lab._environment()
    settings = Path(env["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0])
    assert Path(env["PYTHONSTARTUP"]).is_file()
    assert '"cull_idle_timeout"' in (settings / "jupyter_server_config.json").read_text()


@pytest.mark.parametrize("where", ["an empty home", "a clone called medlab", "elsewhere"])
def test_a_hubs_image_imports_the_package_wherever_the_kernel_starts(tmp_path, where):
    """As on a hub: the package is in the environment, the home folder is an empty volume, lessons are a clone there."""
    environment, home = tmp_path / "site", tmp_path / "home"
    for package in ("medlab", "data_fetch"):  # what the wheel holds, see pyproject.toml
        shutil.copytree(ROOT / package, environment / package, ignore=shutil.ignore_patterns("__pycache__"))
    home.mkdir()
    if where != "an empty home":
        shutil.copytree(ROOT / "notebooks", home / "medlab" / "notebooks")
        shutil.copytree(ROOT / "medlab", home / "medlab" / "medlab", ignore=shutil.ignore_patterns("__pycache__"))
    at = {"a clone called medlab": home / "medlab" / "notebooks" / "4_tasks", "elsewhere": tmp_path}.get(where, home)
    code = (
        "import medlab, sys; from medlab.lesson import find; print(medlab.__file__); "
        "print(find('41').path if sys.argv[1] == 'a clone called medlab' else '')"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MEDLAB_", "PYTHON"))}
    env |= {"HOME": str(home), "PYTHONPATH": str(environment)}
    done = subprocess.run(
        [sys.executable, "-c", code, where], cwd=at, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    imported, lesson = done.stdout.split("\n")[:2]
    assert imported == str(environment / "medlab" / "__init__.py")
    assert not lesson or Path(lesson).is_relative_to(home / "medlab")


def test_the_wheel_holds_both_packages_and_the_image_links_to_no_checkout():
    text = (ROOT / "pyproject.toml").read_text()
    assert 'packages = ["medlab", "data_fetch"]' in text
    assert "editable" not in (ROOT / "binder" / "postBuild").read_text().replace("Not editable", "")
    assert "--target-repo-dir" in (ROOT / "docs" / "jupyterhub.md").read_text()


def test_the_makefile_says_how_to_activate_and_installs_no_browser_driver_for_the_lab():
    text = (ROOT / "Makefile").read_text()
    lab_rule = text.partition("\nlab: ")[2].partition("\n\n")[0]
    assert lab_rule.startswith("$(STAMP)\n")
    assert "activate" in lab_rule
    base = text.partition("\n$(STAMP): ")[2].partition("\n\n")[0]
    assert "[test]" not in base


def test_no_page_installs_the_package_of_somebody_else():
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("medlab/**/*.py"), ROOT / "pyproject.toml"]:
        assert "install medlab" not in path.read_text().replace("'", "").replace('"', ""), path
    assert 'name = "medlab-lessons"' in (ROOT / "pyproject.toml").read_text()
