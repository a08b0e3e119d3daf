"""What networks, servers, disks and impatient people do to a download; the server is one of our own, on loopback."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import replace

import pytest

import data_fetch.transport as transport
from data_fetch.cards import File
from data_fetch.errors import Damaged, Unavailable
from data_fetch.fetch import HASHES, cache_folder, fetch, prefetch
from tests.data_fetch.server import CONTENT, QUICK


def get(card):
    return fetch(card, progress=False, patience=QUICK)


def left_over():
    cache = cache_folder()
    return [p.name for p in cache.rglob("*") if p.is_file() and ".locks" not in p.parts and ".verified" not in p.parts]


@pytest.mark.parametrize(
    ("fault", "times", "requests"),
    [
        ("", 0, 1),
        ("half", 1, 2),
        ("half_silent", 1, 2),
        ("drip", 99, 9),
        ("stall", 1, 2),
        ("wrong_range", 2, 3),
        ("wrong_range_total", 2, 3),
        ("no_ranges", 9, 2),
        ("refuses_ranges", 9, 3),
        ("changed", 9, 2),
        ("elsewhere", 9, 2),
        ("zipped", 9, 1),
        ("zipped_half", 1, 2),
        ("busy", 2, 3),
        ("short_length", 1, 2),
    ],
)
def test_what_can_be_mended_is_mended(server, card, fault, times, requests):
    server.fault, server.times = fault, times
    path = get(card)
    assert path.read_bytes() == CONTENT
    assert len(server.asked) == requests
    assert left_over() == ["set.npz"]


def test_the_second_try_asks_only_for_the_rest_of_the_same_version(server, card):
    server.fault, server.times = "half", 1
    get(card)
    assert server.asked[1]["range"] == f"bytes={len(CONTENT) // 2}-"
    assert server.asked[1]["if-range"] == '"one"'


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("portal", Damaged, "Sign in"),
        ("portal_untold", Damaged, "not set.npz|<html>please sign in"),
        ("flipped", Damaged, "wanted"),
        ("endless", Damaged, "at most"),
        ("huge_length", Damaged, "at most"),
        ("to_http", Unavailable, "not https"),
        ("round", Unavailable, "without end"),
        ("missing", Unavailable, "status 404"),
        ("busy", Unavailable, "status 503"),
        ("trickle", Unavailable, "too slow"),
    ],
)
def test_what_cannot_is_refused_with_a_reason_and_no_secret(server, card, fault, kind, said):
    server.fault = fault
    quick = replace(QUICK, total=0.5) if fault == "trickle" else QUICK
    if fault == "portal_untold":  # without a size to compare only the hash tells
        card = replace(card, files=(replace(card.files[0], bytes=None),))
    with pytest.raises(kind) as caught:
        fetch(card, progress=False, patience=quick)
    assert any(word in str(caught.value) for word in said.split("|"))
    assert "secret" not in str(caught.value)
    assert not any(name == "set.npz" for name in left_over())
    if kind is Damaged:
        assert left_over() == []


def test_after_all_tries_what_has_arrived_is_kept_and_used_next_time(server, card):
    server.fault = "stall"
    with pytest.raises(Unavailable, match="are kept"):
        get(card)
    kept = [name for name in left_over() if name.endswith(".part")]
    assert kept == ["set.npz.part"]
    server.fault, server.asked[:] = "", []
    assert get(card).read_bytes() == CONTENT
    assert int(server.asked[0]["range"][6:-1]) > 0
    assert left_over() == ["set.npz"]


def test_a_part_of_something_else_costs_one_more_request_and_nothing_else(server, card):
    part = cache_folder() / "sets" / "set.npz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 100)
    with pytest.raises(Damaged):
        get(card)
    assert get(card).read_bytes() == CONTENT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_kill_leave_a_part_to_go_on_from(server, card, number, interruptible):
    if os.name == "nt":
        pytest.skip("signals of POSIX")
    server.fault = "stall"
    code = (
        "import sys; from dataclasses import replace; from data_fetch.cards import File, load_card\n"
        "from data_fetch.fetch import fetch\n"
        f"file = File(url={server.url!r}, mirror='sets/set.npz', md5={card.files[0].md5!r}, bytes={len(CONTENT)})\n"
        "fetch(replace(load_card('breastmnist'), files=(file,)), progress=False)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, preexec_fn=interruptible)
    part = cache_folder() / "sets" / "set.npz.part"
    for _ in range(1000):
        if part.is_file() and part.stat().st_size:
            break
        time.sleep(0.02)
    child.send_signal(number)
    _, told = child.communicate(timeout=20)
    assert child.returncode != 0
    assert number != signal.SIGINT or b"KeyboardInterrupt" in told
    assert "set.npz" not in left_over()
    server.gate.set()
    server.fault, server.asked[:] = "", []
    assert get(card).read_bytes() == CONTENT  # also: the lock of the dead process is no obstacle
    assert "range" in server.asked[0]


def test_eight_processes_at_once_make_one_request(server, card):
    server.fault = "slow"
    code = (
        "from dataclasses import replace; from data_fetch.cards import File, load_card\n"
        "from data_fetch.fetch import fetch\n"
        f"file = File(url={server.url!r}, mirror='sets/set.npz', md5={card.files[0].md5!r}, bytes={len(CONTENT)})\n"
        "print(len(fetch(replace(load_card('breastmnist'), files=(file,)), progress=False).read_bytes()))"
    )
    children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(8)]
    told = [int(child.communicate(timeout=60)[0]) for child in children]
    assert told == [len(CONTENT)] * 8
    assert len(server.asked) == 1


def test_a_full_disk_is_told_before_a_byte_is_written(server, card, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    with pytest.raises(Unavailable, match="no space left") as caught:
        get(card)
    assert "MEDLAB_DATA" in str(caught.value)
    assert left_over() == []


def test_a_disk_that_fills_up_on_the_way_keeps_the_old_file_and_is_cleaned(server, card, monkeypatch):
    from pathlib import Path

    class Full:
        def __init__(self, opened):
            self.opened = opened

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.opened.close()

        def write(self, chunk):
            raise OSError(28, "No space left on device")

        def __getattr__(self, name):
            return getattr(self.opened, name)

    honest = Path.open

    def opened(self, mode="r", **more):
        handle = honest(self, mode, **more)
        return Full(handle) if self.suffix == ".part" and mode == "wb" else handle

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(Unavailable, match="no space left"):
        get(card)
    assert left_over() == []


def test_without_a_published_hash_the_first_download_records_one(server, card):
    bare = replace(card, files=(File(url=server.url, mirror="sets/set.npz"),))
    path = get(bare)
    assert (cache_folder() / HASHES).is_file()
    path.write_bytes(CONTENT[:-1] + b"?")
    with pytest.warns(UserWarning, match="downloading it again"):
        assert get(bare).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_mirror_can_be_an_address(server, card, monkeypatch, tmp_path):
    monkeypatch.setenv("MEDLAB_MIRROR", server.url.partition("/a/")[0] + "/class")
    elsewhere = replace(card, files=(replace(card.files[0], url="https://example.invalid/set.npz"),))
    assert get(elsewhere).read_bytes() == CONTENT
    assert [each["path"] for each in server.asked] == ["/class/sets/set.npz"]


def test_a_broken_mirror_address_gives_way_to_the_publisher_and_says_so(server, card, monkeypatch):
    monkeypatch.setenv("MEDLAB_MIRROR", server.url.partition("/a/")[0] + "/class")
    server.fault, server.times = "portal", 1
    with pytest.warns(UserWarning, match="asking the publisher"):
        assert get(card).read_bytes() == CONTENT


def test_what_a_teacher_prefetches_is_a_mirror(server, card, tmp_path, monkeypatch):
    (path,) = prefetch(card, tmp_path / "class", progress=False, patience=QUICK)
    assert path == tmp_path / "class" / "sets" / "set.npz"
    monkeypatch.setenv("MEDLAB_MIRROR", str(tmp_path / "class"))
    assert get(card) == path
    assert prefetch(card, tmp_path / "class", progress=False, patience=QUICK) == [path]
    assert len(server.asked) == 1


def test_a_file_that_did_not_change_is_hashed_once(server, card, monkeypatch):
    path = get(card)
    old = time.time() - 100
    os.utime(path, (old, old))
    monkeypatch.setattr("data_fetch.fetch._SETTLED", -1)
    get(card)
    hashed = []
    monkeypatch.setattr(hashlib, "file_digest", lambda *a: hashed.append(a))
    assert get(card) == path
    assert not hashed


@pytest.mark.parametrize("name", ["ö b{1} é%20", "a ~b's (c)", "x" * 180])
def test_odd_names_of_folders_are_no_obstacle(server, card, tmp_path, monkeypatch, name):
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path / name))
    assert get(card) == tmp_path / name / "sets" / "set.npz"


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_what_arrives_can_be_read_by_others(server, card):
    mask = os.umask(0)
    os.umask(mask)
    assert get(card).stat().st_mode & 0o777 == 0o644 & ~mask


def test_messages_keep_secrets():
    assert transport.address("https://me:word@example.org:8/a b?token=1#x") == "https://example.org:8/a b"
