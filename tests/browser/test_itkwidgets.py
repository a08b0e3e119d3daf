"""itkwidgets in a real browser, in an environment of its own with the extra ``itk``. Only if asked for: ``make itk``.

Its pages come from the web. Here the browser's requests are answered from npm packages, which npm fetches into the
folder that MEDLAB_ITK_FILES_DIR names. No copy of them belongs into this repository.
"""

import mimetypes
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import ROOT, Desk, serving
from tests.browser.test_lessons_in_jupyterlab import complaints, shot
from tests.browser.test_views_in_jupyterlab import pixels, until_drawn, write

pytestmark = [
    pytest.mark.notebooks,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        os.environ.get("MEDLAB_ITK_TEST") != "1", reason="installs 2 GB and takes minutes: MEDLAB_ITK_TEST=1, make itk"
    ),
]
JSDELIVR = "https://cdn.jsdelivr.net/npm/"
# What an address begins with, the npm package that has its files, and their folder there.
PACKAGES = (
    (re.escape(f"{JSDELIVR}vue@2.6.10/"), "vue@2.6.10", ""),
    (re.escape("https://imjoy-team.github.io/vue-js-modal/"), "vue-js-modal@1.3.31", "dist/"),
    (re.escape("https://lib.imjoy.io/"), "imjoy-core@0.14.5", "dist/"),
    (re.escape(f"{JSDELIVR}imjoy-core@") + "[^/]+/", "imjoy-core@0.14.5", ""),
    (re.escape(f"{JSDELIVR}imjoy-rpc@") + "[^/]+/", "imjoy-rpc@0.5.9", ""),
    (re.escape(f"{JSDELIVR}itk-viewer-bootstrap-ui@0.30.0/"), "itk-viewer-bootstrap-ui@0.30.0", ""),
    (r"https://[a-z0-9]+\.ipfs\.dweb\.link/", "itk-vtk-viewer@14.51.0", "dist/"),
)
UNNEEDED = ("https://imjoy-team.github.io/", "https://imjoy.io/")  # plugins for other uses, a logo
# On no registry: floating windows, which a view inside a notebook does not need.
WINDOWS = f"{JSDELIVR}@oeway/vue-window@2.4.1-a/lib/index.js"
BALL = """import os
import numpy as np
from medlab.explore.view3d import view3d
z, y, x = np.indices((24, 28, 32)) - np.array([12, 14, 16]).reshape(3, 1, 1, 1)
radius = np.sqrt(x**2 + y**2 + z**2)
volume = np.where(radius < 10, 200.0 + 5 * x, 20.0) + np.random.default_rng(0).normal(size=radius.shape)"""
VIEW = "view3d(volume, backend='itkwidgets')"
NEXT = "print('the next cell runs')"


@pytest.fixture(scope="module")
def itk_server(browser, classroom, tmp_path_factory):
    """JupyterLab of a fresh environment with the extra, or of the one that MEDLAB_ITK_ENV names."""
    home = Path(os.environ.get("MEDLAB_ITK_ENV") or tmp_path_factory.mktemp("itk") / "env")
    bin_ = home / ("Scripts" if os.name == "nt" else "bin")
    if not (bin_ / "medlab").exists():
        torch = re.search(r"^torch==.*$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[0]
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(bin_ / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, torch], check=True)
        subprocess.run([*pip, "-c", "constraints.txt", "-e", ".[itk]"], check=True, cwd=ROOT)
    with serving(bin_ / "medlab", classroom) as address:
        yield address
    if "MEDLAB_ITK_ENV" not in os.environ:
        shutil.rmtree(home)  # pytest keeps folders of three runs, and this one has 2 GB


@pytest.fixture
def desk(browser, itk_server):
    """A page with a watch on it, of the other server."""
    sat = Desk(browser, itk_server)
    yield sat
    sat.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """The packages' files, a folder each; archives are kept where MEDLAB_ITK_FILES_DIR says."""
    if not (npm := shutil.which("npm")):
        pytest.skip("npm is not installed: itkwidgets' pages cannot be fetched")
    folder = tmp_path_factory.mktemp("itk_files")
    kept = Path(os.environ.get("MEDLAB_ITK_FILES_DIR") or folder / "archives").resolve()
    kept.mkdir(parents=True, exist_ok=True)
    for name in sorted({package for _, package, _ in PACKAGES}):
        archive = kept / f"{name.replace('@', '-')}.tgz"
        if not archive.exists():
            subprocess.run([npm, "pack", "--silent", name], check=True, cwd=kept, timeout=300)
        with tarfile.open(archive) as packed:
            packed.extractall(folder / name, filter="data")
    return folder


def answer(route, files: Path, missing: list) -> None:
    """Answer a request to the web from the packages; what is not there is written down and refused."""
    address = route.request.url.partition("?")[0].partition("#")[0]
    allowed = {"Access-Control-Allow-Origin": "*"}
    if address == WINDOWS:
        body = "window.VueWindow = {install() {}};"
        return route.fulfill(body=body, content_type="text/javascript", headers=allowed)
    for begins, package, inside in PACKAGES:
        if found := re.match(begins, address):
            rest = address[found.end() :] or "index.html"
            path = files / package / "package" / inside / rest
            if path.is_file():
                kind = "application/wasm" if path.suffix == ".wasm" else mimetypes.guess_type(path.name)[0]
                return route.fulfill(
                    body=path.read_bytes(), content_type=kind or "application/octet-stream", headers=allowed
                )
    missing.append(address)
    return route.abort()


def test_a_volume_is_drawn_and_the_next_cell_runs(desk, classroom, files, capsys):
    missing: list[str] = []
    desk.page.set_default_timeout(240_000)  # without a graphics card one picture of a volume may take a minute
    desk.page.route(re.compile("^https://"), lambda route: answer(route, files, missing))
    assumed = BALL + "\nos.environ['MEDLAB_ITK_FILES'] = 'assume'  # the browser reaches them, the kernel does not"
    desk.open(write(classroom, "itk.ipynb", assumed, VIEW, NEXT))
    began = time.monotonic()
    desk.run_all(seconds=300)
    canvas = desk.page.frame_locator(".jp-OutputArea iframe").locator("canvas").first
    until_drawn(desk, canvas)
    with capsys.disabled():
        print(f"\nitkwidgets: {time.monotonic() - began:.0f} s until the volume was drawn and the next cell had run")
    shot(desk, "itkwidgets")
    middle, left = patches(pixels(canvas))
    assert middle.mean() - left.mean() > 30, "no ball stands out"
    assert (middle.std() > 2, left.std() < 2) == (True, True), "a ball is shaded, what is around it is not"
    assert "3D view by itkwidgets." in note(desk)
    assert "Viewer at 0x" not in desk.page.locator(".jp-Notebook").inner_text()
    next_cell_has_run(desk)
    assert [address for address in missing if not address.startswith(UNNEEDED)] == []


def test_without_its_pages_the_next_best_is_shown_and_the_next_cell_runs(desk, classroom):
    desk.open(write(classroom, "no_itk.ipynb", BALL, VIEW, NEXT))
    desk.run_all(seconds=60)
    canvas = desk.page.locator(".jp-OutputArea canvas").first
    canvas.wait_for(timeout=30_000)
    until_drawn(desk, canvas)
    shot(desk, "itkwidgets_unreachable")
    assert note(desk).startswith(
        "3D view by ipyniivue. itkwidgets' pages on the web cannot be reached from here. Drag to turn"
    )
    next_cell_has_run(desk)


def patches(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of a picture, and as much of it near the left edge at the same height."""
    height, width = picture.shape
    rows = slice(int(0.45 * height), int(0.55 * height))
    return picture[rows, int(0.45 * width) : int(0.55 * width)], picture[rows, int(0.05 * width) : int(0.15 * width)]


def note(desk) -> str:
    """Return what stands beside the view about it."""
    return desk.page.locator(".jp-RenderedMarkdown").first.inner_text().replace("’", "'")


def next_cell_has_run(desk) -> None:
    assert complaints(desk) == []
    assert desk.page.locator(".jp-OutputArea pre").get_by_text("the next cell runs", exact=True).count() == 1
