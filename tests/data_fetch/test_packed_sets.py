"""Sets that arrive packed, at the places that their cards name: whole, and only when whole."""

import hashlib
import io
import os
import shutil
import warnings
import zipfile
from collections import namedtuple
from dataclasses import replace

import pytest

from data_fetch import archives
from data_fetch.cards import File, all_cards, load_card
from data_fetch.errors import Damaged, Unavailable
from data_fetch.fetch import cache_folder, cached, fetch

PACKED = [name for name, card in all_cards().items() if card.folder and card.access == "open"]


def packed(text="x", names=("set/0.bin", "set/1.bin")):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def serve(server):
    """Return a function that puts a card's files, under their own names, on a server of this machine."""
    server.content = packed()
    sha256 = hashlib.sha256(server.content).hexdigest()

    def of(card):
        files = tuple(File(server.url, file.mirror, sha256=sha256) for file in card.files)
        return replace(card, files=files)

    of.server = server
    return of


@pytest.mark.parametrize("name", PACKED)
def test_the_first_download_of_every_packed_set_returns_its_files(serve, name):
    card = serve(load_card(name))
    wanted = 2 * len(card.files)
    for _ in range(2):
        assert len(list(fetch(card, progress=False).rglob("*.bin"))) == wanted
        serve.server.fault = "missing"  # what was fetched once needs no network
    assert cached(card)
    assert not list(cache_folder().rglob("*.zip*"))


def two(serve):
    card = load_card("chase_db1")
    file = card.files[0]
    return serve(replace(card, name="two", folder="two", files=(file, replace(file, mirror="two/second.zip"))))


def test_half_of_a_set_of_two_archives_is_not_the_set(serve):
    card = two(serve)
    folder = fetch(card, progress=False)
    assert sorted(path.name for path in folder.iterdir()) == ["CHASEDB1", "second"]
    (folder / "second" / "set" / "1.bin").unlink()
    with pytest.warns(UserWarning, match="differs from what was unpacked"):
        assert len(list(fetch(card, progress=False).rglob("*.bin"))) == 4
    shutil.rmtree(folder / "second")
    assert not cached(card)
    assert len(list(fetch(card, progress=False).rglob("*.bin"))) == 4


def test_archives_of_like_names_have_folders_of_their_own(serve):
    card = two(serve)
    names = ("packed/set.part1.zip", "packed/set.part2.zip")
    card = replace(card, files=tuple(replace(file, mirror=name) for file, name in zip(card.files, names, strict=True)))
    assert len(list(fetch(card, progress=False).rglob("*.bin"))) == 4


@pytest.mark.parametrize("mirror", ["one/set.zip", "packed/set.zip"])
def test_an_archive_stays_if_there_is_no_room_to_unpack_it(serve, monkeypatch, mirror):
    card = serve(replace(load_card("chase_db1"), name="one", folder="one"))
    card = replace(card, files=(replace(card.files[0], mirror=mirror),))
    room = namedtuple("room", "total used free")
    with monkeypatch.context() as full:
        full.setattr(archives.shutil, "disk_usage", lambda _: room(10**12, 0, 10**11))
        real = archives._fill

        def fill(*given):
            full.setattr(archives.shutil, "disk_usage", lambda _: room(10**12, 10**12, 0))
            real(*given)

        full.setattr(archives, "_fill", fill)
        with pytest.raises(Unavailable, match="are free"):
            fetch(card, progress=False)
    assert (cache_folder() / mirror).is_file()
    serve.server.fault = "missing"
    assert len(list(fetch(card, progress=False).rglob("*.bin"))) == 2


def test_what_killed_processes_left_is_removed_and_nothing_else(serve):
    card = serve(replace(load_card("chase_db1"), name="one", folder="one"))
    root = cache_folder()
    for name in (".one-abc_1234", ".one-old-abcd1234"):
        (root / name / "half").mkdir(parents=True)
    for name in (".one-two-abcd1234", ".one-notes", "one-abcd1234"):
        (root / name).mkdir()
    fetch(card, progress=False)
    left = {path.name for path in root.iterdir()}
    assert not {".one-abc_1234", ".one-old-abcd1234"} & left
    assert {".one-two-abcd1234", ".one-notes", "one-abcd1234"} <= left


def test_a_folder_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(packed())
    folder = archives.unpack(tmp_path / "a.zip", tmp_path / "set")
    real, calls = os.replace, []

    def fails_once(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(5, "broken")
        real(source, target)

    monkeypatch.setattr(archives.os, "replace", fails_once)
    with pytest.raises(Damaged, match="cannot be read"):
        archives.unpack(tmp_path / "a.zip", folder)
    assert archives.intact(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "set"]


def test_nothing_is_warned_of_where_all_is_well(serve):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        card = two(serve)
        assert fetch(card, progress=False) == fetch(card, progress=False)
