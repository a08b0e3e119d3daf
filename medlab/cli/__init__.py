"""The command ``medlab``: one module for each verb."""

from medlab.cli.app import main

__all__ = ["main"]
