"""Tomography: what theory says of the Radon transform holds for this one."""

import numpy as np
import pytest
import torch
from skimage.transform import iradon

from medlab.errors import MedlabError
from medlab.physics.tomography import KERNELS, back_project, fbp, radon

ANGLES = np.arange(0, 180, 2.0)


def disk(size, radius, *, at=(0.0, 0.0), fine=8):
    """A disk of value 1; each pixel holds the share that lies inside."""
    place = (torch.arange(size * fine, dtype=torch.float64) + 0.5) / fine - size / 2
    inside = (place[:, None] - at[1]) ** 2 + (place[None] - at[0]) ** 2 < radius**2
    return inside.double().reshape(size, fine, size, fine).mean(dim=(1, 3))[None]


@pytest.mark.parametrize(("size", "bins", "width"), [(24, 24, 1.0), (17, 40, 0.6), (20, 9, 3.1)])
def test_adjoint(size, bins, width):
    source = torch.Generator().manual_seed(0)
    x = torch.randn(3, size, size, dtype=torch.float64, generator=source)
    y = torch.randn(3, 7, bins, dtype=torch.float64, generator=source)
    angles = [0, 11, 45, 77.7, 90, 135, 171]
    ahead = (radon(x, angles, bins=bins, pixel=0.9, bin_width=width) * y).sum()
    back = (x * back_project(y, angles, size, pixel=0.9, bin_width=width)).sum()
    assert torch.isclose(ahead, back, rtol=1e-10)
    single = (x.float() * back_project(y.float(), angles, size, pixel=0.9, bin_width=width)).sum()
    assert abs(single - ahead) < 1e-5 * (x.norm() * y.norm() * 10)


def test_mass_is_the_same_at_every_angle():
    x = disk(40, 12, at=(4, -3)) + disk(40, 3, at=(-9, 5))
    mass = radon(x, ANGLES, bins=70, pixel=0.5, bin_width=0.35).sum(dim=2) * 0.35
    assert torch.allclose(mass, (x.sum() * 0.25).expand_as(mass), rtol=1e-9)


def test_projection_of_a_disk_is_its_chord():
    radius, at = 14.0, (5.0, -2.0)
    got = radon(disk(48, radius, at=at), ANGLES)[0]
    middle = at[0] * np.cos(np.deg2rad(ANGLES)) - at[1] * np.sin(np.deg2rad(ANGLES))
    t = np.arange(48) - 23.5
    chord = 2 * np.sqrt(np.clip(radius**2 - (t[None] - middle[:, None]) ** 2, 0, None))
    # Squares of one pixel are not a disk: half a pixel in 28 at worst, far less on average.
    wrong = np.abs(got.numpy() - chord)[np.abs(t[None] - middle[:, None]) < radius - 2]
    assert wrong.max() < 0.5
    assert wrong.mean() < 0.06


@pytest.mark.parametrize("kernel", KERNELS)
def test_fbp_of_a_disk_recovers_its_value(kernel):
    x = disk(96, 40.5)
    sinogram = radon(x, np.arange(0, 180, 1.5), bins=96, pixel=0.3)
    got = fbp(sinogram, np.arange(0, 180, 1.5), 64, kernel=kernel, pixel=0.45, bin_width=0.3)[0]
    inner, outer = disk(64, 20)[0] == 1, (disk(64, 31.5)[0] == 1) & (disk(64, 29)[0] == 0)
    assert got[inner].mean() == pytest.approx(1, abs=0.005)
    assert got[outer].mean() == pytest.approx(0, abs=0.005)


def test_fbp_agrees_with_scikit_image():
    x = disk(65, 20, at=(3, 5)) - 0.4 * disk(65, 6, at=(8, 0)) + 0.7 * disk(65, 3.2, at=(-12, -10))
    sinogram = radon(x, ANGLES)
    theirs = iradon(sinogram[0].numpy().T, ANGLES, filter_name="ramp", circle=True)
    ours = fbp(sinogram, ANGLES, 65)[0].numpy()
    inside = disk(65, 31)[0].numpy() == 1
    assert np.abs(ours - theirs)[inside].max() < 0.01


def test_blocks_change_nothing(monkeypatch):
    x = disk(32, 9, at=(2, 1))
    whole = radon(x, ANGLES), fbp(radon(x, ANGLES), ANGLES, 32)
    monkeypatch.setattr("medlab.physics.tomography.BLOCK", 9000)
    monkeypatch.setattr("medlab.physics.tomography.CACHED", 0)
    assert torch.allclose(radon(x, ANGLES), whole[0], atol=1e-12)
    assert torch.allclose(fbp(whole[0], ANGLES, 32), whole[1], atol=1e-12)


def test_gradient_is_the_adjoint():
    x = disk(16, 5).requires_grad_()
    (radon(x, [0, 30, 100]) ** 2).sum().backward()
    wanted = 2 * back_project(radon(x.detach(), [0, 30, 100]), [0, 30, 100], 16)
    assert torch.allclose(x.grad, wanted)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: radon(torch.zeros(1, 4, 5), [0]), "shape (1, 4, 5)"),
        (lambda: radon(torch.zeros(1, 4, 4), []), "no angles"),
        (lambda: fbp(torch.zeros(1, 3, 4), [0, 1], 4), "for 2 angles"),
        (lambda: fbp(torch.zeros(1, 2, 4), [0, 90], 4, kernel="han"), "unknown kernel 'han'"),
    ],
)
def test_wrong_input_is_named(call, says):
    with pytest.raises(MedlabError) as caught:
        call()
    assert says in str(caught.value)
