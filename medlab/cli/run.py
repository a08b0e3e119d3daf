"""The command ``medlab run``. Exit status: 0 if every lesson ran to its end (over budget is a note), 1 if not."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medlab.cli.results import All, Ids, Jobs, Report, Timeout, chosen, display_for, show, totals, write_report
from medlab.errors import MedlabError
from medlab.lesson import DEFAULT_PRESET, PRESETS, Lesson

if TYPE_CHECKING:
    from medlab.engine.run import Run

_WORDS = {"ok": "passed", "OVER": "passed over budget", "FAILED": "failed"}


def run(
    ids: Ids = None,
    all_: All = False,
    preset: Annotated[str, typer.Option(help=f"One of: {', '.join(PRESETS)}.")] = DEFAULT_PRESET,
    parameter: Annotated[list[str] | None, typer.Option("--parameter", "-p", help="name=value")] = None,
    sweep: Annotated[list[str] | None, typer.Option(help="name=0:20 or name=a,b; given twice: a grid.")] = None,
    jobs: Jobs = 1,
    output: Annotated[Path, typer.Option(help="Folder for the executed notebooks.")] = Path("runs"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Also run what ran before, unchanged, and passed.")] = False,
    timeout: Timeout = 1800,
    memory: Annotated[float, typer.Option(min=0, help="MB one lesson may hold; 0: four budgets.")] = 0,
    dask: Annotated[str, typer.Option(help="Run on the Dask cluster at this address, or: local.")] = "",
    report: Report = Path("runs/report"),
) -> None:
    """Execute lessons and keep the executed notebooks; called again, go on where it stopped."""
    from medlab.engine.parameters import grid
    from medlab.engine.run import Limits

    if not (ids or all_):
        raise MedlabError("no lesson is named", "such as: medlab run 41 (medlab list shows them); or add --all")
    lessons, failed = chosen(ids, all_)
    points, given = grid(sweep or []), {"preset": preset, **dict(_pair(text) for text in parameter or [])}
    if twice := (set(given) - {"preset"}) & set(points[0]):
        raise MedlabError(f"{sorted(twice)[0]!r} is both a parameter and swept", hint="leave one out")
    where = [(item, point) for item in lessons for point in points]
    told: list[Run] = []
    try:
        limits = Limits(timeout, memory)
        done = _run_all(_jobs(where, given, output), told, dask=dask, workers=jobs, limits=limits, fresh=fresh)
    except KeyboardInterrupt:
        if told:
            write_report(failed + told, report)
        raise
    if sweep:
        _keep_sweep(done, [point for _, point in where], output)
    write_report(failed + done, report)
    typer.echo(totals(failed + done, _WORDS))
    raise typer.Exit(1 if any(each.wrong for each in failed + done) else 0)


def _jobs(where: list[tuple[Lesson, dict]], given: dict, output: Path) -> list:
    """Return what is to be done; wrong parameters are refused before anything runs."""
    from medlab.engine.parameters import checked_parameters
    from medlab.engine.queue import Job, output_name

    for item, point in where:
        try:
            _ = item.parameters
        except MedlabError:
            continue  # a damaged notebook is a failed run, which stops no other
        checked_parameters(item, {**given, **point})
    return [Job(item, {**given, **point}, output / output_name(item, point)) for item, point in where]


def _run_all(work: list, told: list[Run], *, dask: str, workers: int, **options) -> list[Run]:
    """Do the jobs under a display of progress; what is finished is also put into ``told``, come what may."""
    from medlab.engine.queue import run_many

    def tell(result: Run) -> None:
        told.append(result)
        display.finished(result)
        show(result, display)

    with ExitStack() as stack:
        executor = None
        if dask:
            from medlab.engine.dask import connect

            executor = stack.enter_context(connect(dask, workers=workers))
        display = display_for(stack, [job.weight for job in work])
        return run_many(work, tell=tell, progress=display.cell, workers=workers, executor=executor, **options)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise MedlabError(f"parameter {text!r} is not name=value", hint="such as -p seed=3")
    return name.strip(), value


def _keep_sweep(done: list, points: list[dict], output: Path) -> None:
    from medlab.engine.sweep import save

    written, note = save(done, points, output, name="sweep-" + "-".join(dict.fromkeys(r.lesson.id for r in done))[:80])
    typer.echo("\n".join([*map(str, written), *filter(None, [note])]))
