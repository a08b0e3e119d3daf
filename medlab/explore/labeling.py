"""Explorer: wrong labels at a rate, and what they do to every number that is computed from labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medlab import figures
from medlab.errors import MedlabError
from medlab.explore.checks import binary
from medlab.explore.controls import Choice, Slider
from medlab.explore.panel import Explorer

_KINDS = ("both ways", "ill called healthy", "healthy called ill")


def noise_rate(truth, names: Sequence[str] = ("healthy", "ill"), *, seed: int = 0) -> Explorer:
    """Return an explorer of label noise: true against recorded labels, and how a perfect reader would score on them.

    No network is needed to see the first thing that noise does: who is always right looks wrong, since the yardstick
    is.

    Parameters
    ----------
    truth : array, shape (N,), 0/1
    names : two words
        For 0 and 1.
    seed : int
        Each patient gets a fixed number between 0 and 1, and is mislabeled at every rate above it: raising the rate
        adds wrong labels and takes none back.

    Returns
    -------
    Explorer
        Controls ``rate`` (0 to 0.5, of those who can be mislabeled) and ``kind``.

    Raises
    ------
    MedlabError
        If truth is not of both 0 and 1, or there are not two names.

    References
    ----------
    Frénay and Verleysen, IEEE Trans Neural Netw Learn Syst 25:845 (2014), doi:10.1109/TNNLS.2013.2292894.

    Examples
    --------
    >>> noise_rate([0, 0, 1, 1]).describe(rate=0.0, kind="both ways")[:53]
    '0 of 4 labels are wrong. Recorded as ill: 50% (truly '
    """
    truth = binary(truth)
    if len(names) != 2:
        raise MedlabError(f"{len(names)} names; wanted two", hint='such as ("healthy", "ill")')
    luck = np.random.default_rng(seed).uniform(size=len(truth))
    controls = (Slider("rate", "share mislabeled", 0, 0.5, 0.01, 0.2), Choice("kind", "mistake", _KINDS, _KINDS[0]))
    return Explorer(
        lambda **state: _draw(truth, recorded(truth, luck, **state), tuple(names)),
        lambda **state: _tell(truth, recorded(truth, luck, **state), tuple(names)),
        controls,
    )


def recorded(truth: np.ndarray, luck: np.ndarray, *, rate: float, kind: str) -> np.ndarray:
    """Return the labels that are recorded, shape (N,), 0/1.

    Examples
    --------
    >>> recorded(np.array([0, 1, 1]), np.array([0.1, 0.1, 0.9]), rate=0.2, kind="ill called healthy").tolist()
    [0, 0, 1]
    """
    may = {"both ways": np.ones_like(truth), "ill called healthy": truth, "healthy called ill": 1 - truth}[kind]
    return np.where((luck < rate) & (may == 1), 1 - truth, truth)


def _table(truth: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    return np.bincount(2 * truth + noisy, minlength=4).reshape(2, 2)


def _perfect(table: np.ndarray) -> dict[str, float]:
    """How somebody who always says the truth scores against recorded labels; nan where nobody is recorded so."""
    columns = table.sum(0)
    hit = [table[k, k] / columns[k] if columns[k] else float("nan") for k in (0, 1)]
    return {"accuracy": np.trace(table) / table.sum(), "sensitivity": hit[1], "specificity": hit[0]}


def _draw(truth: np.ndarray, noisy: np.ndarray, names: tuple[str, str]):
    from matplotlib.figure import Figure

    table = _table(truth, noisy)
    figure = Figure(figsize=(8.6, 3), layout="none")
    figure.subplots_adjust(left=0.08, right=0.99, bottom=0.16, top=0.9, wspace=0.5)  # a solver would cost 100 ms
    left, right = figure.subplots(1, 2)
    left.imshow(table, cmap="cividis", vmin=0, vmax=max(table.sum(1)))
    for (row, column), count in np.ndenumerate(table):
        dark = count < 0.6 * max(table.sum(1))
        mark = "" if row == column else "wrong: "
        left.text(column, row, f"{mark}{count}", ha="center", va="center", color="white" if dark else "black")
    left.set(xticks=(0, 1), yticks=(0, 1), xticklabels=names, yticklabels=names, xlabel="recorded", ylabel="true")
    left.set_title("Patients by true and recorded label", fontsize=10)
    shares = {f"recorded {names[1]}": noisy.mean(), f"truly {names[1]}": truth.mean(), **_perfect(table)}
    values = [0.0 if np.isnan(v) else v for v in shares.values()]
    bars = right.barh(list(shares), values, color=[figures.COLORS[k] for k in (5, 5, 0, 0, 0)])
    for bar, hatch in zip(bars, ("//", "//", "", "", ""), strict=True):
        bar.set_hatch(hatch)
    right.bar_label(bars, [f"{v:.0%}" if np.isfinite(v) else "nobody" for v in shares.values()], padding=3)
    right.set(xlim=(0, 1.2), title="Shares (hatched), scores of a perfect reader")
    right.title.set_fontsize(10)
    right.invert_yaxis()
    return figure


def _tell(truth: np.ndarray, noisy: np.ndarray, names: tuple[str, str]) -> str:
    scores = "; ".join(
        f"{name} {value:.0%}" if np.isfinite(value) else f"{name} not defined"
        for name, value in _perfect(_table(truth, noisy)).items()
    )
    return (
        f"{(truth != noisy).sum()} of {len(truth)} labels are wrong. Recorded as {names[1]}: {noisy.mean():.0%} (truly "
        f"{truth.mean():.0%}). Somebody who is always right would be given: {scores}."
    )
