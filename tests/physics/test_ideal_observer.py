"""The ideal observer reaches what theory says, and nobody more."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from medlab.errors import MedlabError
from medlab.hospital import ideal_auc, template_score


def disk(size: int = 24, radius: float = 4.0) -> torch.Tensor:
    place = torch.arange(size) - (size - 1) / 2
    return 0.25 * ((place[:, None] ** 2 + place[None] ** 2) <= radius**2).float()


def simulated_auc(template: torch.Tensor, n: int = 4000) -> float:
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(2 * n, *template.shape, generator=random)
    truth = np.repeat([0, 1], n)
    images = noise + disk() * torch.tensor(truth)[:, None, None]
    return roc_auc_score(truth, template_score(images, template).numpy())


def test_the_matched_template_reaches_the_closed_form():
    wanted = ideal_auc(disk(), 1.0)
    assert 0.8 < wanted < 0.95
    assert abs(simulated_auc(disk()) - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / 4000)


def test_another_template_stays_below():
    smaller = disk(radius=1.5)
    assert simulated_auc(smaller) < ideal_auc(disk(), 1.0) - 0.05


def test_no_signal_is_chance_and_noise_lowers():
    assert ideal_auc(torch.zeros(3), 1.0) == 0.5
    assert ideal_auc(torch.ones(3), 2.0) < ideal_auc(torch.ones(3), 1.0)


@pytest.mark.parametrize("noise", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_noise(noise):
    with pytest.raises(MedlabError, match="above 0"):
        ideal_auc(torch.ones(3), noise)


def test_a_template_of_another_shape():
    with pytest.raises(MedlabError, match="template"):
        template_score(torch.zeros(2, 4, 4), torch.zeros(5, 5))
