import pytest
import torch

from medlab.errors import MedlabError
from medlab.training.networks import SmallResNet


@pytest.mark.parametrize("size", [(16, 16), (28, 28), (33, 40), (64, 64)])
def test_gives_one_row_of_logits_per_image_at_any_size(size):
    assert SmallResNet(3, 5, seed=0)(torch.rand(2, 3, *size)).shape == (2, 5)


def test_has_about_fifty_thousand_parameters():
    assert 40_000 < sum(p.numel() for p in SmallResNet().parameters()) < 60_000


def test_the_seed_decides_the_weights_and_nothing_else():
    state = torch.random.get_rng_state()
    a, b, c = (SmallResNet(seed=s).head[-1].weight for s in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert torch.equal(state, torch.random.get_rng_state())


def test_is_indifferent_to_the_unit_of_the_images():
    images = torch.rand(8, 1, 28, 28)
    net = SmallResNet(seed=0, dropout=0.0).train()
    torch.testing.assert_close(net(images), net(images * 1000 - 500), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("shape", [(2, 3, 28, 28), (2, 1, 15, 28), (2, 1, 16, 16, 16)])
def test_images_that_do_not_fit_are_refused(shape):
    with pytest.raises(MedlabError, match="wanted"):
        SmallResNet(1)(torch.zeros(shape))


def test_every_parameter_learns():
    net = SmallResNet(seed=0)
    net(torch.rand(4, 1, 28, 28)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
