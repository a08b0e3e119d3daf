"""What a figure becomes on a page: a picture, a caption and alternative text."""

from __future__ import annotations

import base64
import io
from html import escape
from textwrap import fill

from medlab.errors import MedlabError


def show(figure, *, caption: str, alt: str, inside: bool = False) -> None:
    """Display a figure with its caption and alternative text, then close it.

    Parameters
    ----------
    figure : matplotlib Figure
    caption : str
        What to see, and the source of the data. Shown as it is: signs of HTML and Markdown have no effect.
    alt : str
        What the picture shows, for those who cannot see it: at least 20 characters.
    inside : bool
        Draw the caption into the picture. Then a PNG is the whole output, which nbval leaves out of its comparison.

    Raises
    ------
    MedlabError
        If the caption is empty or the alternative text says too little.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Markdown, display

    if len(str(alt).strip()) < 20 or not str(caption).strip():
        raise MedlabError(f"alt text {alt!r}, caption {caption!r}", hint="say in a sentence what the picture shows")
    # JupyterLab gives PNG outputs no alt attribute; the metadata serve nbconvert, the caption serves everybody.
    if inside:
        figure.supxlabel(fill(caption, 100), fontsize="small").set_parse_math(False)
    picture = {"image/png": base64.b64encode(png(figure)).decode()}
    display(picture, metadata={"image/png": {"alt": str(alt)}}, raw=True)
    if not inside:
        display(Markdown(f"*{plain(caption)}*"))
    plt.close(figure)


def png(figure, *, scale: float = 1) -> bytes:
    """Return a figure as PNG bytes, with ``scale`` times its pixels."""
    from matplotlib.cbook import is_math_text
    from matplotlib.text import Text

    for words in figure.findobj(Text):  # names from data may hold dollar signs; only matplotlib's own ticks are math
        if is_math_text(words.get_text()) and "mathdefault" not in words.get_text():
            words.set_parse_math(False)
            words.set_text(words.get_text().replace(r"\$", "$"))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white", dpi=scale * figure.get_dpi())
    return buffer.getvalue()


def image_html(picture: bytes, *, alt: str, style: str = "max-width:100%") -> str:
    """Return PNG bytes as an HTML image with alternative text, both escaped."""
    code = base64.b64encode(picture).decode()
    return f'<img alt="{escape(alt)}" style="{style}" src="data:image/png;base64,{code}">'


def plain(text: object) -> str:
    r"""Return text on one line that Markdown and HTML leave as it is: names from data never become a tag.

    Examples
    --------
    >>> plain("<b> 2*3")
    '&lt;b&gt; 2\\*3'
    """
    line = " ".join(str(text).split())
    return "".join(f"\\{sign}" if sign in "\\`*_[]#|$~" else escape(sign, quote=False) for sign in line)
