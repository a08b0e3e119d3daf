import ast
import hashlib
import os
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import data_fetch.fetch as module
from data_fetch.cards import File, load_card
from data_fetch.errors import Damaged, FetchError, Unavailable
from data_fetch.fetch import cache_folder, fetch, mirror_folder

pytestmark = pytest.mark.disable_socket
CONTENT = b"images and labels"
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
FILE = File(url="https://example.org/a/set.npz?token=secret", md5=MD5, mirror="sets/set.npz", bytes=len(CONTENT))
CARD = replace(load_card("breastmnist"), files=(FILE,))


@pytest.fixture
def publisher(monkeypatch):
    """A publisher who sends ``sends`` (bytes or an exception), and remembers who asked."""

    class Publisher:
        sends, asked = CONTENT, []

    def download(wanted, **_):
        Publisher.asked.append(wanted.url)
        if isinstance(Publisher.sends, Exception):
            raise Publisher.sends
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
        wanted.target.write_bytes(Publisher.sends)
        return {}

    Publisher.asked = []
    monkeypatch.setattr(module, "download", download)
    return Publisher


def put(folder, content=CONTENT):
    path = folder / FILE.mirror
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_it_is_downloaded_once_verified_and_readable_by_others(folders, publisher):
    path = fetch(CARD)
    assert path == folders / "cache" / "sets" / "set.npz"
    assert path.read_bytes() == CONTENT
    assert fetch(CARD) == path
    assert publisher.asked == [FILE.url]
    assert [p.name for p in path.parent.iterdir()] == ["set.npz"]


def test_the_mirror_comes_first(folders, publisher, monkeypatch):
    path = put(folders / "mirror")
    put(folders / "cache")
    monkeypatch.setenv("MEDLAB_MIRROR", str(folders / "mirror"))
    assert fetch(CARD) == path
    assert not publisher.asked


def test_a_mirror_without_the_file_is_passed_by(folders, publisher, monkeypatch):
    (folders / "mirror").mkdir()
    monkeypatch.setenv("MEDLAB_MIRROR", str(folders / "mirror"))
    assert fetch(CARD).is_relative_to(folders / "cache")


def test_a_wrong_file_in_the_mirror_is_refused_and_not_replaced(folders, publisher, monkeypatch):
    path = put(folders / "mirror", b"something else")
    monkeypatch.setenv("MEDLAB_MIRROR", str(folders / "mirror"))
    with pytest.raises(Damaged) as caught:
        fetch(CARD)
    got = hashlib.md5(b"something else", usedforsecurity=False).hexdigest()
    assert all(word in str(caught.value) for word in (str(path), got, MD5))
    assert not publisher.asked


def test_a_relative_mirror_is_looked_up_here_then_in_the_checkout(folders, monkeypatch):
    checkout = Path(module.__file__).resolve().parent.parent
    monkeypatch.setenv("MEDLAB_MIRROR", "data_fetch")
    monkeypatch.chdir(folders)
    assert mirror_folder() == checkout / "data_fetch"
    (folders / "data_fetch").mkdir()
    assert mirror_folder() == (folders / "data_fetch").resolve()
    monkeypatch.setenv("MEDLAB_MIRROR", "no such folder")
    assert mirror_folder() is None


def test_a_file_damaged_in_the_cache_is_noticed_and_downloaded_again(folders, publisher):
    path = put(folders / "cache", CONTENT[:-1])
    with pytest.warns(UserWarning, match="downloading it again"):
        assert fetch(CARD) == path
    assert path.read_bytes() == CONTENT
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionError("no route to https://example.org/a/set.npz?token=secret"), "ConnectionError"),
        (RuntimeError("A test tried to use socket.socket."), "RuntimeError"),
    ],
)
def test_offline_it_says_file_address_place_and_alternatives(folders, publisher, error, reason):
    publisher.sends = error
    with pytest.raises(Unavailable) as caught:
        fetch(CARD)
    text = str(caught.value)
    wanted = (
        "set.npz",
        "https://example.org/a/set.npz",
        str(folders / "cache" / "sets"),
        "MEDLAB_MIRROR",
        CARD.alternative,
    )
    assert all(word in text for word in (*wanted, reason))
    assert "secret" not in text


def test_a_cache_that_cannot_be_written_gives_way_to_a_temporary_folder_with_one_notice(
    folders, publisher, monkeypatch, recwarn
):
    (folders / "file").write_text("in the way")  # works for root as well, whom no mode stops
    monkeypatch.setenv("MEDLAB_DATA", str(folders / "file" / "cache"))
    first = fetch(CARD)
    assert first.read_bytes() == CONTENT
    assert fetch(CARD) == first
    assert [str(w.message) for w in recwarn if "cannot be written" in str(w.message)] == [str(recwarn[0].message)]


def test_the_cache_is_the_users_own_unless_named(monkeypatch):
    monkeypatch.delenv("MEDLAB_DATA")
    assert cache_folder().name in ("medlab", "Cache")


def test_errors_survive_the_way_between_processes():
    error = pickle.loads(pickle.dumps(Damaged("broken", "mend it")))
    assert isinstance(error, FetchError)
    assert str(error) == "broken\n  -> mend it"


def test_it_needs_neither_medlab_nor_torch():
    sources = Path(module.__file__).parent.glob("*.py")
    trees = [ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in sources]
    nodes = [node for tree in trees for node in tree]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    allowed = sys.stdlib_module_names | {"data_fetch", "platformdirs", "requests", "urllib3", "filelock", "tqdm"}
    assert {name.split(".")[0] for name in names} <= allowed


@pytest.mark.needs_mirror
@pytest.mark.skipif(not os.environ.get("MEDLAB_MIRROR"), reason="MEDLAB_MIRROR is not set")
@pytest.mark.parametrize("name", ["breastmnist", "pneumoniamnist"])
def test_the_cards_describe_the_published_files(name, monkeypatch):
    monkeypatch.setenv("MEDLAB_MIRROR", MIRROR)
    assert fetch(name).stat().st_size == load_card(name).files[0].bytes


MIRROR = os.environ.get("MEDLAB_MIRROR", "")
