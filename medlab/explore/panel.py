"""What a reader sees of an explorer: live controls with a picture that follows them, or its static twin."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medlab import figures
from medlab.errors import MedlabError
from medlab.explore.controls import Control

# Programs that run notebooks with nobody watching. nbval runs in pytest, which sets the variables in every process.
_BATCH = {"papermill", "nbconvert", "jupyter-nbconvert", "jupyter-execute", "medlab.engine.child", "pytest", "py.test"}
_BATCH_SET = ("MEDLAB_STATIC", "PYTEST_VERSION", "PYTEST_CURRENT_TEST")


@dataclass(frozen=True)
class Explorer:
    """A picture with controls, from one description.

    Parameters
    ----------
    render : callable
        ``render(**state) -> Figure``; pure: the same state gives the same picture.
    describe : callable
        ``describe(**state) -> str``: the picture in words.
    controls : tuple of Slider and Choice
        Their names are the arguments of both functions. None is allowed: a picture with nothing to move.
    """

    render: Callable
    describe: Callable[..., str]
    controls: tuple[Control, ...] = ()

    @property
    def start(self) -> dict:
        """The state that the controls start in."""
        return {control.name: control.value for control in self.controls}

    def states(self, count: int = 3) -> Iterator[dict]:
        """Yield the grid of all controls, ``count`` values of each slider: what a test sweeps."""
        names = [control.name for control in self.controls]
        for values in itertools.product(*(control.states(count) for control in self.controls)):
            yield dict(zip(names, values, strict=True))

    def view(self, *, live: bool | None = None):
        """Return what is shown; see ``explorer``."""
        if not (is_live() if live is None else live):
            return StaticView(self.render, self.describe, self.start, controls=self.controls)
        from medlab.explore.live import Panel

        return Panel(self.render, self.describe, self.controls)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.view())


def explorer(render: Callable, controls: Sequence[Control], *, describe: Callable[..., str], live: bool | None = None):
    """Return controls and a picture that follows them, or a montage with its words where nothing is live.

    Parameters
    ----------
    render : callable
        ``render(**state) -> Figure``; pure, so that a test can sweep it.
    controls : list of Slider and Choice
    describe : callable
        ``describe(**state) -> str``: the picture in words, shown below it and used as its alternative text.
    live : bool, optional
        Whether widgets can be used; found out if not given (not under papermill, nbval or a plain interpreter).

    Returns
    -------
    Panel or StaticView

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> explorer(lambda: Figure(), [], describe=lambda: "an empty square", live=False)
    an empty square
    """
    return Explorer(render, describe, tuple(controls)).view(live=live)


class StaticView:
    """What papermill, print and HTML show of an explorer: a montage of a few states, with each of them in words.

    Parameters
    ----------
    render, describe : callable
    state : dict
        The state at the start, drawn first.
    controls : sequence of Slider and Choice
        The first of them is also drawn at its ends.

    Raises
    ------
    Exception
        Whatever ``render`` or ``describe`` raise: a picture that cannot be drawn fails the lesson.
    """

    def __init__(self, render: Callable, describe: Callable[..., str], state: dict, *, controls: Sequence[Control]):
        self.states = list(_some(state, controls))
        drawn = [figures.png(render(**one)) for one in self.states]
        titles = [", ".join(c.text(one[c.name]) for c in controls) for one in self.states]
        self.png = drawn[0] if len(drawn) == 1 else montage(drawn, titles)
        self.text = "\n".join(str(describe(**one)) for one in self.states)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/png": self.png, "text/plain": self.text}, {"image/png": {"alt": self.text}}

    def _ipython_display_(self) -> None:
        from IPython.display import Markdown, display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        # An alternative text is seen by nobody who sees the picture: the words stand below it as well.
        display(Markdown("\n\n".join(f"*{figures.plain(line)}*" for line in self.text.splitlines())))

    def __repr__(self) -> str:
        return self.text


def montage(pictures: Sequence[bytes], titles: Sequence[str]) -> bytes:
    """Return PNG pictures below one another, each under its title, as one PNG.

    Raises
    ------
    MedlabError
        If there is no picture, or not one title for each.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not pictures or len(pictures) != len(titles):
        raise MedlabError(f"{len(pictures)} pictures, {len(titles)} titles", hint="one title for each picture")
    images = [Image.open(io.BytesIO(one)).convert("RGB") for one in pictures]
    strip = 24
    sheet = Image.new("RGB", (max(i.width for i in images), sum(i.height + strip for i in images)), "white")
    pen, font, top = ImageDraw.Draw(sheet), ImageFont.load_default(13), 0
    for image, title in zip(images, titles, strict=True):
        pen.text((6, top + 5), title, fill="black", font=font)
        sheet.paste(image, (0, top + strip))
        top += image.height + strip
    buffer = io.BytesIO()
    sheet.quantize(128).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def is_live() -> bool:
    """Return whether somebody can move a slider: an IPython kernel that papermill, nbval or nbconvert did not start."""
    if any(os.environ.get(name) for name in _BATCH_SET) or "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None and not _started_by_a_program()


def _started_by_a_program() -> bool:
    import psutil

    try:
        command = psutil.Process(os.getppid()).cmdline()
    except psutil.Error:
        return False
    return bool(_BATCH & {Path(word).name.removesuffix(".exe") for word in command[:4] if word[:2] != "--"})


def _some(state: dict, controls: Sequence[Control]) -> Iterator[dict]:
    """The start, then the ends of the first control."""
    yield state
    if controls:
        first = controls[0]
        ends = first.states(2)
        yield from ({**state, first.name: end} for end in (ends[0], ends[-1]) if end != state[first.name])
