"""The command ``medlab lab``: JupyterLab on a lesson."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from medlab.lesson import STUDENTS, Lesson, find, notebooks_folder

PORT = 8888


def lab(
    lesson: Annotated[str, typer.Argument(help="Lesson to open.")] = "00",
    source: Annotated[bool, typer.Option("--source", help="The lesson itself, with solutions.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Another server, also where one runs for this folder.")] = False,
) -> None:
    """Open JupyterLab on a lesson (your copy in lessons/, if there is one); with no display, print the address."""
    root = notebooks_folder().parent
    place = f"lab/tree/{quote(_notebook(find(lesson), root, source=source).relative_to(root).as_posix())}"
    if not new and (server := running(root)):
        address = f"{server['url']}{place}" + (f"?token={server['token']}" if server.get("token") else "")
        print(f"JupyterLab already runs for this folder (port {server['port']}). The lesson is at:\n  {address}")
        print(f"To end it: jupyter server stop {server['port']}. For a second one: medlab lab --new")
        if _has_display():
            import webbrowser

            webbrowser.open(address)
        return
    raise typer.Exit(subprocess.run(_command(root, place), env=_environment(), check=False).returncode)


def running(root: Path) -> dict | None:
    """Return what is known of a Jupyter server of this user whose root is this folder, or None."""
    from jupyter_server.serverapp import list_running_servers

    known = [server for server in list_running_servers() if server.get("root_dir")]
    return next((server for server in known if Path(server["root_dir"]).resolve() == root), None)


def free_port(first: int = PORT) -> int:
    """Return the first port from this one on that nobody listens at; 0 (any) if there is none among twenty."""
    for port in range(first, first + 20):
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    return 0


def _notebook(lesson: Lesson, root: Path, *, source: bool) -> Path:
    """Return the notebook to open: the student's copy, unless there is none or the lesson itself is wanted."""
    folder = notebooks_folder()
    if source or not lesson.path.is_relative_to(folder):
        return lesson.path.resolve()
    copy = root / STUDENTS / lesson.path.relative_to(folder)
    return copy if copy.is_file() else lesson.path


def _command(root: Path, place: str) -> list[str]:
    # Given as the default address, and not as a file, so that the printed address leads to the lesson too.
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/{place}"]
    if (port := free_port()) != PORT:
        print(f"Port {PORT} is in use by another program; JupyterLab takes port {port or 'that is free'}.")
        command.append(f"--ServerApp.port={port}")
    if not _has_display():
        command.append("--no-browser")
        print("No display here: open the address below in a browser.")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # root is who one is in most containers, where this otherwise refuses to start
    return command


def _environment() -> dict[str, str]:
    # Lab would ask on first start whether to fetch news: not in a class, and not without a network.
    settings = str(Path(__file__).parent / "jupyter_config")
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    env = os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [settings, known]))}
    env.setdefault("PYTHONSTARTUP", str(Path(settings) / "startup.py"))  # kernels run it: no option of Lab reaches them
    env.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # kernels on shared cores must not spin while they wait
    return env


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
