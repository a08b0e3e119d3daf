"""What lesson 62 writes by hand, held against theory and against libraries; its operators have their adjoints."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from skimage.metrics import peak_signal_noise_ratio
from skimage.transform import radon as radon_of_skimage

from medlab.physics.tomography import fbp
from tests.notebooks.cells import definitions

SIZE, BINS, DEPTH, PHOTONS = 24, 34, 8.0, 2e4
ANGLES = [6.0 * k for k in range(30)]


@pytest.fixture(scope="module")
def lesson():
    names = definitions("62_reconstruction_ct")
    names.update(size=SIZE, bins=BINS, depth=DEPTH, PHOTONS=PHOTONS)
    return names


def drawn(seed, *shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def disk(size=SIZE, value=1.0):
    line = torch.linspace(-1, 1, size)
    return value * ((line[:, None] ** 2 + line**2) < 0.6).float()[None]


def test_the_smearing_is_the_adjoint_of_the_projection(lesson):
    x, y = drawn(0, 2, SIZE, SIZE).double(), drawn(1, 2, len(ANGLES), BINS).double()
    there, back = lesson["project"](x, ANGLES), lesson["Smear"].apply(y, ANGLES)
    assert ((there * y).sum() - (x * back).sum()).abs() < 1e-5 * (x.norm() * y.norm())


def test_the_derivative_of_the_smearing_is_the_projection(lesson):
    y, direction = drawn(2, 1, len(ANGLES), BINS).requires_grad_(), drawn(3, 1, SIZE, SIZE)
    (lesson["Smear"].apply(y, ANGLES) * direction).sum().backward()
    assert torch.allclose(y.grad, lesson["project"](direction, ANGLES), atol=1e-5)


def test_projections_are_those_of_scikit_image():
    names = definitions("62_reconstruction_ct")
    names.update(size=33, bins=33, depth=3.3)  # odd: then both turn about the middle of the same pixel
    line = torch.linspace(-1, 1, 33)
    image = torch.exp(-8 * ((line[:, None] - 0.2) ** 2 + 2 * (line + 0.1) ** 2))
    wanted = radon_of_skimage(image.numpy(), theta=ANGLES, circle=True).T * 0.1
    got = names["project"](image[None], ANGLES)[0].numpy()
    assert np.abs(got - wanted).max() < 0.02 * wanted.max()


def test_a_scan_without_noise_obeys_beer_and_lambert_on_either_grid(lesson):
    lines, share = lesson["measure"](disk(2 * SIZE), ANGLES, None, None)
    assert lines.shape == (1, len(ANGLES), BINS)
    assert torch.allclose(share, torch.exp(-lines))
    rough = lesson["project"](lesson["coarse"](disk(2 * SIZE)), ANGLES)
    assert lines.sum().item() == pytest.approx(rough.sum().item(), rel=1e-4)
    assert not torch.allclose(lines, rough, atol=1e-3)  # the two grids differ: no inverse crime


def test_noise_of_the_line_integrals_is_one_over_the_root_of_the_counts(lesson):
    images = disk(2 * SIZE).repeat(200, 1, 1)
    generator = torch.Generator().manual_seed(4)
    noisy, share = lesson["measure"](images, ANGLES, PHOTONS, generator)
    clean, _ = lesson["measure"](images, ANGLES, None, None)
    pull = (noisy - clean) * (PHOTONS * share).sqrt()
    assert pull.std().item() == pytest.approx(1, abs=0.03)
    no_light, share = lesson["measure"](disk(2 * SIZE, 50.0), ANGLES, PHOTONS, generator)
    assert torch.isfinite(no_light).all()
    assert share.min() * PHOTONS == pytest.approx(1)


def test_psnr_is_that_of_scikit_image(lesson):
    one, other = drawn(5, 3, SIZE, SIZE), drawn(6, 3, SIZE, SIZE)
    wanted = [peak_signal_noise_ratio(a.numpy(), b.numpy(), data_range=1) for a, b in zip(one, other, strict=True)]
    assert lesson["psnr"](other, one).numpy() == pytest.approx(wanted, abs=1e-3)


def test_the_gradient_of_roughness_is_that_of_autograd(lesson):
    images = drawn(7, 2, SIZE, SIZE).double().requires_grad_()
    down = torch.diff(images, dim=1, append=images[:, -1:])
    across = torch.diff(images, dim=2, append=images[:, :, -1:])
    (down**2 + across**2 + 0.01**2).sqrt().sum().backward()
    assert torch.allclose(lesson["roughness_gradient"](images.detach()), images.grad, atol=1e-8)


def test_the_largest_eigenvalue_is_that_of_the_matrix(lesson):
    unit = torch.eye(SIZE * SIZE).reshape(-1, SIZE, SIZE)
    matrix = lesson["project"](unit, ANGLES).flatten(1)
    assert lesson["largest"](ANGLES).item() == pytest.approx(torch.linalg.svdvals(matrix)[0].item() ** 2, rel=1e-2)


def test_iterations_fit_the_data_of_their_own_grid(lesson):
    truth = disk()
    lines = lesson["project"](truth, ANGLES)
    far = lines.norm()
    found = lesson["total_variation"](lines, torch.exp(-lines), ANGLES, 1e-6, 0.0, rounds=200)
    assert found.min() >= 0
    assert (lesson["project"](found, ANGLES) - lines).norm() < 0.02 * far
    assert lesson["psnr"](found, truth).item() > 20


def test_more_weight_gives_less_roughness(lesson):
    lines, share = lesson["measure"](disk(2 * SIZE), ANGLES, PHOTONS, torch.Generator().manual_seed(8))
    found = [lesson["total_variation"](lines, share, ANGLES, weight, 0.5) for weight in (1e-6, 1e-4, 1e-2)]
    rough = [torch.diff(images, dim=1).abs().sum() for images in found]
    assert rough[0] > rough[1] > rough[2]


def test_ramp_and_adjoint_together_are_filtered_back_projection(lesson):
    lines = lesson["project"](disk(), ANGLES)
    zero, all_arrive = torch.zeros(1, SIZE, SIZE), torch.ones_like(lines)
    got = lesson["missing"](zero, lines, all_arrive, ANGLES)
    wanted = fbp(lines, ANGLES, SIZE, kernel="ramp", pixel=DEPTH / SIZE)
    assert np.corrcoef(got.numpy().ravel(), wanted.numpy().ravel())[0, 1] > 0.95
    assert lesson["missing"](disk(), lines, all_arrive, ANGLES).abs().max() < 1e-4  # nothing is missing


@pytest.mark.parametrize("measurement", [False, True])
def test_networks_start_as_fbp_and_are_of_one_size(lesson, measurement):
    model, twin = lesson["Reconstructor"](4, measurement), lesson["Reconstructor"](4, not measurement)
    start, lines = drawn(9, 2, SIZE, SIZE), drawn(10, 2, len(ANGLES), BINS)
    with torch.no_grad():
        assert torch.equal(model(start, lines, torch.exp(-lines), ANGLES), start)
    count = [sum(p.numel() for p in m.parameters()) for m in (model, twin)]
    assert count[0] == count[1]


def test_only_the_unrolled_network_depends_on_the_measurement(lesson):
    start, lines = drawn(11, 1, SIZE, SIZE), drawn(12, 1, len(ANGLES), BINS)
    for measurement in (False, True):
        torch.manual_seed(0)
        model = lesson["Reconstructor"](4, measurement)
        for part in model.blocks:
            torch.nn.init.normal_(part[-1].weight)
        with torch.no_grad():
            same = torch.equal(*(model(start, y, torch.ones_like(y), ANGLES) for y in (lines, 2 * lines)))
        assert same != measurement


def test_misfit_of_pure_noise_is_one(lesson):
    images = disk()
    clean = lesson["project"](images, ANGLES)
    share = torch.exp(-clean)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(13)) / (PHOTONS * share).sqrt()
    assert lesson["misfit"](images, (clean + noise, share), ANGLES).item() == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize(("method", "patient"), [("FBP", 0), ("unrolled", 1)])
def test_the_explorer_draws_every_state(lesson, method, patient):
    shares = torch.full((2, len(ANGLES), BINS), 0.5)
    lesson.update(
        images={name: drawn(14, 2, SIZE, SIZE) for name in ("FBP", "unrolled")},
        scans={"test": (drawn(15, 2, len(ANGLES), BINS), shares)},
        truth={"test": drawn(16, 2, SIZE, SIZE)},
        angles=ANGLES,
    )
    assert isinstance(lesson["draw"](method, patient), Figure)
    assert lesson["describe"](method, patient).startswith(f"{method}, test image {patient}: PSNR")
