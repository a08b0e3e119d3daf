"""An executed notebook as an HTML page that loads nothing and runs nothing, whatever the notebook holds."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from medlab.engine.outputs import PICTURES, shorten

# The policy forbids scripts, frames and whatever comes from elsewhere; what it cannot forbid is taken out of the page.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1a1a1a; --line: #8888; --soft: #8882; --dim: #595959;
  --bad: #b3261e; --good: #1b6e2c; --mark: #1768ac }
@media (prefers-color-scheme: dark) { :root { --page: #121212; --ink: #ececec; --dim: #b5b5b5;
  --bad: #ff8a80; --good: #7fd48f; --mark: #7db8e8 } }
html { background: var(--page); color: var(--ink) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35rem .6rem; vertical-align: top }
th { border-bottom: 2px solid var(--line) } td { border-bottom: 1px solid var(--line) }
.bad { color: var(--bad); font-weight: 600 } .good { color: var(--good) } .over { font-weight: 600 }
pre { background: var(--soft); padding: .6rem; overflow-x: auto; font-size: 13px; white-space: pre-wrap }
h2 { margin-top: 2.5rem } svg { width: 100%; min-width: 16rem; height: 2rem } img { max-width: 100% }
meter { width: 6rem } .scroll { overflow-x: auto } a { color: var(--mark) }
.prompt { color: var(--dim); font-size: 12px }
.anchor-link { display: none } td.k { white-space: nowrap }
"""
_LONGEST = 100_000  # characters of one output
_TAGS = (
    "a abbr b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img "
    "ins kbd li mark meter ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead "
    "tr u ul"
)
_ATTRIBUTES = {"alt", "class", "colspan", "id", "lang", "max", "min", "rowspan", "scope", "style", "title", "value"}


def document(title: str, body: str) -> str:
    """Return a whole page, whose policy lets it load, run and send nothing.

    Parameters
    ----------
    title : str
        Text.
    body : str
        HTML.

    Examples
    --------
    >>> "<title>a &lt; b</title>" in document("a < b", "")
    True
    """
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><meta http-equiv='Content-Security-Policy' "
        f'content="{_POLICY}"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def notebook_page(notebook: Path, title: str) -> str:
    """Return an executed notebook as a page.

    Parameters
    ----------
    notebook : Path
        A file that cannot be shown becomes a page that says so.
    title : str

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "cannot be shown" in notebook_page(Path("missing.ipynb"), "Nothing")
    True
    """
    import nbformat
    from nbconvert import HTMLExporter

    try:
        book = nbformat.read(notebook, as_version=4)
        for cell in book.cells:
            shorten(cell, _LONGEST)
        body, _ = HTMLExporter(template_name="basic").from_notebook_node(book)
        body = harmless(body)
    except Exception as error:  # any notebook, and nbconvert raises whatever it stumbles over; the report goes on
        body = f"<p>This notebook cannot be shown: {escape(str(error))}</p>"
    return document(title, f"<p><a href='../index.html'>All runs</a></p>{body}")


def harmless(body: str) -> str:
    """Return HTML with nothing but text, tables, pictures that it carries itself, and links.

    Examples
    --------
    >>> harmless("<meta http-equiv='refresh' content='0;url=http://x'><b onclick='y()'>bold</b>")
    '<b>bold</b>'
    """
    from bleach import clean
    from bleach.css_sanitizer import CSSSanitizer

    body = re.sub(r"<(script|style)\b.*?</\1\s*>", "", body, flags=re.S | re.I)
    return clean(
        body, tags=set(_TAGS.split()), attributes=_allowed, protocols={"http", "https", "data"}, strip=True,
        css_sanitizer=CSSSanitizer(),
    )  # fmt: skip


def _allowed(tag: str, name: str, value: str) -> bool:
    """Return whether an attribute may stay."""
    if (tag, name) == ("img", "src"):
        return value.startswith(tuple(f"data:{kind};base64," for kind in PICTURES))
    if (tag, name) == ("a", "href"):
        try:
            return value.startswith("#") or urlsplit(value).scheme in ("http", "https")
        except ValueError:
            return False
    return name in _ATTRIBUTES
