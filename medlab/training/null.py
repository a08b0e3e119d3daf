"""Runs in which no network learns: each step of a torch optimizer is undone. ``medlab verify --null`` asks for them."""

from __future__ import annotations

import os
from weakref import WeakKeyDictionary

import torch
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook


def wanted() -> bool:
    """Return whether the environment variable MEDLAB_NULL asks for it."""
    return os.environ.get("MEDLAB_NULL", "") not in ("", "0")


class Null:
    """Undo each optimizer step of this process until `stop`.

    Parameters are put back after the step: a learning rate of zero would leave Rprop, which hardly uses it, and fused
    optimizers, which read it elsewhere. Weight decay and line searches are undone too.

    Attributes
    ----------
    steps : int
        How many were undone.

    Examples
    --------
    >>> weight = torch.nn.Parameter(torch.ones(1))
    >>> optimizer, null = torch.optim.AdamW([weight], lr=0.1), Null()
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.item(), null.steps
    (1.0, 1)
    >>> null.stop()
    """

    def __init__(self) -> None:
        self.steps = 0
        self._before: WeakKeyDictionary[Optimizer, list[torch.Tensor]] = WeakKeyDictionary()
        self._hooks = register_optimizer_step_pre_hook(self._save), register_optimizer_step_post_hook(self._restore)

    def stop(self) -> None:
        """Let later steps have their effect again."""
        for hook in self._hooks:
            hook.remove()

    def _save(self, optimizer: Optimizer, *_) -> None:
        self._before[optimizer] = [weight.detach().clone() for weight in _weights(optimizer)]

    def _restore(self, optimizer: Optimizer, *_) -> None:
        with torch.no_grad():
            for weight, before in zip(_weights(optimizer), self._before.pop(optimizer), strict=True):
                weight.copy_(before)
        self.steps += 1


_RUNNING: list[Null] = []


def start() -> Null:
    """Begin to undo steps, once in a process; return what does it."""
    if not _RUNNING:
        _RUNNING.append(Null())
    return _RUNNING[0]


def _weights(optimizer: Optimizer) -> list[torch.Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]
