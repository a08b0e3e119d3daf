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
from rich.table import Table

from medlab.errors import MedlabError
from medlab.lesson import PRESETS, Lesson, catalogue, find, notebooks_folder

app = typer.Typer(
    help="Executable, tested lessons on deep learning in medical imaging.", no_args_is_help=True,
    add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip
Ids = Annotated[list[str] | None, typer.Argument(help="Lessons by id or number, such as 41; all if none.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Lessons at a time.")]


@app.command("list")
def list_lessons() -> None:
    """List the lessons."""
    table = Table("id", "question", "minutes", "CPU-s", "MB", "data")
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


@app.command()
def run(
    ids: Ids = None,
    preset: Annotated[str, typer.Option(help=f"One of: {', '.join(PRESETS)}.")] = "cpu",
    parameter: Annotated[list[str] | None, typer.Option("--parameter", "-p", help="name=value")] = None,
    jobs: Jobs = 1,
    output: Annotated[Path, typer.Option(help="Folder for the executed notebooks.")] = Path("runs"),
) -> None:
    """Execute lessons and keep the executed notebooks."""
    from medlab.runner import checked_parameters, run_many

    lessons = _lessons(ids)
    given = {"preset": preset, **dict(_pair(text) for text in parameter or [])}
    work = [(item, checked_parameters(item, given), output / f"{item.id}.ipynb") for item in lessons]
    _header(len(work))
    done = run_many(work, workers=jobs, tell=lambda result: _tell(result, result.complaints()))
    _finish(sum(bool(result.complaints()) for result in done), len(done))


@app.command()
def verify(
    ids: Ids = None,
    sabotage: Annotated[bool, typer.Option("--sabotage", help="Also break each lesson in every declared way.")] = False,
    data: Annotated[str, typer.Option(help="Another source of data than the lesson's default.")] = "",
    seed: Annotated[int, typer.Option(help="Another seed than 0.", min=0)] = 0,
) -> None:
    """Run lessons at preset cpu: claims as stored, cost in budget; with --sabotage, claims fall when they should."""
    from medlab import runner

    lessons = _lessons(ids)
    failed = total = 0
    _header(len(lessons))
    for lesson in lessons:
        checks = [lambda item=lesson: runner.verify(item, data=data, seed=seed)]
        if sabotage:
            names = lesson.sabotages
            checks += [lambda item=lesson, n=name: runner.verify_sabotage(item, n, data=data) for name in names]
        for check in checks:
            done, wrong = check()
            _tell(done, wrong)
            total, failed = total + 1, failed + bool(wrong)
    _finish(failed, total)


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Data sets by name.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the data sets.")] = False,
) -> None:
    """Download data sets, verified, into the cache (or take them from MEDLAB_MIRROR)."""
    from data_fetch import fetch as fetching
    from data_fetch.cards import all_cards

    if list_ or not names:
        table = Table("name", "title", "licence")
        for card in all_cards().values():
            table.add_row(card.name, card.title, card.licence)
        Console().print(table)
        return
    for name in names:
        print(f"{name}: {fetching.fetch(name)}")


@app.command()
def doctor() -> None:
    """Report what this machine has: versions, device, memory, data, places that can be written."""
    from medlab.doctor import report

    table = Table("what", "found", show_header=False)
    for what, found in report():
        table.add_row(what, found)
    Console().print(table)


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


def _lessons(ids: list[str] | None) -> list[Lesson]:
    return [find(name) for name in ids] if ids else catalogue()


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise MedlabError(f"parameter {text!r} is not name=value", hint="such as -p seed=3")
    return name.strip(), value


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _header(count: int) -> None:
    print(f"{count} lesson{'s' if count != 1 else ''}", flush=True)


def _tell(done, wrong: list[str]) -> None:
    record = done.record
    cost = f", {record['process_cpu_s']:.0f} CPU-s, {record['peak_mb']:.0f} MB" if record else ""
    kind = f" [{done.parameters['sabotage']}]" if done.parameters.get("sabotage") else ""
    print(f"{'FAILED' if wrong else 'ok':<6} {done.lesson.id}{kind}: {done.seconds:.0f} s{cost}", flush=True)
    for claim in record.get("claims", []):
        e = claim["estimate"]
        print(f"    {claim['verdict']:<10} {claim['statement']} [{e['value']:.3f}; {e['low']:.3f} to {e['high']:.3f}]")
    for line in wrong:
        print(f"    -> {line}", flush=True)
    if done.status == "failed":
        print("\n".join(f"    | {line}" for line in [*done.source.splitlines(), "", *done.error.splitlines()]))


def _finish(failed: int, total: int) -> None:
    print(f"{total - failed} passed, {failed} failed")
    raise typer.Exit(1 if failed else 0)
