"""However a training stops, the model can be used, and the error says with which weights."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from medlab.errors import MedlabError
from medlab.training import fit, minimize

QUIET = {"device": "cpu", "progress": False}
X, Y = torch.rand(9, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(9) % 2


def network(*, norm=True):
    torch.manual_seed(0)
    first = nn.BatchNorm2d(1) if norm else nn.Identity()
    return nn.Sequential(first, nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 2))


def learn(model, *, images=X, targets=Y, loss=F.cross_entropy, **known):
    return fit(model, images, targets, loss=loss, **{"epochs": 3, "batch_size": 4, **QUIET, **known})


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def usable(model):
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    return len(learn(model).loss) == 3


def with_nan(rows, where):
    rows = rows.clone()
    rows[where] = float("nan")
    return rows


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"images": with_nan(X, (7, 0, 3, 3))}, "image 7 holds nan or inf"),
        ({"images": X * 1e38, "lr": 1e3}, "the loss became (nan|inf)"),
        ({"loss": lambda output, y: F.mse_loss(output[:, 0], y / 0 * 0)}, "the loss became nan in epoch 1, step 1"),
        ({"loss": lambda output, y: output.sum() + float("inf")}, "the loss became inf"),
        ({"loss": lambda output, y: F.cross_entropy(output, y, reduction="none")}, r"a tensor \(3,\) of torch.float32"),
        ({"loss": lambda output, y: float(output.sum())}, "the loss is float; wanted one real number"),
        ({"loss": lambda output, y: None}, "the loss is NoneType"),
        ({"loss": lambda output, y: output.detach().sum()}, "does not depend on the parameters"),
        ({"loss": lambda output, y: (output * 1j).sum()}, "complex64; wanted one real number"),
        ({"targets": Y.float()}, "a type of number|failed in epoch 1"),
        ({"targets": Y.float(), "loss": F.binary_cross_entropy_with_logits}, "failed in epoch 1, step 1"),
        ({"targets": Y[:, None].int(), "loss": F.mse_loss}, "differ in shape|a type of number"),
        ({"targets": Y + 5}, "out of bounds"),
        ({"targets": Y.float()[:, None], "loss": F.mse_loss}, "outputs and targets differ in shape"),
        ({"images": (255 * X).byte()}, "a type of number|failed in epoch 1"),
        ({"images": X[:, :, :4]}, "shapes cannot be multiplied"),
        ({"images": X.numpy()}, "images are ndarray"),
        ({"targets": Y.tolist()}, "targets are list"),
        ({"seed": 1.5}, "not a whole number"),
    ],
)
def test_what_cannot_be_learned_is_told_and_leaves_the_model_as_it_was(wrong, message):
    model = network()
    with pytest.raises(MedlabError, match=message) as caught:
        learn(model, **wrong)
    assert same(model, network())
    if "epoch" in caught.value.message:
        assert caught.value.message.count("from before this training") == 1
    assert usable(model)


def test_nan_after_several_epochs_brings_back_the_weights_from_before():
    calls = []

    def loss(output, target):
        calls.append(1)
        return F.cross_entropy(output, target) * (float("nan") if len(calls) > 7 else 1)

    model = network()
    with pytest.raises(MedlabError, match="nan in epoch 3, step 2; the model has the weights from before") as caught:
        learn(model, loss=loss)
    assert same(model, network())
    assert not model.training
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


def test_a_gradient_of_nan_in_the_last_step_does_not_go_unseen():
    def loss(output, target):
        return F.cross_entropy(output, target) + (output[:, :1] * 0).abs().sqrt().sum()  # finite; its slope is nan

    for train in (lambda m: learn(m, loss=loss, epochs=1, batch_size=9),
                  lambda m: minimize(m, lambda net, _: loss(net(X), Y), steps=1, lr=1e-3, **QUIET)):  # fmt: skip
        model = network()
        with pytest.raises(MedlabError, match="became nan or inf in the last step; the model has the weights from"):
            train(model)
        assert same(model, network())


def test_a_model_that_is_ruined_already_is_refused_in_words():
    model = network()
    nn.init.constant_(model[1].weight, float("nan"))
    with pytest.raises(MedlabError, match=r"'1\.weight' hold nan or inf before the first step"):
        learn(model)


def interrupted(error, *, ruin=False):
    """Train a model and raise an error in the third step; return the model and what came out."""
    model, calls = network(), []

    def loss(net, generator):
        calls.append(1)
        if len(calls) == 3:
            if ruin:
                nn.init.constant_(net[1].bias.data, float("inf"))
            raise error
        return F.cross_entropy(net(X), Y)

    with pytest.raises(type(error)) as caught:
        minimize(model, loss, steps=9, lr=1e-2, **QUIET)
    return model, caught.value


def test_an_interrupted_training_keeps_the_weights_of_the_last_step():
    model, error = interrupted(KeyboardInterrupt())
    assert "has the weights of the last step" in error.__notes__[0]
    assert not same(model, network())
    assert usable(model)


@pytest.mark.parametrize(
    ("error", "ruin"), [(InterruptedError(), False), (KeyError("x"), False), (KeyboardInterrupt(), True)]
)
def test_other_stops_and_ruined_weights_bring_back_the_start(error, ruin):
    model, error = interrupted(error, ruin=ruin)
    assert "has the weights from before this training" in error.__notes__[0]
    assert same(model, network())


@pytest.mark.parametrize(
    ("layers", "images"),
    [
        ([nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8)], X[:3]),
        ([nn.Conv2d(1, 8, 8), nn.BatchNorm2d(8), nn.Flatten()], X[:3]),
        ([nn.Conv3d(1, 8, 8), nn.BatchNorm3d(8), nn.Flatten()], torch.rand(3, 1, 8, 8, 8)),
        ([nn.Conv2d(1, 8, 8), nn.InstanceNorm2d(8), nn.Flatten()], X[:4]),
        ([nn.Conv3d(1, 8, 8), nn.InstanceNorm3d(8), nn.Flatten()], torch.rand(4, 1, 8, 8, 8)),
    ],
)
def test_a_single_value_per_channel_is_refused_in_words(layers, images):
    model = nn.Sequential(*copy.deepcopy(layers), nn.Linear(8, 2))
    before = copy.deepcopy(model)
    with pytest.raises(MedlabError, match="normalization got a single") as caught:
        learn(model, images=images, targets=Y[: len(images)], batch_size=2, epochs=1)
    assert "GroupNorm" in caught.value.hint
    assert same(model, before)
    with pytest.raises(MedlabError, match="normalization got a single"):
        minimize(model, lambda net, _: net(images[:1]).sum(), steps=2, lr=1e-3, **QUIET)


def test_models_without_weights_to_train_are_refused():
    for model, message in (
        (network().requires_grad_(False), "no parameters to train"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(2)), "lazy layers"),
        (network().to("meta"), "device meta"),
        (F.relu, "the model is function"),
    ):
        with pytest.raises(MedlabError, match=message):
            learn(model)
