"""The reference of the package, of its docstrings: one page for each module that a lesson may import."""

from __future__ import annotations

import importlib
import pkgutil

import medlab

_HEAD = """# Reference

What lessons import, from the docstrings of the package. `medlab NAME --help` explains a command.

```{toctree}
:maxdepth: 1

MODULES
```
"""
_PAGE = """# {name}

```{{eval-rst}}
{blocks}
```
"""


def pages() -> dict[str, str]:
    """Return the pages by name: an index, and one for each module.

    Examples
    --------
    >>> "api/medlab.stats" in pages()
    True
    """
    # What ``import medlab`` names stands on the page of its module as well, which is where links lead.
    names = ["medlab", *sorted(f"medlab.{name}" for name in medlab._PACKAGES), "data_fetch"]
    made = {f"api/{name}": _PAGE.format(name=name, blocks="\n".join(map(_block, modules(name)))) for name in names}
    return {"api/index": _HEAD.replace("MODULES", "\n".join(names))} | made


def modules(name: str) -> list[str]:
    """Return a module, or of a package that names nothing to import its modules.

    Examples
    --------
    >>> modules("medlab.stats")
    ['medlab.stats']
    """
    module = importlib.import_module(name)
    if getattr(module, "__all__", None) or not hasattr(module, "__path__"):
        return [name]
    inside = sorted(each.name for each in pkgutil.iter_modules(module.__path__) if not each.name.startswith("_"))
    return [name, *(f"{name}.{each}" for each in inside)]


def _block(name: str) -> str:
    return f".. automodule:: {name}\n   :members:\n" + "   :no-index:\n" * (name == "medlab")
