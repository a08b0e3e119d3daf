"""What lesson 64 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from medlab import stats
from medlab.physics.ideal_observer import ideal_auc
from tests.notebooks.cells import definitions

SIZE = 32


@pytest.fixture(scope="module")
def lesson():
    names = definitions("64_enhancement")
    names.update(PHOTONS=50, DENSE=2.0, HEIGHT=0.12, WIDE=1.5, BANDS=(0.1, 0.2, 0.3, 0.4, 0.72))
    names["ids"] = np.arange(3)
    return names


def images(seed, count=3, size=SIZE):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed))


def test_the_network_starts_by_changing_nothing(lesson):
    assert torch.equal(lesson["Denoiser"](4)(images(6)), images(6))


def test_noise_of_the_image_is_that_of_the_photons(lesson):
    flat, luck = torch.full((1, 1, 200, 200), 0.5), torch.Generator().manual_seed(8)
    image = lesson["image_of"](lesson["counted"](flat, 1000, luck), 1000)
    assert image.mean().item() == pytest.approx(0.5, abs=2e-3)
    assert image.std().item() == pytest.approx(1 / (2 * np.sqrt(1000 * np.exp(-1))), rel=0.03)


def test_log_power_of_white_noise_is_its_variance(lesson):
    noise = 0.3 * torch.randn(200, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(9))
    assert lesson["log_power"](noise).exp().numpy() == pytest.approx([0.09] * 4, rel=0.03)


def test_lesions_are_where_they_are_said_to_be(lesson):
    place = torch.tensor([[10, 20], [15, 12]])
    spots = lesson["spots"](place, SIZE)
    assert spots[0, 0, 10, 20] == spots[0].max() == spots[1, 0, 15, 12]
    assert spots[0].pow(2).sum().item() == pytest.approx(0.12**2 * np.pi * 1.5**2, rel=1e-3)


def test_places_are_inside(lesson):
    x = torch.zeros(50, 1, SIZE, SIZE)
    x[:, :, 12:18, 11:20] = 1
    place = lesson["places"](x, torch.Generator().manual_seed(10))
    assert place.min() >= 10
    assert place.max() < SIZE - 10
    black = lesson["places"](0 * x, torch.Generator().manual_seed(10))
    assert black.min() >= 10


def test_channels_see_no_constant_and_answer_at_the_place(lesson):
    place = torch.tensor([[14, 16], [12, 15]])
    assert lesson["channels"](torch.ones(2, 1, SIZE, SIZE), place).abs().max() < 1e-5
    answers = lesson["channels"](lesson["spots"](place, SIZE), place)
    assert torch.allclose(answers[0], answers[1], atol=1e-6)
    assert answers[0, 0] > 0


def test_the_hotelling_template_is_that_of_linear_discriminant_analysis(lesson):
    luck = torch.Generator().manual_seed(11)
    without, within = torch.randn(400, 4, generator=luck), torch.randn(400, 4, generator=luck) + torch.arange(4.0)
    own = lesson["hotelling"](without, within).numpy()
    library = LinearDiscriminantAnalysis(solver="lsqr").fit(torch.cat([without, within]), np.repeat([0, 1], 400))
    cosine = own @ library.coef_[0] / np.linalg.norm(own) / np.linalg.norm(library.coef_[0])
    assert cosine == pytest.approx(1, abs=1e-4)


def test_the_likelihood_ratio_reaches_the_ideal_observer(lesson):
    x, luck = torch.full((4000, 1, 15, 15), 0.4), torch.Generator().manual_seed(12)
    lesson.update(PHOTONS=2000)
    lesion = 0.12 * lesson["spots"](torch.full((4000, 2), 7), 15)
    scans = [lesson["counted"](image, 2000, luck) for image in (x, x + lesion)]
    scores = np.concatenate([lesson["likelihood_ratio"](c, x, lesion).numpy() for c in scans])
    lesson.update(PHOTONS=50)
    found = stats.bootstrap("auc", np.repeat([0, 1], 4000), scores, resamples=200)
    noise = 1 / (2 * np.sqrt(2000 * np.exp(-0.8)))
    assert found.value == pytest.approx(ideal_auc(lesion[0], noise), abs=0.015)


def test_recovery_and_fineness(lesson):
    lesion, x = lesson["spots"](torch.tensor([[16, 16]]), SIZE), images(13, 1)
    assert lesson["recovery"](x, x + 0.7 * lesion, lesion) == pytest.approx([0.7], abs=1e-4)
    assert lesson["fineness"](x, x) == pytest.approx([0], abs=1e-6)
    assert lesson["fineness"](2 * x, x) == pytest.approx([np.log(4)], abs=1e-3)


def test_auc_of_several_seeds_is_the_mean(lesson):
    scores = np.random.default_rng(0).normal(size=(2, 2, 6))
    one, other, both = (lesson["detection"](s, "AUC").value for s in (scores[:1], scores[1:], scores))
    assert both == pytest.approx((one + other) / 2)


@pytest.mark.parametrize("method", ["low dose", "small errors"])
@pytest.mark.parametrize("lesion_is", ["absent", "present"])
def test_the_explorer_draws_every_state(lesson, method, lesion_is):
    place = torch.tensor([[16, 16], [12, 14], [15, 18]])
    lesion, x = lesson["spots"](place, SIZE), images(14)
    pairs = {name: [[x, x + lesion]] for name in ("low dose", "small errors")}
    lesson.update(shown=pairs, test=images(15), lesion=lesion)
    assert isinstance(lesson["draw_enhanced"](method, lesion_is, 1), Figure)
    words = lesson["describe_enhanced"](method, lesion_is, 1)
    assert words.startswith(f"{method}, image 1: PSNR")
    assert ("row 12, column 14, 1.00 of its contrast" in words) == (lesion_is == "present")
