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


@pytest.fixture
def run_live(tmp_path, monkeypatch):
    """Run cells as somebody does who looks on; return what stays of each one's outputs, and all bars that were seen."""
    monkeypatch.delenv("MEDLAB_STATIC", raising=False)
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(tmp_path / "k"))
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(*cells):
        left, bars = [], []
        for cell in cells:
            outputs, named = [], {}

            def take(message, outputs=outputs, named=named):
                kind, content = message["msg_type"], message["content"]
                bars.append(content.get("data", {}).get("text/html", ""))
                if kind == "clear_output":
                    outputs.clear()
                elif kind == "update_display_data":
                    named[content["transient"]["display_id"]]["data"] = content["data"]
                elif kind in ("stream", "display_data", "execute_result", "error"):
                    outputs.append(content)
                    named[content.get("transient", {}).get("display_id")] = content

            client.execute_interactive(cell, output_hook=take, allow_stdin=True, timeout=60)
            left.append([output.get("data", output.get("text")) for output in outputs])
        return left, list(filter(None, bars))

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_somebody_who_looks_on_sees_bars_and_then_none(run_live):
    bar = SLOW.replace('print("before")', "")
    left, bars = run_live("from medlab import progress; progress.prepare()", bar, bar + "\n'end'", SLOW, "1")
    assert any("training &lt;b&gt;: " in text and "of 20, " in text for text in bars)
    assert left[:3] == [[], [], [{"text/plain": "'end'"}]]
    # Where the cell shows something else too, only an empty display can be left.
    assert left[3:] == [["before\n", {}], [{"text/plain": "1"}]]


def test_a_bar_in_a_bar_and_a_bar_after_an_error_leave_nothing(run_live):
    slow = "import time\nfrom medlab import progress\nprogress.AFTER_S = 0\n"
    nested = slow + "for k in progress.each([1, 2], 'loading'):\n    for j in progress.each([1, 2], 'training'): "
    left, bars = run_live(
        slow + "progress.prepare()",
        nested + "time.sleep(0.4)",
        "with progress.bar(2, 'x') as b: b.update(); time.sleep(1); b.update(); 1 / 0",
    )
    assert {text.split("> ")[1].split(":")[0] for text in bars} == {"loading", "training", "x"}
    assert left[1] == []
    assert len(left[2]) == 1


def test_on_no_terminal_nothing_is_written(capfd, monkeypatch):
    monkeypatch.setattr(progress, "AFTER_S", 0)
    assert list(progress.each([1, 2, 3], "loading")) == [1, 2, 3]
    assert capfd.readouterr() == ("", "")


def test_a_bar_is_over_when_a_step_raises():
    with pytest.raises(ZeroDivisionError), progress.bar(2, "training") as steps:
        raise ZeroDivisionError
    assert steps.disable
