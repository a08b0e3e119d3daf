"""Whether the links of a built site lead somewhere, and whether a page would ask another machine for anything."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("video", "src")}
LOADED = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}  # kinds of <link> that a browser loads


class Page(HTMLParser):
    """What a page links, loads, and can be linked at: ``links``, ``loads``, ``anchors``."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag says."""
        of = {name: value or "" for name, value in attrs}
        self.anchors |= {of[name] for name in ("id", "name") if name in of}
        for name, value in of.items():
            if (tag, name) in LOADS and (tag != "link" or set(of.get("rel", "").split()) & LOADED):
                self.loads.append(value)
            elif (tag, name) == ("a", "href"):
                self.links.append(value)


def problems(site: Path) -> list[str]:
    """Return what is wrong with a built site, a line for each: page and address.

    Links to other sites are not followed, only read: an address must be one of https, and a DOI have the form of one.
    """
    return [
        f"{path.relative_to(site)}: {what}"
        for path in sorted(site.rglob("*.html"))
        if not path.is_relative_to(site / "_static")
        for what in [*_links(path, site), *_loads(path)]
    ] + [f"{path.relative_to(site)}: loads {what}" for path in sorted(site.rglob("*.css")) for what in _from_css(path)]


def _links(path: Path, site: Path) -> list[str]:
    wrong = []
    for address in dict.fromkeys(_page(path).links):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            if not _is_sound(address):
                wrong.append(f"links to {address}, which is no address of a page")
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file() or not target.is_relative_to(site.resolve()):
            wrong.append(f"links to {address}, which is not there")
        elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in _page(target).anchors:
            wrong.append(f"links to {address}, which has no such place")
    return wrong


def _loads(path: Path) -> list[str]:
    wrong = []
    for address in dict.fromkeys(_page(path).loads):
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            wrong.append(f"loads {address} from another machine")
        elif not (path.parent / unquote(parts.path)).is_file():
            wrong.append(f"loads {address}, which is not there")
    return wrong


def _from_css(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return list(re.findall(r"url\(\s*['\"]?((?:https?:)?//[^'\")]+)", text))


def _is_sound(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http", "mailto"):
        return False
    if parts.netloc == "doi.org":
        return bool(re.fullmatch(r"/10\.\d{4,9}/\S+", parts.path))
    return parts.scheme == "mailto" or "." in parts.netloc or parts.hostname in ("127.0.0.1", "localhost")


@cache
def _page(path: Path) -> Page:
    return Page(path.resolve().read_text(encoding="utf-8"))
