"""Fetch as a lesson does: where no server answers, say so after one short try, and remember it for a while."""

from __future__ import annotations

import contextlib
import json
import queue
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from data_fetch.cards import Card, load_card
from data_fetch.errors import Unavailable
from data_fetch.fetch import cache_folder, cached, fetch, mirror_address
from data_fetch.transport import Patience

WAIT = 3.0  # seconds for a first answer: a class without a network must not sit before an empty cell
REMEMBERED = 600.0  # seconds during which no further try is made, in any kernel of this user
_BRIEF = Patience(connect=WAIT, silence=10, tries=2)


def fetch_briefly(name: str) -> Path:
    """Return the path of a data set as `fetch` does, after at most one short try where nobody answers.

    Parameters
    ----------
    name : str
        Name of a card, also with a size, such as "breastmnist_64".

    Raises
    ------
    FetchError
        As `fetch`; `Unavailable` at once where a try of the last ten minutes failed.

    Examples
    --------
    >>> fetch_briefly("breastmnist").name  # doctest: +SKIP
    'breastmnist.npz'
    """
    card = load_card(name)
    if cached(card) or card.access != "open":
        return fetch(card, patience=_BRIEF)
    url = mirror_address() or card.files[0].url
    host = urlsplit(url).hostname or url
    ago = time.time() - _failures().get(host, 0)
    if 0 <= ago < REMEMBERED:
        raise _no_answer(card, f"{host} could not be reached {max(1, round(ago / 60))} min ago")
    sys.stdout.write(f"{card.name} is not here; trying {host} ...\n")
    sys.stdout.flush()
    if not answers(url):
        _remember(_failures() | {host: time.time()})
        raise _no_answer(card, f"{host} cannot be reached")
    forget()
    return fetch(card, patience=_BRIEF)


def answers(url: str, wait: float = WAIT) -> bool:
    """Return whether a server answers within so many seconds, whatever a name server or a proxy does meanwhile.

    Examples
    --------
    >>> answers("https://zenodo.org")  # doctest: +SKIP
    True
    """
    told: queue.Queue[bool] = queue.Queue()

    def ask() -> None:
        import requests

        try:
            requests.head(url, timeout=wait, allow_redirects=False, headers={"User-Agent": "medlab"})
            told.put(True)
        except (requests.RequestException, OSError, RuntimeError):
            told.put(False)

    # A thread: no timeout of a socket covers the look-up of a name, or a proxy that sends a byte now and then.
    threading.Thread(target=ask, daemon=True).start()
    try:
        return told.get(timeout=wait)
    except queue.Empty:
        return False


def forget() -> None:
    """Forget all failed tries, so that the next lesson tries again."""
    with contextlib.suppress(OSError):
        _note().unlink(missing_ok=True)


def _no_answer(card: Card, why: str) -> Unavailable:
    return Unavailable(
        f"{card.title} could not be downloaded: {why}",
        f"with a network: medlab fetch {card.name}; downloaded elsewhere: medlab fetch {card.name} --from FILE; "
        "in a class: name the folder of its files in MEDLAB_MIRROR",
    )


def _note() -> Path:
    return cache_folder() / ".no-answer.json"


def _failures() -> dict[str, float]:
    """Return host and time of failed tries."""
    try:
        found = json.loads(_note().read_text(encoding="utf-8"))
        return {str(host): float(when) for host, when in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _remember(failures: dict[str, float]) -> None:
    with contextlib.suppress(OSError):  # a place that cannot be written: the next kernel waits 3 s again
        _note().parent.mkdir(parents=True, exist_ok=True)
        _note().write_text(json.dumps(failures), encoding="utf-8")
