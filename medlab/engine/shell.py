"""A notebook executed in this process instead of in a kernel: IPython's shell, as an engine of papermill."""

from __future__ import annotations

import atexit
import builtins
import io
import os
import sys
import threading
from typing import Any

import nbformat
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_output
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

NAME = "medlab-here"


def execute_here() -> None:
    """Do the job on the input as ``medlab.engine.child`` does, in this process; does not return."""
    from medlab.engine import child

    _fresh_chance()
    papermill_engines.register(NAME, Here)
    child.main(NAME)


def _fresh_chance() -> None:
    """Give this copy of a process random numbers of its own, and the threads that its environment allows."""
    import numpy as np
    import torch

    np.random.seed()  # noqa: NPY002 - the old global generator, which a copy would share
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 0)) or os.cpu_count() or 1)


class Here(Engine):
    """Execute the cells of a notebook in this process."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, on_cell_start, on_cell_executed, **_) -> None:
        """Execute cells in order, up to the first that fails.

        Parameters
        ----------
        nb_man : papermill NotebookExecutionManager
        kernel_name : str
            Not used.
        on_cell_start, on_cell_executed : callable
            Called with ``cell`` and ``cell_index``.
        """
        outputs = _Outputs()
        shell = _shell(outputs)
        for k, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, k)
            on_cell_start(cell=cell, cell_index=k)
            if cell.cell_type == "code":
                cell.outputs = outputs.begin()
                done = shell.run_cell(cell.source, store_history=True)
                outputs.end()
                cell.execution_count = done.execution_count
                on_cell_executed(cell=cell, cell_index=k)
                if not done.success:
                    nb_man.cell_exception(cell, cell_index=k, exception=done.error_in_exec or done.error_before_exec)
            nb_man.cell_complete(cell, cell_index=k)
            if cell.cell_type == "code" and not done.success:
                break
        atexit._run_exitfuncs()  # as a kernel does when it ends: the record of a run is written once more
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


class _Outputs:
    """The outputs of the running cell, in the form of nbformat."""

    def __init__(self) -> None:
        self.cell: list[Any] = []
        self._named: dict[str, list[Any]] = {}
        self._clear = False
        self._stream, self._pieces = "", [""]
        self._lock = threading.RLock()

    def begin(self) -> list[Any]:
        """Begin a cell."""
        self.end()
        self.cell, self._clear = [], False
        return self.cell

    def end(self) -> None:
        """Add what was written since the last output."""
        with self._lock:
            text, self._pieces = "".join(self._pieces), []
            if text:
                self.cell.append(new_output("stream", name=self._stream, text=text))

    def write(self, name: str, text: str) -> None:
        """Write text to a stream; it becomes one output with what is written there before and after."""
        with self._lock:
            self._begin_again()
            if name != self._stream:
                self.end()
                self._stream = name
            self._pieces.append(text)

    def add(self, kind: str, **content) -> Any:
        """Add one output."""
        with self._lock:
            self._begin_again()
            self.end()
            self.cell.append(new_output(kind, **content))
            return self.cell[-1]

    def _begin_again(self) -> None:
        if self._clear:
            self.clear(wait=False)

    def show(self, data: dict, metadata: dict, *, name: str, update: bool) -> None:
        """Display something, or display it instead of what was displayed under the same name."""
        if update:
            for output in self._named.get(name, []):
                output.data, output.metadata = nbformat.from_dict(data), nbformat.from_dict(metadata)
            return
        added = self.add("display_data", data=data, metadata=metadata)
        if name:
            self._named.setdefault(name, []).append(added)

    def clear(self, *, wait: bool) -> None:
        """Remove the outputs of the cell, now or when the next comes."""
        self._clear = wait
        if not wait:
            self._pieces.clear()
            self.cell.clear()


class _Stream(io.TextIOBase):
    def __init__(self, outputs: _Outputs, name: str):
        self._outputs, self.name = outputs, name

    def write(self, text: str) -> int:
        if self.closed:
            raise ValueError("I/O operation on closed file")
        self._outputs.write(self.name, text)
        return len(text)

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


class _Publisher(DisplayPublisher):
    outputs: _Outputs

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_) -> None:
        data, metadata = _plain(data), _plain(metadata or {})
        self.outputs.show(data, metadata, name=(transient or {}).get("display_id", ""), update=update)

    def clear_output(self, wait=False) -> None:
        self.outputs.clear(wait=wait)


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict, md_dict=None) -> None:
        count, data, metadata = self.prompt_count, _plain(format_dict), _plain(md_dict or {})
        if data and isinstance(self.shell, _Shell):
            self.shell.outputs.add("execute_result", data=data, metadata=metadata, execution_count=count)

    def finish_displayhook(self) -> None:
        pass


class _Shell(InteractiveShell):
    outputs: _Outputs
    displayhook_class = _Hook
    display_pub_class = _Publisher

    def _showtraceback(self, etype, evalue, stb) -> None:
        self.outputs.add("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb))

    def enable_gui(self, gui=None) -> None:
        pass

    def ask_exit(self) -> None:
        pass  # as in a kernel: whoever runs the notebook decides when it ends


def _shell(outputs: _Outputs) -> _Shell:
    """Return a shell that behaves like a kernel's: pictures inline, nobody to answer questions, no history on disk."""
    quiet = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    shell = _Shell.instance(config=quiet)
    shell.outputs = shell.display_pub.outputs = outputs
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    shell.enable_matplotlib("inline")
    sys.stdout, sys.stderr = _Stream(outputs, "stdout"), _Stream(outputs, "stderr")
    sys.stdin = open(os.devnull)  # noqa: SIM115 - open as long as the process lives
    builtins.input = _nobody
    return shell


def _nobody(prompt: object = "") -> str:
    raise StdinNotImplementedError("input() was called, but nobody is there to answer")


def _plain(bundle: dict) -> dict:
    """Return a bundle that JSON can hold: pictures become base64, as in a message of a kernel."""
    import base64

    return {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in bundle.items()}
