"""The command ``medlab verify``; its exit statuses are described where its help is."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from medlab.cli.results import All, Ids, Jobs, Report, Timeout, chosen, display_for, show, totals, write_report
from medlab.errors import MedlabError
from medlab.lesson import Lesson, catalogue

if TYPE_CHECKING:
    from medlab.engine.ledger import Case, Ledger
    from medlab.engine.run import Run

_NAMED = 6


def verify(
    ids: Ids = None,
    all_: All = False,
    sabotage: Annotated[bool, typer.Option("--sabotage", help="Also break each lesson in every declared way.")] = False,
    null: Annotated[bool, typer.Option("--null", help="Also run so that no network learns: what holds?")] = False,
    replicate: Annotated[int, typer.Option(min=0, help="Also run with this many seeds that were never used.")] = 0,
    due: Annotated[bool, typer.Option("--due", help="Run what the ledger lacks or has for an older state.")] = False,
    base: Annotated[
        bool | None, typer.Option("--base/--others", help="With --due: base claims alone, or all but them.")
    ] = None,
    check: Annotated[int, typer.Option(min=0, help="Run this many up-to-date entries again, at random.")] = 0,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begin no run after this time.")] = None,
    data: Annotated[str, typer.Option(help="Another source of data than the lesson's default.")] = "",
    seed: Annotated[int | None, typer.Option(help="Another seed than the lesson's.", min=0)] = None,
    write: Annotated[bool, typer.Option("--write/--no-write", help="Whether results go into the ledger.")] = True,
    jobs: Jobs = 1,
    timeout: Timeout = 1800,
    report: Report = None,
) -> None:
    """Run lessons as they stand, compare their claims with the stored ones, and keep the results in the ledger.

    Base claims are those of a lesson on its own data with its own seed. Where more is asked (--sabotage, --null,
    --replicate), a lesson as it stands is run only if the ledger does not have it.

    Exit status: 0, all is as expected. 1, a lesson failed, a claim was lost, the ledger is wrong, or base claims could
    not be run in time. 2, wrong usage. 3, nothing worse than a budget exceeded.
    """
    if base is not None and not due:
        raise MedlabError("--base and --others are parts of --due", hint="medlab verify --due --base")
    until = math.inf if minutes is None else time.monotonic() + 60 * minutes
    lessons, damaged = _whole(*chosen(ids, all_))
    from medlab.engine.ledger import Ledger

    ledger, wrong = Ledger(), 0
    if due or check:
        work, wrong = _from_ledger(lessons, ledger, due=due, base=base, check=check)
    else:
        work = _asked(lessons, ledger, sabotage=sabotage, null=null, replicate=replicate, data=data, seed=seed)
    done = _run(work, ledger, write=write, jobs=jobs, timeout=timeout, until=until, in_order=due)
    wrong += _missed(work, done, minutes) + (_tell_replication(lessons, ledger) if replicate else 0)
    write_report(damaged + done, report)
    typer.echo(totals(damaged + done))
    if wrong or any(run.word in ("FAILED", "LOST") for run in damaged + done):
        raise typer.Exit(1)
    raise typer.Exit(3 if any(run.word == "OVER" for run in done) else 0)


def _run(work: list[tuple[Lesson, Case]], ledger: Ledger, *, write: bool, jobs: int, timeout: float, **more) -> list:
    """Run cases under a display of progress."""
    from medlab.engine.run import Limits
    from medlab.engine.verify import verify as verify_cases

    with ExitStack() as stack:
        display = display_for(stack, [lesson.budget["cpu_s"] or 1 for lesson, _ in work])

        def tell(run: Run) -> None:
            display.finished(run)
            show(run, display)

        return verify_cases(
            work, ledger, lessons=catalogue(on_broken=lambda *_: None) if write else None, workers=jobs,
            limits=Limits(timeout), tell=tell, progress=display.cell, **more,
        )  # fmt: skip


def _from_ledger(
    lessons: list[Lesson], ledger: Ledger, *, due: bool, base: bool | None, check: int
) -> tuple[list[tuple[Lesson, Case]], int]:
    """Print what the ledger holds; return what is to be run, and how many of its entries are wrong."""
    from medlab.engine import verify as verifying

    state, wrong = verifying.due(lessons, ledger), verifying.judge_ledger(lessons, ledger)
    parts: dict[bool, list] = {True: [], False: []}
    for lesson, case in state.stale:
        parts[verifying.is_base(lesson, case)].append((lesson, case))
    counts = (
        f"{len(state.fresh)} entries up to date, {len(state.stale)} to be run, {len(parts[True])} of them base claims"
    )
    typer.echo(f"ledger: {counts}")
    if state.absent:
        typer.echo(f"their data are not here, so they cannot be run: {_named(state.absent)}")
    for case, text in wrong:
        typer.echo(f"LOST   {case}: {text}, says the ledger")
    stale = state.stale if base is None else parts[base]
    return stale * due + verifying.drawn(state.fresh, check), len(wrong)


def _whole(lessons: list[Lesson], damaged: list[Run]) -> tuple[list[Lesson], list[Run]]:
    """Move lessons whose notebook is malformed to the damaged ones."""
    from medlab.engine.run import Run, malformed

    whole = []
    for lesson in lessons:
        if complaint := malformed(lesson):
            damaged.append(Run(lesson, {}, status="malformed", error=complaint, wrong=[complaint]))
            show(damaged[-1])
        else:
            whole.append(lesson)
    return whole, damaged


def _asked(
    lessons: list[Lesson], ledger: Ledger, *, sabotage: bool, null: bool, replicate: int, data: str, seed: int | None
) -> list[tuple[Lesson, Case]]:
    """Return each lesson as it stands, and what else was asked; then, what the ledger has already is not run again."""
    from medlab.engine.ledger import Case
    from medlab.engine.verify import fresh_seeds

    work = []
    for lesson in lessons:
        whole = Case.of(lesson, data=data, seed=seed)
        more = [Case.of(lesson, data=data, sabotage=name) for name in lesson.sabotages] * sabotage
        more += [Case.of(lesson, data=data, null=True)] * null + fresh_seeds(lesson, ledger, replicate, data=data)
        first = [] if more and ledger.fresh(lesson, whole) else [whole]
        work += [(lesson, case) for case in [*first, *more]]
    return work


def _tell_replication(lessons: list[Lesson], ledger: Ledger) -> int:
    """Print how often each claim held, over all seeds in the ledger; return how many held too rarely."""
    from medlab.engine.verify import held, lost_in_replication

    lost = 0
    for lesson in lessons:
        entries = [e for case, e in ledger.entries.items() if case.lesson == lesson.id and ledger.fresh(lesson, case)]
        for k, (good, count) in enumerate(held(lesson, entries), 1):
            typer.echo(f"{lesson.id}: claim {k} held in {good} of {count} seeds")
        for text in lost_in_replication(lesson, entries):
            typer.echo(f"LOST   {lesson.id}: {text}")
            lost += 1
    return lost


def _missed(work: list[tuple[Lesson, Case]], done: list[Run], minutes: float | None) -> int:
    """Print what did not begin in time; return how many base claims are among it."""
    from medlab.engine.verify import case_of, is_base

    ran = {case_of(run) for run in done}
    left = [(lesson, case) for lesson, case in work if case not in ran]
    base = [case for lesson, case in left if is_base(lesson, case)]
    if left:
        typer.echo(f"not run within {minutes or 0:g} minutes: {_named([case for _, case in left])}")
    if base:
        typer.echo(f"base claims are among them, {len(base)}: run medlab verify --due, and commit ledger.jsonl")
    return len(base)


def _named(cases: list[Case]) -> str:
    more = f"; and {len(cases) - _NAMED} more" if len(cases) > _NAMED else ""
    return "; ".join(map(str, cases[:_NAMED])) + more
