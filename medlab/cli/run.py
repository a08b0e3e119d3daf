"""The commands ``medlab run`` and ``medlab verify``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from medlab.errors import MedlabError
from medlab.lesson import PRESETS, Lesson, catalogue, find, notebooks_folder

Ids = Annotated[list[str] | None, typer.Argument(help="Lessons by id, number or file, such as 41; all if none.")]
All = Annotated[bool, typer.Option("--all", help="All lessons, which is the default.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Lessons at a time, where memory allows.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds that one lesson may take.")]
Report = Annotated[Path | None, typer.Option(help="Folder for the report: HTML, JUnit XML, JSON.")]


def run(
    ids: Ids = None,
    all_: All = False,
    preset: Annotated[str, typer.Option(help=f"One of: {', '.join(PRESETS)}.")] = "cpu",
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

    lessons, failed = _lessons(ids, all_)
    points, given = grid(sweep or []), {"preset": preset, **dict(_pair(text) for text in parameter or [])}
    if twice := (set(given) - {"preset"}) & set(points[0]):
        raise MedlabError(f"{sorted(twice)[0]!r} is both a parameter and swept", hint="leave one out")
    where = [(item, point) for item in lessons for point in points]
    work = _jobs(where, given, output)
    with ExitStack() as stack:
        executor, told = None, []
        if dask:
            from medlab.engine.dask import connect

            executor = stack.enter_context(connect(dask, workers=jobs))
        try:
            done = _run_all(work, told, workers=jobs, limits=Limits(timeout, memory), fresh=fresh, executor=executor)
        except KeyboardInterrupt:
            if told:
                _report(failed + told, report)
            raise
    if sweep:
        _keep_sweep(done, [point for _, point in where], output)
    _finish(failed + done, report)


def _jobs(where: list[tuple[Lesson, dict]], given: dict, output: Path) -> list:
    """Return what is to be done; wrong parameters are refused before anything runs."""
    from medlab.engine.parameters import checked_parameters
    from medlab.engine.queue import Job, output_name
    from medlab.engine.run import malformed

    for item, point in where:
        if not malformed(item):
            checked_parameters(item, {**given, **point})
    return [Job(item, {**given, **point}, output / output_name(item, point)) for item, point in where]


def _run_all(work: list, told: list, **options) -> list:
    """Do the jobs under a display of progress; what is finished is also put into ``told``, come what may."""
    from medlab.engine.queue import run_many

    def tell(result) -> None:
        told.append(result)
        display.finished(result)
        _tell(result, display)

    with ExitStack() as stack:
        display = _display(stack, [job.weight for job in work], len(work))
        return run_many(work, tell=tell, progress=display.cell, **options)


def verify(
    ids: Ids = None,
    all_: All = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from main.")] = False,
    sabotage: Annotated[bool, typer.Option("--sabotage", help="Also break each lesson in every declared way.")] = False,
    data: Annotated[str, typer.Option(help="Another source of data than the lesson's default.")] = "",
    seed: Annotated[int | None, typer.Option(help="Another seed than the lesson's.", min=0)] = None,
    jobs: Jobs = 1,
    timeout: Timeout = 1800,
    report: Report = Path("runs/report"),
) -> None:
    """Run lessons at preset cpu: claims as stored, cost in budget; with --sabotage, claims fall when they should."""
    from medlab.engine import verify as verifying

    lessons, done = _lessons(ids, all_)
    if changed:
        lessons, why = verifying.changed(lessons, notebooks_folder().parent)
        typer.echo(f"changed lessons: {why}")
    done += verify_all(lessons, sabotage=sabotage, data=data, seed=seed, jobs=jobs, timeout=timeout)
    _finish(done, report)


def verify_all(
    lessons: list[Lesson], *, sabotage: bool, data: str, seed: int | None, jobs: int, timeout: float
) -> list:
    """Verify lessons, ``jobs`` at a time, longest first, and tell each."""
    import os
    import threading
    from concurrent.futures import ThreadPoolExecutor, as_completed

    from medlab.engine import verify as verifying

    stop, threads = threading.Event(), max(1, (os.cpu_count() or 1) // jobs)
    checks = []
    for item in sorted(lessons, key=lambda lesson: -lesson.budget["cpu_s"]):
        checks.append((verifying.verify, (item,), {"data": data, "seed": seed}))
        if sabotage:
            checks += [(verifying.verify_sabotage, (item, name), {"data": data}) for name in item.sabotages]
    done = []
    with ExitStack() as stack:
        display = _display(stack, [args[0].budget["cpu_s"] or 1 for _, args, _ in checks], len(checks))
        pool = ThreadPoolExecutor(jobs)
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        stack.callback(stop.set)
        limits = {"timeout": timeout, "threads": threads, "stop": stop}
        futures = [pool.submit(f, *args, **limits, **more) for f, args, more in checks]
        for future in as_completed(futures):
            done.append(future.result())
            display.finished(done[-1])
            _tell(done[-1], display)
    return done


def _lessons(ids: list[str] | None, all_: bool) -> tuple[list[Lesson], list]:
    """Return the asked lessons, and as failed runs the files that are none: they must not stop the others."""
    from medlab.engine.queue import broken

    if ids and all_:
        raise MedlabError("lessons are named and --all is given", hint="leave one out")
    if not ids:
        damaged = []
        found = catalogue(on_broken=lambda path, error: damaged.append(broken(path, error)))
        for each in damaged:
            _tell(each)
        return found, damaged
    found, damaged = [], []
    for name in ids:
        try:
            found.append(find(name))
        except MedlabError as error:
            if not (name.endswith(".ipynb") and Path(name).expanduser().is_file()):
                raise
            damaged.append(broken(Path(name), error))
            _tell(damaged[-1])
    return found, damaged


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise MedlabError(f"parameter {text!r} is not name=value", hint="such as -p seed=3")
    return name.strip(), value


def _display(stack: ExitStack, weights: list[float], count: int):
    from medlab.engine.progress import Display

    display = stack.enter_context(Display(weights))
    display.console.print(f"{count} run{'s' if count != 1 else ''}")
    return display


def _keep_sweep(done: list, points: list[dict], output: Path) -> None:
    from medlab.engine.sweep import save

    written, note = save(done, points, output, name="sweep-" + "-".join(dict.fromkeys(r.lesson.id for r in done))[:80])
    typer.echo("\n".join([*map(str, written), *filter(None, [note])]))


def _tell(done, display=None) -> None:
    lines = list(_lines(done))
    if display:
        display.console.print("\n".join(lines), markup=False, emoji=False)
    else:
        typer.echo("\n".join(lines))


def _lines(done):
    kind = f" [{done.parameters['sabotage']}]" if done.parameters.get("sabotage") else ""
    cost = "unchanged, not run again" if done.resumed else f"{done.seconds:.0f} s"
    cost += f", {done.cpu_s:.0f} CPU-s, {done.peak_mb:.0f} MB" if done.cpu_s else ""
    yield f"{'FAILED' if done.wrong else 'ok':<6} {done.lesson.id}{kind}: {cost}"
    for claim in done.record.get("claims", []):
        e = claim["estimate"]
        yield f"    {claim['verdict']:<10} {claim['statement']} [{e['value']:.3f}; {e['low']:.3f} to {e['high']:.3f}]"
    if kind and not done.wrong and done.record:
        from medlab.engine.verify import fell_too

        if others := fell_too(done):
            yield f"    claims that fell too, without being named: {', '.join(map(str, others))}"
    for line in done.wrong:
        yield f"    -> {line}"
    if done.status == "failed":
        yield from (f"    | {line}" for line in [*done.source.splitlines(), "", *done.error.splitlines()])


def _report(done: list, folder: Path | None) -> None:
    if folder:
        from medlab.engine.report import write

        try:
            typer.echo(f"report: {write(done, folder)}")
        except OSError as error:
            typer.echo(f"medlab: the report could not be written to {folder}: {error.strerror or error}", err=True)


def _finish(done: list, folder: Path | None) -> None:
    _report(done, folder)
    failed = sum(bool(each.wrong) for each in done)
    typer.echo(f"{len(done) - failed} passed, {failed} failed")
    raise typer.Exit(1 if failed else 0)
