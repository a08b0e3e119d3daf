import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medlab.cohort import Cohort
from medlab.errors import DataError, MedlabError
from medlab.sources import open as open_source
from medlab.sources.npz import check_memory, read_npz


def packed(*, compress=True, **arrays):
    buffer = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def member(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def npy(header, data=b""):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


SMALL = {
    "images": (np.arange(3 * 6 * 6) % 256).astype(np.uint8).reshape(3, 6, 6),
    "labels": np.array([[0], [1], [1]], dtype=np.uint8),
    "patients": np.array(["a", "b", "b"]),
    "spacing": np.array([0.5, 0.5]),
}
GOOD = [packed(**SMALL), packed(compress=False, **SMALL)]


def test_arrays_arrive_as_they_were_saved(tmp_path):
    (tmp_path / "x.npz").write_bytes(GOOD[0])
    got = read_npz(tmp_path / "x.npz")
    assert set(got) == set(SMALL)
    assert all(np.array_equal(got[name], SMALL[name]) for name in SMALL)


class Bomb:
    def __reduce__(self):
        return print, ("this must never run",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (packed(images=np.array([Bomb()], dtype=object)), "pickled objects"),
        (packed(images=np.zeros(3, dtype=[("a", "f4"), ("b", "O")])), "pickled objects"),
        (packed(images=np.zeros(3, dtype=[("a", "f4")])), "not plain numbers"),
        (packed(images=np.zeros(3, dtype="datetime64[s]")), "not plain numbers"),
        (packed(images=np.zeros((2, 4, 4), dtype=complex)), "not plain numbers"),
        (GOOD[0][: len(GOOD[0]) // 2], "not a readable npz"),
        (GOOD[0][:-30], "not a readable npz"),
        (b"not a zip at all", "not a readable npz"),
        (b"", "not a readable npz"),
        (member("images.npy", b""), "not a readable npz"),
        (member("images.npy", b"\x93NUMPY\x01\x00"), "not a readable npz"),
        (
            member("images.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (10000000, 10000, 10000), }")),
            "does not fit its 128 bytes",
        ),
        (member("images.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-4, -4), }", b"0" * 16)), "fit"),
        (member("images.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", b"0" * 5)), "fit"),
        (member("images.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"0" * 8)), "pickled"),
        (member("images.npy", npy("__import__('os').getcwd()")), "not a readable npz"),
    ],
)
def test_damaged_and_hostile_files_are_refused(tmp_path, capsys, content, said):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.npz") as caught:
        read_npz(path)
    assert said in str(caught.value)
    assert caught.value.hint
    assert capsys.readouterr().out == ""


def test_what_the_memory_cannot_hold_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "bomb.npz"
    path.write_bytes(packed(images=np.zeros((50, 200, 200), dtype=np.uint8)))
    assert path.stat().st_size < 10_000  # packs well: the size on disk says nothing
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Free", (), {"available": 5_000_000}))
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(DataError, match="memory"):
        read_npz(path)


def test_check_memory_lets_small_things_pass():
    check_memory("a thing", 1000)
    with pytest.raises(DataError, match="a thing needs 1000000000"):
        check_memory("a thing", 10**18)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=6),
    st.integers(0, 40),
)
def test_no_flipped_byte_leads_to_anything_but_a_cohort_or_our_error(tmp_path_factory, good, flips, cut):
    damaged = bytearray(good)
    for place, change in flips:
        damaged[place % len(damaged)] ^= change
    path = tmp_path_factory.getbasetemp() / "flipped.npz"
    path.write_bytes(damaged[: len(damaged) - cut] if cut < 20 else damaged)
    with contextlib.suppress(MedlabError):
        assert isinstance(open_source(path), Cohort)
