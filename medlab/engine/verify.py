"""Verification: lessons are run, and what they come to is judged by one set of rules, from a run or from the ledger.

- As it stands, on each of its sources: every claim has the verdict that the notebook stores.
- Broken on purpose: the claims that the sabotage names do not hold.
- Null, where no network learns: no claim about networks holds.
- With other seeds: a claim that is stored as holding fails in at most one run of ten.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from medlab.engine.ledger import Case, Entry, Ledger, cases, declared, entry_of, here, is_base
from medlab.engine.queue import Job, run_many
from medlab.engine.run import Limits, Progress, Run
from medlab.errors import MedlabError
from medlab.lesson import HOLDS, Lesson

_SLACK = 0.25  # of its budget that a lesson should leave on a quiet machine
Work = Sequence[tuple[Lesson, Case]]


@dataclass
class Due:
    """What the ledger says of lessons.

    Parameters
    ----------
    stale : list of (Lesson, Case)
        What must be run: base claims first, then what was run longest ago.
    fresh : list of (Lesson, Entry)
        What need not be run.
    absent : list of Case
        What cannot be run, because the data are not on this machine.
    """

    stale: list[tuple[Lesson, Case]] = field(default_factory=list)
    fresh: list[tuple[Lesson, Entry]] = field(default_factory=list)
    absent: list[Case] = field(default_factory=list)


def due(lessons: Iterable[Lesson], ledger: Ledger) -> Due:
    """Return what is stale or missing, fresh, or cannot be run here."""
    found = Due()
    for lesson in lessons:
        added = [case for case in ledger.entries if case.lesson == lesson.id and declared(lesson, case)]
        for case in dict.fromkeys([*cases(lesson), *added]):
            if entry := ledger.fresh(lesson, case):
                found.fresh.append((lesson, entry))
            elif here(case):
                found.stale.append((lesson, case))
            else:
                found.absent.append(case)

    def age(item: tuple[Lesson, Case]) -> tuple:
        lesson, case = item
        before = ledger.entries.get(case)
        return not is_base(lesson, case), before.date if before else "", case

    found.stale.sort(key=age)
    return found


def fresh_seeds(lesson: Lesson, ledger: Ledger, count: int, *, data: str = "") -> list[Case]:
    """Return cases with seeds that the ledger has for no run of this lesson."""
    used = {case.seed for case in ledger.entries if case.lesson == lesson.id} | {Case.of(lesson).seed}
    return [Case.of(lesson, data=data, seed=max(used) + k) for k in range(1, count + 1)]


def drawn(fresh: Sequence[tuple[Lesson, Entry]], count: int) -> list[tuple[Lesson, Case]]:
    """Return some fresh cases at random: nobody can know which, so each entry of the ledger must be true."""
    able = [(lesson, entry.case) for lesson, entry in fresh if here(entry.case)]
    return random.SystemRandom().sample(able, min(count, len(able)))


def verify(
    work: Work,
    ledger: Ledger,
    *,
    lessons: Sequence[Lesson] | None = None,
    workers: int = 1,
    limits: Limits | None = None,
    until: float = math.inf,
    in_order: bool = False,
    tell: Callable[[Run], None] = lambda run: None,
    progress: Progress = lambda lesson, cell, cells: None,
) -> list[Run]:
    """Run cases, judge each, and write it into the ledger.

    Parameters
    ----------
    work : sequence of (Lesson, Case)
    ledger : Ledger
    lessons : sequence of Lesson, optional
        All that there are; the ledger is not written if this is missing.
    workers, limits, until, tell, progress
        See ``medlab.engine.queue.run_many``.
    in_order : bool
        Whether runs begin in the order of ``work``; otherwise the longest first.

    Returns
    -------
    list of Run
        In order; what did not begin in time is missing. ``wrong`` tells what is wrong, ``notes`` the rest.
    """

    def finish(run: Run) -> None:
        case = case_of(run)
        if run.status == "passed" and run.record:
            judge_run(run, case, ledger)
            if lessons is not None:
                try:
                    ledger.put(entry_of(run, case), lessons)
                except MedlabError as error:
                    run.notes.append(f"not in the ledger: {error.message}")
        tell(run)

    jobs = [Job(lesson, case.parameters(lesson), null=case.null) for lesson, case in work]
    return run_many(
        jobs, workers=workers, limits=limits, tell=finish, progress=progress, longest_first=not in_order, until=until
    )


def case_of(run: Run) -> Case:
    """Return the case that a run was."""
    given = {name: run.parameters[name] for name in ("data", "sabotage", "seed") if name in run.parameters}
    return Case.of(run.lesson, null=run.null, **given)


def judge_run(run: Run, case: Case, ledger: Ledger) -> None:
    """Judge a finished run: its claims, its cost, and the ledger's entry for the same case."""
    lesson = run.lesson
    run.wrong = [
        f"{text} ({numbers(run, claim)})" if claim else text for claim, text in judge(lesson, case, run.verdicts)
    ]
    statements = [claim.get("statement") for claim in run.record.get("claims", [])]
    if statements != [text for _, text in lesson.stored_claims] and not case.sabotage:
        run.wrong.append("the statements differ from the stored ones: run the claims cell and save the notebook")
    if entry := ledger.fresh(lesson, case):
        run.wrong += contradictions(run, entry)
    if case.null:
        run.notes += about_null(run)
    if case.sabotage and (others := fell_too(run)):
        run.notes.append(f"claims that fell too, without being named: {', '.join(map(str, others))}")
    if is_base(lesson, case) and not run.over_budget() and run.ref_s > (1 - _SLACK) * lesson.budget["cpu_s"]:
        run.notes.append(f"less than 25 % of the budget is left: {run.ref_s:.0f} of {lesson.budget['cpu_s']} ref-s")


def judge(lesson: Lesson, case: Case, verdicts: Sequence[str]) -> list[tuple[int, str]]:
    """Return what is wrong with verdicts: the claim, counted from 1, or 0 for all, and a sentence."""
    stored = [verdict for verdict, _ in lesson.stored_claims]
    for what, count in (("the notebook stores", len(stored)), ("metadata.medlab.claims names", len(lesson.claims))):
        if count != len(verdicts) and (lesson.claims or what.startswith("the")):
            return [(0, f"the run made {len(verdicts)} claims, {what} {count}")]
    numbered = list(enumerate(verdicts, 1))
    if case.null:
        return [
            (k, f"claim {k} holds although no network learned; a claim about networks must not")
            for k, verdict in numbered
            if verdict == HOLDS and lesson.about_networks(k)
        ]
    if case.sabotage:
        named = lesson.sabotages[case.sabotage]
        return [(k, f"{case.sabotage}: claim {k} still holds") for k in named if dict(numbered).get(k, HOLDS) == HOLDS]
    if case.seed != Case.of(lesson).seed:
        return []
    return [
        (k, f"claim {k} {now}, stored: {then}") for (k, now), then in zip(numbered, stored, strict=True) if now != then
    ]


def about_null(run: Run) -> list[str]:
    """Return what a reader of a null run must know."""
    notes = []
    if not run.record.get("undone_steps"):
        notes.append("no torch optimizer made a step: what learns in another way has learned")
    data = [k for k, verdict in enumerate(run.verdicts, 1) if verdict == HOLDS and not run.lesson.about_networks(k)]
    if data:
        notes.append(f"claims about data, which may hold: {', '.join(map(str, data))}")
    if run.wrong:
        notes.append('where a claim is not about networks, metadata.medlab.claims must say so: {"about": "data"}')
    return notes


def fell_too(run: Run) -> list[int]:
    """Return the claims that a sabotage made fall without naming them, counted from 1."""
    named = run.lesson.sabotages.get(run.parameters.get("sabotage", ""), [])
    return [k for k, verdict in enumerate(run.verdicts, 1) if verdict != HOLDS and k not in named]


def contradictions(run: Run, entry: Entry) -> list[str]:
    """Return where a run differs from the ledger's entry for it, by more than machines differ."""
    found = [
        f"the ledger says of claim {k}: {then}; this run: {now}"
        for k, (now, then) in enumerate(zip(run.verdicts, entry.verdicts, strict=False), 1)
        if (now == HOLDS) != (then == HOLDS)
    ]
    if len(run.verdicts) != len(entry.verdicts):
        found.append(f"the ledger says {len(entry.verdicts)} claims; this run made {len(run.verdicts)}")
    if abs(run.ref_s - entry.ref_s) > 10 + min(run.ref_s, entry.ref_s):
        found.append(f"the ledger says {entry.ref_s:.0f} reference-seconds; this run: {run.ref_s:.0f}")
    if set(run.record.get("modules", entry.modules)) - set(entry.modules):
        found.append("the run loaded modules that the ledger's entry does not name")
    return found


def judge_ledger(lessons: Iterable[Lesson], ledger: Ledger) -> list[tuple[Case, str]]:
    """Return what is wrong with the fresh entries of a ledger, without running anything."""
    found = []
    for lesson in lessons:
        fresh = [entry for case, entry in ledger.entries.items() if case.lesson == lesson.id]
        fresh = [entry for entry in fresh if declared(lesson, entry.case) and ledger.fresh(lesson, entry.case)]
        found += [(e.case, text) for e in fresh for _, text in judge(lesson, e.case, e.verdicts)]
        found += [(Case.of(lesson), text) for text in lost_in_replication(lesson, fresh)]
    return found


def held(lesson: Lesson, entries: Iterable[Entry]) -> list[tuple[int, int]]:
    """Return of each claim in how many runs it held, and of how many: all seeds, on the lesson's own data, whole."""
    base = Case.of(lesson)
    runs = [e for e in entries if Case.of(lesson, seed=e.case.seed) == e.case and e.case.data == base.data]
    return [
        (sum(v == HOLDS for v in verdicts), len(runs)) for verdicts in zip(*(e.verdicts for e in runs), strict=False)
    ]


def lost_in_replication(lesson: Lesson, entries: Iterable[Entry]) -> list[str]:
    """Return the claims stored as holding that failed in more than one run of ten; one failure is always allowed."""
    pairs = zip(lesson.stored_claims, held(lesson, entries), strict=False)
    return [
        f"claim {k} held in {good} of {count} seeds; wanted at least nine of ten: reword it"
        for k, ((verdict, _), (good, count)) in enumerate(pairs, 1)
        if verdict == HOLDS and count - good > max(1, count // 10)
    ]


def numbers(run: Run, k: int) -> str:
    """Return claim k, from 1, as numbers with their interval."""
    e = run.record["claims"][k - 1].get("estimate") if 0 < k <= len(run.verdicts) else None
    return f"{e['value']:.3f}, 95 % CI {e['low']:.3f} to {e['high']:.3f}" if e else "no such claim"
