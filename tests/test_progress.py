import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient

from medlab import progress

SLOW = """
import time
from medlab import progress
progress.AFTER_S = 0.1
print("before")
for _ in range(2):
    with progress.bar(20, "training <b>") as steps:
        for _ in range(20):
            time.sleep(0.04)
            steps.update()
"""


def test_a_program_that_runs_a_notebook_finds_no_trace_of_bars(tmp_path, monkeypatch):
    monkeypatch.delenv("MEDLAB_STATIC", raising=False)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLOW)])
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(tmp_path / "k"))
    NotebookClient(book, km=manager, timeout=60).execute()
    assert [dict(output) for output in book.cells[0].outputs] == [
        {"output_type": "stream", "name": "stdout", "text": "before\n"}
    ]


def test_somebody_who_looks_on_sees_one_bar_a_cell_which_is_empty_at_the_end(tmp_path, monkeypatch):
    monkeypatch.delenv("MEDLAB_STATIC", raising=False)
    manager, messages = KernelManager(kernel_name="python3", transport="ipc", ip=str(tmp_path / "k")), []
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        client.execute_interactive(SLOW, output_hook=messages.append, allow_stdin=True, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    displays = [m for m in messages if m["msg_type"].endswith("display_data")]
    shown = [m["content"]["data"].get("text/html", "") for m in displays]
    assert [m["msg_type"] for m in displays] == ["display_data"] + ["update_display_data"] * (len(displays) - 1)
    assert len({m["content"]["transient"]["display_id"] for m in displays}) == 1
    assert "training &lt;b&gt;: " in shown[0]
    assert "of 20, " in shown[0]
    assert shown[-1] == ""
    texts = [m["content"] for m in messages if m["msg_type"] == "stream"]
    assert texts == [{"name": "stdout", "text": "before\n"}]


def test_on_no_terminal_nothing_is_written(capfd, monkeypatch):
    monkeypatch.setattr(progress, "AFTER_S", 0)
    assert list(progress.each([1, 2, 3], "loading")) == [1, 2, 3]
    assert capfd.readouterr() == ("", "")


def test_a_bar_is_over_when_a_step_raises():
    with pytest.raises(ZeroDivisionError), progress.bar(2, "training") as steps:
        raise ZeroDivisionError
    assert steps.disable
