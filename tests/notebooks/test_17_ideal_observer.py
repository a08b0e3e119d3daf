"""What lesson 17 writes by hand, held against theory, against matrices and against the package's observer."""

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from skimage.draw import disk as drawn

from medlab.physics.ideal_observer import ideal_auc
from tests.notebooks.cells import Quiet, definitions

N = 24


@pytest.fixture(scope="module")
def lesson():
    names = definitions("17_ideal_observer")
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(N), np.fft.fftfreq(N)))
    power = 1 / (0.05 + f) ** 2
    power = power / power.mean() + 0.04
    names.update(N=N, lab=Quiet(), power=power, images=400)
    names["lab"].rng = np.random.default_rng(0)
    lesion = names["disk"](2.5, 1.0)
    lesion *= 2 / np.linalg.norm(names["filtered"](lesion, power**-0.5))
    names.update(lesion=lesion, gain=torch.from_numpy(power**0.5).float(), disk_there=torch.from_numpy(lesion).float())
    return names


def covariance(power):
    """The covariance matrix of periodic images with a spectrum."""
    rows = np.fft.ifft2(power).real
    index = np.arange(N)
    shift = (index[:, None] - index) % N
    return rows[shift[:, None, :, None], shift[None, :, None, :]].reshape(N * N, N * N)


@pytest.mark.parametrize("radius", [0.7, 1.6, 2.5])
def test_a_disk_has_its_area_at_both_sizes_of_pixel(lesson, radius):
    for pixel in (1.0, 2.0):
        assert lesson["disk"](radius, pixel).sum() * pixel**2 == pytest.approx(np.pi * radius**2, rel=0.06)


def test_a_disk_is_that_of_scikit_image_where_pixels_are_covered_wholly(lesson):
    share = lesson["disk"](5.0, 1.0)
    wanted = np.zeros((N, N))
    wanted[drawn((11.0, 11.0), 5.0)] = 1
    assert np.array_equal(share > 0.5, wanted > 0) or np.abs((share > 0.5) ^ (wanted > 0)).sum() <= 4


def test_coarse_pixels_are_sums_of_fine_ones(lesson):
    fine, coarse = lesson["disk"](3.0, 1.0), lesson["disk"](3.0, 2.0)
    assert fine.reshape(N // 2, 2, N // 2, 2).mean((1, 3)) == pytest.approx(coarse, abs=0.02)


def test_counts_are_poisson_and_the_signal_is_the_difference_of_means(lesson):
    counts, signal = lesson["photons"](lesson["disk"](2.5, 1.0), 0.1, 500)
    assert counts[:400].var().item() == pytest.approx(counts[:400].mean().item(), rel=0.02)
    difference = (counts[400:].mean(0) - counts[:400].mean(0))[9:14, 9:14].mean()
    assert difference.item() == pytest.approx(signal[9:14, 9:14].mean().item(), rel=0.05)


def test_a_filter_is_a_circular_convolution(lesson):
    x, kernel = np.random.default_rng(1).normal(size=(2, N, N))
    small = np.zeros((N, N))
    small[:3, :3] = kernel[:3, :3]
    wanted = convolve(x, small[:3, :3], mode="wrap", origin=(-1, -1))
    assert lesson["filtered"](x, np.fft.fft2(small)) == pytest.approx(wanted[...], abs=1e-9) or lesson["filtered"](
        x, np.fft.fft2(small)
    ) == pytest.approx(convolve(x, small[:3, :3], mode="wrap", origin=(1, 1)), abs=1e-9)


def test_the_prewhitening_template_solves_the_equations_of_the_covariance(lesson):
    found = lesson["filtered"](lesson["lesion"], 1 / lesson["power"])
    wanted = np.linalg.solve(covariance(lesson["power"]), lesson["lesion"].ravel())
    assert found.ravel() == pytest.approx(wanted, abs=1e-8)


def test_the_closed_form_is_that_of_the_covariance(lesson):
    lesion = lesson["lesion"].ravel()
    d = np.sqrt(lesion @ np.linalg.solve(covariance(lesson["power"]), lesion))
    assert d == pytest.approx(2)
    white = lesson["filtered"](lesson["lesion"], lesson["power"] ** -0.5)
    assert ideal_auc(torch.from_numpy(white), 1.0) == pytest.approx(0.9214, abs=1e-4)


def test_drawn_images_have_the_spectrum_and_every_second_one_the_lesion(lesson):
    images, label = lesson["draw"](4000, torch.Generator().manual_seed(0))
    assert label[:4].tolist() == [0, 1, 0, 1]
    spectrum = (torch.fft.fft2(images[::2]).abs() ** 2).mean(0).numpy() / N**2
    assert np.median(spectrum / lesson["power"]) == pytest.approx(1, abs=0.02)
    difference = (images[1::2].mean(0) - images[::2].mean(0)).numpy()
    assert np.corrcoef(lesson["filtered"](difference, 1 / lesson["power"]).ravel(),
                       lesson["filtered"](lesson["lesion"], 1 / lesson["power"]).ravel())[0, 1] > 0.8  # fmt: skip


def test_the_prewhitening_observer_reaches_its_closed_form(lesson):
    images, label = lesson["draw"](6000, torch.Generator().manual_seed(1))
    template = lesson["filtered"](lesson["lesion"], 1 / lesson["power"])
    found = lesson["auc"](label.numpy(), lesson["seen"](images.double().numpy(), template))
    assert found == pytest.approx(0.9214, abs=0.012)


def test_a_simple_template_has_no_mean_and_width_one_is_the_plain_disk(lesson):
    for width in (1.0, 1.5, 3.0):
        assert abs(lesson["simple"](width).sum()) < 1e-12
    plain = lesson["disk"](2.5, 1.0)
    plain = plain / plain.sum() - 1 / N**2
    assert lesson["simple"](1.0) == pytest.approx(plain)


def test_squares_have_no_mean_and_belong_to_their_patient(lesson):
    class Part:
        images = torch.arange(3.0)[:, None, None, None] + torch.rand(3, 1, 64, 70)
        patient_ids = np.array(["a", "b", "c"])

    found, ids = lesson["patches"](Part, 4)
    assert found.shape == (12, N, N)
    assert np.abs(found.mean((1, 2))).max() < 1e-6
    assert ids.tolist() == ["a"] * 4 + ["b"] * 4 + ["c"] * 4


def test_an_untrained_network_gives_one_number_an_image(lesson):
    assert lesson["network"]()(torch.zeros(5, 1, N, N)).shape == (5, 1)
