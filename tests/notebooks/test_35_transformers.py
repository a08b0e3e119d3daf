"""What lesson 35 writes by hand, held against torch, and what its sabotages rest on."""

import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention, unfold

from tests.notebooks.cells import definitions

SIZE, PATCH = 28, 7


@pytest.fixture(scope="module")
def lesson():
    names = definitions("35_transformers")
    names.update(size=SIZE, patch=PATCH)
    return names


def images(seed=0, count=3):
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def network(lesson, *, position):
    torch.manual_seed(0)
    return lesson["Transformer"](16, 2, position).eval()


def test_attention_is_that_of_torch_and_its_weights_add_up_to_one(lesson):
    q, k, v = torch.randn(3, 2, 4, 9, 5, generator=torch.Generator().manual_seed(1))
    found, weights = lesson["attend"](q, k, v)
    assert torch.allclose(found, scaled_dot_product_attention(q, k, v), atol=1e-5)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 4, 9))


def test_attention_with_heads_is_that_of_torch_with_the_same_weights(lesson):
    ours, theirs = lesson["Attention"](16), nn.MultiheadAttention(16, 4, batch_first=True)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = ours.enter.weight.data, ours.enter.bias.data
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = ours.leave.weight.data, ours.leave.bias.data
    x = torch.randn(2, 9, 16, generator=torch.Generator().manual_seed(2))
    wanted, weights = theirs(x, x, x, average_attn_weights=False)
    assert torch.allclose(ours(x), wanted, atol=1e-5)
    assert torch.allclose(ours.weights, weights, atol=1e-5)


def test_patches_are_those_of_torch_and_can_be_put_together_again(lesson):
    x = images()
    patches = lesson["to_patches"](x)
    assert torch.equal(patches, unfold(x, PATCH, stride=PATCH).transpose(1, 2))
    assert torch.equal(lesson["to_images"](patches), x)


def test_exchanged_images_hold_the_same_patches_in_other_columns(lesson):
    x = images()
    side = SIZE // PATCH
    grid = lesson["to_patches"](x).reshape(len(x), side, side, -1)
    found = lesson["to_patches"](lesson["exchanged"](x)).reshape(grid.shape)
    assert torch.equal(found, grid.flip(2))
    assert torch.equal(lesson["exchanged"](lesson["exchanged"](x)), x)


@pytest.mark.parametrize("position", [False, True])
def test_the_order_of_patches_matters_only_with_position(lesson, position):
    model, x = network(lesson, position=position), images()
    with torch.no_grad():
        change = (model(x) - model(lesson["shuffled"](x, torch.arange(16).flip(0)))).abs().max()
    assert change > 1e-3 if position else change < 1e-5


def test_multiply_adds_are_those_of_a_count_by_hand(lesson):
    model, tokens, width = network(lesson, position=True), (SIZE // PATCH) ** 2, 16
    block = tokens * (3 * width**2 + width**2 + 4 * width**2) + 2 * tokens**2 * width
    assert lesson["multiply_adds"](model) == tokens * PATCH**2 * width + 2 * block + width
    assert lesson["multiply_adds"](lesson["convolution"](1, 5, 2)) == 14 * 14 * 9 * 5


def test_windows_hold_each_token_once_and_neighbors_together(lesson):
    tokens = torch.arange(64.0)[None, :, None]
    found = lesson["windows"](tokens, 8, 4)
    assert found.shape == (4, 16, 1)
    assert found[1, :, 0].reshape(4, 4).tolist() == tokens.reshape(8, 8)[:4, 4:].tolist()
    assert sorted(found.flatten().tolist()) == tokens.flatten().tolist()
    assert torch.equal(lesson["windows"](tokens, 8, 8), tokens)
