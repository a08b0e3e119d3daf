"""Exercises: one call compares a student's function with an independent reference, and says what is wrong with it."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medlab.answers import (
    Call,
    TooLong,
    call,
    copied,
    is_generator,
    kept_random_state,
    lazy,
    line,
    parameters,
    said_error,
    seed_everything,
    untouched,
    wrong_parameters,
)
from medlab.compare import difference, precision, said
from medlab.errors import MedlabError

RANDOM_CASES = 24
RIGHT, WRONG, NOT_ATTEMPTED = "right", "wrong", "not attempted"
_LOOKS = {RIGHT: ("✓", "#1a7f37"), WRONG: ("✗", "#cf222e"), NOT_ATTEMPTED: ("○", "#6e7781")}
_TO_DO = "Write the function above, then run this cell again."


@dataclass(frozen=True)
class Outcome:
    """What the check of one exercise came to.

    Parameters
    ----------
    name : str
        Name of the student's function.
    status : {"right", "wrong", "not attempted"}
    reason : str
        What is wrong, and for which arguments; praise if nothing is.
    hints : tuple of str
        From the first push to nearly the solution.
    """

    name: str
    status: str
    reason: str
    hints: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The status as the first word of a sentence."""
        return f"{self.status.capitalize()}."

    def __str__(self) -> str:
        line = f"{self.word} {self.reason}".strip()
        more = self.hints and self.status != RIGHT
        return f"{line} (Hints: medlab.exercises.hint({self.name!r}, step=1).)" if more else line

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sign, color = _LOOKS[self.status]
        opened = [
            f'<details style="margin-left:1em"><summary>Hint {k}</summary>{html.escape(text)}'
            for k, text in enumerate(self.hints if self.status != RIGHT else (), start=1)
        ]
        return (
            f'<div style="border-left:4px solid {color};padding-left:0.6em">'
            f'<b style="background:{color};color:#fff;padding:0 0.3em">{sign} {self.word}</b> '  # legible on any page
            f"{html.escape(self.reason)}{''.join(opened)}{'</details>' * len(opened)}</div>"
        )


RESULTS: dict[str, Outcome] = {}
"""The latest outcome of each exercise of this session, by the name of the function."""


def exercise(
    answer: Callable,
    reference: Callable | None,
    *,
    cases: Callable[[np.random.Generator], tuple],
    edges: Iterable[tuple] = (),
    mistakes: Mapping[str, Callable] | None = None,
    judge: Callable | None = None,
    hints: Sequence[str] = (),
    praise: str = "",
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> None:
    """Check a student's function and show one line: right, wrong with the reason, or not attempted.

    A wrong answer raises nothing. The outcome is kept in ``RESULTS``.

    Parameters
    ----------
    answer : callable
        The student's function. It gets copies of all arguments. A random generator among them must be its only source
        of random numbers.
    reference : callable or None
        A right function, written in another way. None: ``judge`` decides.
    cases : callable
        Takes a generator and returns one tuple of arguments; called 24 times.
    edges : iterable of tuple
        Further arguments: empty, tied, unsorted, on a border.
    mistakes : mapping of str to callable
        A reason, in full sentences, and a wrong function. It is given when the answer errs as that function does.
    judge : callable, optional
        ``judge(result, *arguments)`` returns or yields what is wrong with a result; empty or false values are none.
    hints : sequence of str
        Shown one by one, on request.
    praise : str
        Follows "Right."
    rtol, atol : float
        Tolerance; wider where arguments or results are float32.

    Raises
    ------
    MedlabError
        If the exercise itself is at fault: the reference raises, or a case is not a tuple.

    Examples
    --------
    >>> def double(x):
    ...     return x * x
    >>> exercise(double, lambda x: 2 * x, cases=lambda rng: (rng.normal(),), edges=[(1.0,)])
    Wrong. double(1): got 1, wanted 2.
    """
    outcome = check(
        answer, reference, cases=cases, edges=edges, mistakes=mistakes, judge=judge, hints=hints, praise=praise,
        rtol=rtol, atol=atol,
    )  # fmt: skip
    RESULTS[outcome.name] = outcome
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        print(outcome)  # noqa: T201
    else:
        from IPython.display import display

        display(outcome)


def check(
    answer: Callable,
    reference: Callable | None,
    *,
    cases: Callable[[np.random.Generator], tuple],
    edges: Iterable[tuple] = (),
    mistakes: Mapping[str, Callable] | None = None,
    judge: Callable | None = None,
    hints: Sequence[str] = (),
    praise: str = "",
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> Outcome:
    """Return the outcome of an exercise without showing or keeping it; see `exercise`."""
    with kept_random_state():
        task = _Task(_trials(answer, reference, cases, edges), reference, judge, rtol, atol)
        status, reason = task.outcome(answer, mistakes or {})
    return Outcome(_name(answer), status, praise if status == RIGHT else reason, tuple(hints))


def hint(name: str, *, step: int = 1) -> None:
    """Print one hint of the exercise that was checked last under this name.

    Raises
    ------
    MedlabError
        If no such exercise was checked, or it has fewer hints.
    """
    known = RESULTS[name].hints if name in RESULTS else ()
    if not 1 <= step <= len(known):
        raise MedlabError(
            f"{name!r} has {len(known)} hints, and hint {step} was asked for",
            hint="run the check below the exercise first, then ask for hint 1",
        )
    print(f"Hint {step} of {len(known)}: {known[step - 1]}")  # noqa: T201


@dataclass(frozen=True)
class _Trial:
    """Arguments, the wanted result, and the call in words."""

    args: tuple
    wanted: Any
    words: str


def _name(answer: Callable) -> str:
    return getattr(answer, "__name__", type(answer).__name__)


def _trials(answer: Callable, reference: Callable | None, cases: Callable, edges: Iterable[tuple]) -> list[_Trial]:
    """Make all cases, the smallest first, so that the first failure is the easiest to think about."""
    rng, name, names = np.random.default_rng(26), _name(answer), parameters(answer)
    every = [*edges, *(cases(rng) for _ in range(RANDOM_CASES))]
    if wrong := [one for one in every if not isinstance(one, tuple)]:
        raise MedlabError(
            f"a case of {name} is a {type(wrong[0]).__name__}, wanted a tuple of arguments", hint="write (x,) for one"
        )
    trials = []
    for args in sorted(every, key=_size):
        right = call(reference, args, limited=False) if reference else Call()
        words = ", ".join(said(one, name=label) for one, label in zip(args, names, strict=False))
        words = f"{name}({words})"
        if right.error is not None:
            raise MedlabError(
                f"the reference of {name} raised {type(right.error).__name__} for {words}: {right.error}",
                hint="this is a fault of the exercise, not of your function",
            )
        trials.append(_Trial(args, right.value, words))
    return trials


def _size(value: Any) -> float:
    """Return how many numbers a value holds; long lists and large arrays are harder to think about."""
    if isinstance(value, (list, tuple)):
        return 1 + sum(map(_size, value))
    if isinstance(value, int):
        return 1 + min(abs(value), 10**6) / 10**9  # of two whole numbers, the one nearer to zero
    count = getattr(value, "numel", None)
    return float(count() if callable(count) else getattr(value, "size", 1))


@dataclass
class _Task:
    """The cases of one exercise and how a result is judged."""

    trials: list[_Trial]
    reference: Callable | None
    judge: Callable | None
    rtol: float
    atol: float

    def outcome(self, answer: Callable, mistakes: Mapping[str, Callable]) -> tuple[str, str]:
        """Return status and reason."""
        if not callable(answer):
            return WRONG, f"A function is wanted, and this is a {type(answer).__name__}: {said(answer)}."
        if reason := wrong_parameters(answer, self.trials[0].args):
            return WRONG, reason
        seed_everything(1)
        results: list[Call] = []
        for trial in self.trials:
            results.append(call(answer, trial.args))
            if isinstance(results[-1].error, TooLong):
                break
        if untouched(answer, results):
            return NOT_ATTEMPTED, _TO_DO
        verdicts = [self.verdict(result, trial) for result, trial in zip(results, self.trials, strict=False)]
        first = next((verdict for verdict in verdicts if verdict), "")
        named = self._named(results, verdicts, mistakes) if first else ""
        reason = named or self._other_source(answer, results) or first
        reason = reason or self._unused_generator(answer, results) or self._changed(answer, results)
        return (WRONG, reason) if reason else (RIGHT, "")

    def verdict(self, result: Call, trial: _Trial) -> str:
        """Return what is wrong with one result, as a sentence; nothing if it is right."""
        if result.error is not None:
            return said_error(result.error, trial.words)
        if kind := lazy(result.value):
            return f"{kind} came back for {trial.words}. Return the result itself."
        if result.value is None and (self.judge or trial.wanted is not None):
            return f"Nothing came back for {trial.words}: does every path end with return?"
        try:
            if self.judge:
                return self._judged(result, trial)
            found = self.compared(result.value, trial.wanted, trial)
        except Exception as error:  # results of odd types
            return f"{trial.words}: got {said(result.value)}, which is of the wrong kind ({line(error)})."
        return f"{trial.words}: {found}." if found else ""

    def compared(self, got: Any, wanted: Any, trial: _Trial) -> str:
        """Return the difference of two results, within the tolerance of the arguments."""
        single = precision(trial.args)
        return difference(got, wanted, rtol=max(self.rtol, single), atol=max(self.atol, single / 100))

    def _judged(self, result: Call, trial: _Trial) -> str:
        assert self.judge is not None
        found = self.judge(copied(result.value), *(copied(one) for one in trial.args))
        reasons = [found] if isinstance(found, str) or found is None else found
        return next((f"{reason} For {trial.words}: got {said(result.value)}." for reason in reasons if reason), "")

    def _named(self, results: list[Call], verdicts: list[str], mistakes: Mapping[str, Callable]) -> str:
        """Return the text of the typical mistake that errs as the answer does, and explains most of its failures."""
        best, failures = "", [k for k, verdict in enumerate(verdicts) if verdict]
        most = len(failures) / 2
        for text, wrong in mistakes.items():
            theirs = [call(wrong, trial.args, limited=False) for trial in self.trials[: len(results)]]
            differs = [k for k, one in enumerate(theirs) if self.verdict(one, self.trials[k])]
            alike = all(self._alike(results[k], theirs[k], self.trials[k]) for k in differs)
            if differs and alike and len(differs) >= most:
                best, most = f"{text} {verdicts[differs[0]]}", len(differs) + 1
        return best

    def _alike(self, one: Call, other: Call, trial: _Trial) -> bool:
        if one.error is not None or other.error is not None:
            return type(one.error) is type(other.error)
        try:
            return not self.compared(one.value, other.value, trial)
        except Exception:  # results of odd types are no reason to fail
            return False

    def _drawn(self, results: list[Call]) -> list[tuple[_Trial, Call]]:
        """Return some trials with a random generator among the arguments, and their results."""
        pairs = zip(self.trials, results, strict=False)
        return [(t, one) for t, one in pairs if one.error is None and any(map(is_generator, t.args))][:8]

    def _other_source(self, answer: Callable, results: list[Call]) -> str:
        """Return what is wrong if the same generator gives another result under another global seed."""
        seed_everything(2)
        for trial, before in self._drawn(results):
            if not self._alike(call(answer, trial.args), before, trial):
                return (
                    f"The same rng gave two different results for {trial.words}: draw all random numbers from "
                    "the rng that is passed in."
                )
        return ""

    def _unused_generator(self, answer: Callable, results: list[Call]) -> str:
        """Return what is wrong if a generator of another seed never changes anything."""
        drawn = self._drawn(results) if self.judge else []
        for trial, before in drawn:
            other = tuple(copied(one, seed=97) for one in trial.args)
            if not self._alike(call(answer, other), before, trial):
                return ""
        same = "Another rng gave the same results: draw the random numbers from the rng that is passed in."
        return same if drawn else ""

    def _changed(self, answer: Callable, results: list[Call]) -> str:
        """Return which array of the caller was changed in place, if any."""
        for result, trial in zip(results, self.trials, strict=False):
            for k, (left, given) in enumerate(zip(result.left, trial.args, strict=False)):
                if not (hasattr(given, "shape") or isinstance(given, (list, dict))):
                    continue
                if difference(left, given, rtol=0, atol=0):
                    name = parameters(answer)[k]
                    return (
                        f"Your function changes the caller's array: {name} was {said(given)} before "
                        f"{trial.words} and {said(left)} after it. Work on a copy."
                    )
        return ""
