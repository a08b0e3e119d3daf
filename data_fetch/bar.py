"""The bar of a download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class bar:
    """A bar with rate and time left, in terminals and notebooks; it appears only if there is something to wait for."""

    def __init__(self, name: str, shown: bool):
        self.name, self.shown = name, shown
        self.bar: Any = None

    def __enter__(self) -> Callable[[int, int | None], None] | None:
        return self._tell if self.shown else None

    def _tell(self, have: int, total: int | None) -> None:
        from tqdm.auto import tqdm

        if self.bar is None:
            self.bar = tqdm(total=total, desc=self.name, unit="B", unit_scale=True, delay=1, initial=0)
        self.bar.update(have - self.bar.n)

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.close()
