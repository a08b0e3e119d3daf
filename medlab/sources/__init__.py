"""Where cohorts come from: cards, images that packages carry, the simulated hospital, files and folders."""

from importlib import import_module

__all__ = ["fetch", "here", "known", "open"]


def __getattr__(name: str):
    # On first use: what the command asks of data needs no torch.
    if name in __all__:
        return getattr(import_module("medlab.sources.open_source"), name)
    raise AttributeError(f"module 'medlab.sources' has no attribute {name!r}")
