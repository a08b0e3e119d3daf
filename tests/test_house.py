"""The files around the package."""

import json
import re
import sys
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
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["test"], *extras["site"]]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pins[wanted.name.lower()]), text


def test_binder_gets_the_torch_that_was_tested():
    named = re.findall(r"^  - pytorch-cpu=(.+)$", (ROOT / "binder" / "environment.yml").read_text(), flags=re.M)
    assert named == [PINS["torch"]]
    steps = (ROOT / "binder" / "postBuild").read_text()
    assert "set -euo pipefail" in steps
    assert "--constraint constraints.txt .\n" in steps  # editable, a hub's volume over the home folder would hide it


def test_settings_for_a_course_are_ones_that_jupyterlab_has():
    settings = json.loads(
        (ROOT / "medlab" / "cli" / "jupyter_config" / "labconfig" / "default_setting_overrides.json").read_text()
    )
    schemas = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
    for plugin, wanted in settings.items():
        package, _, name = plugin.partition(":")
        known = json.loads((schemas / package / f"{name}.json").read_text(encoding="utf-8"))["properties"]
        assert set(wanted) <= set(known), plugin


def test_itkwidgets_is_an_extra_with_the_pins_that_draw():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {Requirement(text).name: Requirement(text).specifier for text in extras["itk"]}
    assert not wanted["zarr"].contains("3.0")
    assert not wanted["ngff-zarr"].contains("0.34.0")
    assert wanted["itkwidgets"].contains("1.0a55", prereleases=True)


def test_the_default_set_leaves_out_what_breaks_jupyterlab_4():
    assert "itkwidgets" not in PINS
