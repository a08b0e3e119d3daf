import os
import shutil
from collections import namedtuple

import psutil
import pytest
from typer.testing import CliRunner

from medlab.cli import doctor
from medlab.cli.app import app


def found():
    return {line.what: line for line in doctor.report()}


def test_here_nothing_is_wrong_and_the_status_says_so():
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == any(line.advice for line in found().values())
    assert not found()["torch"].advice
    assert not found()["widgets"].advice
    assert "does not answer" in found()["network"].found  # tests have no network, and that is nothing wrong


def test_a_missing_package_is_red(monkeypatch):
    monkeypatch.setattr(doctor, "_PACKAGES", ("torch", "no-such-package"))
    assert "pip install" in found()["no-such-package"].advice
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 1
    assert "WRONG" in done.stdout


def test_an_old_package_is_red(monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: "0.1")
    monkeypatch.setattr(doctor, "requires", lambda name: ["torch>=2.10"])
    assert "medlab wants torch" in found()["torch"].advice
    assert "jupyterlab_widgets 3" in found()["widgets"].advice


def test_a_full_machine_is_red(monkeypatch):
    usage = namedtuple("usage", "total used free")
    memory = namedtuple("memory", "available total")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory(10**8, 10**9))
    assert "room" in found()["disk"].advice
    assert "kernels" in found()["memory"].advice


def test_places_that_are_not_there_are_red(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")  # works for root as well, whom no mode stops
    monkeypatch.setenv("MEDLAB_NOTEBOOKS", str(tmp_path / "nowhere"))
    monkeypatch.setenv("MEDLAB_MIRROR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path / "file" / "cache"))
    lines = found()
    assert "MEDLAB_NOTEBOOKS" in lines["lessons"].advice
    assert "MEDLAB_MIRROR" in lines["data mirror"].advice
    assert "MEDLAB_DATA" in lines["data cache"].advice


@pytest.mark.parametrize("address", ["https://me:word@example.org/class"])
def test_a_mirror_address_is_shown_without_its_password(monkeypatch, address):
    monkeypatch.setenv("MEDLAB_MIRROR", address)
    assert os.environ["MEDLAB_MIRROR"] == address
    assert "word" not in found()["data mirror"].found
