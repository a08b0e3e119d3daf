"""The one loop of gradient descent under `fit` and `minimize`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NoReturn

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from medlab import progress
from medlab.errors import MedlabError
from medlab.training.device_and_seed import seeded
from medlab.training.history import History
from medlab.training.placing import out_of_memory

Loss = Callable[[nn.Module, torch.Generator], Tensor]


@dataclass(frozen=True)
class Plan:
    """How to descend: ``epoch`` steps make one entry of the history; ``unit`` is what such an entry is called."""

    steps: int
    lr: float
    weight_decay: float
    seed: int
    device: torch.device
    progress: bool
    epoch: int = 1
    unit: str = "step"
    one_cycle: bool = True
    scaled: bool = False

    def __post_init__(self) -> None:
        real = all(isinstance(rate, Real) for rate in (self.lr, self.weight_decay))
        if not (real and 0 < self.lr < float("inf") and 0 <= self.weight_decay < float("inf")):
            raise MedlabError(
                f"lr={self.lr!r}, weight_decay={self.weight_decay!r}; wanted finite numbers, above 0 and from 0 on",
                hint="try lr=5e-3, weight_decay=0.0",
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, Integral):
            raise MedlabError(f"seed={self.seed!r} is not a whole number", hint="seed=0")

    def place(self, step: int) -> str:
        """Return where a step (from 0) is, in words."""
        if self.unit == "step":
            return f"step {step + 1}"
        return f"{self.unit} {step // self.epoch + 1}, step {step % self.epoch + 1}"


def descend(model: nn.Module, loss: Loss, plan: Plan, *, after: Callable[[History], None] | None = None) -> History:
    """Train ``model`` where it is, by ``loss(model, generator) -> scalar``, and return what happened.

    ``after(history)`` is called after each entry of the history, and may add to it.
    """
    optimizer = torch.optim.AdamW(_groups(model, plan.weight_decay), lr=plan.lr, fused=True)
    schedule = _schedule(optimizer, plan)
    scaler = torch.amp.GradScaler(plan.device.type, enabled=plan.scaled)
    generator = torch.Generator(plan.device).manual_seed(int(plan.seed))
    history = History(device=str(plan.device), unit=plan.unit)
    losses: list[Tensor] = []
    start = time.perf_counter()
    with progress.bar(plan.steps, "training", shown=plan.progress) as bar, _reproducible(int(plan.seed)):
        for step in range(plan.steps):
            model.train()
            with explained(plan.place(step)):
                value = _scalar(loss(model, generator))
                optimizer.zero_grad(set_to_none=True)
                scaler.scale(value).backward()
            losses.append(value.detach())
            ends = (step + 1) % plan.epoch == 0
            if ends or plan.device.type == "cpu":  # elsewhere a look at each loss would make the device wait
                _check_finite(losses, plan, step)
            scaler.step(optimizer)
            scaler.update()
            schedule.step()
            bar.update()
            if ends:
                history.loss.append(float(torch.stack(losses).mean()))
                history.lr.append(float(schedule.get_last_lr()[0]))
                losses = []
                if after is not None:
                    after(history)
                history.seconds.append(time.perf_counter() - start)
                start = time.perf_counter()
                bar.set_postfix(loss=f"{history.loss[-1]:.3g}", refresh=False)
    return history


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what torch says of a model, a loss or their data into a MedlabError, with torch's words at the end."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, IndexError, UserWarning) as error:
        if out_of_memory(error):
            raise
        said = " ".join(str(error).split())
        for part, reason, hint in _REASONS:
            if part in said:
                raise MedlabError(f"{reason} ({place}: {said})", hint=hint) from error
        raise MedlabError(
            f"the model or the loss failed in {place}: {type(error).__name__}: {said}",
            hint="compare shapes and types: model(images[:2]).shape, images.dtype, targets.shape, targets.dtype",
        ) from error


_DTYPE = "a type of number that the model or the loss does not take"
_DTYPE_HINT = "use targets.long() for cross_entropy and targets.float() for other losses; images are float32"
_REASONS = (
    (
        "more than 1 value per channel",
        "batch normalization got a single value per channel: a batch of one image",
        "choose batch_size so that no batch has one image (the last may be smaller), or use GroupNorm",
    ),
    (
        "more than 1 spatial element",
        "instance normalization got a single pixel per channel",
        "use larger images, fewer poolings, or GroupNorm",
    ),
    ("Using a target size", "outputs and targets differ in shape", "targets[:, None] or output[:, 0] makes them equal"),
    ("same device", "tensors on two devices", "make models and tensors with .to(lab.device)"),
    (
        "device type for generator",
        "random numbers were drawn for a device that is not the generator's",
        "draw with device=generator.device, then .to(lab.device)",
    ),
    ("scalar type", _DTYPE, _DTYPE_HINT),
    ("not implemented for", _DTYPE, _DTYPE_HINT),
    ("Found dtype", _DTYPE, _DTYPE_HINT),
    ("can't be cast", _DTYPE, _DTYPE_HINT),
    ("Input type", _DTYPE, _DTYPE_HINT),
)


def _scalar(value: Tensor) -> Tensor:
    if not isinstance(value, Tensor) or value.numel() != 1 or not value.is_floating_point():
        got = f"a tensor {tuple(value.shape)} of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
        raise MedlabError(f"the loss is {got}; wanted one real number", hint="return a mean: (...).mean()")
    if not value.requires_grad:
        raise MedlabError(
            "the loss does not depend on the parameters that are to be trained",
            hint="compute it from the model's output, without .detach(), .item(), no_grad or numpy",
        )
    return value.reshape(())


def _check_finite(losses: list[Tensor], plan: Plan, step: int) -> None:
    bad = torch.nonzero(~torch.isfinite(torch.stack(losses))).flatten()
    if len(bad):
        first = step - len(losses) + 1 + int(bad[0])
        _stop(f"the loss became {losses[bad[0]].item()} in {plan.place(first)}", plan)


def check_weights(ruined: list[str], plan: Plan) -> None:
    """Raise a MedlabError if the last step, after which no loss was computed, left weights that are not finite."""
    if ruined:
        _stop(f"the weights {ruined[0]!r} became nan or inf in the last step", plan)


def _stop(what: str, plan: Plan) -> NoReturn:
    raise MedlabError(
        what,
        hint=f"lower lr (it was {plan.lr:.2g}), scale the images to about 0 to 1, look for log(0) or 0/0 in the loss",
    )


def _schedule(optimizer: torch.optim.Optimizer, plan: Plan) -> LRScheduler:
    if not plan.one_cycle:
        return LambdaLR(optimizer, lambda step: 1.0)
    # One step more than is taken: the schedule cannot be built for a single step.
    return OneCycleLR(optimizer, plan.lr, total_steps=plan.steps + 1)


def _groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Split the parameters: decay shrinks weights, while biases and norm scales must stay free."""
    free = [p for p in model.parameters() if p.requires_grad]
    weights = {"params": [p for p in free if p.ndim > 1], "weight_decay": weight_decay}
    rest = {"params": [p for p in free if p.ndim <= 1], "weight_decay": 0.0}
    return [group for group in (weights, rest) if group["params"]]


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)
    with seeded(seed), flags, warnings.catch_warnings():
        # torch only warns of shapes that it then broadcasts to a wrong loss.
        warnings.filterwarnings("error", message="Using a target size")
        yield
