"""The command ``medlab``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medlab.cli import fetch as getting
from medlab.cli import run as running
from medlab.cli import verify as verifying
from medlab.errors import MedlabError
from medlab.lesson import catalogue, find, notebooks_folder

app = typer.Typer(
    help="Executable, tested lessons on deep learning in medical imaging.", no_args_is_help=True,
    add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip


@app.command("list")
def list_lessons() -> None:
    """List the lessons."""
    table = Table("id", "question", "minutes", "CPU-s", "MB", "data")
    table.columns[0].no_wrap = True
    for lesson in catalogue():
        minutes = f"{lesson.minutes['teach']}+{lesson.minutes['exercise']}"
        budget = lesson.budget
        table.add_row(
            lesson.id, lesson.question, minutes, f"{budget['cpu_s']}", f"{budget['ram_mb']}", lesson.data["default"]
        )
    Console().print(table)


@app.command()
def lab(lesson: Annotated[str, typer.Argument(help="Lesson to open.")] = "00") -> None:
    """Open JupyterLab on a lesson; with no display, start the server and print its address."""
    path = find(lesson).path
    root = notebooks_folder().parent
    # Given as the default address, and not as a file, so that the printed address leads to the lesson too.
    address = f"/lab/tree/{quote(path.relative_to(root).as_posix())}"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", f"--LabApp.default_url={address}"]
    if not _has_display():
        command.append("--no-browser")
        print("No display here: open the address below in a browser.")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # root is who one is in most containers, where this otherwise refuses to start
    # Lab would ask on first start whether to fetch news: not in a class, and not without a network.
    settings = str(Path(__file__).parent / "jupyter_config")
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    env = os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [settings, known]))}
    env.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # kernels on shared cores must not spin while they wait
    raise typer.Exit(subprocess.run(command, env=env, check=False).returncode)


app.command()(running.run)
app.command()(verifying.verify)


app.command()(getting.fetch)


@app.command()
def doctor() -> None:
    """Report what this machine has, and what to do where something is wrong; the exit status is 1 then."""
    from medlab.cli.doctor import report

    table = Table("what", "found", show_header=False)
    lines = report()
    for line in lines:
        wrong = f"\n[red]WRONG: {escape(line.advice)}[/red]" if line.advice else ""
        table.add_row(line.what, escape(line.found) + wrong)
    Console().print(table)
    if any(line.advice for line in lines):
        raise typer.Exit(1)


def main() -> None:
    """Run the command; errors are told in two lines, with a traceback only under --debug."""
    debug = "--debug" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        app(arguments)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        from data_fetch.errors import FetchError

        if debug or not isinstance(error, (MedlabError, FetchError)):
            raise
        print(f"medlab: {error}", file=sys.stderr)
        sys.exit(1)


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
