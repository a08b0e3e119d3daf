import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from medlab.errors import MedlabError
from medlab.explore import view3d as room
from medlab.explore.view3d import packed, view3d

VOLUME = np.random.default_rng(0).normal(size=(5, 6, 7))
HEAD = {"middle": np.indices(VOLUME.shape)[0] == 2}


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(room, "is_live", lambda: True)


@pytest.mark.parametrize("backend", room.BACKENDS)
def test_where_nobody_watches_there_is_a_picture_and_no_viewer(backend):
    seen = view3d(VOLUME, HEAD, backend=backend)
    assert seen.backend == "static"
    assert "still picture" in seen.note
    assert "inside middle" in repr(seen)


def test_ipyniivue_is_the_default(live):
    pytest.importorskip("ipyniivue")
    seen = view3d(VOLUME, HEAD)
    assert seen.backend == "ipyniivue"
    assert [layer.name for layer in seen.shown.volumes] == ["image.nii", "middle.nii"]


def test_without_ipyniivue_slices_are_shown_and_it_is_said(live, monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    seen = view3d(VOLUME)
    assert (seen.backend, seen.reasons) == ("slices", ["ipyniivue is not installed."])


def test_a_viewer_that_fails_is_told_and_passed_over(live, monkeypatch):
    def fails(*_):
        raise RuntimeError("no graphics")

    monkeypatch.setitem(room._MAKE, "ipyniivue", fails)
    monkeypatch.setitem(room._WHY_NOT, "ipyniivue", lambda: "")
    seen = view3d(VOLUME)
    assert seen.backend == "slices"
    assert seen.note.startswith("3D view by slices. ipyniivue failed (RuntimeError: no graphics)")


def test_itkwidgets_is_refused_with_one_sentence_unless_all_of_it_is_there(live, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert "JupyterLab alone" in view3d(VOLUME, backend="itkwidgets").reasons[0]
    monkeypatch.setenv("JPY_SESSION_NAME", "lesson.ipynb")
    monkeypatch.setattr(room, "find_spec", lambda name: None if name == "itkwidgets" else True)
    assert "pip install -e '.[itk]'" in view3d(VOLUME, backend="itkwidgets").reasons[0]
    monkeypatch.setattr(room, "find_spec", lambda name: True)
    monkeypatch.setattr(room, "version", {"zarr": "2.18.7", "ngff-zarr": "0.50.0"}.get)
    assert "cannot draw with ngff-zarr 0.50.0" in view3d(VOLUME, backend="itkwidgets").reasons[0]
    monkeypatch.setattr(room, "version", {"zarr": "2.18.7", "ngff-zarr": "0.32.2"}.get)
    monkeypatch.setattr(room, "_reachable", lambda: False)
    seen = view3d(VOLUME, backend="itkwidgets")
    assert "cannot be reached" in seen.reasons[0]
    assert seen.backend != "itkwidgets"
    assert "itkwidgets" not in sys.modules


def test_no_network_is_found_out_and_not_raised(monkeypatch):
    import requests

    def refused(*_, **options):
        assert options["timeout"] <= 3
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "head", refused)
    assert not room._reachable()
    monkeypatch.setenv("MEDLAB_ITK_FILES", "assume")
    assert room._reachable()


def test_all_places_of_its_pages_are_asked(monkeypatch):
    import requests

    class Answer:
        def __init__(self, address):
            self.ok = "jsdelivr" in address

    monkeypatch.setattr(requests, "head", lambda address, timeout: Answer(address))
    assert not room._reachable()


def test_itkwidgets_is_given_grays_labels_and_an_empty_server_of_files(monkeypatch):
    import importlib.util

    given = {}
    monkeypatch.setitem(sys.modules, "itkwidgets", SimpleNamespace(view=given.update))
    monkeypatch.setitem(sys.modules, "imjoy_elfinder", None)  # so that what is put there goes away again
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    room._itk(VOLUME, HEAD, (1, 1, 1), "")
    assert (given["image"].dtype, given["label_image"].sum()) == (np.uint8, HEAD["middle"].sum())
    assert importlib.util.find_spec("imjoy_elfinder") is not None


def test_an_unknown_backend_and_a_flat_image_are_refused():
    with pytest.raises(MedlabError, match="did you mean 'slices'"):
        view3d(VOLUME, backend="slice")
    with pytest.raises(MedlabError, match="wanted 3 axes"):
        view3d(VOLUME[0])


def test_what_fits_is_sent_as_it_is():
    grays, masks, spacing = packed(VOLUME, HEAD, (3, 1, 1))
    assert (grays.shape, grays.dtype, masks["middle"].sum(), spacing) == (VOLUME.shape, np.uint8, 42, (3.0, 1.0, 1.0))
    assert (grays.min(), grays.max()) == (0, 255)


@pytest.mark.parametrize("shape", [(40, 50, 60), (1, 300, 301), (7, 1, 1)])
def test_what_does_not_fit_is_sent_coarser_and_no_small_mask_is_lost(shape):
    dot = np.zeros(shape, dtype=bool)
    dot[-1, -1, -1] = True
    grays, masks, spacing = packed(np.random.default_rng(0).normal(size=shape), {"dot": dot}, (1, 1, 1), limit_mb=0.02)
    assert grays.size + masks["dot"].size <= 45_000
    assert masks["dot"].any()
    assert grays.shape == tuple(-(-n // int(spacing[0])) for n in shape)


@pytest.mark.parametrize("axes", ["RAS", "IPL", "SPL", "ASR"])
def test_what_is_sent_lies_as_its_axes_say(axes):
    import nibabel

    file = nibabel.Nifti1Image.from_bytes(room._nifti(packed(VOLUME, {}, (1, 1, 1))[0], (2, 3, 4), axes))
    assert "".join(nibabel.aff2axcodes(file.affine)) == axes
    assert nibabel.affines.voxel_sizes(file.affine).tolist() == [2, 3, 4]


def test_a_constant_volume_can_be_sent():
    assert packed(np.full((2, 2, 2), 5.0), {}, (1, 1, 1))[0].max() == 0


def notebook(folder: Path, *cells: str) -> Path:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "view.ipynb"
    nbformat.write(book, path)
    return path


@pytest.fixture
def failing(tmp_path):
    """A notebook that asks for itkwidgets and then fails; the kernel's surroundings look like those of JupyterLab."""
    look = (
        "import numpy as np\nfrom medlab.explore.view3d import view3d\nview3d(np.ones((4, 5, 6)), backend='itkwidgets')"
    )
    return notebook(tmp_path, look, "print('seen')", "1 / 0")


def quiet(**more) -> dict:
    """An environment in which only the way of starting tells that nobody watches."""
    hidden = ("MEDLAB_STATIC", "PYTEST_VERSION", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")
    return {k: v for k, v in os.environ.items() if k not in hidden} | {"JPY_SESSION_NAME": "view.ipynb", **more}


@pytest.mark.notebooks
def test_a_failing_cell_after_it_still_fails_under_papermill(failing):
    out = failing.with_name("out.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", str(failing), str(out)],
        env=quiet(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr
    cells = [cell for cell in nbformat.read(out, as_version=4).cells if not cell.metadata.get("tags")]
    assert cells[1].outputs[0].text == "seen\n"
    assert any("image/png" in output.get("data", {}) for output in cells[0].outputs)
    assert "widgets" not in nbformat.read(out, as_version=4).metadata


@pytest.mark.notebooks
def test_a_failing_cell_after_it_still_fails_under_nbval(failing):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--nbval-lax", "--nbval-cell-timeout", "60",
         "-c", os.devnull, "--rootdir", str(failing.parent), str(failing)],
        env=quiet(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "1 failed, 2 passed" in done.stdout
    assert "ZeroDivisionError" in done.stdout
