"""Where a model computes, what is left of it when a training stops, and what happens when memory runs out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

from medlab.errors import MedlabError

LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}
_Result = TypeVar("_Result")


@contextmanager
def placed(model: nn.Module, device: torch.device, ndim: int = 0) -> Iterator[None]:
    """Lend the model to a device, channels last for images of ``ndim`` axes, and bring it home in evaluation mode."""
    if any(value.is_meta for value in (*model.parameters(), *model.buffers())):
        raise MedlabError("the model is on the device meta, where weights have no values", hint="make it on the CPU")
    home = next((p.device for p in model.parameters()), torch.device("cpu"))
    try:
        model.to(device)
        for weight in model.parameters():
            if weight.ndim == ndim and ndim in LAYOUTS:
                weight.data = weight.data.contiguous(memory_format=LAYOUTS[ndim])
        yield
    finally:
        model.to(home).eval()


class Snapshot:
    """The weights and buffers of a model before a training.

    Raises
    ------
    MedlabError
        If the model is none, has nothing to train, has weights without a size, or weights that are not finite.
    """

    def __init__(self, model: nn.Module):
        if not isinstance(model, nn.Module):
            raise MedlabError(f"the model is {type(model).__name__}", hint="wanted a torch.nn.Module")
        if any(nn.parameter.is_lazy(p) for p in model.parameters()):
            raise MedlabError("the model has lazy layers without a size", hint="apply the model once to a batch first")
        if not any(p.requires_grad for p in model.parameters()):
            raise MedlabError("the model has no parameters to train", hint="set requires_grad to True on some of them")
        for name, weight in model.named_parameters():
            if not weight.is_meta and not _finite(weight):
                raise MedlabError(
                    f"the weights {name!r} hold nan or inf before the first step", hint="make the model again"
                )
        self.model = model
        self.values = {name: value.detach().clone() for name, value in _tensors(model)}

    def restore(self) -> None:
        """Give the model these weights and buffers back."""
        with torch.no_grad():
            for name, value in _tensors(self.model):
                value.copy_(self.values[name])

    def ruined(self) -> list[str]:
        """Return the names of weights and buffers that were finite and no longer are."""
        return [name for name, value in _tensors(self.model) if not _finite(value) and _finite(self.values[name])]

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Run a training; if it stops, leave a model that can be used, and let the error say with which weights.

        An interrupted training keeps what it has learned. After any other stop the model is as it was before.
        """
        try:
            yield
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not self.ruined():
                weights = "of the last step"
            else:
                self.restore()
                weights = "from before this training"
            if isinstance(error, MedlabError):
                error.message += f"; the model has the weights {weights}"
            else:
                error.add_note(f"The training was stopped; the model has the weights {weights}.")
            raise


def _tensors(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [*model.named_parameters(), *model.named_buffers()]


def _finite(values: Tensor) -> bool:
    return not (values.is_floating_point() or values.is_complex()) or bool(torch.isfinite(values).all())


def near(rows: Tensor, device: torch.device) -> Tensor:
    """Move all rows to the device at once if they take less than half of its free memory."""
    if device.type == "cuda" and rows.nbytes > torch.cuda.mem_get_info(device)[0] // 2:
        return rows
    return rows.to(device)


def halve_once(run: Callable[[int], _Result], size: int) -> _Result:
    """Call ``run(size)``; if memory runs out, warn and call it once more with half the batch."""
    try:
        return run(size)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
    # Outside of the except clause, so that the traceback no longer holds the tensors of the failed run.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = max(1, size // 2)
    warnings.warn(f"out of memory with {size} images a batch: starting again with {half}", stacklevel=3)
    try:
        return run(half)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
    raise MedlabError(
        f"out of memory with {half} images a batch, after halving it once",
        hint=f"use batch_size={max(1, half // 4)}, smaller images, a smaller model, or close other notebooks",
    )


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error of torch says that memory ran out."""
    # Only CUDA has an exception of its own; MPS and the processor say it in words.
    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in said or "can't allocate memory" in said
