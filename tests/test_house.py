"""The files around the package."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())


def test_every_pin_can_be_had_from_any_index():
    assert {name: pin for name, pin in PINS.items() if not re.fullmatch(r"[0-9][0-9a-z.]*", pin)} == {}


def test_every_dependency_is_pinned_above_its_floor():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = {name.lower().replace("_", "-"): pin for name, pin in PINS.items()}
    for text in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pins[wanted.name.lower()]), text


def test_the_default_set_leaves_out_what_breaks_jupyterlab_4():
    assert "itkwidgets" not in PINS
