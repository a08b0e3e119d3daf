"""A bar of progress for what takes over two seconds. It leaves nothing behind: see ``bar``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TypeVar

from tqdm.std import tqdm

Item = TypeVar("Item")
AFTER_S = 2.0
_EVERY_S = 0.3
_PREFIX = "medlab-progress-"
_TEXT = "{desc}: {n_fmt} of {total_fmt}, {remaining} left{postfix}"


@contextmanager
def bar(total: int, what: str, *, shown: bool = True) -> Iterator[tqdm]:
    """Show how far a loop is, once it has run for two seconds, to somebody who looks on.

    In a notebook that a person runs, the bar is taken away at the end. Where the cell shows something else too, an
    empty display is left, which takes no room: Jupyter can clear all outputs of a cell or none. Where a program runs
    the notebook (papermill, nbclient, nbval) there is no bar, nor where the output goes to a file.

    Parameters
    ----------
    total : int
        Number of steps.
    what : str
        What is being done, such as "training".
    shown : bool
        Whether to show it at all.

    Yields
    ------
    tqdm
        Call its ``update()`` after each step.

    Examples
    --------
    >>> with bar(3, "training") as steps:
    ...     for _ in range(3):
    ...         steps.update()
    """
    prepare()
    kernel = _kernel()
    if kernel is None:
        shown = shown and sys.stderr is not None and sys.stderr.isatty()
        found = tqdm(
            total=total, desc=what, delay=AFTER_S, leave=False, disable=not shown, mininterval=_EVERY_S, file=sys.stderr
        )
    else:
        found = _InNotebook(total, what, _cell(kernel) if shown else "")
    with found:
        yield found


def each(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield items, and show how far the loop over them is; see ``bar``.

    Examples
    --------
    >>> list(each(range(0, 6, 2), "simulating"))
    [0, 2, 4]
    """
    with bar(len(items), what) as steps:
        for item in items:
            yield item
            steps.update()


class _InNotebook(tqdm):
    """A bar as a display of a cell; bars that are there at the same time share it."""

    monitor_interval = 0  # no thread that watches for long steps

    def __init__(self, total: int, what: str, cell: str):
        self._cell, self._place = cell, _PREFIX + cell
        self.disable: bool = not cell
        super().__init__(
            total=total, desc=what, delay=AFTER_S, leave=False, disable=not cell, mininterval=_EVERY_S,
            bar_format=_TEXT, file=sys.stdout,
        )  # fmt: skip

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Draw the bar as it is now."""
        text = escape(self.format_meter(**self.format_dict))
        meter = f"<progress max='{self.total}' value='{self.n}' aria-label='{escape(str(self.desc))}'></progress>"
        self._show({"text/html": f"{meter} {text}", "text/plain": text})
        return True

    def close(self) -> None:
        """Empty the display."""
        if not self.disable:
            self.disable = True
            self._decr_instances(self)
            if self._place in _PLACES:
                self._take_away()

    def _take_away(self) -> None:
        from IPython.display import clear_output

        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if _OUTPUTS.nothing_in(self._cell):
            clear_output()
            _PLACES.discard(self._place)
        else:
            self._show({})

    def _show(self, bundle: dict[str, str]) -> None:
        from IPython.display import publish_display_data

        publish_display_data(bundle, transient={"display_id": self._place}, update=self._place in _PLACES)
        _PLACES.add(self._place)


class _Outputs:
    """Which cells have shown anything but bars, from the messages that the kernel sends."""

    def __init__(self) -> None:
        self._since = ""
        self._cells: set[str] = set()

    def watch(self, kernel) -> None:
        """Begin to look at messages; of the cell that runs now, nobody knows any more."""
        if self._since:
            return
        send, self._since = kernel.session.send, kernel.get_parent().get("header", {}).get("msg_id", "none")

        def noted(stream, message, *args, **options):
            if isinstance(message, dict) and message.get("msg_type") in ("stream", "display_data", "execute_result"):
                name = message["content"].get("transient", {}).get("display_id") or ""
                if not str(name).startswith(_PREFIX):
                    self._cells.add(message["parent_header"].get("msg_id"))
            return send(stream, message, *args, **options)

        kernel.session.send = noted

    def nothing_in(self, cell: str) -> bool:
        """Return whether a cell has surely shown nothing."""
        return bool(self._since) and cell != self._since and cell not in self._cells


_PLACES: set[str] = set()  # displays that exist
_OUTPUTS = _Outputs()


def prepare() -> None:
    """Begin to note what cells show, so that bars can be taken away; a lesson calls this in its first line.

    Examples
    --------
    >>> prepare()
    """
    if (kernel := _kernel()) is not None:
        _OUTPUTS.watch(kernel)


def _kernel():
    """Return the Jupyter kernel that this is, or None."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None)


def _cell(kernel) -> str:
    """Return what names the running cell, or "" if nobody looks on: programs that run notebooks allow no input()."""
    parent = kernel.get_parent()
    if os.environ.get("MEDLAB_STATIC") or not parent.get("content", {}).get("allow_stdin"):
        return ""
    return parent["header"]["msg_id"]
