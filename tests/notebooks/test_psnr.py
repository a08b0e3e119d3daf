"""The peak signal-to-noise ratio that lessons write by hand, held against scikit-image."""

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from tests.notebooks.cells import definitions


@pytest.mark.parametrize("lesson", ["64_enhancement", "65_restoration", "66_super_resolution", "67_mri_artifacts"])
def test_psnr_is_that_of_scikit_image(lesson):
    one, noise = torch.rand(2, 3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    other = one + 0.3 * noise
    wanted = [peak_signal_noise_ratio(a.numpy(), b.numpy(), data_range=1) for a, b in zip(one, other, strict=True)]
    found = torch.as_tensor(definitions(lesson)["psnr"](other, one))
    assert found.tolist() == pytest.approx(wanted, abs=1e-3)


def test_lesson_67_counts_no_shift_by_whole_pixels_as_an_error():
    psnr = definitions("67_mri_artifacts")["psnr"]
    one, noise = torch.rand(2, 3, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    other = one + 0.3 * noise
    assert psnr(other.roll((3, -5), (2, 3)), one) == pytest.approx(psnr(other, one), abs=1e-3)
