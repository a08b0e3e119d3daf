"""Physics: what the textbooks say holds in numbers."""

import numpy as np
import pytest
import torch
from scipy.stats import poisson

from medlab.hospital.streams import stream
from medlab.physics import xray

PIXELS = 200_000


def noisy(mean: float, purpose: str = "test") -> np.ndarray:
    normal = torch.from_numpy(stream(0, purpose).standard_normal(PIXELS))
    return xray.photon_noise(torch.full((PIXELS,), float(mean), dtype=torch.float64), normal).numpy()


def test_thickness_follows_the_exponential_law():
    thickness = torch.linspace(0, 30, 31, dtype=torch.float64)
    passed = xray.transmission(thickness, torch.zeros_like(thickness))
    slope = np.polyfit(thickness.numpy(), passed.log().numpy(), 1)
    assert slope == pytest.approx([-xray.MU_SOFT, 0], abs=1e-12)


def test_materials_multiply_and_bone_stops_more():
    soft, bone = torch.tensor(10.0), torch.tensor(2.0)
    both = xray.transmission(soft, bone)
    zero = torch.tensor(0.0)
    assert both.item() == pytest.approx((xray.transmission(soft, zero) * xray.transmission(zero, bone)).item())
    assert xray.MU_BONE > 2 * xray.MU_SOFT


@pytest.mark.parametrize("mean", [10.0, 50.0, 1000.0, 60_000.0])
def test_counts_have_the_mean_and_variance_of_poisson(mean):
    counts = noisy(mean)
    # Standard errors: of a mean sqrt(mean/n), of a variance about mean * sqrt(2/n); 1/18 is the expansion's rest.
    assert abs(counts.mean() - mean) < 4 * np.sqrt(mean / PIXELS)
    assert abs(counts.var() - mean) < 5 * mean * np.sqrt(2 / PIXELS) + 1 / 18 + 0.02


@pytest.mark.parametrize("mean", [10.0, 50.0, 400.0])
def test_counts_have_the_quantiles_of_poisson(mean):
    levels = [0.01, 0.1, 0.5, 0.9, 0.99]
    # A continuous count stands for the whole count whose interval of one it falls into.
    assert np.abs(np.quantile(noisy(mean), levels) - poisson.ppf(levels, mean)).max() < 0.75


def test_doubling_the_dose_halves_the_relative_variance():
    once, twice = noisy(500), noisy(1000, "other")
    ratio = (once.var() / once.mean() ** 2) / (twice.var() / twice.mean() ** 2)
    assert ratio == pytest.approx(2, rel=5 * np.sqrt(4 / PIXELS))


def test_noise_is_a_smooth_function_of_the_mean():
    normal = torch.from_numpy(stream(0, "smooth").standard_normal(1000))
    mean = torch.full((1000,), 20.0, dtype=torch.float64)
    moved = xray.photon_noise(mean * (1 + 1e-7), normal) - xray.photon_noise(mean, normal)
    assert moved.abs().max() < 1e-5


def test_blur_keeps_the_sum_and_has_the_width_asked_for():
    point = torch.zeros(1, 65, 65, dtype=torch.float64)
    point[0, 32, 32] = 1
    spread = xray.blur(point, 3.0)
    place = torch.arange(65, dtype=torch.float64) - 32
    assert spread.sum().item() == pytest.approx(1)
    assert (spread[0].sum(0) * place**2).sum().item() == pytest.approx(9, rel=1e-3)
    assert torch.allclose(spread[0], spread[0].T)


def test_blur_takes_one_width_per_image():
    images = torch.from_numpy(stream(0, "images").random((2, 16, 24)))
    both = xray.blur(images, torch.tensor([0.0, 2.0]))
    assert torch.allclose(both[0], images[0])
    assert torch.allclose(both[1], xray.blur(images[1:], 2.0)[0])


def test_scatter_adds_its_share_and_lowers_contrast():
    primary = torch.full((1, 64, 64), 0.01, dtype=torch.float64)
    primary[:, 16:48, 16:48] = 0.1
    total = xray.add_scatter(primary, torch.tensor([[[0.8]]]), 6.0)
    assert total.mean().item() == pytest.approx(1.8 * primary.mean().item(), rel=1e-6)
    assert total[0, 32, 32] / total[0, 2, 2] < primary[0, 32, 32] / primary[0, 2, 2]
