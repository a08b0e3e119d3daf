from dataclasses import replace
from hashlib import md5

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

import data_fetch.fetch as module
from data_fetch.cards import File, load_card
from tests.data_fetch.server import CONTENT, Server


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.delenv("MEDLAB_MIRROR", raising=False)
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path / "cache"))
    module._temporary.cache_clear()
    return tmp_path


@pytest.fixture
def server(no_network):
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])  # ourselves, and nobody else
    serving = Server(CONTENT)
    yield serving
    serving.close()


@pytest.fixture
def file(server):
    digest = md5(CONTENT, usedforsecurity=False).hexdigest()
    return File(url=server.url, mirror="sets/set.npz", md5=digest, bytes=len(CONTENT))


@pytest.fixture
def card(file):
    return replace(load_card("breastmnist"), files=(file,))
