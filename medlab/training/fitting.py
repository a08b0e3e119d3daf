"""Train and apply any torch module on tensors in memory: fit, predict, and a history that draws itself."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm.std import tqdm

from medlab.errors import DataError, MedlabError
from medlab.training.device_and_seed import device, seeded
from medlab.training.history import History

Augment = Callable[[Tensor, torch.Generator], Tensor]
__all__ = ["History", "augmentations", "device", "fit", "predict", "seeded"]
_device = device  # `fit` and `predict` have a parameter of that name
BAR_AFTER = 2  # seconds
_LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}


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
        If the loss is not finite, memory runs out although the batch was halved once, the device is missing, or
        a number makes no sense.
    DataError
        If there are no images, or not one target for each.

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
    if min(epochs, batch_size) < 1 or not lr > 0:
        raise MedlabError(
            f"epochs={epochs}, batch_size={batch_size}, lr={lr}; wanted at least 1, at least 1, above 0",
            hint="try epochs=5, batch_size=64, lr=5e-3",
        )
    _check_rows(images, targets, "training")
    if validation is not None:
        _check_rows(*validation, "validation")
    if not any(p.requires_grad for p in model.parameters()):
        raise MedlabError("the model has no parameters to train", hint="set requires_grad to True on some of them")
    plan = _Plan(images, targets, loss, epochs, lr, weight_decay, augment, validation, seed, progress)
    before = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def train(size: int) -> History:
        model.load_state_dict(before)
        return _train(model, plan, size, where)

    where = _device(device)
    with _placed(model, where, images.ndim):
        return _halve_once(train, min(batch_size, len(images)))


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
        If there are no images, the device is missing, or memory runs out again.

    Examples
    --------
    >>> predict(nn.Linear(4, 2), torch.zeros(3, 4), device="cpu").shape
    torch.Size([3, 2])
    """
    if not len(images) or batch_size < 1:
        raise MedlabError(
            f"{len(images)} images, batch_size={batch_size}", hint="give at least one image, batch_size=512"
        )
    where = _device(device)

    def apply(size: int) -> Tensor:
        outputs = (_forward(model, batch, where) for batch in images.split(size))
        return torch.cat([(output if activation is None else activation(output)).cpu() for output in outputs])

    modes = {module: module.training for module in model.modules()}
    try:
        with _placed(model, where, images.ndim), torch.no_grad():
            return _halve_once(apply, min(batch_size, len(images)))
    finally:
        for module, mode in modes.items():
            module.training = mode


def augmentations(*, shift: int = 2, flip: bool = False, intensity: float = 0.1) -> Augment:
    """Make an augmentation for `fit`: every image of a batch is moved, mirrored and re-exposed by its own draw.

    Parameters
    ----------
    shift : int
        Largest shift along each spatial axis in pixels; the border is repeated.
    flip : bool
        Mirror half of the images along the last axis. Leave it off where left and right differ (heart, organs).
    intensity : float
        Gain within 1 +- this, and an offset within +- this share of the batch's standard deviation.

    Returns
    -------
    callable(batch, generator) -> batch
        For (N, C, H, W) and (N, C, D, H, W) of any floating-point unit; the input is left as it was.

    Examples
    --------
    >>> augmentations(shift=1)(torch.zeros(2, 1, 8, 8), torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1, 8, 8])
    """

    def augment(batch: Tensor, generator: torch.Generator) -> Tensor:
        draw = {"generator": generator, "device": batch.device}
        n, axes = len(batch), batch.ndim - 2
        for axis in range(2, batch.ndim):
            size = batch.shape[axis]
            place = torch.arange(size, device=batch.device).repeat(n, 1)
            if shift:
                place = (place + torch.randint(-shift, shift + 1, (n, 1), **draw)).clamp_(0, size - 1)
            if flip and axis == batch.ndim - 1:
                place = torch.where(torch.rand(n, 1, **draw) < 0.5, size - 1 - place, place)
            view = [n, 1] + [size if k + 2 == axis else 1 for k in range(axes)]
            batch = torch.take_along_dim(batch, place.view(view), dim=axis)
        if intensity:
            gain, offset = (2 * torch.rand(2, n, *[1] * (axes + 1), **draw) - 1) * intensity
            batch = batch * (1 + gain) + offset * batch.std()
        return batch

    return augment


@dataclass(frozen=True)
class _Plan:
    """The arguments of `fit` that stay the same when the batch is halved."""

    images: Tensor
    targets: Tensor
    loss: Callable
    epochs: int
    lr: float
    weight_decay: float
    augment: Augment | None
    validation: tuple[Tensor, Tensor] | None
    seed: int
    progress: bool


def _train(model: nn.Module, plan: _Plan, size: int, where: torch.device) -> History:
    steps = -(-len(plan.images) // size)
    optimizer = torch.optim.AdamW(_groups(model, plan.weight_decay), lr=plan.lr, fused=True)
    # One step more than is taken: the schedule cannot be built for a single step.
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.lr, total_steps=plan.epochs * steps + 1)
    scaler = torch.amp.GradScaler(where.type, enabled=where.type == "cuda" and _half() is torch.float16)
    images, targets = (_near(rows, where) for rows in (plan.images, plan.targets))
    order = torch.Generator().manual_seed(plan.seed)
    noise = torch.Generator(where).manual_seed(plan.seed)
    history = History(device=str(where), batch_size=size)
    bar = _bar(plan, plan.epochs * steps)
    with bar, seeded(plan.seed), torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        for epoch in range(plan.epochs):
            start = time.perf_counter()
            model.train()
            losses = []
            for rows in torch.randperm(len(images), generator=order).tensor_split(steps):
                batch, wanted = (source[rows.to(source.device)].to(where) for source in (images, targets))
                if plan.augment is not None:
                    batch = plan.augment(batch, noise)
                value = plan.loss(_forward(model, batch, where, training=True), wanted)
                optimizer.zero_grad(set_to_none=True)
                scaler.scale(value).backward()
                scaler.step(optimizer)
                scaler.update()
                schedule.step()
                losses.append(value.detach())
                bar.update()
            history.loss.append(_mean(torch.stack(losses), epoch, plan.lr))
            history.lr.append(schedule.get_last_lr()[0])
            if plan.validation is not None:
                history.validation.append(_validate(model, plan, size, where))
            history.seconds.append(time.perf_counter() - start)
            bar.set_postfix(loss=f"{history.loss[-1]:.3g}", refresh=False)
    return history


def _bar(plan: _Plan, steps: int) -> tqdm:
    # On the standard output: on the error output it would leave a red box in a notebook.
    shown = {"desc": "training", "unit": "step", "delay": BAR_AFTER, "leave": False, "file": sys.stdout}
    return tqdm(total=steps, disable=not plan.progress, **shown)


def _forward(model: nn.Module, batch: Tensor, where: torch.device, *, training: bool = False):
    """Return the output for a batch, in single precision however it was computed."""
    if model.training != training:
        model.train(training)
    layout = _LAYOUTS.get(batch.ndim, torch.contiguous_format)
    batch = batch.to(where).contiguous(memory_format=layout)
    with torch.autocast(where.type, dtype=_half(), enabled=where.type == "cuda"):
        output = model(batch)
    return output.float() if isinstance(output, Tensor) and output.is_floating_point() else output


def _validate(model: nn.Module, plan: _Plan, size: int, where: torch.device) -> float:
    images, targets = plan.validation
    total = 0.0
    with torch.no_grad():
        for batch, wanted in zip(images.split(size), targets.split(size), strict=True):
            total += float(plan.loss(_forward(model, batch, where), wanted.to(where))) * len(batch)
    return total / len(images)


def _mean(losses: Tensor, epoch: int, lr: float) -> float:
    bad = torch.nonzero(~torch.isfinite(losses)).flatten()
    if len(bad):
        raise MedlabError(
            f"the loss became {losses[bad[0]].item()} in epoch {epoch + 1}, step {int(bad[0]) + 1}",
            hint=f"lower lr (it was {lr:.2g}), scale the images to about 0 to 1, look for log(0) or 0/0 in the loss",
        )
    return float(losses.mean())


def _groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Split the parameters: decay shrinks weights, while biases and norm scales must stay free."""
    free = [p for p in model.parameters() if p.requires_grad]
    weights = {"params": [p for p in free if p.ndim > 1], "weight_decay": weight_decay}
    rest = {"params": [p for p in free if p.ndim <= 1], "weight_decay": 0.0}
    return [group for group in (weights, rest) if group["params"]]


def _half() -> torch.dtype:
    """Return bfloat16 where the card computes in it, else float16."""
    native = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native or not torch.cuda.is_available() else torch.float16


def _near(rows: Tensor, where: torch.device) -> Tensor:
    """Move all rows to the device at once if they take less than half of its free memory."""
    if where.type == "cuda" and rows.nbytes > torch.cuda.mem_get_info(where)[0] // 2:
        return rows
    return rows.to(where)


@contextmanager
def _placed(model: nn.Module, where: torch.device, ndim: int) -> Iterator[None]:
    """Lend the model to a device, channels last, and bring it home in evaluation mode."""
    home = next((p.device for p in model.parameters()), torch.device("cpu"))
    model.to(where)
    for weight in model.parameters():
        if weight.ndim == ndim and ndim in _LAYOUTS:
            weight.data = weight.data.contiguous(memory_format=_LAYOUTS[ndim])
    try:
        yield
    finally:
        model.to(home).eval()


def _halve_once(run: Callable, size: int):
    """Call ``run(size)``; if memory runs out, warn and call it once more with half the batch."""
    try:
        return run(size)
    except RuntimeError as error:
        if not _out_of_memory(error):
            raise
    # Outside of the except clause, so that the traceback no longer holds the tensors of the failed run.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = max(1, size // 2)
    warnings.warn(f"out of memory with {size} images a batch: starting again with {half}", stacklevel=3)
    try:
        return run(half)
    except RuntimeError as error:
        if not _out_of_memory(error):
            raise
    raise MedlabError(
        f"out of memory with {half} images a batch, after halving it once",
        hint=f"use batch_size={max(1, half // 4)}, smaller images, a smaller model, or close other notebooks",
    )


def _out_of_memory(error: RuntimeError) -> bool:
    # Only CUDA has an exception of its own; MPS and the processor say it in words.
    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in said or "can't allocate memory" in said


def _check_rows(images: Tensor, targets: Tensor, what: str) -> None:
    if not len(images):
        raise DataError(f"there are no {what} images", hint="look at len(images): the split may be empty")
    if len(images) != len(targets):
        raise DataError(
            f"{len(images)} {what} images but {len(targets)} targets", hint="one row of targets per image, in order"
        )
