"""Where cohorts come from: cards, images that packages carry, the simulated hospital, files and folders."""

from medlab.sources.open_source import here, known, open

__all__ = ["here", "known", "open"]
