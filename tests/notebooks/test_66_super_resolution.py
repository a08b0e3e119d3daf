"""What lesson 66 writes by hand, held against libraries; its camera has its adjoint."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from skimage.filters import unsharp_mask
from skimage.measure import block_reduce
from skimage.util import view_as_blocks

from tests.notebooks.cells import definitions

SIZE = 32


@pytest.fixture(scope="module")
def lesson():
    return definitions("66_super_resolution")


def images(seed, count=3, size=SIZE):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kernel", [0.5, 1.0])
def test_the_camera_is_that_of_scipy_and_scikit_image(lesson, kernel):
    x, generator = images(2), torch.Generator().manual_seed(3)
    noise = 0.01 * torch.randn(3, 1, SIZE // 2, SIZE // 2, generator=torch.Generator().manual_seed(3))
    small = lesson["coarse"](x, kernel, generator) - noise
    blurred = [gaussian_filter(image[0].double().numpy(), kernel, mode="reflect", truncate=8) for image in x]
    wanted = np.stack([block_reduce(image, (2, 2), np.mean) for image in blurred])
    assert small[:, 0].numpy() == pytest.approx(wanted, abs=1e-5)


def test_a_kernel_for_each_image_is_that_of_one_after_the_other(lesson):
    kernels, x = torch.tensor([0.4, 0.8, 1.2]), images(4)
    together = lesson["coarse"](x, kernels, torch.Generator().manual_seed(5))
    noise = 0.01 * torch.randn(3, 1, SIZE // 2, SIZE // 2, generator=torch.Generator().manual_seed(5))
    for k in range(3):
        own = 0.01 * torch.randn(1, 1, SIZE // 2, SIZE // 2, generator=torch.Generator().manual_seed(6))
        alone = lesson["coarse"](x[[k]], float(kernels[k]), torch.Generator().manual_seed(6))
        assert torch.allclose(together[[k]] - noise[[k]], alone - own, atol=1e-5)


@pytest.mark.parametrize("kernel", [0.5, 1.0])
def test_the_camera_has_its_adjoint(lesson, kernel):
    def camera(x):
        return lesson["avg_pool2d"](lesson["blur"](x[:, 0], kernel)[:, None], 2)

    x, y = images(4), images(5, size=SIZE // 2)
    forward, back = torch.autograd.functional.vjp(camera, x, y)
    assert abs((forward * y).sum() - (x * back).sum()) < 1e-5 * x.norm() * y.norm()
    assert torch.allclose(camera(2 * x), 2 * forward, atol=1e-5)


def test_the_untrained_network_is_bicubic_interpolation(lesson):
    assert torch.equal(lesson["Upscaler"](4)(images(6)), lesson["bicubic"](images(6)))


def test_bicubic_interpolation_keeps_a_flat_image(lesson):
    assert lesson["bicubic"](torch.full((1, 1, 5, 6), 0.3)).numpy() == pytest.approx(
        np.full((1, 1, 10, 12), 0.3), abs=1e-6
    )


def test_unsharp_masking_is_that_of_scikit_image(lesson):
    small = images(7, 1)
    assert torch.equal(lesson["unsharp"](small, 0.0, 1.0), lesson["bicubic"](small))
    large = lesson["bicubic"](small)[0, 0].double().numpy()
    wanted = unsharp_mask(large, radius=1.0, amount=1.5, preserve_range=True)
    inner = (slice(8, -8), slice(8, -8))  # scikit-image ends its Gaussian elsewhere, and repeats the border
    assert lesson["unsharp"](small, 1.5, 1.0)[0, 0].numpy()[inner] == pytest.approx(wanted[inner], abs=2e-3)


def test_fineness_is_zero_for_the_truth_and_grows_with_sharpness(lesson):
    x = images(8)
    assert lesson["fineness"](x, x) == pytest.approx([0, 0, 0], abs=1e-6)
    assert lesson["fineness"](2 * x, x) == pytest.approx([np.log(4)] * 3, abs=1e-3)
    assert (lesson["fineness"](lesson["blur"](x[:, 0], 1.0)[:, None], x) < -1).all()


def test_the_pixel_shuffle_puts_each_map_at_its_place_in_the_blocks(lesson):
    four = np.random.default_rng(9).random((4, 3, 5))
    blocks = view_as_blocks(lesson["shuffled"](four), (2, 2))
    assert blocks.reshape(3, 5, 4).transpose(2, 0, 1) == pytest.approx(four)


def test_halving_undoes_the_shuffle_of_four_equal_maps(lesson):
    one = np.random.default_rng(10).random((4, 6))
    assert lesson["halved"](lesson["shuffled"](np.stack([one] * 4))) == pytest.approx(one)


@pytest.mark.parametrize("where", ["first", "other"])
@pytest.mark.parametrize("method", ["bicubic", "network, many kernels"])
def test_the_explorer_draws_every_state(lesson, where, method):
    x = images(11)
    lesson.update(test=x, sharp={w: {method: [x + 0.1]} for w in ("first", "other")})
    assert isinstance(lesson["draw_sharp"](method, where, 2), Figure)
    assert lesson["say_sharp"](method, where, 2) == f"{method}, image 2 of the {where} kernel: PSNR 20.0 dB."
