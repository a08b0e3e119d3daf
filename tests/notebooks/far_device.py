"""A second device that every machine has: its tensors are computed by the processor, but may not meet others.

It stands in for a graphics card in tests of lessons. Tensors get there by ``.to(FAR)`` or ``device=FAR`` and leave by
``.cpu()``; ``tensor.device`` says FAR. As CUDA does, it refuses an operation on tensors of two devices (single numbers
and indices from the processor excepted), random numbers from a generator of the other device, and numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

FAR, CPU = torch.device("hpu"), torch.device("cpu")  # torch knows that name, and never asks for its driver here
_INDEX = ("aten::index.", "aten::index_put", "aten::_index_put", "aten::_unsafe_index", "aten::_unsafe_index_put")
_COPIES = ("aten::copy_.", "aten::copy.", "aten::_to_copy.")
_NEW = ("new_tensor", "new_zeros", "new_ones", "new_full", "new_empty", "__deepcopy__")


_Generator = torch.Generator


class FarGenerator(torch.Generator):
    device = FAR


class _AnyGenerator(torch.Generator):
    def __new__(cls, device="cpu"):
        return FarGenerator() if torch.device(device) == FAR else _Generator(device)


class _Storages:
    """A set of storages."""

    def __init__(self):
        self.known: dict[int, StorageWeakRef] = {}

    def add(self, tensor: Tensor) -> Tensor:
        if tensor.layout != torch.strided:
            return tensor
        storage = tensor.untyped_storage()
        # While a weak reference is held no other storage gets this address.
        self.known[storage._cdata] = StorageWeakRef(storage)
        if len(self.known) % 10_000 == 0:
            self.known = {key: ref for key, ref in self.known.items() if not ref.expired()}
        return tensor

    def __contains__(self, tensor: Tensor) -> bool:
        if tensor.layout != torch.strided:
            return False
        ref = self.known.get(tensor.untyped_storage()._cdata)
        return ref is not None and not ref.expired()


class Marks(_Storages):
    """The far storages, and those made inside of an operation, which are wherever its tensors are."""

    def __init__(self):
        super().__init__()
        self.anywhere, self.inside = _Storages(), False


class _Spread(TorchDispatchMode):
    """Results of far tensors are far, and near tensors do not meet them."""

    def __init__(self, marks: Marks):
        super().__init__()
        self.marks = marks

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = f"{func._schema.name}.{func._schema.overload_name}"
        leaves = tree_leaves((args, kwargs))  # sparse tensors are taken to be on the right device
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.layout == torch.strided]
        far = [tensor in self.marks for tensor in tensors]
        if name.startswith(_INDEX) and any(far):
            # Indices may be near, what is indexed and what is put there may not.
            rows = [args[0], *(a for a in args[2:3] if isinstance(a, Tensor) and a.dim() > 0)]
            self.refuse_two(name, [row in self.marks for row in rows])
            if not far[0]:
                self.refuse_two(name, [True, False])
        elif not name.startswith(_COPIES):
            pairs = zip(tensors, far, strict=True)
            self.refuse_two(name, [is_far for t, is_far in pairs if t.dim() > 0 and t not in self.marks.anywhere])
        result = func(*args, **(kwargs or {}))
        if self.marks.inside and all(t in self.marks.anywhere for t in tensors):
            tree_map_only(Tensor, self.marks.anywhere.add, result)
        if any(far) and (far[0] or not name.startswith(_COPIES)):
            tree_map_only(Tensor, self.marks.add, result)
        return result

    def refuse_two(self, name: str, far: list[bool]) -> None:
        if any(far) and not all(far):
            raise RuntimeError(f"Expected all tensors to be on the same device, found cpu and {FAR} ({name})")


class _Speak(TorchFunctionMode):
    """What programs say of devices: .to, .cpu, .device, .numpy, device=, generator=."""

    def __init__(self, marks: Marks):
        super().__init__()
        self.marks = marks

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        first = next((leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)), None)
        far = first is not None and first in self.marks
        if func in (Tensor.to, Tensor.cpu):
            return self.moved(first, far, args[1:] if func is Tensor.to else (CPU,), kwargs)
        if func == Tensor.device.__get__:
            return FAR if far else CPU
        if func in (Tensor.numpy, Tensor.__array__) and far:
            raise TypeError(f"can't convert {FAR} device type tensor to numpy. Use Tensor.cpu() first")
        return self.called(func, args, kwargs, first, far)

    def called(self, func, args: tuple, kwargs: dict, first: Tensor | None, far: bool):
        self.marks.inside = first is not None
        try:
            return self.created(func, args, kwargs, first, far)
        finally:
            self.marks.inside = False

    def created(self, func, args: tuple, kwargs: dict, first: Tensor | None, far: bool):
        if kwargs.get("device") is not None:
            far = torch.device(kwargs.pop("device")) == FAR
            kwargs["device"] = CPU
        elif getattr(func, "__name__", "") not in _NEW:
            self.check_generator(kwargs.get("generator"), far)
            return func(*args, **kwargs)
        self.check_generator(kwargs.get("generator"), far)
        result = func(*args, **kwargs)
        if far and first is not None and result.untyped_storage()._cdata == first.untyped_storage()._cdata:
            result = result.clone()
        return self.marks.add(result) if far else result

    def check_generator(self, generator, far: bool) -> None:
        if generator is not None and isinstance(generator, FarGenerator) != far:
            raise RuntimeError(f"Expected a {FAR if far else CPU} device type for generator")

    def moved(self, tensor: Tensor, was_far: bool, args: tuple, kwargs: dict) -> Tensor:
        words, where = list(args), kwargs.pop("device", None)
        if words and isinstance(words[0], (str, torch.device)):
            where = words.pop(0)
        elif words and isinstance(words[0], Tensor):
            where = FAR if words[0] in self.marks else CPU
            words[0] = words[0].dtype
        far = was_far if where is None else torch.device(where) == FAR
        words = [word for word in words if isinstance(word, torch.dtype)]
        kwargs = {key: kwargs[key] for key in ("dtype", "memory_format") if kwargs.get(key) is not None}
        result = tensor.to(*words, **kwargs) if words or kwargs else tensor
        return result if far == was_far or tensor.layout != torch.strided else _Move.apply(result, self.marks, far)


class _Move(torch.autograd.Function):
    """A copy on the other device; its gradient goes back."""

    @staticmethod
    def forward(ctx, tensor, marks, far):
        ctx.marks, ctx.far = marks, far
        strides = torch.empty_like(tensor, device="meta").stride()  # an expanded tensor arrives with rows of its own
        copy = torch.empty_strided(tensor.shape, strides, dtype=tensor.dtype).copy_(tensor)
        return marks.add(copy) if far else copy

    @staticmethod
    def backward(ctx, gradient):
        copy = torch.empty(gradient.shape, dtype=gradient.dtype).copy_(gradient)
        return (copy if ctx.far else ctx.marks.add(copy)), None, None


_own_export = torch.export.export


def _export(*args, **kwargs):
    """Export on a thread of its own: the modes of this one refuse the fake tensors that torch traces with."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_own_export, *args, **kwargs).result()


@contextmanager
def far_device() -> Iterator[None]:
    """Run a block in which FAR exists, and is the device that medlab finds."""
    marks = Marks()

    def find(name="auto"):
        return FAR if str(name) == "auto" else torch.device(name)

    with (
        patch("medlab.lab.find_device", find), patch("medlab.training.fitting._device", find),
        patch("torch.Generator", _AnyGenerator), patch("torch.export.export", _export), _Spread(marks), _Speak(marks),
    ):  # fmt: skip
        yield
