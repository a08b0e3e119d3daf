"""What lesson 32 writes by hand, held against MONAI, scikit-learn and closed formulas."""

import numpy as np
import pytest
import torch
from monai.networks.nets.densenet import _DenseBlock
from monai.networks.nets.resnet import ResNetBlock
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional as F

from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    names = definitions("32_convnet_lineage")
    names.update(channels=1, classes=3, size=28, entropy=1.0, train=type("Part", (), {"images": images(9)}))
    blocks = {"five": names["alexnet"], "vgg": names["vgg"], "residual": names["Residual"], "dense": names["dense"]}
    names["arms"] = {kind: (block, 8, {}) for kind, block in blocks.items()}
    for kind, neck in (("inception", True), ("naive", False)):
        names["arms"][kind] = (lambda w, n, neck=neck: names["Inception"](w, n, neck=neck), 8, {})
    names["arms"]["early"] = (names["alexnet"], 8, {"norm": False})
    return names


def images(seed, count=4, channels=1, size=28):
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(seed))


def disturbed(block):
    """A block in evaluation mode whose norms have statistics and scales of their own."""
    for k, layer in enumerate(block.modules()):
        if isinstance(layer, nn.BatchNorm2d) and layer.affine:
            torch.manual_seed(k)
            for values in (layer.running_mean, layer.weight.data, layer.bias.data):
                values.copy_(torch.rand(len(values)))
            layer.running_var.copy_(0.5 + torch.rand(len(layer.running_var)))
    return block.eval()


def copied_in_order(ours, theirs):
    """Give a library's block the weights and statistics of ours, which come in the same order."""
    mine, wanted = list(ours.state_dict().values()), theirs.state_dict()
    assert [v.shape for v in mine] == [v.shape for v in wanted.values()]
    theirs.load_state_dict(dict(zip(wanted, mine, strict=True)))
    return theirs.eval()


def weights(module):
    return sum(layer.weight.numel() for layer in module.modules() if isinstance(layer, nn.Conv2d))


def test_the_residual_block_is_monais(lesson):
    ours = disturbed(lesson["Residual"](8, 1))
    theirs = copied_in_order(ours, ResNetBlock(8, 8, spatial_dims=2))
    x = images(0, channels=8)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_the_dense_layers_are_monais(lesson):
    block = disturbed(lesson["dense"](8, 1))
    ours = block[:2]
    theirs = copied_in_order(ours, _DenseBlock(2, layers=2, in_channels=8, bn_size=2, growth_rate=2, dropout_prob=0))
    x = images(1, channels=8)
    assert ours(x).shape == (4, 12, 28, 28)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)
    assert block(x).shape == x.shape


@pytest.mark.parametrize("neck", [True, False])
def test_inception_is_four_branches_side_by_side(lesson, neck):
    w = 16
    block = disturbed(lesson["Inception"](w, 1, neck=neck))
    assert weights(block) == 2 * w * w // 4 + (2 * w * w // 4 + 34 * w * w // 16 if neck else 34 * w * w // 4)
    x, found = images(2, channels=w), []
    for kernel, branch in zip((1, 3, 5), block.branches[:3], strict=True):
        layers = [branch] if kernel == 1 else [layer for layer in branch.modules() if isinstance(layer, nn.Conv2d)]
        inner = F.conv2d(x, layers[0].weight).relu() if len(layers) == 2 else x
        found.append(F.conv2d(inner, layers[-1].weight, padding=kernel // 2))
    found.append(F.conv2d(F.max_pool2d(x, 3, 1, 1), block.branches[3][1].weight))
    assert torch.allclose(block(x), block.norm(torch.cat(found, 1)).relu(), atol=1e-5)


def test_two_small_kernels_have_28_percent_fewer_weights(lesson):
    assert weights(lesson["vgg"](8, 1)) == 18 * 64
    assert weights(lesson["alexnet"](8, 1)) == weights(lesson["alexnet"](8, 1, norm=False)) == 25 * 64


def test_the_first_network_has_no_batch_normalization_but_that_of_the_input(lesson):
    layers = lesson["network"]("early", seed=0).modules()
    norms = [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)]
    assert [layer.affine for layer in norms] == [False]


def test_counts_are_those_of_the_formulas(lesson):
    parameters, work = lesson["counted"](lesson["network"]("vgg", seed=0))
    stem, block, head = 9 * 8, 18 * 64, 8 * 3
    assert parameters == stem + 2 * block + 5 * 2 * 8 + head
    assert work == 196 * (stem + block) + 49 * block + head


@pytest.mark.parametrize("kind", ["five", "vgg", "inception", "naive", "residual", "dense", "early"])
@pytest.mark.parametrize(("depth", "wanted"), [(1, 29), (3, 77)])
def test_all_blocks_have_the_receptive_field_of_the_recursion(lesson, kind, depth, wanted):
    field, step = 1, 1
    for kernel, stride in [(3, 2), *[(5, 1)] * depth, (2, 2), *[(5, 1)] * depth]:
        field, step = field + (kernel - 1) * step, step * stride
    assert field == wanted
    assert lesson["field"](lesson["network"](kind, seed=0, depth=depth).features) == wanted


@pytest.mark.parametrize(("before", "after", "wanted"), [(1, 0, 11), (2, 0, 19), (1, 1, 29)])
def test_the_square_of_the_explorer_holds_all_influence_and_no_more(lesson, before, after, wanted):
    lesson.update(seed=0, shown=[0, 1, 2, 3])
    wide, map_, square = lesson["seen"]("vgg", before, after)
    rows, columns = (np.flatnonzero(map_.sum(axis).numpy()) for axis in (1, 0))
    assert wide == wanted
    for low, high, places in ((square[0, 0], square[0, 2], rows), (square[0, 1], square[0, 3], columns)):
        assert low <= places.min() <= low + 1
        assert high - 1 <= places.max() <= high


def test_every_network_starts_as_a_guess(lesson):
    for kind in lesson["arms"]:
        assert not lesson["network"](kind, seed=3, copies=2)(images(3)).any()


@pytest.mark.parametrize("kind", ["five", "vgg", "inception", "naive", "residual", "dense", "early"])
def test_copies_side_by_side_are_networks_of_their_own(lesson, kind):
    together, alone = (disturbed(lesson["network"](kind, seed=0, copies=n)) for n in (3, 1))
    nn.init.normal_(together.head[1].weight)
    parts = {k: v.chunk(3)[1] if v.ndim else v for k, v in together.state_dict().items()}
    alone.load_state_dict(parts)
    x = images(4)
    assert torch.allclose(together(x)[:, 1], alone(x)[:, 0], atol=1e-5)
    assert not torch.allclose(together(x)[:, 0], alone(x)[:, 0], atol=1e-3)


@pytest.mark.parametrize("classes", [2, 4])
def test_mean_auc_is_that_of_scikit_learn(lesson, classes):
    rng = np.random.default_rng(classes)
    labels, scores = rng.permutation(np.arange(60) % classes), rng.dirichlet(np.ones(classes), 60)
    lesson["classes"] = classes
    got = lesson["mean_auc"](np.eye(classes)[labels], scores, np.ones((1, 60)))
    truth = {2: (labels, scores[:, 1])}.get(classes, (labels, scores))
    assert got.shape == (1,)
    assert got[0] == pytest.approx(roc_auc_score(*truth, multi_class="ovr"))


def test_a_guess_keeps_nothing_above_chance(lesson):
    labels = np.arange(60) % 3
    truth, ones = np.eye(3)[labels], np.ones((1, 60))
    assert lesson["above_chance"](0.95)(truth, np.full((60, 3), 1 / 3), ones)[0] == pytest.approx(0)
    assert lesson["above_chance"](0.95)(truth, truth, ones)[0] == pytest.approx(0.95)
