import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import medlab

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE_THE_KERNEL = (
    "cli", "commands", "runner", "jobs", "verify", "nbval", "sweep", "report", "cluster", "progress", "parameters",
    "supervise", "execute", "lesson", "links", "doctor", "errors", "claims", "stats", "metrics", "tidy", "files",
)  # fmt: skip
NEVER_IN_THE_KERNEL = ("runner", "cli", "commands", "execute", "jobs", "verify", "report", "cluster", "supervise")


def imported(*names: str) -> set[str]:
    code = f"import {', '.join(names)}, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_loads_nothing_heavy():
    loaded = imported("medlab")
    assert not loaded & {"torch", "monai", "numpy", "pandas", "matplotlib", "IPython", "ipywidgets"}


@pytest.mark.parametrize("room", OUTSIDE_THE_KERNEL)
def test_rooms_outside_the_kernel_never_load_torch(room):
    assert "torch" not in imported(f"medlab.{room}")


def test_arrows_point_one_way():
    for path in (ROOT / "data_fetch").glob("*.py"):
        assert "medlab" not in {name.partition(".")[0] for name in names_imported(path)}, path
    inside = {p for p in (ROOT / "medlab").rglob("*.py") if p.stem not in OUTSIDE_THE_KERNEL and p.stem != "course"}
    for path in inside:
        assert not {f"medlab.{room}" for room in NEVER_IN_THE_KERNEL} & names_imported(path), path


def names_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_public_name_resolves():
    for name in medlab.__all__:
        assert getattr(medlab, name) is not None
    assert set(medlab.__all__) <= set(dir(medlab))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        medlab.opne  # noqa: B018


def test_modules_and_functions_stay_readable():
    for path in [*(ROOT / "medlab").rglob("*.py"), *(ROOT / "data_fetch").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                told = len((ast.get_docstring(node) or "").splitlines())
                assert node.end_lineno - node.lineno - told <= 40, f"{path}: {node.name}"
