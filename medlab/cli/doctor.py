"""What this machine has, for a student whose lesson does not run and whoever helps them."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

import typer

_PACKAGES = ("torch", "monai", "captum", "jupyterlab", "ipywidgets", "nbval", "papermill", "scikit-image", "nilearn")


class Line(NamedTuple):
    """What was looked at, what was found, and what to do if it is wrong (empty if all is well)."""

    what: str
    found: str
    advice: str = ""


def doctor() -> None:
    """Report what this machine has, and what to do where something is wrong; the exit status is 1 then."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("what", "found", show_header=False)
    lines = report()
    for line in lines:
        wrong = f"\n[red]WRONG: {escape(line.advice)}[/red]" if line.advice else ""
        table.add_row(line.what, escape(line.found) + wrong)
    Console().print(table)
    if any(line.advice for line in lines):
        raise typer.Exit(1)


def report() -> list[Line]:
    """Return what was looked at, what was found and what to do about it; never raises for something missing.

    Examples
    --------
    >>> report()[0].what
    'python'
    """
    return [
        _python(),
        Line("system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        _memory(),
        _disk(),
        *(_package(name) for name in _PACKAGES),
        Line("device", _device()),
        _widgets(),
        _lessons(),
        _cache(),
        _mirror(),
        _network(),
    ]


def _python() -> Line:
    old = sys.version_info < (3, 11)
    advice = "install Python 3.11 or newer and make a new environment" if old else ""
    return Line("python", f"{platform.python_version()} ({sys.executable})", advice)


def _memory() -> Line:
    import psutil

    memory = psutil.virtual_memory()
    advice = "" if memory.available > 1e9 else "a lesson takes up to 1 GB: close notebooks and shut their kernels down"
    return Line("memory", f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free", advice)


def _disk() -> Line:
    free = shutil.disk_usage(Path.cwd()).free
    return Line(
        "disk", f"{free / 1e9:.1f} GB free here", "" if free > 5e8 else "make room: runs and figures want 0.5 GB"
    )


def _package(name: str) -> Line:
    """Compare an installed version with what medlab asks for."""
    from packaging.requirements import Requirement

    try:
        found = version(name)
    except PackageNotFoundError:
        return Line(name, "missing", "pip install -c constraints.txt -e .")
    try:
        asked = [Requirement(text) for text in requires("medlab-lessons") or []]
    except PackageNotFoundError:
        asked = []
    for each in asked:
        if each.name == name and not each.specifier.contains(found, prereleases=True):
            return Line(name, found, f"medlab wants {name}{each.specifier}: pip install -c constraints.txt -e .")
    return Line(name, found)


def _widgets() -> Line:
    """Say whether JupyterLab has the other half of ipywidgets, of the same generation."""
    try:
        halves = version("ipywidgets"), version("jupyterlab_widgets")
    except PackageNotFoundError as error:
        return Line(
            "widgets", f"{error.name} is missing", "pip install -c constraints.txt -e .; then restart JupyterLab"
        )
    fits = (halves[0].split(".")[0], halves[1].split(".")[0]) == ("8", "3")
    advice = "" if fits else "ipywidgets 8 wants jupyterlab_widgets 3: pip install -U ipywidgets jupyterlab_widgets"
    return Line("widgets", f"ipywidgets {halves[0]}, jupyterlab_widgets {halves[1]}", advice)


def _cache() -> Line:
    from data_fetch.fetch import cache_folder

    folder = cache_folder()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        if not there.is_dir():
            raise NotADirectoryError
        with tempfile.TemporaryFile(dir=there):
            return Line("data cache", str(folder))
    except OSError:
        return Line("data cache", f"{folder} cannot be written", "set MEDLAB_DATA to a folder that can")


def _mirror() -> Line:
    from data_fetch.cards import all_cards, load_card
    from data_fetch.fetch import cached, mirror_address, mirror_folder
    from data_fetch.transport import address

    named = os.environ.get("MEDLAB_MIRROR", "")
    if not named:
        return Line("data mirror", "not set (MEDLAB_MIRROR)")
    if mirror_address():
        return Line("data mirror", address(named))
    if mirror_folder() is None:
        return Line("data mirror", f"{named}: no such folder", "correct or remove MEDLAB_MIRROR")
    here = sum(cached(load_card(name)) for name in all_cards())
    return Line("data mirror", f"{mirror_folder()}; {here} data sets are there or in the cache")


def _network() -> Line:
    """Say whether the publisher of most data sets answers; without a network every lesson runs on simulated data."""
    import socket

    try:
        socket.create_connection(("zenodo.org", 443), timeout=2).close()
    except (OSError, RuntimeError):
        return Line("network", "zenodo.org does not answer: simulated, packaged and cached data work all the same")
    return Line("network", "zenodo.org answers")


def _device() -> str:
    try:
        import torch
    except ImportError:
        return "torch is missing"
    if torch.cuda.is_available():
        return f"CUDA: {torch.cuda.get_device_name()}"
    return "Apple MPS" if torch.backends.mps.is_available() else "CPU (every lesson runs on it)"


def _lessons() -> Line:
    from medlab.errors import MedlabError
    from medlab.lesson import catalogue, notebooks_folder

    try:
        found = len(catalogue())
    except MedlabError as error:
        return Line("lessons", error.message, error.hint or "restore the notebook")
    folder = notebooks_folder()
    return Line(
        "lessons", f"{found} in {folder}", "" if found else "set MEDLAB_NOTEBOOKS to the folder of the notebooks"
    )
