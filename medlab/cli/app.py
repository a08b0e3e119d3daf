"""The command ``medlab``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from medlab import __version__
from medlab.cli.doctor import doctor
from medlab.cli.fetch import fetch
from medlab.cli.grade import grade
from medlab.cli.lab import lab
from medlab.cli.lessons import list_lessons
from medlab.cli.new import new
from medlab.cli.open import open_
from medlab.cli.release import release
from medlab.cli.run import run
from medlab.cli.verify import verify
from medlab.errors import MedlabError

app = typer.Typer(
    help="Executable, tested lessons on deep learning in medical imaging.", no_args_is_help=True,
    add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"medlab {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Executable, tested lessons on deep learning in medical imaging."""


app.command("list")(list_lessons)
app.command("open")(open_)
for verb in (lab, run, verify, fetch, release, grade, new, doctor):
    app.command()(verb)


def main() -> None:
    """Run the command; errors are told in two lines, with a traceback only under --debug."""
    debug = "--debug" in sys.argv
    if debug:
        os.environ["MEDLAB_DEBUG"] = "1"  # kernels show tracebacks, too
    try:
        app([word for word in sys.argv[1:] if word != "--debug"])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if debug or not isinstance(error, MedlabError):
            raise
        print(f"medlab: {error}", file=sys.stderr)
        sys.exit(1)
