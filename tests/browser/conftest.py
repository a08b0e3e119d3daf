"""One JupyterLab, started as a student starts it, and one browser, for all tests in this folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from medlab.engine.warm import source_here
from medlab.lesson import catalogue

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "runs" / "browser"  # a folder that git ignores; what is seen there is for people
TOKEN = "student"
# WebGL2 without a graphics card, for the 3D view; no program of Google's is asked for anything; no name is looked up.
FLAGS = (
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
READY = "() => document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
STARTED = "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(p => /[*0-9]/.test(p.textContent))"
# Every cell has its number, or one has failed and none is waiting.
SETTLED = """() => {
    const told = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent);
    const failed = document.querySelector("[data-mime-type='application/vnd.jupyter.stderr'] .ansi-red-fg");
    return told.every(t => /\\[\\d+\\]/.test(t)) || (failed && !told.some(t => t.includes('[*]')));
}"""


@pytest.fixture(autouse=True)
def no_network(socket_enabled):
    """Tests here talk to the server on this machine; that no page asks for another is a test of its own."""


def chromium() -> str:
    """Return the browser's path, or skip: the system's own is used, nothing is downloaded."""
    pytest.importorskip("playwright", reason="playwright is not installed (medlab[test])")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := os.environ.get("MEDLAB_CHROMIUM") or shutil.which(name):
            return found
    pytest.skip("no chromium was found: install one, or set MEDLAB_CHROMIUM to its path")


@pytest.fixture(scope="session")
def browser():
    """A headless browser that resolves no name: whatever a page wants from outside fails."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def classroom(tmp_path_factory) -> Path:
    """The lessons as a student has them, at preset smoke and on data of this machine, and this folder's notebooks."""
    folder = tmp_path_factory.mktemp("classroom")
    lessons = catalogue()
    base = lessons[0].path.parent
    for lesson in lessons:
        book = lesson.notebook
        for cell in book["cells"]:
            if "parameters" in cell["metadata"].get("tags", []):
                text = "".join(cell["source"]).replace('preset = "cpu"', 'preset = "smoke"')
                cell["source"] = [f"{text}\ndata = {source_here(lesson)!r}"]
        path = folder / "notebooks" / lesson.path.relative_to(base)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(book), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def server(browser, classroom) -> str:
    """The address of a JupyterLab of this environment."""
    with serving(Path(sys.executable).with_name("medlab"), classroom) as address:
        yield address


@contextmanager
def serving(medlab: Path, classroom: Path):
    """Give the address of a JupyterLab that ``medlab lab`` started; it is ended with all its kernels."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_") and k not in ("DISPLAY", "MEDLAB_STATIC")}
    env |= {
        "MEDLAB_NOTEBOOKS": str(classroom / "notebooks"), "JUPYTER_PORT": str(port), "JUPYTER_TOKEN": TOKEN,
        "JUPYTER_CONFIG_DIR": str(classroom / "config"), "JUPYTERLAB_SETTINGS_DIR": str(classroom / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(classroom / "workspaces"), "IPYTHONDIR": str(classroom / "ipython"),
        "MEDLAB_RECORD": str(classroom / "record.json"), "OMP_NUM_THREADS": "2",
        "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1,localhost",
    }  # fmt: skip
    told = classroom / f"server_{port}.log"
    with told.open("w") as log:
        running = subprocess.Popen(
            [str(medlab), "lab"], env=env, stdout=log,
            stderr=subprocess.STDOUT, cwd=classroom, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api/status?token={TOKEN}", running, told)
        yield address
    finally:
        end(running)


def wait_for(address: str, running: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    """Ask until the server answers."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and running.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"JupyterLab did not answer; its last words:\n{log.read_text()[-3000:]}")


def end(running: subprocess.Popen) -> None:
    """End the server as Ctrl-C would, which shuts its kernels down too; then whatever is left of it."""
    import psutil

    family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    os.killpg(running.pid, signal.SIGTERM)
    _, left = psutil.wait_procs(family, timeout=10)
    for process in left:
        process.kill()


class Desk:
    """One page of the browser, and what went wrong on it.

    Attributes
    ----------
    page : playwright Page
    errors, outside : list of str
        Messages of the console's level error; addresses beyond this machine that were asked for.
    """

    def __init__(self, browser, server: str):
        self.server, self.errors, self.outside = server, [], []
        self.page = browser.new_page(viewport={"width": 1300, "height": 1000})
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.server, self.server.replace("http", "ws"), "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, path: str) -> None:
        """Open a notebook in a fresh workspace and wait for its cells."""
        self.page.goto(f"{self.server}/lab/tree/{path}?reset&token={TOKEN}", timeout=60_000)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function(READY, timeout=90_000)
        for _ in range(200):  # the indicator says idle before there is a kernel
            if any(one["kernel"]["execution_state"] == "idle" for one in json.loads(self.ask("/api/sessions"))):
                break
            self.page.wait_for_timeout(100)

    def run_all(self, seconds: float = 240) -> None:
        """Run all cells by the menu, and wait until none is waiting."""
        for _ in range(3):  # cells that are run while the kernel says its first words may be forgotten
            self.page.click(".lm-MenuBar-itemLabel:text-is('Run')")
            self.page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")
            for _ in range(20):
                self.page.wait_for_timeout(100)
                if self.page.evaluate(STARTED):
                    break
            else:
                continue
            break
        self.page.wait_for_function(SETTLED, timeout=1000 * seconds, polling=250)
        self.page.wait_for_function(READY, timeout=30_000)
        self.scroll()

    def scroll(self) -> None:
        """Go through the notebook from top to bottom: JupyterLab draws an output when it is first come near."""
        window, top = ".jp-WindowedPanel-outer", 0
        while top < self.page.evaluate(f"document.querySelector('{window}').scrollHeight"):
            self.page.evaluate(f"document.querySelector('{window}').scrollTop = {top}")
            self.page.wait_for_timeout(30)
            top += 900
        self.page.evaluate(f"document.querySelector('{window}').scrollTop = 0")
        self.page.wait_for_timeout(200)

    def save(self) -> None:
        """Save by the keyboard, as people do."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        self.page.wait_for_timeout(700)

    def close(self) -> None:
        """End the page's kernel and leave: kernels of all lessons together would fill the memory."""
        for session in json.loads(self.ask("/api/sessions")):
            self.ask(f"/api/sessions/{session['id']}", method="DELETE")
        self.page.close()

    def ask(self, path: str, method: str = "GET") -> str:
        """Return what the server answers."""
        request = urllib.request.Request(self.server + path, method=method, headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()


@pytest.fixture
def desk(browser, server):
    """A page with a watch on it, and an end to its kernels."""
    sat = Desk(browser, server)
    yield sat
    sat.close()
