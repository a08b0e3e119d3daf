"""Outputs of executed cells as the site shows them: pictures in files of their own, with alternative text."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from html import escape, unescape

Keep = Callable[[bytes], str]  # stores a PNG, returns its address relative to the page
_INLINE = re.compile(r'src="data:image/png;base64,([^"]+)"')
_OWN_COLOR = re.compile(r"(?:border-left|color|background|padding-left)\s*:[^;\"]*;?")


def shown(outputs: list[dict], keep: Keep) -> list[dict]:
    """Return the outputs of a cell for the site.

    Widgets are left out, since they need a kernel: each has a picture or a table beside it.

    Parameters
    ----------
    outputs : list of dict
        As the notebook's format has them.
    keep : callable
        ``keep(png) -> address``.

    Examples
    --------
    >>> shown([{"output_type": "stream", "name": "stderr", "text": "1 %"}], lambda png: "1.png")
    []
    """
    return list(_shown(outputs, keep))


def _shown(outputs: list[dict], keep: Keep) -> Iterator[dict]:
    for output in outputs:
        if output["output_type"] == "stream":
            if output["name"] == "stdout":
                yield output
            continue
        data = output.get("data", {})
        if "image/png" in data:
            alt = output.get("metadata", {}).get("image/png", {}).get("alt") or _text(data.get("text/plain", ""))
            address = keep(base64.b64decode(_text(data["image/png"])))
            alt = escape(alt or "Figure of the cell above")
            yield _html(f'<img class="dark-light" loading="lazy" alt="{alt}" src="{address}">')
        elif "text/html" in data:
            yield _html(
                _INLINE.sub(
                    lambda m: f'class="dark-light" loading="lazy" src="{keep(base64.b64decode(m[1]))}"', tidy(data)
                )
            )
        elif "text/markdown" in data:
            yield {**output, "data": {"text/markdown": data["text/markdown"]}}
        elif "text/plain" in data:
            yield {**output, "data": {"text/plain": data["text/plain"]}}


def tidy(data: dict) -> str:
    """Return the HTML of an output without colors of its own, which only suit a light page, in a box that scrolls.

    Examples
    --------
    >>> tidy({"text/html": "<b style='color:#111'>x</b>"})
    '<div class="own-html"><b style=\\'\\'>x</b></div>'
    """
    html = re.sub(r"style=(['\"])(.*?)\1", _plain, _text(data["text/html"]), flags=re.S)
    return f'<div class="own-html">{html}</div>'


def _plain(match: re.Match) -> str:
    mark, style = match.groups()
    return f"style={mark}{_OWN_COLOR.sub('', unescape(style)).strip()}{mark}"


def _html(text: str) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}}


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
