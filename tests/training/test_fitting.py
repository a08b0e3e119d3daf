import copy
import io
import sys
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from medlab.errors import DataError, MedlabError
from medlab.training import augmentations, fit, predict
from medlab.training.networks import SmallResNet

CPU = {"device": "cpu", "progress": False}


@pytest.fixture(scope="module")
def bright_or_dark():
    """64 noisy images, the bright half of which is class 1."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(64) % 2
    images = torch.rand(64, 1, 16, 16, generator=generator)
    images[:, :, 4:12, 4:12] += labels.view(-1, 1, 1, 1) * 0.5
    return images, labels


def learn(data, *, seed=0, model=None, **known):
    model = model or SmallResNet(channels=(4, 8), seed=seed)
    history = fit(model, *data, **{"loss": F.cross_entropy, "epochs": 2, "seed": seed, **CPU, **known})
    return model, history


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_it_learns_what_can_be_learned(bright_or_dark):
    model, history = learn(bright_or_dark, epochs=8, batch_size=16)
    images, labels = bright_or_dark
    assert (predict(model, images, device="cpu").argmax(1) == labels).float().mean() > 0.95
    assert history.loss[-1] < history.loss[0] / 2
    assert len(history.loss) == len(history.lr) == len(history.seconds) == 8
    assert history.lr[-1] < 1e-4 < max(history.lr)


def test_the_seed_decides_everything(bright_or_dark):
    options = {"augment": augmentations(flip=True)}
    a, first = learn(bright_or_dark, **options)
    torch.rand(7)  # where the global generator stands must not matter
    b, second = learn(bright_or_dark, **options)
    c, _ = learn(bright_or_dark, model=SmallResNet(channels=(4, 8), seed=0), seed=1, **options)
    assert same(a, b)
    assert first.loss == second.loss
    assert not same(a, c)


def test_the_global_generator_is_left_as_it_was(bright_or_dark):
    state = torch.random.get_rng_state()
    learn(bright_or_dark, augment=augmentations())
    assert torch.equal(state, torch.random.get_rng_state())


def test_inputs_are_left_as_they_were(bright_or_dark):
    before = bright_or_dark[0].clone()
    learn(bright_or_dark, augment=augmentations(shift=3, flip=True, intensity=0.5))
    assert torch.equal(before, bright_or_dark[0])


def test_validation_images_are_watched_and_change_nothing(bright_or_dark):
    watched, history = learn(bright_or_dark, validation=bright_or_dark)
    alone, _ = learn(bright_or_dark)
    assert same(watched, alone)
    assert history.validation[-1] == pytest.approx(
        F.cross_entropy(watched(bright_or_dark[0]), bright_or_dark[1]).item(), rel=1e-4
    )


def test_volumes_tables_and_other_losses_work():
    volumes = torch.rand(6, 1, 8, 8, 8)
    net = nn.Sequential(nn.Conv3d(1, 2, 3), nn.Flatten(), nn.LazyLinear(3))
    net(volumes)
    assert learn((volumes, (torch.rand(6, 3) > 0.5).float()), model=net, loss=F.binary_cross_entropy_with_logits)[
        1
    ].loss
    table = torch.rand(9, 4)
    assert learn((table, table[:, :1]), model=nn.Linear(4, 1), loss=F.mse_loss, batch_size=100, epochs=1)[1].loss


def test_frozen_parameters_stay(bright_or_dark):
    model = SmallResNet(channels=(4, 8), seed=0)
    model.stem.requires_grad_(False)
    before = model.stem[1].weight.clone()
    learn(bright_or_dark, model=model)
    assert torch.equal(before, model.stem[1].weight)


class Greedy(nn.Module):
    """Runs out of memory with more than ``most`` images."""

    def __init__(self, most, error=torch.OutOfMemoryError):
        super().__init__()
        self.inner, self.most, self.error, self.seen = nn.Linear(4, 2), most, error, []

    def forward(self, x):
        self.seen.append(len(x))
        if len(x) > self.most:
            raise self.error("not enough memory: you tried to allocate; can't allocate memory")
        return self.inner(x)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])
def test_out_of_memory_halves_the_batch_once_and_says_so(error):
    data = torch.rand(64, 4), torch.arange(64) % 2
    torch.manual_seed(0)
    model = Greedy(20, error)
    plain = copy.deepcopy(model)
    with pytest.warns(UserWarning, match="32 images a batch: starting again with 16"):
        _, history = learn(data, model=model, batch_size=32)
    assert history.batch_size == 16
    assert len(history.loss) == 2
    learn(data, model=plain, batch_size=16)
    assert same(model, plain)  # the failed start left no trace


def test_out_of_memory_twice_is_an_error_with_advice():
    data = torch.rand(64, 4), torch.arange(64) % 2
    with pytest.warns(UserWarning, match="starting again"), pytest.raises(MedlabError, match="after halving"):
        learn(data, model=Greedy(5), batch_size=32)
    with pytest.warns(UserWarning, match="starting again with 8"):
        assert predict(Greedy(9), data[0], batch_size=16, device="cpu").shape == (64, 2)


def test_other_errors_of_the_model_are_told_with_the_words_of_torch():
    with pytest.raises(MedlabError, match=r"failed in epoch 1, step 1.*shapes cannot be multiplied") as caught:
        learn((torch.rand(8, 3), torch.zeros(8).long()), model=nn.Linear(4, 2))
    assert isinstance(caught.value.__cause__, RuntimeError)
    with pytest.raises(MedlabError, match="shapes cannot be multiplied"):
        predict(nn.Linear(4, 2), torch.rand(8, 3))


def test_a_loss_that_is_not_finite_says_where_and_what_to_do(bright_or_dark):
    steps = []

    def broken(logits, target):
        steps.append(1)
        return F.cross_entropy(logits, target) * (float("nan") if len(steps) == 6 else 1)

    with pytest.raises(MedlabError, match="nan in epoch 2, step 2") as caught:
        learn(bright_or_dark, loss=broken, batch_size=16)
    assert "lower lr" in caught.value.hint


def test_rows_that_do_not_match_are_refused(bright_or_dark):
    images, labels = bright_or_dark
    with pytest.raises(DataError, match="64 training images but 63 targets"):
        learn((images, labels[:-1]))
    with pytest.raises(DataError, match="2 validation images but 1 targets"):
        learn(bright_or_dark, validation=(images[:2], labels[:1]))
    with pytest.raises(DataError, match="no training images"):
        learn((images[:0], labels[:0]))


@pytest.mark.parametrize(
    "wrong", [
        {"epochs": 0}, {"epochs": 1.5}, {"batch_size": 0}, {"lr": -1.0}, {"lr": float("nan")}, {"lr": float("inf")},
        {"lr": "big"}, {"weight_decay": -1},
    ],
)  # fmt: skip
def test_numbers_without_sense_are_refused(bright_or_dark, wrong):
    model = SmallResNet(channels=(4, 8), seed=0)
    with pytest.raises(MedlabError, match="wanted"):
        learn(bright_or_dark, model=model, **wrong)
    assert same(model, SmallResNet(channels=(4, 8), seed=0))


def test_a_model_without_parameters_and_unknown_devices_are_refused(bright_or_dark):
    with pytest.raises(MedlabError, match="no parameters"):
        learn(bright_or_dark, model=nn.Flatten())
    with pytest.raises(MedlabError, match="did you mean 'cuda'"):
        learn(bright_or_dark, device="cudda")


def test_no_bar_is_written_unless_asked_for_and_slow(bright_or_dark, capsys):
    learn(bright_or_dark, progress=False)
    learn(bright_or_dark, progress=True)
    assert capsys.readouterr() == ("", "")


def test_a_slow_training_shows_a_bar_on_a_terminal(bright_or_dark, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("medlab.progress.AFTER_S", 0)
    monkeypatch.setattr("sys.stderr", Terminal())
    learn(bright_or_dark, progress=True)
    assert "training" in sys.stderr.getvalue()
    assert sys.stderr.getvalue().rsplit("\r", 2)[1].strip() == ""


def test_fit_leaves_evaluation_mode_and_predict_restores_each_mode(bright_or_dark):
    model, _ = learn(bright_or_dark)
    assert not model.training
    model.train()
    model.stem.eval()
    buffers = [b.clone() for b in model.buffers()]
    predict(model, bright_or_dark[0], device="cpu")
    assert model.training
    assert not model.stem.training
    assert all(torch.equal(a, b) for a, b in zip(buffers, model.buffers(), strict=True))


def test_predict_does_not_depend_on_the_batch_and_applies_the_activation(bright_or_dark):
    model, images = SmallResNet(channels=(4, 8), seed=0), bright_or_dark[0]
    whole = predict(model, images, device="cpu")
    torch.testing.assert_close(predict(model, images, batch_size=7, device="cpu"), whole)
    torch.testing.assert_close(predict(model, images, device="cpu", activation=torch.sigmoid), whole.sigmoid())
    assert whole.dtype == torch.float32
    assert not whole.requires_grad
    with pytest.raises(MedlabError, match="0 images"):
        predict(model, images[:0])


def draw(**known):
    batch = torch.arange(64.0).view(1, 1, 8, 8).repeat(200, 1, 1, 1)
    return batch, augmentations(**{"shift": 0, "intensity": 0.0, **known})(batch, torch.Generator().manual_seed(0))


def test_without_strength_augmentation_is_the_identity():
    batch, same_ = draw()
    assert torch.equal(batch, same_)


def test_shift_moves_within_its_bound_and_repeats_the_border():
    _, moved = draw(shift=2)
    down, right = moved[:, 0, 4, 4].div(8, rounding_mode="floor") - 4, moved[:, 0, 4, 4] % 8 - 4
    assert set(down.tolist()) == set(right.tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    far = moved[(down == 2) & (right == 0)][0, 0]
    assert far[-1].tolist() == far[-3].tolist() == list(range(56, 64))


def test_flip_mirrors_about_half_along_the_last_axis():
    batch, flipped = draw(flip=True)
    mirrored = (flipped == batch.flip(-1)).flatten(1).all(1)
    assert 70 < mirrored.sum() < 130
    assert (flipped[~mirrored] == batch[~mirrored]).all()


def test_intensity_draws_a_gain_and_an_offset_for_each_image():
    batch, changed = draw(intensity=0.1)
    gain = (changed[:, 0, 7, 7] - changed[:, 0, 0, 0]) / 63
    offset = changed[:, 0, 0, 0] / batch.std()
    assert 0.9 <= gain.min() < 0.92 < 1.08 < gain.max() <= 1.1
    assert -0.1 <= offset.min() < -0.08 < 0.08 < offset.max() <= 0.1


def test_volumes_are_augmented_along_all_axes():
    volume = torch.rand(3, 2, 6, 7, 8)
    moved = augmentations(shift=2, flip=True)(volume, torch.Generator().manual_seed(0))
    assert moved.shape == volume.shape
    assert not torch.equal(moved, volume)


def test_nothing_warns(bright_or_dark):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn(bright_or_dark, epochs=1, batch_size=100)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
def test_on_a_card_it_learns_as_well_and_brings_the_model_home(bright_or_dark):
    model, history = learn(bright_or_dark, epochs=8, batch_size=16, device="cuda")
    assert history.device.startswith("cuda")
    assert next(model.parameters()).device.type == "cpu"
    assert (predict(model, bright_or_dark[0]).argmax(1) == bright_or_dark[1]).float().mean() > 0.95
