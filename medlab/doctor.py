"""What this machine has, for a student whose lesson does not run and whoever helps them."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("torch", "monai", "captum", "jupyterlab", "ipywidgets", "nbval", "papermill", "scikit-image", "nilearn")


def report() -> list[tuple[str, str]]:
    """Return pairs of what was looked at and what was found; never raises for something missing.

    Examples
    --------
    >>> report()[0][0]
    'python'
    """
    import psutil

    memory = psutil.virtual_memory()
    rows = [
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        ("memory", f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"),
        ("disk", f"{shutil.disk_usage(Path.cwd()).free / 1e9:.1f} GB free here"),
        *((name, _version(name)) for name in _PACKAGES),
        ("device", _device()),
        ("lessons", _lessons()),
        ("data mirror", os.environ.get("MEDLAB_MIRROR", "not set (MEDLAB_MIRROR)")),
    ]
    return rows


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing: pip install -c constraints.txt -e ."


def _device() -> str:
    try:
        import torch
    except ImportError:
        return "torch is missing"
    if torch.cuda.is_available():
        return f"CUDA: {torch.cuda.get_device_name()}"
    return "Apple MPS" if torch.backends.mps.is_available() else "CPU (every lesson runs on it)"


def _lessons() -> str:
    from medlab.errors import MedlabError
    from medlab.lesson import catalogue, notebooks_folder

    try:
        return f"{len(catalogue())} in {notebooks_folder()}"
    except MedlabError as error:
        return str(error)
