"""Lesson 22: ranks, divergence, mutual information, k-means and average precision are those of others."""

import numpy as np
import pytest
import torch
from skimage.exposure import equalize_hist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score, normalized_mutual_info_score
from torch.distributions import Normal, kl_divergence

from tests.notebooks.cells import definitions, smooth_images

PIXELS = 36


@pytest.fixture
def lesson():
    names = definitions("22_unsupervised")
    names |= {"pixels": PIXELS, "steps": 200, "seed": 0}
    return names


def images(seed, count=40, side=6):
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(seed))


def test_equalization_gives_each_image_the_same_histogram_and_undoes_a_display_curve(lesson):
    x = images(0)
    equal = lesson["equalized"](x)
    assert torch.equal(equal.flatten(1).sort(1).values, equal[:1].flatten(1).sort(1).values.expand(len(x), -1))
    assert torch.equal(equal, lesson["equalized"](x**0.6))
    assert torch.equal(equal, lesson["equalized"](equal))
    assert equal.max() == 1


def test_equalization_is_that_of_scikit_image_but_for_half_a_rank(lesson):
    x = torch.randperm(36 * 3, generator=torch.Generator().manual_seed(1)).view(3, 1, 6, 6).float()
    ours = lesson["equalized"](x)[:, 0].numpy()
    theirs = np.stack([equalize_hist(one, nbins=4000) for one in x[:, 0].numpy()])
    assert ours == pytest.approx(theirs, abs=0.6 / 36)  # theirs lies between the ranks of two neighbors


def test_equal_pixels_share_the_mean_of_their_ranks(lesson):
    x = torch.tensor([[[[1.0, 1.0], [0.0, 2.0]]]])
    assert lesson["equalized"](x).flatten().tolist() == [0.625, 0.625, 0.25, 1.0]


def test_the_three_numbers_of_a_flat_and_of_a_striped_image(lesson):
    stripes = (torch.arange(6) % 2).float().expand(6, 6)
    numbers = lesson["three_numbers"](torch.stack([torch.full((6, 6), 0.3), stripes])[:, None])
    assert numbers[0] == pytest.approx([0.3, 0, 0], abs=1e-6)
    assert numbers[1] == pytest.approx([0.5, np.std([0, 1] * 18, ddof=1), 1.0], abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_loss_of_the_vae_is_misfit_plus_the_divergence_of_torch(lesson, seed):
    torch.manual_seed(seed)
    net, x = lesson["Autoencoder"](PIXELS, 4, variational=True), images(seed, 5)
    ours = lesson["negative_elbo"](net, x, torch.Generator().manual_seed(7))
    mean, log_variance = net.encode(x)[:, :4], net.encode(x)[:, 4:]
    cloud = Normal(mean, (log_variance / 2).exp())
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(7))
    out = net.decode(cloud.mean + cloud.stddev * noise)
    likelihood = Normal(out, 0.1).log_prob(x.flatten(1)) - Normal(torch.zeros(1), 0.1).log_prob(torch.zeros(1))
    wanted = kl_divergence(cloud, Normal(0.0, 1.0)).sum(1) - likelihood.sum(1)
    assert ours.item() == pytest.approx(wanted.mean().item() / PIXELS, rel=1e-5)


def test_an_autoencoder_learns_its_pool_and_errs_on_what_is_unlike_it(lesson):
    pool = smooth_images(0, 60, (6, 6))
    pool = pool * torch.linspace(0, 1, 6)  # dark at the left
    model = lesson["trained"](pool, 0, 8)
    assert sum(p.numel() for p in model.decode[0].parameters()) == 9 * 128
    assert model(pool).shape == pool.shape
    own, turned = lesson["error"](model, pool), lesson["error"](model, pool.flip(3))
    assert np.mean(turned) > 3 * np.mean(own)


def test_a_plain_and_a_variational_autoencoder_have_one_form_of_copy(lesson):
    x = images(3, 7)
    for variational in (False, True):
        net = lesson["Autoencoder"](PIXELS, 4, variational)
        assert net.encode(x).shape == (7, 8 if variational else 4)
        assert net(x).shape == x.shape


def test_the_error_of_pca_is_that_of_the_singular_vectors(lesson):
    pool, x = images(4), images(5)
    flat, center = x.flatten(1).numpy(), pool.flatten(1).numpy().mean(0)
    axes = np.linalg.svd(pool.flatten(1).numpy() - center, full_matrices=False)[2][:5]
    rest = (flat - center) - (flat - center) @ axes.T @ axes
    assert lesson["pca_error"](pool, x, 5) == pytest.approx(rest, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_mutual_information_is_that_of_scikit_learn_also_for_repeated_patients(lesson, seed):
    rng = np.random.default_rng(seed)
    truth, groups = rng.integers(0, 3, 50), rng.integers(0, 2, 50)
    groups[:20] = truth[:20] > 0
    counts = rng.integers(0, 3, (4, 50))
    assert lesson["nmi"](truth, groups) == pytest.approx(normalized_mutual_info_score(truth, groups))
    for row, value in zip(counts, lesson["nmi"](truth, groups, counts.astype(float)), strict=True):
        assert value == pytest.approx(normalized_mutual_info_score(truth.repeat(row), groups.repeat(row)))


def test_mutual_information_is_one_for_renamed_groups_and_zero_for_one_group(lesson):
    truth = np.array([0, 0, 1, 1, 2])
    assert lesson["nmi"](truth, np.array([2, 2, 0, 0, 1])) == pytest.approx(1)
    assert lesson["nmi"](truth, np.zeros(5, int)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("number", [2, 3])
def test_k_means_is_that_of_scikit_learn_and_finds_two_clouds(lesson, number):
    rng = np.random.default_rng(number)
    points = np.concatenate([rng.normal(c, 1, (30, 4)) for c in (0, 6)])
    start = points[rng.choice(60, number, replace=False)]
    theirs = KMeans(number, init=start, n_init=1, tol=0, max_iter=100).fit(points)
    means = lesson["lloyd"](points, start)
    assert means == pytest.approx(theirs.cluster_centers_)
    assert lesson["nearest"](points, means).tolist() == theirs.labels_.tolist()


def test_groups_of_images_are_those_of_their_brightness(lesson):
    x = images(6, 60, 8) * 0.2
    x[::2] += 0.7
    groups = lesson["grouped"](x, x, 0)
    assert len(set(groups[::2])) == len(set(groups[1::2])) == 1
    assert groups[0] != groups[1]
    assert PCA(2).fit(x.flatten(1).numpy()).explained_variance_ratio_[0] > 0.5


@pytest.mark.parametrize("digits", [1, 9])
def test_average_precision_of_a_map_is_that_of_scikit_learn_with_and_without_ties(lesson, digits):
    rng = np.random.default_rng(digits)
    masks, maps = rng.random((6, 5, 5)) < 0.2, rng.random((6, 25)).round(digits)
    masks[:, 0, 0] = True
    wanted = [average_precision_score(m.ravel(), s) for m, s in zip(masks, maps, strict=True)]
    assert lesson["pixel_ap"](masks, maps) == pytest.approx(wanted)


def test_a_planted_lesion_brightens_its_mask_and_nothing_far_from_it(lesson):
    x = torch.full((50, 1, 28, 28), 0.5)
    marked, masks = lesson["with_lesion"](x, np.random.default_rng(0))
    added = (marked - x).numpy()
    assert masks.shape == x.shape
    assert masks.sum((1, 2, 3)).min() >= 1
    assert added.min() >= 0
    assert added.max() <= 0.3 + 1e-6
    assert added[masks == 1].min() >= 0.15 - 1e-6
    assert added[masks == 0].max() <= 0.15 + 1e-6
    assert all(bool(m[0, 5:-5, 5:-5].any()) for m in masks)
    assert lesson["pixel_ap"](masks, added.reshape(50, -1)) == pytest.approx(np.ones(50))
