"""What ``medlab run`` and ``medlab verify`` share: which lessons are meant, and how results are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medlab.errors import MedlabError
from medlab.lesson import Lesson, catalogue, find

if TYPE_CHECKING:
    from medlab.engine.progress import Display
    from medlab.engine.run import Run

Ids = Annotated[list[str] | None, typer.Argument(help="Lessons by id, number or file, such as 41; all if none.")]
All = Annotated[bool, typer.Option("--all", help="All lessons, which is the default.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Lessons at a time, where memory allows.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds that one lesson may take.")]
Report = Annotated[Path | None, typer.Option(help="Folder for the report: HTML, JUnit XML, JSON.")]
_WORDS = {"ok": "as expected", "FAILED": "failed", "LOST": "lost claims", "OVER": "over budget"}


def chosen(ids: list[str] | None, all_: bool) -> tuple[list[Lesson], list[Run]]:
    """Return the named lessons, and as failed runs the files that are none: they must not stop the others."""
    from medlab.engine.queue import broken

    if ids and all_:
        raise MedlabError("lessons are named and --all is given", hint="leave one out")
    damaged: list[Run] = []

    def keep(path: Path, error: MedlabError) -> None:
        damaged.append(broken(path, error))
        show(damaged[-1])

    if not ids:
        return catalogue(on_broken=keep), damaged
    found = []
    for name in ids:
        try:
            found.append(find(name))
        except MedlabError as error:
            if not (name.endswith(".ipynb") and Path(name).expanduser().is_file()):
                raise
            keep(Path(name), error)
    return found, damaged


def display_for(stack: ExitStack, weights: list[float]) -> Display:
    """Open the display of progress of some runs."""
    from medlab.engine.progress import Display

    display = stack.enter_context(Display(weights))
    display.console.print(f"{len(weights)} run{'s' if len(weights) != 1 else ''}")
    return display


def show(done: Run, display: Display | None = None) -> None:
    """Print the result of a run: a line with word and cost, then its claims and what is to be said of it."""
    text = "\n".join(_lines(done))
    if display:
        display.console.print(text, markup=False, emoji=False)
    else:
        typer.echo(text)


def _lines(done: Run) -> Iterator[str]:
    named = [str(done.parameters[k]) for k in ("data", "sabotage") if done.parameters.get(k)]
    named += [f"seed {done.parameters.get('seed')}"] * ("seed" in done.parameters) + ["null"] * done.null
    kind = f" [{', '.join(named)}]" if named else ""
    cost = "unchanged, not run again" if done.resumed else f"{done.seconds:.0f} s"
    cost += f", {done.ref_s:.0f} reference-s, {done.peak_mb:.0f} MB" if done.cpu_s else ""
    data = done.record.get("data")
    data = data if isinstance(data, dict) else {}
    simulated = f"; SIMULATED DATA ({data.get('used')})" if data.get("simulated") is True else ""
    yield f"{done.word:<6} {done.lesson.id}{kind}: {cost}{simulated}"
    for k, claim in enumerate(done.record.get("claims", []), 1):
        e = claim["estimate"]
        yield f"    {k} {claim['verdict']:<8} {claim['statement']}"
        yield f"      {'':<8} {e['value']:.3f}, 95 % CI {e['low']:.3f} to {e['high']:.3f}"
    yield from (f"    -> {line}" for line in done.wrong)
    yield from (f"    note: {line}" for line in [*done.over_budget(), *done.notes])
    if done.status == "failed":
        yield from (f"    | {line}" for line in [*done.source.splitlines(), "", *done.error.splitlines()])


def write_report(done: list[Run], folder: Path | None) -> None:
    """Write the report, where one is wanted."""
    if folder:
        from medlab.engine.report import write

        try:
            typer.echo(f"report: {write(done, folder)}")
        except OSError as error:
            typer.echo(f"medlab: the report could not be written to {folder}: {error.strerror or error}", err=True)


def totals(done: list[Run], words: dict[str, str] = _WORDS) -> str:
    """Return how many runs came to which result; "as expected" and "failed" are always told."""
    counts = {word: sum(run.word == word for run in done) for word in words}
    return ", ".join(f"{n} {words[word]}" for word, n in counts.items() if n or word in ("ok", "FAILED"))
