import ast
import io
import json
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import medlab

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE_THE_KERNEL = ("medlab.cli", "medlab.engine", "medlab.course")
LIGHT = ("lesson", "errors", "claims", "stats", "metrics", "files")  # what the commands need of the rest


@pytest.fixture(scope="module")
def loaded() -> list[set[str]]:
    """Return what one interpreter has loaded after medlab, and then after the commands and the engine."""
    modules = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths("medlab/engine", "medlab/cli")
    ]
    further = ", ".join([*modules, *[f"medlab.{name}" for name in LIGHT]])
    tell = "print(json.dumps(sorted(sys.modules)))"
    code = f"import medlab, sys, json; {tell}; import {further}; {tell}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [set(json.loads(line)) for line in done.stdout.splitlines()]


def test_import_loads_nothing_heavy(loaded):
    assert not loaded[0] & {"torch", "monai", "numpy", "pandas", "matplotlib", "IPython", "ipywidgets"}


def test_commands_and_engine_never_load_torch(loaded):
    assert "medlab.engine.ledger" in loaded[1]
    assert "torch" not in loaded[1]


def test_arrows_point_one_way():
    for path in paths("data_fetch"):
        assert "medlab" not in {name.partition(".")[0] for name in names_imported(ROOT / path)}, path
    for path in paths("medlab"):
        found, package = names_imported(ROOT / path), path.parts[1]
        forbidden = () if package in ("engine", "cli", "course") else OUTSIDE_THE_KERNEL
        forbidden += ("medlab.cli",) if package == "engine" else ()
        forbidden += ("medlab.hospital", "medlab.sources") if package == "physics" else ()
        assert not {name for name in found if name.startswith(forbidden or ("none",))}, path


def paths(*folders: str) -> list[Path]:
    return [path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


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


def test_the_package_stays_thin():
    """Lines of code without docstrings, comments and blank lines; only ever lower these numbers."""
    whole = {path: lines_of_code(ROOT / path) for path in paths("medlab")}
    beside = ("hospital", "engine", "cli", "course")
    lesson = [n for path, n in whole.items() if path.parts[1] not in beside and "readers" not in path.parts]
    course = sum(n for path, n in whole.items() if path.parts[1] == "course" or path.stem in ("release", "grade"))
    assert sum(whole.values()) - course <= 12_500
    assert course <= 860
    assert sum(lesson) <= 5_550


def lines_of_code(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    tree, found = ast.parse(text), set()
    nothing = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in nothing:
            found |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node):
            found -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(found)
