import json
import socket
import time

import pytest

from data_fetch import network
from data_fetch.errors import Unavailable
from data_fetch.fetch import cache_folder
from tests.data_fetch.server import CONTENT


@pytest.fixture
def brief(card, monkeypatch):
    monkeypatch.setattr(network, "load_card", lambda name: card)
    return card


def test_what_answers_is_fetched_and_then_here(server, brief, capsys):
    assert network.fetch_briefly("breastmnist").read_bytes() == CONTENT
    assert "trying 127.0.0.1 ..." in capsys.readouterr().out
    asked = len(server.asked)
    network.fetch_briefly("breastmnist")
    assert (len(server.asked), capsys.readouterr().out) == (asked, "")


def test_who_does_not_answer_is_asked_once_and_not_again_for_a_while(brief, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(network, "answers", lambda url: bool(asked.append(url)))
    with pytest.raises(Unavailable, match=r"could not be downloaded: 127\.0\.0\.1 cannot be reached"):
        network.fetch_briefly("breastmnist")
    with pytest.raises(Unavailable, match="could not be reached 1 min ago") as caught:
        network.fetch_briefly("breastmnist")
    assert len(asked) == 1
    assert "medlab fetch breastmnist" in caught.value.hint
    assert capsys.readouterr().out.count("trying") == 1
    note = cache_folder() / ".no-answer.json"
    note.write_text(json.dumps({"127.0.0.1": time.time() - network.REMEMBERED - 1}))
    with pytest.raises(Unavailable, match="cannot be reached"):
        network.fetch_briefly("breastmnist")
    assert len(asked) == 2
    network.forget()
    assert not note.exists()


@pytest.mark.parametrize("note", ["", "[]", "{", '{"127.0.0.1": "x"}', '{"127.0.0.1": null}'])
def test_a_damaged_note_is_no_note(server, brief, note):
    cache_folder().mkdir(parents=True)
    (cache_folder() / ".no-answer.json").write_text(note)
    assert network.fetch_briefly("breastmnist").read_bytes() == CONTENT


def test_a_clock_that_was_set_back_does_not_silence_for_ever(server, brief):
    cache_folder().mkdir(parents=True)
    (cache_folder() / ".no-answer.json").write_text(json.dumps({"127.0.0.1": time.time() + 10**6}))
    assert network.fetch_briefly("breastmnist").read_bytes() == CONTENT


def test_a_server_or_proxy_that_accepts_and_never_answers_costs_the_wait_alone(server, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert not network.answers(f"{address}/x", wait=0.3)
        monkeypatch.setenv("HTTPS_PROXY", address)
        assert not network.answers("https://zenodo.org/x", wait=0.3)
        assert time.monotonic() - began < 5  # two waits of 0.3 s; what was seen were 55 s


def test_an_error_is_an_answer(server):
    server.fault, server.times = "missing", 9
    assert network.answers(server.url)


def test_what_wants_a_registration_is_not_tried(capsys):
    with pytest.raises(Unavailable, match="register"):
        network.fetch_briefly("fastmri_knee")
    assert capsys.readouterr().out == ""


def test_a_size_of_a_set_is_a_name_of_its_own(monkeypatch):
    monkeypatch.setattr(network, "answers", lambda url: "breastmnist_64" not in url)
    with pytest.raises(Unavailable, match="64 x 64"):
        network.fetch_briefly("breastmnist_64")
