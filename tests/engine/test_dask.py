import sys
import time

import pytest

from medlab.engine import dask as cluster
from medlab.engine.queue import Job, run_many
from medlab.errors import MedlabError
from tests.engine.test_run import RECORD, lesson

# The first time it runs, a lesson of this kind kills the worker above it: its kernel's grandparent.
KILLER = """
import os, pathlib, psutil
if not pathlib.Path("killed").exists():
    pathlib.Path("killed").touch()
    psutil.Process().parent().parent().kill()
    import time; time.sleep(60)
"""


def test_without_distributed_the_way_to_install_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MedlabError, match=r"pip install .*'\.\[dask\]'"), cluster.connect("local"):
        pass


@pytest.fixture
def _sockets():
    """Allow the sockets of a cluster on this machine."""
    pytest.importorskip("distributed")
    from pytest_socket import enable_socket

    enable_socket()


@pytest.mark.usefixtures("_sockets")
def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(tmp_path):
    made = []
    for k in range(5):
        (tmp_path / f"{k}").mkdir()
        text = KILLER + RECORD if k == 2 else RECORD
        made.append(lesson(tmp_path / f"{k}", text, name=f"1{k}_x.ipynb", id=f"1{k}_x"))
    told = []
    work = [Job(x, {"seed": k}, tmp_path / "out" / f"{k}.ipynb") for k, x in enumerate(made)]
    with cluster.connect("local", workers=2) as executor:
        done = run_many(work, executor=executor, tell=told.append)
    assert [run.status for run in done] == ["passed"] * 5
    assert (tmp_path / "2" / "killed").exists()
    assert [run.record["seed"] for run in done] == [0, 1, 2, 3, 4]
    assert sorted(run.lesson.id for run in told) == sorted(x.id for x in made)
    assert len(list((tmp_path / "out").iterdir())) == 5


@pytest.mark.usefixtures("_sockets")
def test_a_scheduler_that_does_not_answer_is_told():
    began = time.monotonic()
    with pytest.raises(MedlabError, match="no Dask scheduler answers"), cluster.connect("tcp://127.0.0.1:9"):
        pass
    assert time.monotonic() - began < 30
