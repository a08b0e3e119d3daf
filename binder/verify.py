"""Build what mybinder.org builds, in a clean environment, and run lessons in it as there: ``make binder``.

Python's version, torch's version and the commands come from this folder's own files. Differences to mybinder.org: torch
comes from pip instead of conda-forge (libraries of graphics cards, if they come along, are not counted), and Python is
the named one only where it is installed. Lessons run on one core; the resident memory of the lesson's processes, the
runner's included, is watched and may not exceed 1 GB. (A limit by RLIMIT_AS would count what torch only reserves.)
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
LIMIT_MB = 1000
GRAPHICS = ("nvidia", "triton", "cusparselt", "cuda")


def main() -> int:
    """Build, measure, run; return 1 if anything failed or was too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", nargs="*", default=["00", "14", "41"])
    parser.add_argument("--keep", type=Path, help="Build here, and leave it; a temporary folder otherwise.")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="medlab-binder-"))
    try:
        python = build(folder)
        print(f"environment: {size_mb(folder / 'env'):.0f} MB", flush=True)
        failed = [lesson for lesson in options.lessons if not run(python, folder, lesson)]
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(options.lessons) - len(failed)} passed, {len(failed)} failed")
    return int(bool(failed))


def build(folder: Path) -> Path:
    """Make the environment and return its python."""
    named = re.findall(r"^  - ([\w-]+)=([\d.]+)$", (HERE / "environment.yml").read_text(), flags=re.M)
    wanted = dict(named)
    base = runnable(f"python{wanted['python']}") or sys.executable
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=HERE.parent, capture_output=True,
        check=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, files):
        if (source := HERE.parent / name).is_file():
            (folder / "repo" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / "repo" / name)
    subprocess.run([base, "-m", "venv", "--clear", str(folder / "env")], check=True)
    bin_ = folder / "env" / "bin"
    version = subprocess.run([bin_ / "python", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{version}; torch {wanted['pytorch-cpu']} from pip instead of conda-forge", flush=True)
    began = time.monotonic()
    pip = [bin_ / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    subprocess.run([*pip, f"torch=={wanted['pytorch-cpu']}"], check=True)
    subprocess.run(["bash", "binder/postBuild"], cwd=folder / "repo", env=environment(folder), check=True)
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)
    return bin_ / "python"


def runnable(name: str) -> str:
    """Return the path of a program that starts, or ""."""
    path = shutil.which(name)
    if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
        return path
    return ""


def environment(folder: Path) -> dict[str, str]:
    """Return the surroundings of a command in the new environment: a home of its own, no settings of this one."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JUPYTER", "MEDLAB_NOTEBOOKS"))}
    path = f"{folder / 'env' / 'bin'}{os.pathsep}{env['PATH']}"
    return env | {"PATH": path, "VIRTUAL_ENV": str(folder / "env"), "MEDLAB_DATA": str(folder / "data")}


def size_mb(folder: Path) -> float:
    """Return the size of an environment in MB (10^6 bytes), without libraries of graphics cards."""
    kept = (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return sum(p.stat().st_size for p in kept if not any(part.startswith(GRAPHICS) for part in p.parts)) / 1e6


def run(python: Path, folder: Path, lesson: str) -> bool:
    """Run a lesson at preset cpu on one core under the memory limit; print what it took."""
    command = [python.with_name("medlab"), "run", lesson, "--fresh", "--output", folder / "runs", "--report",
               folder / "report"]  # fmt: skip
    process = subprocess.Popen(
        ["taskset", "-c", "0", *map(str, command)], cwd=folder / "repo", env=environment(folder),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    began, peak, kernel = time.monotonic(), 0.0, 0.0
    while process.poll() is None:
        each = held_mb(process.pid)
        peak, kernel = max(peak, sum(each)), max([kernel, *each])
        if peak > LIMIT_MB or time.monotonic() - began > 1200:
            end(process.pid)
        time.sleep(0.2)
    said = process.stdout.read()
    fine = process.returncode == 0 and peak <= LIMIT_MB
    print(
        f"{'ok' if fine else 'FAILED'} {lesson}: {time.monotonic() - began:.0f} s on one core, {peak:.0f} MB in all "
        f"processes (of {LIMIT_MB}), {kernel:.0f} MB in the largest", flush=True,
    )  # fmt: skip
    if not fine:
        print(said[-3000:])
    return fine


def held_mb(pid: int) -> list[float]:
    """Return the resident memory of a process and each of its descendants, MB."""
    found = []
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return [0.0]
    for process in family:
        try:
            found.append(process.memory_info().rss / 1e6)
        except psutil.Error:
            continue
    return found or [0.0]


def end(pid: int) -> None:
    """End a process and its descendants."""
    for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
        process.kill()


if __name__ == "__main__":
    sys.exit(main())
