"""The command ``medlab fetch``."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer

from medlab.errors import MedlabError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Data sets by name.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the data sets.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="All that are open to everybody.")] = False,
    max_size: Annotated[str, typer.Option(help="With --all: leave out what is larger, such as 100MB.")] = "",
    mirror: Annotated[Path | None, typer.Option(help="Put the files into this folder, for a class.")] = None,
    from_: Annotated[Path | None, typer.Option("--from", help="A file that was downloaded by hand.")] = None,
) -> None:
    """Download data sets, verified, into the cache (or take them from MEDLAB_MIRROR)."""
    from data_fetch.cards import all_cards, load_card
    from data_fetch.errors import FetchError

    if max_size and not all_:
        raise MedlabError("--max-size without --all", hint="add --all, or leave it out")
    if all_ and (names or from_):
        raise MedlabError("--all with names or --from", hint="leave one out")
    if from_ and (len(names or []) != 1 or mirror):
        raise MedlabError(
            "--from wants the name of one data set, and no --mirror", hint="medlab fetch NAME --from FILE"
        )
    if list_ or not (names or all_):
        _list(all_cards().values())
        return
    from data_fetch.network import forget

    forget()  # whoever fetches is likely online: lessons try again, too
    cards = _chosen(max_size) if all_ else [load_card(name) for name in names or []]
    failed = 0
    for card in cards:
        try:
            for path in _get(card, mirror, from_):
                typer.echo(f"{card.name}: {path}")
        except FetchError as error:
            failed += 1
            typer.echo(f"{card.name}: {error}", err=True)
    if failed:
        typer.echo(f"{failed} of {len(cards)} could not be had", err=True)
        raise typer.Exit(1)


def _get(card, mirror: Path | None, by_hand: Path | None) -> list[Path]:
    from data_fetch import fetch as fetching

    if mirror is not None:
        return fetching.prefetch(card, mirror)
    return [fetching.place(card, by_hand) if by_hand is not None else fetching.fetch(card)]


def _chosen(max_size: str) -> list:
    """Return the cards of ``--all``; those that are left out are told with the reason."""
    from data_fetch.cards import all_cards, load_card

    most, chosen = _bytes(max_size) if max_size else None, []
    for card in (load_card(name) for name in all_cards()):
        if card.access != "open":
            typer.echo(f"{card.name}: left out, it wants a registration", err=True)
        elif most is not None and card.bytes is None:
            typer.echo(f"{card.name}: left out, its size is not published ({card.size})", err=True)
        elif most is not None and card.bytes is not None and card.bytes > most:
            typer.echo(f"{card.name}: left out, {card.size}", err=True)
        else:
            chosen.append(card)
    return chosen


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) *([KMGT]?)B?", text.strip(), re.IGNORECASE)
    if not found:
        raise MedlabError(f"--max-size {text!r}", hint="a number with a unit, such as 100MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _list(cards) -> None:
    """Print two lines for each data set, at most 80 columns wide, in groups of one task."""
    from data_fetch.cards import load_card
    from data_fetch.fetch import cached

    found = sorted((load_card(each.name) for each in cards), key=lambda card: (card.task, card.name))
    for task, group in groupby(found, key=lambda card: card.task):
        typer.echo(f"\n{task}")
        for card in group:
            here = "here" if cached(card) else "register first" if card.access != "open" else ""
            typer.echo(f"  {card.name:<26}{card.size:>15}  {here}".rstrip())
            typer.echo("     " + shorten(f"{card.title} ({card.licence})", 74, placeholder=" ..."))
    typer.echo(f"\n{len(found)} data sets. To get some: medlab fetch NAME ...")
