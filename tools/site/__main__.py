"""``python -m tools.site [--runs DIR] [--to DIR]``: build the site, check its links, and say what it lacks."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from medlab.errors import MedlabError
from medlab.lesson import catalogue, notebooks_folder
from tools.site.build import build
from tools.site.check import problems


def main() -> int:
    """Build and check; return 1 if a link leads nowhere or Sphinx warned, 2 if nothing could be built."""
    root = notebooks_folder().parent
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__.partition(": ")[2])
    parser.add_argument("--runs", type=Path, default=root / "runs", help="folder of executed lessons")
    parser.add_argument("--to", type=Path, default=root / "build" / "site", help="folder for the site")
    asked, began = parser.parse_args(), time.monotonic()
    try:
        built = build(catalogue(), root, runs=asked.runs, to=asked.to)
    except MedlabError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    wrong = [*built.warnings, *problems(built.site)]
    for name, why in built.missing.items():
        sys.stdout.write(f"{name}: no results on its page, because {why}\n")
    sys.stdout.write("".join(f"wrong: {line}\n" for line in wrong))
    size = sum(path.stat().st_size for path in built.site.rglob("*") if path.is_file()) / 1e6
    sys.stdout.write(f"{built.site / 'index.html'}: {size:.0f} MB in {time.monotonic() - began:.0f} s\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
