"""Train and apply any torch module on tensors in memory: fit, minimize and predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from medlab.errors import DataError, MedlabError, unknown
from medlab.progress import each
from medlab.training.augmenting import Augment
from medlab.training.device_and_seed import device
from medlab.training.history import History
from medlab.training.loop import Loss, Plan, check_weights, descend, explained
from medlab.training.placing import LAYOUTS, Snapshot, halve_once, near, placed

_device = device  # the functions below have a parameter of that name
_SCHEDULES: dict[object, bool] = {True: True, "one-cycle": True, False: False, "constant": False}


def fit(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    epochs: int,
    batch_size: int = 64,
    lr: float = 5e-3,
    weight_decay: float = 0.05,
    augment: Augment | None = None,
    validation: tuple[Tensor, Tensor] | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: bool = True,
) -> History:
    """Train ``model`` in place with AdamW on a one-cycle schedule, and return what happened.

    Parameters
    ----------
    model : Module
        Any module that takes a batch of images. It ends on the device it came from, in evaluation mode.
    images : Tensor, shape (N, C, H, W) or (N, C, D, H, W); targets : Tensor, N rows
        What is learned from; the rest is up to ``model`` and ``loss``.
    loss : callable
        ``loss(output, targets) -> scalar Tensor``.
    epochs, batch_size : int
        Passes over the images, and images a step. Batches are of equal size, at most this.
    lr, weight_decay : float
        Peak of the one-cycle schedule; decay of the weights (biases and norm scales are not decayed).
    augment : callable, optional
        ``augment(batch, generator) -> batch``, on the device; see `augmentations`.
    validation : (images, targets), optional
        Only looked at: their loss is recorded after each epoch and changes nothing.
    seed : int
        Order of images, augmentation and dropout. The same seed gives the same weights on the same machine; the
        global random generators are left as they were. The first weights are the model's: see `seeded`.
    device : str
        "auto" (CUDA, then MPS, then CPU), or one of them. Mixed precision is used on CUDA only.
    progress : bool
        Show a bar with the time left, for trainings over two seconds.

    Raises
    ------
    MedlabError
        If the loss or the weights become nan or inf, the model or the loss fails on a batch (types, shapes, a batch of
        one in front of batch normalization), memory runs out although the batch was halved once, the device is
        missing, or a number makes no sense.
    DataError
        If there are no images, or not one target for each.

    Notes
    -----
    After an error the model has the weights from before, and can be trained again. A training that is interrupted
    (KeyboardInterrupt) leaves those of the last step. The error says which.

    References
    ----------
    Loshchilov & Hutter 2019, AdamW, doi:10.48550/arXiv.1711.05101;
    Smith & Topin 2019, one-cycle schedule, doi:10.1117/12.2520589

    Examples
    --------
    >>> x = torch.randn(32, 4)
    >>> history = fit(nn.Linear(4, 2), x, (x[:, 0] > 0).long(), loss=nn.functional.cross_entropy, epochs=2)
    >>> len(history.loss)
    2
    """
    _whole(epochs=epochs, batch_size=batch_size)
    _check_rows(images, targets, "training")
    if validation is not None:
        _check_rows(*validation, "validation")
    snapshot, where = Snapshot(model), _device(device)
    data = _Data(images, targets, loss, augment, validation, where)
    scaled = where.type == "cuda" and _half() is torch.float16
    plan = Plan(epochs, lr, weight_decay, seed, where, progress, unit="epoch", scaled=scaled)

    def train(size: int) -> History:
        snapshot.restore()
        history = data.train(model, plan, size)
        check_weights(snapshot.ruined(), plan)
        return history

    with placed(model, where, images.ndim), snapshot.kept():
        try:
            return halve_once(train, min(batch_size, len(images)))
        except MedlabError as error:
            error.message += data.blame()
            raise


def minimize(
    model: nn.Module,
    loss: Loss,
    *,
    steps: int,
    lr: float,
    seed: int = 0,
    weight_decay: float = 0.0,
    schedule: bool | str = True,
    device: str | torch.device = "auto",
    progress: bool = True,
) -> History:
    """Train ``model`` in place with AdamW by a loss that draws its own batch, and return what happened.

    Parameters
    ----------
    model : Module
        It ends on the device it came from, in evaluation mode.
    loss : callable
        ``loss(model, generator) -> scalar Tensor``. It draws its batch with the torch.Generator that it is given, whose
        ``device`` is the one of the training.
    steps : int
        Steps of the optimizer.
    lr, weight_decay : float
        Peak of the schedule; decay of the weights (biases and norm scales are not decayed).
    seed : int
        Of the generator and of torch's global ones, which are left as they were.
    schedule : bool or {"one-cycle", "constant"}
        True is "one-cycle", False is "constant".
    device : str
        As in `fit`. Everything is computed in the precision of the model.
    progress : bool
        Show a bar with the time left, for trainings over two seconds.

    Returns
    -------
    History
        One entry for each step.

    Raises
    ------
    MedlabError
        As `fit`; the model can then be trained again, and the error says with which weights.

    Examples
    --------
    >>> def loss(model, generator):
    ...     x = torch.randn(16, 4, generator=generator, device=generator.device)
    ...     return (model(x) - x.sum(1, keepdim=True)).square().mean()
    >>> history = minimize(nn.Linear(4, 1), loss, steps=50, lr=0.1)
    >>> history.loss[-1] < history.loss[0]
    True
    """
    _whole(steps=steps)
    if not isinstance(schedule, (bool, str)) or schedule not in _SCHEDULES:
        raise unknown("schedule", schedule, ["one-cycle", "constant"])
    snapshot, where = Snapshot(model), _device(device)
    plan = Plan(steps, lr, weight_decay, seed, where, progress, one_cycle=_SCHEDULES[schedule])
    with placed(model, where), snapshot.kept():
        history = descend(model, loss, plan)
        check_weights(snapshot.ruined(), plan)
    return history


def predict(
    model: nn.Module,
    images: Tensor,
    *,
    batch_size: int = 512,
    device: str | torch.device = "auto",
    activation: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Apply ``model`` to images in evaluation mode, without gradients.

    Parameters
    ----------
    model : Module
        Afterwards on the device and in the mode (training or evaluation, each part) that it had.
    images : Tensor, N rows
    batch_size : int
        Images at a time; halved once, with a warning, if memory runs out.
    device : str
        As in `fit`.
    activation : callable, optional
        Applied to each batch of outputs, such as ``torch.sigmoid``.

    Returns
    -------
    Tensor, N rows, in main memory, float32 for floating-point outputs

    Raises
    ------
    MedlabError
        If there are no images, the model fails on them, the device is missing, or memory runs out again.

    Examples
    --------
    >>> predict(nn.Linear(4, 2), torch.zeros(3, 4), device="cpu").shape
    torch.Size([3, 2])
    """
    _whole(batch_size=batch_size)
    if not isinstance(images, Tensor) or not len(images):
        what = "0 images" if isinstance(images, Tensor) else f"images of type {type(images).__name__}"
        raise DataError(what, hint="wanted a torch Tensor with at least one image")
    where = _device(device)

    def apply(size: int) -> Tensor:
        with explained(f"a batch of shape {(size, *images.shape[1:])} and {images.dtype}"):
            outputs = (_forward(model, batch, where) for batch in each(images.split(size), "predicting"))
            return torch.cat([(output if activation is None else activation(output)).cpu() for output in outputs])

    modes = {module: module.training for module in model.modules()}
    try:
        with placed(model, where, images.ndim), torch.no_grad():
            return halve_once(apply, min(batch_size, len(images)))
    finally:
        for module, mode in modes.items():
            module.training = mode


@dataclass(frozen=True)
class _Data:
    """What `fit` learns from, and its loss."""

    images: Tensor
    targets: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]
    augment: Augment | None
    validation: tuple[Tensor, Tensor] | None
    device: torch.device

    def train(self, model: nn.Module, plan: Plan, size: int) -> History:
        """Train by a plan whose steps are epochs, with batches of at most this size."""
        steps = -(-len(self.images) // size)
        batches = self.batches(steps, int(plan.seed))
        history = descend(
            model,
            lambda net, noise: self.loss_of(net, next(batches), noise),
            replace(plan, steps=plan.steps * steps, epoch=steps),
            after=lambda found: self.validate(model, found, size),
        )
        history.batch_size = size
        return history

    def batches(self, steps: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches on the device without end, each epoch in an order of its own."""
        images, targets = near(self.images, self.device), near(self.targets, self.device)
        order = torch.Generator().manual_seed(seed)
        while True:
            for rows in torch.randperm(len(images), generator=order).tensor_split(steps):
                batch, wanted = (source[rows.to(source.device)].to(self.device) for source in (images, targets))
                yield batch, wanted

    def loss_of(self, model: nn.Module, batch: tuple[Tensor, Tensor], noise: torch.Generator) -> Tensor:
        images, wanted = batch
        if self.augment is not None:
            images = self.augment(images, noise)
        return self.loss(_forward(model, images, self.device, training=True), wanted)

    def validate(self, model: nn.Module, history: History, size: int) -> None:
        if self.validation is None:
            return
        images, targets = self.validation
        total = 0.0
        with torch.no_grad(), explained(f"the validation after epoch {len(history.loss)}"):
            for batch, wanted in zip(images.split(size), targets.split(size), strict=True):
                total += float(self.loss(_forward(model, batch, self.device), wanted.to(self.device))) * len(batch)
        history.validation.append(total / len(images))

    def blame(self) -> str:
        """Return which image or target is not finite, as the end of a message; "" if all are."""
        for name, rows in (("image", self.images), ("target", self.targets)):
            if rows.is_floating_point() and not torch.isfinite(rows).all():
                first = int(torch.nonzero(~torch.isfinite(rows.flatten(1) if rows.ndim > 1 else rows))[0, 0])
                return f"; {name} {first} holds nan or inf"
        return ""


def _forward(model: nn.Module, batch: Tensor, where: torch.device, *, training: bool = False) -> Tensor:
    """Return the output for a batch, in single precision however it was computed."""
    if model.training != training:
        model.train(training)
    layout = LAYOUTS.get(batch.ndim, torch.contiguous_format)
    batch = batch.to(where).contiguous(memory_format=layout)
    with torch.autocast(where.type, dtype=_half(), enabled=where.type == "cuda"):
        output = model(batch)
    return output.float() if isinstance(output, Tensor) and output.is_floating_point() else output


def _half() -> torch.dtype:
    """Return bfloat16 where the card computes in it, else float16."""
    native = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native or not torch.cuda.is_available() else torch.float16


def _whole(**numbers: int) -> None:
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise MedlabError(f"{name}={value!r}; wanted a whole number, at least 1", hint=f"{name}=10")


def _check_rows(images: Tensor, targets: Tensor, what: str) -> None:
    for name, rows in (("images", images), ("targets", targets)):
        if not isinstance(rows, Tensor) or not rows.ndim:
            raise DataError(
                f"the {what} {name} are {type(rows).__name__}; wanted a torch Tensor with one row per image",
                hint="torch.from_numpy(array) makes one of an array",
            )
    if not len(images):
        raise DataError(f"there are no {what} images", hint="look at len(images): the split may be empty")
    if len(images) != len(targets):
        raise DataError(
            f"{len(images)} {what} images but {len(targets)} targets", hint="one row of targets per image, in order"
        )
