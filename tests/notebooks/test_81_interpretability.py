"""Lesson 81: its attribution methods agree with Captum's, its scores are what they say, and its explorer draws."""

import numpy as np
import pytest
import torch
from captum import attr

from medlab.training.networks import SmallResNet
from tests.notebooks.cells import definitions

SIZE = 32


@pytest.fixture(scope="module")
def lesson():
    names = definitions("81_interpretability")
    names |= {"size": SIZE, "seed": 0, "edge": 3, "plate": 4}
    return names


@pytest.fixture(scope="module", params=[1, 3], ids=["gray", "color"])
def model(request):
    return SmallResNet(request.param, 1, channels=(6, 8, 10), seed=3).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def images(model):
    return torch.rand(3, model.in_channels, SIZE, SIZE, generator=torch.Generator().manual_seed(1)).requires_grad_(True)


@pytest.fixture(scope="module")
def base(images):
    return torch.full_like(images[:1].detach(), 0.4)


def test_saliency_is_captums(lesson, model, images):
    torch.testing.assert_close(lesson["saliency"](model, images), attr.Saliency(model).attribute(images, target=0))


@pytest.mark.parametrize("steps", [5, 20])
def test_integrated_gradients_are_captums(lesson, model, images, base, steps):
    theirs = attr.IntegratedGradients(model).attribute(images, base.expand_as(images), target=0, n_steps=steps)
    ours = lesson["integrated_gradients"](model, images.detach(), base, steps)
    torch.testing.assert_close(ours, theirs.float(), rtol=1e-3, atol=1e-5)


def test_grad_cam_is_captums_before_it_is_enlarged(lesson, model, images):
    theirs = attr.LayerGradCam(model, model.blocks[-1]).attribute(images, target=0, relu_attributions=True)
    torch.testing.assert_close(lesson["coarse_cam"](model, images), theirs)


def test_grad_cam_puts_each_point_where_it_came_from(lesson, model, images):
    coarse, fine = (lesson[name](model, images) for name in ("coarse_cam", "grad_cam"))
    stride = SIZE // coarse.shape[-1]
    assert fine.shape[2:] == images.shape[2:]
    torch.testing.assert_close(fine[..., ::stride, ::stride], coarse)


@pytest.mark.parametrize(("window", "stride"), [(8, 4), (8, 8), (12, 4)])
def test_occlusion_is_captums(lesson, model, images, base, window, stride):
    channels = images.shape[1]
    theirs = attr.Occlusion(model).attribute(
        images, (channels, window, window), strides=(channels, stride, stride), baselines=base, target=0
    )
    ours = lesson["occlusion"](model, images.detach(), base, window, stride)
    torch.testing.assert_close(ours, theirs.to(ours.dtype), rtol=1e-3, atol=1e-5)


def test_scores_of_maps_that_are_right_wrong_and_empty(lesson):
    mask = np.zeros((3, 6, 6), bool)
    mask[:, 1:3, 1:3] = True
    heat = mask.astype(float)
    heat[1] = np.roll(heat[1], 3, axis=1)
    heat[2] = 0
    assert lesson["pointing"](heat, mask).tolist() == [1, 0, 0]


def test_planted_lesions_are_soft_and_inside(lesson):
    extent = lesson["lesions"](20, np.random.default_rng(0))
    assert extent.shape == (20, 1, SIZE, SIZE)
    assert 0 <= extent.min() <= extent.max() <= 1
    assert ((extent > 0.5).float().mean((1, 2, 3)) > 0.01).all()
    assert extent.diff(dim=-1).abs().max() < 0.6


def test_integrated_gradients_add_up_to_what_they_explain(lesson, model, images, base):
    explained = lesson["integrated_gradients"](model, images.detach(), base, 256).sum((1, 2, 3))
    promised = (model(images) - model(base))[:, 0].detach()
    assert (explained - promised).abs().max() < 1e-2 * max(float(promised.abs().max()), 0.1)


def test_likeness_of_same_other_and_empty_maps(lesson):
    maps = np.random.default_rng(0).random((1, 2, SIZE, SIZE))
    assert np.allclose(lesson["likeness"](maps, 3 * maps), 1)
    assert np.abs(lesson["likeness"](maps, maps[:, ::-1])).max() < 0.2
    assert np.abs(lesson["likeness"](maps, np.zeros_like(maps))).max() < 0.2


def test_a_randomized_network_keeps_the_statistics_alone(lesson):
    lesson |= {"train": (torch.zeros(1, 1, SIZE, SIZE),)}
    intact = SmallResNet(1, 1, channels=(12, 24, 48), seed=1)
    intact(torch.rand(8, 1, SIZE, SIZE))  # moves the running statistics
    ruin = lesson["randomized"](intact, 0).state_dict()
    for name, weight in intact.state_dict().items():
        if "running" in name:
            assert torch.equal(weight, ruin[name]), name
        elif weight.ndim > 1:
            assert not torch.equal(weight, ruin[name]), name


def test_the_tag_stands_on_the_chosen_rows_alone(lesson):
    images = torch.full((3, 1, SIZE, SIZE), 0.5)
    changed = (lesson["tagged"](images, [1]) != images).flatten(1).any(1)
    assert changed.tolist() == [False, True, False]
    assert not (lesson["tagged"](images, []) != images).any()


def test_the_explorer_draws_every_state(lesson, model):
    images = torch.rand(2, model.in_channels, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    mask = np.zeros((2, SIZE, SIZE), bool)
    mask[:, 8:16, 8:16] = True
    methods = {"saliency": lesson["saliency"], "Grad-CAM": lesson["grad_cam"]}
    lesson |= {"gallery": {"trained": (images, [model])}, "mask": mask, "methods": methods, "controls": {}}
    lesson |= {"sigmas": dict.fromkeys(methods, 1.0)}
    for patient in (1.0, 2.0):
        for method in methods:
            state = {"patient": patient, "network": "trained", "method": method}
            assert len(lesson["look"](**state).axes) >= 2
            assert "the lesion" in lesson["say"](**state)
