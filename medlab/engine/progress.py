"""Progress of many runs on a terminal: lessons done, the running ones with their cells, and the time left."""

from __future__ import annotations

import threading

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from medlab.engine.run import Run
from medlab.lesson import Lesson


class Display:
    """A bar for all, weighted by budget, and one for each running lesson; on no terminal, only finished runs are told.

    Parameters
    ----------
    weights : list of float
        How long each run may take, in any unit.
    console : rich Console, optional
    """

    def __init__(self, weights: list[float], *, console: Console | None = None):
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), console=self.console, transient=True,
            disable=not self.console.is_terminal,
        )  # fmt: skip
        # Cells of long lessons take longer: the sum counts in thousandths of the budget of all, the text in lessons.
        self._share = 1000 / (sum(weights) or 1)
        self._lessons, self._done, self._lock = len(weights), 0, threading.Lock()
        self._cells: dict[str, tuple[TaskID, float]] = {}
        self._finished = 0.0
        self._all = self._bars.add_task(self._title(), total=1000)

    def __enter__(self) -> Display:
        self._bars.start()
        return self

    def __exit__(self, *_) -> None:
        self._bars.stop()

    def cell(self, lesson: Lesson, cell: int, cells: int) -> None:
        """Tell that a cell of a lesson begins; called from any thread."""
        with self._lock:
            if lesson.id not in self._cells:
                self._cells[lesson.id] = self._bars.add_task(f"  {lesson.id}, cell", total=cells), 0.0
            task, _ = self._cells[lesson.id]
            self._cells[lesson.id] = task, (cell - 1) / max(cells, 1) * (lesson.budget["cpu_s"] or 1)
            self._bars.update(task, completed=cell)
            self._show()

    def finished(self, run: Run) -> None:
        """Tell that a run is over."""
        with self._lock:
            self._done += 1
            self._finished += run.lesson.budget["cpu_s"] or 1
            if run.lesson.id in self._cells:
                self._bars.remove_task(self._cells.pop(run.lesson.id)[0])
            self._show()

    def _show(self) -> None:
        done = self._finished + sum(part for _, part in self._cells.values())
        self._bars.update(self._all, completed=int(done * self._share), description=self._title())

    def _title(self) -> str:
        return f"{self._done} of {self._lessons} runs"
