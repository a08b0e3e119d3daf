"""MLEM conserves counts and finds the activity."""

import pytest
import torch

from medlab.errors import MedlabError
from medlab.physics.emission import mlem
from medlab.physics.tomography import radon

ANGLES = range(0, 180, 6)


def test_mlem_conserves_counts_and_finds_the_activity():
    truth = torch.zeros(1, 24, 24)
    truth[:, 8:14, 9:17] = 50.0
    counts = torch.poisson(radon(truth, ANGLES), generator=torch.Generator().manual_seed(0))
    image = mlem(counts, ANGLES, 24, iterations=20)
    assert image.min() >= 0
    assert radon(image, ANGLES).sum().item() == pytest.approx(counts.sum().item(), rel=1e-3)
    assert image[0, 9:13, 10:16].mean().item() == pytest.approx(50, rel=0.1)


def test_no_iteration_is_named():
    with pytest.raises(MedlabError, match="iterations is 0"):
        mlem(torch.ones(1, 1, 4), [0.0], 4, iterations=0)
