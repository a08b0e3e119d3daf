"""Reference-seconds: CPU-seconds, scaled by a fixed workload that runs beside a lesson.

A busy or slow machine needs more CPU-seconds for the same lesson, and for the workload too. One reference-second is
what one CPU-second does on the quiet machine where ``NOMINAL_S`` was measured.
"""

from __future__ import annotations

import threading
import time
from functools import cache

NOMINAL_S = 0.0337  # CPU-seconds of one workload there: a core of an AMD EPYC, numpy's own OpenBLAS
_EVERY_S = 1.5


def workload() -> float:
    """Do the fixed workload once: convolutions, matrix products, plain Python.

    Returns
    -------
    float
        CPU-seconds of this thread. Matrices are so small that BLAS starts no other threads.

    Examples
    --------
    >>> 0 < workload() < 10
    True
    """
    import numpy as np

    image, kernels, matrices = _arrays()
    began = time.thread_time()
    for _ in range(36):
        windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(1, 2))
        rows = np.ascontiguousarray(windows.transpose(1, 0, 3, 4, 2)).reshape(windows.shape[1], -1, windows.shape[2])
        np.maximum(kernels @ rows, 0)
    for _ in range(4):
        np.matmul(matrices, matrices)
    total = 0
    for k in range(100_000):
        total += k * k % 7
    return time.thread_time() - began


@cache
def _arrays() -> tuple:
    import numpy as np

    random = np.random.default_rng(0)
    shapes = ((16, 66, 66), (16, 144), (256, 64, 64))
    return tuple(random.normal(size=shape).astype(np.float32) for shape in shapes)


class Speed:
    """Repeat the workload while a block runs, about 2 % of the time, and at least three times.

    Examples
    --------
    >>> with Speed() as speed:
    ...     pass
    >>> speed.value > 0
    True
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._taken: list[float] = []
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Speed:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()
        while len(self._taken) < 3:
            self._taken.append(workload())

    @property
    def value(self) -> float:
        """Reference-seconds in one CPU-second: below 1 on a machine that was slower or busier than the reference."""
        cut = len(self._taken) // 10  # at both ends: a single slow one says nothing of the whole run
        kept = sorted(self._taken)[cut : len(self._taken) - cut]
        return NOMINAL_S * len(kept) / sum(kept)

    def _sample(self) -> None:
        workload()  # the first one pays for the import of numpy and cold caches
        while not self._over.wait(_EVERY_S):
            self._taken.append(workload())
