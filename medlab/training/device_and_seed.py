"""Where to compute, and with which seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from medlab.errors import MedlabError, unknown


def device(name: str | torch.device = "auto") -> torch.device:
    """Return the device of that name; "auto" is CUDA, then MPS, then the processor.

    Raises
    ------
    MedlabError
        If the name is unknown, or this machine has no such device.

    Examples
    --------
    >>> device("cpu")
    device(type='cpu')
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if str(name) == "auto":
        return torch.device(next(kind for kind, here in present.items() if here))
    kind, _, number = str(name).partition(":")
    if kind not in present or (number and not number.isdigit()):
        raise unknown("device", str(name), ["auto", *present])
    if not present[kind] or (kind == "cuda" and int(number or 0) >= torch.cuda.device_count()):
        raise MedlabError(f"device {str(name)!r} is not on this machine", hint='use device="auto" or device="cpu"')
    return torch.device(str(name))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with torch's global generators seeded, and leave them afterwards as they were.

    Examples
    --------
    >>> with seeded(0):
    ...     first = torch.nn.Linear(2, 1)
    """
    cards = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=cards):
        torch.manual_seed(seed)
        yield


@cache
def watch_devices() -> Counter[str]:
    """Return a counter of the optimizer steps that each device has taken in this process since the first call.

    It goes on counting: whoever wants the steps of a part of the work subtracts a copy.

    Examples
    --------
    >>> before = watch_devices().copy()
    >>> layer = torch.nn.Linear(2, 1)
    >>> layer(torch.ones(1, 2)).sum().backward()
    >>> torch.optim.SGD(layer.parameters()).step()
    >>> watch_devices() - before
    Counter({'cpu': 1})
    """
    steps: Counter[str] = Counter()

    def note(optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        steps.update({str(p.device) for group in optimizer.param_groups for p in group["params"]})

    register_optimizer_step_post_hook(note)
    return steps
