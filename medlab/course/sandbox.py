"""Call a student's function in a process of its own, with limits, and compare its results elsewhere.

The process knows neither the reference nor the solution, so that nothing in it can be read or changed for a better
mark. It may read Python's own files and write into its private folder; network, other programs and other files are
refused by an audit hook. That stops accidents and simple attempts; it is no wall against an attacker (SECURITY.md).
"""

from __future__ import annotations

import ast
import builtins
import io
import multiprocessing
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from medlab.answers import TooLong, seed_everything
from medlab.compare import plain

CALL_S, TOTAL_S, LOAD_S = 10.0, 40.0, 60.0
MEMORY_MB = 1500
_MOST_BYTES = 200_000_000  # of one result
_HARMLESS = {  # what a pickled result may be made of; anything else could run code where marks are given
    ("numpy", "ndarray"), ("numpy", "dtype"), ("numpy._core.multiarray", "_reconstruct"), ("builtins", "complex"),
    ("numpy._core.multiarray", "scalar"), ("numpy._core.numeric", "_frombuffer"), ("builtins", "bytearray"),
}  # fmt: skip


class Answer:
    """A student's function as a callable: each call goes to the process, which is begun again after it was ended.

    Parameters
    ----------
    name : str
        Of the function.
    definitions : list of (str, str)
        Names and code of all that the student defined, in order.
    imports : str
        What the lesson imports.
    """

    def __init__(self, name: str, definitions: list[tuple[str, str]], imports: str):
        self.__name__, self._definitions, self._imports = name, definitions, imports
        own = [code for key, code in definitions if key == name]
        shape = _shape(own[-1]) if own else None
        if shape is not None:  # what `exercise` asks of a function, without executing anything of it
            self.__code__, self.__signature__ = shape
        self._left = TOTAL_S
        self._process: Any = None
        self._pipe: Any = None

    def __call__(self, *args: Any) -> Any:
        """Return what the student's function returns, raise what it raises, and leave in ``args`` what it left."""
        if self._left <= 0:
            raise TooLong
        began = time.monotonic()
        try:
            return self._call(args)
        except TooLong:
            self.close()
            raise
        finally:
            self._left -= time.monotonic() - began

    def _call(self, args: tuple) -> Any:
        if self._process is None or not self._process.is_alive():
            self.begin()
        seed = int(np.random.randint(2**31))  # noqa: NPY002 - follows the global state that the check sets
        functions: list[Callable] = []
        self._send((seed, _packed_arguments(args, functions)))
        limit = time.monotonic() + min(CALL_S, self._left)
        while True:
            kind, value = self._receive(limit)
            if kind != "callback":
                break
            try:
                reply = functions[value[0]](*value[1])
            except Exception:
                self.close()  # it waits for a reply, and would take the next question for it
                raise
            self._send(_packed_arguments((reply,), functions))
        if kind == "raised":
            raise _error(*value)
        result, left = value
        for given, one in zip(args, left, strict=False):
            _leave(given, one)
        return result

    def begin(self) -> None:
        """Begin the process, and define in it what the student defined; the first one imports for seconds."""
        context: Any = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
        self._pipe, theirs = context.Pipe()
        self._folder = tempfile.TemporaryDirectory(prefix="medlab_grade_")
        job = (theirs, self._folder.name, self._imports, self._definitions, self.__name__)
        self._process = context.Process(target=_serve, args=job, daemon=True)
        self._process.start()
        theirs.close()
        kind, value = self._receive(time.monotonic() + LOAD_S)
        if kind == "raised":
            raise _error(*value)

    def _send(self, value: Any) -> None:
        with suppress(OSError):  # it has ended: receiving will say so
            self._pipe.send(value)

    def _receive(self, limit: float) -> tuple[str, Any]:
        try:
            if not self._pipe.poll(max(0.0, limit - time.monotonic())):
                raise TooLong
            return _Harmless(io.BytesIO(self._pipe.recv_bytes(_MOST_BYTES))).load()
        except (EOFError, OSError):
            self.close()
            raise RuntimeError("it ended Python itself, or needed more memory than there is") from None
        except (pickle.UnpicklingError, ValueError, TypeError, AttributeError):
            self.close()
            raise RuntimeError("what came back is of a kind that is not compared") from None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._folder.cleanup()
            self._process = None


def preload(imports: str) -> None:
    """Let the processes of this run begin with a lesson's modules, which take seconds to import."""
    names = [alias.name for node in ast.parse(imports).body if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.parse(imports).body if isinstance(node, ast.ImportFrom) and node.module]
    if os.name != "nt":
        multiprocessing.get_context("forkserver").set_forkserver_preload(["medlab.course.sandbox", "torch", *names])


def _shape(code: str) -> tuple[CodeType, Any] | None:
    """Return code object and signature of a function that is compiled, and never executed."""
    import inspect

    node: ast.AST = ast.parse(code).body[0]
    node = node.value if isinstance(node, ast.Assign) else node
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return None
    own = next(c for c in compile(code, "answer", "exec").co_consts if isinstance(c, CodeType))
    names, defaults = node.args, len(node.args.defaults)
    positional = [*names.posonlyargs, *names.args]
    kinds, p = inspect.Parameter, []
    for k, one in enumerate(positional):
        has = k >= len(positional) - defaults
        p.append(kinds(one.arg, kinds.POSITIONAL_OR_KEYWORD, default=None if has else kinds.empty))
    if names.vararg:
        p.append(kinds(names.vararg.arg, kinds.VAR_POSITIONAL))
    for one, default in zip(names.kwonlyargs, names.kw_defaults, strict=True):
        p.append(kinds(one.arg, kinds.KEYWORD_ONLY, default=kinds.empty if default is None else None))
    if names.kwarg:
        p.append(kinds(names.kwarg.arg, kinds.VAR_KEYWORD))
    return own, inspect.Signature(p)


def _leave(given: Any, left: Any) -> None:
    """Bring an argument into the state in which the student's function left it."""
    if isinstance(given, list) and isinstance(left, list):
        given[:] = left
    elif isinstance(given, dict) and isinstance(left, dict):
        given.clear()
        given.update(left)
    elif left is not None and getattr(given, "shape", None) == getattr(left, "shape", ()) and np.ndim(given):
        given[...] = left


def _error(name: str, text: str) -> BaseException:
    """Make an error of the same name: built in, or one that only carries the name."""
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, Exception):
        with suppress(TypeError):  # UnicodeDecodeError wants more than a text
            return known(text)
    return type(name if name.isidentifier() else "Error", (Exception,), {})(text)


class _Harmless(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module.replace("numpy.core", "numpy._core"), name) in _HARMLESS:
            return super().find_class(module, name)
        if (module, name) == (__name__, "tensor"):
            return tensor
        raise pickle.UnpicklingError(f"{module}.{name}")


class _Arguments(pickle.Pickler):
    """Functions among the arguments stay here: the other process gets a name, and asks for each call."""

    def __init__(self, file: io.BytesIO, functions: list[Callable]):
        super().__init__(file)
        self.functions = functions

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, FunctionType):
            return None
        if getattr(sys.modules.get(value.__module__), value.__qualname__, None) is value:
            return None  # of a library: it is there, too
        self.functions.append(value)
        return len(self.functions) - 1

    def reducer_override(self, value: Any) -> Any:
        return (tensor, (np.array(plain(value)),)) if type(value).__name__ == "Tensor" else NotImplemented


def _packed_arguments(args: tuple, functions: list[Callable]) -> bytes:
    file = io.BytesIO()
    _Arguments(file, functions).dump(args)
    return file.getvalue()


def tensor(array: np.ndarray) -> Any:
    """Return an array as a torch tensor."""
    import torch

    return torch.from_numpy(array)


class _Tensor:
    def __init__(self, value: Any):
        self.value = np.array(plain(value))

    def __reduce__(self):
        return tensor, (self.value,)


def _packed(value: Any) -> Any:
    """Return a result in parts that `_Harmless` reads; a TypeError says what cannot be sent."""
    if value is None or type(value) in (bool, int, float, complex, str, bytes):
        return value
    if hasattr(value, "detach"):
        return _Tensor(value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype != object:
        return np.asarray(value) if isinstance(value, np.ndarray) else value
    if isinstance(value, (list, tuple, set)):
        parts = [_packed(one) for one in value]
        return tuple(parts) if isinstance(value, tuple) else set(parts) if isinstance(value, set) else parts
    if isinstance(value, range):
        return list(value)
    if isinstance(value, dict):
        return {_packed(key): _packed(one) for key, one in value.items()}
    if hasattr(value, "__array__") and np.asarray(value).dtype != object:
        return np.asarray(value)
    raise TypeError(f"a {type(value).__name__} came back; wanted numbers or arrays")


def _serve(pipe: Any, folder: str, imports: str, definitions: list[tuple[str, str]], name: str) -> None:
    """Run in the other process: define what the student defined, then answer calls until the pipe is closed."""
    import torch  # noqa: F401 - arguments may be tensors, and later it could not be imported

    names: dict = {"__name__": "__main__"}
    exec(imports, names)
    _limit(folder)
    problem = ("NameError", f"{name} is not defined")
    for key, code in definitions:
        try:
            exec(compile(code, "<your notebook>", "exec"), names)
        except BaseException as error:
            problem = (type(error).__name__, str(error)) if key == name else problem
    _reply(pipe, ("ready", None) if callable(names.get(name)) else ("raised", problem))
    while True:
        try:
            seed, packed = pipe.recv()
        except (EOFError, OSError):
            return
        _reply(pipe, _answered(names[name], seed, packed, pipe))


def _arguments(packed: bytes, pipe: Any) -> tuple:
    def stub(number: int) -> Callable:
        def asked(*args: Any) -> Any:
            _reply(pipe, ("callback", (number, _packed(args))))
            return _arguments(pipe.recv(), pipe)[0]

        return asked

    unpickler = pickle.Unpickler(io.BytesIO(packed))
    unpickler.persistent_load = stub  # type: ignore[method-assign]
    return unpickler.load()


def _answered(function: Callable, seed: int, packed: bytes, pipe: Any) -> tuple[str, Any]:
    seed_everything(seed)
    try:
        args = _arguments(packed, pipe)
        result = function(*args)
        return "returned", (_packed(result), [_sent(one) for one in args])
    except BaseException as error:
        return "raised", (type(error).__name__, str(error)[:2000])


def _sent(argument: Any) -> Any:
    """Return an argument as it was left, where that can be sent: generators and functions cannot."""
    try:
        return _packed(argument)
    except TypeError:
        return None


def _reply(pipe: Any, value: Any) -> None:
    try:
        pipe.send_bytes(pickle.dumps(value))
    except (OSError, MemoryError, pickle.PicklingError):
        os._exit(1)


def _limit(folder: str) -> None:
    """Take away what an answer does not need."""
    os.chdir(folder)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115
    with suppress(ImportError):
        import resource

        import psutil

        now = psutil.Process().memory_info().data + MEMORY_MB * 10**6  # RLIMIT_DATA counts what is allocated
        resource.setrlimit(resource.RLIMIT_DATA, (now, now))
        resource.setrlimit(resource.RLIMIT_FSIZE, (50 * 10**6,) * 2)
    own = Path(__file__).resolve().parents[1]
    readable = tuple(
        f"{Path(p).resolve()}{os.sep}" for p in (sys.prefix, sys.base_prefix, own, own.parent / "data_fetch")
    )
    system = ("/usr/lib", "/usr/share/zoneinfo", "/sys/", "/proc/cpuinfo", "/proc/meminfo", "/proc/self/", "/dev/null")
    private = f"{Path(folder).resolve()}{os.sep}"
    refused = (
        "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system",
        "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.kill", "os.killpg",
        "pty.spawn", "resource.setrlimit", "os.chmod", "os.chown", "os.link", "os.symlink",
    )  # fmt: skip
    changing = ("os.remove", "os.rename", "os.rmdir", "os.truncate", "os.mkdir", "shutil.rmtree", "os.listdir")

    def watch(event: str, args: tuple) -> None:
        if event in refused or (event == "ctypes.dlopen" and not os.path.isabs(args[0] or "")):
            raise PermissionError(f"{event} is not allowed in an exercise")
        if (event == "open" or event in changing) and isinstance(args[0], (str, bytes, os.PathLike)):
            path = os.path.realpath(os.fsdecode(args[0]))
            wants = event != "open" or _writes(args)
            if not f"{path}{os.sep}".startswith(private) and (
                (wants and event != "os.listdir") or not f"{path}{os.sep}".startswith((*readable, *system))
            ):
                raise PermissionError(f"an exercise may not open {os.path.basename(path)}")

    sys.addaudithook(watch)


def _writes(args: tuple) -> bool:
    mode, flags = args[1], args[2]
    written = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    return bool(set(mode or "") & set("wax+")) or bool((flags or 0) & written)
