"""The page of explorers, opened as a file: accessible, complete, and its numbers agree with Python's."""

import base64
import json
import re

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion
from sklearn.metrics import brier_score_loss, confusion_matrix, roc_auc_score

from medlab.lesson import find
from medlab.metrics import ece
from tests.browser.conftest import ROOT

FOLDER = ROOT / "docs" / "explorers"
NAMES = ("window", "kspace", "threshold", "overlap", "calibration")


def unpacked(value):
    kind = np.dtype(value["type"]).newbyteorder("<")
    return np.frombuffer(base64.b64decode(value["bytes"]), kind).reshape(value["shape"])


@pytest.fixture(scope="module")
def stored():
    """What the page loads."""
    text = (FOLDER / "predictions.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("const STORED = ").rstrip().removesuffix(";"))


@pytest.fixture(scope="module")
def tab(browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto((FOLDER / "index.html").as_uri())
    yield page
    page.close()


@pytest.fixture
def computed(tab):
    """Return what gives the page's own numbers for positions of its controls."""
    return lambda name, **at: tab.evaluate("([name, at]) => compute[name](at)", [name, at])


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (360, "light")])
def test_nobody_is_shut_out_and_nothing_is_asked_of_other_machines(browser, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page, asked, errors = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((FOLDER / "index.html").as_uri())
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("name", NAMES)
def test_the_arrow_keys_move_each_control_and_the_numbers_follow(tab, name):
    section = tab.locator(f"#{name}")
    for slider in section.locator("input[type=range]").all():
        before, seen = section.locator("label output").all_inner_texts(), section.locator("[role=status]").inner_text()
        slider.focus()
        for _ in range(3):
            tab.keyboard.press(
                "ArrowRight" if slider.get_attribute("value") != slider.get_attribute("max") else "ArrowLeft"
            )
        assert section.locator("label output").all_inner_texts() != before
        assert seen
    assert find(re.search(r"lesson (\d\d)", section.locator(".origin").inner_text())[1])


def test_all_is_simulated_and_small(stored):
    assert set(stored) == set(NAMES)
    assert all(one["data"].startswith("hospital:") for one in stored.values())
    assert all({"lesson", "seed", "date", "preset"} <= set(one) for one in stored.values())
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_500_000


@pytest.mark.parametrize(("level", "width"), [(40, 400), (-600, 1500), (300, 2000), (-1000, 20)])
def test_window(stored, computed, level, width):
    gray = np.clip((unpacked(stored["window"]["hu"]).astype(float) - (level - width / 2)) / width, 0, 1)
    found = computed("window", level=level, width=width)
    assert found["black"] == pytest.approx((gray == 0).mean())
    assert found["white"] == pytest.approx((gray == 1).mean())


@pytest.mark.parametrize("lines", [4, 16, 33, 64])
@pytest.mark.parametrize("which", ["random", "middle"])
def test_kspace_by_numpy(stored, computed, lines, which):
    one = stored["kspace"]
    image = unpacked(one["real"]) + 1j * unpacked(one["imaginary"]).astype(complex)
    n = len(image)
    middle = sorted(range(n), key=lambda k: abs(k - n // 2))
    kept = (middle if which == "middle" else list(unpacked(one["order"])))[:lines]
    k = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(image)))
    part = np.zeros_like(k)
    part[kept] = k[kept]
    rebuilt, full = np.abs(np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(part)))), np.abs(image)
    found = computed("kspace", lines=lines, which=which)
    nmse = ((rebuilt - full) ** 2).sum() / (full**2).sum()
    assert found["nmse"] == pytest.approx(nmse, rel=1e-4, abs=1e-9)
    if lines < n:
        from skimage.metrics import peak_signal_noise_ratio

        assert found["psnr"] == pytest.approx(peak_signal_noise_ratio(full, rebuilt, data_range=full.max()), abs=1e-3)


@pytest.mark.parametrize("threshold", [0.05, 0.31, 0.5, 0.9])
def test_threshold_by_scikit_learn(stored, computed, threshold):
    truth, score = (unpacked(stored["threshold"][name]) for name in ("truth", "score"))
    called = score.astype(float) >= threshold
    counts = confusion_matrix(truth, called, labels=[0, 1])
    for prevalence in (1, 5, 50):
        found = computed("threshold", threshold=threshold, prevalence=prevalence)
        assert found["count"] == counts.tolist()
        assert found["auc"] == pytest.approx(roc_auc_score(truth, score))
        weight = np.where(truth == 1, prevalence / 100 / truth.mean(), (1 - prevalence / 100) / (1 - truth.mean()))
        if called.any():
            assert found["ppv"] == pytest.approx(np.average(truth[called], weights=weight[called]))
        if not called.all():
            assert found["npv"] == pytest.approx(np.average(1 - truth[~called], weights=weight[~called]))
        assert sum(found["people"].values()) == pytest.approx(1000)


@pytest.mark.parametrize("image", range(4))
@pytest.mark.parametrize(
    ("threshold", "shift", "grow"), [(0.5, 0, 0), (0.3, 2, 0), (0.5, -5, 1), (0.2, 0, -1), (0.4, 1, 2)]
)
def test_overlap_by_scikit_learn_and_monai(stored, computed, image, threshold, shift, grow):
    import torch
    from monai.metrics import compute_hausdorff_distance
    from sklearn.metrics import f1_score

    one = stored["overlap"]
    truth, mask = unpacked(one["truth"])[image] > 0, unpacked(one["probability"])[image].astype(float) >= threshold
    moved = np.zeros_like(mask)
    moved[:, max(shift, 0) : mask.shape[1] + min(shift, 0)] = mask[:, max(-shift, 0) : mask.shape[1] - max(shift, 0)]
    if grow:
        moved = (binary_dilation if grow > 0 else binary_erosion)(moved, iterations=abs(grow))
    found = computed("overlap", image=image, threshold=threshold, shift=shift, grow=grow)
    assert found["pixels"] == moved.sum()
    assert found["dice"] == pytest.approx(f1_score(truth.ravel(), moved.ravel()))
    if moved.any():
        pair = (torch.from_numpy(m[None, None].astype(np.float32)) for m in (moved, truth))
        far = compute_hausdorff_distance(*pair, percentile=95, spacing=one["spacing"], include_background=True)
        assert found["hd95"] == pytest.approx(float(far), abs=1e-3)


@pytest.mark.parametrize("temperature", [0.2, 1, 2.35])
def test_calibration_by_scikit_learn(stored, computed, temperature):
    truth, logit = (unpacked(stored["calibration"][name]) for name in ("truth", "logit"))
    p = 1 / (1 + np.exp(-logit.astype(float) / temperature))
    for referred in (0, 35, 90):
        found = computed("calibration", temperature=temperature, referred=referred)
        assert found["brier"] == pytest.approx(brier_score_loss(truth, p))
        assert found["ece"] == pytest.approx(float(ece(truth, p)))
        kept = np.argsort(-np.abs(p - 0.5), kind="stable")[: found["kept"]]
        assert found["kept"] == pytest.approx(len(p) * (1 - referred / 100), abs=0.51)
        assert found["accuracy"] == pytest.approx(((p >= 0.5) == truth)[kept].mean())
