"""The live view of an explorer: controls, and below them the picture and its words, whole on a small screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import ipywidgets as widgets

from medlab import figures
from medlab.explore.controls import Control
from medlab.figures.output import image_html

HEIGHT = 560  # CSS pixels that JupyterLab leaves for an output on a screen of 1366 x 768
_ROW, _WORDS = 34, 62  # of controls, and of two lines of words with their margins


class Panel(widgets.VBox):
    """Controls and a picture that follows them; a page without widgets shows the stored picture and its words.

    Parameters
    ----------
    render, describe : callable
        As for ``medlab.explore.explorer``.
    controls : sequence of Slider and Choice
    """

    def __init__(self, render: Callable, describe: Callable[..., str], controls: Sequence[Control]):
        self._render, self._describe = render, describe
        self.moved = {control.name: control.widget() for control in controls}
        self.seen, self.told, self._drawn = widgets.HTML(), "", {"": None}
        # Two beside one another where they fit: a column of four sliders would push the picture off the screen.
        rows = len(controls) if len(controls) < 3 else -(-len(controls) // 2)
        self.room = HEIGHT - _ROW * rows - _WORDS
        box = widgets.Box(list(self.moved.values()), layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([box, self.seen] if rows else [self.seen])
        if 0 < len(controls) < 3:
            box.layout.flex_flow = "column"
        for widget in self.moved.values():
            widget.observe(self._update, "value")
        self._update()

    def _update(self, _=None) -> None:
        """Draw once per drag, when it ends: the front end holds later moves back until this is done."""
        state = {name: widget.value for name, widget in self.moved.items()}
        if self._drawn == state:
            return  # a control that came back to where it was
        self._drawn = state
        try:
            picture, self.told = self._render(**state), str(self._describe(**state))
            tag = self._picture(picture)
        except Exception as error:  # shown in place of the picture, which would no longer be that of the controls
            text = escape(str(error)).replace("\n", "<br>")
            self.told = f"{type(error).__name__}: {error}"
            self.seen.value = f"<p role='alert'><b>{type(error).__name__}</b>: {text}</p>"
            return
        words = f"<p aria-live='polite' style='line-height:1.4;margin:4px 0;max-width:70em'>{escape(self.told)}</p>"
        self.seen.value = tag + words

    def _picture(self, figure) -> str:
        """Return the picture with twice the pixels that it is shown at, no higher than there is room."""
        wide, high = (inches * figure.get_dpi() for inches in figure.get_size_inches())
        wide *= min(1.0, self.room / high)
        style = f"width:{wide:.0f}px;max-width:100%;height:auto;display:block"
        return image_html(figures.png(figure, scale=2), alt=self.told, style=style)

    def _repr_mimebundle_(self, **kwargs) -> dict:
        data = super()._repr_mimebundle_(**kwargs)
        return data | {"text/html": self.seen.value, "text/plain": self.told}
