"""What the ledger says of a lesson: in how many fresh seeds each claim held, and what felled it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from medlab.engine.ledger import Case, Entry, Ledger, declared
from medlab.lesson import HOLDS, Lesson


@dataclass
class Held:
    """What up-to-date entries of the ledger say of one lesson.

    Parameters
    ----------
    seeds : dict
        Source: for each claim (k, n), held in k of n seeds that are not the lesson's own.
    broken : dict
        Sabotage: the verdict of each claim.
    null : tuple of str
        The verdict of each claim when no network learns.
    stale : int
        Entries of an earlier state of the lesson or its data; they count nowhere.
    """

    seeds: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    broken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    null: tuple[str, ...] = ()
    stale: int = 0

    def words(self, claim: int, source: str) -> str:
        """Return "k of n" for a claim, counted from 0, on a source; "" where no fresh seed was run.

        Examples
        --------
        >>> Held({"mednist": [(9, 10)]}).words(0, "mednist")
        '9 of 10'
        """
        counts = self.seeds.get(source, [])
        return "{} of {}".format(*counts[claim]) if claim < len(counts) and counts[claim][1] else ""


def held(lesson: Lesson, ledger: Ledger) -> Held:
    """Return what the ledger says of a lesson as it is now.

    Examples
    --------
    >>> from pathlib import Path
    >>> from medlab.lesson import find
    >>> held(find("00"), Ledger(Path("no_such_file.jsonl")))
    Held(seeds={}, broken={}, null=(), stale=0)
    """
    found, own = Held(), Case.of(lesson)
    good: Counter[tuple[str, int]] = Counter()
    seeds: Counter[str] = Counter()
    width: dict[str, int] = {}
    for case, entry in ledger.entries.items():
        if case.lesson != lesson.id or not declared(lesson, case):
            continue
        if ledger.fresh(lesson, case) is None:
            found.stale += 1
        elif case.null:
            found.null = _of_own(found.null, entry, own)
        elif case.sabotage:
            found.broken[case.sabotage] = _of_own(found.broken.get(case.sabotage, ()), entry, own)
        elif case.seed != own.seed:
            seeds[case.data] += 1
            width[case.data] = len(entry.verdicts)
            good.update((case.data, k) for k, verdict in enumerate(entry.verdicts) if verdict == HOLDS)
    found.seeds = {data: [(good[data, k], n) for k in range(width[data])] for data, n in seeds.items()}
    return found


def _of_own(before: tuple[str, ...], entry: Entry, own: Case) -> tuple[str, ...]:
    """Return the verdicts to show: of several entries the one on the lesson's own data and seed."""
    return entry.verdicts if not before or (entry.case.data, entry.case.seed) == (own.data, own.seed) else before
