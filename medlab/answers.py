"""Call a function that a student wrote: on copies, within a time, and with nothing of it getting out."""

from __future__ import annotations

import dis
import inspect
import io
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

LIMIT_S = 10.0  # for one call of the student's function, which may import a library


class TooLong(BaseException):
    """A call exceeded its time. Not an Exception, so that the student's own ``except`` does not swallow it."""


@dataclass(frozen=True)
class Call:
    """What one call came to: a value or an error, and the arguments as they were left."""

    value: Any = None
    error: BaseException | None = None
    left: tuple = ()


def call(function: Callable, args: tuple, *, limited: bool = True) -> Call:
    """Call a function on copies of the arguments; its printing, warnings and errors stay inside.

    Parameters
    ----------
    function : callable
    args : tuple
    limited : bool
        Whether it must end within LIMIT_S seconds; a reference need not.

    Raises
    ------
    KeyboardInterrupt
        When the student interrupts the kernel.
    """
    given = tuple(copied(one) for one in args)
    limit = _TimeLimit()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if limited:
                limit.start(LIMIT_S)
            value = function(*given)
            limit.cancel()
            return Call(value, left=given)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Call(error=error.with_traceback(None), left=given)
        finally:
            limit.cancel()


class _TimeLimit:
    """Raise TooLong after some seconds, where signals allow it: in the main thread, not on Windows."""

    def __init__(self) -> None:
        self.running = False

    def start(self, seconds: float) -> None:
        if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
            self.running = True
            self.before = signal.signal(signal.SIGALRM, self._stop)
            self.left = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again, should an answer swallow the first

    def cancel(self) -> None:
        """End the limit; may be called twice, since an alarm can arrive within the first call."""
        if hasattr(self, "left"):
            self.running = False
            signal.setitimer(signal.ITIMER_REAL, *self.left)
            signal.signal(signal.SIGALRM, self.before)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.running:
            raise TooLong


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Leave the global random states of Python, numpy and torch as they were."""
    torch = sys.modules.get("torch")
    states = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if torch:
            torch.set_rng_state(states[2])


def seed_everything(seed: int) -> None:
    """Set the global random states, of which no answer may make use."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


def copied(value: Any, *, seed: int | None = None) -> Any:
    """Return a deep copy; a random generator keeps its state, or starts from a seed."""
    torch = sys.modules.get("torch")
    if isinstance(value, np.random.Generator) and seed is not None:
        return np.random.default_rng(seed)
    if torch and isinstance(value, torch.Generator) and seed is not None:
        return torch.Generator(value.device).manual_seed(seed)
    return deepcopy(value)


def is_generator(value: Any) -> bool:
    """Return whether a value is a random generator of numpy or torch."""
    torch = sys.modules.get("torch")
    return isinstance(value, (np.random.Generator, torch.Generator) if torch else np.random.Generator)


def line(error: BaseException) -> str:
    """Return the message of an error as one line of at most 200 characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:197]}..."


def said_error(error: BaseException, words: str) -> str:
    """Say which error a call raised; ``words`` are the call."""
    if isinstance(error, TooLong):
        return f"{words} did not end in time: does a loop never stop?"
    return f"Your function raised {type(error).__name__} for {words}: {line(error) or 'no message'}."


def lazy(value: Any) -> str:
    """Name what is not yet a result: a generator, a coroutine, a function, an iterator."""
    if inspect.iscoroutine(value):
        value.close()
        return "A coroutine"
    if inspect.isgenerator(value):
        return "A generator (is there a yield?)"
    if callable(value) and not hasattr(value, "shape"):
        return "A function (are parentheses missing?)"
    if isinstance(value, (map, filter, zip, reversed)):
        return f"A {type(value).__name__} object"
    return ""


def parameters(function: Callable) -> list[str]:
    """Return the names of a function's parameters, and numbered ones after them."""
    try:
        known = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # not a function, or one written in C
        known = []
    return [*known, *(f"argument {k}" for k in range(len(known) + 1, 20))]


def wrong_parameters(answer: Callable, args: tuple) -> str:
    """Return what is wrong if a function cannot be called with some arguments; nothing if it can."""
    try:
        inspect.signature(answer).bind(*args)
    except TypeError:
        many = f"{len(args)} argument{'s' * (len(args) != 1)}"
        wanted = f"is called with {many}: keep the first line of the exercise as it was"
        return f"Your function has the parameters {inspect.signature(answer)}, and {wanted}."
    except ValueError:  # a function written in C
        return ""
    return ""


def untouched(answer: Callable, results: list[Call]) -> bool:
    """Return whether nothing was written yet: a stub returns nothing and never looks at its arguments."""
    if all(isinstance(one.error, NotImplementedError) or one.value is Ellipsis for one in results):
        return True
    if any(one.error is not None or one.value is not None for one in results):
        return False
    code = getattr(inspect.unwrap(answer), "__code__", None)
    return code is None or not any(i.opname.startswith(("LOAD_FAST", "LOAD_DEREF")) for i in dis.get_instructions(code))
