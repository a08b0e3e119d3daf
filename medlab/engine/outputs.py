"""Outputs that nobody reads to their end are cut: a cell can print gigabytes."""

from __future__ import annotations

PICTURES = ("image/png", "image/jpeg", "image/gif")


def shorten(cell, most: int) -> None:
    """Cut the text of each output of a cell, in place; pictures stay whole.

    Parameters
    ----------
    cell : nbformat cell
    most : int
        Characters of one output.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_output
    >>> cell = new_code_cell("1", outputs=[new_output("stream", text="x" * 1000)])
    >>> shorten(cell, 3)
    >>> cell.outputs[0].text
    'xxx\\n... cut: 1000 characters in all'
    """
    for output in cell.get("outputs", []):
        if "text" in output:
            output["text"] = _cut(output["text"], most)
        for kind, text in output.get("data", {}).items():
            if isinstance(text, str) and kind not in PICTURES:
                output["data"][kind] = _cut(text, most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n... cut: {len(text)} characters in all"
