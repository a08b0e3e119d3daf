import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import medlab
from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.readers.images import is_image, peek, read, read_mask, stem


def test_8_and_16_bits_become_0_to_1_and_alpha_is_left_out(tmp_path, save_png):
    for name, pixels, wanted in [
        ("gray.png", np.array([[0, 255]], dtype=np.uint8), [[[0, 1]]]),
        ("deep.png", np.array([[0, 65535]], dtype=np.uint16), [[[0, 1]]]),
        ("deep.tif", np.array([[0, 65535]], dtype=np.uint16), [[[0, 1]]]),
        ("float.tif", np.array([[0, 300]], dtype=np.float32), [[[0, 300]]]),
        ("alpha.png", np.array([[[255, 0, 51, 7]]], dtype=np.uint8), [[[1]], [[0]], [[0.2]]]),
    ]:
        path = save_png(tmp_path / name, pixels)
        assert read(path).shape == peek(path).shape == np.shape(wanted)
        assert np.allclose(read(path), wanted)
        assert read(path).dtype == np.float32


def test_masks_keep_their_values(tmp_path, save_png):
    assert read_mask(save_png(tmp_path / "a.png", np.array([[0, 300]], dtype=np.uint16)))[0].tolist() == [[0, 300]]
    color = np.array([[[0, 9, 0, 255], [0, 0, 0, 255]]], dtype=np.uint8)
    values, note = read_mask(save_png(tmp_path / "b.png", color))
    assert (values.tolist(), note) == ([[9 * 256, 0]], "each color of a mask is a structure")
    drawn = np.zeros((16, 16), dtype=np.uint8)
    drawn[:, 5:] = 255
    assert np.array_equal(read_mask(save_png(tmp_path / "c.jpg", drawn))[0], drawn > 0)


def test_names(tmp_path):
    assert stem(tmp_path / "case.01.NII.GZ") == "case.01"
    assert is_image(tmp_path / "A.JPG")
    assert not is_image(tmp_path / "._A.jpg")


def bomb(side: int) -> bytes:
    """Return a png that claims side x side pixels and brings none."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    body = b"IDAT" + zlib.compress(bytes(100))
    return head + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("side", [10_050, 13_000, 60_000])
def test_a_decompression_bomb_is_refused_from_its_header(tmp_path, side, recwarn):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(side))
    with pytest.raises(DataError, match=r"bomb\.png"):
        medlab.open(path)
    assert [str(w.message) for w in recwarn.list] == []


def test_what_is_no_image_is_named(tmp_path, save_png):
    whole = save_png(tmp_path / "whole.png", np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8))
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:600])
    (tmp_path / "page.png").write_text("<html>")
    (tmp_path / "program.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    pages = [Image.new("L", (4, 4)), Image.new("L", (4, 4))]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    for name, said in [
        ("cut", "cannot be read"),
        ("page", "cannot be read"),
        ("program", "cannot"),
        ("stack", "2 pages"),
    ]:
        path = next(tmp_path.glob(f"{name}.*"))
        with pytest.raises(DataError, match=said) as caught:
            medlab.open(path)
        assert path.name in str(caught.value)


def test_one_image_is_a_cohort_and_notes_say_what_is_missing(tmp_path, save_png):
    one = medlab.open(save_png(tmp_path / "a b.png", np.zeros((4, 5, 3), dtype=np.uint8)))
    assert one.images.shape == (1, 1, 4, 5)
    assert one.patient_ids.tolist() == ["a b"]
    notes = " ".join(one.notes)
    assert all(said in notes for said in ("no patient ids", "lesson 13", "no pixel spacing", "saved as color"))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 120), flips=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 255)), max_size=4))
def test_any_damage_gives_a_cohort_or_a_medlab_error(tmp_path, save_png, outcome, cut, flips):
    whole = tmp_path / "whole.png"
    if not whole.exists():
        save_png(whole, np.arange(64, dtype=np.uint8).reshape(8, 8))
    data = bytearray(whole.read_bytes())
    for place, bits in flips:
        data[place % len(data)] ^= bits
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(bytes(data[: max(0, len(data) - cut)] if cut % 3 == 0 else data))
    result = outcome(damaged)
    assert isinstance(result, Cohort) or "damaged.png" in str(result)
