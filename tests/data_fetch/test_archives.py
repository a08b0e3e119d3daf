import io
import os
import struct
import tarfile
import zipfile
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_fetch.archives import MANIFEST, Budget, intact, unpack
from data_fetch.cards import load_card
from data_fetch.errors import Damaged, FetchError
from data_fetch.fetch import cache_folder, cached, fetch

GOOD = {"set/images/ä 1.png": b"one" * 1000, "set/labels.csv": b"a,b\n1,2\n"}


def make_tar(path, members, mode="w"):
    """Write a tar file of pairs of a name, or a ready TarInfo, and content."""
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo("x")
            if info is not name:
                info.filename = info.orig_filename = name  # ZipInfo would mend the name
                info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("form", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
def test_files_arrive_as_they_were_packed(tmp_path, form):
    path = tmp_path / "set.bin"
    make_zip(path, GOOD.items()) if form == "zip" else make_tar(path, GOOD.items(), form)
    folder = unpack(path, tmp_path / "out" / "set")
    found = contents(folder)
    assert found.pop(MANIFEST)
    assert found == GOOD
    assert intact(folder)
    assert [p.name for p in folder.parent.iterdir()] == ["set"]


def test_a_changed_or_missing_file_is_noticed(tmp_path):
    folder = unpack(make_tar(tmp_path / "a.tar", GOOD.items()), tmp_path / "set")
    file = folder / "set" / "labels.csv"
    file.touch()
    assert intact(folder)  # another time, the same content
    file.write_bytes(b"a,b\n1,3\n")
    assert not intact(folder)
    unpack(tmp_path / "a.tar", folder)
    assert intact(folder)
    file.unlink()
    assert not intact(folder)


NAMES = [
    "../evil", "a/../../evil", "/etc/evil", "C:/evil", "C:\\evil", "..\\evil", "a//b", "CON.txt", "a/nul", "a/com1.png",
    "end.", "end /x", "tab\t", "null\x01", "a" * 300, "/".join("a" * 60), "star*", MANIFEST,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_elsewhere_or_differ_between_systems_are_refused(tmp_path, kind, name):
    make = make_tar if kind == "tar" else make_zip
    path = make(tmp_path / "in.bin", [("good", b"1"), (name, b"2")])
    with pytest.raises(Damaged, match="nothing was written"):
        unpack(path, tmp_path / "deep" / "er" / "out")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


@pytest.mark.parametrize(
    "members",
    [
        [(special("link", tarfile.SYMTYPE, "/etc/passwd"), b"")],
        [(special("link", tarfile.LNKTYPE, "../x"), b"")],
        [(special("pipe", tarfile.FIFOTYPE), b"")],
        [(special("device", tarfile.CHRTYPE), b"")],
        [("a", b"1"), ("a", b"2")],
        [("a", b"1"), ("A", b"2")],
        [("a\u0308", b"1"), ("\u00e4", b"2")],
        [("a", b"1"), ("a/b", b"2")],
        [("a/b", b"1"), ("A", b"2")],
        [],
    ],
)
def test_links_devices_and_doubles_are_refused(tmp_path, members):
    path = make_tar(tmp_path / "in.tar", members)
    with pytest.raises(Damaged):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bombs_are_refused_before_they_go_off(tmp_path):
    bomb = make_zip(tmp_path / "bomb.zip", [("zeros", bytes(20_000_000))])
    with pytest.raises(Damaged, match="claim to hold"):
        unpack(bomb, tmp_path / "out")
    packed = make_tar(tmp_path / "bomb.tar.gz", [("zeros", bytes(20_000_000))], "w:gz")
    with pytest.raises(Damaged, match="claim to hold"):
        unpack(packed, tmp_path / "out")
    many = make_tar(tmp_path / "many.tar", [(f"{k}", b"") for k in range(50)])
    with pytest.raises(Damaged, match="more than 20 files"):
        unpack(many, tmp_path / "out", budget=Budget(files=20))
    with pytest.raises(Damaged, match="claim to hold"):
        unpack(make_tar(tmp_path / "big.tar", GOOD.items()), tmp_path / "out", budget=Budget(total=100))


def test_a_header_that_asks_for_gigabytes_is_refused(tmp_path):
    info = special("long", tarfile.GNUTYPE_LONGNAME)
    info.size = 3 << 30
    (tmp_path / "in.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(Damaged):
        unpack(tmp_path / "in.tar", tmp_path / "out")


def test_an_encrypted_or_lying_zip_is_refused(tmp_path):
    path = make_zip(tmp_path / "in.zip", [("a", b"1" * 100)])
    whole = bytearray(path.read_bytes())
    at = whole.index(b"PK\x01\x02")
    locked = bytearray(whole)
    locked[at + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(Damaged, match="encrypted"):
        unpack(path, tmp_path / "out")
    whole[at + 24 : at + 28] = struct.pack("<I", 50)  # half of what is there
    path.write_bytes(whole)
    with pytest.raises(Damaged):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_macos_adds_is_left_out_and_archives_inside_stay_closed(tmp_path):
    inner = make_zip(tmp_path / "inner.zip", [("x", b"1")]).read_bytes()
    names = [("set/._a", b"?"), ("__MACOSX/set/a", b"?"), ("set/.DS_Store", b"?"), ("set/in.zip", inner)]
    folder = unpack(make_tar(tmp_path / "a.tar", names), tmp_path / "out")
    assert set(contents(folder)) == {"set/in.zip", MANIFEST}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["w", "w:gz", "zip"]),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=4),
)
def test_damaged_archives_are_refused_in_one_way(tmp_path, kind, cut, flips):
    path = tmp_path / "in.bin"
    make_zip(path, GOOD.items()) if kind == "zip" else make_tar(path, GOOD.items(), kind)
    data = bytearray(path.read_bytes())
    for where, change in flips:
        data[int(where * (len(data) - 1))] ^= change
    path.write_bytes(data[: int(len(data) * max(cut, 0.5)) + 1])
    with suppress(FetchError):
        unpack(path, tmp_path / "out")
    assert {p.name for p in tmp_path.iterdir()} <= {"in.bin", "out"}


def archive_card(server, path, **more):
    server.content = path.read_bytes()
    card = load_card("breastmnist")
    file = replace(card.files[0], url=server.url, mirror="packed/set.tar", md5=None, bytes=None)
    return replace(card, files=(file,), folder="myset", **more)


def test_a_packed_set_is_fetched_unpacked_and_mended(server, tmp_path):
    card = archive_card(server, make_tar(tmp_path / "a.tar", GOOD.items()), inside="set")
    folder = fetch(card, progress=False)
    assert folder == cache_folder() / "myset" / "set"
    assert not (cache_folder() / "packed" / "set.tar").exists()
    assert fetch(card, progress=False) == folder
    assert len(server.asked) == 1
    (folder / "labels.csv").write_bytes(b"a,b\n9,9\n")
    with pytest.warns(UserWarning, match="unpacking it again"):
        fetch(card, progress=False)
    assert (folder / "labels.csv").read_bytes() == GOOD["set/labels.csv"]


def test_a_folder_of_the_mirror_is_taken_as_it_is(server, tmp_path, monkeypatch):
    (tmp_path / "class" / "myset").mkdir(parents=True)
    (tmp_path / "class" / "myset" / "labels.csv").write_bytes(b"a,b\n1,2\n")
    monkeypatch.setenv("MEDLAB_MIRROR", os.fspath(tmp_path / "class"))
    card = archive_card(server, make_tar(tmp_path / "a.tar", GOOD.items()))
    assert fetch(card, progress=False) == tmp_path / "class" / "myset"
    assert not server.asked


@pytest.mark.parametrize("left", [None, "set.tar", "set.tar.part", ".lock"])
def test_what_a_failed_download_left_is_not_a_set(server, tmp_path, left):
    card = archive_card(server, make_tar(tmp_path / "a.tar", GOOD.items()), inside="set")
    (cache_folder() / "myset").mkdir(parents=True)
    if left:
        (cache_folder() / "myset" / left).write_bytes(b"half of it")
    assert not cached(card)
    folder = fetch(card, progress=False)
    assert folder == cache_folder() / "myset" / "set"
    assert (folder / "labels.csv").read_bytes() == GOOD["set/labels.csv"]
    assert cached(card)
